"""Home: where each portfolio stands, what happened last, what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from workbench.desk import monitoring
from workbench.ui import cache, data_making, frame, session, sidebar, tables, words
from workbench.ui.session import Context

SHOWN, READ_BACK = 10, 500
"""Lines of the trail that are shown, and that are searched for who read which data."""

MADE_CHAMPION = ("promoted", "rolled back")
"""What the trail calls it."""

STEPS = (
    (
        "database",
        "Data",
        "Give each column a role, see what is wrong with the file, profile each characteristic.",
    ),
    (
        "model_training",
        "Train",
        "Choose samples and families; each model comes back calibrated and evaluated.",
    ),
    (
        "person_search",
        "Score",
        "Type in an applicant or take one from the file: PD, points and decision, live.",
    ),
)


def draw(context: Context) -> None:
    """Draw Home: the first steps on a fresh machine, else the portfolios."""
    desk = cache.desk()
    datasets, models = desk.registry.datasets(), desk.registry.models()
    if not datasets and not models:
        _fresh(context)
        return
    trail = desk.registry.trail(limit=READ_BACK)
    portfolios = overview(datasets, models, trail, datetime.now(UTC))
    frame.line(
        words.counted(len(portfolios), "portfolio"),
        words.counted(len(datasets), "data set"),
        words.counted(len(models), "model version"),
    )
    _next_step(context, datasets, models, trail)
    st.subheader("Portfolios", anchor=False)
    tables.show(
        portfolios,
        "portfolios",
        {
            "portfolio": st.column_config.TextColumn("Portfolio", width=112),
            "champion": st.column_config.TextColumn("Champion", width=122),
            "since": st.column_config.TextColumn("Champion since", width=145),
            "trained": st.column_config.TextColumn("Trained", width=80),
            "auc": st.column_config.TextColumn("AUC, 95% interval", width=130),
            "drift": st.column_config.TextColumn("Last drift verdict", width=130),
            "candidates": tables.number(
                "Waiting",
                width=65,
                help="Versions that passed the gate and wait for a decision: trained, or candidate",
            ),
            "versions": tables.number("Versions", width=65),
            "data": st.column_config.TextColumn("Last data set", width=120),
            "rows": tables.number("Rows", width=60),
            "bad_rate": tables.Share("Bad rate", width=65),
        },
    )
    st.subheader("What happened last", anchor=False)
    events = [{"at": cache.when(row.at), "who": row.who, "what": row.sentence} for row in trail[:SHOWN]]
    tables.wrapped(
        pd.DataFrame(events, columns=["at", "who", "what"]),
        "events",
        {"at": "When", "who": "Who", "what": "What"},
    )
    _more_data(context)
    if context.model:
        frame.charts_soon()


def _more_data(context: Context) -> None:
    """Lead to the data that need no file of one's own."""
    query = context.query() | {session.STEP: "bring"}
    with st.container(horizontal=True, vertical_alignment="center", key="hint_more"):
        st.page_link(
            sidebar.DATA,
            label="Bring another file, make a portfolio's data or fetch a public set",
            icon=":material/add:",
            query_params=query,
        )


def last_data(name: str, datasets: list[Any], models: list[Any], trail: list[Any]) -> tuple[Any | None, str]:
    """Return the data set a portfolio used last, and the file's name then; None and "" where it has none.

    A data set whose rows were read for several portfolios is one row of the registry, which names the
    first of them and the file read last: the trail and the models tell the others.
    """
    by_digest = {row.sha256: row for row in datasets}
    used = [(row.created_at, row.sha256, "") for row in datasets if row.portfolio == name]
    used += [(row.created_at, row.dataset_sha256, "") for row in models if row.portfolio == name]
    read = [line for line in trail if line.action == "data kept" and line.portfolio == name]
    used += [(line.at, line.detail["dataset_sha256"], line.detail.get("name", "")) for line in read]
    used = [one for one in used if one[1] in by_digest]
    if not used:
        return None, ""
    digest = max(used)[1]
    told = max((one for one in used if one[1] == digest and one[2]), default=(None, "", ""))[2]
    return by_digest[digest], told or by_digest[digest].name


def overview(datasets: list[Any], models: list[Any], trail: list[Any], now: datetime) -> pd.DataFrame:
    """Return one row a portfolio: champion, candidates, last data set."""
    rows = []
    read = [line.portfolio for line in trail if line.action == "data kept"]
    names = [row.portfolio for row in models] + [row.portfolio for row in datasets] + read
    for name in dict.fromkeys(names):
        found = cache.portfolio(session.name_of(name))
        mine = [row for row in models if row.portfolio == name]
        champion = next((row for row in mine if row.stage == "champion"), None)
        last, file = last_data(name, datasets, models, trail)
        rows.append(
            {
                "portfolio": found.shown if found else name,
                "champion": sidebar.model_name(champion) if champion else "none yet",
                "since": _since(champion, trail) if champion else "",
                "trained": words.age(champion.created_at, now) if champion else "",
                "auc": auc(champion.metrics) if champion else "",
                "drift": last_drift(name, trail, now),
                "candidates": sum(
                    row.stage in ("trained", "candidate") and bool(row.gate.get("passed")) for row in mine
                ),
                "versions": len(mine),
                "data": file,
                "rows": last.rows if last else None,
                "bad_rate": last.bad_rate if last else None,
            }
        )
    return pd.DataFrame(rows)


