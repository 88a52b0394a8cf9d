"""Whether PDs mean what they say: Brier, log loss, calibration error, slope and intercept."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Measure, normal, undefined, wilson
from workbench.evaluation.tally import Tally, totals

BINS = 10
SIMULATIONS = 200
EXACT_SCORES = 5_000
LOG_CLIP = 1e-15
LOGIT_CLIP = 1e-6
SURE_STEP = 0.1
COARSE = 2_000


def losses(tallied: Tally) -> list[Measure]:
    """Return Brier score, its root, mean absolute error and log loss (PD clipped to 1e-15).

    Intervals are those of a mean; the root's is the root of the Brier score's.
    """
    if not tallied.n:
        return [undefined(name, tallied.undefined) for name in ("brier", "rmse", "mae", "log_loss")]
    p = tallied.score
    clipped = np.clip(p, LOG_CLIP, 1 - LOG_CLIP)
    brier = _mean("brier", tallied, p**2, (1 - p) ** 2, 0.0, 1.0)
    root = {end: math.sqrt(getattr(brier, end)) for end in ("value", "low", "high")}
    return [
        brier,
        brier._replace(name="rmse", **root),
        _mean("mae", tallied, p, 1 - p, 0.0, 1.0),
        _mean("log_loss", tallied, -np.log1p(-clipped), -np.log(clipped), 0.0, math.inf),
    ]


def mean_p_bad(tallied: Tally) -> Measure:
    """Return the mean PD."""
    if not tallied.n:
        return undefined("mean_p_bad", tallied.undefined)
    return _mean("mean_p_bad", tallied, tallied.score, tallied.score, 0.0, 1.0)


def _mean(
    name: str, tallied: Tally, of_good: np.ndarray, of_bad: np.ndarray, floor: float, ceiling: float
) -> Measure:
    """Return a weighted mean over rows whose value hangs on score and outcome only."""
    n, whole = tallied.n, float(tallied.weight.sum())
    value = float(of_good @ tallied.goods + of_bad @ tallied.bads) / whole
    squares = tallied.goods_squared @ (of_good - value) ** 2 + tallied.bads_squared @ (of_bad - value) ** 2
    error = math.sqrt(float(squares) * n / (n - 1)) / whole if n > 1 else NAN
    return normal(name, value, error, n, tallied.n_bad, floor, ceiling)


def table(tallied: Tally, bins: int = BINS) -> pd.DataFrame:
    """Return mean PD and bad rate in groups of about equal weight, safest first.

    Returns
    -------
    DataFrame
        bin (1 safest), n, n_bad (rows), mean_p_bad, bad_rate, low, high (Wilson 95%, whole customers).
    """
    start = tallied.equal_mass(bins)
    weight, bads = totals(tallied.weight, start), totals(tallied.bads, start)
    trials = tallied.trials(start)
    low, high = wilson(bads / weight * trials, trials)
    frame = pd.DataFrame(
        {
            "n": totals(tallied.rows, start),
            "n_bad": totals(tallied.rows_bad, start),
            "mean_p_bad": totals(tallied.score * tallied.weight, start) / weight,
            "bad_rate": bads / weight,
            "low": low,
            "high": high,
        }
    )[::-1].reset_index(drop=True)
    frame.insert(0, "bin", np.arange(1, len(frame) + 1))
    return frame


def calibration_error(tallied: Tally, seed: int) -> list[Measure]:
    """Return the expected calibration error and what it would be of PDs that are right.

    The error is biased upwards in small samples, so it is shown beside its null: outcomes drawn from
    the PDs themselves, whose mean is the value of ``ece_null`` and whose middle 95% is its interval.
    """
    if not tallied.n:
        return [undefined(name, tallied.undefined) for name in ("ece", "ece_null")]
    start = tallied.equal_mass(BINS)
    weight, expected = tallied.weight, tallied.score * tallied.weight
    whole = weight.sum()
    value = np.abs(totals(tallied.bads - expected, start)).sum() / whole
    null = np.abs(_gaps(tallied, start, np.random.default_rng(seed))).sum(axis=1) / whole
    low, high = np.quantile(null, [0.025, 0.975])
    n, n_bad = tallied.n, tallied.n_bad
    why = "no interval: compare it with what right PDs would show"
    return [
        Measure("ece", float(value), NAN, NAN, n, n_bad, why),
        Measure("ece_null", float(null.mean()), float(low), float(high), n, n_bad),
    ]


def _gaps(tallied: Tally, start: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return bads less expected bads of each bin, simulated as if the PDs were right; (simulations, bins).

    Of customers with several rows, gaps spread as their own sums do, over bins too.
    """
    p = np.clip(tallied.score, 0.0, 1.0)
    if tallied.customers is not None:
        pull = tallied.customers.gaps(p, tallied.cell(start), len(start))
        return rng.multivariate_normal(np.zeros(len(start)), pull.T @ pull, SIMULATIONS, method="svd")
    if not tallied.weighted and len(p) <= EXACT_SCORES:
        drawn = rng.binomial(tallied.rows, p, size=(SIMULATIONS, len(p))) - tallied.score * tallied.weight
        return np.add.reduceat(drawn, start, axis=1)
    # bins of at least 500 rows: their sums are as good as normal
    spread = np.sqrt(totals((tallied.goods_squared + tallied.bads_squared) * p * (1 - p), start))
    return rng.standard_normal((SIMULATIONS, len(start))) * spread


