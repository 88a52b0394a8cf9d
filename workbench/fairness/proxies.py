"""What a model may use that tells which group an applicant belongs to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN
from workbench.evaluation.paired import benjamini_hochberg
from workbench.fairness.grouping import Grouping

BINS = 10
STRONG = 0.3
"""Cramér's V from which a characteristic is called a strong proxy: a convention."""


def proxies(columns: Mapping[str, pd.Series], groups: Grouping) -> pd.DataFrame:
    """Return how much each characteristic tells of the group, the most telling first.

    Numbers are cut into tenths, missing apart; then bins or levels are crossed with the groups. Rows whose
    group is not known are left out. A weak link of each can still be a strong one of all together.

    Parameters
    ----------
    columns : mapping of str to Series, shape (n,)
        Characteristics as typed: numbers, dates, categories.

    Returns
    -------
    DataFrame
        by, characteristic, cramers_v (0 none, 1 tells all; bias-corrected), p_value (chi-squared), q_value,
        n, strong (from .3 on, a convention), reason.

    References
    ----------
    Bergsma (2013), doi:10.1016/j.jkss.2012.10.002.

    Examples
    --------
    >>> g = Grouping("g", "g", ("a", "b"), np.array([0, 1] * 200))
    >>> same, other = pd.Series([0.0, 1.0] * 200), pd.Series([0.0, 0.0, 1.0, 1.0] * 100)
    >>> told = proxies({"same": same, "other": other}, g)
    >>> told["cramers_v"].round(2).tolist(), told["strong"].tolist()
    ([1.0, 0.0], [True, False])
    """
    inside = groups.known[groups.code]
    code = groups.code[inside]
    lines = []
    for name, column in columns.items():
        v, p_value, reason = _link(_codes(column)[inside], code, len(groups.labels))
        lines.append((groups.by, name, v, p_value, len(code), reason))
    found = pd.DataFrame(lines, columns=["by", "characteristic", "cramers_v", "p_value", "n", "reason"])
    found.insert(4, "q_value", benjamini_hochberg(found["p_value"].to_numpy(dtype=float)))
    found["strong"] = found["cramers_v"] >= STRONG
    return found.sort_values("cramers_v", ascending=False, kind="stable", na_position="last").reset_index(
        drop=True
    )


def _codes(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy() + 1
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype("int64").where(column.notna()).astype(float)
    values = column.to_numpy(dtype=float)
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), int)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(known, np.searchsorted(edges, values, side="right") + 1, 0)


def _link(cell: np.ndarray, code: np.ndarray, groups: int) -> tuple[float, float, str]:
    from scipy.special import chdtrc

    counts = np.bincount(
        cell.astype(np.int64) * groups + code, minlength=(int(cell.max(initial=0)) + 1) * groups
    )
    table = counts.reshape(-1, groups).astype(float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns, n = *table.shape, table.sum()
    if rows < 2 or columns < 2:
        return NAN, NAN, "it holds one value" if columns > 1 else "one group has rows"
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)
    square = max(statistic / n - freedom / (n - 1), 0.0)
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    v = min((square / smaller) ** 0.5, 1.0) if smaller > 0 else NAN
    return v, float(chdtrc(freedom, statistic)), ""
