"""One measured number with what it rests on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

NAN = float("nan")
Z95 = 1.959963984540054


class Measure(NamedTuple):
    """One number, its 95% interval and the rows it rests on.

    Attributes
    ----------
    name : str
    value, low, high : float
        NaN where not defined; `reason` says why.
    n, n_bad : int
        Rows the number rests on, and how many of them ended bad.
    reason : str
        Why the value, or only its interval, is not defined; empty where both are.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    n_bad: int
    reason: str = ""


def undefined(name: str, reason: str, n: int = 0, n_bad: int = 0) -> Measure:
    """Return a measure that is not defined, with the reason."""
    return Measure(name, NAN, NAN, NAN, n, n_bad, reason)


def wilson(k: np.ndarray | float, n: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson 95% interval of `k` in `n`.

    Parameters
    ----------
    k, n : float or array
        Successes and trials; not whole numbers where they come from weights. n = 0 gives NaN.

    References
    ----------
    Wilson, E. B. (1927), doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> low, high = wilson(0, 10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0, 0.2775)
    """
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    trials = np.where(n > 0, n, NAN)
    share = k / trials
    middle = (share + Z95**2 / (2 * trials)) / (1 + Z95**2 / trials)
    half = Z95 / (1 + Z95**2 / trials) * np.sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def proportion(
    name: str, part: float, whole: float, squared: float, n: int, n_bad: int, reason: str = ""
) -> Measure:
    """Return `part` / `whole` with its Wilson interval.

    Parameters
    ----------
    part, whole : float
        Sums of weights.
    squared : float
        Sum of squared weights of the whole; ``whole**2 / squared`` is the number of equally weighted
        rows that would be as informative.
    reason : str
        What to say where the whole is empty.
    """
    if not whole > 0:
        return undefined(name, reason or "no rows in this group", n, n_bad)
    share = min(max(part / whole, 0.0), 1.0)
    trials = whole**2 / squared
    low, high = wilson(share * trials, trials)
    return Measure(name, share, float(low), float(high), n, n_bad)


def normal(
    name: str,
    value: float,
    error: float,
    n: int,
    n_bad: int,
    floor: float = -math.inf,
    ceiling: float = math.inf,
) -> Measure:
    """Return `value` with its normal 95% interval, clipped to what is possible."""
    if not math.isfinite(error):
        return Measure(name, value, NAN, NAN, n, n_bad, "no interval: too few rows for one")
    if error == 0:
        return Measure(name, value, NAN, NAN, n, n_bad, "no interval: the rows show no spread")
    low, high = max(value - Z95 * error, floor), min(value + Z95 * error, ceiling)
    return Measure(name, value, low, high, n, n_bad)
