"""The page Data: its four steps and the line that accounts for every row."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import cache, frame, session, sidebar, spool, words
from workbench.ui.session import Context

STEPS = ("Bring", "Roles", "Findings", "Profile")


def step(context: Context) -> str:
    """Draw the chooser of steps; returns the step shown."""
    asked = st.query_params.get(session.STEP, "").capitalize()
    current = asked if asked in STEPS else _first(context)
    picked = st.segmented_control(
        "Step",
        STEPS,
        default=current,
        required=True,
        format_func=lambda name: f"{STEPS.index(name) + 1} {name}",
        label_visibility="collapsed",
        key=f"step_{current.lower()}_{context.data[:16]}",
    )
    if picked != current:
        go(picked)
    return current


def go(name: str) -> None:
    """Show another step."""
    st.query_params[session.STEP] = name.lower()
    st.rerun()


def _first(context: Context) -> str:
    """Return the step a link without one leads to."""
    if not context.data:
        return "Bring"
    return "Roles" if context.data.startswith(spool.PREFIX) else "Findings"


def checked(context: Context) -> Any:
    """Return the checked data set, or draw what is missing and end the page."""
    if context.data and not context.data.startswith(spool.PREFIX):
        return cache.dataset(context.data, context.portfolio)
    if context.data:
        empty_step(
            "No roles yet", "The file has been brought, but its columns have no roles.", "Roles", "table"
        )
    empty_step(
        "No data yet",
        "Findings and profiles are made from a file whose columns have roles.",
        "Bring",
        "upload_file",
    )
    raise AssertionError  # the page has ended


def empty_step(title: str, why: str, name: str, icon: str) -> None:
    """Draw an empty state whose button leads to another step of this page."""
    with st.container(border=True, key="empty", gap="small"):
        st.subheader(f":material/inbox: {title}", anchor=False)
        st.markdown(why)
        if st.button(f"Go to {name}", icon=f":material/{icon}:", type="primary", key="empty_go"):
            go(name)
    frame.end()


def accounts(values: Any) -> None:
    """Draw the line that accounts for every row of a table or data set."""
    kept = len(values.frame)
    refused = values.rows_in - kept
    frame.line(
        words.text(values.source.name),
        f"{words.count(values.rows_in)} rows in = {words.count(kept)} kept + {words.count(refused)} refused",
        words.counted(values.frame.shape[1], "characteristic" if hasattr(values, "sha256") else "column"),
        words.size(values.source.size),
        f"fingerprint {values.sha256[:4]}…{values.sha256[-4:]}" if hasattr(values, "sha256") else "",
    )


def next_page(label: str, path: str, icon: str, context: Context, key: str, ready: bool = True) -> None:
    """Draw the button that leads on; the main one where `ready`."""
    kind = "primary" if ready else "secondary"
    if st.button(label, icon=f":material/{icon}:", type=kind, key=key):
        st.switch_page(path, query_params=context.query())


def to_train(context: Context, ready: bool) -> None:
    """Draw the button to Train."""
    next_page("Go to Train", sidebar.TRAIN, "arrow_forward", context, "to_train", ready)
