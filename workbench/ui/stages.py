"""What may be done with a version, wherever it is shown: each asks why, and leaves a line in the trail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from workbench.errors import GateError
from workbench.ui import cache, frame, session, sidebar, words

FORCE = "Although it does not beat the champion"
REMEDY = f"To replace the champion all the same, tick \u201c{FORCE}\u201d and say why."
FORCE_HELP = (
    "Overrides only the comparison with the champion, and only with a reason, which is kept in the trail. "
    "The gate and the verification of the files still count."
)


def promote(row: Any) -> None:
    """Draw the button that makes a version champion; what refuses it is shown where it was pressed."""
    possible = row.stage in ("trained", "candidate") and bool(row.gate.get("passed"))
    with st.popover("Promote", icon=":material/star:", type="primary", disabled=not possible):
        st.markdown(
            f"**{words.text(row.model_id)}** becomes champion if it beats the present one beyond noise "
            "on rows held out from both; the present one retires then."
        )
        why = st.text_input(
            "Why", key=f"promote_why_{row.model_id}", placeholder="Better on the out-of-time sample"
        )
        force = st.checkbox(FORCE, key=f"force_{row.model_id}", help=FORCE_HELP)
        if st.button("Promote", type="primary", key="promote"):
            with frame.errors():
                _promoted(row.model_id, force, why.strip())
                session.notify(f"{row.model_id} is champion.")
                st.rerun()


def _promoted(model_id: str, force: bool, why: str) -> None:
    """Promote a version; a refusal by the champion says what to do in the words of this page."""
    try:
        cache.desk().promote(model_id, force=force, why=why)
    except GateError as error:
        if error.code not in ("NOT_BETTER", "NOT_COMPARED"):
            raise
        raise GateError.of([replace(one, remedy=REMEDY) for one in error.problems]) from None


def roll_back(portfolio: str) -> None:
    """Draw the button that makes the champion before the present one champion again, where there is one."""
    try:
        before = cache.desk().registry.previous_champion(portfolio)
    except GateError:
        return
    with st.popover("Roll back", icon=":material/undo:"):
        st.markdown(
            f"**{words.text(before.model_id)}** ({words.text(sidebar.model_name(before))}), the champion "
            "before, becomes champion again; the present one retires. No comparison is asked for."
        )
        why = st.text_input("Why", key=f"roll_back_why_{portfolio}", placeholder="Unstable since May")
        if st.button("Roll back", type="primary", key="roll_back"):
            with frame.errors():
                row = cache.desk().roll_back(portfolio, why.strip())
                session.notify(f"{row.model_id} is champion again.")
                session.choose(model=row.model_id)
                st.rerun()


def move(row: Any, label: str, action: str, done: str, icon: str) -> None:
    """Draw the button that makes a version a candidate, rejects it or retires it."""
    with st.popover(label, icon=f":material/{icon}:"):
        why = st.text_input("Why", key=f"{action}_why_{row.model_id}")
        if st.button(label, key=action, type="primary"):
            with frame.errors():
                desk = cache.desk()
                getattr(desk.registry, action)(row.model_id, who=desk.who, when=desk.now(), why=why.strip())
                session.notify(f"{row.model_id} is {done}.")
                st.rerun()
