"""Groups of two attributes at once: many cells, few rows in some, so little is said of those."""

from __future__ import annotations

import numpy as np

from workbench.evaluation.measure import NAN
from workbench.evaluation.paired import benjamini_hochberg
from workbench.fairness.counts import RATES, Counts
from workbench.fairness.grouping import CROSS, Grouping
from workbench.fairness.measures import Comparator, by_group, gaps, with_itself

FEW = 100
"""Below this many rows a cell is marked as small, though it is shown."""


def intersections(groups: Grouping, counts: Counts, to: Comparator) -> dict[str, np.ndarray]:
    """Return the cells of two attributes.

    Returns
    -------
    dict of str to array, shape (cells,)
        by, group, first, second (its group in each), n, n_known, n_bad, n_approved, approval_rate with
        low, high and reason, shrunk (as `shrunk`), air, air_low, air_high, p_value, q_value (over the
        cells alone), small (fewer than 100 rows). A cell with a reason is suppressed: of its
        approvals nothing is told, of fewer than 30 rows only the size. Cells without rows are left out.
    """
    own = by_group(groups, counts)
    away = gaps(groups, counts, to, ("approval_rate",))
    away = {name: values[0] for name, values in away.items()} | with_itself(counts, to, away)
    reason = own["approval_rate_reason"]
    told = reason == ""
    rate = RATES["approval_rate"]
    parts = [label.split(CROSS) for label in groups.labels]
    found = {
        "by": own["by"],
        "group": own["group"],
        "first": np.array([a for a, _ in parts], dtype=object),
        "second": np.array([b for _, b in parts], dtype=object),
        "n": own["n"],
        "n_known": own["n_known"],
        "n_bad": own["n_bad"],
        "n_approved": own["n_approved"],
        "approval_rate": own["approval_rate"],
        "low": own["approval_rate_low"],
        "high": own["approval_rate_high"],
        "reason": reason,
        "shrunk": np.where(told, shrunk(counts.share(rate), counts.trials(rate)), NAN),
        "air": away["ratio"],
        "air_low": away["ratio_low"],
        "air_high": away["ratio_high"],
        "p_value": away["p_value"],
        "q_value": benjamini_hochberg(away["p_value"]),
        "small": own["n"] < FEW,
    }
    some = own["n"] > 0
    return {name: values[some] for name, values in found.items()}


def shrunk(share: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Return shares drawn towards the common one, the more the fewer rows they rest on; shape (cells,).

    Beta-binomial: the spread of the true shares is what the spread of the seen ones has beyond chance
    (method of moments). Where it has nothing beyond, every cell gets the common share.

    References
    ----------
    Kleinman (1973), doi:10.1080/01621459.1973.10481332.

    Examples
    --------
    >>> shrunk(np.array([0.5, 0.7, 0.9]), np.array([1000.0, 1000.0, 10.0])).round(2).tolist()
    [0.5, 0.7, 0.74]
    """
    share, trials = np.asarray(share, dtype=float), np.asarray(trials, dtype=float)
    told = np.isfinite(share) & (trials > 0)
    n, p = trials[told], share[told]
    found = np.full(len(share), NAN)
    if not len(p):
        return found
    mean = float(n @ p / n.sum())
    between, chance = float(n @ (p - mean) ** 2), mean * (1 - mean)
    spare = n.sum() - float(n @ n) / n.sum()
    variance = (between - chance * (len(p) - 1)) / spare if spare > 0 else 0.0
    if variance <= 0 or chance == 0:
        found[told] = mean
        return found
    strength = max(chance / variance - 1, 0.0)
    found[told] = (n * p + strength * mean) / (n + strength)
    return found
