"""Rows as they came in: to be held against earlier ones, whether or not it is known how they ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset import casting
from workbench.dataset.build import applicants, outcomes
from workbench.dataset.text import as_text
from workbench.dataset.values import BAD, GOOD, INDETERMINATE, Dataset, Table
from workbench.portfolio import Portfolio


def arrived(table: Table, portfolio: Portfolio) -> Dataset:
    """Return the rows of `table` checked and typed, with the outcomes that are known.

    Other than of data to train on, a row whose outcome is blank counts as indeterminate, the outcome's
    column may be absent, and one outcome may be all there is. Such a data set is never kept: it has no
    fingerprint.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH``, ``DATE_FORMAT``, ``TOO_FEW_ROWS`` as `applicants`; ``TARGET`` where an outcome
        is none of those declared.

    Examples
    --------
    >>> from workbench.dataset import from_frame
    >>> from workbench.portfolio import from_values
    >>> values = {"name": "p", "outcome": {"column": "bad", "bad": ["1"]}}
    >>> values["characteristics"] = [{"name": "age"}]
    >>> made = from_frame(pd.DataFrame({"age": ["30", "40"], "bad": ["1", ""]}))
    >>> arrived(made, from_values(values, "example")).outcome.tolist()
    [1, -1]
    """
    found = applicants(table, portfolio)
    at = np.flatnonzero(np.isin(table.record, found.record))
    outcome = np.full(found.n, INDETERMINATE, np.int8)
    column = table.frame.get(portfolio.outcome.column)
    if column is not None and len(table.frame) and bool((_text(column) != "").any()):
        told = outcomes(table, portfolio.outcome)[at]
        outcome = np.where((told == BAD) | (told == GOOD), told, INDETERMINATE).astype(np.int8)
    weight, usable = None, np.ones(found.n, bool)
    if portfolio.weight and portfolio.weight in table.frame:
        decimal = table.source.decimal or portfolio.reading.decimal or "."
        cast = casting.cast_weight(table.frame[portfolio.weight], decimal)
        usable = cast.state[at] == casting.OK
        weight = cast.values.to_numpy(dtype=float)[at][usable]
    group = None
    if portfolio.group and portfolio.group in table.frame:
        group = _text(table.frame[portfolio.group]).iloc[at][usable].reset_index(drop=True)
    return Dataset(
        portfolio=portfolio,
        frame=found.frame if usable.all() else found.frame[usable].reset_index(drop=True),
        row_key=found.row_key[usable].reset_index(drop=True),
        date=None if found.date is None else found.date[usable].reset_index(drop=True),
        record=found.record[usable],
        refused=found.refused
        if usable.all()
        else _without_weight(found.refused, found.record[~usable], portfolio),
        source=found.source,
        outcome=outcome[usable],
        weight=weight,
        group=group,
    )


def _text(column: pd.Series) -> pd.Series:
    return pd.Series(as_text(column.reset_index(drop=True)).to_pandas(), dtype="str").fillna("")


def _without_weight(refused: pd.DataFrame, record: np.ndarray, portfolio: Portfolio) -> pd.DataFrame:
    """Return refused rows with those added whose weight cannot be used."""
    more = pd.DataFrame(
        {
            "record": record,
            "column": portfolio.weight,
            "code": casting.CODES[casting.NOT_A_WEIGHT],
            "reason": "is not a positive weight",
            "text": "",
        }
    )
    return pd.concat([refused, more], ignore_index=True)
