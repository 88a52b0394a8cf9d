"""Whether compiled trees give what their engine gives, on rows made to tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.trees.compiled import CompiledTrees

ROWS = 10_000
SHARES = (0.1, 0.02)
"""Share of cells that are missing, and that are one of the extremes."""
EXTREMES = np.array(
    [0.0, -0.0, 5e-324, -5e-324, 1e-45, -1e-45, 1e-40, -1e-40, 1e-35, -1e-35, 2e-35, 1e-30, 3.4e38, -3.4e38,
     1e16, -1e16, 1.0, -1.0]
)  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """What came of a comparison: rows compared, rows that differed, and by how much at most."""

    rows: int
    differing: int
    largest: float

    @property
    def agreed(self) -> bool:
        """Whether no row differed in any bit."""
        return self.rows > 0 and not self.differing


def proof_rows(compiled: CompiledTrees, n: int = ROWS, seed: int = 0) -> np.ndarray:
    """Return rows at, just below and just above the trees' own thresholds, with missing values and extremes.

    Returns
    -------
    array, shape (n, width)
        A column that no tree tests holds any numbers.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, compiled.width))
    source, negated = compiled.source[compiled.column], compiled.negated[compiled.column]
    limits = compiled.threshold.astype(float)
    real = np.isfinite(limits)
    for j in range(compiled.width):
        at = real & (source == j)
        if not at.any():
            continue
        known = np.unique(np.where(negated[at], -limits[at], limits[at]))
        kind = np.float32 if compiled.single else np.float64
        near = [np.nextafter(known.astype(kind), kind(way)) for way in (-np.inf, np.inf)]
        between = (known[1:] + known[:-1]) / 2
        x[:, j] = rng.choice(np.concatenate([known, *near, between]), n)
    draw = rng.random(x.shape)
    x[draw < SHARES[0]] = np.nan
    extreme = draw > 1 - SHARES[1]
    x[extreme] = rng.choice(EXTREMES, int(extreme.sum()))
    return x


def prove(ours: Callable[[np.ndarray], np.ndarray], engine: Callable[[np.ndarray], np.ndarray],
          x: np.ndarray) -> Proof:  # fmt: skip
    """Compare two ways to the same margins on the rows `x`, to the bit."""
    a, b = ours(x), engine(x)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return Proof(len(x), 0, 0.0)
    return Proof(len(x), int((~same).sum()), float(np.nanmax(np.abs(a - b), initial=0.0)))
