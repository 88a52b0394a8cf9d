"""The part of the page Registry that says what takes room and deletes what is not needed any more."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui import cache, frame, session, tables, words

KINDS = {
    "model": "Model",
    "study": "Study",
    "dataset": "Data set",
    "report": "Report",
    "batch": "Scored file",
    "look": "Look at an extract",
}
MOST = 200


def draw() -> None:
    """Draw the room that is taken, and a form that deletes one thing."""
    with st.expander("Room on disk, and deleting"):
        if not st.toggle("Look at it", key="room"):  # reading every size takes a moment
            return
        _uses()
        left, right = st.columns([1, 3])
        kind = left.selectbox("What", list(KINDS), format_func=KINDS.__getitem__, key="delete_kind")
        names = _named(kind)
        name = right.selectbox("Which", list(names), format_func=names.get, key=f"delete_name_{kind}")
        if name is None:
            st.caption("There is none.")
            return
        with frame.errors():
            _plan(kind, cache.desk().removal(kind, name))


def _uses() -> None:
    from workbench.desk.removing import room

    uses = cache.desk().disk()
    listing = pd.DataFrame(
        {
            "title": [use.title for use in uses],
            "count": [use.count or None for use in uses],
            "size": [room(use.size) for use in uses],
        }
    )
    shown = {"title": "What", "count": tables.number("How many"), "size": "Room"}
    tables.show(listing, "disk", shown, most=330)


def _named(kind: str) -> dict[str, str]:
    desk = cache.desk()
    if kind == "model":
        return {m.model_id: f"{m.model_id}, {m.stage}" for m in desk.models()[:MOST]}
    if kind == "study":
        return {s.study_id: s.study_id for s in desk.registry.studies()[:MOST]}
    if kind == "dataset":
        rows = desk.registry.datasets()[:MOST]
        return {r.sha256: f"{r.name}, {words.counted(r.rows, 'row')}, {r.sha256[:8]}" for r in rows}
    if kind == "batch":
        from workbench.desk import scored

        return {b.key: f"{b.name}, {b.sentence}" for b in scored.kept(desk.settings.home, MOST)}
    if kind == "look":
        from workbench.desk import monitored

        heads = monitored.heads(desk.settings.home, limit=MOST)
        read = {h["key"]: f"{h['name']}, {h['model_id']}, {cache.when(pd.Timestamp(h['at']))}" for h in heads}
        return read | {key: f"{key}, cannot be read" for key in monitored.unreadable(desk.settings.home)}
    from workbench import reports

    return {r.key: f"{r.title}, {r.key}" for r in reports.kept(desk.settings.store)[:MOST]}


def _plan(kind: str, found: Any) -> None:
    """Draw what deleting means, and the button, or why there is none."""
    from workbench.desk.removing import room

    st.markdown(f"{words.text(found.words.capitalize())}: {room(found.size)}")
    for line in found.along:
        st.caption(words.text(line))
    if found.refusal:
        st.info(words.text(f"{found.refusal}. {found.remedy}"), icon=":material/lock:")
        return
    days = cache.desk().settings.quarantine_days
    why = st.text_input("Why", key=f"delete_why_{found.name}")
    st.caption(f"Its files stay in quarantine for {words.counted(days, 'day')}.")
    if st.button("Delete", icon=":material/delete:", key="delete", disabled=not why.strip()):
        _delete(kind, found, why)


def _delete(kind: str, found: Any, why: str) -> None:
    try:
        cache.desk().delete(kind, found.name, why)
    except WorkbenchError as error:
        frame.show_error(error)
        return
    now = session.context()
    session.choose(
        model="" if now.model == found.name else now.model,
        data="" if now.data == found.name else now.data,
    )
    session.notify(f"Deleted {found.name[:40]}")
    st.rerun()
