"""How far the values of two groups of rows are apart, and what chance alone would make of it."""

from __future__ import annotations

import numpy as np

MOVED, FAR = 0.10, 0.25
"""The population stability index from which a change is called moderate, and large; a convention."""


def psi(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the population stability index of pairs of groups, what it stays below by chance, and p values.

    Parameters
    ----------
    rows, others : array of int, shape (..., bins)
        Rows in each bin; an empty cell counts as half a row. Bins that are empty in both are left out.

    Returns
    -------
    tuple of array, shape (...)
        PSI, the PSI that 95 in 100 pairs of groups of these sizes stay below where nothing changed, and the
        share of such pairs that would exceed this one; NaN where a group has no rows.

    References
    ----------
    Yurdakul, B. and Naranjo, J. (2020). Statistical properties of the population stability index. Journal
    of Risk Model Validation 14(4). doi:10.21314/JRMV.2020.227

    Examples
    --------
    >>> index, chance, p = psi(np.array([30, 70]), np.array([500, 500]))
    >>> round(float(index), 3), round(float(chance), 3), bool(p < 0.001)
    (0.169, 0.042, True)
    """
    from scipy.special import chdtrc, chdtri

    a, b = np.asarray(rows, dtype=float), np.asarray(others, dtype=float)
    used = (a + b) > 0
    n, m = a.sum(axis=-1), b.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where((n > 0) & (m > 0), 1 / n + 1 / m, np.nan)
        a, b = (np.where(used, np.where(x == 0, 0.5, x), 0.0) for x in (a, b))
        a, b = a / a.sum(axis=-1, keepdims=True), b / b.sum(axis=-1, keepdims=True)
        each = np.where(used, (a - b) * np.log(a / b), 0.0)
        index = np.where(np.isnan(spread), np.nan, each.sum(axis=-1))
        free = used.sum(axis=-1) - 1
        chance, p_value = (
            chdtri(np.maximum(free, 1), 0.05) * spread,
            chdtrc(np.maximum(free, 1), index / spread),
        )
    return index, np.where(free > 0, chance, 0.0 * spread), np.where(free > 0, p_value, 1.0 + 0.0 * spread)


def reference(counts: np.ndarray) -> np.ndarray:
    """Return which groups are alike, for the others to be held against; at least half of them.

    The group that is farthest from the rest, beyond chance, is taken out, then the farthest of those left: so
    one group that broke does not make all others look broken.

    Parameters
    ----------
    counts : array of int, shape (groups, bins)

    Returns
    -------
    array of bool, shape (groups,)

    Examples
    --------
    >>> reference(np.array([[0, 300], [0, 300], [150, 150], [1, 299]])).tolist()
    [True, True, False, True]
    """
    alike = counts.sum(axis=-1) > 0
    for _ in range(int(alike.sum()) // 2):
        index, _, p_value = psi(counts, elsewhere(counts, alike))
        far = np.where(alike & (p_value < 0.05 / len(counts)), index, -1.0)
        if far.max() < 0:
            break
        alike[far.argmax()] = False
    return alike


def elsewhere(counts: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Return, for each group, the counts of the groups that are alike, itself left out."""
    return counts[alike].sum(axis=0) - np.where(alike[:, None], counts, 0)
