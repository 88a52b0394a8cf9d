"""Batch: bring a file, see whether the model can read it, and have it scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.errors import InputError
from workbench.intake import ReadOptions
from workbench.intake.in_parts import scoring_columns
from workbench.portfolio import Portfolio
from workbench.ui import (
    cache,
    data_fixes,
    data_reading,
    frame,
    session,
    sidebar,
    spool,
    uploads,
    words,
)
from workbench.ui.session import Context

ABSENT = ""
MOST = 24
"""Columns that are asked for one by one where the file does not have them."""
MOST_REASONS = 4
WHOM = {"all": "all development applicants", "near cut-off": "those approved just below the cut-off"}


def draw(context: Context, row: Any) -> None:
    """Draw the file, how it fits, and the button that scores it."""
    portfolio = cache.desk().portfolio(f"{row.portfolio}@{row.portfolio_version}")
    frame.line(
        f"{words.text(sidebar.model_name(row))} of {words.text(portfolio.shown)}, {row.stage}",
        f"AUC {words.metric(row.metrics, 'auc')} on {row.reported}",
    )
    upload = _file()
    if upload is None:
        uploads.bring(
            "Drop a file of applicants here", "/data/applicants.parquet", "Take it", "batch_",
            lambda brought: look_at(brought.key),
        )  # fmt: skip
        return
    with st.container(border=True, key="batch_file", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{words.text(upload.name)}** :gray[{words.size(upload.size)}]")
            if st.button("Take another file", type="tertiary", icon=":material/swap_horiz:", key="another"):
                look_at("")
        options = data_fixes.options_of(upload)
        columns = _columns(upload, _as_declared(options, portfolio))
        if columns is not None:
            _fit(upload, options, columns, portfolio, row)


def look_at(file: str, job: str = "") -> None:
    """Show a file, a job, or neither."""
    for name, value in ((session.FILE, file), (session.JOB, job)):
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.rerun()


def named() -> spool.Upload | None:
    """Return the file that the address names, or None."""
    return cache.upload(st.query_params.get(session.FILE, ""))


def _as_declared(options: ReadOptions, portfolio: Portfolio) -> ReadOptions:
    """Return how a file is read: as it was said of it, else as the portfolio says of its files."""
    told = portfolio.reading
    names = ("delimiter", "decimal", "encoding")
    return replace(options, **{name: getattr(options, name) or getattr(told, name) for name in names})


def ask(upload: spool.Upload, options: ReadOptions, error: InputError) -> None:
    """Draw the questions that an error of reading leaves open, where there are any."""
    open_ones = [data_reading.ASKED[p.code] for p in error.problems if p.code in data_reading.ASKED]
    if open_ones:
        data_reading.ask(upload, options, open_ones)


def _file() -> spool.Upload | None:
    """Return the file that is looked at, or say that it is gone."""
    asked = st.query_params.get(session.FILE, "")
    found = cache.upload(asked)
    if asked and found is None:
        st.warning("The file is no longer kept here: bring it again.", icon=":material/link_off:")
    return found


def _columns(upload: spool.Upload, options: ReadOptions) -> tuple[str, ...] | None:
    """Return the file's columns, or draw why they cannot be told and what to say about the file."""
    try:
        return cache.once(
            ("columns", upload.sha256, options),
            "Looking at its columns",
            lambda run: cache.desk().columns(Path(upload.path), options, upload.name),
        )
    except InputError as error:
        frame.show_error(error)
        ask(upload, options, error)
        return None


def _fit(
    upload: spool.Upload, options: ReadOptions, columns: tuple[str, ...], portfolio: Portfolio, row: Any
) -> None:
    """Draw which columns the model finds, and a choice for each that it does not."""
    needed = scoring_columns(portfolio)
    absent = [name for name in needed if name not in columns]
    key = portfolio.row_key
    _said(portfolio, needed, absent, columns)
    rename: dict[str, str] = {}
    if absent and len(absent) <= MOST:
        rename = _renamed(upload, portfolio, absent, [c for c in columns if c not in {*needed, key}])
    open_ones = [name for name in absent if name not in rename]
    twice = sorted({c for c in rename.values() if list(rename.values()).count(c) > 1})
    if open_ones:
        remedy = "Choose the column that holds it" if len(absent) <= MOST else "Rename the columns"
        st.caption(
            f":orange[:material/rule:] {words.counted(len(open_ones), 'column')} still missing: "
            f"{words.text(words.listed(open_ones, 8))}. {remedy}, or bring a file that has it."
        )
    for column in twice:
        st.caption(f":orange[:material/rule:] {words.text(column)} is chosen more than once.")
    ready = not open_ones and not twice
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Score", type="primary", icon=":material/play_arrow:", key="score_file", disabled=not ready
        )
        reasons = st.checkbox(
            "With principal reasons",
            key="with_reasons",
            help="Up to four reasons beside each row that is not approved, in the portfolio's words, held "
            f"against {WHOM[portfolio.reasons.reference]}. Where no notice may be sent, a note says why.",
        )
    if pressed:
        with frame.errors():
            _start(upload, options, rename, row, MOST_REASONS if reasons else 0)


def _said(portfolio: Portfolio, needed: list[str], absent: list[str], columns: tuple[str, ...]) -> None:
    """Draw how many columns fit, and what tells the rows apart."""
    found = len(needed) - len(absent)
    icon = ":orange[:material/rule:]" if absent else ":blue[:material/check_circle:]"
    key = portfolio.row_key
    told = f"told apart by {words.text(key)}" if key in columns else "told apart by their number in the file"
    extra = len(set(columns) - {*needed, key})
    beside = f"; {words.counted(extra, 'other column')} not needed" if extra else ""
    st.markdown(
        f"{icon} {found} of the {words.counted(len(needed), 'column')} the model asks for "
        f"{'is' if found == 1 else 'are'} there{beside}. Rows are {told}."
    )


def _renamed(
    upload: spool.Upload, portfolio: Portfolio, absent: list[str], others: list[str]
) -> dict[str, str]:
    """Ask for the column that holds each missing one."""
    titles = {c.name: c.shown for c in portfolio.characteristics}
    rename = {}
    for start in range(0, len(absent), 3):
        for place, name in zip(st.columns(3), absent[start : start + 3], strict=False):
            title = titles.get(name, name)
            label = words.text(name if title == name else f"{title} ({name})")
            with place:
                picked = st.selectbox(
                    label,
                    [ABSENT, *others],
                    format_func=lambda column: column or "not in the file under another name",
                    key=f"rename_{upload.sha256[:16]}_{name}",
                )
            if picked:
                rename[name] = picked
    return rename


def _start(
    upload: spool.Upload, options: ReadOptions, rename: dict[str, str], row: Any, reasons: int
) -> None:
    """Queue the scoring and look at its job."""
    from workbench.desk import ScoreRequest

    desk = cache.desk()
    request = ScoreRequest(row.model_id, upload.path, upload.name, options, rename, reasons)
    job_id = cache.queue().enqueue_score(
        request, desk.settings, desk.who, title=f"Score {upload.name} with {row.model_id}"
    )
    cache.keep_worker()
    look_at(upload.key, job_id)
