"""How a model does where outcomes are known, against what it was approved on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.drift.rows import Rows
from workbench.evaluation import Evaluation, delong, evaluate, holm, jeffreys, wilson
from workbench.evaluation.measure import NAN
from workbench.evaluation.rates import informative
from workbench.policy import Policy

MEASURES = (
    "measure", "title", "reference", "reference_low", "reference_high", "extract", "low", "high",
    "difference", "fall", "p_value", "p_ecb", "reason",
)  # fmt: skip
TOLD = (
    ("auc", "AUC"), ("gini", "Gini"), ("ks", "KS"), ("bad_rate", "Bad rate"), ("mean_p_bad", "Mean PD"),
    ("calibration_slope", "Calibration slope"), ("brier", "Brier score"),
)  # fmt: skip
GRADES = (
    "band", "p_low", "p_high", "n", "n_bad", "mean_p_bad", "bad_rate", "low", "high", "p_value",
    "p_adjusted", "n_reference", "n_bad_reference", "bad_rate_reference",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Performance:
    """How a model does on rows whose outcome is known.

    Attributes
    ----------
    n, n_bad, n_reference, n_bad_reference : int
    measures : DataFrame
        One line for auc, gini, ks, bad_rate, mean_p_bad, calibration_slope, brier and observed_expected (bads
        over the sum of PDs): reference and extract with 95% intervals, difference, fall (share of the
        reference that is lost), and for AUC and Gini p_value (that it fell, by DeLong's variances of both)
        and p_ecb (the same with the reference taken as known, as the ECB's validation reporting does); for
        observed_expected p_value (Jeffreys, two-sided). reason says why a figure is not defined.
    grades : DataFrame
        One line a band: PD range, n, n_bad, mean_p_bad, bad_rate with its interval, p_value (Jeffreys: small
        where the PD is too low), p_adjusted (Holm over the bands), and the reference's n, bads, bad rate.
    auc_error : float
        Standard error of the AUC on the extract.
    reason : str
        Why nothing could be measured; empty where something was.
    reference : str
        What the extract is held against.
    """

    n: int
    n_bad: int
    n_reference: int
    n_bad_reference: int
    measures: pd.DataFrame
    grades: pd.DataFrame
    auc_error: float
    reason: str
    reference: str

    def value(self, measure: str, column: str = "extract") -> float:
        """Return one figure of `measures`; NaN where it was not measured."""
        return float(self._lines[measure][column]) if measure in self._lines else NAN

    @cached_property
    def _lines(self) -> dict[str, dict[str, Any]]:
        return {line["measure"]: line for line in self.measures.to_dict("records")}


@dataclass(frozen=True, eq=False)
class Judged:
    """What rows with a known outcome say of a model by themselves.

    Attributes
    ----------
    rows : Rows
        Those whose outcome is known.
    evaluation : Evaluation
    auc_error : float
        Standard error of the AUC.
    ratio : tuple of float
        Bads over the sum of PDs with its 95% interval, and Jeffreys' two-sided p value.
    """

    rows: Rows
    evaluation: Evaluation
    auc_error: float
    ratio: tuple[float, float, float, float]


def alone(rows: Rows, policy: Policy, seed: int = 0) -> Judged:
    """Measure a model on the rows whose outcome is known; of a reference once, for all that is held to it."""
    known = rows.taken(rows.known())
    _, covariance = delong(known.bad, known.p_bad[None], known.weight, known.code)
    found = evaluate(known.bad, known.p_bad, weight=known.weight, policy=policy, group=known.code, seed=seed)
    return Judged(known, found, float(np.sqrt(covariance[0, 0])), _ratio(known))


def measure(extract: Rows, before: Judged, policy: Policy, seed: int = 0) -> Performance:
    """Measure a model where outcomes are known, against rows it was not fitted on.

    Parameters
    ----------
    before : Judged
        The rows it was reported on, from `alone`: on its development rows any model is flattered, and every
        later figure would look like a fall.
    """
    now = alone(extract, policy, seed)
    counts = (now.rows.n, int(now.rows.bad.sum()), before.rows.n, int(before.rows.bad.sum()))
    if not now.rows.n:
        empty = pd.DataFrame(columns=list(MEASURES)), pd.DataFrame(columns=list(GRADES))
        return Performance(*counts, *empty, NAN, "no row has a known outcome", before.rows.words)
    found = now.evaluation, before.evaluation
    lines = [_line(name, title, *found) for name, title in TOLD]
    for line in lines[:2]:
        scale = 1.0 if line["measure"] == "auc" else 2.0
        line["p_value"] = fell(line["difference"], scale * float(np.hypot(now.auc_error, before.auc_error)))
        line["p_ecb"] = fell(line["difference"], scale * now.auc_error)
    lines.append(_observed_expected(now.ratio, before.ratio))
    measures = pd.DataFrame(lines, columns=list(MEASURES))
    return Performance(*counts, measures, _grades(*found), now.auc_error, "", before.rows.words)


def fell(change: float, error: float) -> float:
    """Return how often a figure falls at least so much by chance: one-sided, normal.

    Examples
    --------
    >>> round(fell(-0.0375, 0.029), 3)
    0.098
    """
    from scipy.special import ndtr

    return float(ndtr(change / error)) if error > 0 else NAN


def _line(name: str, title: str, now: Evaluation, before: Evaluation) -> dict[str, object]:
    (low, high), (low_before, high_before) = now.interval(name), before.interval(name)
    value, reference = now.value(name), before.value(name)
    said = now.measure(name).reason if value != value else before.measure(name).reason
    return {
        "measure": name, "title": title, "reference": reference, "reference_low": low_before,
        "reference_high": high_before, "extract": value, "low": low, "high": high,
        "difference": value - reference, "fall": 1 - value / reference if reference > 0 else NAN,
        "p_value": NAN, "p_ecb": NAN, "reason": said if value != value or reference != reference else "",
    }  # fmt: skip


def _ratio(rows: Rows) -> tuple[float, float, float, float]:
    """Return bads over the sum of PDs with its interval, and the p value that it is 1."""
    one = np.zeros(rows.n, int)
    rate, trials = (float(v[0]) for v in informative(rows.bad, one, 1, rows.weight, rows.code))
    expected = float(np.average(rows.p_bad, weights=rows.weight)) if rows.n else NAN
    low, high = map(float, wilson(rate * trials, trials))
    below = float(jeffreys(trials, rate * trials, expected)) if rows.n else NAN
    value, low, high = (v / expected if expected > 0 else NAN for v in (rate, low, high))
    return value, low, high, min(1.0, 2 * min(below, 1 - below))


def _observed_expected(now: tuple[float, ...], before: tuple[float, ...]) -> dict[str, object]:
    value, low, high, p_value = now
    reference, low_before, high_before, _ = before
    return {
        "measure": "observed_expected", "title": "Bads over expected", "reference": reference,
        "reference_low": low_before, "reference_high": high_before, "extract": value, "low": low,
        "high": high, "difference": value - reference, "fall": NAN, "p_value": p_value, "p_ecb": NAN,
        "reason": "",
    }  # fmt: skip


def _grades(now: Evaluation, before: Evaluation) -> pd.DataFrame:
    frame = now.bands.copy()
    frame["p_adjusted"] = holm(frame["p_value"].to_numpy(float))
    for name in ("n", "n_bad", "bad_rate"):
        frame[f"{name}_reference"] = before.bands[name].to_numpy()
    return frame[list(GRADES)]
