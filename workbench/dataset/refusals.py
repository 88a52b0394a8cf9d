"""The refused rows as a list that their owner can work through."""

from __future__ import annotations

import pandas as pd

from workbench.dataset.text import as_text
from workbench.dataset.values import REFUSED_COLUMNS, Applicants, Table


def refused_rows(table: Table, checked: Applicants) -> pd.DataFrame:
    """Return one line for each cell a row of `table` was refused for, in the file's order.

    Returns
    -------
    DataFrame
        `record` (1 is the first row of data), the row key under its own name where the portfolio has one,
        `column`, `code`, `reason` and `text`, the value masked.

    Examples
    --------
    >>> from workbench.dataset import build, from_frame
    >>> from workbench.portfolio import from_values
    >>> values = {"name": "p", "row_key": "id", "outcome": {"column": "bad", "bad": ["1"]}}
    >>> values["characteristics"] = [{"name": "age"}]
    >>> table = from_frame(
    ...     pd.DataFrame({"id": ["a", "b", "c"], "age": ["30", "x", "50"], "bad": ["0", "1", "1"]})
    ... )
    >>> refused_rows(table, build(table, from_values(values, "example"))).iloc[0, 1:4].tolist()
    ['b', 'age', 'NOT_A_NUMBER']
    """
    lines = checked.refused.reset_index(drop=True)
    key = checked.portfolio.row_key
    if key and key in table.frame:
        keys = pd.Series(
            as_text(table.frame[key].reset_index(drop=True)).to_pylist(), table.record, dtype="str"
        )
        name = key if key not in REFUSED_COLUMNS else "row_key"
        lines.insert(1, name, keys.reindex(lines["record"]).fillna("").to_numpy())
    return lines
