"""Trees too deep for tables: path-dependent values by the engine or by `shap`, row by row."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np

from workbench.explanation.attributions import PATH_DEPENDENT, Kind
from workbench.explanation.tree_sum import TreeSum
from workbench.families.many_rows import Treed
from workbench.families.random_forest import as_rows
from workbench.training import TrainedModel
from workbench.trees import NotCompiled


class ByShap(TreeSum):
    """Values of a model of trees whose tables cannot be held.

    They are path-dependent alone: interventional ones ask for the reference rows themselves, and nobody's
    row is kept. Against one other applicant, who is at hand, they are interventional.

    Parameters
    ----------
    fitted : Treed

    Raises
    ------
    NotCompiled
        Where the trees are not parsed, or do not say how many rows they were grown on.
    """

    method = "shap"
    kinds: tuple[Kind, ...] = (PATH_DEPENDENT,)
    fitted: Any

    def __init__(self, fitted: Treed) -> None:
        super().__init__(fitted)
        if not self.covered:
            raise NotCompiled("its trees do not say how many rows they were grown on")

    def learn(self, x: np.ndarray, weight: np.ndarray | None, threads: int = 1) -> dict[str, np.ndarray]:
        """Return what is kept of reference rows: nothing."""
        return {}

    def base(self, kept: dict[str, np.ndarray]) -> float:
        """Return the mean margin of the rows the trees were grown on, by the cover of their leaves."""
        e = self.ensemble
        leaf = np.flatnonzero(e.left < 0)
        root = e.root[np.searchsorted(e.root, leaf, side="right") - 1]
        whole = e.base + float(e.value[leaf] @ (e.cover[leaf] / e.cover[root]))
        return whole / self.fitted.trees if self.forest else whole

    def values(self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values of each row; shape (n, characteristics)."""
        if not self.forest:
            # shap hands over to it
            return self.fitted.engine_values(x)
        return self._told(self._explainer(None), self._rows(x))

    def interactions(
        self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1
    ) -> np.ndarray:
        """Return the values by pair; shape (n, characteristics, characteristics)."""
        found = np.asarray(self._explainer(None).shap_interaction_values(self._rows(x)), dtype=float)
        return found[..., -1] if self.forest else found

    def against(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the interventional values of one row held against another; shape (1, characteristics)."""
        return self._told(self._explainer(self._rows(other)), self._rows(x))

    def _told(self, explainer: Any, rows: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=float)
        return found[..., -1] if self.forest else found

    @cached_property
    def _pathwise(self) -> Any:
        return self._made(None)

    def _explainer(self, background: np.ndarray | None) -> Any:
        return self._pathwise if background is None else self._made(background)

    def _made(self, background: np.ndarray | None) -> Any:
        import shap

        model = self.fitted.estimator if self.forest else self.fitted.booster
        asked = "tree_path_dependent" if background is None else "interventional"
        found = shap.TreeExplainer(model, background, feature_perturbation=asked)
        if self.forest:
            # shap rounds thresholds to the nearest single; rows are single, so the one below sends all right
            at = found.model.thresholds
            single = at.astype(np.float32)
            below = np.where(single > at, np.nextafter(single, np.float32(-np.inf)), single)
            found.model.thresholds = below.astype(at.dtype)
        return found

    def _rows(self, x: np.ndarray) -> np.ndarray:
        return as_rows(x, self.fitted.fill).astype(float) if self.forest else x


def by_shap(model: TrainedModel) -> ByShap | None:
    """Return the way row by row of a model of trees, or None where it has none."""
    return ByShap(model.fitted) if isinstance(model.fitted, Treed) else None
