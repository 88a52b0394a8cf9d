"""Rows to judge decisions on: with what is protected of them, and with their outcome where it is known."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from workbench.dataset import casting
from workbench.dataset.build import applicants, outcomes
from workbench.dataset.text import as_text
from workbench.dataset.values import BAD, GOOD, INDETERMINATE, Applicants, Dataset, Table
from workbench.errors import InputError
from workbench.portfolio import Portfolio


def judged(table: Table, portfolio: Portfolio, protected: tuple[str, ...]) -> Dataset:
    """Return the rows of a table that can be scored, with some of its protected columns.

    Unlike `build` it asks for no outcome: where the file has none, or it is blank or indeterminate, a
    row's is not known (-1), and rows of one class alone are taken. So the result trains nothing, and has
    no fingerprint.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH`` where a characteristic or a protected column is missing; ``TARGET`` where the
        outcome holds values that the portfolio does not know; ``TOO_FEW_ROWS``.
    """
    absent = [name for name in protected if name not in table.frame]
    if absent:
        what = f"has no column {absent[0]!r}, the protected attribute that was asked for"
        raise InputError("SCHEMA_MISMATCH", what, table.source.name, "Bring a file that has it.")
    scored = applicants(table, portfolio)
    keep = np.isin(table.record, scored.record)
    frame = table.frame.reset_index(drop=True)
    decimal = table.source.decimal or portfolio.reading.decimal or "."
    may = {"missing": "model"}  # a protected value that is missing refuses nobody
    asked = [portfolio.characteristic(name).model_copy(update=may) for name in protected]
    casts = {one.name: casting.cast(frame[one.name], one, decimal).values[keep].array for one in asked}
    known = {one.name: getattr(scored, one.name) for one in fields(Applicants)}
    made = Dataset(
        **known, outcome=_outcome(table, portfolio)[keep],
        protected=pd.DataFrame(casts, index=pd.RangeIndex(int(keep.sum()))),
    )  # fmt: skip
    return _with_roles(made, frame, decimal, keep)


def _outcome(table: Table, portfolio: Portfolio) -> np.ndarray:
    """Return 1, 0, or -1 where it is not known; shape (n,)."""
    column = portfolio.outcome.column
    if column not in table.frame or (as_text(table.frame[column]).to_pandas().fillna("") == "").all():
        return np.full(len(table.frame), INDETERMINATE, np.int8)
    found = outcomes(table, portfolio.outcome)
    return np.where((found == BAD) | (found == GOOD), found, INDETERMINATE).astype(np.int8)


def _with_roles(made: Dataset, frame: pd.DataFrame, decimal: str, keep: np.ndarray) -> Dataset:
    """Return the rows with weight and customer, where the portfolio has them and the file too."""
    portfolio = made.portfolio
    if portfolio.weight and portfolio.weight in frame:
        cast = casting.cast_weight(frame[portfolio.weight], decimal)
        # a row that stands for nobody is one of weight 0
        made = replace(made, weight=np.where(cast.state == casting.OK, cast.values, 0.0)[keep])
    if portfolio.group and portfolio.group in frame:
        text = as_text(frame[portfolio.group]).to_pandas()
        made = replace(made, group=text[keep].reset_index(drop=True))
    return made
