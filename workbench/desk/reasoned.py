"""What a scored file says of why: principal reasons beside each row that is not approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.dataset import Applicants
from workbench.desk import explaining
from workbench.errors import InputError
from workbench.explanation import INTERVENTIONAL, MOST, Lime, Reasoner, lime

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

NOTE = "reason_note"


@dataclass(frozen=True, eq=False)
class Reasoning:
    """Gives the columns of reasons: ``reason_1`` to ``reason_<most>`` and ``reason_note``.

    The note says what is to be done with them; it is empty where a notice may be sent as it stands.
    """

    reasoner: Reasoner
    most: int

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return (*(f"reason_{rank}" for rank in range(1, self.most + 1)), NOTE)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to mind of the whole file: that no row has a reason, and why."""
        explainer = self.reasoner.explainer
        if INTERVENTIONAL in explainer.kinds:
            if not explainer.slow:
                return ()
            held = explainer.references[self.reasoner.reference].words
            return (f"Reasons take some hundredths of a second a row: deep trees, held against {held}.",)
        return (
            "No reasons are given: the trees are deep, and the applicants that others are held against are "
            "no longer kept. A person looks at each row that is not approved.",
        )

    def columns(self, checked: Applicants, decisions: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of checked rows; `decisions` are positions in ``DECISIONS``."""
        listed, note = self.reasoner.rows(self._raw(checked), decisions).columns(self.most)
        return dict(zip(self.names, (*listed, note), strict=True))

    def first(self, checked: Applicants) -> dict[str, Any]:
        """Return all that is known of the first row's reasons, as plain values."""
        return self.reasoner.rows(self._raw(checked)[:1]).of(0).to_json()

    def _raw(self, checked: Applicants) -> np.ndarray:
        return self.reasoner.explainer.model.encoder.raw(checked.frame, checked.date)


def reasoner(desk: Desk, reference: str) -> Reasoner:
    """Return what gives the reasons of a verified model.

    Raises
    ------
    InputError
        ``NO_EXPLANATION`` where a model of its family is not explained.
    """
    return Reasoner(explaining.explainer(desk, reference))


def lime_of(desk: Desk, given: Reasoner, reference: str, raw: np.ndarray) -> Lime:
    """Return LIME's weights of one raw row beside the exact values, on the rows the model was grown on."""
    found = given.explainer.attributions(raw, reference=given.reference)
    background = explaining.development(desk, reference)[1]
    return lime(given.explainer.model, found, raw, background)


def reasoning(desk: Desk, reference: str, most: int) -> Reasoning | None:
    """Return what gives `most` reasons a row; None where none are asked for.

    Raises
    ------
    InputError
        ``REASONS`` for another number than 0 to 4; as in `reasoner`.
    """
    if not 0 <= most <= MOST:
        what = f"{most} reasons cannot be given: more than {MOST} are not likely to help an applicant"
        raise InputError("REASONS", what, remedy=f"Ask for 1 to {MOST}.")
    return Reasoning(reasoner(desk, reference), most) if most else None


def refused_note(error: str) -> str:
    """Return the note of a row that was not scored.

    Examples
    --------
    >>> refused_note("income: is not a number"), refused_note("")
    ('Not scored, for what the file says: income: is not a number.', '')
    """
    return f"Not scored, for what the file says: {error.rstrip('.')}." if error else ""