def last_drift(portfolio: str, trail: list[Any], now: datetime) -> str:
    """Return the verdict on the extract that was looked at last, and when; says so where none was."""
    looks = [line for line in trail if line.action == monitoring.LOOKED and line.portfolio == portfolio]
    if not looks:
        return "not looked yet"
    last = max(looks, key=lambda line: line.seq)
    return f"{last.detail['colour']}, {words.age(last.at, now)}"


def _since(row: Any, trail: list[Any]) -> str:
    """Return when a model became champion; empty where the lines read no longer tell."""
    at = [line.at for line in trail if line.model_id == row.model_id and line.action in MADE_CHAMPION]
    return cache.when(max(at)) if at else ""


def auc(metrics: dict[str, Any]) -> str:
    """Return the AUC with its interval."""
    return words.metric(metrics, "auc")


def _next_step(context: Context, datasets: list[Any], models: list[Any], trail: list[Any]) -> None:
    """Say the one thing to do next, with the button that gets there."""
    champions = [row for row in models if row.stage == "champion"]
    waiting = [row for row in models if row.stage in ("trained", "candidate") and row.gate.get("passed")]
    query = context.query()
    if not models:
        row = datasets[0]
        said = f"**{words.text(row.name)}** is checked and no model has been trained on it."
        where, label, icon = sidebar.TRAIN, "Train a model", "model_training"
        query = {"portfolio": context.portfolio or row.portfolio, "data": context.data or row.sha256}
    elif not champions and waiting:
        said = f"{words.counted(len(waiting), 'model')} passed the gate; none is champion yet."
        where, label, icon = sidebar.REGISTRY, "Choose a champion", "inventory_2"
    elif drifted := _red(champions, trail):
        title = words.text(cache.portfolio_title(drifted))
        said = f"**{title}**: the extract that was looked at last came out red against the champion."
        where, label, icon = sidebar.MONITOR, "See what moved", "monitoring"
        query = {"portfolio": f"{drifted.portfolio}@{drifted.portfolio_version}", "model": drifted.model_id}
    else:
        said = "A model is ready to score."
        where, label, icon = sidebar.SCORE, "Score an applicant", "person_search"
    with frame.rule("good", "next"), st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Next:** {said}")
        if st.button(label, icon=f":material/{icon}:", type="primary", key="next_step"):
            st.switch_page(where, query_params=query)


def _red(champions: list[Any], trail: list[Any]) -> Any | None:
    """Return the first champion whose last look at drift was red, or None."""
    last: dict[str, Any] = {}
    for line in sorted(trail, key=lambda line: line.seq):
        if line.action == monitoring.LOOKED:
            last[line.model_id] = line.detail["colour"]
    return next((row for row in champions if last.get(row.model_id) == "red"), None)


def _fresh(context: Context) -> None:
    """Draw three ways from nothing to a trained model."""
    frame.line("Nothing has been brought yet. Each of these is two clicks from a trained model.")
    own, invented, public = st.columns(3, gap="medium")
    kept = None
    with own.container(border=True, height="stretch", key="bring_own", gap="small"):
        st.subheader(":material/upload_file: Bring your own file", anchor=False)
        st.markdown(
            "A CSV, Parquet or Excel extract with one row an application or account, and a column that says "
            "how it ended. The file stays on this machine."
        )
        if st.button("Bring a file", type="primary", icon=":material/arrow_forward:", key="bring"):
            st.switch_page(sidebar.DATA, query_params=context.query())
        _declared()
    with invented.container(border=True, height="stretch", key="try_made", gap="small"):
        st.subheader(":material/casino: Try a made portfolio", anchor=False)
        kept = data_making.made("try_made", "primary")
    with public.container(border=True, height="stretch", key="try_public", gap="small"):
        st.subheader(":material/public: Try public data", anchor=False)
        kept = data_making.public("try_public", "primary") or kept
    if kept is not None:
        query = {"portfolio": kept.portfolio.identity, "data": kept.sha256}
        st.switch_page(sidebar.TRAIN, query_params=query)
    for column, (icon, title, what) in zip(st.columns(3), STEPS, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f":material/{icon}: **{title}**")
            st.caption(what)


def _declared() -> None:
    """Say for which files the columns need no roles."""
    titles = [words.text(entry.title or entry.name) for entry in cache.portfolios()]
    st.caption(
        f"The columns of these are declared already, so that a file of them needs no roles: "
        f"{words.listed(titles, 12)}."
    )
