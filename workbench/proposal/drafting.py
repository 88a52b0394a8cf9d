"""From a table to a draft of its portfolio; every guess is marked, with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.dataset import Table, canonical_value, value_counts
from workbench.errors import Problem
from workbench.portfolio import Outcome, Portfolio, Reading
from workbench.proposal.looks import Look, look
from workbench.proposal.making import build_portfolio, title_of
from workbench.proposal.roles import application_date, outcome_score, role_of, suggestion, tags_of
from workbench.proposal.values import Guess, Proposal

MOST_VALUES = 20
_MORE_COLUMNS = "Bring a file with columns that were known at the application, beside the outcome."


@dataclass(frozen=True)
class _Said:
    """What is said of the outcome: its column, and what some of its values mean."""

    column: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    neither: tuple[str, ...]


def propose(
    table: Table,
    *,
    name: str,
    bad: tuple[str, tuple[str, ...]] | None = None,
    good: tuple[str, ...] = (),
    indeterminate: tuple[str, ...] = (),
    kind: str = "application",
) -> Proposal:
    """Return a draft of the portfolio that `table` belongs to.

    Parameters
    ----------
    name : str
        Name of the portfolio to be.
    bad : tuple, optional
        The outcome column and those of its values that are bad. Without it the outcome is guessed, its
        bad value is asked for, and there is no portfolio yet.
    good, indeterminate : tuple of str
        Other values of the outcome column that are good, and that are neither. Where only one of the two
        is given, the rest is the other. Where neither is and more than one value is left, those that
        sound good are good and the rest indeterminate; a question says so.
    kind : {"application", "behavioural", "fraud"}
    """
    decimal = table.source.decimal or "."
    looks = [look(table.frame[column], decimal) for column in table.frame]
    candidates = sorted((s for s in looks if outcome_score(s) >= 3), key=lambda s: -outcome_score(s))
    outcome = bad[0] if bad else (candidates[0].column if candidates else "")
    questions = [] if outcome else ["Which column says how it ended?"]
    if not bad and len(candidates) > 1:
        others = ", ".join(look.column for look in candidates[1:4])
        questions.append(f"The outcome is taken to be {outcome}; could it be {others}?")
    guesses = _guesses(looks, outcome, named=bad is not None)
    values = _outcome_values(table, outcome)
    said = None if bad is None else _Said(bad[0], bad[1], good, indeterminate)
    portfolio, asked, obstacle = _portfolio(table, name, kind, guesses, values, said)
    unread = [s.question for s in looks if s.question]
    return Proposal(guesses, values, portfolio, (*questions, *asked, *unread), obstacle)


def _guesses(looks: Sequence[Look], outcome: str, *, named: bool) -> tuple[Guess, ...]:
    date = application_date([s for s in looks if s.column != outcome])
    taken: set[str] = set()
    found = []
    for seen in looks:
        if seen.column == outcome:
            role, why = "outcome", "named as the outcome" if named else "its name and values say how it ended"
        elif seen.column == date:
            role, why = "date", "dates the application"
        else:
            role, why = role_of(seen, taken)
        taken.add(role)
        found.append(
            Guess(
                column=seen.column,
                role=role,
                kind=seen.kind,
                format=seen.format,
                date_format=seen.date_format,
                special=seen.special,
                tags=tags_of(seen, role),
                reasons=tuple(reason for reason in (why, *seen.reasons) if reason),
                missing=seen.missing,
                distinct=seen.distinct,
                examples=seen.examples(),
                histogram=seen.histogram(),
                unit=seen.unit,
            )
        )
    return tuple(found)


def _outcome_values(table: Table, outcome: str) -> pd.DataFrame:
    counts = value_counts(table, outcome) if outcome in table.frame else {}
    total = sum(counts.values()) or 1
    few = dict(list(counts.items())[:MOST_VALUES])
    return pd.DataFrame(
        {
            "value": pd.Series(list(few), dtype="str"),
            "n": pd.Series(list(few.values()), dtype="int64"),
            "share": pd.Series([n / total for n in few.values()], dtype="float64"),
            "suggested": pd.Series([suggestion(v, list(counts)) for v in few], dtype="str"),
        }
    )


def _portfolio(
    table: Table,
    name: str,
    kind: str,
    guesses: tuple[Guess, ...],
    values: pd.DataFrame,
    said: _Said | None,
) -> tuple[Portfolio | None, list[str], Problem | None]:
    """Return the portfolio where the bad values are known, what has to be asked, and what is in the way."""
    outcome = next((guess.column for guess in guesses if guess.role == "outcome"), "")
    if said is None:
        return None, [_ask_bad(outcome, values)] if outcome else [], None
    if not outcome:
        asked = [f"The file has no column {said.column}; which column says how it ended?"]
        return None, asked, Problem("OUTCOME", asked[-1], remedy="Name the outcome's column and a bad value.")
    declared, asked, remedy = _declare(said, values)
    if declared is None:
        return None, asked, Problem("OUTCOME", asked[-1], remedy=remedy)
    if not any(guess.role == "characteristic" for guess in guesses):
        asked.append("Which columns may a model use? None looks like a characteristic.")
        return None, asked, Problem("NO_CHARACTERISTIC", asked[-1], remedy=_MORE_COLUMNS)
    made = build_portfolio(name, title_of(name), kind, guesses, declared, reading=_reading(table, guesses))
    return made, asked, None


def _listed(values: pd.DataFrame) -> str:
    rows = zip(values["value"], values["n"], values["share"], strict=True)
    return ", ".join(f"{value[:60]!r} ({n:,} rows, {share:.1%})" for value, n, share in rows)


def _ask_bad(outcome: str, values: pd.DataFrame) -> str:
    bads = values.loc[values["suggested"] == "bad", "value"]
    hint = f" Perhaps {', '.join(repr(value) for value in bads)}." if len(bads) else ""
    return f"Which value of {outcome} is bad? It has {_listed(values)}.{hint}"


def _declare(said: _Said, values: pd.DataFrame) -> tuple[Outcome | None, list[str], str]:
    """Return the outcome that the named values make of a column; or None, the question and what to do."""
    outcome, present = said.column, list(values["value"])
    if len(present) >= MOST_VALUES:
        question = f"{outcome} has {len(present)} different values or more; is it the outcome?"
        return None, [question], "Name the outcome's column and a bad value."
    named = _canonical(said.bad)
    unknown = [v for v in (*named, *_canonical(said.good), *_canonical(said.neither)) if v not in present]
    if unknown or not named:
        listed = ", ".join(repr(value) for value in unknown) or "no value"
        question = f"{outcome} does not hold {listed}. {_ask_bad(outcome, values)}"
        return None, [question], "Name values that the column has."
    rest = [value for value in present if value not in named]
    good, neither, asked = _shared_out(said, rest, present)
    twice = sorted({v for v in (*good, *neither) if v in named or (v in good and v in neither)})
    left = [value for value in rest if value not in good and value not in neither]
    if twice or left:
        what = "is named twice" if twice else "is named neither good, bad nor indeterminate"
        return None, [f"{', '.join(map(repr, twice or left))} of {outcome} {what}."], "Name each value once."
    if not good:
        question = f"Which value of {outcome} is good? It has {_listed(values)}."
        return None, [question], "Say which of its other values are good, or which are neither."
    return Outcome(column=outcome, bad=named, good=good, indeterminate=neither), asked, ""


def _shared_out(
    said: _Said, rest: list[str], present: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return which of the values that are not bad are good, which are neither, and what has to be asked."""
    good, neither = _canonical(said.good), _canonical(said.neither)
    if good and neither:
        return good, neither, []
    if good or neither:
        others = tuple(value for value in rest if value not in (*good, *neither))
        return (good or others), (neither or others), []
    if len(rest) <= 1:
        return tuple(rest), (), []
    hints = {value: suggestion(value, present) for value in rest}
    only_one = set(_canonical(said.bad)) == {"1"}
    good = tuple(v for v in rest if hints[v] == "good" or (only_one and v == "0"))
    neither = tuple(v for v in rest if v not in good)
    listed = ", ".join(repr(value) for value in neither)
    question = f"{listed} of {said.column} is taken as neither good nor bad, and left out of fitting; is it?"
    return good, neither, [question] if neither else []


def _canonical(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_value(value) for value in values))


def _reading(table: Table, guesses: Sequence[Guess]) -> Reading:
    """Return how this file was written, so that the next one need not be asked about again."""
    source = table.source
    if source.form != "csv":
        return Reading()
    written = any(guess.kind == "number" and guess.format != "plain" for guess in guesses)
    return Reading(
        delimiter="" if source.delimiter == "," else source.delimiter,
        decimal=source.decimal if written or source.decimal == "," else "",
        encoding="" if source.encoding in ("", "utf-8") else source.encoding,
    )
