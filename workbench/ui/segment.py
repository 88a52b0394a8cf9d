"""The segment bar under a page's heading: all rows, or those that meet a few rules.

A page draws it once, with the rows it is about, and narrows them by what comes back::

    picked = segment.choose(context, data.frame, data.outcome)
    inside = picked.mask(data.frame)

The segment stays in the address as ``?segment=``, and with the session while the portfolio is the same.
`choose` never returns a segment without rows: it says what is wrong and ends the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from workbench.dataset import BAD
from workbench.dataset.segment import ALL_ROWS, Segment
from workbench.dataset.segment_words import known, parse
from workbench.errors import InputError
from workbench.portfolio import Characteristic
from workbench.ui import cache, frame, session, words
from workbench.ui.session import Context

OFFERED, LEVELS = 4, 12
HELP = (
    "Rules joined by **and**, for example `home_ownership = RENT and annual_inc > 50000`. Each may say "
    "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in (A, B)`, `not in (A, B)`, `is missing` or `is not missing`. "
    "What holds a comma, a sign or the word and goes in quotes; dates are written 2024-01-31. A missing "
    "value meets `is missing` only, and a special code is never below or above anything. Empty: all rows."
)


def choose(context: Context, rows: pd.DataFrame, outcome: np.ndarray | None = None) -> Segment:
    """Draw the bar and return the segment to look at; end the page where none of the rows is in it.

    Parameters
    ----------
    rows : DataFrame
        Typed characteristics of all rows the page is about (`Dataset.frame`). What else a rule may name
        can be added as columns: the portfolio's date, its protected characteristics.
    outcome : array, shape (n,), optional
        1 bad, 0 good, -1 indeterminate; None where it is not known.
    """
    return _choose(context, lambda: rows, outcome, at_once=True)[0]


def choose_before(
    context: Context, read: Callable[[], pd.DataFrame], outcome: np.ndarray
) -> tuple[Segment, Callable[[], None]]:
    """Draw the bar where the rows take time to read, and need not be read to look at all of them.

    Parameters
    ----------
    read : callable
        Gives the rows as `choose` takes them; called at once only where a segment is asked for.

    Returns
    -------
    picked : Segment
    offer : callable
        Draws the suggestions, which need the rows; to be called when the page is drawn.
    """
    return _choose(context, read, outcome, at_once=False)


def _choose(
    context: Context, read: Callable[[], pd.DataFrame], outcome: np.ndarray | None, *, at_once: bool
) -> tuple[Segment, Callable[[], None]]:
    portfolio, name = cache.portfolio(context.portfolio), session.name_of(context.portfolio)
    key = f"segment_{name}"
    if key not in st.session_state:
        st.session_state[key] = _asked(name)

    def declared(rows: pd.DataFrame) -> Sequence[Characteristic]:
        return known(portfolio, rows) if portfolio else ()

    with st.container(key="segment", horizontal=True, vertical_alignment="center", gap="small"):
        said = st.text_input(
            "Segment", key=key, placeholder=f"Segment: {ALL_ROWS}", icon=":material/filter_alt:",
            label_visibility="collapsed", width=460,
        )  # fmt: skip
        _remember(name, said or "")
        place = st.container(width="content")
        picked, problem, inside = Segment(), None, None
        if said or at_once:
            rows = read()
            try:
                picked = parse(said or "", declared(rows), rows)
            except InputError as error:
                problem = error
            with place:
                _offer(key, picked, declared(rows), rows)
            inside = picked.mask(rows)
        elif outcome is not None:
            inside = np.ones(len(outcome), bool)
        if said:
            st.button(
                "All rows", icon=":material/close:", type="tertiary", key=f"{key}_none",
                on_click=_write, args=(key, Segment()),
            )  # fmt: skip
        if problem is None and inside is not None:
            st.caption(size(inside, outcome), width="content")
    _stop_where_nothing_is_left(problem, inside)
    _remember(name, str(picked) if picked else "")

    def offer() -> None:
        if not (said or at_once):
            rows = read()
            with place:
                _offer(key, picked, declared(rows), rows)

    return picked, offer


def _stop_where_nothing_is_left(problem: InputError | None, inside: np.ndarray | None) -> None:
    if problem is not None:
        frame.show_error(problem)
        frame.end()
    if inside is not None and not inside.any():
        st.info(
            "None of these rows is in the segment. Loosen a rule, or look at all rows.",
            icon=":material/info:",
        )
        frame.end()


def size(inside: np.ndarray, outcome: np.ndarray | None = None) -> str:
    """Return how many rows are in a segment, and how many of them ended bad.

    Examples
    --------
    >>> size(np.array([True, True, True, False]), np.array([1, 0, -1, 0]))
    '3 of 4 rows, 1 bad (50.0%)'
    >>> size(np.array([True, True]), np.array([-1, -1]))
    '2 rows, outcomes not known'
    >>> size(np.array([False, False]), np.array([-1, -1]))
    'no row is in it'
    """
    n = int(inside.sum())
    if not n:
        return "no row is in it"
    said = words.counted(n, "row") if inside.all() else f"{n:,} of {words.counted(len(inside), 'row')}"
    if outcome is None:
        return said
    bads, known_rows = int((outcome[inside] == BAD).sum()), int((outcome[inside] >= 0).sum())
    if not known_rows:
        return f"{said}, outcomes not known"
    return f"{said}, {words.counted(bads, 'bad')} ({words.percent(bads / known_rows)})"


def _asked(name: str) -> str:
    """Return what the address asks for, or else what the session remembers of the same portfolio."""
    of, remembered = st.session_state.get(session.SEGMENTED, ("", ""))
    asked = st.query_params.get(session.SEGMENT, "")
    if asked and not (of and of != name and asked == remembered):
        return asked
    return remembered if of == name else ""


def _remember(name: str, said: str) -> None:
    st.session_state[session.SEGMENTED] = (name, said)
    if said:
        st.query_params[session.SEGMENT] = said
    else:
        st.query_params.pop(session.SEGMENT, None)


def _write(key: str, picked: Segment) -> None:
    st.session_state[key] = str(picked) if picked else ""


def _offer(key: str, picked: Segment, declared: Sequence[Characteristic], rows: pd.DataFrame) -> None:
    """Draw how rules are written, and the levels of what is tagged as segment, to be clicked instead."""
    choices = {c.name: found for c in declared if (found := _levels(c, rows))}
    by_name = {c.name: c for c in declared}
    tagged = [name for name in choices if "segment" in by_name[name].tags]
    few = [name for name in choices if len(choices[name]) <= LEVELS]
    offered = (tagged or few)[:OFFERED]
    with st.popover("Suggestions", type="tertiary", icon=":material/lightbulb:"):
        for name in offered:
            levels = choices[name][:LEVELS]
            pills = f"{key}_{name}"
            st.session_state[pills] = [level for level in picked.of(name) if level in levels]
            st.pills(
                words.text(by_name[name].shown), levels, selection_mode="multi", key=pills,
                format_func=lambda v, c=by_name[name]: words.text(c.label(v)),
                on_change=_clicked, args=(key, name, pills, picked, levels),
            )  # fmt: skip
        st.caption(HELP, width=430)


def _levels(characteristic: Characteristic, rows: pd.DataFrame) -> list[str]:
    """Return the levels of a category that these rows hold, the most frequent first."""
    if characteristic.kind not in ("category", "flag"):
        return []
    counts = rows[characteristic.name].value_counts()
    return [str(level) for level in counts.index[counts > 0]]


def _clicked(key: str, name: str, pills: str, picked: Segment, offered: list[str]) -> None:
    typed = [level for level in picked.of(name) if level not in offered]
    _write(key, picked.with_levels(name, [*typed, *(st.session_state[pills] or ())]))
