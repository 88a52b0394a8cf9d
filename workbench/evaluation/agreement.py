"""Whether PDs agree with outcomes, as tests: by band, by tenth, and row by row."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, wilson
from workbench.evaluation.tally import Customers, Tally, totals
from workbench.policy import Policy

GROUPS = 10
LARGE = 25_000
BAND_COLUMNS = (
    "band",
    "p_low",
    "p_high",
    "n",
    "goods",
    "bads",
    "bad_rate",
    "low",
    "high",
    "mean_p_bad",
    "n_bad",
    "p_value",
)


def jeffreys(n: np.ndarray | float, bads: np.ndarray | float, p_bad: np.ndarray | float) -> np.ndarray:
    """Return how likely the true bad rate is at most the PD, given the bads seen: small, the PD is too low.

    Parameters
    ----------
    n, bads : float or array
        Applicants and bads of a grade; no whole numbers where they come from weights.
    p_bad : float or array
        PD of the grade.

    Notes
    -----
    The distribution function of Beta(bads + 1/2, n - bads + 1/2) at the PD: one-sided, as supervisors
    ask of each grade.

    Examples
    --------
    >>> round(float(jeffreys(1000, 15, 0.01)), 4)
    0.0632
    """
    from scipy.special import betainc

    n, bads = np.asarray(n, dtype=float), np.asarray(bads, dtype=float)
    return betainc(bads + 0.5, n - bads + 0.5, p_bad)


def bands(tallied: Tally, policy: Policy | None) -> pd.DataFrame:
    """Return what each band of a policy holds, safest first; empty without a policy.

    Returns
    -------
    DataFrame
        band, p_low (PD from), p_high (PD below), n (rows), goods, bads (sums of weights), bad_rate with
        low, high (Wilson 95%), mean_p_bad, n_bad (rows), p_value (`jeffreys`; small: the band's PD is
        too low). A band without applicants has a line, its rates NaN.
    """
    if policy is None:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in BAND_COLUMNS})
    k = len(policy.bands)
    code = policy.band_codes(tallied.score)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(code, values, k)

    goods, bads = summed(tallied.goods), summed(tallied.bads)
    weight, squared = goods + bads, summed(tallied.goods_squared + tallied.bads_squared)
    some = weight > 0
    rate = np.divide(bads, weight, out=np.full(k, NAN), where=some)
    trials = np.divide(weight**2, squared, out=np.zeros(k), where=some)
    if tallied.customers is not None:
        trials = tallied.customers.trials(code, k)
    low, high = wilson(np.where(some, rate, 0.0) * trials, trials)
    mean = np.divide(summed(tallied.score * tallied.weight), weight, out=np.full(k, NAN), where=some)
    return pd.DataFrame(
        {
            "band": np.array(policy.bands, dtype=object),
            "p_low": [0.0, *policy.band_edges],
            "p_high": [*policy.band_edges, 1.0],
            "n": summed(tallied.rows).astype(np.int64),
            "goods": goods,
            "bads": bads,
            "bad_rate": rate,
            "low": low,
            "high": high,
            "mean_p_bad": mean,
            "n_bad": summed(tallied.rows_bad).astype(np.int64),
            "p_value": np.where(some, jeffreys(trials, np.where(some, rate, 0.0) * trials, mean), NAN),
        }
    )


def tests(tallied: Tally) -> pd.DataFrame:
    """Return the tests of whether PDs are right.

    Returns
    -------
    DataFrame
        test ("hosmer_lemeshow", "spiegelhalter"), title, statistic, df (NaN where it has none), p_value,
        caveat (how far to trust it, in words).

    Notes
    -----
    Hosmer and Lemeshow by tenths of applicants, with as many degrees of freedom as there are groups:
    right for rows the model was not fitted on, too lenient on its development sample. Spiegelhalter's z
    needs no groups. With sampling weights each row's variance counts with its squared weight; several rows
    of a customer vary as their sum did: statistic and degrees of freedom of Hosmer and Lemeshow are then
    those of Rao and Scott, by how much more the groups' gaps vary than of single rows.

    References
    ----------
    Hosmer and Lemeshow (1980), doi:10.1080/03610928008827941; Spiegelhalter (1986),
    doi:10.1002/sim.4780050506; Rao and Scott (1984), doi:10.1214/aos/1176346391.
    """
    from scipy.special import chdtrc, ndtr

    titles = {"hosmer_lemeshow": "Hosmer-Lemeshow", "spiegelhalter": "Spiegelhalter's z"}
    p = np.clip(tallied.score, 0.0, 1.0)
    squares = tallied.goods_squared + tallied.bads_squared
    chi, df, groups = _hosmer_lemeshow(tallied, p, squares)
    pull = (1 - 2 * p) ** 2 * p * (1 - p)
    own = tallied.customers
    spread = math.sqrt(float(squares @ pull)) if own is None else _of_customers(own, p)
    z = float((tallied.bads - p * tallied.weight) @ (1 - 2 * p)) / spread if spread > 0 else NAN
    why = tallied.undefined if not tallied.n else "the PDs leave no spread"
    large = f"; on more than {LARGE:,} rows it rejects any model, so it is a diagnostic only"
    caveat = f"{groups} tenths of applicants, for rows the model was not fitted on"
    caveat += large if tallied.n > LARGE else "; it has little power on few bads"
    lines = [
        ("hosmer_lemeshow", chi, df, float(chdtrc(df, chi)), caveat if groups else why),
        ("spiegelhalter", z, NAN, float(2 * ndtr(-abs(z))), "no groups needed" if spread > 0 else why),
    ]
    frame = pd.DataFrame(lines, columns=["test", "statistic", "df", "p_value", "caveat"])
    frame.insert(1, "title", frame["test"].map(titles))
    return frame


def _of_customers(own: Customers, p: np.ndarray) -> float:
    """Return the standard error of Spiegelhalter's sum over rows that come in whole customers."""
    p = p[own.at]
    return math.sqrt(np.nan_to_num(own.squared(own.weight * (own.is_bad - p) * (1 - 2 * p))))


def _hosmer_lemeshow(tallied: Tally, p: np.ndarray, squares: np.ndarray) -> tuple[float, float, int]:
    """Return the statistic, its degrees of freedom and the groups whose PDs leave room for chance."""
    start = tallied.equal_mass(GROUPS)
    if not len(start):
        return NAN, NAN, 0
    weight = totals(tallied.weight, start)
    expected = totals(p * tallied.weight, start)
    mean = expected / weight
    variance = totals(squares, start) * mean * (1 - mean)
    used = variance > 0
    groups = int(used.sum())
    if not groups:
        return NAN, NAN, 0
    gap = totals(tallied.bads, start) - expected
    chi = float((gap[used] ** 2 / variance[used]).sum())
    if tallied.customers is None:
        return chi, float(groups), groups
    pull = tallied.customers.gaps(p, tallied.cell(start), len(start))[:, used] / np.sqrt(variance[used])
    effect = pull.T @ pull
    # the mean of its roots, and that of their squares
    mean_root, mean_square = float(np.trace(effect)) / groups, float((effect**2).sum()) / groups
    if not mean_root > 0:
        return NAN, NAN, 0
    return chi * mean_root / mean_square, groups * mean_root**2 / mean_square, groups
