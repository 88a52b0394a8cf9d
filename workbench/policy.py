"""What is decided with a PD: cut-offs and bands. A value of its own, never part of a portfolio."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import InputError

DECISIONS = ("approve", "refer", "decline")
BAND_NAMES = ("A", "B", "C", "D", "E", "F", "G")


@dataclass(frozen=True)
class Policy:
    """Cut-offs that turn a PD into a decision, and the bands a PD falls into.

    Parameters
    ----------
    approve_below : float
        PD below which an applicant is approved, 0 to 1.
    decline_from : float
        PD from which an applicant is declined; between the two, a person decides (refer).
    band_edges : tuple of float
        Rising PDs between neighbouring bands; one fewer than there are bands.
    provisional : bool
        True until someone has set the policy: it was guessed from out-of-sample PDs.
    source : str
        Where the cut-offs come from, in words that can be shown beside them.
    """

    approve_below: float
    decline_from: float
    band_edges: tuple[float, ...] = ()
    provisional: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        numbers = (self.approve_below, self.decline_from, *self.band_edges)
        if not all(math.isfinite(x) and 0 <= x <= 1 for x in numbers):
            raise InputError(
                "POLICY", "a cut-off is not a PD between 0 and 1", remedy="Give PDs from 0 to 1."
            )
        if self.decline_from < self.approve_below:
            raise InputError(
                "POLICY",
                f"declining starts at {self.decline_from:.4f}, "
                f"below the approval cut-off {self.approve_below:.4f}",
                remedy="Set decline_from at or above approve_below.",
            )
        if list(self.band_edges) != sorted(self.band_edges) or len(self.band_edges) >= len(BAND_NAMES):
            raise InputError("POLICY", "band edges must rise, six at most", remedy="Give rising PDs.")

    @classmethod
    def guess(
        cls,
        p_bad: np.ndarray,
        weight: np.ndarray | None = None,
        *,
        approve: float = 0.70,
        refer: float = 0.10,
    ) -> Policy:
        """Return a provisional policy from out-of-sample PDs.

        Parameters
        ----------
        p_bad : array, shape (n,)
            PDs of applicants the model was not fitted on; n at least 1.
        weight : array, shape (n,), optional
            Sampling weights; the shares are of what the applicants stand for.
        approve, refer : float
            Shares of applicants to approve, and to refer next.
        """
        bands = np.arange(1, len(BAND_NAMES)) / len(BAND_NAMES)
        method = "linear" if weight is None else "inverted_cdf"
        cut, upper, *inner = np.quantile(
            p_bad, [approve, approve + refer, *bands], weights=weight, method=method
        )
        edges = np.unique(inner)
        return cls(
            approve_below=float(cut),
            decline_from=float(max(cut, upper)),
            band_edges=tuple(float(e) for e in edges),
            provisional=True,
            source=f"provisional: approves the safest {approve:.0%}, refers the next {refer:.0%}, "
            f"by out-of-sample PD of {len(p_bad):,} applicants",
        )

    def decision_codes(self, p_bad: np.ndarray) -> np.ndarray:
        """Return 0 approve, 1 refer, 2 decline for each PD; shape (n,), int8."""
        p = np.asarray(p_bad, dtype=float)
        # asked the other way round, so that a missing PD is declined and never approved
        return (~(p < self.approve_below)).astype(np.int8) + (~(p < self.decline_from)).astype(np.int8)

    def decide(self, p_bad: float) -> str:
        """Return ``approve``, ``refer`` or ``decline`` for one PD.

        Examples
        --------
        >>> Policy(0.1, 0.2).decide(0.1)
        'refer'
        """
        return DECISIONS[(not p_bad < self.approve_below) + (not p_bad < self.decline_from)]

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands, safest first."""
        return BAND_NAMES[: len(self.band_edges) + 1]

    def band_codes(self, p_bad: np.ndarray) -> np.ndarray:
        """Return the index into `bands` for each PD; shape (n,)."""
        return np.searchsorted(np.asarray(self.band_edges), np.asarray(p_bad, dtype=float), side="right")

    def band(self, p_bad: float) -> str:
        """Return the band of one PD."""
        return BAND_NAMES[sum(p_bad >= edge for edge in self.band_edges)]

    def to_json(self) -> dict[str, Any]:
        """Return the policy as plain values."""
        return asdict(self) | {"band_edges": list(self.band_edges)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Policy:
        """Return the policy that `to_json` wrote."""
        return cls(**(values | {"band_edges": tuple(values["band_edges"])}))


def not_a_share(given: float) -> tuple[str, str] | None:
    """Return what is wrong with a share to approve and what to give instead; None where nothing is.

    Examples
    --------
    >>> not_a_share(60)
    ('60 is not a share from 0.01 to 0.99', 'Give 0.60 for 60%.')
    """
    if 0.01 <= given <= 0.99:
        return None
    meant = f"Give {given / 100:.2f} for {given:g}%." if 1 <= given <= 99 else "Give a share such as 0.70."
    return f"{given:g} is not a share from 0.01 to 0.99", meant
