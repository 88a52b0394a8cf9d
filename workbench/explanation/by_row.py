"""Trees too deep for tables: values row by row, against some others or as the trees saw them together."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np

from workbench.explanation.attributions import INTERVENTIONAL, PATH_DEPENDENT, Kind
from workbench.explanation.tree_sum import TreeSum
from workbench.families.many_rows import Treed
from workbench.families.random_forest import as_rows
from workbench.training import TrainedModel
from workbench.trees import NotCompiled, held_against

HELD = 250
"""Reference rows that a row is held against at most: it takes some hundredths of a second."""
ROWS = "rows"
"""What is held of a reference in memory: rows of applicants, which are written to no file."""


class ByRow(TreeSum):
    """Values of a model of trees whose tables cannot be held.

    Interventional ones are exact against reference rows, evenly taken in the order of their margin; they ask
    for the rows themselves, so that they are there only while the development data are. Path-dependent ones
    are of the engine or of `shap`.

    Parameters
    ----------
    fitted : Treed

    Raises
    ------
    NotCompiled
        Where the trees are not parsed, or do not say how many rows they were grown on.
    """

    method = "shap"
    kinds: tuple[Kind, ...] = (INTERVENTIONAL, PATH_DEPENDENT)
    fitted: Any

    def __init__(self, fitted: Treed) -> None:
        super().__init__(fitted)
        self.scale = 1 / fitted.trees if self.forest else 1.0
        if not self.covered:
            raise NotCompiled("its trees do not say how many rows they were grown on")

    def learn(self, x: np.ndarray, weight: np.ndarray | None, threads: int = 1) -> dict[str, np.ndarray]:
        """Return the rows that others are held against: all, or `HELD` evenly taken in the order given."""
        if weight is None and len(x) <= HELD:
            return {ROWS: x}
        share = np.cumsum(np.ones(len(x)) if weight is None else weight)
        taken = min(HELD, len(x))
        return {ROWS: x[np.searchsorted(share, (np.arange(taken) + 0.5) / taken * share[-1])]}

    def base(self, kept: dict[str, np.ndarray]) -> float:
        """Return the mean margin of the reference; without one, of the rows the trees were grown on."""
        if ROWS in kept:
            return float(self.margin(kept[ROWS]).mean())
        e = self.ensemble
        leaf = np.flatnonzero(e.left < 0)
        root = e.root[np.searchsorted(e.root, leaf, side="right") - 1]
        return (e.base + float(e.value[leaf] @ (e.cover[leaf] / e.cover[root]))) * self.scale

    def values(self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values of each row; shape (n, characteristics)."""
        if kind == INTERVENTIONAL:
            return self._held_against(x, kept[ROWS], threads)
        if not self.forest:
            # shap hands over to it
            return self.fitted.engine_values(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = self._pathwise.shap_values(self._rows(x), check_additivity=False)
        return np.asarray(found, dtype=float)[..., -1]

    def interactions(
        self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1
    ) -> np.ndarray:
        """Return the path-dependent values by pair; shape (n, characteristics, characteristics)."""
        found = np.asarray(self._pathwise.shap_interaction_values(self._rows(x)), dtype=float)
        return found[..., -1] if self.forest else found

    def against(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the interventional values of one row held against another; shape (1, characteristics)."""
        return self._held_against(x, other)

    def _held_against(self, x: np.ndarray, others: np.ndarray, threads: int = 1) -> np.ndarray:
        rows, against = self.fitted.filled(x), self.fitted.filled(others)
        return held_against(self.ensemble, rows, against, threads) * self.scale

    @cached_property
    def _pathwise(self) -> Any:
        import shap

        model = self.fitted.estimator if self.forest else self.fitted.booster
        found = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        if self.forest:
            found.model.thresholds = singles_below(found.model.thresholds)
        return found

    def _rows(self, x: np.ndarray) -> np.ndarray:
        return as_rows(x, self.fitted.fill).astype(float) if self.forest else x


def singles_below(thresholds: np.ndarray) -> np.ndarray:
    """Return thresholds that send each row of single precision as these do, whoever rounds them.

    `shap` rounds to the nearest single, which may lie above; the one below sends all rows right.
    """
    single = thresholds.astype(np.float32)
    below = np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)
    return below.astype(thresholds.dtype)


def by_row(model: TrainedModel) -> ByRow | None:
    """Return the way row by row of a model of trees, or None where it has none."""
    return ByRow(model.fitted) if isinstance(model.fitted, Treed) else None
