"""Principal reasons for a decline: what weighed most against an applicant, in words that can be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.calibrator import Calibrator
from workbench.explanation.attributions import INTERVENTIONAL, PROBABILITY, Attributions
from workbench.explanation.explainer import TYPICAL, Explainer
from workbench.explanation.reason import Reason, Reasons
from workbench.explanation.references import ALL
from workbench.explanation.wording import NO_TEXT, Wording, margin_of, wording
from workbench.features import Program
from workbench.features.columns import IMPOSSIBLE
from workbench.policy import DECISIONS
from workbench.portfolio import P_HIGH, P_LOW
from workbench.training import TrainedModel

MOST = 4
"""More reasons than four are not likely to help: official interpretation of 12 CFR 1002.9(b)(2)."""
LEAST_SHARE = 0.02
"""Of all that weighed against an applicant; what weighed less is no principal reason."""
NOISE = 1e-9
APPROVED, SCORE, RANGE, NO_ADVERSE, ESTIMATED, NOT_HELD = range(6)
SOURCES = ("approved", "score", "range", "no adverse factor", "estimated values", "no values against others")
REFUSED = "refused"


@dataclass(frozen=True, eq=False)
class ReasonRows:
    """The principal reasons of many rows.

    Attributes
    ----------
    decisions, sources : array of int, shape (n,)
        Positions in ``DECISIONS`` and ``SOURCES``.
    groups, named, texts : array of int, shape (n, 4)
        By rank: position of the reason, of the characteristic it is named by (the heaviest; a protected one
        before others), of the text; -1 where there is none.
    contributions : array, shape (n, 4)
    points : array of int, shape (n, 4)
    protected : array of bool, shape (n, 4)
    values : array, shape (n, characteristics)
        The attributions they rest on; NaN for approved rows, which need none, and where the model's values
        cannot say reasons.
    impossible : array of bool, shape (n, characteristics)
        Values outside the range that the portfolio declares.
    """

    words: Wording
    decisions: np.ndarray
    sources: np.ndarray
    groups: np.ndarray
    named: np.ndarray
    texts: np.ndarray
    contributions: np.ndarray
    points: np.ndarray
    protected: np.ndarray
    values: np.ndarray
    impossible: np.ndarray
    reference: str
    n_reference: int
    unit: str
    version: int

    def __len__(self) -> int:
        return len(self.decisions)

    @cached_property
    def defective(self) -> np.ndarray:
        """Whether a principal reason cannot be sent; shape (n,)."""
        return ((self.groups >= 0) & (self.protected | (self.texts == NO_TEXT))).any(axis=1)

    @cached_property
    def notice(self) -> np.ndarray:
        """Whether a notice may go out without a person; shape (n,)."""
        return (self.decisions == 2) & (self.sources == SCORE) & ~self.defective

    def of(self, i: int) -> Reasons:
        """Return the reasons of the row at position `i`."""
        listed = tuple(self._reason(i, rank) for rank in range(MOST) if self.groups[i, rank] >= 0)
        if self.sources[i] == RANGE:
            listed = tuple(self._outside(j) for j in np.flatnonzero(self.impossible[i]))
        defects = tuple(f"{r.titles[0]} {r.defect} and is a principal reason" for r in listed if r.defect)
        return Reasons(
            decision=DECISIONS[self.decisions[i]], source=SOURCES[self.sources[i]], reasons=listed,
            notice=bool(self.notice[i]), note=self.note(i), defects=defects, reference=self.reference,
            n_reference=self.n_reference, unit=self.unit, version=self.version,
        )  # fmt: skip

    def _reason(self, i: int, rank: int) -> Reason:
        group = self.groups[i, rank]
        members = np.flatnonzero((self.words.group_of == group) & (self.values[i] > NOISE))
        members = members[np.argsort(-self.values[i, members], kind="stable")]
        text = self.words.texts[self.texts[i, rank]]
        defect = "is protected" if self.protected[i, rank] else "" if text else "has no text"
        members = members[np.argsort(members != self.named[i, rank], kind="stable")]
        return Reason(
            text="" if defect else text, group=self.words.groups[group],
            characteristics=tuple(self.words.names[j] for j in members),
            titles=tuple(self.words.titles[j] for j in members),
            contribution=float(self.contributions[i, rank]), points=int(self.points[i, rank]), defect=defect,
        )  # fmt: skip

    def _outside(self, j: int) -> Reason:
        name, title = self.words.names[j], self.words.titles[j]
        text = f"{title}: the value given is outside what is accepted"
        return Reason(text, self.words.groups[self.words.group_of[j]], (name,), (title,), 0.0, 0)

    def note(self, i: int) -> str:
        """Return what is to be done with the reasons of a row, "" where they may be sent as they are."""
        source, decision = self.sources[i], self.decisions[i]
        if source == RANGE:
            told = ", ".join(self.words.titles[j] for j in np.flatnonzero(self.impossible[i]))
            return f"Not the score but a value outside the declared range calls for a person: {told}."
        if source == NO_ADVERSE:
            return "Nothing weighed against the applicant: a person has to look at it."
        if source == ESTIMATED:
            return "The values are estimates, on which no reason may rest: a person has to look."
        if source == NOT_HELD:
            return (
                "The trees are deep, and the applicants that others are held against are no longer kept, so "
                "that there are no values on which reasons rest: a person looks."
            )
        if self.defective[i]:
            listed = [self._reason(i, rank) for rank in range(MOST) if self.groups[i, rank] >= 0]
            named = ", ".join(f"{r.titles[0]} {r.defect}" for r in listed if r.defect)
            return f"No automatic notice, a person decides: {named} and is a principal reason."
        return "Internal: a person decides." if decision == 1 else ""

    def columns(self, most: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what a file says of each row.

        Returns
        -------
        list of array of str, each shape (n,)
            Texts by rank, `most` of them. Empty where no notice may be sent, but for a refer.
        array of str, shape (n,)
            The note, which names what is left empty for that.
        """
        texts = np.array(self.words.texts, dtype=object)
        shown = (self.sources == SCORE) & ~self.defective
        out = [np.where(shown & (at >= 0), texts[np.maximum(at, 0)], "") for at in self.texts.T[:most]]
        noted = np.flatnonzero((self.sources != APPROVED) & ~self.notice)
        # a note depends on these alone, and few of them differ among many rows
        told = (self.sources[:, None], self.decisions[:, None], self.named, self.texts, self.protected)
        alike = np.column_stack([*told, self.impossible])[noted]
        _, first, which = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        notes = np.array([self._file_note(noted[i]) for i in first] or [""], dtype=object)
        note = np.full(len(self), "", dtype=object)
        note[noted] = notes[which.ravel()]
        return out, note

    def _file_note(self, i: int) -> str:
        if self.sources[i] == SCORE and self.defective[i]:
            listed = [self._reason(i, rank) for rank in range(MOST) if self.groups[i, rank] >= 0]
            return f"{self.note(i)} In order: {'; '.join(reason.shown for reason in listed)}."
        return self.note(i)


