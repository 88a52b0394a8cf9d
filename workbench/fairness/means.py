"""How far the mean scores of groups lie apart, in standard deviations of everyone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Z95
from workbench.fairness.grouping import Grouping
from workbench.fairness.measures import FEWEST_ROWS, NO_ROWS, TOO_FEW_ROWS, Comparator


@dataclass(frozen=True, eq=False)
class Means:
    """Mean scores of groups, which tell how each differs from any other.

    Attributes
    ----------
    name : str
        What the scores are: "p_bad", "points".
    n : array of int, shape (groups,)
        Rows.
    mean, error, freedom : array, shape (groups,)
        Mean, its variance, and that variance's degrees of freedom; whole customers counted where these
        have several rows.
    spread : float
        Standard deviation of everyone.
    """

    name: str
    n: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    spread: float


def means(
    name: str, values: np.ndarray, groups: Grouping, weight: np.ndarray | None = None,
    customer: np.ndarray | None = None,
) -> Means:  # fmt: skip
    """Return the mean scores of groups.

    Parameters
    ----------
    customer : array of int, shape (n,), optional
        As from `evaluation.rates.customer_codes`: rows of one customer in one group count as one.
    """
    size, w = len(groups.labels), weight
    rows = np.bincount(groups.code, minlength=size)
    n = rows.astype(float) if w is None else np.bincount(groups.code, w, size)
    squared = n if w is None else np.bincount(groups.code, w**2, size)
    first = np.bincount(groups.code, values if w is None else w * values, size)
    second = np.bincount(groups.code, values**2 if w is None else w * values**2, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, trials = first / n, n**2 / squared
        error = np.maximum(second / n - mean**2, 0.0) / (trials - 1)
        whole, middle = n.sum(), first.sum() / n.sum()
        everyone = math.sqrt(max(second.sum() / whole - middle**2, 0.0) * _unbiased(whole, squared.sum()))
        if customer is not None:
            pulls = (values - mean[groups.code]) / n[groups.code] * (1.0 if w is None else w)
            both, cells = pd.factorize(customer.astype(np.int64) * size + groups.code)
            of = cells % size
            trials = np.bincount(of, minlength=size).astype(float)
            error = np.bincount(of, np.bincount(both, pulls) ** 2, size) * trials / (trials - 1)
    return Means(name, rows, mean, error, trials - 1, everyone)


def _unbiased(weight: float, square: float) -> float:
    trials = weight**2 / square if square else 0.0
    return trials / (trials - 1) if trials > 1 else NAN


def standardised(of: Means, to: Comparator) -> pd.DataFrame:
    """Return how far each group's mean lies from the comparator's, in standard deviations of everyone.

    Returns
    -------
    DataFrame
        One row a group: smd_<name>, its low and high (95%), p (Welch's t-test), reason. Groups of fewer
        than `FEWEST_ROWS` rows are not told.

    Examples
    --------
    >>> g = Grouping("g", "g", ("a", "b"), np.repeat([0, 1], 30))
    >>> scores = np.array([0.1, 0.3] * 15 + [0.3, 0.5] * 15)
    >>> standardised(means("p_bad", scores, g), Comparator(0, "a", ""))["smd_p_bad"].round(2).tolist()
    [0.0, 1.4]
    """
    column = f"smd_{of.name}"
    names = [column, f"{column}_low", f"{column}_high", f"{column}_p"]
    found = pd.DataFrame(NAN, index=range(len(of.n)), columns=names)
    if to.at < 0:
        return found.assign(**{f"{column}_reason": to.why})
    with np.errstate(divide="ignore", invalid="ignore"):
        error = of.error + of.error[to.at]
        spread, gap = np.sqrt(error), of.mean - of.mean[to.at]
        freedom = error**2 / (of.error**2 / of.freedom + of.error[to.at] ** 2 / of.freedom[to.at])
        found[names[0]] = gap / of.spread
        found[names[1]] = (gap - Z95 * spread) / of.spread
        found[names[2]] = (gap + Z95 * spread) / of.spread
        found[names[3]] = _two_sided(gap / spread, freedom)
    found.loc[to.at, names[1:]] = NAN
    found = found.replace([np.inf, -np.inf], NAN)
    undefined = "the scores show no spread" if not of.spread > 0 else NO_ROWS
    reason = np.where(np.isfinite(found[column]), "", undefined).astype(object)
    few = (of.n < FEWEST_ROWS) & (of.n > 0)
    found.loc[few, names] = NAN
    reason[few] = TOO_FEW_ROWS
    return found.assign(**{f"{column}_reason": reason})


def _two_sided(t: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    from scipy.special import stdtr

    return 2 * stdtr(freedom, -np.abs(t))
