"""Rows to judge decisions on: with what is protected of them, and with their outcome where it is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.dataset import casting
from workbench.dataset.arrived import arrived
from workbench.dataset.values import Dataset, Table
from workbench.errors import InputError
from workbench.portfolio import Portfolio


def judged(table: Table, portfolio: Portfolio, protected: tuple[str, ...]) -> Dataset:
    """Return the rows of a table that can be scored, with some of its protected columns.

    The rows and their outcomes are those of `arrived`, so that whatever is told of one file is told of the
    same rows.

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
    made = arrived(table, portfolio)
    if not made.n:
        what = f"none of {made.rows_in:,} rows can be used"
        raise InputError("TOO_FEW_ROWS", what, table.source.name, "Correct the columns it names as refused.")
    keep = np.isin(table.record, made.record)
    frame = table.frame.reset_index(drop=True)
    decimal = table.source.decimal or portfolio.reading.decimal or "."
    may = {"missing": "model"}  # a protected value that is missing refuses nobody
    asked = [portfolio.characteristic(name).model_copy(update=may) for name in protected]
    casts = {one.name: casting.cast(frame[one.name], one, decimal).values[keep].array for one in asked}
    return replace(made, protected=pd.DataFrame(casts, index=pd.RangeIndex(made.n)))
