"""Values in order with what lies below each, and cuts moved to where they are best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.binning.values import BinSpec

SWEEPS, PLACES = 2, 200


@dataclass(frozen=True, eq=False)
class Ordered:
    """A number's values in order, and the rows below each place.

    Attributes
    ----------
    values : array, shape (n,)
        Rising.
    below : array, shape (4, n + 1)
        Goods and bads (mass), then rows of each, among the first 0..n values.
    """

    values: np.ndarray
    below: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, bad: np.ndarray, weight: np.ndarray | None) -> Ordered:
        """Order values without missing ones; `bad` is 0 or 1."""
        order = np.argsort(x, kind="stable" if weight is not None else None)
        below = np.zeros((4, len(x) + 1))
        ranked = bad[order]
        np.cumsum(ranked, out=below[3, 1:])
        below[2, 1:] = np.arange(1, len(x) + 1) - below[3, 1:]
        below[:2] = below[2:]
        if weight is not None:
            mass = weight[order]
            np.cumsum(mass * (1 - ranked), out=below[0, 1:])
            np.cumsum(mass * ranked, out=below[1, 1:])
        return cls(x[order], below)

    def places(self, cuts: np.ndarray) -> np.ndarray:
        """Return how many values lie below each cut; shape as `cuts`."""
        return np.searchsorted(self.values, cuts, side="left")

    def counts(self, cuts: np.ndarray) -> np.ndarray:
        """Return goods, bads and rows of each between the cuts; shape (4, cuts + 1)."""
        return np.diff(self.below[:, [0, *self.places(cuts), len(self.values)]], axis=1)


def place_closer(
    ordered: Ordered, cuts: np.ndarray, spec: BinSpec, total_goods: float, total_bads: float
) -> np.ndarray:
    """Move each cut between its neighbours to where the IV is greatest; trend and least sizes stay.

    Each of the cuts in turn is tried at up to 200 places between its neighbours, twice over; the IV
    never falls.
    """
    at = [0, *ordered.places(cuts).tolist(), len(ordered.values)]
    least = (spec.min_share - 1e-12) * (total_goods + total_bads)
    for _ in range(SWEEPS):
        before = list(at)
        for m in range(1, len(at) - 1):
            at[m] = _best_place(ordered, at, m, spec, least, (total_goods, total_bads))
        if at == before:
            break
    return ordered.values[np.array(at[1:-1], dtype=np.intp)]


def _best_place(
    ordered: Ordered, at: list[int], m: int, spec: BinSpec, least: float, totals: tuple[float, float]
) -> int:
    low, high = at[m - 1], at[m + 1]
    tried = np.linspace(low + 1, high - 1, min(PLACES, high - low - 1)).astype(np.intp)
    tried = ordered.places(ordered.values[tried])
    tried = np.concatenate([[at[m]], tried[tried > low]])
    middle = ordered.below[:, tried]
    parts = (middle - ordered.below[:, [low]], ordered.below[:, [high]] - middle)
    large = np.ones(len(tried), dtype=bool)
    iv = np.zeros(len(tried))
    for goods, bads, n_good, n_bad in parts:
        large &= (goods + bads >= least) & (np.minimum(n_good, n_bad) >= spec.min_bads)
        g, b = np.maximum(goods, 1e-300) / totals[0], np.maximum(bads, 1e-300) / totals[1]
        iv += (g - b) * np.log(g / b)
    rates = [bads / np.maximum(goods + bads, 1e-300) for goods, bads, _, _ in parts]
    # what is beside the two bins does not move; the steps to it must keep their direction
    beside = [_rate(ordered, at[k], at[k + 1]) if 0 <= k < len(at) - 1 else None for k in (m - 2, m + 1)]
    steps = [rates[1] - rates[0]]
    steps += [rates[0] - beside[0]] if beside[0] is not None else []
    steps += [beside[1] - rates[1]] if beside[1] is not None else []
    for step in steps:
        large &= step * step[0] > 0
    return int(tried[np.where(large, iv, -np.inf).argmax()]) if large.any() else at[m]


def _rate(ordered: Ordered, low: int, high: int) -> float:
    goods, bads = ordered.below[:2, high] - ordered.below[:2, low]
    return float(bads / (goods + bads))