@dataclass(frozen=True, eq=False)
class Reasoner:
    """Gives the principal reasons of applicants, held against those whom the portfolio names.

    Nothing is drawn, and no row's reasons depend on another row: the same model and applicant have the
    same reasons.
    """

    explainer: Explainer

    @cached_property
    def words(self) -> Wording:
        """The portfolio's words, ready to be looked up."""
        held = self.explainer.references[self.reference]
        return wording(self.explainer.model, held.kept.get(TYPICAL))

    @cached_property
    def _program(self) -> Program:
        return self.explainer.model.program()

    @property
    def reference(self) -> str:
        """Name of the group that applicants are held against.

        All development applicants stand in for those near the cut-off where nobody was approved.
        """
        asked = self.explainer.model.portfolio.reasons.reference
        return asked if asked in self.explainer.references else ALL

    def raw(self, values: Mapping[str, Any]) -> np.ndarray:
        """Return the raw row of an applicant given by column name; errors as in `Scorer.score`."""
        return np.array([self._program.raw(values)[0]])

    def one(self, values: Mapping[str, Any]) -> Reasons:
        """Return the reasons of one applicant given by column name; errors as in `Scorer.score`."""
        return self.rows(self.raw(values)).of(0)

    def rows(self, raw: np.ndarray, decisions: np.ndarray | None = None) -> ReasonRows:
        """Return the reasons of raw rows.

        Parameters
        ----------
        raw : array, shape (n, characteristics)
            As `Encoder.raw` gives it.
        decisions : array of int, shape (n,), optional
            Positions in ``DECISIONS`` where they are known; approved rows are not explained then.
        """
        model, impossible = self.explainer.model, self._impossible(raw)
        if INTERVENTIONAL not in self.explainer.kinds:
            return self._unexplained(raw, decisions, impossible)
        if decisions is None and self.explainer.slow:
            decisions = self.decisions(raw)
        if decisions is None:
            found = self.explainer.attributions(raw, reference=self.reference)
            decided = model.policy.decision_codes(found.p_bad)
            decisions = np.maximum(decided, impossible.any(axis=1))
            rows = np.flatnonzero(decisions > 0)
            parts = {name: getattr(found, name)[rows] for name in ("values", "margin", "p_bad")}
            found = replace(found, **parts)
        else:
            rows = np.flatnonzero(decisions > 0)
            found = self.explainer.attributions(raw[rows], reference=self.reference)
        return ranked(model, self.words, found, rows, raw, decisions, impossible)

    def decisions(self, raw: np.ndarray) -> np.ndarray:
        """Return the decision on each raw row, as a position in ``DECISIONS``; shape (n,)."""
        model = self.explainer.model
        decided = model.policy.decision_codes(np.asarray(model.calibrator.p_bad(model.margin(raw)), float))
        return np.maximum(decided, self._impossible(raw).any(axis=1))

    def _impossible(self, raw: np.ndarray) -> np.ndarray:
        return self.explainer.model.encoder.flags(raw) == IMPOSSIBLE

    def _unexplained(
        self, raw: np.ndarray, decisions: np.ndarray | None, impossible: np.ndarray
    ) -> ReasonRows:
        """Return rows without reasons: what the model's values cannot say stands in no notice."""
        model = self.explainer.model
        margin = model.margin(raw)
        p_bad = np.asarray(model.calibrator.p_bad(margin), dtype=float)
        decisions = self.decisions(raw) if decisions is None else decisions
        rows = np.flatnonzero(decisions > 0)
        nothing = np.zeros((len(rows), len(self.words.names)))
        way = self.explainer.way
        found = Attributions(
            self.explainer.kinds[0], way.method, way.unit, "", 0, 0.0, self.explainer.characteristics,
            nothing, margin[rows], p_bad[rows],
        )  # fmt: skip
        told = ranked(model, self.words, found, rows, raw, decisions, impossible)
        return replace(told, values=np.full_like(told.values, np.nan))


