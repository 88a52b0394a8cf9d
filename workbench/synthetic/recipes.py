"""Which portfolios can be made, and the one way to make their data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import InputError, MissingError
from workbench.run import seed_for
from workbench.synthetic import auto_fraud, cash_advance, consumer_credit, counterparty, defi_loans

MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class Recipe:
    """How one portfolio's data are made.

    Attributes
    ----------
    name : str
        The portfolio's.
    rows : int
        How many are made where no number is asked for.
    make : callable
        (generator, rows) -> frame with the portfolio's columns, by date.
    """

    name: str
    rows: int
    make: Callable[[np.random.Generator, int], pd.DataFrame]


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("counterparty", counterparty.ROWS, counterparty.make),
        Recipe("defi_loans", defi_loans.ROWS, defi_loans.make),
        Recipe("cash_advance", cash_advance.ROWS, cash_advance.make),
        Recipe("auto_fraud", auto_fraud.ROWS, auto_fraud.make),
        Recipe("consumer_credit", consumer_credit.ROWS, consumer_credit.make),
    )
}


def find(name: str) -> Recipe:
    """Return the recipe of the portfolio `name`.

    Raises
    ------
    MissingError
        ``NO_RECIPE``, listing those there are.
    """
    if name not in RECIPES:
        raise MissingError(
            "NO_RECIPE",
            f"data of the portfolio {name!r} cannot be made here",
            remedy=f"Take one of: {', '.join(RECIPES)}.",
        )
    return RECIPES[name]


def generate(name: str, rows: int | None = None, seed: int = 42) -> pd.DataFrame:
    """Return made data of a shipped portfolio, the same for the same arguments.

    Parameters
    ----------
    name : str
        The portfolio's name, one of `RECIPES`.
    rows : int, optional
        How many; the recipe's own number where None.
    seed : int
        Not negative.

    Returns
    -------
    DataFrame
        One line an application, by date over 24 months: row key, date, characteristics in portfolio
        order, protected ones, outcome (1 bad).

    Raises
    ------
    MissingError
        ``NO_RECIPE``.
    InputError
        ``ROWS`` where fewer than one row, or more than ten million, are asked for.

    Examples
    --------
    >>> made = generate("counterparty", 100, seed=7)
    >>> len(made), made.equals(generate("counterparty", 100, seed=7))
    (100, True)
    """
    recipe = find(name)
    n = recipe.rows if rows is None else rows
    if not 1 <= n <= MOST_ROWS:
        raise InputError("ROWS", f"{n:,} rows cannot be made", remedy=f"Ask for 1 to {MOST_ROWS:,}.")
    return recipe.make(np.random.default_rng(seed_for(seed, "synthetic", name)), n)
