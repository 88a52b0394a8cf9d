"""How far two sets of values are apart: on the values themselves, and on shares of bins."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

NAN = float("nan")


def ks_and_wasserstein(
    a: np.ndarray, b: np.ndarray, a_weight: np.ndarray | None = None, b_weight: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance and Wasserstein's (first) of two sets of sorted numbers.

    Parameters
    ----------
    a, b : array of float, sorted
        Without NaN. Sorted once, a reference serves every later comparison.
    a_weight, b_weight : array, shape (n + 1,), optional
        Running sums of the weights of the same numbers, from 0.

    Returns
    -------
    tuple of float
        The greatest distance of the distribution functions, 0 to 1, and the mean distance values would have
        to be moved, in their own unit; NaN where a set is empty.

    Notes
    -----
    Both follow from one merge of the two sets, in as many steps as there are numbers.

    Examples
    --------
    >>> ks_and_wasserstein(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    (0.25, 1.0)
    """
    if not len(a) or not len(b):
        return NAN, NAN
    if a_weight is None and b_weight is None:
        return _merge()(a, b)
    a_weight = np.arange(len(a) + 1.0) if a_weight is None else a_weight
    b_weight = np.arange(len(b) + 1.0) if b_weight is None else b_weight
    return _merge_weighted()(a, b, a_weight / a_weight[-1], b_weight / b_weight[-1])


def ks_p_value(distance: float, n: float, m: float) -> float:
    """Return how often two sets of `n` and `m` independent values are at least so far apart by chance.

    References
    ----------
    Simard and L'Ecuyer (2011), doi:10.18637/jss.v039.i11, at n m / (n + m) values, as scipy takes it.
    """
    from scipy.stats import kstwo

    size = round(n * m / (n + m)) if n > 0 and m > 0 else 0
    return float(kstwo.sf(distance, size)) if size and distance == distance else NAN


def jensen_shannon(counts: np.ndarray, others: np.ndarray) -> float:
    """Return the Jensen-Shannon distance of two sets of counts, 0 (alike) to 1 (nothing in common).

    Examples
    --------
    >>> jensen_shannon(np.array([1, 0]), np.array([0, 1]))
    1.0
    """
    if not counts.sum() or not others.sum():
        return NAN
    p, q = counts / counts.sum(), others / others.sum()
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(x > 0, x * np.log2(x / middle), 0.0).sum() for x in (p, q)]
    return float(np.sqrt(max(sum(parts) / 2, 0.0)))


def cramers_v(counts: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Return Pearson's chi-squared of two sets of counts, and Cramer's V that follows from it, 0 to 1.

    Examples
    --------
    >>> cramers_v(np.array([10, 0]), np.array([0, 10]))
    (20.0, 1.0)
    """
    n, m = counts.sum(), others.sum()
    both = counts + others
    used = both > 0
    if not n or not m:
        return NAN, NAN
    square = (counts * m - others * n)[used] ** 2 / (both[used] * n * m)
    chi = float(square.sum())
    return chi, float(np.sqrt(chi / (n + m)))


@cache
def _merge() -> Callable[..., tuple[float, float]]:
    """Return the compiled merge of numbers that count alike; compiling takes a second, once a process."""
    import numba

    one = numba.types.Array(numba.float64, 1, "C", readonly=True)
    return numba.njit(numba.types.UniTuple(numba.float64, 2)(one, one), nogil=True)(_merged)


@cache
def _merge_weighted() -> Callable[..., tuple[float, float]]:
    import numba

    one = numba.types.Array(numba.float64, 1, "C", readonly=True)
    kind = numba.types.UniTuple(numba.float64, 2)(one, one, one, one)
    return numba.njit(kind, nogil=True)(_merged_weighted)


def _merged(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    n, m = len(a), len(b)
    i = j = 0
    farthest = whole = 0.0
    before = min(a[0], b[0])
    gap = 0.0
    while i < n and j < m:
        value = min(a[i], b[j])
        whole += gap * (value - before)
        while i < n and a[i] == value:
            i += 1
        while j < m and b[j] == value:
            j += 1
        gap = abs(i / n - j / m)
        farthest = max(farthest, gap)
        before = value
    while i < n:
        whole += (1.0 - i / n) * (a[i] - before)
        before = a[i]
        i += 1
    while j < m:
        whole += (1.0 - j / m) * (b[j] - before)
        before = b[j]
        j += 1
    return farthest, whole


def _merged_weighted(a: np.ndarray, b: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    n, m = len(a), len(b)
    i = j = 0
    farthest = whole = 0.0
    before = min(a[0], b[0])
    gap = 0.0
    while i < n or j < m:
        value = a[i] if j >= m or (i < n and a[i] <= b[j]) else b[j]
        whole += gap * (value - before)
        while i < n and a[i] == value:
            i += 1
        while j < m and b[j] == value:
            j += 1
        gap = abs(u[i] - v[j])
        farthest = max(farthest, gap)
        before = value
    return farthest, whole
