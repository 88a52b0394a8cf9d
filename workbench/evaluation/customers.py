"""Intervals of measures on rows that come several a customer, by sums over whole customers."""

from __future__ import annotations

import math

import numpy as np

from workbench.evaluation.calibration import LOG_CLIP
from workbench.evaluation.discrimination import delong, gini
from workbench.evaluation.measure import NAN, Measure, normal
from workbench.evaluation.rates import rates
from workbench.evaluation.tally import Tally

ONE_CUSTOMER = "no interval: all rows are of one customer"


def by_customer(
    measures: list[Measure], tallied: Tally, cut_off: float, decline_from: float
) -> list[Measure]:
    """Return measures with intervals that count whole customers; as they are where each has one row.

    AUC and Gini by DeLong over groups; means and shares by the linearised variance of a ratio, shares then
    by Wilson's interval of as many rows as are as informative. The others count customers where they are
    measured: KS, average precision, precision at 10% recall and lift by resampling them, the H-measure,
    slope and intercept by their sums.
    """
    own = tallied.customers
    if own is None:
        return measures
    if not own.code.any():
        without = {"ks_at", "ece"}
        told = {"low": NAN, "high": NAN, "reason": ONE_CUSTOMER}
        return [m if m.name in without or math.isnan(m.value) else m._replace(**told) for m in measures]
    y, p, w, code = own.is_bad, tallied.score[own.at], own.weight, own.code
    shares, means = _shares(y, p, cut_off, decline_from), _means(y, p)
    aucs, covariance = delong(y, p[None], w, code)
    found = []
    for old in measures:
        if old.name in ("auc", "gini"):
            of_auc = normal("auc", float(aucs[0]), float(covariance[0, 0]) ** 0.5, old.n, old.n_bad, 0.0, 1.0)
            new = of_auc if old.name == "auc" else gini(of_auc)
            found.append(new if math.isfinite(old.value) else old)
        elif not math.isfinite(old.value) or math.isnan(old.low):
            found.append(old)
        elif old.name in shares:
            found.append(_share(old, *shares[old.name], w, code))
        elif old.name in means:
            found.append(_mean(old, means[old.name], w, code))
        else:
            found.append(old)
    return found


def _share(old: Measure, part: np.ndarray, inside: np.ndarray, w: np.ndarray, code: np.ndarray) -> Measure:
    one = np.zeros(int(inside.sum()), int)
    low, high = (float(end[0]) for end in rates(part[inside], one, 1, w[inside], code[inside])[1:])
    if old.name == "f1":
        low, high = 2 * low / (1 + low), 2 * high / (1 + high)
    return old._replace(low=low, high=high)


def _mean(old: Measure, value: np.ndarray, w: np.ndarray, code: np.ndarray) -> Measure:
    if old.name == "rmse":
        of_square = _mean(old._replace(name="brier", value=old.value**2), value, w, code)
        ends = {end: math.sqrt(max(getattr(of_square, end), 0.0)) for end in ("low", "high")}
        return old._replace(**ends)
    ceiling = math.inf if old.name == "log_loss" else 1.0
    pulls = np.bincount(code, w * (value - np.average(value, weights=w)) / w.sum())
    error = math.sqrt(float(pulls @ pulls) * len(pulls) / (len(pulls) - 1))
    return normal(old.name, old.value, error, old.n, old.n_bad, 0.0, ceiling)


def _means(y: np.ndarray, p: np.ndarray) -> dict[str, np.ndarray]:
    clipped = np.clip(p, LOG_CLIP, 1 - LOG_CLIP)
    square = (y - p) ** 2
    return {
        "brier": square,
        "rmse": square,
        "mae": np.abs(y - p),
        "log_loss": -np.where(y, np.log(clipped), np.log1p(-clipped)),
        "mean_p_bad": p,
    }


def _shares(
    y: np.ndarray, p: np.ndarray, cut_off: float, decline_from: float
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each share which rows count, and of which rows."""
    flagged, everyone = p >= cut_off, np.ones(len(p), bool)
    kept = p < np.fmax(cut_off, decline_from)
    return {
        "bad_rate": (y, everyone),
        "accuracy": (y == flagged, everyone),
        "precision": (y, flagged),
        "recall": (flagged, y),
        "specificity": (~flagged, ~y),
        "f1": (y & flagged, y | flagged),
        "approval_rate": (~flagged, everyone),
        "approved_or_referred_rate": (kept, everyone),
        "bad_rate_approved": (y, ~flagged),
    }
