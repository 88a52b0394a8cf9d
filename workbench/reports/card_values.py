"""What a scorecard report computes of a card: the effect of rounding, and applicants scored by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.calibrator import expit
from workbench.evaluation import Evaluation, evaluate
from workbench.families.scorecard import Scorecard
from workbench.portfolio import number_words
from workbench.reports.block import Block
from workbench.reports.error_chapters import Judged, judged
from workbench.reports.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.registry import ModelRow
    from workbench.training import TrainedModel

PLACES = {"safe": 0.9, "risky": 0.1}
"""Which applicants are worked by hand beside the one at the cut-off: by their share of lower points."""


@dataclass(frozen=True, eq=False)
class SignedCard:
    """A scorecard's version and the study it is of.

    Attributes
    ----------
    model : TrainedModel
        As the registry keeps it, verified.
    shown : Shown
        Its study, with the card as the model described.
    """

    row: ModelRow
    model: TrainedModel
    shown: Shown

    @property
    def card(self) -> Scorecard:
        """The points as they are used."""
        assert isinstance(self.model.fitted, Scorecard)
        return self.model.fitted

    @property
    def rows(self) -> Judged | None:
        """The rows of the reported sample; None where the data are no longer kept."""
        chosen = self.shown.chosen
        return None if chosen is None else judged(self.shown, chosen)

    def bin_numbers(self, rows: Judged) -> np.ndarray:
        """Return the bin of each row and characteristic; shape (n, characteristics)."""
        encoder = self.model.encoder
        return encoder.encode(encoder.raw(rows.frame, rows.date))


@dataclass(frozen=True, eq=False)
class Rounding:
    """A card against the regression it was rounded from, on the same rows.

    Attributes
    ----------
    exact, rounded : Evaluation
        At the policy's cut-off.
    points : float
        Greatest change of an applicant's points.
    p_mean, p_most : float
        Mean and greatest change of a PD, in size.
    moved : int
        Applicants on the other side of the cut-off.
    """

    exact: Evaluation
    rounded: Evaluation
    points: float
    p_mean: float
    p_most: float
    moved: int


def rounding(of: SignedCard, rows: Judged) -> Rounding:
    """Return what rounding points to whole numbers did."""
    card, model = of.card, of.model
    x = of.bin_numbers(rows)
    exact = np.full(len(x), card.intercept)
    for term in card.terms:
        woe = np.array(model.encoder.bins[term.column].woe)
        exact += term.coefficient * woe[x[:, term.column].astype(np.intp)]
    margin, cut = card.margin(x), model.policy.approve_below
    p_exact, p_rounded = expit(exact), expit(margin)
    both = [
        evaluate(rows.bad, p, weight=rows.weight, group=rows.group, policy=replace(model.policy), seed=0)
        for p in (p_exact, p_rounded)
    ]
    change = np.abs(p_rounded - p_exact)
    return Rounding(
        both[0], both[1], float(card.scale.factor * np.abs(margin - exact).max()), float(change.mean()),
        float(change.max()), int(((p_exact < cut) != (p_rounded < cut)).sum()),
    )  # fmt: skip


def by_hand(of: SignedCard, rows: Judged) -> Mapping[str, pd.DataFrame]:
    """Return a safe, a borderline and a risky applicant of the rows, a line a characteristic of the card.

    Returns
    -------
    mapping of str to DataFrame
        "safe", "at the cut-off", "risky" -> title, value (in words), label (of the bin), points.
    """
    x = of.bin_numbers(rows)
    points = of.card.points(x)
    order = np.argsort(points, kind="stable")
    cut = int(np.abs(rows.p_bad - of.model.policy.approve_below).argmin())
    chosen = {name: int(order[int(share * (len(order) - 1))]) for name, share in PLACES.items()}
    places = {"safe": chosen["safe"], "at the cut-off": cut, "risky": chosen["risky"]}
    return {name: _worked(of, rows, x, place) for name, place in places.items()}


def _worked(of: SignedCard, rows: Judged, x: np.ndarray, place: int) -> pd.DataFrame:
    lines = []
    for term in of.card.terms:
        about = of.model.portfolio.characteristic(term.name)
        bin_number = int(x[place, term.column])
        label = of.model.encoder.bins[term.column].labels(about)[bin_number]
        value = _said(rows.frame[term.name].iloc[place], about)
        lines.append((about.shown, value, label, term.points[bin_number]))
    return pd.DataFrame(lines, columns=["title", "value", "label", "points"])


def _said(value: Any, about: Any) -> str:
    if pd.isna(value):
        return "missing"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str):
        return about.label(value)
    return f"{number_words(float(value))} {about.unit}".rstrip()


def card_chapter(tell: Callable[[SignedCard], Block]) -> Callable[[SignedCard | None], Block]:
    """Let a chapter be asked where there is no card, and then show nothing."""

    @wraps(tell)
    def told(of: SignedCard | None) -> Block:
        return Block() if of is None else tell(of)

    return told
