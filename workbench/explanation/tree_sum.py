"""What the trees of a model add up to: in which unit, and how exactly."""

from __future__ import annotations

import numpy as np

from workbench.explanation.attributions import LOG_ODDS, PROBABILITY, SINGLE_TOLERANCE, TOLERANCE
from workbench.families.many_rows import Treed
from workbench.families.random_forest import Forest
from workbench.trees import Ensemble


class TreeSum:
    """A model whose margin, or probability, is a sum over trees.

    Boosted trees add up log-odds. A forest's own sum is its probability, the mean over its trees.

    Parameters
    ----------
    fitted : Treed

    Raises
    ------
    NotCompiled
        Where the trees are not parsed.
    """

    fitted: Treed

    def __init__(self, fitted: Treed) -> None:
        self.fitted = fitted
        self.ensemble: Ensemble = fitted.ensemble()
        self.forest = isinstance(fitted, Forest)
        self.unit = PROBABILITY if self.forest else LOG_ODDS
        self.tolerance = SINGLE_TOLERANCE if self.ensemble.single_sum else TOLERANCE

    @property
    def covered(self) -> bool:
        """Whether the trees say how many rows they were grown on."""
        return bool((self.ensemble.cover > 0).all())

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return what the trees add up to: log-odds, or a forest's probability; shape (n,)."""
        return self.fitted.probability(x) if isinstance(self.fitted, Forest) else self.fitted.margin(x)
