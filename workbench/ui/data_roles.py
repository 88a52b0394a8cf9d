"""Data, step 2: what each column is, which value is bad; saved as a portfolio and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from workbench.dataset import build
from workbench.errors import InputError
from workbench.portfolio import NAME
from workbench.ui import (
    cache,
    data,
    data_fixes,
    data_outcome,
    data_reading,
    data_table,
    frame,
    session,
    spool,
    words,
)
from workbench.ui.session import Context

GUESSED = "Guessed from the file"
NEARLY = 0.25


def draw(context: Context) -> None:
    """Draw the outcome, the name, and one row a column."""
    upload = _upload(context)
    table = data_reading.read(upload)
    data.accounts(table)
    if table.source.notes:
        st.caption(f":material/info: {words.text('; '.join(table.source.notes))}")
    start = _start(context, table)
    base = None if start == GUESSED else cache.desk().portfolio(start)
    with st.container(border=True, key="outcome", gap="small"):
        outcome_place, name_place, save_place = st.columns([4, 4, 3], gap="large")
        with outcome_place:
            outcome = data_outcome.ask(upload, table, base)
        with name_place:
            named = data_outcome.name(upload, base)
    proposal = data_table.proposed(upload, table, outcome, named, base)
    rows = data_table.edit(upload, table, proposal, base, outcome)
    with save_place:
        _save(upload, table, base, outcome, named, proposal, rows)


def _upload(context: Context) -> spool.Upload:
    """Return the file whose columns get roles, or draw what is missing and end the page."""
    if not context.data:
        data.empty_step("No file yet", "Roles are given to the columns of a file.", "Bring", "upload_file")
    if context.data.startswith(spool.PREFIX):
        return spool.find(cache.desk().settings.home, context.data, session.holder())
    return data_fixes.source_of(cache.dataset(context.data, context.portfolio))


def _start(context: Context, table: Any) -> str:
    """Draw what the roles start from: the guesses, or a portfolio whose columns the file has."""
    fitting = matching(set(table.frame.columns))
    if not fitting:
        _nearly(table)
        return GUESSED
    looked_at = cache.portfolio(context.portfolio)
    names = list(fitting)
    if looked_at is not None and context.data and looked_at.name in {n.split("@")[0] for n in names}:
        own = looked_at.identity
        names = [own, *(n for n in names if n.split("@")[0] != looked_at.name)]
        fitting[own] = looked_at
    options = [*names, GUESSED]
    with frame.rule("good", "start"):
        st.radio(
            "This file has every column of a portfolio that is declared already. Start from:",
            options,
            format_func=lambda n: (
                n if n == GUESSED else f"{words.text(fitting[n].shown)}, version {fitting[n].version}"
            ),
            horizontal=True,
            key="roles_start",
        )
    return _version(st.session_state["roles_start"], set(table.frame.columns))


def _version(picked: str, columns: set[str]) -> str:
    """Draw the versions of the picked portfolio where there are several; returns the identity."""
    name, _, newest = picked.partition("@")
    shelf = cache.desk().shelf
    if picked == GUESSED:
        return picked
    versions = [
        n for n in reversed(shelf.versions(name)) if data_fixes.needed(shelf.find(f"{name}@{n}")) <= columns
    ]
    if len(versions) < 2:
        return picked
    saved = {n for n in versions if (shelf.home / "portfolios" / name / f"{n}.toml").exists()}
    number = st.selectbox(
        "Version",
        versions,
        versions.index(int(newest)) if int(newest) in versions else 0,
        format_func=lambda n: f"version {n}" if n in saved else f"version {n}, shipped with the workbench",
        key=f"roles_version_{picked}",
        width=320,
    )
    return f"{name}@{number}"


def matching(columns: set[str]) -> dict[str, Any]:
    """Return the portfolios all of whose columns are among `columns`: identity -> Portfolio."""
    found = {}
    for entry in cache.portfolios():
        one = cache.portfolio(cache.identity(entry))
        if data_fixes.needed(one) <= columns:
            found[one.identity] = one
    return found


def _nearly(table: Any) -> None:
    """Say which columns a file lacks of a portfolio that has most of them, with the names that are near."""
    columns = set(table.frame.columns)
    near = []
    for entry in cache.portfolios():
        one = cache.portfolio(cache.identity(entry))
        missing = len(data_fixes.needed(one) - columns)
        if missing <= NEARLY * len(data_fixes.needed(one)):
            near.append((missing, one))
    if not near:
        return
    portfolio = min(near, key=lambda pair: pair[0])[1]
    try:
        build(replace(table, frame=table.frame.iloc[:0], record=table.record[:0]), portfolio)
    except InputError as error:
        with frame.rule("warn", "nearly"):
            st.markdown(f"**Nearly a file of {words.text(portfolio.shown)}:** {frame.lines(error)[0]}")
            st.caption("Or go on from the guesses below, as another portfolio.")


def _save(
    upload: spool.Upload, table: Any, base: Any, outcome: Any, named: Any, proposal: Any, rows: Any
) -> None:
    """Draw the button that saves the portfolio where it changed, and checks the data against it."""
    if outcome is None or proposal is None:
        st.markdown("**Next:** say which column tells how it ended, and how each of its values did.")
        return
    if not (rows["role"] == "characteristic").any():
        st.markdown("**Next:** give at least one column the role characteristic, to train on.")
        return
    edited = None
    with frame.errors():
        edited = data_table.portfolio_of(named, outcome, proposal, rows, base, table.source)
    if edited is None:
        return
    counts = {role: len(names) for role, names in edited.columns_by_role().items()}
    said = [words.counted(counts.pop("characteristic"), "characteristic")]
    said += [f"{n} {'left out' if role == 'leave out' else role}" for role, n in counts.items()]
    st.caption(", ".join(said))
    same = base is not None and edited == base
    old = None if same else _newest(edited.name)
    changes = data_table.differences(old, edited) if old is not None else []
    if changes:
        _confirm(upload, old, edited, changes)
        return
    label = "Apply and check" if same or old is not None else "Save as portfolio and check"
    if st.button(label, type="primary", icon=":material/fact_check:", key="save_roles", width="stretch"):
        with frame.errors():
            _checked(upload, base if same else data_fixes.saved(edited))


def _newest(name: str) -> Any | None:
    """Return the newest version of a portfolio, or None where there is none of this name."""
    shelf = cache.desk().shelf
    return shelf.find(name) if shelf.versions(name) else None


def _confirm(upload: spool.Upload, old: Any, edited: Any, changes: list[str]) -> None:
    """Show what a new version would change, and ask whether to save it, or another portfolio."""
    number, title = old.version + 1, words.text(old.shown)
    with st.popover(
        f"Save as version {number} of {title}…", type="primary", icon=":material/fact_check:", width="stretch"
    ):
        st.markdown(f"**{title} is there already, as version {old.version}.** Version {number} changes:")
        with st.container(height=180 if len(changes) > 6 else "content", border=False):
            st.markdown("\n".join(f"- {words.text(change)}" for change in changes))
        if st.button(f"Save version {number} and check", type="primary", key="save_roles", width="stretch"):
            with frame.errors():
                _checked(upload, data_fixes.saved(edited))
        other = st.text_input("Or keep it apart, called", key=f"other_title_{old.identity}").strip()
        if st.button("Save under another name", key="save_other", width="stretch"):
            with frame.errors():
                _checked(upload, data_fixes.saved(_renamed(edited, other)))


def _renamed(edited: Any, title: str) -> Any:
    """Return a portfolio under a name that is not taken.

    Raises
    ------
    InputError
        ``PORTFOLIO_NAME`` where the name cannot be used, or is taken.
    """
    name = data_outcome.short_name(title)
    if not NAME.match(name):
        raise InputError("PORTFOLIO_NAME", "a name has at least one letter or digit", remedy="Type a name.")
    if cache.desk().shelf.versions(name):
        what = f"there is a portfolio {name} already"
        raise InputError("PORTFOLIO_NAME", what, remedy="Choose another name.")
    return edited.model_copy(update={"name": name, "title": title, "version": 1})


def _checked(upload: spool.Upload, portfolio: Any) -> None:
    data_fixes.look_at(portfolio, data_fixes.build(upload, portfolio), "Findings")
