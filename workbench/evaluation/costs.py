"""What wrong decisions cost when the costs are not known exactly: the H-measure."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from workbench.evaluation.measure import Measure, normal, undefined
from workbench.evaluation.tally import Tally, totals

Cost = Callable[[np.ndarray | float], np.ndarray]


def h_measure(tallied: Tally, severity: float | None = None) -> Measure:
    """Return the H-measure: how much of the expected cost of deciding blindly the scores save.

    Parameters
    ----------
    severity : float, optional
        How many times worse it is to decline a good than to approve a bad, at the mode of the costs; bads
        to goods where not given, so that both kinds of error cost the same altogether.

    Notes
    -----
    With c the share of cost that declining a good has and w its density, Beta(2, 1 + 1 / severity),
    ``H = 1 - L / L0``, where L is the expected cost at the best cut-off for each c, and L0 that of
    scores that tell nothing. At its best cut-off a row is declined for every c below the bad rate of its
    neighbours, pooled until it rises with the score, so L needs no search over cut-offs. Compare only at
    the same severity, which by default moves with the bad rate. The interval takes goods and bads as
    drawn apart, and each row's own share of the cost as its pull on H; several rows of a customer pull
    together.

    References
    ----------
    Hand (2009), doi:10.1007/s10994-009-5119-5; Hand and Anagnostopoulos (2014),
    doi:10.1016/j.patrec.2013.12.004.
    """
    n, n_bad = tallied.n, tallied.n_bad
    if tallied.undefined:
        return undefined("h_measure", tallied.undefined, n, n_bad)
    whole = float(tallied.weight.sum())
    share_bad = float(tallied.bads.sum()) / whole
    declined, approved = _costs(share_bad / (1 - share_bad) if severity is None else severity)
    level = _neighbours(tallied)
    start = np.flatnonzero(np.diff(level, prepend=-1.0))
    pooled = level[start]
    blind = float((1 - share_bad) * declined(share_bad) + share_bad * approved(share_bad))
    loss, variance = 0.0, 0.0
    pulls = []
    for cost, part, squares, count in (
        (declined(pooled), totals(tallied.goods, start), totals(tallied.goods_squared, start), n - n_bad),
        (approved(pooled), totals(tallied.bads, start), totals(tallied.bads_squared, start), n_bad),
    ):
        mean = float(cost @ part / part.sum())
        loss += mean * float(part.sum()) / whole
        correction = count / (count - 1) if count > 1 else math.nan
        variance += float(squares @ (cost - mean) ** 2) * correction
        pulls.append(cost - mean)
    if (own := tallied.customers) is not None:
        at = tallied.cell(start)[own.at]
        variance = own.squared(own.weight * np.where(own.is_bad, pulls[1][at], pulls[0][at]))
    value = min(max(1.0 - loss / blind, 0.0), 1.0)
    return normal("h_measure", value, math.sqrt(variance) / whole / blind, n, n_bad, 0.0, 1.0)


def _costs(severity: float) -> tuple[Cost, Cost]:
    """Return the expected cost of declining a good, and of approving a bad, by the bad rate around it."""
    from scipy.special import beta, betainc

    a, b = 2.0, 1.0 + 1.0 / severity
    of_goods = beta(a + 1, b) / beta(a, b)
    of_bads = beta(a, b + 1) / beta(a, b)
    return (
        lambda p: of_goods * betainc(a + 1, b, p),
        lambda p: of_bads * (1.0 - betainc(a, b + 1, p)),
    )


def _neighbours(tallied: Tally) -> np.ndarray:
    """Return the bad rate around each score, pooled with its neighbours until it rises with the score."""
    from scipy.optimize import isotonic_regression

    rate = tallied.bads / tallied.weight
    return np.asarray(isotonic_regression(rate, weights=tallied.weight, increasing=False).x)