def slope_and_intercept(tallied: Tally) -> list[Measure]:
    """Return calibration slope and intercept (calibration in the large).

    The slope is b of ``logit P(bad) = a + b logit PD``: below 1 the PDs are too extreme, above 1 too
    timid. The intercept is a of ``logit P(bad) = a + logit PD``: above 0 the PDs are too low on the
    whole. PDs are clipped to 1e-6. Intervals from the fit; with weights, or several rows a customer, from
    the sandwich estimator.

    References
    ----------
    Cox (1958), doi:10.1093/biomet/45.3-4.562.
    """
    names = ("calibration_slope", "calibration_intercept")
    n, n_bad = tallied.n, tallied.n_bad
    if tallied.undefined:
        return [undefined(name, tallied.undefined, n, n_bad) for name in names]
    p = np.clip(tallied.score, LOGIT_CLIP, 1 - LOGIT_CLIP)
    logit = np.log(p) - np.log1p(-p)
    ones = np.ones((len(logit), 1))
    intercept = _logistic(ones, logit, tallied, (0.0,))
    if np.ptp(logit) == 0:
        slope = None
        why = "all PDs are the same"
    else:
        near = (0.0 if intercept is None else intercept[0], 1.0)
        slope = _logistic(np.column_stack([ones, logit]), np.zeros(len(logit)), tallied, near)
        why = "the PDs separate goods and bads without an error, so that no slope fits"
    found = []
    for name, fit, reason in zip(names, (slope, intercept), (why, "the fit did not settle"), strict=True):
        if fit is None:
            found.append(undefined(name, reason, n, n_bad))
        else:
            found.append(normal(name, *fit, n, n_bad))
    return found


def _logistic(
    design: np.ndarray, offset: np.ndarray, tallied: Tally, start: tuple[float, ...]
) -> tuple[float, float] | None:
    """Return the last coefficient and its standard error by Newton's method, None without a maximum."""
    weight, bads = tallied.weight, tallied.bads
    beta = np.array(start)
    if len(offset) > 4 * COARSE:
        # a fit to groups of like scores is so near that all the rows need a step or two
        cut = tallied.equal_mass(COARSE)
        whole = totals(weight, cut)
        mean = np.stack([totals(column * weight, cut) / whole for column in design.T], axis=1)
        near = _newton(mean, totals(offset * weight, cut) / whole, whole, totals(bads, cut), beta)
        beta = beta if near is None else near[0]
    fit = _newton(design, offset, weight, bads, beta)
    return None if fit is None else (float(fit[0][-1]), _error(design, fit[1], fit[2], tallied))


def _newton(
    design: np.ndarray, offset: np.ndarray, weight: np.ndarray, bads: np.ndarray, beta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return coefficients, fitted PDs and information at the maximum; None where there is none."""

    def loss(at: np.ndarray) -> float:
        margin = design @ at + offset
        return float(weight @ np.logaddexp(0, margin) - bads @ margin)

    for _ in range(100):
        margin = np.clip(design @ beta + offset, -500, 500)
        p = 1 / (1 + np.exp(-margin))
        information = (design.T * (weight * p * (1 - p))) @ design
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e14:
            return None
        step = np.linalg.solve(information, design.T @ (bads - weight * p))
        if np.abs(step).max() > SURE_STEP:
            # it may overshoot far from the maximum: halve it until the loss falls
            before = loss(beta)
            for _ in range(30):
                if loss(beta + step) <= before:
                    break
                step = step / 2
        beta = beta + step
        if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
            return beta, p, information
    return None


def _error(design: np.ndarray, p: np.ndarray, information: np.ndarray, tallied: Tally) -> float:
    covariance = np.linalg.inv(information)
    own = tallied.customers
    if own is not None:
        pull = (design @ covariance[-1])[own.at] * own.weight * (own.is_bad - p[own.at])
        return math.sqrt(own.squared(pull))
    if tallied.weighted:
        squares = tallied.bads_squared * (1 - p) ** 2 + tallied.goods_squared * p**2
        covariance = covariance @ ((design.T * squares) @ design) @ covariance
    return math.sqrt(covariance[-1, -1])
