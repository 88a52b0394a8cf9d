"""Data, step 2: what each column is, which value is bad; saved as a portfolio and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from workbench.dataset import build
from workbench.errors import InputError
from workbench.ui import cache, data, data_fixes, data_outcome, data_reading, data_table, frame, spool, words
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
        return spool.find(cache.desk().settings.home, context.data)
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
    return st.session_state["roles_start"]


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
        st.markdown("**Next:** say which column tells how it ended, and which value is bad.")
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
    label = "Apply and check" if same else "Save as portfolio and check"
    differences = [] if base is None or same else data_table.differences(base, edited)
    if differences:
        st.caption(f"Version {base.version + 1}: {words.text(words.listed(differences, 3))}")
    if st.button(label, type="primary", icon=":material/fact_check:", key="save_roles", width="stretch"):
        with frame.errors():
            _checked(upload, base if same else _saved(edited))


def _saved(edited: Any) -> Any:
    """Return the portfolio as its next version, or the newest where it is the same."""
    shelf = cache.desk().shelf
    try:
        return shelf.save(edited)
    except InputError as error:
        if error.code != "UNCHANGED":
            raise
        return shelf.find(edited.name)


def _checked(upload: spool.Upload, portfolio: Any) -> None:
    data_fixes.look_at(portfolio, data_fixes.build(upload, portfolio), "Findings")
