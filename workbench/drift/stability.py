"""How far the counts of two groups of rows are apart, and what chance alone would make of it."""

from __future__ import annotations

import numpy as np

from workbench.evaluation.rates import informative

MOVED, FAR = 0.10, 0.25
"""The population stability index from which a change is called moderate, and large; a convention."""
LEAST = 5.0
"""Rows to expect of each bin of the smaller group, for chi-square to tell chance."""
MANY = 100.0
FEW, DRAWS = 20.0, 1_000


def index(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the population stability index of pairs of groups; see `psi`.

    Examples
    --------
    >>> index(np.array([50, 50, 0]), np.array([500, 500, 0])).tolist()
    0.0
    """
    return _index(np.asarray(rows, dtype=float), np.asarray(others, dtype=float))


def psi(
    rows: np.ndarray, others: np.ndarray, effect: np.ndarray | float = 1.0, others_effect: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the population stability index of pairs of groups, what it stays below by chance, and p values.

    Parameters
    ----------
    rows, others : array of int, shape (..., bins)
        Rows in each bin; an empty cell counts as half a row. Bins that are empty in both are left out.
    effect, others_effect : float or array, shape (...)
        Rows that tell as much as an independent one; see `design_effect`.

    Returns
    -------
    tuple of array, shape (...)
        PSI, the PSI that 95 in 100 pairs of groups of these sizes stay below where nothing changed, and the
        p value of `unlike`; NaN where a group has no rows.

    Notes
    -----
    What the index stays below by chance is chi-square, scaled; of bins with few rows it is drawn.

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
    a, b = np.asarray(rows, dtype=float), np.asarray(others, dtype=float)
    found = _index(a, b)
    told, against = _informative(rows, others, effect, others_effect)
    return found, np.where(np.isnan(found), np.nan, _chance(told, against, (0.95,))[0]), unlike(told, against)


def unlike(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the p values that pairs of groups are alike: Pearson's chi-square, of two bins exact.

    Parameters
    ----------
    rows, others : array, shape (..., bins)
        Rows in each bin, or as many as are as informative. Bins to expect fewer than 5 rows of are one, which
        takes in another where it is still too small.

    Returns
    -------
    array, shape (...)
        1 where there is one bin only, NaN where a group has no rows.
    """
    from scipy.special import chdtrc

    a, b = np.broadcast_arrays(np.asarray(rows, dtype=float), np.asarray(others, dtype=float))
    n, m = a.sum(axis=-1), b.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        least = (a + b) * (np.minimum(n, m) / (n + m))[..., None]
        small = _small(np.nan_to_num(least))
        a, b = (
            np.concatenate([np.where(small, 0.0, x), np.where(small, x, 0.0).sum(axis=-1, keepdims=True)], -1)
            for x in (a, b)
        )
        both = a + b
        used = both > 0
        square = (a * m[..., None] - b * n[..., None]) ** 2 / (both * (n * m)[..., None])
        free = used.sum(axis=-1) - 1
        p_value = chdtrc(np.maximum(free, 1), np.where(used, square, 0.0).sum(axis=-1))
    p_value = np.where(free > 0, p_value, 1.0)
    rarer = np.where(used, both, np.inf).argmin(axis=-1)[..., None]
    part, other = (np.take_along_axis(x, rarer, -1)[..., 0] for x in (a, b))
    few = (free == 1) & ((part + other) * np.minimum(n, m) < MANY * (n + m))
    if few.any():
        p_value = np.where(few, _exact(*(np.where(few, x, 0.0) for x in (part, n, other, m))), p_value)
    return np.where((n > 0) & (m > 0), p_value, np.nan)


def _small(least: np.ndarray) -> np.ndarray:
    """Return which bins are put together; the largest never is."""
    place = np.arange(least.shape[-1])
    small = (least < LEAST) & (place != least.argmax(axis=-1)[..., None])
    rest = np.where(small, least, 0.0).sum(axis=-1)
    short = (rest > 0) & (rest < LEAST) & ((~small).sum(axis=-1) > 1)
    smallest = np.where(small, np.inf, least).argmin(axis=-1)
    return small | (short[..., None] & (place == smallest[..., None]))


def _exact(part: np.ndarray, n: np.ndarray, other: np.ndarray, m: np.ndarray) -> np.ndarray:
    from scipy.stats import hypergeom

    part, n, other, m = (np.rint(x) for x in (part, n, other, m))
    asked = hypergeom(n + m, part + other, n)
    return np.minimum(1.0, 2 * np.minimum(asked.cdf(part), asked.sf(part - 1)))


def parts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return what each bin adds to the index of pairs of groups; shape (..., bins)."""
    used = (a + b) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (np.where(used, np.where(x == 0, 0.5, x), 0.0) for x in (a, b))
        a, b = a / a.sum(axis=-1, keepdims=True), b / b.sum(axis=-1, keepdims=True)
        return np.where(used, (a - b) * np.log(a / b), 0.0)


def _index(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    some = (a.sum(axis=-1) > 0) & (b.sum(axis=-1) > 0)
    return np.where(some, parts(a, b).sum(axis=-1), np.nan)


def _chance(a: np.ndarray, b: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Return the levels, one a share along the first axis."""
    from scipy.special import chdtri

    a, b = np.broadcast_arrays(a, b)
    used = (a + b) > 0
    n, m = a.sum(axis=-1), b.sum(axis=-1)
    free = used.sum(axis=-1) - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = 1 / n + 1 / m
        level = np.stack([chdtri(np.maximum(free, 1), 1 - share) * unit for share in shares])
        level = np.where(free > 0, level, 0.0)
        least = np.where(used, (a + b) * (np.minimum(n, m) / (n + m))[..., None], np.inf).min(axis=-1)
    drawn = (n > 0) & (m > 0) & (free > 0) & (least < FEW)
    if drawn.any():
        rng = np.random.default_rng(0)
        each = (a[drawn] + b[drawn]) / (n + m)[drawn][:, None]
        sizes = [np.maximum(np.rint(size[drawn]), 1).astype(np.int64) for size in (n, m)]
        pairs = (rng.multinomial(size, each, (DRAWS, len(each))).astype(float) for size in sizes)
        level[:, drawn] = np.quantile(_index(*pairs), shares, axis=0)
    return level


def expected(
    rows: np.ndarray, others: np.ndarray, effect: np.ndarray | float = 1.0, others_effect: float = 1.0
) -> np.ndarray:
    """Return the mean PSI of pairs of groups of these sizes where nothing changed.

    It is (bins - 1) (1/N + 1/M), over the bins that are not empty in both; parameters as in `psi`.

    Examples
    --------
    >>> round(float(expected(np.full(20, 10), np.full(20, 500))), 4)
    0.0969
    """
    told, against = _informative(rows, others, effect, others_effect)
    n, m = told.sum(axis=-1), against.sum(axis=-1)
    free = ((told + against) > 0).sum(axis=-1) - 1
    with np.errstate(divide="ignore"):
        return np.where((n > 0) & (m > 0), np.maximum(free, 0) * (1 / n + 1 / m), np.nan)


def by_chance(
    rows: np.ndarray,
    others: np.ndarray,
    effect: np.ndarray | float = 1.0,
    others_effect: float = 1.0,
    shares: tuple[float, ...] = (0.95, 0.99),
) -> tuple[np.ndarray, ...]:
    """Return the PSIs that shares of pairs of groups stay below where nothing changed; see `psi`."""
    told, against = _informative(rows, others, effect, others_effect)
    empty = (told.sum(axis=-1) == 0) | (against.sum(axis=-1) == 0)
    return tuple(np.where(empty, np.nan, level) for level in _chance(told, against, shares))


def chance_beyond(limit: float, bins: int, n: float, m: float) -> float:
    """Return how often the PSI of two groups of `n` and `m` rows passes a limit where nothing changed.

    Examples
    --------
    >>> round(chance_beyond(0.10, 20, 10_000, 200), 2)
    0.42
    """
    from scipy.special import chdtrc

    return float(chdtrc(bins - 1, limit / (1 / n + 1 / m))) if bins > 1 and n > 0 and m > 0 else 0.0


def _informative(
    rows: np.ndarray, others: np.ndarray, effect: np.ndarray | float, others_effect: float
) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(rows, dtype=float), np.asarray(others, dtype=float)
    return a / np.asarray(effect)[..., None], b / np.asarray(others_effect)[..., None]


def design_effect(
    bins: np.ndarray, cell: np.ndarray, cells: int, code: np.ndarray | None,
    weight: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Return how many rows of each cell tell as much of its bins as an independent one.

    It is 1 without customers and weights.

    Parameters
    ----------
    bins, cell : array of int, shape (n,)
        Bin of each row; month, or whatever holds rows together, below `cells`.
    code : array of int, shape (n,), optional
        Customer, as from `evaluation.rates.customer_codes`.
    weight : array, shape (n,), optional
        Sampling weights.

    References
    ----------
    Rao and Scott (1984), doi:10.1214/aos/1176346391: the first-order correction.
    """
    n = np.bincount(cell, minlength=cells)
    if code is None or not len(code):
        return np.ones(cells) if weight is None else _of_weights(n, cell, cells, weight)
    whole, part = np.zeros(cells), np.zeros(cells)
    for each in np.unique(bins):
        share, trials = informative(bins == each, cell, cells, weight, code)
        # a bin that holds all rows of a cell counts only where it is the one
        counts = np.where(share > 0, np.maximum(1 - np.nan_to_num(share), 1e-9), 0.0)
        whole += counts
        part += counts * n / np.maximum(trials, 1e-9)
    return np.divide(part, whole, out=np.ones(cells), where=whole > 0)


def _of_weights(n: np.ndarray, cell: np.ndarray, cells: int, weight: np.ndarray) -> np.ndarray:
    """Return Kish's effect: rows over the equally weighted ones that would tell as much."""
    whole, squared = np.bincount(cell, weight, cells), np.bincount(cell, weight**2, cells)
    return np.divide(n * squared, whole**2, out=np.ones(cells), where=whole > 0)


def reference(counts: np.ndarray, effect: np.ndarray | float = 1.0, others_effect: float = 1.0) -> np.ndarray:
    """Return which groups are alike, for the others to be held against; at least half of them.

    The group that is farthest from the rest, beyond chance, is taken out, then the farthest of those left: so
    one group that broke does not make all others look broken.

    Parameters
    ----------
    counts : array of int, shape (groups, bins)
    effect, others_effect
        As in `psi`.

    Returns
    -------
    array of bool, shape (groups,)

    Examples
    --------
    >>> reference(np.array([[0, 300], [0, 300], [150, 150], [1, 299]])).tolist()
    [True, True, False, True]
    """
    alike = counts.sum(axis=-1) > 0
    told = counts / np.broadcast_to(effect, len(counts))[:, None]
    for _ in range(int(alike.sum()) // 2):
        others = elsewhere(counts, alike)
        far = np.where(
            alike & (unlike(told, others / others_effect) < 0.05 / len(counts)), _index(counts, others), -1.0
        )
        if far.max() < 0:
            break
        alike[far.argmax()] = False
    return alike


def elsewhere(counts: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Return, for each group, the counts of the groups that are alike, itself left out."""
    return counts[alike].sum(axis=0) - np.where(alike[:, None], counts, 0)
