"""Registry: one version against another, line by line."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import cache, session, sidebar, tables, words
from workbench.ui.session import Context


def draw(context: Context, row: Any, rows: list[Any]) -> None:
    """Draw what differs between a version and another, the champion or the one before it at first."""
    others = [other for other in rows if other.portfolio == row.portfolio and other.model_id != row.model_id]
    if not others:
        return
    st.subheader("What differs from another version?", anchor=False)
    by_id = {other.model_id: other for other in others}
    first = _first(row, others)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        against = st.selectbox(
            "Against",
            list(by_id),
            list(by_id).index(first),
            format_func=lambda m: f"{m}, {cache.family_title(by_id[m].family)}, {by_id[m].stage}",
            key=f"against_{row.model_id}_{sidebar.stages(others)}",
            width=420,
        )
        whole = st.toggle("Also what is the same", key="difference_whole")
        if st.button("Compare on the same rows", icon=":material/compare_arrows:", key="to_compare"):
            ids = f"{against},{row.model_id}"
            st.switch_page(sidebar.COMPARE, query_params=context.query() | {session.MODELS: ids})
    told = cache.once(
        ("differences", *((r.model_id, r.manifest_sha256, r.stage) for r in (by_id[against], row))),
        "Comparing the two",
        lambda run: cache.desk().differences(against, row.model_id),
    )
    shown = told if whole else told[~told["same"]]
    tables.show(
        shown,
        "difference",
        {
            "topic": st.column_config.TextColumn("Of", width=90),
            "what": st.column_config.TextColumn("What", width=190),
            "a": st.column_config.TextColumn(against, width=240),
            "b": st.column_config.TextColumn(row.model_id, width=240),
            "difference": st.column_config.TextColumn("Difference", width=380),
        },
        whole=told,
        most=620,
        note=f"{words.counted(int((~told['same']).sum()), 'line')} of {len(told)} differ; figures are each "
        "version's own, of its reported sample: only Compare puts both on the same rows",
    )


def _first(row: Any, others: list[Any]) -> str:
    """Return what a version is held against at first: the champion, else the version before it."""
    champion = next((other for other in others if other.stage == "champion"), None)
    before = [other for other in others if other.version < row.version]
    chosen = champion or max(before or others, key=lambda other: other.version)
    return str(chosen.model_id)
