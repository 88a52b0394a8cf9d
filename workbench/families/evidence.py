"""A logistic regression on WoE: which characteristics enter it, its coefficients and standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.binning import Bins
from workbench.errors import InputError

ITERATIONS = 50
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Regression:
    """Log-odds of bad = intercept + sum of coefficient times column.

    Attributes
    ----------
    coefficients, standard_errors : array, shape (k,)
    intercept : float
    """

    intercept: float
    coefficients: np.ndarray
    standard_errors: np.ndarray


@dataclass(frozen=True)
class Choice:
    """Whether a characteristic entered, and why or why not."""

    name: str
    iv: float
    chosen: bool
    reason: str


def regress(x: np.ndarray, bad: np.ndarray, weight: np.ndarray | None = None) -> Regression:
    """Fit by iteratively reweighted least squares, without a penalty.

    Parameters
    ----------
    x : array, shape (n, k)
    bad : array, shape (n,)
    weight : array, shape (n,), optional
        The standard errors are then those that hold for weighted rows (the sandwich).

    Raises
    ------
    InputError
        ``NOT_CONVERGED`` where a combination of the columns separates goods from bads, or two say the same.
    """
    z = np.column_stack([np.ones(len(x)), x])
    w = np.ones(len(x)) if weight is None else weight
    beta = np.zeros(z.shape[1])
    share = float(w @ bad / w.sum())
    beta[0] = np.log(share / (1 - share))
    for _ in range(ITERATIONS):
        p = 1 / (1 + np.exp(-(z @ beta)))
        residual = w * (bad - p)
        information = (z * (w * p * (1 - p))[:, None]).T @ z
        try:
            step = np.linalg.solve(information, z.T @ residual)
        except np.linalg.LinAlgError:
            raise _unsolved() from None
        beta = beta + step
        if not np.isfinite(beta).all() or np.abs(beta).max() > 1e3:
            raise _unsolved()
        if np.abs(step).max() < TOLERANCE:
            break
    else:
        raise _unsolved()
    inverse = np.linalg.inv(information)
    if weight is None:
        covariance = inverse
    else:
        covariance = inverse @ ((z * (residual**2)[:, None]).T @ z) @ inverse
    return Regression(float(beta[0]), beta[1:], np.sqrt(np.diag(covariance))[1:])


def p_of(fitted: Regression) -> np.ndarray:
    """Return two-sided p values of the coefficients by the normal distribution; shape (k,)."""
    z = np.abs(fitted.coefficients) / np.maximum(fitted.standard_errors, 1e-300)
    return np.array([math.erfc(value / math.sqrt(2)) for value in z])


def select(
    bins: tuple[Bins, ...], woe: np.ndarray, bad: np.ndarray, weight: np.ndarray | None,
    *, min_iv: float, max_correlation: float, max_p_value: float, most: int,
) -> tuple[list[int], Regression, tuple[Choice, ...]]:  # fmt: skip
    """Choose characteristics by IV, by correlation with stronger ones, and by sign and significance.

    Parameters
    ----------
    bins : tuple of Bins, one a column of `woe`
    woe : array, shape (n, k)
    min_iv : float
        Least IV; it must also be more than chance would bring. Where none has it, the strongest enters.
    max_correlation : float
        Greatest correlation of WoE, either way, with one that is already in.
    max_p_value : float
        Greatest p value of a coefficient, by the normal distribution; 1 keeps all of the right sign.
    most : int
        Most characteristics, the strongest first.

    Raises
    ------
    InputError
        ``NO_PREDICTOR`` where no characteristic separates goods from bads at all.
    """
    order = sorted(range(len(bins)), key=lambda j: (-bins[j].iv, j))
    if not order or bins[order[0]].iv <= 0:
        raise _nothing()
    reasons: dict[int, str] = {}
    strong = [j for j in order if bins[j].iv >= min_iv and bins[j].iv > bins[j].iv_by_chance] or order[:1]
    for j in order:
        if j not in strong:
            word = f"below {min_iv:g}" if bins[j].iv < min_iv else "no more than chance would bring"
            reasons[j] = f"its IV is {word}"
    chosen = _uncorrelated(strong, bins, woe, weight, max_correlation, reasons)
    for j in chosen[most:]:
        reasons[j] = f"{most} stronger ones are in"
    chosen = chosen[:most]
    fitted = regress(woe[:, chosen], bad, weight)
    while len(chosen) > 1:
        # a positive coefficient has a p value beyond 1 here, so that wrong signs go first
        p_values = p_of(fitted) + (fitted.coefficients >= 0)
        worst = int(p_values.argmax())
        if p_values[worst] <= max_p_value:
            break
        wrong = fitted.coefficients[worst] >= 0
        reasons[chosen[worst]] = "beside the others its coefficient " + (
            "has the wrong sign" if wrong else f"may well be 0 (p {p_values[worst]:.2f})"
        )
        chosen = [j for k, j in enumerate(chosen) if k != worst]
        fitted = regress(woe[:, chosen], bad, weight)
    if fitted.coefficients.max() >= 0:
        raise _nothing()
    log = tuple(Choice(bins[j].name, bins[j].iv, j in chosen, reasons.get(j, "in the card")) for j in order)
    return chosen, fitted, log


def _uncorrelated(
    strong: list[int], bins: tuple[Bins, ...], woe: np.ndarray, weight: np.ndarray | None, most: float,
    reasons: dict[int, str],
) -> list[int]:  # fmt: skip
    centred = woe[:, strong] - np.average(woe[:, strong], axis=0, weights=weight)
    if weight is not None:
        centred *= np.sqrt(weight)[:, None]
    length = np.sqrt((centred**2).sum(axis=0))
    correlation = (centred.T @ centred) / np.maximum(np.outer(length, length), 1e-300)
    kept: list[int] = []
    for k in range(len(strong)):
        near = [(abs(correlation[k, m]), m) for m in kept]
        size, m = max(near, default=(0.0, -1))
        if size > most:
            reasons[strong[k]] = (
                f"correlates {correlation[k, m]:.2f} with {bins[strong[m]].name}, which is stronger"
            )
        else:
            kept.append(k)
    return [strong[k] for k in kept]


def _unsolved() -> InputError:
    return InputError(
        "NOT_CONVERGED", "the regression on WoE has no solution: characteristics repeat each other, "
        "or together separate goods from bads",
        remedy="Lower max_correlation, or leave out what repeats another characteristic.",
    )  # fmt: skip


def _nothing() -> InputError:
    return InputError(
        "NO_PREDICTOR", "no characteristic separates goods from bads in bins of the least size",
        remedy="Bring more rows, or ask for smaller bins.",
    )  # fmt: skip
