"""From scores, a cut-off and protected groups to who is treated differently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation.rates import customer_codes
from workbench.fairness import cutoffs, means, measures, scores
from workbench.fairness.counts import NO_OUTCOME, outcome_codes
from workbench.fairness.cutoffs import Sweep
from workbench.fairness.decided import at_cut_off
from workbench.fairness.grouping import Grouping, crossed
from workbench.fairness.regb import Elderly
from workbench.fairness.screens import PROFILES
from workbench.fairness.summary import Fairness

MOST_ATTRIBUTES = 4


def judge(
    p_bad: np.ndarray,
    groups: Sequence[Grouping],
    cut_off: float,
    *,
    bad: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    customer: np.ndarray | None = None,
    points: np.ndarray | None = None,
    impossible: np.ndarray | None = None,
    profile: str = "none",
    against: str = "declared",
    source: str = "",
    elderly: Sequence[Elderly] = (),
) -> Fairness:
    """Return who is treated differently: of a model's scores, or of a vendor's.

    Parameters
    ----------
    p_bad : array, shape (n,)
        PDs; any score that rises with risk will do, then calibration means nothing.
    groups : sequence of Grouping
        Protected attributes of the same rows, one to four; two or more are crossed as well.
    cut_off : float
        An applicant is approved below it. Approving is the favourable decision; referring is not approving.
    bad : array, shape (n,), optional
        1 bad, 0 good, anything else not known. Without it, what rests on outcomes is not defined.
    weight : array, shape (n,), optional
        Sampling weights, not negative.
    customer : array, shape (n,), optional
        Whose row each is, where some have several: intervals and tests then count customers.
    points : array, shape (n,), optional
        Points of the same applicants.
    impossible : array of bool, shape (n,), optional
        Who holds a value that cannot be, and so is approved at no cut-off, as from `dataset.impossible`.
    profile : str
        A name in `PROFILES`.
    against : {"declared", "highest"}
        Compare with the reference group of each attribute, or with the one approved most often.
    elderly : sequence of Elderly
        What was found of a scored age.

    Raises
    ------
    InputError
        ``SCORES``, ``PROFILE``, ``ATTRIBUTES``.

    Examples
    --------
    >>> from workbench.fairness.grouping import grouping
    >>> g = grouping("age", ["young"] * 190 + ["old"] * 810, reference="old")
    >>> p = np.concatenate([np.linspace(0, 1, 190), np.linspace(0, 0.8, 810)])
    >>> found = judge(p, [g], 0.5)
    >>> found.of("age")["air"].round(3).tolist()
    [1.0, 0.8]
    """
    rows = _checked(p_bad, bad, weight, customer, groups)
    if profile not in PROFILES:
        raise InputError("PROFILE", f"there is no jurisdiction profile {profile!r}",
                         remedy=f"Take one of: {', '.join(PROFILES)}.")  # fmt: skip
    sweeps, crossings = _swept(rows, groups, impossible)
    scored = {"p_bad": rows.p} | ({} if points is None else {"points": np.asarray(points, dtype=float)})
    of_means, fixed, bins = {}, {}, []
    for g in groups:
        of_means[g.by] = [means.means(name, x, g, rows.weight, rows.customer) for name, x in scored.items()]
        fixed[g.by], of_bins = scores.without_cut_off(
            rows.p, rows.outcome, g, rows.weight, rows.customer, rows.order
        )
        bins.append(of_bins)
    to = {g.by: measures.comparator(g, sweeps[g.by].counts(cut_off, {}), against) for g in groups}
    n_known = int((rows.outcome != NO_OUTCOME).sum())
    return Fairness(
        cut_off=float(cut_off), source=source, profile=PROFILES[profile], n=len(rows.p), n_known=n_known,
        n_bad=int((rows.outcome == 1).sum()) if n_known else None,
        calibration=pd.concat(bins, ignore_index=True),
        distribution=pd.concat(
            [scores.distribution(rows.p, g, rows.weight) for g in groups], ignore_index=True
        ),
        weighted=rows.weight is not None, customers=rows.customer is not None, sweeps=sweeps,
        crossings=crossings, fixed=fixed, means=of_means, against=against, elderly=tuple(elderly),
        **at_cut_off(sweeps, crossings, fixed, of_means, float(cut_off), against, to),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Rows:
    """Scores that were found to be usable, with what is known of the same rows; customers as codes."""

    p: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray | None
    customer: np.ndarray | None

    @cached_property
    def order(self) -> np.ndarray:
        """Their positions, the safest first."""
        return np.argsort(self.p)


def _swept(
    rows: _Rows, groups: Sequence[Grouping], impossible: np.ndarray | None
) -> tuple[dict[str, Sweep], dict[str, Sweep]]:
    """Return the decisions on each attribute's groups, and on each two attributes crossed, at any cut-off."""
    # one who is approved at no cut-off stands beyond them all
    never = impossible is not None and bool(np.any(impossible))
    decided = np.where(impossible, np.inf, rows.p) if never else rows.p
    order = np.argsort(decided) if never else rows.order

    def swept(each: Iterable[Grouping]) -> dict[str, Sweep]:
        return {
            g.by: cutoffs.sweep(decided, rows.outcome, g, rows.weight, rows.customer, order) for g in each
        }

    return swept(groups), swept(crossed(a, b) for a, b in combinations(groups, 2))


def _checked(
    p_bad: np.ndarray, bad: np.ndarray | None, weight: np.ndarray | None, customer: np.ndarray | None,
    groups: Sequence[Grouping],
) -> _Rows:  # fmt: skip
    p = np.asarray(p_bad, dtype=float)
    if not 1 <= len(groups) <= MOST_ATTRIBUTES:
        raise InputError("ATTRIBUTES", f"{len(groups)} protected attributes were named",
                         remedy=f"Name one to {MOST_ATTRIBUTES}.")  # fmt: skip
    lengths = {len(p), *(len(g.code) for g in groups)}
    lengths |= {len(x) for x in (bad, weight) if x is not None}
    if len(lengths) > 1:
        what = f"scores, outcomes, weights and groups have different lengths: {sorted(lengths)}"
        raise InputError("SCORES", what)
    if not np.isfinite(p).all():
        raise InputError("SCORES", f"{int((~np.isfinite(p)).sum()):,} scores are not finite numbers",
                         remedy="Leave those rows out.")  # fmt: skip
    if weight is not None:
        weight = np.asarray(weight, dtype=float)
        if not (np.isfinite(weight) & (weight >= 0)).all():
            raise InputError("SCORES", "some weights are negative or not finite",
                             remedy="Correct the weights.")  # fmt: skip
    return _Rows(p, outcome_codes(bad, len(p)), weight, customer_codes(customer))
