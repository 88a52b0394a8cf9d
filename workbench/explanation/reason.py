"""The principal reasons of one applicant, as they are told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Reason:
    """One principal reason.

    Attributes
    ----------
    text : str
        As it may be sent; empty where the portfolio has no words for it.
    group : str
        What the portfolio calls this reason.
    characteristics, titles : tuple of str
        Those that weighed against the applicant, the heaviest first.
    contribution : float
        What they add to the margin together, in the attributions' unit; positive.
    points : int
        How many points more the applicant would have without it, calibration included.
    defect : str
        Why it cannot be sent: "" or "is protected", "has no text".
    """

    text: str
    group: str
    characteristics: tuple[str, ...]
    titles: tuple[str, ...]
    contribution: float
    points: int
    defect: str = ""

    @property
    def shown(self) -> str:
        """The text, or what stands in its place for a person who looks at it."""
        return self.text if not self.defect else f"{self.titles[0]} ({self.defect.removeprefix('is ')})"


@dataclass(frozen=True, eq=False)
class Reasons:
    """The principal reasons of one applicant, and what may be done with them.

    Attributes
    ----------
    decision : {"approve", "refer", "decline"}
    source : str
        What decided, one of ``reasons.SOURCES``: "range" where a value lies outside what the portfolio
        declares.
    reasons : tuple of Reason
        At most four, the heaviest first.
    notice : bool
        Whether they may be sent without a person having looked; never for a refer.
    note : str
        Why not, or "" where they may.
    defects : tuple of str
        What is wrong with the model or its portfolio, a sentence each.
    reference, n_reference : str, int
        Whom the applicant is held against.
    version : int
        Of the portfolio's texts.
    """

    decision: str
    source: str
    reasons: tuple[Reason, ...]
    notice: bool
    note: str
    defects: tuple[str, ...]
    reference: str
    n_reference: int
    unit: str
    version: int

    def to_json(self) -> dict[str, Any]:
        """Return the reasons as plain values."""
        return asdict(self)

    def sentence(self) -> str:
        """Return what the reasons are, in one sentence."""
        if not self.reasons:
            return self.note or "Approved: there is nothing to give reasons for."
        told = "; ".join(reason.shown for reason in self.reasons)
        return f"{self.decision.capitalize()}: {told}." + (f" {self.note}" if self.note else "")
