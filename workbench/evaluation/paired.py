"""Two scores on the same rows: whether one is better, or it could be chance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation.discrimination import delong, delong_of
from workbench.evaluation.measure import NAN
from workbench.evaluation.tally import NO_BADS, NO_GOODS, NO_ROWS
from workbench.evaluation.words import format_difference, format_p

LEVEL = 0.05
EXACT_BELOW = 25
PAIR_COLUMNS = ("a", "b", "difference", "low", "high", "z", "p_value", "p_adjusted", "beyond_noise", "reason")


def holm(p_value: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their number by Holm's method; NaN stays NaN and does not count.

    Each that stays below 5% may be believed: the chance of one false alarm or more is at most 5%.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _stepwise(p_value, lambda size: np.arange(size, 0, -1), falling=False)


def benjamini_hochberg(p_value: np.ndarray) -> np.ndarray:
    """Return q-values: of those below 5%, at most 5% are false alarms on average; NaN stays NaN.

    References
    ----------
    Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _stepwise(p_value, lambda size: size / np.arange(1, size + 1), falling=True)


def _stepwise(p_value: np.ndarray, factors: Any, *, falling: bool) -> np.ndarray:
    p = np.asarray(p_value, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * factors(len(order))
    if falling:
        scaled = np.minimum.accumulate(scaled[::-1])[::-1]
    else:
        scaled = np.maximum.accumulate(scaled)
    adjusted = np.full(len(p), NAN)
    adjusted[order] = np.minimum(scaled, 1.0)
    return adjusted


def mcnemar(table: np.ndarray) -> tuple[float, float]:
    """Return statistic and p-value of McNemar's test.

    Parameters
    ----------
    table : array, shape (2, 2)
        Rows: the first model right, wrong; columns: the second right, wrong.

    Returns
    -------
    statistic, p_value : float
        With continuity correction; where fewer than 25 decisions differ, the exact binomial p-value. NaN
        statistic and p-value 1 where none differs.

    References
    ----------
    McNemar (1947), doi:10.1007/BF02295996; Edwards (1948), doi:10.1007/BF02289261.

    Examples
    --------
    >>> statistic, p_value = mcnemar(np.array([[9945, 25], [15, 15]]))
    >>> statistic, round(p_value, 4)
    (2.025, 0.1547)
    """
    b, c = int(table[0][1]), int(table[1][0])
    if b + c == 0:
        return NAN, 1.0
    statistic = (max(abs(b - c) - 1, 0)) ** 2 / (b + c)
    if b + c >= EXACT_BELOW:
        return statistic, math.erfc(math.sqrt(statistic / 2))
    from scipy.special import bdtr

    return statistic, min(1.0, 2 * float(bdtr(min(b, c), b + c, 0.5)))


@dataclass(frozen=True)
class Beats:
    """Whether a challenger beats the champion on the same rows beyond noise: the one rule for replacing it.

    Attributes
    ----------
    better : bool
        The challenger's AUC is higher and the two-sided p-value is below 5%: the 95% interval lies above 0,
        and a comparison of these two models says the same.
    difference, low, high : float
        Challenger's AUC less the champion's, with its 95% interval.
    champion_auc, challenger_auc, z, p_value : float
        `p_value` is two-sided: how often chance alone gives a difference like this, either way.
    reason : str
        Why it could not be judged; empty where it could.
    """

    better: bool
    difference: float
    low: float
    high: float
    z: float
    p_value: float
    champion_auc: float
    challenger_auc: float
    n: int
    n_bad: int
    reason: str = ""

    def sentence(self, challenger: str, champion: str) -> str:
        """Return the judgement in one clause without a full stop."""
        if self.reason:
            return f"{challenger} could not be compared with the champion {champion}: {self.reason}"
        verb = "beats" if self.better else "does not beat"
        low, high = format_difference(self.low, 4), format_difference(self.high, 4)
        aucs = [format_difference(auc, 4) for auc in (self.challenger_auc, self.champion_auc)]
        return (
            f"{challenger} {verb} the champion {champion} beyond noise: AUC {aucs[0]} against {aucs[1]} "
            f"on the same {self.n:,} rows with {self.n_bad:,} bads, "
            f"difference {format_difference(self.difference, 4)} ({low} to {high}), "
            f"DeLong {format_p(self.p_value)}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the judgement as plain values; undefined is None."""
        values = asdict(self)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def beats(
    bad: np.ndarray,
    champion: np.ndarray,
    challenger: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> Beats:
    """Judge whether `challenger` ranks the same rows better than `champion` beyond noise.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good.
    champion, challenger : array, shape (n,)
        PDs, or anything that rises with risk.
    weight, group : array, shape (n,), optional
        As in `delong`.

    Examples
    --------
    >>> bad = np.array([0, 1] * 200)
    >>> noise = np.random.default_rng(0).normal(size=400)
    >>> beats(bad, noise + 0.5 * bad, noise + 1.5 * bad).better
    True
    """
    bad = np.asarray(bad)
    n, n_bad = len(bad), int((bad == 1).sum())
    aucs, covariance = delong(bad, np.stack([champion, challenger]), weight, group)
    line = _auc_frame(["champion", "challenger"], bad, aucs, covariance).iloc[0]
    difference, low, high, z, p = (float(line[k]) for k in ("difference", "low", "high", "z", "p_value"))
    better = bool(line["beyond_noise"]) and difference > 0
    reason = str(line["reason"])
    return Beats(better, difference, low, high, z, p, float(aucs[0]), float(aucs[1]), n, n_bad, reason)


def one_sided(n: int, n_bad: int) -> str:
    """Return why rows of one outcome, or none, cannot be compared; empty where they can."""
    if not n:
        return NO_ROWS
    return NO_BADS if not n_bad else NO_GOODS if n_bad == n else ""


def auc_pairs(
    names: list[str],
    is_bad: np.ndarray,
    placed: np.ndarray,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return DeLong's test for every pair of scores on the same rows.

    Parameters
    ----------
    is_bad, placed, weight, group
        As in `delong_of`.

    Returns
    -------
    DataFrame
        a, b (in the order of `names`), difference (AUC of b less that of a), low, high (95% for all
        pairs together), z, p_value (two-sided), p_adjusted (Bonferroni, over all pairs), beyond_noise
        (p_adjusted below 5%: the interval leaves out 0), reason.
    """
    return _auc_frame(names, is_bad, *delong_of(is_bad, placed, weight, group))


def _auc_frame(names: list[str], bad: np.ndarray, aucs: np.ndarray, covariance: np.ndarray) -> pd.DataFrame:
    found = [_difference(aucs, covariance, i, j) for i, j in combinations(range(len(names)), 2)]
    n, n_bad = len(bad), int((np.asarray(bad) == 1).sum())
    why = one_sided(n, n_bad) or "too few goods or bads for an interval"
    return pairs_frame(names, [d for d, _ in found], [e for _, e in found], why)


def _difference(aucs: np.ndarray, covariance: np.ndarray, i: int, j: int) -> tuple[float, float]:
    """Return the difference and its standard error; exactly 0 for scores that rank alike."""
    difference = float(aucs[j] - aucs[i])
    variance = float(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j])
    # what is left of equal variances after rounding is no spread
    floor = 1e-12 * float(covariance[i, i] + covariance[j, j])
    if variance <= floor and abs(difference) < 1e-12:
        return 0.0, 0.0
    return difference, math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else NAN


def pairs_frame(names: list[str], differences: list[float], errors: list[float], why: str) -> pd.DataFrame:
    """Return one line a pair with interval, z, p-values and whether the difference is beyond noise.

    Parameters
    ----------
    differences, errors : list of float
        Of the pairs of `names` in the order of `itertools.combinations`: second less first.
    why : str
        The reason to give where a difference or its error is not defined.
    """
    pairs = list(combinations(names, 2))
    difference, error = np.asarray(differences, dtype=float), np.asarray(errors, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(error > 0, difference / error, np.where(difference == 0, 0.0, NAN))
    known = np.isfinite(z) & np.isfinite(error)
    z = np.where(known, z, NAN)
    p = np.array([math.erfc(abs(v) / math.sqrt(2)) if math.isfinite(v) else NAN for v in z])
    # one level for both: a pair is beyond noise exactly where its interval leaves out 0
    pairs_known = max(int(known.sum()), 1)
    adjusted = np.minimum(pairs_known * p, 1.0)
    half = NormalDist().inv_cdf(1 - LEVEL / (2 * pairs_known)) * error
    low, high = np.where(known, difference - half, NAN), np.where(known, difference + half, NAN)
    reason = ["" if k else why for k in known]
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    values = (first, second, difference, low, high, z, p, adjusted, known & (adjusted < LEVEL), reason)
    return pd.DataFrame(dict(zip(PAIR_COLUMNS, values, strict=True)))


def turned(tests: pd.DataFrame, a: str, b: str) -> dict[str, Any]:
    """Return the line of a pair, turned so that the difference is that of `b` less that of `a`."""
    found = tests[((tests["a"] == a) & (tests["b"] == b)) | ((tests["a"] == b) & (tests["b"] == a))]
    line = found.iloc[0].to_dict()
    if line["a"] == a:
        return line
    values = {name: -line[name] for name in ("difference", "z")}
    return line | values | {"a": a, "b": b, "low": -line["high"], "high": -line["low"]}
