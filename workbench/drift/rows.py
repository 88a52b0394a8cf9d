"""Rows as drift looks at them: what they hold, how they were scored, how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from workbench.evaluation.measure import Z95
from workbench.policy import Policy

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a portfolio, scored.

    Attributes
    ----------
    frame : DataFrame
        Characteristics: numbers as float64, attributes as a category of str; missing as NaN. May be without
        columns where only scores are looked at.
    p_bad : array, shape (n,)
        Calibrated PDs.
    bad : array of int8, shape (n,)
        1 bad, 0 good, -1 where the outcome is not known.
    weight, code : array, shape (n,), optional
        Sampling weights, and each row's customer as from `evaluation.rates.customer_codes`.
    month : array of datetime64[M], shape (n,), optional
    words : str
        What they are: "hold-out sample".
    impossible : array of bool, shape (n,), optional
        Who holds a value that cannot be, and so is referred where the PD alone would approve.
    """

    frame: pd.DataFrame
    p_bad: np.ndarray
    bad: np.ndarray
    weight: np.ndarray | None = None
    code: np.ndarray | None = None
    month: np.ndarray | None = field(default=None)
    words: str = ""
    impossible: np.ndarray | None = None

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.p_bad)

    def known(self) -> np.ndarray:
        """Return which rows have a known outcome."""
        return self.bad != UNKNOWN

    def decided(self, policy: Policy) -> np.ndarray:
        """Return the decision of each row as a position in `policy.DECISIONS`."""
        codes = policy.decision_codes(self.p_bad)
        return codes if self.impossible is None else np.maximum(codes, self.impossible.astype(np.int8))

    def taken(self, rows: np.ndarray) -> Rows:
        """Return some of the rows, without what they hold."""
        return Rows(
            pd.DataFrame(index=pd.RangeIndex(int(rows.sum()))), self.p_bad[rows], self.bad[rows],
            *(None if v is None else v[rows] for v in (self.weight, self.code, self.month)),
            words=self.words, impossible=None if self.impossible is None else self.impossible[rows],
        )  # fmt: skip


def mean(values: np.ndarray, weight: np.ndarray | None, code: np.ndarray | None) -> tuple[float, float]:
    """Return the weighted mean of values and its standard error, whole customers counted.

    Examples
    --------
    >>> mean(np.array([1.0, 3.0]), None, None)
    (2.0, 1.0)
    """
    n = len(values)
    if n < 2:
        return (float(values[0]) if n else np.nan), np.nan
    w = np.full(n, 1 / n) if weight is None else weight / weight.sum()
    middle = float(w @ values)
    pulls = w * (values - middle)
    if code is not None:
        pulls = np.bincount(code, pulls)
    if len(pulls) < 2:
        return middle, np.nan
    return middle, float(np.sqrt(pulls @ pulls * len(pulls) / (len(pulls) - 1)))


def difference(now: tuple[float, float], before: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return a difference of independent means, its 95% interval and the p value that there is none."""
    from scipy.special import ndtr

    value, error = now[0] - before[0], float(np.hypot(now[1], before[1]))
    if not error > 0:
        return value, np.nan, np.nan, np.nan
    return value, value - Z95 * error, value + Z95 * error, float(2 * ndtr(-abs(value) / error))
