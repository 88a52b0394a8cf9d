"""What an evaluation says, one sentence a chart: titles and verdicts are read off the value here."""

from __future__ import annotations

import math

import numpy as np

from workbench.evaluation.summary import Evaluation
from workbench.evaluation.words import format_percent

TOP = 0.20


def ranking(e: Evaluation) -> str:
    """Say what the AUC means.

    Examples
    --------
    >>> from workbench.evaluation import evaluate
    >>> ranking(evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])))
    'Of 100 pairs of a bad and a good, the bad gets the higher PD in 75'
    """
    auc = e.measure("auc")
    if math.isnan(auc.value):
        return f"Ranking is not defined: {auc.reason}"
    return f"Of 100 pairs of a bad and a good, the bad gets the higher PD in {100 * auc.value:.0f}"


def distance(e: Evaluation) -> str:
    """Say where goods and bads are furthest apart."""
    ks = e.measure("ks")
    if math.isnan(ks.value):
        return f"KS is not defined: {ks.reason}"
    return (
        f"KS {e.shown('ks')}: goods and bads are furthest apart at a PD of {format_percent(e.value('ks_at'))}"
    )


def caught(e: Evaluation, top: float = TOP) -> str:
    """Say how many of the bads are among the riskiest applicants."""
    if e.gains.empty:
        return f"Gains are not defined: {e.measure('auc').reason}"
    share = float(np.interp(top, e.gains["share_applicants"], e.gains["share_bads"]))
    return f"The riskiest {top:.0%} of applicants hold {share:.0%} of the bads"


def calibrated(e: Evaluation) -> str:
    """Say whether PDs are too low or too high on the whole, and too extreme or too timid."""
    if not e.n:
        return "Calibration is not defined: no rows in this group"
    seen = f"mean PD {format_percent(e.value('mean_p_bad'))}, bad rate {format_percent(e.value('bad_rate'))}"
    intercept, slope = e.measure("calibration_intercept"), e.measure("calibration_slope")
    if math.isnan(intercept.low):
        return seen[0].upper() + seen[1:]
    if intercept.low > 0:
        return f"PDs are too low on the whole: {seen}"
    if intercept.high < 0:
        return f"PDs are too high on the whole: {seen}"
    if slope.high < 1:
        return f"PDs are right on the whole, but too extreme: slope {e.shown('calibration_slope')}"
    if slope.low > 1:
        return f"PDs are right on the whole, but too timid: slope {e.shown('calibration_slope')}"
    return f"PDs agree with the bad rate: {seen}"


def ordered(e: Evaluation) -> str:
    """Say whether the bad rate falls from the riskiest to the safest tenth of applicants."""
    rate = e.deciles["bad_rate"].to_numpy()
    if not e.n_bad:
        return f"No bads among {e.n:,} applicants"
    if len(rate) < 2:
        return "All applicants have nearly the same PD"
    rises = int((np.diff(rate) > 0).sum())
    step = "at every step" if not rises else f"but rises at {rises} step{'' if rises == 1 else 's'}"
    ends = f"from {format_percent(rate[0])} to {format_percent(rate[-1])}"
    if rate[0] <= rate[-1]:
        return f"Bad rate does not fall from the riskiest to the safest: {ends}"
    return f"Bad rate falls {ends}, {step}"
