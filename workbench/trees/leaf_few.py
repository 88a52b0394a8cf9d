"""Values of a few rows without tables: only the patterns that the rows have are worked out.

For a leaf whose conditions the row meets for the features of p and misses for the z others, a reference row
counts only where it meets all of those z. If the row meets a more than it, then each of the z takes
a! (z - 1)! / (a + z)! of what the leaf pays out, and each of the a gains (a - 1)! z! / (a + z)!.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from workbench.trees.leaf_tables import BATCH, Place, held_shares, pattern_of

Leaves = list[tuple[Place, int, np.ndarray]]


def few_values(places: Iterable[Place], index: np.ndarray, features: np.ndarray, at: np.ndarray,
               width: int) -> np.ndarray:  # fmt: skip
    """Return the values of a few rows; shape (rows, width).

    Parameters
    ----------
    index : array of int, shape (groups, rows)
        Where each row lies in each group.
    features, at : array of int
        Features of the groups, and where each group's start.
    """
    out = np.zeros((index.shape[1], width))
    waiting: dict[int, Leaves] = {}
    held: dict[int, int] = {}
    for place in places:
        for number, leaf in enumerate(place.alike.shape.leaves):
            d, shares = len(leaf.features), held_shares(place, number)
            waiting.setdefault(d, []).append((place, number, shares))
            held[d] = held.get(d, 0) + shares.size
            if held[d] > BATCH:
                _add(out, waiting.pop(d), index, features, at)
                held[d] = 0
    for left in waiting.values():
        _add(out, left, index, features, at)
    return out


def _add(out: np.ndarray, leaves: Leaves, index: np.ndarray, features: np.ndarray, at: np.ndarray) -> None:
    shares = np.concatenate([shares for _, _, shares in leaves])
    value = np.concatenate([place.alike.value[place.chosen, number] for place, number, _ in leaves])
    patterns, targets = [], []
    for place, number, _ in leaves:
        shape, groups = place.alike.shape, place.alike.group[place.chosen]
        leaf = shape.leaves[number]
        patterns.append(pattern_of(leaf, shape.bits)[index[groups]])
        targets.append(features[at[groups][:, None] + np.array(leaf.features, np.int64)])
    pattern, target = np.concatenate(patterns), np.concatenate(targets)
    d = target.shape[1]
    for row in range(len(out)):
        met = pattern[:, row][:, None] >> np.arange(d) & 1
        count = met.sum(axis=1)
        for m in np.unique(count):
            chosen = np.flatnonzero(count == m)
            # the features that are met come first
            order = np.argsort(-met[chosen], axis=1, kind="stable")
            found = value[chosen][:, None] * _of_pattern(shares[chosen], order, int(m))
            whom = np.take_along_axis(target[chosen], order, axis=1)
            out[row] += np.bincount(whom.ravel(), found.ravel(), out.shape[1])


def _of_pattern(shares: np.ndarray, order: np.ndarray, m: int) -> np.ndarray:
    """Return the values of leaves that pay 1, in the given order of their features: the first m are met."""
    d = order.shape[1]
    bits, gain, loss = _weights(m, d - m)
    place = 1 << order
    missed = place[:, m:].sum(axis=1)
    also = missed[:, None] + place[:, :m] @ bits.T
    reference = np.take_along_axis(shares, also, axis=1)
    lost = -(reference @ loss)
    return np.concatenate([reference @ gain, np.repeat(lost[:, None], d - m, axis=1)], axis=1)


@cache
def _weights(m: int, z: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all choices of m features, and what one of the m gains and one of the z loses at each."""
    bits = np.arange(1 << m)[:, None] >> np.arange(m) & 1
    own = m - bits.sum(axis=1)
    gains = [1 / (a * math.comb(a + z, a)) if a else 0.0 for a in range(m + 1)]
    losses = [1 / (z * math.comb(a + z, z)) if z else 0.0 for a in range(m + 1)]
    return bits, np.array(gains)[own][:, None] * (1 - bits), np.array(losses)[own]
