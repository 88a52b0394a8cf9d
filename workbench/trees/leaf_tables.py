"""What leaves contribute to Shapley values, tabulated over the patterns of conditions that a row can meet.

For a leaf of value v with D features, the row's pattern p and a reference row's q (bit k: all conditions of
feature k are met), and f the share of reference rows by pattern,

    phi_k(p) = v * sum_q f(q) (p_k - q_k) * integral_0^1 prod_{j != k} (u p_j + (1 - u) q_j) du.

At a fixed u the sum over q of the whole product is one 2 x 2 map a feature; leaving feature k out is the
inverse of its map. The integrand has degree D - 1 in u, so Gauss-Legendre with D / 2 nodes is exact. Trees'
own path-dependent values are the same formula with f a product: each condition met by its share of the cover.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from workbench.trees.leaf_groups import Alike, Leaf, Shape

BATCH = 1 << 16
"""Table entries that are worked on together."""
HELD_BITS = 10
"""Bits of a shape up to which its leaves' patterns are held, 8 KB each: tables are made several times."""


@cache
def _nodes(degree: int) -> tuple[tuple[float, float], ...]:
    """Return (u, weight) of a quadrature on [0, 1] that is exact up to `degree`."""
    x, w = np.polynomial.legendre.leggauss(max(1, degree // 2 + 1))
    return tuple(zip(((x + 1) / 2).tolist(), (w / 2).tolist(), strict=True))


@cache
def _bits(bits: int) -> np.ndarray:
    """Return whether each bit is set in each index; shape (bits, 2**bits)."""
    return (np.arange(1 << bits) >> np.arange(bits)[:, None] & 1) > 0


def pattern_of(shape: Shape, number: int) -> np.ndarray:
    """Return one leaf's pattern at each index of groups of a shape; shape (2**bits,)."""
    pattern = shape.patterns.get(number)
    if pattern is None:
        pattern = _pattern(shape.leaves[number], shape.bits)
        if shape.bits <= HELD_BITS:
            shape.patterns[number] = pattern
    return pattern


def _pattern(leaf: Leaf, bits: int) -> np.ndarray:
    is_set = _bits(bits)
    pattern = np.zeros(1 << bits, np.int64)
    for k, ((first, wanted), *more) in enumerate(leaf.conditions):
        held = is_set[first] if wanted else ~is_set[first]
        for bit, wanted in more:
            held = held & (is_set[bit] if wanted else ~is_set[bit])
        pattern |= held.astype(np.int64) << k
    return pattern


def by_pattern(counts: np.ndarray, pattern: np.ndarray, features: int) -> np.ndarray:
    """Return counts by the leaf's pattern of counts by its group's index; (groups, 2**features)."""
    groups, size = len(counts), 1 << features
    at = (np.arange(groups) * size)[:, None] + pattern
    return np.bincount(at.ravel(), counts.ravel(), groups * size).reshape(groups, size)


def independent(ratio: np.ndarray) -> np.ndarray:
    """Return shares by pattern where each feature's conditions are met by themselves: (n, 2**features)."""
    shares = np.ones((len(ratio), 1))
    for k in range(ratio.shape[1]):
        r = ratio[:, k : k + 1]
        shares = np.concatenate([shares * (1 - r), shares * r], axis=1)
    return shares


def _mapped(shares: np.ndarray, u: float) -> np.ndarray:
    """Return sum_q f(q) prod_j (u p_j + (1 - u) q_j) at each p."""
    out = shares.copy()
    n, size = out.shape
    for k in range(size.bit_length() - 1):
        pairs = out.reshape(n, -1, 2, 1 << k)
        zero, one = pairs[:, :, 0].copy(), pairs[:, :, 1].copy()
        pairs[:, :, 0] = (1 - u) * one
        pairs[:, :, 1] = u * zero + one
    return out


def _left_out(mapped: np.ndarray, k: int, u: float) -> np.ndarray:
    """Return `mapped` with (p_k - q_k) in the place of feature k's factor."""
    n, _ = mapped.shape
    pairs = mapped.reshape(n, -1, 2, 1 << k)
    out = np.empty_like(pairs)
    met = pairs[:, :, 0] / (1 - u)
    out[:, :, 0] = -met
    out[:, :, 1] = (pairs[:, :, 1] - met) / u
    return out.reshape(mapped.shape)


def value_tables(shares: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return phi_k(p) of leaves with as many features; shape (features, n, 2**features).

    Parameters
    ----------
    shares : array, shape (n, 2**features)
        Of the reference, by pattern.
    value : array, shape (n,)
        Of the leaves.
    """
    n, size = shares.shape
    features = size.bit_length() - 1
    out = np.zeros((features, n, size))
    for u, w in _nodes(features - 1):
        mapped = _mapped(shares * (w * value)[:, None], u)
        for k in range(features):
            out[k] += _left_out(mapped, k, u)
    return out


def pair_tables(shares: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return half the interaction of each pair of features at each pattern; (pairs, n, 2**features).

    Pairs are in the order of `pairs_of`.
    """
    n, size = shares.shape
    features = size.bit_length() - 1
    pairs = pairs_of(features)
    out = np.zeros((len(pairs), n, size))
    for u, w in _nodes(features - 2):
        mapped = _mapped(shares * (0.5 * w * value)[:, None], u)
        for i in range(features):
            without = _left_out(mapped, i, u)
            for at, (a, b) in enumerate(pairs):
                if a == i:
                    out[at] += _left_out(without, b, u)
    return out


def pairs_of(features: int) -> list[tuple[int, int]]:
    """Return the pairs of as many features, the first before the second."""
    return [(a, b) for a in range(features) for b in range(a + 1, features)]


@dataclass(frozen=True, eq=False)
class Place:
    """Where the tables of some groups of one shape lie in the table of all.

    Attributes
    ----------
    chosen : array of int
        Positions in ``alike.group``.
    start : array of int
        Where the table of each of them starts.
    shares : array, optional, shape (groups, 2**bits)
        Of the reference, by the groups' indices; None for path-dependent tables.
    """

    alike: Alike
    chosen: np.ndarray
    start: np.ndarray
    shares: np.ndarray | None


def held_shares(place: Place, number: int) -> np.ndarray:
    """Return the reference's shares by the pattern of one leaf of each group; (groups, 2**features)."""
    if place.shares is None:
        return independent(place.alike.ratio[number][place.chosen])
    leaf = place.alike.shape.leaves[number]
    return by_pattern(place.shares, pattern_of(place.alike.shape, number), len(leaf.features))


def fill(table: np.ndarray, places: Iterable[Place], pairs: bool) -> None:
    """Write to `table`, all zeros, what groups contribute at each index, feature by feature or pair by pair.

    Leaves with as many features are worked on together, whatever shape their groups have.
    """
    waiting: dict[int, list[tuple[Place, int, np.ndarray]]] = {}
    held: dict[int, int] = {}
    for place in places:
        for number, leaf in enumerate(place.alike.shape.leaves):
            features, shares = len(leaf.features), held_shares(place, number)
            waiting.setdefault(features, []).append((place, number, shares))
            held[features] = held.get(features, 0) + shares.size
            if held[features] > BATCH:
                _write(table, waiting.pop(features), pairs)
                held[features] = 0
    for left in waiting.values():
        _write(table, left, pairs)


def _write(table: np.ndarray, leaves: list[tuple[Place, int, np.ndarray]], pairs: bool) -> None:
    value = np.concatenate([place.alike.value[place.chosen, number] for place, number, _ in leaves])
    shares = np.concatenate([shares for _, _, shares in leaves])
    found = (pair_tables if pairs else value_tables)(shares, value)
    row = 0
    for place, number, shares in leaves:
        shape = place.alike.shape
        leaf, rows = shape.leaves[number], slice(row, row + len(shares))
        row += len(shares)
        columns, own = _columns(shape.width, leaf, pairs)
        pattern = pattern_of(shape, number)
        at = place.start[:, None] + np.arange(1 << shape.bits) * columns
        for k, to in enumerate(own):
            table[at + to] += found[k, rows][:, pattern]


def _columns(width: int, leaf: Leaf, pairs: bool) -> tuple[int, list[int]]:
    """Return the columns of a group's table, and which of them each feature or pair of a leaf is."""
    if not pairs:
        return width, list(leaf.features)
    local = [sorted((leaf.features[a], leaf.features[b])) for a, b in pairs_of(len(leaf.features))]
    # the pairs that start with a feature follow those that start with the ones before it
    return width * (width - 1) // 2, [a * (2 * width - a - 1) // 2 + b - a - 1 for a, b in local]


def expected(alike: Alike, chosen: np.ndarray, shares: np.ndarray | None) -> float:
    """Return what the leaves of some groups of one shape pay out on the average; see `group_tables`."""
    total = 0.0
    for number, leaf in enumerate(alike.shape.leaves):
        if shares is None:
            met = alike.ratio[number][chosen].prod(axis=1)
        else:
            all_met = pattern_of(alike.shape, number) == (1 << len(leaf.features)) - 1
            met = shares[:, all_met].sum(axis=1)
        total += float(alike.value[chosen, number] @ met)
    return total


def between(alike: Alike, index: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the values of one row held against another one; shape (groups, features of a group).

    Parameters
    ----------
    index, other : array of int, shape (groups,)
        Where the two rows lie.
    """
    out = np.zeros((len(index), alike.shape.width))
    for number, leaf in enumerate(alike.shape.leaves):
        pattern = pattern_of(alike.shape, number)
        bits = np.arange(len(leaf.features))
        p, q = (pattern[at][:, None] >> bits & 1 for at in (index, other))
        own, their = (p > q).sum(axis=1), (q > p).sum(axis=1)
        pays = alike.value[:, number] * ((p | q) > 0).all(axis=1)
        gain = pays * _share_of_orders(own, their)
        loss = pays * _share_of_orders(their, own)
        for k, feature in enumerate(leaf.features):
            out[:, feature] += np.where(p[:, k] > q[:, k], gain, 0.0) - np.where(q[:, k] > p[:, k], loss, 0.0)
    return out


def _share_of_orders(own: np.ndarray, their: np.ndarray) -> np.ndarray:
    """Return in which share of all orders a feature is the last of `own` and before all of `their`."""
    size = int(max(own.max(initial=0), their.max(initial=0))) + 1
    table = np.array(
        [[1 / (a * math.comb(a + b, a)) if a else 0.0 for b in range(size)] for a in range(size)]
    )
    return table[own, their]


def batches(shape: Shape, groups: int) -> Iterator[slice]:
    """Yield slices of as many groups of a shape as are worked on together."""
    size = max(1, BATCH // ((1 << shape.bits) * max(1, shape.width)))
    for start in range(0, groups, size):
        yield slice(start, start + size)
