"""Monitor: take a later extract, and have it held against what the model was developed on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from workbench.errors import InputError
from workbench.intake import ReadOptions
from workbench.intake.in_parts import scoring_columns
from workbench.ui import (
    cache,
    data_fixes,
    data_reading,
    frame,
    session,
    sidebar,
    spool,
    tables,
    uploads,
    words,
)
from workbench.ui.session import Context

ICONS = {
    "green": ":blue[:material/check_circle:]", "amber": ":orange[:material/error:]",
    "red": ":red[:material/cancel:]",
}  # fmt: skip


def draw(context: Context, row: Any) -> None:
    """Draw the choice of an extract and the button that looks at it."""
    portfolio = cache.desk().portfolio(f"{row.portfolio}@{row.portfolio_version}")
    frame.line(
        f"{words.text(sidebar.model_name(row))} of {words.text(portfolio.shown)}, {row.stage}",
        f"AUC {words.metric(row.metrics, 'auc')} on {row.reported}",
    )
    upload = cache.upload(st.query_params.get(session.FILE, ""))
    if st.query_params.get(session.FILE) and upload is None:
        st.warning("The file is no longer kept here: bring it again.", icon=":material/link_off:")
    if upload is None:
        uploads.bring(
            "Drop a later extract here, with or without outcomes", "/data/october.parquet", "Take it",
            "monitor_", lambda found: look_at(found.key),
        )  # fmt: skip
        _kept(context, row)
        return
    with st.container(border=True, key="monitor_file", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{words.text(upload.name)}** :gray[{words.size(upload.size)}]")
            if st.button(
                "Take another extract", type="tertiary", icon=":material/swap_horiz:", key="another"
            ):
                look_at("")
        _fit(upload, row, portfolio)


def look_at(file: str, job: str = "") -> None:
    """Show a file, a look, or neither."""
    for name in (session.CHARACTERISTIC, session.MONTH):
        st.query_params.pop(name, None)
    for name, value in ((session.FILE, file), (session.JOB, job)):
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.rerun()


def options_of(upload: spool.Upload, portfolio: Any) -> ReadOptions:
    """Return how a file is read: as it was said of it, else as the portfolio says of its files."""
    options, told = data_fixes.options_of(upload), portfolio.reading
    names = ("delimiter", "decimal", "encoding")
    return replace(options, **{name: getattr(options, name) or getattr(told, name) for name in names})


def start(row: Any, **what: Any) -> None:
    """Queue a look at an extract and show its job."""
    from workbench.desk import DriftRequest

    desk = cache.desk()
    request = DriftRequest(row.model_id, **what)
    title = f"Drift of {request.name} against {row.model_id}"
    job_id = cache.queue().enqueue_drift(request, desk.settings, desk.who, title=title)
    cache.keep_worker()
    look_at(st.query_params.get(session.FILE, ""), job_id)


def _kept(context: Context, row: Any) -> None:
    """Draw the choice among data that were checked before, those of the model itself left out."""
    kept = [one for one in cache.desk().registry.datasets(row.portfolio) if one.sha256 != row.dataset_sha256]
    if not kept:
        return
    names = {one.sha256: f"{one.name}, {words.counted(one.rows, 'row')}" for one in kept}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        picked = st.selectbox(
            "Or data that were checked before", list(names),
            list(names).index(context.data) if context.data in names else 0,
            format_func=names.__getitem__, width=420, key="monitor_kept",
        )  # fmt: skip
        if st.button("Hold it against development", icon=":material/play_arrow:", key="monitor_kept_go"):
            with frame.errors():
                start(row, dataset_sha256=picked, name=next(o.name for o in kept if o.sha256 == picked))


def _fit(upload: spool.Upload, row: Any, portfolio: Any) -> None:
    """Say whether the file has what the model asks for, and draw the button."""
    options = options_of(upload, portfolio)
    try:
        columns = cache.once(
            ("columns", upload.sha256, options),
            "Looking at its columns",
            lambda run: cache.desk().columns(Path(upload.path), options, upload.name),
        )
    except InputError as error:
        frame.show_error(error)
        asked = [data_reading.ASKED[p.code] for p in error.problems if p.code in data_reading.ASKED]
        if asked:
            data_reading.ask(upload, options, asked)
        return
    needed = scoring_columns(portfolio)
    absent = [name for name in needed if name not in columns]
    if absent:
        st.caption(
            f":orange[:material/rule:] It lacks {words.counted(len(absent), 'column')} of the portfolio: "
            f"{words.text(words.listed(absent, 8))}. Name the columns as the portfolio does."
        )
    else:
        labelled = portfolio.outcome.column in columns
        told = "performance is measured where it is known" if labelled else "performance cannot be measured"
        has = "has" if labelled else "does not have"
        st.markdown(
            f":blue[:material/check_circle:] All {words.counted(len(needed), 'column')} are there. It {has} "
            f"the outcome, so {told}."
        )
    if st.button(
        "Hold it against development", type="primary", icon=":material/play_arrow:", key="monitor_go",
        disabled=bool(absent),
    ):  # fmt: skip
        with frame.errors():
            start(row, path=upload.path, name=upload.name, options=options)


def listing(row: Any) -> None:
    """Draw what was looked at before, with a way to open one."""
    from workbench.desk import monitored

    home = cache.desk().settings.home
    heads = monitored.heads(home, row.portfolio)
    if lost := len(monitored.unreadable(home)):
        st.caption(
            f":orange[:material/broken_image:] {words.counted(lost, 'look')} cannot be read: the record is "
            "not what was stored, or an earlier version of the workbench stored it. Hold the extract against "
            "development again; the page Registry deletes what cannot be read."
        )
    if not heads:
        st.caption(
            "No extract of this portfolio has been looked at yet." if not lost else "No other is kept."
        )
        return
    st.subheader("Looked at before", anchor=False)
    told = pd.DataFrame(
        [
            (h["colour"], h["name"], h["model_id"], h["rows"], h["who"], cache.when(pd.Timestamp(h["at"])),
             h["first_cause"] or "nothing fired")
            for h in heads
        ],
        columns=["verdict", "extract", "model", "rows", "who", "at", "cause"],
    )  # fmt: skip
    tables.show(
        told, "looks",
        {
            "verdict": st.column_config.TextColumn("Verdict", width=80),
            "extract": "Extract",
            "model": "Model",
            "rows": tables.number("Rows", width=80), "who": "Who", "at": "When",
            "cause": st.column_config.TextColumn("First cause", width="large"),
        },
        most=260,
    )  # fmt: skip
    names = {h["key"]: f"{h['name']}, {h['model_id']}, {cache.when(pd.Timestamp(h['at']))}" for h in heads}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        picked = st.selectbox(
            "Look", list(names), format_func=names.__getitem__, width=520, key="look_picked"
        )
        if st.button("Open", icon=":material/open_in_new:", key="look_open"):
            look_at("", picked)
