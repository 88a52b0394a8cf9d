"""Edited guesses -> Portfolio, and what differs between two versions of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from workbench.portfolio import Outcome, Portfolio, Reading, from_values
from workbench.proposal.values import Guess

WORDS = {
    "amt": "amount",
    "amnt": "amount",
    "bal": "balance",
    "inc": "income",
    "mths": "months",
    "inq": "inquiries",
    "acc": "accounts",
    "num": "number of",
    "pct": "percent",
    "revol": "revolving",
    "util": "utilisation",
    "delinq": "delinquencies",
    "pymnt": "payment",
    "yrs": "years",
    "emp": "employment",
    "addr": "address",
    "pub": "public",
    "rec": "records",
    "avg": "average",
    "dt": "date",
}
SINGLE = {"row key": "row_key", "date": "date", "weight": "weight", "group": "group"}


def title_of(column: str) -> str:
    """Return a column's name as words.

    Examples
    --------
    >>> title_of("annual_inc"), title_of("LIMIT_BAL"), title_of("monthlyIncome")
    ('Annual income', 'Limit balance', 'Monthly income')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    parts = [part for part in re.split(r"[\W_]+", spaced) if part]
    words = " ".join(WORDS.get(part.lower(), part.lower()) for part in parts)
    return (words[:1].upper() + words[1:]) or column


def build_portfolio(
    name: str,
    title: str,
    kind: str,
    roles: Sequence[Guess],
    outcome: Outcome,
    version: int = 1,
    *,
    description: str = "",
    reading: Reading | None = None,
) -> Portfolio:
    """Return the portfolio that edited guesses declare.

    Raises
    ------
    InputError
        ``PORTFOLIO`` with every mistake: two columns of a single role, no characteristic, a bad name.
    """
    values: dict[str, Any] = {"name": name, "version": version, "title": title, "kind": kind}
    values |= {"description": description, "outcome": outcome.model_dump(exclude_defaults=True)}
    for role, key in SINGLE.items():
        columns = [guess for guess in roles if guess.role == role and guess.column != outcome.column]
        if len(columns) == 1:
            values[key] = columns[0].column
        elif columns:
            values[key] = ", ".join(guess.column for guess in columns)
        if role == "date" and columns:
            values["date_format"] = columns[0].date_format
            values["sampling"] = {"kind": "out-of-time"}
    apart = [guess for guess in roles if guess.column != outcome.column]
    values["characteristics"] = [_declared(guess) for guess in apart if guess.role == "characteristic"]
    values["protected"] = [_declared(guess) for guess in apart if guess.role == "protected"]
    values["left_out"] = [guess.column for guess in apart if guess.role == "leave out"]
    if reading is not None:
        values["reading"] = reading.model_dump()
    return from_values(values, name)


def _declared(guess: Guess) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": guess.column, "title": title_of(guess.column), "kind": guess.kind}
    tags = dict.fromkeys(guess.tags)
    if guess.role == "protected":
        tags["protected"] = None
    declared["tags"] = list(tags)
    if guess.kind == "number":
        declared |= {"format": guess.format, "unit": guess.unit}
        declared["special"] = [{"value": code, "label": "Special code"} for code in guess.special]
    if guess.kind == "date":
        declared["date_format"] = guess.date_format
    return declared


def difference(old: Portfolio, new: Portfolio) -> tuple[str, ...]:
    """Return what changed from one version to the next, in sentences; empty where nothing did."""
    return tuple(_differences(old, new))


def _differences(old: Portfolio, new: Portfolio) -> Iterator[str]:
    before, after = _roles(old), _roles(new)
    for column in after:
        if column not in before:
            yield f"{column} is new, as {after[column]}."
        elif before[column] != after[column]:
            yield f"{column} was {before[column]} and is now {after[column]}."
    for column in before:
        if column not in after:
            yield f"{column} is gone; it was {before[column]}."
    for one in (*new.characteristics, *new.protected):
        if before.get(one.name) == after[one.name] and before[one.name] in ("characteristic", "protected"):
            yield from _changed(f"{one.name}: ", old.characteristic(one.name), one)
    skipped = {"version", "characteristics", "protected", "left_out", "row_key", "date", "weight", "group"}
    yield from _changed("", old, new, skipped)
    order = [c.name for c in old.characteristics if c.name in {n.name for n in new.characteristics}]
    if order != [c.name for c in new.characteristics if c.name in set(order)]:
        yield "The characteristics stand in another order."


def _roles(portfolio: Portfolio) -> dict[str, str]:
    said = {"leave out": "left out"}
    by_role = portfolio.columns_by_role().items()
    return {column: said.get(role, role) for role, columns in by_role for column in columns}


def _changed(prefix: str, old: Any, new: Any, skipped: set[str] = frozenset()) -> Iterator[str]:  # type: ignore[assignment]
    left, right = old.model_dump(mode="json"), new.model_dump(mode="json")
    for key in right:
        if key in skipped or left[key] == right[key]:
            continue
        words = key.replace("_", " ")
        if isinstance(right[key], dict):
            for inner in left[key] | right[key]:
                if left[key].get(inner) != right[key].get(inner):
                    was, now = _said(left[key].get(inner)), _said(right[key].get(inner))
                    yield f"{prefix}{words} {inner} was {was} and is now {now}."
        else:
            yield f"{prefix}{words} was {_said(left[key])} and is now {_said(right[key])}."


def _said(value: Any) -> str:
    if value in (None, "", [], ()):
        return "not set"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        listed = ", ".join(
            str(v.get("value", v.get("label", v.get("text", v)))) if isinstance(v, dict) else str(v)
            for v in value
        )
        return listed if len(listed) <= 120 else listed[:119] + "…"
    return f"{value:g}" if isinstance(value, float) else str(value)
