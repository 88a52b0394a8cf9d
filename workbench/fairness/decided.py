"""Who is treated differently by decisions: those of a cut-off, or decisions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN
from workbench.evaluation.paired import benjamini_hochberg
from workbench.fairness import intersections, means, measures, parity
from workbench.fairness.counts import Counts, count, outcome_codes
from workbench.fairness.cutoffs import Sweep
from workbench.fairness.grouping import Grouping, crossed
from workbench.fairness.means import Means
from workbench.fairness.measures import Comparator


def at_cut_off(
    sweeps: dict[str, Sweep], crossings: dict[str, Sweep], fixed: dict[str, pd.DataFrame],
    of_means: dict[str, list[Means]], cut_off: float, against: str, held: dict[str, Comparator],
) -> dict[str, Any]:  # fmt: skip
    """Return what hangs on the cut-off; comparators are held, so that a moved cut-off changes one thing."""
    counts = {by: sweep.counts(cut_off) for by, sweep in sweeps.items()}
    to = {
        by: held[by] if held[by].at >= 0 else measures.comparator(sweeps[by].groups, counts[by], against)
        for by in sweeps
    }
    fixed = {
        by: pd.concat([fixed[by], *(means.standardised(one, to[by]) for one in of_means[by])], axis=1)
        for by in sweeps
    }
    away = {by: measures.gaps(sweeps[by].groups, counts[by], to[by]) for by in sweeps}
    q_value = _q_values(away)
    cells = []
    for sweep in crossings.values():
        counted = sweep.counts(cut_off)
        comparator = measures.comparator(sweep.groups, counted, against)
        cells.append(intersections.intersections(sweep.groups, counted, comparator))
    own = [_lines(sweeps[by].groups, counts[by], to[by], away[by], q_value[by]) for by in sweeps]
    gaps = _frame([away[by] | {"q_value": q_value[by]} for by in sweeps])
    return {
        "groups": _frame([one | fixed[by].to_dict("series") for by, one in zip(sweeps, own, strict=True)]),
        "gaps": gaps[gaps["reason"] != measures.ITSELF].reset_index(drop=True), "comparators": to,
        "measures": parity.frame(
            [parity.measures(sweeps[by].groups, counts[by], fixed[by], to[by]) for by in sweeps]
        ),
        "intersections": _frame(cells),
    }  # fmt: skip


def tables(
    approved: np.ndarray, groups: Sequence[Grouping], *, bad: np.ndarray | None = None,
    weight: np.ndarray | None = None, against: str = "declared",
) -> Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]:  # fmt: skip
    """Return groups and measures of decisions alone, where there is no score: one pass an attribute.

    Parameters
    ----------
    approved : array of bool, shape (n,)
        The decision was `approve`; True is the favourable one.
    """
    approved = np.asarray(approved, dtype=bool)
    outcome = outcome_codes(bad, len(approved))
    found = {}
    for g in (*groups, *(crossed(a, b) for a, b in combinations(groups, 2))):
        counts = count(approved, outcome, g, weight)
        to = measures.comparator(g, counts, against)
        away = measures.gaps(g, counts, to, ("approval_rate",))
        own = _lines(g, counts, to, away, _q_values({g.by: away})[g.by])
        found[g.by] = (_frame([own]), parity.frame([parity.measures(g, counts, pd.DataFrame(), to)]))
    return found


_OF_GAPS = {
    "ratio": "air", "ratio_low": "air_low", "ratio_high": "air_high", "reason": "air_reason",
    "p_value": "p_value", "test": "test", "standard_deviations": "standard_deviations",
    "detectable": "detectable_air", "difference": "parity_difference", "low": "parity_difference_low",
    "high": "parity_difference_high",
}  # fmt: skip


def _q_values(away: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return q-values over the tests of all attributes together."""
    p_values = [one["p_value"] for one in away.values()]
    q = benjamini_hochberg(np.concatenate([one.ravel() for one in p_values]))
    ends = np.cumsum([one.size for one in p_values])[:-1]
    return {
        by: part.reshape(one.shape) for by, one, part in zip(away, p_values, np.split(q, ends), strict=True)
    }


def _lines(
    groups: Grouping, counts: Counts, to: Comparator, gaps: dict[str, np.ndarray], q_value: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the lines of an attribute's groups, with how they compare."""
    found = measures.by_group(groups, counts)
    own = measures.with_itself(counts, to, gaps)
    found |= {as_: own.get(name, gaps[name][0]).copy() for name, as_ in _OF_GAPS.items()}
    found["q_value"] = q_value[0]
    found["is_reference"] = np.arange(len(groups.labels)) == to.at
    told = found["approval_rate_reason"] == ""
    found["shortfall"] = np.where(told, measures.shortfall(counts, to), NAN)
    return found


def _frame(parts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one frame of columns that come in parts, one an attribute."""
    if not parts:
        return pd.DataFrame()
    return pd.DataFrame(
        {name: np.concatenate([np.asarray(part[name]).ravel() for part in parts]) for name in parts[0]}
    )
