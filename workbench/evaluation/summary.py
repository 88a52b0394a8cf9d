"""A model's scores judged on one sample: every measure, curve and table, as one value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation import agreement, calibration, costs, decisions, discrimination
from workbench.evaluation.customers import by_customer
from workbench.evaluation.measure import NAN, Measure, undefined
from workbench.evaluation.tally import Tally, tally
from workbench.evaluation.words import TITLES, format_metric, format_percent, words_for_auc
from workbench.policy import Policy
from workbench.run import seed_for

FRAMES = ("metrics", "roc", "ks_curve", "gains", "calibration", "deciles", "confusion")
LATER_FRAMES = ("precision_recall", "bands", "tests", "report")
"""Frames that evaluations kept by earlier versions do not have; they come back empty."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good PDs are on one sample.

    Attributes
    ----------
    n, n_bad : int
        Rows with a known outcome, and how many ended bad.
    weight_sum : float
        Sum of the sampling weights; n without weights.
    metrics : DataFrame
        metric, title, value, low, high (95%), n, n_bad (rows it rests on), reason. Undefined is NaN.
    roc : DataFrame
        share_goods, share_bads, p_bad.
    ks_curve : DataFrame
        p_bad, cumulative_goods, cumulative_bads (of those at or above it), distance.
    gains : DataFrame
        share_applicants (riskiest first), share_bads, lift.
    calibration : DataFrame
        bin (1 safest), n, n_bad, mean_p_bad, bad_rate, low, high.
    deciles : DataFrame
        As in `decisions.deciles`; decile 1 is the riskiest.
    confusion : DataFrame
        decision, goods, bads, n; empty without a cut-off.
    precision_recall : DataFrame
        recall, precision, p_bad.
    bands : DataFrame
        Calibration by band of the policy, safest first; as in `agreement.bands`.
    tests : DataFrame
        Hosmer-Lemeshow and Spiegelhalter; as in `agreement.tests`.
    report : DataFrame
        Precision, recall and F1 of goods and bads at the cut-off; as in `decisions.report`.
    cut_off : float
        PD below which an applicant is approved; NaN where none was given.
    cut_off_source : str
        Where it comes from, in words shown beside it.
    """

    n: int
    n_bad: int
    weight_sum: float
    metrics: pd.DataFrame
    roc: pd.DataFrame
    ks_curve: pd.DataFrame
    gains: pd.DataFrame
    calibration: pd.DataFrame
    deciles: pd.DataFrame
    confusion: pd.DataFrame
    precision_recall: pd.DataFrame = field(default_factory=pd.DataFrame)
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    report: pd.DataFrame = field(default_factory=pd.DataFrame)
    cut_off: float = NAN
    cut_off_source: str = ""

    def measure(self, metric: str) -> Measure:
        """Return one measure with its interval, the rows it rests on and the reason."""
        if metric not in self._by_name and metric in TITLES:
            return undefined(metric, "not measured by the version that kept it", self.n, self.n_bad)
        return self._by_name[metric]

    @cached_property
    def _by_name(self) -> dict[str, Measure]:
        told = zip(*(self.metrics[name].tolist() for name in ("metric", *Measure._fields[1:])), strict=True)
        return {
            name: Measure(str(name), float(value), float(low), float(high), int(n), int(n_bad), str(reason))
            for name, value, low, high, n, n_bad, reason in told
        }

    def value(self, metric: str) -> float:
        """Return one measure's value; NaN where it is not defined."""
        return self.measure(metric).value

    def interval(self, metric: str) -> tuple[float, float]:
        """Return one measure's 95% interval; NaN where there is none."""
        measure = self.measure(metric)
        return measure.low, measure.high

    def shown(self, metric: str) -> str:
        """Return one measure as screens print it: ``.781 (.769 to .793)``."""
        measure = self.measure(metric)
        return format_metric(metric, measure.value, measure.low, measure.high, measure.reason)

    @property
    def tenths(self) -> pd.DataFrame:
        """`deciles` with ``low, high``, the 95% interval of the bad rate, which `calibration` has of them."""
        ends = self.calibration.iloc[::-1][["low", "high"]].reset_index(drop=True)
        told = self.deciles.reset_index(drop=True)
        place = told.columns.get_loc("bad_rate") + 1
        for name in ("high", "low"):
            told.insert(place, name, ends[name] if len(ends) == len(told) else math.nan)
        return told

    def counts(self) -> str:
        """Return rows and bads in words: ``9,000 applicants, 1,991 bads``."""
        bads = "1 bad" if self.n_bad == 1 else f"{self.n_bad:,} bads"
        return f"{self.n:,} applicant{'' if self.n == 1 else 's'}, {bads}"

    def sentence(self, kind: str) -> str:
        """Return the discrimination in plain words, for a portfolio of this kind."""
        auc = self.measure("auc")
        if math.isnan(auc.value):
            return f"How well bads are set apart is not defined: {auc.reason} ({self.counts()})."
        if kind == "fraud":
            share = format_percent(self.value("bad_rate"))
            precision = self.shown("average_precision")
            return (
                f"Average precision is {precision} against a share of fraud of {share}; "
                f"AUC {self.shown('auc')} ({self.counts()})."
            )
        return f"AUC {self.shown('auc')} on {self.counts()}: {words_for_auc(auc.value, kind)}."

    def to_json(self) -> dict[str, Any]:
        """Return every measure flat: name, name_low, name_high; undefined is None with name_reason."""
        values: dict[str, Any] = {}
        for name in self.metrics["metric"]:
            measure = self.measure(name)
            values[name] = _or_none(measure.value)
            if name != "ks_at":
                values |= {f"{name}_low": _or_none(measure.low), f"{name}_high": _or_none(measure.high)}
            if measure.reason:
                values[f"{name}_reason"] = measure.reason
        for row in self.tests.to_dict("records"):
            values |= {row["test"]: _or_none(row["statistic"]), f"{row['test']}_p": _or_none(row["p_value"])}
            if not math.isfinite(row["statistic"]):
                values[f"{row['test']}_reason"] = row["caveat"]
        return values | {"n": self.n, "n_bad": self.n_bad, "cut_off": _or_none(self.cut_off)}

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the evaluation as frames that Parquet can keep; `from_frames` reads them back."""
        sizes = {
            "n": self.n,
            "n_bad": self.n_bad,
            "weight_sum": self.weight_sum,
            "cut_off": self.cut_off,
            "cut_off_source": self.cut_off_source,
        }
        frames = {name: getattr(self, name) for name in (*FRAMES, *LATER_FRAMES)}
        return frames | {"sizes": pd.DataFrame([sizes])}

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame]) -> Evaluation:
        """Return the evaluation that `to_frames` gave; one kept before there were bands has none."""
        sizes = frames["sizes"].iloc[0]
        return cls(
            n=int(sizes["n"]),
            n_bad=int(sizes["n_bad"]),
            weight_sum=float(sizes["weight_sum"]),
            cut_off=float(sizes["cut_off"]),
            cut_off_source=str(sizes["cut_off_source"]),
            **{name: frames[name] for name in FRAMES},
            **{name: frames[name] for name in LATER_FRAMES if name in frames},
        )


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def evaluate(
    bad: np.ndarray,
    p_bad: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    policy: Policy | None = None,
    cut_off: float | None = None,
    points: np.ndarray | None = None,
    group: np.ndarray | None = None,
    seed: int = 0,
) -> Evaluation:
    """Return how good PDs are on applicants whose outcome is known.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good; indeterminates left out. n may be 0, and one outcome may be absent: what then is
        not defined is NaN with a reason.
    p_bad : array, shape (n,)
        PDs, 0 to 1.
    weight : array, shape (n,), optional
        Sampling weights. Values are those of rows repeated so often; intervals are those of weighted
        rows, not of repeated ones.
    policy : Policy, optional
        Gives the cut-off and the decisions: those of the PD alone. Scoring also refers applicants with a
        value outside its declared range, of which nothing is known here.
    cut_off : float, optional
        PD below which an applicant is approved; the policy's where not given.
    points : array, shape (n,), optional
        Points of the same applicants, for the decile table.
    group : array, shape (n,), optional
        Customer: intervals of measures and tables then count whole customers.
    seed : int
        Of the bootstrap and of the simulated calibration error.

    Raises
    ------
    InputError
        ``SCORES``: PDs outside 0 to 1 or not finite, unknown outcomes, lengths that differ.

    Examples
    --------
    >>> e = evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), cut_off=0.3)
    >>> e.value("auc"), e.value("recall"), e.value("specificity")
    (0.75, 1.0, 0.5)
    """
    tallied = tally(bad, p_bad, weight, group)
    if tallied.n and (tallied.score[-1] < 0 or tallied.score[0] > 1):
        raise InputError("SCORES", "some PDs are not between 0 and 1", remedy="Give probabilities.")
    cut_off, decline_from, source = _cut_offs(policy, cut_off)
    confusion = decisions.confusion(tallied, cut_off, decline_from)
    return Evaluation(
        n=tallied.n,
        n_bad=tallied.n_bad,
        weight_sum=float(tallied.weight.sum()),
        metrics=_metrics_frame(_measures(tallied, cut_off, decline_from, seed)),
        **discrimination.curves(tallied),
        calibration=calibration.table(tallied),
        deciles=decisions.deciles(tallied, points),
        confusion=confusion,
        bands=agreement.bands(tallied, policy),
        tests=agreement.tests(tallied),
        report=decisions.report(confusion),
        cut_off=float(cut_off),
        cut_off_source=source,
    )


def _cut_offs(policy: Policy | None, given: float | None) -> tuple[float, float, str]:
    """Return the PDs from which one is not approved and is declined, and where the first comes from."""
    if policy is None:
        return (NAN if given is None else given), NAN, ""
    if given is None:
        return policy.approve_below, policy.decline_from, policy.source
    return given, policy.decline_from, ""


def _measures(tallied: Tally, cut_off: float, decline_from: float, seed: int) -> list[Measure]:
    auc = discrimination.auc(tallied)
    measures = [
        auc,
        discrimination.gini(auc),
        *discrimination.rank_measures(tallied, seed_for(seed, "bootstrap")),
        costs.h_measure(tallied),
        *calibration.losses(tallied),
        *calibration.calibration_error(tallied, seed_for(seed, "calibration error")),
        *calibration.slope_and_intercept(tallied),
        decisions.bad_rate(tallied),
        calibration.mean_p_bad(tallied),
        *decisions.at_cut_off(tallied, cut_off, decline_from),
    ]
    return by_customer(measures, tallied, cut_off, decline_from)


def _metrics_frame(measures: list[Measure]) -> pd.DataFrame:
    frame = pd.DataFrame(measures, columns=Measure._fields).rename(columns={"name": "metric"})
    frame.insert(1, "title", frame["metric"].map(TITLES))
    return frame
