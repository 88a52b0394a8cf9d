"""A segment: the rows that meet every one of a few rules, such as ``home = rent and income > 50000``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError

ALL_ROWS = "all rows"
IS_MISSING, NOT_MISSING = "is missing", "is not missing"
ORDERED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
RELATIONS = ("=", "!=", "in", "not in", *ORDERED, IS_MISSING, NOT_MISSING)
PLAIN = re.compile(r"[^\W\d_][\w.+-]*|[+-]?[\d.][\w.+-]*|_\w*")
KEYWORDS = frozenset({"and", "or", "in", "not", "is", "missing", "all"})


@dataclass(frozen=True)
class Rule:
    """What one characteristic must be for a row to be in a segment.

    Attributes
    ----------
    characteristic : str
        The column.
    relation : str
        One of `RELATIONS`.
    values : tuple of float or str
        Numbers as numbers, dates as ISO text, levels as the data write them; empty for missing.
    special : tuple of float
        Codes of the characteristic that are no quantities: ``<`` and its kind leave their rows out.
    """

    characteristic: str
    relation: str
    values: tuple[float | str, ...] = ()
    special: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"a rule says one of {', '.join(RELATIONS)}, not {self.relation!r}")
        if bool(self.values) == self.relation.endswith("missing"):
            raise ValueError(f"{self.relation!r} does not go with {len(self.values)} values")

    def __str__(self) -> str:
        """Return the rule in words that `parse` reads again."""
        said = [_written(value) for value in self.values]
        listed = f"({', '.join(said)})" if self.relation.endswith("in") else "".join(said)
        return f"{quoted(self.characteristic)} {self.relation} {listed}".rstrip()

    def mask(self, column: pd.Series) -> np.ndarray:
        """Return which values meet the rule; a missing one meets ``is missing`` and nothing else."""
        gone = column.isna().to_numpy()
        if self.relation.endswith("missing"):
            return gone if self.relation == IS_MISSING else ~gone
        if self.relation in ORDERED:
            found = ORDERED[self.relation](column.to_numpy(), _like(self.values, column)[0])
            return found & ~gone & ~column.isin(self.special).to_numpy()
        found = column.isin(_like(self.values, column)).to_numpy()
        return found if self.relation in ("=", "in") else ~found & ~gone


@dataclass(frozen=True)
class Segment:
    """Rows that meet every rule; without rules, all rows.

    Attributes
    ----------
    rules : tuple of Rule

    Examples
    --------
    >>> segment = Segment((Rule("home", "in", ("own", "rent")), Rule("term", ">", (36.0,))))
    >>> str(segment), str(Segment())
    ('home in (own, rent) and term > 36', 'all rows')
    >>> frame = pd.DataFrame({"home": ["own", "rent", "other"], "term": [60.0, 36.0, 60.0]})
    >>> segment.mask(frame)
    array([ True, False, False])
    """

    rules: tuple[Rule, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any rules."""
        return bool(self.rules)

    def __str__(self) -> str:
        """Return the segment in words that `parse` reads again: two ways to ask are written one way."""
        return " and ".join(map(str, self.rules)) or ALL_ROWS

    def mask(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which rows of a frame of typed characteristics are in the segment; shape (n,).

        Raises
        ------
        InputError
            ``SEGMENT`` where the frame has no such column.
        """
        absent = [rule.characteristic for rule in self.rules if rule.characteristic not in frame]
        if absent:
            raise wrong(f"the rows have no column {', '.join(map(quoted, absent))}", "Leave that rule out.")
        found = np.ones(len(frame), bool)
        for rule in self.rules:
            found &= rule.mask(frame[rule.characteristic])
        return found

    def of(self, characteristic: str) -> tuple[str, ...]:
        """Return the levels of a characteristic that the segment names with ``=`` or ``in``."""
        rules = (r for r in self.rules if r.characteristic == characteristic and r.relation in ("=", "in"))
        return tuple(str(value) for rule in rules for value in rule.values)

    def with_levels(self, characteristic: str, levels: Sequence[str]) -> Segment:
        """Return the segment with `levels` in place of what it names of a characteristic; none: no rule."""
        rest = [r for r in self.rules if r.characteristic != characteristic or r.relation not in ("=", "in")]
        relation = "=" if len(levels) == 1 else "in"
        more = [Rule(characteristic, relation, tuple(levels))] if levels else []
        return Segment((*rest, *more))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rules as plain values."""
        return [
            {
                "characteristic": rule.characteristic, "relation": rule.relation,
                "values": list(rule.values), "special": list(rule.special),
            }
            for rule in self.rules
        ]  # fmt: skip

    @classmethod
    def from_json(cls, values: Sequence[Mapping[str, Any]]) -> Segment:
        """Return the segment that `to_json` gave."""
        return cls(
            tuple(
                Rule(v["characteristic"], v["relation"], tuple(v["values"]), tuple(v["special"]))
                for v in values
            )
        )


def wrong(what: str, remedy: str, where: str = "segment") -> InputError:
    """Return the error of a segment that cannot be read."""
    return InputError("SEGMENT", what, where, remedy)


def quoted(text: str) -> str:
    """Return a name or a level as it is written in a segment, in quotes where it needs them.

    Examples
    --------
    >>> quoted("home"), quoted("debt consolidation"), quoted('5" pipes')
    ('home', '"debt consolidation"', '"5"" pipes"')
    """
    if PLAIN.fullmatch(text) and text.lower() not in KEYWORDS:
        return text
    return '"' + text.replace('"', '""') + '"'


def _written(value: float | str) -> str:
    if isinstance(value, str):
        return quoted(value) if not re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _like(values: Sequence[float | str], column: pd.Series) -> list[Any]:
    """Return the values of a rule as the column holds its own."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return [np.datetime64(str(value), "s") for value in values]
    return list(values)
