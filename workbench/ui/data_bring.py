"""Data, step 1: bring a file, or take up one that was checked before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from workbench.ui import cache, data, data_making, frame, session, spool, tables, uploads, words
from workbench.ui.session import Context


def draw(context: Context) -> None:
    """Draw the uploader, the door for large files, and the data sets in the store."""
    frame.line("CSV, Parquet or Excel; one row an application or account, one column that says how it ended")
    uploads.bring("Drop a file here", "/data/extract.parquet", "Read it", "", _look_at)
    _without_a_file()
    _stored(context)


def _without_a_file() -> None:
    """Draw the two ways to data that need no file."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch", gap="small"):
        st.markdown("**Make a portfolio's data**")
        kept = data_making.made("made")
    with right, st.container(border=True, height="stretch", gap="small"):
        st.markdown("**Fetch a public set**")
        kept = data_making.public("public") or kept
    if kept is not None:
        data.go("Findings")


def _look_at(upload: spool.Upload) -> None:
    """Look at a new upload: its roles come next, and copies that were dropped of it are there again."""
    session.kept(session.DROPPED, set()).discard(upload.sha256)
    session.choose(data=upload.key)
    data.go("Roles")


def _stored(context: Context) -> None:
    """Draw the data sets that were checked before."""
    rows = cache.desk().registry.datasets()
    if not rows:
        return
    st.subheader("Checked before", anchor=False)
    listing = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "portfolio": [row.portfolio for row in rows],
            "rows": [row.rows for row in rows],
            "refused": [row.refused for row in rows],
            "n_bad": [row.n_bad for row in rows],
            "bad_rate": [row.bad_rate for row in rows],
            "created_at": [cache.when(row.created_at) for row in rows],
            "sha256": [row.sha256 for row in rows],
        }
    )
    tables.show(
        listing,
        "stored_data",
        {
            "name": st.column_config.TextColumn("File", width="medium"),
            "portfolio": "Portfolio",
            "rows": tables.number("Rows kept"),
            "refused": tables.number("Refused"),
            "n_bad": tables.number("Bads"),
            "bad_rate": tables.Share("Bad rate"),
            "created_at": "Checked",
        },
        most=280,
    )
    names = {row.sha256: f"{row.name}, {words.counted(row.rows, 'row')}, {row.portfolio}" for row in rows}
    if picked := tables.opener("Take up", names, "take_up", "Open", "open_stored"):
        row = next(row for row in rows if row.sha256 == picked)
        session.choose(portfolio=f"{row.portfolio}@{row.portfolio_version}", data=row.sha256, model="")
        data.go("Findings")
