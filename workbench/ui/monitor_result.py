"""Monitor, once an extract was looked at: the verdict, where it comes from, what to do."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import charts
from workbench.desk import monitored
from workbench.errors import MissingError
from workbench.ui import (
    cache,
    data_fixes,
    elsewhere,
    frame,
    monitor,
    monitor_details,
    queue,
    session,
    sidebar,
    spool,
    words,
)
from workbench.ui.session import Context

RULES = {"green": "good", "amber": "warn", "red": "block"}


def draw(context: Context) -> bool:
    """Draw the look or the job that the address names; return whether it named one."""
    asked = st.query_params.get(session.JOB, "")
    if not asked:
        return False
    found = _found(asked)
    if found is not None:
        _result(context, found)
        return True
    missing = ("No such look", "no look at an extract that is kept here.")
    begin = (sidebar.MONITOR, "Take an extract", "monitoring")
    doing = "Held against development in the background"
    queue.before_result(context, asked, "drift", doing, (*missing, *begin), _ended)
    return True


def _found(key: str) -> monitored.Monitored | None:
    try:
        return cache.once(
            ("drift", key),
            "Opening what came out",
            lambda run: monitored.find(cache.desk().settings.home, key),
        )
    except MissingError:
        return None


def _ended(job: Any) -> None:
    """Draw a job that left no result: why, and the way back to its extract."""
    if job.state == "failed":
        queue.failed(job)
    elif job.state == "cancelled":
        queue.cancelled(job)
    else:
        st.info("It lies on the machine that looked.", icon=":material/folder_off:")
    if st.button("Back to the extract", icon=":material/arrow_back:", key="back"):
        monitor.look_at(st.query_params.get(session.FILE, ""))


def _result(context: Context, found: monitored.Monitored) -> None:
    told = found.drift
    row = cache.model_row(found.model_id)
    frame.line(
        words.text(sidebar.model_name(row) if row else found.model_id),
        f"{words.text(found.name)}, {words.counted(told.n, 'row')}"
        + (f", {words.count(found.refused)} refused" if found.refused else ""),
        f"against {words.counted(told.n_development, 'development row')}",
        f"{words.text(found.who)}, {cache.when(found.when)}",
    )
    _verdict(context, found)
    frame.figures(_figures(told))
    with st.container(key="drift_view"):
        _where(found)
    monitor_details.draw(found)
    _again(context, found, row)
    elsewhere.drift(found, _options(found))


def _verdict(context: Context, found: monitored.Monitored) -> None:
    verdict = found.drift.verdict
    with frame.rule(RULES[verdict.colour], "verdict"):
        colour, _, rest = found.drift.sentence().partition(". ")
        st.markdown(f"**{colour}.** {words.text(rest)}")
        for note in found.drift.notes:
            st.caption(words.text(note))
        if any(action["action"] == "retrain" for action in verdict.actions) or verdict.colour == "red":
            _retrain(context, found)


def _retrain(context: Context, found: monitored.Monitored) -> None:
    """Lead to Train with the extract as the data, where its outcomes are known."""
    upload = next((u for u in (cache.upload(st.query_params.get(session.FILE, "")),) if u), None)
    data = found.dataset_sha256 or (upload.key if upload else "")
    query = context.query(portfolio=found.portfolio)
    query |= {"data": data} if data else {}
    if any(action["action"] == "investigate" for action in found.drift.verdict.actions):
        st.caption("Only after the source was looked into, and where what it gives now is right:")
    if st.button("Retrain on recent data", icon=":material/model_training:", key="retrain"):
        st.switch_page(sidebar.TRAIN, query_params=query)


def _figures(told: Any) -> list[tuple[str, ...]]:
    line = told.score.stability.iloc[0]
    psi = words.measure(float(line["psi"]))
    amber = told.triggers.of("score").amber
    found = [
        ("Score PSI", psi, f"no-drift band to {words.measure(float(line['psi_99']))}, amber from {amber:g}")
    ]
    for name in ("approval_rate", "mean_p_bad"):
        measure = told.score.measures.set_index("measure").loc[name]
        low, high = (f"{100 * measure[end]:+.1f}" for end in ("low", "high"))
        change = f"{100 * measure['difference']:+.1f} points (95%: {low} to {high})"
        before = f"{words.percent(measure['reference'])} on the {told.score.reference}; {change}"
        found.append((measure["title"], words.percent(measure["extract"]), before))
    if told.performance.reason:
        return [*found, ("AUC", "not measured", told.performance.reason)]
    auc = told.performance.measures.set_index("measure").loc["auc"]
    if auc["reason"]:
        return [*found, ("AUC", "not defined", str(auc["reason"]))]
    between = words.interval(auc["low"], auc["high"])
    bads = words.counted(told.performance.n_bad, "bad")
    return [
        *found,
        (
            "AUC",
            words.measure(auc["extract"]),
            f"{between}, {bads}; {words.measure(auc['reference'])} when approved",
        ),
    ]


def _where(found: monitored.Monitored) -> None:
    """Draw where and when it moved, and both distributions of what is chosen."""
    told = found.drift
    order = told.characteristics["characteristic"].tolist()
    months = sorted(told.months["month"].unique()) if len(told.months) else []
    chosen = _asked(session.CHARACTERISTIC, order, told.verdict.characteristic or order[0])
    month = _asked(session.MONTH, months, "")
    left, right = st.columns([11, 9], gap="medium")
    with left:
        if len(months) > 1:
            figure = charts.psi_by_month(told.months, order)
        else:
            limits = told.triggers.of("characteristic")
            figure = charts.psi_bars(told.characteristics, limits.amber, limits.red)
        event = st.plotly_chart(
            figure, key=f"where_{found.key}", width="stretch", on_select="rerun", selection_mode="points",
            alt="PSI of each characteristic", config={"displaylogo": False, "displayModeBar": False},
        )  # fmt: skip
        _clicked(event, chosen, month, found.key)
    with right:
        _choose(told, order, months, chosen, month)
        monitor_details.distributions(found, chosen, month)


def _asked(parameter: str, options: list[str], default: str) -> str:
    asked = st.query_params.get(parameter, "")
    return asked if asked in options else default


def _clicked(event: Any, chosen: str, month: str, key: str) -> None:
    """Narrow to the cell that was clicked; once a click, so that the lists can choose again."""
    points = event.selection.points if event else []
    if not points or not points[0].get("customdata"):
        return
    name, at = (str(value) for value in list(points[0]["customdata"])[:2])
    last = f"clicked_{key}"
    if st.session_state.get(last) == (name, at):
        return
    st.session_state[last] = (name, at)
    if (name, at) != (chosen, month):
        _narrow(name, at)


def _narrow(name: str, month: str) -> None:
    st.query_params[session.CHARACTERISTIC] = name
    if month:
        st.query_params[session.MONTH] = month
    else:
        st.query_params.pop(session.MONTH, None)
    st.rerun()


def _choose(told: Any, order: list[str], months: list[str], chosen: str, month: str) -> None:
    """Draw the two lists that narrow as a click on the chart does."""
    titles = told.characteristics.set_index("characteristic")["title"]
    left, right = st.columns([3, 2])
    name = left.selectbox(
        "Characteristic", order, order.index(chosen), format_func=lambda n: titles[n],
        key=f"characteristic_{chosen}_{month}",
    )  # fmt: skip
    at = ""
    if len(months) > 1:
        choices = ["", *months]
        at = right.selectbox(
            "Month", choices, choices.index(month),
            format_func=lambda m: words.month(f"{m}-01") if m else "all months",
            key=f"month_{chosen}_{month}",
        )  # fmt: skip
    if (name, at) != (chosen, month):
        _narrow(name, at)


def _again(context: Context, found: monitored.Monitored, row: Any) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Look at another extract", icon=":material/monitoring:", key="look_another"):
            monitor.look_at("")
        now = monitor_details.table_of(found)
        if now != found.drift.triggers and row is not None:
            st.caption("The triggers were changed since.")
            if st.button("Look again with them", icon=":material/refresh:", key="look_again"):
                with frame.errors():
                    what = {"dataset_sha256": found.dataset_sha256} if found.dataset_sha256 else {
                        "path": found.path, "options": _options(found)}  # fmt: skip
                    monitor.start(row, name=found.name, **what)


def _options(found: monitored.Monitored) -> Any:
    """Return how the extract was read, where that was said of it here."""
    from workbench.intake import ReadOptions

    upload: spool.Upload | None = cache.upload(st.query_params.get(session.FILE, ""))
    portfolio = cache.portfolio(found.portfolio)
    if upload is None or portfolio is None:
        return ReadOptions()
    return (
        monitor.options_of(upload, portfolio) if upload.path == found.path else data_fixes.options_of(upload)
    )
