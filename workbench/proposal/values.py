"""What a proposal is: a guess a column, each with its reasons, and the portfolio they make."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from workbench.errors import Problem
from workbench.portfolio import Portfolio

ROLES = ("characteristic", "outcome", "row key", "date", "weight", "group", "protected", "leave out")
HISTOGRAM_BINS = 12


@dataclass(frozen=True)
class Guess:
    """What a column seems to be, for the analyst to confirm or mend.

    Attributes
    ----------
    column : str
    role : str
        One of ROLES.
    kind : {"number", "category", "flag", "date"}
    format, date_format : str
        How a number or a date is written, as in `Characteristic`.
    special : tuple of str
        Codes that look as if they stood for something other than a quantity.
    tags : tuple of str
        amount, segment.
    reasons : tuple of str
        Why, in plain words.
    missing : float
        Share of blank values, 0 to 1.
    distinct : int
        Different values, blanks not counted.
    examples : tuple of str
        First different values.
    histogram : tuple of int
        Rows in twelve equal bins of a number or date, or of the twelve most common values.
    unit : str
        Unit written behind the numbers.
    """

    column: str
    role: str = "characteristic"
    kind: str = "number"
    format: str = "plain"
    date_format: str = ""
    special: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    missing: float = 0.0
    distinct: int = 0
    examples: tuple[str, ...] = ()
    histogram: tuple[int, ...] = ()
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A portfolio drafted from a table.

    Attributes
    ----------
    guesses : tuple of Guess
        One a column, in the table's order.
    outcome_values : DataFrame
        `value` (str), `n` (rows), `share` (of rows with a value), `suggested` ("bad", "good" or ""),
        most common first; empty without an outcome column.
    portfolio : Portfolio, optional
        None until the outcome and its bad values are known.
    questions : tuple of str
        What only the analyst can answer.
    obstacle : Problem, optional
        Why there is no portfolio although the outcome was named: ``OUTCOME`` or ``NO_CHARACTERISTIC``.
    """

    guesses: tuple[Guess, ...]
    outcome_values: pd.DataFrame
    portfolio: Portfolio | None = None
    questions: tuple[str, ...] = field(default=())
    obstacle: Problem | None = None

    def guess(self, column: str) -> Guess:
        """Return the guess on a column."""
        return next(guess for guess in self.guesses if guess.column == column)
