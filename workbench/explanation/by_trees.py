"""Models that add up trees: exact values by tables over groups of leaves."""

from __future__ import annotations

import numpy as np

from workbench.explanation.attributions import INTERVENTIONAL, PATH_DEPENDENT, Kind
from workbench.explanation.tree_sum import TreeSum
from workbench.families.many_rows import Treed
from workbench.training import TrainedModel
from workbench.trees import LeafTables, Prepared

HELD = 4
"""Tables that are held at a time: of two reference groups, of path-dependent values, and of pairs."""


class ByTrees(TreeSum):
    """Values of a model whose trees' leaves can be grouped into tables.

    Parameters
    ----------
    fitted : Treed

    Raises
    ------
    NotCompiled
        Where the trees are not parsed, or too deep for tables.
    """

    method = "leaf tables"

    def __init__(self, fitted: Treed) -> None:
        super().__init__(fitted)
        self.tables = LeafTables(self.ensemble)
        self.scale = 1 / fitted.trees if self.forest else 1.0
        both: tuple[Kind, ...] = (INTERVENTIONAL, PATH_DEPENDENT)
        self.kinds = both if self.covered else both[:1]
        self._held: dict[tuple[int, bool], tuple[np.ndarray | None, Prepared]] = {}

    def learn(self, x: np.ndarray, weight: np.ndarray | None, threads: int = 1) -> dict[str, np.ndarray]:
        """Return what is kept of reference rows: how many meet which conditions of each group of leaves."""
        counts = self.tables.counts(self.fitted.filled(x), weight)
        return {"counts": counts if weight is not None else counts.astype(np.uint32)}

    def base(self, kept: dict[str, np.ndarray]) -> float:
        """Return the mean margin of the reference; without one, of the rows the trees were grown on."""
        return self._prepared(kept).base * self.scale

    def values(self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values of each row; shape (n, characteristics)."""
        filled = self.fitted.filled(x)
        return self.tables.values(filled, self._prepared(kept), threads) * self.scale

    def interactions(
        self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1
    ) -> np.ndarray:
        """Return the values by pair; shape (n, characteristics, characteristics)."""
        filled, pairs = self.fitted.filled(x), self._prepared(kept, pairs=True)
        values = self.tables.values(filled, self._prepared(kept), threads)
        return self.tables.interactions(filled, pairs, values, threads) * self.scale

    def against(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the values of one row held against another; shape (1, characteristics)."""
        return self.tables.between(self.fitted.filled(x), self.fitted.filled(other)) * self.scale

    def _prepared(self, kept: dict[str, np.ndarray], pairs: bool = False) -> Prepared:
        counts = kept.get("counts")
        key = id(counts), pairs
        found = self._held.get(key)
        # what is kept is held with its tables, so that no other array comes to its place
        if found is None:
            made = self.tables.prepare(None if counts is None else counts.astype(float), pairs)
            found = counts, made
            while len(self._held) >= HELD:
                self._held.pop(next(iter(self._held)), None)
            self._held[key] = found
        return found[1]


def by_trees(model: TrainedModel) -> ByTrees | None:
    """Return the tables of a model of trees, or None where it has none."""
    return ByTrees(model.fitted) if isinstance(model.fitted, Treed) else None