def ranked(
    model: TrainedModel, words: Wording, found: Attributions, rows: np.ndarray, raw: np.ndarray,
    decisions: np.ndarray, impossible: np.ndarray,
) -> ReasonRows:  # fmt: skip
    """Return the principal reasons that interventional values give.

    Parameters
    ----------
    found : Attributions
        Of the rows at the positions `rows` alone: those not approved.
    raw, decisions, impossible : arrays
        Of all rows: raw values, decisions, and which values lie outside the declared range.
    """
    n = len(decisions)
    empty = np.full((n, MOST), -1, np.int32)
    groups, named, texts = empty.copy(), empty.copy(), empty.copy()
    contributions, worth = np.zeros((n, MOST)), np.zeros((n, MOST), np.int64)
    protected = np.zeros((n, MOST), bool)
    values = np.full((n, len(words.names)), np.nan)
    values[rows] = found.values
    sources = np.where(decisions > 0, SCORE, APPROVED)
    out_of_range = impossible.any(axis=1) & (decisions > 0)
    sums = _summed(found.values, words)
    order, principal_ones = _heaviest(sums)
    if found.estimated or found.kind != INTERVENTIONAL:
        sources[rows] = ESTIMATED if found.estimated else NOT_HELD
        principal_ones = np.zeros_like(principal_ones)
    sources[rows[~principal_ones.any(axis=1) & (sources[rows] == SCORE)]] = NO_ADVERSE
    sources[out_of_range] = RANGE
    principal_ones &= (sources[rows] == SCORE)[:, None]
    said = words.text_codes(raw[rows])
    for rank in range(order.shape[1]):
        at = np.flatnonzero(principal_ones[:, rank])
        group, row = order[at, rank], rows[at]
        lead, first, is_protected = _leads(found.values[at], words, group)
        groups[row, rank], named[row, rank], texts[row, rank] = group, first, said[at, lead]
        contributions[row, rank] = sums[at, group]
        worth[row, rank] = _worth(model, found, at, sums[at, group])
        protected[row, rank] = is_protected
    texts[rows] = words.borne_out(margin_of(model), raw[rows], named[rows], texts[rows])
    return ReasonRows(
        words, decisions, sources, groups, named, texts, contributions, worth, protected, values, impossible,
        found.reference, found.n_reference, found.unit, model.portfolio.reasons.version,
    )  # fmt: skip


