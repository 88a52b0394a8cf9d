"""What each characteristic adds to the margin of an applicant, and how two of them act together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workbench.errors import ArtifactError

Kind = Literal["interventional", "path-dependent"]
INTERVENTIONAL: Kind = "interventional"
PATH_DEPENDENT: Kind = "path-dependent"
WALKED = "walks through deep trees"
"""How values are told to be computed that are of rows held against others one by one."""
LOG_ODDS, PROBABILITY = "log-odds of bad", "probability of bad"
TOLERANCE = 1e-7
"""How far base and values may be from the margin, where margins are of the size of 1."""
SINGLE_TOLERANCE = 1e-5
"""The same where the model adds up in single precision."""


@dataclass(frozen=True, eq=False)
class Attributions:
    """Shapley values of applicants on the model's own margin, one a characteristic of the portfolio.

    Base and values add up to the margin; what calibration then does to it is the last step of a waterfall.

    Attributes
    ----------
    kind : {"interventional", "path-dependent"}
        Interventional: what changes when the characteristic is set to the applicant's value while the
        others are the reference applicants'. Path-dependent: as the trees saw characteristics together.
    method : str
        How they were computed: "closed form", "leaf tables", "woodelf", "shap".
    unit : str
        "log-odds of bad"; of a forest, which adds up probabilities, "probability of bad".
    reference : str
        In words, whom the applicants are held against; empty for path-dependent values.
    n_reference : int
        How many they are; 0 for path-dependent values.
    base : float
        Mean margin of the reference; of path-dependent values that of the rows the trees were grown on.
    characteristics : tuple of str
        In the order of the columns of `values`.
    values : array, shape (n, characteristics)
        Positive raises the risk.
    margin : array, shape (n,)
        What base and values add up to: the model's margin in `unit`. Of a card whose points lie beyond the
        ends of its scale it is the margin of the points before they are cut off at the end.
    p_bad : array, shape (n,)
        Calibrated PD.
    estimated : bool
        Whether the values are estimates, which no reason for a decline may rest on.
    """

    kind: Kind
    method: str
    unit: str
    reference: str
    n_reference: int
    base: float
    characteristics: tuple[str, ...]
    values: np.ndarray
    margin: np.ndarray
    p_bad: np.ndarray
    estimated: bool = False

    def __len__(self) -> int:
        return len(self.margin)

    def to_json(self) -> dict[str, Any]:
        """Return the attributions as plain values, a list of values an applicant."""
        plain = ("kind", "method", "unit", "reference", "n_reference", "base", "estimated")
        return {name: getattr(self, name) for name in plain} | {
            "characteristics": list(self.characteristics),
            "values": self.values.tolist(),
            "margin": self.margin.tolist(),
            "p_bad": self.p_bad.tolist(),
        }

    def sentence(self) -> str:
        """Return what the values are, in one sentence."""
        how = f"by {self.method}" + (", estimated" if self.estimated else ", exact")
        held = f" against {self.reference}" if self.reference else ""
        return f"{self.kind.capitalize()} Shapley values in {self.unit}{held}, {how}."


@dataclass(frozen=True, eq=False)
class Interactions:
    """How pairs of characteristics act together, on the model's own margin.

    Attributes
    ----------
    values : array, shape (n, characteristics, characteristics)
        Off the diagonal half of what the pair adds together beyond what each adds by itself, so that a row
        of it sums to the characteristic's attribution; on the diagonal what it adds by itself.

    See Also
    --------
    Attributions : The other attributes.

    References
    ----------
    Fujimoto, Kojadinovic and Marichal (2006), "Axiomatic characterizations of probabilistic and
    cardinal-probabilistic interaction indices". doi:10.1016/j.geb.2005.03.002
    """

    kind: Kind
    method: str
    unit: str
    reference: str
    n_reference: int
    base: float
    characteristics: tuple[str, ...]
    values: np.ndarray
    margin: np.ndarray


def require_additive(base: float, parts: np.ndarray, margin: np.ndarray, tolerance: float) -> None:
    """Refuse values that do not add up to the margin.

    Parameters
    ----------
    parts : array, shape (n,)
        Sum of each applicant's values.

    Raises
    ------
    ArtifactError
        ``ADDITIVITY``.
    """
    distance = np.abs(base + parts - margin)
    allowed = tolerance * np.maximum(1.0, np.abs(margin))
    wrong = ~(distance <= allowed)
    if wrong.any():
        raise ArtifactError(
            "ADDITIVITY",
            f"base and values miss the margin on {int(wrong.sum()):,} of {len(margin):,} applicants, by "
            f"{float(np.max(distance)):.3g} at most",
            "explanation",
            "The explanation belongs to another model or is damaged: train the model again.",
        )
