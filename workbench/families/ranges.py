"""How far a family's parameter may go, and the parameters of a fit with what was not asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Range:
    """What a parameter may be: a number from `low` to `high`, or one of some words.

    Attributes
    ----------
    low, high : float, optional
        Both ends belong to the range; None where only words do.
    above : bool
        Whether the value is above `low`, which then does not belong to the range.
    words : tuple of str
        Words that may stand for a number.

    Examples
    --------
    >>> Range(0, 1, above=True).said, Range(1, 5000).said, Range(0, 1, words=("sqrt",)).said
    ('above 0 and at most 1', 'from 1 to 5,000', 'sqrt, or from 0 to 1')
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    words: tuple[str, ...] = ()

    def holds(self, value: Scalar) -> bool:
        """Return whether the parameter may be `value`."""
        if isinstance(value, str):
            return value in self.words
        if self.low is None or self.high is None:
            return False
        return self.low <= value <= self.high and not (self.above and value == self.low)

    @property
    def said(self) -> str:
        """The range in words."""
        if self.low is None or self.high is None:
            return f"one of {', '.join(self.words)}"
        low, high = f"{self.low:,}", f"{self.high:,}"
        numbers = f"above {low} and at most {high}" if self.above else f"from {low} to {high}"
        return f"{', '.join(self.words)}, or {numbers}" if self.words else numbers


Ranges = tuple[tuple[str, Range], ...]
"""The range of each parameter, by its name."""

RATE = Range(0, 1, above=True)
SHARE = Range(0.01, 1)


def settled(
    defaults: tuple[tuple[str, Scalar], ...], params: tuple[tuple[str, Scalar], ...]
) -> dict[str, Any]:
    """Return every parameter, as asked for or by default, numbers of the kind the default is.

    An engine refuses 15.0 leaves, and takes 1 for one column where 1.0 means all of them.

    Examples
    --------
    >>> settled((("rounds", 100), ("rate", 0.1), ("columns", "sqrt")), (("rounds", 50.0), ("columns", 1)))
    {'rounds': 50, 'rate': 0.1, 'columns': 1.0}
    """
    asked = dict(params)
    return {name: _of_kind(default, asked.get(name, default)) for name, default in defaults}


def _of_kind(default: Scalar, value: Scalar) -> Scalar:
    if isinstance(value, bool | str):
        return value
    return int(value) if isinstance(default, int) else float(value)


def is_whole(value: float) -> bool:
    """Return whether a number is a whole one; endless ones and nan are not."""
    return math.isfinite(value) and value == int(value)
