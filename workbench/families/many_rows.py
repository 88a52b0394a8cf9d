"""Margins of many rows: by compiled trees where they give what the family's own engine gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from workbench import trees
from workbench.families.family import Fitted

PAYS = 4_000_000
"""Rows times trees from which compiled trees pay: the proof that they agree takes a tenth of a second."""


@runtime_checkable
class Treed(Fitted, Protocol):
    """A fitted model that is a sum over trees."""

    trees: int

    def ensemble(self) -> trees.Ensemble:
        """Return the trees as they are parsed from what is kept."""
        ...

    def filled(self, x: np.ndarray) -> np.ndarray:
        """Return rows as the trees take them; shape as `x`."""
        ...

    def margin_of(self, sums: np.ndarray) -> np.ndarray:
        """Return the margins of rows with these sums over the trees; shape (n,)."""
        ...


@dataclass(frozen=True)
class Engine:
    """What computes the margins of many rows.

    Attributes
    ----------
    name : str
        "compiled trees" or "the family's own".
    why : str
        In a sentence.
    """

    name: str
    why: str


COMPILED, OWN = "compiled trees", "the family's own"


class ManyRows:
    """The quickest way to the margins of many rows that differs from the family's own in no bit.

    Compiled trees are used after they gave the very margins of the family's engine on 10,000 rows at and
    around their thresholds, with missing values and extremes, and on `golden`; the engine otherwise. Which
    of them it is changes how long it takes and nothing else.

    Parameters
    ----------
    fitted : Fitted
    golden : callable, optional
        Returns rows that are compared too, encoded; asked once, where trees are compiled.
    """

    def __init__(self, fitted: Fitted, golden: Callable[[], np.ndarray] | None = None) -> None:
        self._fitted, self._golden = fitted, golden
        self._compiled: trees.CompiledTrees | None = None
        self._settled = False
        self.engine = Engine(OWN, "no batch was large enough to compile trees for it")
        if not isinstance(fitted, Treed):
            self._settle("the model has no trees")

    def prepare(self, rows: int) -> None:
        """Choose for a batch of `rows` rows, which may come in parts."""
        if self._settled or not isinstance(self._fitted, Treed):
            return
        if rows * self._fitted.trees >= PAYS:
            self._compile(self._fitted)

    def margin(self, x: np.ndarray, threads: int = 1) -> np.ndarray:
        """Return the margin of each row of `x`, equal to the family's own to the last bit; shape (n,)."""
        self.prepare(len(x))
        compiled = self._compiled
        if not len(x):
            return np.zeros(0)
        if compiled is None:
            return self._fitted.margin(x)
        assert isinstance(self._fitted, Treed)
        return self._fitted.margin_of(compiled.sums(self._fitted.filled(x), threads))

    def _settle(self, why: str, compiled: trees.CompiledTrees | None = None) -> None:
        self.engine = Engine(OWN if compiled is None else COMPILED, why)
        self._compiled, self._settled = compiled, True

    def _compile(self, fitted: Treed) -> None:
        try:
            compiled = trees.compile_trees(fitted.ensemble())
        except trees.NotCompiled as why:
            self._settle(f"trees are not compiled: {why}")
            return
        rows = trees.proof_rows(compiled)
        if self._golden is not None:
            rows = np.concatenate([rows, self._golden()])
        proof = trees.prove(lambda x: fitted.margin_of(compiled.sums(fitted.filled(x))), fitted.margin, rows)
        if proof.agreed:
            self._settle(f"they gave the margins of the family's engine on {proof.rows:,} rows", compiled)
        else:
            self._settle(
                f"compiled trees differ from it on {proof.differing:,} of {proof.rows:,} rows "
                f"(by {proof.largest:.3g} at most)"
            )
