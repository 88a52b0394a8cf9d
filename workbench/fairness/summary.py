"""Who is treated differently by scores and a cut-off: every measure, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from workbench.fairness import measures, parity, words
from workbench.fairness.cutoffs import Sweep
from workbench.fairness.decided import at_cut_off
from workbench.fairness.grouping import Grouping
from workbench.fairness.means import Means
from workbench.fairness.measures import Comparator
from workbench.fairness.plain import records
from workbench.fairness.regb import Elderly
from workbench.fairness.screens import NOT_ADVICE, Profile


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
        shown = at_cut_off(self.sweeps, self.crossings, self.fixed, self.means, cut_off, self.against, held)
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
