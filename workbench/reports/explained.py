"""What an explanation report computes of a model: applicants told, reasons, and what LIME makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.explanation import (
    INTERVENTIONAL,
    Attributions,
    Explainer,
    Flips,
    Lime,
    Overview,
    Permutation,
    Reasoner,
    ReasonRows,
    Rows,
    flips,
    lime,
    permutation,
    told_of,
)  # fmt: skip
from workbench.policy import DECISIONS
from workbench.reports.block import Block
from workbench.run import Run, seed_for

if TYPE_CHECKING:
    from workbench.registry import ModelRow
    from workbench.training import TrainedModel

DECLINED, BORDERLINE, APPROVED = 4, 3, 3
LIMED = 3
"""Applicants told, by decision, and those of them that LIME is asked about, by decision."""


@dataclass(frozen=True, eq=False)
class ExplainedModel:
    """A model's version with the rows that it is explained on.

    Attributes
    ----------
    row : ModelRow
    explainer : Explainer
    overview : Overview
        Of `rows`.
    rows, development : Rows
        The sample or segment that was asked for, and the rows the model was developed on.
    keys : array of str, shape (n,)
        What the file calls each of `rows`.
    source : str
        The file.
    """

    row: ModelRow
    explainer: Explainer
    overview: Overview
    rows: Rows
    development: Rows
    keys: np.ndarray
    source: str
    threads: int = 1

    @property
    def model(self) -> TrainedModel:
        """The model, verified."""
        return self.explainer.model

    @property
    def reasoned(self) -> bool:
        """Whether the model has values against others, on which reasons rest."""
        return INTERVENTIONAL in self.explainer.kinds

    @cached_property
    def held(self) -> Attributions:
        """The values of the applicants told, against all development applicants."""
        return self.explainer.attributions(self.rows.raw[self.told["at"].to_numpy()])

    @cached_property
    def p_bad(self) -> np.ndarray:
        """Calibrated PD of each row; shape (n,)."""
        return np.asarray(self.model.calibrator.p_bad(self.model.margin(self.rows.raw)), dtype=float)

    @cached_property
    def decisions(self) -> np.ndarray:
        """The decision on each row, as a position in ``DECISIONS``; shape (n,)."""
        return Reasoner(self.explainer).decisions(self.rows.raw)

    @cached_property
    def reasons_at(self) -> np.ndarray:
        """Positions of the rows whose reasons are counted: all, or some where each takes long."""
        return told_of(self.explainer, self.rows)

    @cached_property
    def reasons(self) -> ReasonRows:
        """The principal reasons of the rows at `reasons_at` that are not approved."""
        return self._reasons(self.reasons_at)

    @cached_property
    def told_reasons(self) -> ReasonRows:
        """The principal reasons of the applicants told."""
        return self._reasons(self.told["at"].to_numpy())

    def _reasons(self, at: np.ndarray) -> ReasonRows:
        return Reasoner(self.explainer).rows(self.rows.raw[at], self.decisions[at])

    @cached_property
    def flips(self) -> Flips:
        """What taking away the first reason does."""
        raw = self.rows.raw[self.reasons_at]
        return flips(self.model, raw, self.reasons, seed_for(self.model.spec.seed, "flips"))

    @cached_property
    def permutation(self) -> Permutation:
        """What each characteristic is worth to the AUC."""
        return permutation(self.model, self.rows, Run(self.threads))

    @cached_property
    def told(self) -> pd.DataFrame:
        """The applicants told, always the same: at, key, kind, p_bad, decision."""
        codes, p = self.decisions, self.p_bad
        cut = self.model.policy.approve_below
        near = np.argsort(np.abs(p - cut), kind="stable")[:BORDERLINE]
        left = np.setdiff1d(np.arange(len(p)), near)
        lines = [(at, "declined") for at in _spread(left[codes[left] == 2], p, DECLINED)]
        lines += [(at, "borderline") for at in near[np.argsort(p[near], kind="stable")]]
        lines += [(at, "approved") for at in _spread(left[codes[left] == 0], p, APPROVED)]
        frame = pd.DataFrame(lines, columns=["at", "kind"]).astype({"at": int})
        at = frame["at"].to_numpy()
        return frame.assign(key=self.keys[at], p_bad=p[at], decision=[DECISIONS[c] for c in codes[at]])

    @cached_property
    def limes(self) -> dict[int, Lime]:
        """What LIME makes of one applicant of each kind and more of those declined: position in `told`."""
        kinds = self.told["kind"].to_numpy()
        chosen = [i for kind in dict.fromkeys(kinds) for i in np.flatnonzero(kinds == kind)[:1]]
        raw = self.rows.raw[self.told["at"].to_numpy()]
        return {
            int(i): lime(self.model, self.held, raw, self.development.raw, i=int(i)) for i in chosen[:LIMED]
        }


def _spread(at: np.ndarray, p_bad: np.ndarray, many: int) -> np.ndarray:
    """Return so many positions, evenly over the PDs, the riskiest first."""
    ordered = at[np.argsort(-p_bad[at], kind="stable")]
    if len(ordered) <= many:
        return ordered
    return ordered[((np.arange(many) + 0.5) / many * len(ordered)).astype(np.intp)]


def explained_chapter(tell: Callable[[ExplainedModel], Block]) -> Callable[[ExplainedModel | None], Block]:
    """Let a chapter be asked without a model, and then show nothing."""

    @wraps(tell)
    def told(of: ExplainedModel | None) -> Block:
        return Block() if of is None else tell(of)

    return told
