"""Bad rates of bins, months and segments, on as many rows as those there are as informative."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Z95, wilson


def customer_codes(group: np.ndarray | None) -> np.ndarray | None:
    """Return a number from 0 for each row's customer; None where each row has one of its own."""
    if group is None:
        return None
    codes, names = pd.factorize(np.asarray(group), use_na_sentinel=False)
    return codes if len(names) < len(codes) else None


def rates(
    bad: np.ndarray,
    cell: np.ndarray,
    cells: int,
    weight: np.ndarray | None = None,
    code: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bad rate of each cell with its 95% interval (Wilson); NaN for cells without rows.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good.
    cell : array of int, shape (n,)
        Bin, month or segment of each row, from 0.
    cells : int
        How many there are.
    weight, code : array, shape (n,), optional
        As in `informative`.

    Returns
    -------
    rate, low, high : array, shape (cells,)

    Examples
    --------
    >>> bad, cell = np.array([0, 1, 1, 0] * 20), np.array([0, 0, 1, 1] * 20)
    >>> rate, low, high = rates(bad, cell, 2)
    >>> rate.tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.5, 0.5], [0.35, 0.35], [0.65, 0.65])
    """
    rate, trials = informative(bad, cell, cells, weight, code)
    low, high = wilson(np.nan_to_num(rate) * trials, trials)
    return rate, low, high


def informative(
    bad: np.ndarray,
    cell: np.ndarray,
    cells: int,
    weight: np.ndarray | None = None,
    code: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bad rate of each cell, and how many independent rows would tell as much.

    Parameters
    ----------
    weight : array, shape (n,), optional
        Sampling weights.
    code : array of int, shape (n,), optional
        Customer, as from `customer_codes`.

    Returns
    -------
    rate, trials : array, shape (cells,)

    Notes
    -----
    With customers the rate is a ratio of sums over customers, and its variance the linearised one between
    them. Few of them tell their variance badly, so the trials are those whose normal interval is as wide
    as Student's on as many customers. A rate of 0 or 1 shows no variance: each customer then counts as one
    row. Never more than the rows themselves.

    References
    ----------
    Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data", Survey Methodology 24.
    """
    is_bad = np.asarray(bad) == 1
    w = np.ones(len(cell)) if weight is None else np.asarray(weight, dtype=float)
    whole = np.bincount(cell, w, cells)
    some = whole > 0
    rate = np.divide(np.bincount(cell, w * is_bad, cells), whole, out=np.full(cells, NAN), where=some)
    squared = whole if weight is None else np.bincount(cell, w**2, cells)
    plain = np.divide(whole**2, squared, out=np.zeros(cells), where=some)
    if code is None or not len(code):
        return rate, plain
    return rate, _of_customers(w, w * (is_bad - np.nan_to_num(rate)[cell]), cell, code, rate, whole, plain)


def _of_customers(
    w: np.ndarray,
    pull: np.ndarray,
    cell: np.ndarray,
    code: np.ndarray,
    rate: np.ndarray,
    whole: np.ndarray,
    plain: np.ndarray,
) -> np.ndarray:
    from scipy.special import stdtrit

    cells = len(rate)
    # a customer in two cells counts in each
    pair, found = pd.factorize(code.astype(np.int64) * cells + cell)
    at = np.asarray(found) % cells
    count = np.bincount(at, minlength=cells)
    alike = np.bincount(at, np.bincount(pair, w) ** 2, cells)
    square = np.bincount(at, np.bincount(pair, pull) ** 2, cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = square / whole**2 * count / (count - 1)
        student = stdtrit(np.maximum(count - 1, 1), 0.975)
        trials = rate * (1 - rate) / variance * (Z95 / student) ** 2
        # what rounding leaves of no variance is none
        shown = (count > 1) & (square > 1e-18 * alike)
        trials = np.where(shown, np.maximum(trials, 1.0), whole**2 / alike)
    return np.where(whole > 0, np.minimum(trials, plain), 0.0)