def _summed(values: np.ndarray, words: Wording) -> np.ndarray:
    """Return what each reason adds, a column at a time: no sum depends on other rows."""
    sums = np.zeros((len(values), len(words.groups)))
    for j, group in enumerate(words.group_of):
        sums[:, group] += values[:, j]
    return sums


def _heaviest(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the heaviest reasons of each row, heaviest first, and which of them are principal ones.

    Sums are compared to nine digits, and equal ones stand in the portfolio's order.
    """
    compared = np.round(sums, 9)
    order = np.argsort(-compared, axis=1, kind="stable")[:, :MOST]
    top = np.take_along_axis(compared, order, axis=1)
    adverse = np.where(compared > NOISE, compared, 0.0).sum(axis=1, keepdims=True)
    return order, (top > NOISE) & (top >= LEAST_SHARE * adverse)


def _leads(
    values: np.ndarray, words: Wording, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each row the heaviest characteristic of the given reason, which one to name, and a flag.

    The flag says that a protected characteristic weighs in the reason; that is the one to name then.
    """
    inside = words.group_of[None, :] == group[:, None]
    within = np.where(inside, np.round(values, 9), -np.inf)
    apart = np.where(words.protected[None, :], within, -np.inf)
    lead, guarded = np.argmax(within, axis=1), np.argmax(apart, axis=1)
    is_protected = np.max(apart, axis=1, initial=-np.inf) > NOISE
    return lead, np.where(is_protected, guarded, lead), is_protected


def _worth(model: TrainedModel, found: Attributions, at: np.ndarray, less: np.ndarray) -> np.ndarray:
    """Return how many points more there would be without part of the margin."""
    scale = model.portfolio.points
    margin = found.margin[at]
    gained = [scale.exact(p_bad_at(model.calibrator, found.unit, m)) for m in (margin - less, margin)]
    return np.floor(gained[0] - gained[1] + 0.5).astype(np.int64)


def p_bad_at(calibrator: Calibrator, unit: str, margin: np.ndarray | Sequence[float]) -> np.ndarray:
    """Return the calibrated PD at a margin in the attributions' unit."""
    m = np.asarray(margin, dtype=float)
    if unit == PROBABILITY:
        p = np.clip(m, P_LOW, P_HIGH)
        m = np.log(p / (1 - p))
    return np.asarray(calibrator.p_bad(m), dtype=float)
