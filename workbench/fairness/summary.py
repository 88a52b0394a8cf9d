"""Who is treated differently by scores and a cut-off: every measure, as one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation.measure import NAN
from workbench.evaluation.paired import benjamini_hochberg
from workbench.evaluation.rates import customer_codes
from workbench.fairness import cutoffs, intersections, means, measures, parity, scores, words
from workbench.fairness.counts import NO_OUTCOME, Counts, count, outcome_codes
from workbench.fairness.cutoffs import Sweep
from workbench.fairness.grouping import Grouping, crossed
from workbench.fairness.means import Means
from workbench.fairness.measures import Comparator
from workbench.fairness.plain import records
from workbench.fairness.regb import Elderly
from workbench.fairness.screens import NOT_ADVICE, PROFILES, Profile

MOST_ATTRIBUTES = 4


@dataclass(frozen=True, eq=False)
class Fairness:
    """How scores and a cut-off treat the groups of protected attributes.

    Attributes
    ----------
    cut_off : float
        PD below which an applicant is approved; `at` gives the same value at another one.
    source : str
        Where the cut-off comes from, in words.
    profile : Profile
        Which jurisdiction's measures are shown first.
    n, n_known : int
        Applicants; those whose outcome is known.
    n_bad : int or None
        None without outcomes.
    groups : DataFrame
        One row an attribute and group: as `measures.by_group`, with is_reference, air, air_low, air_high,
        air_reason, p_value, test, q_value, standard_deviations, detectable_air, parity_difference with low
        and high, shortfall; auc, mean_p_bad, calibration_gap, smd_p_bad, smd_points with their ends and
        reasons.
    gaps : DataFrame
        As `measures.gaps`, with q_value over all of them.
    measures : DataFrame
        As `parity.measures`.
    intersections : DataFrame
        As `intersections.intersections`; empty with one attribute.
    calibration, distribution : DataFrame
        As `scores.calibration` (bins) and `scores.distribution`, without groups that are too small.
    comparators : dict of str to Comparator
        By attribute.
    """

    cut_off: float
    source: str
    profile: Profile
    n: int
    n_known: int
    n_bad: int | None
    groups: pd.DataFrame
    gaps: pd.DataFrame
    measures: pd.DataFrame
    intersections: pd.DataFrame
    calibration: pd.DataFrame
    distribution: pd.DataFrame
    comparators: dict[str, Comparator]
    weighted: bool
    customers: bool
    sweeps: dict[str, Sweep] = field(repr=False, default_factory=dict)
    crossings: dict[str, Sweep] = field(repr=False, default_factory=dict)
    fixed: dict[str, pd.DataFrame] = field(repr=False, default_factory=dict)
    means: dict[str, list[Means]] = field(repr=False, default_factory=dict)
    against: str = "declared"
    elderly: tuple[Elderly, ...] = ()

    @property
    def by(self) -> tuple[str, ...]:
        """The protected attributes."""
        return tuple(self.sweeps)

    def grouping(self, by: str) -> Grouping:
        """Return an attribute's groups."""
        return self.sweeps[by].groups

    def of(self, by: str) -> pd.DataFrame:
        """Return the lines of `groups` of one attribute."""
        return self.groups[self.groups["by"] == by].reset_index(drop=True)

    @property
    def approval_rate(self) -> float:
        """Share of everyone approved."""
        one = next(iter(self.sweeps.values()))
        return float(one.counts(self.cut_off, {}).overall(measures.RATES["approval_rate"]))

    @property
    def approval_interval(self) -> tuple[float, float]:
        """Its 95% interval (Wilson)."""
        counts = next(iter(self.sweeps.values())).counts(self.cut_off)
        trials = counts.trials(measures.RATES["approval_rate"]).sum()
        low, high = measures.wilson(self.approval_rate * trials, trials)
        return float(low), float(high)

    def at(self, cut_off: float) -> Fairness:
        """Return the same at another cut-off, read off sorted rows: no pass over them."""
        held = self.comparators
        if cut_off != self.cut_off:
            held = {by: to.held(self.cut_off) for by, to in held.items()}
        shown = _shown(self.sweeps, self.crossings, self.fixed, self.means, cut_off, self.against, held)
        source = self.source if cut_off == self.cut_off else "chosen by hand"
        return replace(self, cut_off=cut_off, source=source, **shown)

    @cached_property
    def over_cut_offs(self) -> pd.DataFrame:
        """Every group over all cut-offs; as `measures.over_cut_offs`."""
        return self._swept[0]

    @cached_property
    def parity_over_cut_offs(self) -> pd.DataFrame:
        """The measures over all cut-offs; as `parity.over_cut_offs`."""
        return self._swept[1]

    @cached_property
    def _swept(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        of_groups, of_measures = [], []
        for by, sweep in self.sweeps.items():
            grid = sweep.grid()
            alike = sweep.counts(self.cut_off).alike if sweep.customers is not None else {}
            counts = sweep.counts(grid, alike)
            of_groups.append(measures.over_cut_offs(sweep.groups, counts, self.comparators[by], grid))
            of_measures.append(parity.over_cut_offs(sweep.groups, counts, grid))
        return pd.concat(of_groups, ignore_index=True), pd.concat(of_measures, ignore_index=True)

    def verdict(self, by: str) -> str:
        """Return what one attribute's approvals show, in words."""
        return words.verdict(self, by)

    @property
    def sentence(self) -> str:
        """What can be concluded of every attribute, in words."""
        return words.sentence(self)

    @property
    def limits(self) -> tuple[str, ...]:
        """What cannot be concluded, one sentence each."""
        return words.limits(self)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; undefined is None with a reason beside it."""
        return {
            "cut_off": self.cut_off, "cut_off_source": self.source, "approval_rate": self.approval_rate,
            "n": self.n, "n_known": self.n_known, "n_bad": self.n_bad,
            "profile": {
                "name": self.profile.name, "title": self.profile.title, "as_of": self.profile.as_of,
                "first": list(self.profile.first), "says": list(self.profile.says),
                "sources": list(self.profile.sources),
                "screens": [{"ratio": s.ratio, "source": s.source} for s in self.profile.screens],
            },
            "reference": {by: to.group or None for by, to in self.comparators.items()},
            "reference_why": {by: to.why for by, to in self.comparators.items()},
            "groups": records(self.groups), "gaps": records(self.gaps),
            "measures": records(self.measures), "intersections": records(self.intersections),
            "age": [one.to_json() for one in self.elderly],
            "sentence": self.sentence, "limits": list(self.limits), "note": NOT_ADVICE,
        }  # fmt: skip


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
    p, outcome, weight = _checked(p_bad, bad, weight, groups)
    if profile not in PROFILES:
        raise InputError("PROFILE", f"there is no jurisdiction profile {profile!r}",
                         remedy=f"Take one of: {', '.join(PROFILES)}.")  # fmt: skip
    who = customer_codes(customer)
    order = np.argsort(p)
    # one who is approved at no cut-off stands beyond them all
    never = impossible is not None and bool(np.any(impossible))
    decided = np.where(impossible, np.inf, p) if never else p
    by_decision = np.argsort(decided) if never else order
    sweeps = {g.by: cutoffs.sweep(decided, outcome, g, weight, who, by_decision) for g in groups}
    crossings = {
        g.by: cutoffs.sweep(decided, outcome, g, weight, who, by_decision)
        for g in (crossed(a, b) for a, b in combinations(groups, 2))
    }
    fixed, bins, of_means = {}, [], {}
    scored = {"p_bad": p} | ({} if points is None else {"points": np.asarray(points, dtype=float)})
    to = {g.by: measures.comparator(g, sweeps[g.by].counts(cut_off, {}), against) for g in groups}
    for g in groups:
        of_means[g.by] = [means.means(name, x, g, weight, who) for name, x in scored.items()]
        fixed[g.by], of_bins = scores.without_cut_off(p, outcome, g, weight, who, order)
        bins.append(of_bins)
    n_known = int((outcome != NO_OUTCOME).sum())
    return Fairness(
        cut_off=float(cut_off), source=source, profile=PROFILES[profile], n=len(p), n_known=n_known,
        n_bad=int((outcome == 1).sum()) if n_known else None,
        calibration=pd.concat(bins, ignore_index=True),
        distribution=pd.concat([scores.distribution(p, g, weight) for g in groups], ignore_index=True),
        weighted=weight is not None, customers=who is not None, sweeps=sweeps, crossings=crossings,
        fixed=fixed, means=of_means, against=against, elderly=tuple(elderly),
        **_shown(sweeps, crossings, fixed, of_means, float(cut_off), against, to),
    )  # fmt: skip


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
        own = _groups(g, counts, to, away, _q_values({g.by: away})[g.by])
        found[g.by] = (_frame([own]), parity.frame([parity.measures(g, counts, pd.DataFrame())]))
    return found


def _checked(
    p_bad: np.ndarray, bad: np.ndarray | None, weight: np.ndarray | None, groups: Sequence[Grouping]
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
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
    return p, outcome_codes(bad, len(p)), weight


def _shown(
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
    own = [_groups(sweeps[by].groups, counts[by], to[by], away[by], q_value[by]) for by in sweeps]
    gaps = _frame([away[by] | {"q_value": q_value[by]} for by in sweeps])
    return {
        "groups": _frame([one | fixed[by].to_dict("series") for by, one in zip(sweeps, own, strict=True)]),
        "gaps": gaps[gaps["reason"] != measures.ITSELF].reset_index(drop=True), "comparators": to,
        "measures": parity.frame(
            [parity.measures(sweeps[by].groups, counts[by], fixed[by]) for by in sweeps]
        ),
        "intersections": _frame(cells),
    }  # fmt: skip


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


def _groups(
    groups: Grouping, counts: Counts, to: Comparator, gaps: dict[str, np.ndarray], q_value: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the lines of an attribute's groups, with how they compare."""
    found = measures.by_group(groups, counts)
    found |= {as_: gaps[name][0].copy() for name, as_ in _OF_GAPS.items()}
    found["q_value"] = q_value[0]
    found["is_reference"] = np.arange(len(groups.labels)) == to.at
    if to.at >= 0:
        found["air"][to.at], found["parity_difference"][to.at] = 1.0, 0.0
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
