"""Which column tells how it ended, which of its values is bad, and what the portfolio is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench.dataset import value_counts
from workbench.portfolio import NAME, Outcome, Portfolio
from workbench.proposal.roles import suggestion
from workbench.ui import cache, spool, words

KINDS = {
    "application": "Application: known when it was applied for",
    "behavioural": "Behavioural: how an account is run",
    "fraud": "Fraud",
}
MOST_VALUES = 20
ENDS = ("good", "bad", "neither")


@dataclass(frozen=True)
class Named:
    """What a portfolio is called and of which kind it is."""

    name: str
    title: str
    kind: str


def ask(upload: spool.Upload, table: Any, base: Portfolio | None) -> Outcome | None:
    """Draw the questions on the outcome; returns it, or None while it is open."""
    columns = list(table.frame.columns)
    first = cache.once(
        (
            "proposal",
            upload.sha256,
            table.source.encoding,
            table.source.decimal,
            table.source.delimiter,
            None,
            ((), ()),
            "application",
        ),
        "Looking at each column",
        lambda run: cache.desk().propose(table, "portfolio", None, "application"),
    )
    guess = (
        base.outcome.column if base else next((g.column for g in first.guesses if g.role == "outcome"), None)
    )
    mark = f"{upload.sha256[:8]}_{base.identity if base else ''}"
    column = st.selectbox(
        "Which column tells how it ended?",
        columns,
        columns.index(guess) if guess in columns else None,
        key=f"outcome_column_{mark}",
        placeholder="Choose the outcome",
    )
    if column is None:
        return None
    counts = value_counts(table, column)
    return _values(counts, column, base, mark, suggested(first, column, list(counts)))


def suggested(proposal: Any, column: str, values: list[str]) -> dict[str, str]:
    """Return what the values of an outcome sound like: value -> "bad", "good" or "".

    Of a column that was not guessed to be the outcome only words say something: 1 may be good there.
    """
    if any(guess.column == column and guess.role == "outcome" for guess in proposal.guesses):
        told = proposal.outcome_values
        return dict(zip(told["value"], told["suggested"], strict=True))
    return {value: suggestion(value, [*values, "neither a flag nor yes and no"]) for value in values}


def _values(
    counts: dict[str, int], column: str, base: Portfolio | None, mark: str, hints: dict[str, str]
) -> Outcome | None:
    """Ask which values are bad, with counts."""
    total = sum(counts.values())
    said = {
        v: f"{words.text(v)}: {words.counted(n, 'row')}, {words.percent(n / total)}"
        for v, n in counts.items()
    }
    declared = base.outcome if base and base.outcome.column == column else None
    if len(counts) > MOST_VALUES or len(counts) < 2:
        st.caption(
            f"{words.text(column)} has {words.counted(len(counts), 'value')}; an outcome has two or a few."
        )
        return None
    if len(counts) == 2:
        return _two(list(counts), said, declared, column, mark, hints)
    return _several(list(counts), said, declared, column, mark, hints)


def _two(
    values: list[str],
    said: dict[str, str],
    declared: Outcome | None,
    column: str,
    mark: str,
    hints: dict[str, str],
) -> Outcome | None:
    likely = declared.bad if declared else [v for v in values if hints.get(v) == "bad"]
    at = next((i for i, v in enumerate(values) if v in likely), None)
    bad = st.radio("Which value is bad?", values, at, format_func=said.get, key=f"bad_{mark}_{column}")
    if not declared and at is not None:
        st.caption(":material/help: Guessed by its name; change it if it is not so.")
    if bad is None:
        return None
    if declared and bad in declared.bad:
        return declared
    return Outcome(column=column, bad=(bad,), good=tuple(v for v in values if v != bad))


def _several(
    values: list[str],
    said: dict[str, str],
    declared: Outcome | None,
    column: str,
    mark: str,
    hints: dict[str, str],
) -> Outcome | None:
    st.markdown("How did each value end?")
    ends: dict[str, str | None] = {}
    # where some words say how it ended, the others are neither; where none does, each is asked for
    rest = "neither" if any(hints.values()) else None
    with st.container(height=250 if len(values) > 4 else "content", border=False, key="ends", gap="small"):
        for value in values:
            likely = _declared_end(declared, value) if declared else hints.get(value) or rest
            ends[value] = st.radio(
                said[value],
                ENDS,
                None if likely is None else ENDS.index(likely),
                horizontal=True,
                key=f"end_{mark}_{column}_{value}",
            )
    of = {end: tuple(value for value in values if ends[value] == end) for end in ENDS}
    open_ones = [value for value in values if ends[value] is None]
    if open_ones or not of["bad"] or not of["good"]:
        need = "At least one value is good and one is bad."
        need = f"Still to be said: {words.listed(open_ones)}." if open_ones else need
        st.caption(f":orange[:material/help:] {words.text(need)}")
        return None
    if declared and all(_declared_end(declared, value) == ends[value] for value in values):
        return declared
    return Outcome(column=column, bad=of["bad"], good=of["good"], indeterminate=of["neither"])


def _declared_end(declared: Outcome, value: str) -> str:
    if value in declared.bad:
        return "bad"
    return "neither" if value in declared.indeterminate else "good"


def name(upload: spool.Upload, base: Portfolio | None) -> Named | None:
    """Draw what the portfolio is called; returns it, or None while the name cannot be used."""
    mark = f"{upload.sha256[:8]}_{base.identity if base else ''}"
    title = st.text_input(
        "What is the portfolio called?",
        base.title or base.name if base else title_of(upload.name),
        key=f"title_{mark}",
    )
    kinds = list(KINDS)
    kind = st.selectbox(
        "What kind is it?",
        kinds,
        kinds.index(base.kind) if base else 0,
        format_func=KINDS.get,
        key=f"kind_{mark}",
    )
    short = base.name if base else short_name(title)
    if not NAME.match(short):
        st.caption("Give it a name with at least one letter.")
        return None
    return Named(short, title.strip(), kind)


def title_of(file_name: str) -> str:
    """Return a title from a file's name.

    Examples
    --------
    >>> title_of("credit_cards-2024.csv")
    'Credit cards 2024'
    """
    stem = file_name.split(".")[0]
    said = re.sub(r"[_-]+", " ", stem).strip()
    return said[:1].upper() + said[1:]


def short_name(title: str) -> str:
    """Return a title as a portfolio's name.

    Examples
    --------
    >>> short_name("Credit cards 2024"), short_name("2024")
    ('credit_cards_2024', 'portfolio_2024')
    """
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50]
    return name if name[:1].isalpha() or not name else f"portfolio_{name}"
