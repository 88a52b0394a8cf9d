"""The sidebar: what is looked at, where one can go, what runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from workbench.ui import cache, session, words
from workbench.ui.session import Context

HOME, DATA, TRAIN = "app.py", "pages/1_Data.py", "pages/2_Train.py"
SCORE, REGISTRY, JOBS = "pages/3_Score.py", "pages/4_Registry.py", "pages/5_Jobs.py"
FAIRNESS = "pages/10_Fairness.py"
COMPARE, REPORTS, BATCH = "pages/6_Compare.py", "pages/7_Reports.py", "pages/8_Batch.py"
EXPLAIN, MONITOR = "pages/9_Explain.py", "pages/11_Monitor.py"
LINKS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", ((HOME, "Home", "home"),)),
    ("Prepare", ((DATA, "Data", "database"),)),
    ("Build", ((TRAIN, "Train", "model_training"), (COMPARE, "Compare", "compare_arrows"))),
    (
        "Judge",
        (
            (EXPLAIN, "Explain", "lightbulb"),
            (FAIRNESS, "Fairness", "balance"),
            (MONITOR, "Monitor", "monitoring"),
        ),
    ),
    ("Use", ((SCORE, "Score", "person_search"), (BATCH, "Batch", "table_rows"))),
    (
        "Govern",
        (
            (REGISTRY, "Registry", "inventory_2"),
            (REPORTS, "Reports", "description"),
            (JOBS, "Jobs", "pending_actions"),
        ),
    ),
)
ENDED = {"failed": "error", "cancelled": "cancel"}
"""State of a job that ended otherwise than done -> its icon."""

STAGE_COLOURS = {"champion": "blue", "candidate": "violet", "rejected": "red"}


def draw(context: Context) -> None:
    """Draw the whole sidebar."""
    _context(context)
    for group, links in LINKS:
        with st.container(key=f"nav_{group.lower() or 'home'}"):
            if group:
                st.caption(group)
            for path, label, icon in links:
                st.page_link(path, label=label, icon=f":material/{icon}:", query_params=context.query())
    _jobs(context)
    with st.container(key="sidebar_who"):
        st.caption(f":material/account_circle: {words.text(cache.desk().who)}")


def _context(context: Context) -> None:
    with st.container(key="context", border=True, gap="xsmall"):
        st.markdown("  \n".join((portfolio_line(context), data_line(context), model_line(context))))
        with st.popover("Change", type="tertiary", icon=":material/swap_horiz:"):
            _choices(context)


def portfolio_line(context: Context) -> str:
    """Return the portfolio in one line of markdown."""
    portfolio = cache.portfolio(context.portfolio)
    if portfolio is None and context.portfolio:
        return ":gray[Portfolio] not kept here"
    if portfolio is None:
        return ":gray[Portfolio] " + ("none chosen" if cache.portfolios() else "none yet")
    return f":gray[Portfolio] **{words.text(portfolio.shown)}** :gray[version {portfolio.version}]"


def data_line(context: Context) -> str:
    """Return the data set in one line: name, rows, bad rate, dates."""
    if not context.data:
        return f":gray[Data] {_absent(cache.desk().registry.datasets(), context)}"
    upload = cache.upload(context.data)
    if upload is not None:
        return f":gray[Data] **{words.text(upload.name)}** :gray[no roles yet]"
    row = cache.dataset_row(context.data)
    if row is None:
        return ":gray[Data] not kept here"
    dates = f", {words.month(row.date_from)} to {words.month(row.date_to)}" if row.date_from else ""
    facts = f"{words.counted(row.rows, 'row')}, {words.percent(row.bad_rate)} bad{dates}"
    return f":gray[Data] **{words.text(row.name)}** :gray[{facts}]"


def model_line(context: Context) -> str:
    """Return the model in one line: family, version, stage."""
    row = cache.model_row(context.model)
    if row is None and context.model:
        return ":gray[Model] not kept here"
    if row is None:
        return f":gray[Model] {_absent(cache.desk().registry.models(), context)}"
    return f":gray[Model] **{words.text(model_name(row))}** {stage(row.stage)}"


def _absent(kept: list[Any], context: Context) -> str:
    """Return why no data set or model is looked at: none chosen, none of this portfolio, none at all."""
    if not kept:
        return "none yet"
    return "none chosen" if _of(kept, context) else "none of this portfolio yet"


def _of(kept: list[Any], context: Context) -> list[Any]:
    """Return the data sets or models of the portfolio, or all where none is chosen."""
    name = session.name_of(context.portfolio)
    return [row for row in kept if not name or row.portfolio == name]


def model_name(row: Any) -> str:
    """Return a model as people call it: family and version."""
    return f"{cache.family_title(row.family)} v{row.version}"


def stage(name: str) -> str:
    """Return a stage as a badge."""
    return f":{STAGE_COLOURS.get(name, 'gray')}-badge[{name}]"


def _choices(context: Context) -> None:
    """Draw the three choices; each changes the context everywhere."""
    portfolios = {cache.identity(entry): entry for entry in cache.portfolios()}
    picked = _pick(
        "portfolio",
        "Portfolio",
        list(portfolios),
        context.portfolio,
        lambda i: portfolios[i].title or i,
        "none yet",
    )
    if picked != context.portfolio:
        _change(context, portfolio=picked)
    of = (lambda row: "") if context.portfolio else lambda row: f", {cache.portfolio_title(row)}"
    kept = cache.desk().registry.datasets()
    used = {row.dataset_sha256 for row in _of(cache.desk().registry.models(), context)}
    mine = {row.sha256 for row in _of(kept, context)} | used  # rows may be shared with another portfolio
    rows = {row.sha256: row for row in kept if row.sha256 in mine}
    picked = _pick(
        "data",
        "Data set",
        list(rows),
        context.data,
        lambda s: f"{rows[s].name}, {words.counted(rows[s].rows, 'row')}" + of(rows[s]),
        _absent(kept, context),
    )
    if picked != context.data:
        _change(context, data=picked, portfolio=f"{rows[picked].portfolio}@{rows[picked].portfolio_version}")
    kept = cache.desk().registry.models()
    models = {row.model_id: row for row in _of(kept, context)}
    picked = _pick(
        "model",
        "Model",
        list(models),
        context.model,
        lambda m: f"{model_name(models[m])}, {models[m].stage}" + of(models[m]),
        _absent(kept, context),
        stages(models.values()),
    )
    if picked != context.model:
        own = f"{models[picked].portfolio}@{models[picked].portfolio_version}"
        _change(context, model=picked, portfolio=context.portfolio or own)


def stages(rows: Iterable[Any]) -> str:
    """Return what the key of a choice of versions carries, so that a change of stage renames the choices.

    A browser keeps what it shows of a choice for as long as its key lasts.
    """
    return "_".join(row.stage for row in rows)


def _pick(
    name: str, label: str, options: list[str], current: str, words_for: Any, absent: str, state: str = ""
) -> str:
    """Draw one choice; returns what is picked, or `current` where nothing was."""
    if not options:
        st.caption(f"{label}: {absent}")
        return current
    # the key carries what is current, so that a change made elsewhere shows here
    index = options.index(current) if current in options else None
    picked = st.selectbox(
        label, options, index, format_func=words_for, key=f"pick_{name}_{current}_{state}".rstrip("_"),
        placeholder="Choose",
    )  # fmt: skip
    return picked or current


def _change(context: Context, **values: str) -> None:
    new = session.changed(context, **values)
    session.choose(portfolio=new.portfolio, data=new.data, model=new.model)
    st.rerun()


def _jobs(context: Context) -> None:
    """Draw what runs, with a bar each; polled only while something does."""
    recent = cache.recent_jobs()
    running = [job for job in recent if not job.finished]
    with st.container(key="sidebar_jobs"):
        if running:
            st.fragment(_running, run_every=2)(context)
            return
        done = next(iter(recent), None)
        if done is not None:
            icon = f":material/{ENDED.get(done.state, 'task_alt')}:"
            st.page_link(JOBS, label=f"Last job {done.state}", icon=icon, query_params=context.query())


def _running(context: Context) -> None:
    jobs = [job for job in cache.recent_jobs() if not job.finished]
    if not jobs:
        st.rerun()
    cache.keep_worker()
    for job in jobs[:3]:
        st.progress(min(max(job.share, 0.0), 1.0), text=words.text(job.step or "Waiting to start"))
