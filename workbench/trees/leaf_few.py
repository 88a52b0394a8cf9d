"""Values of a few rows without tables, for trees so deep that their tables cannot be held.

For a leaf that asks for features of which the row meets some and misses z, a reference row counts only where
it meets those z. If the row meets a more than it does, each of the a gains (a - 1)! z! / (a + z)! of what the
leaf pays out, and each of the z loses a! (z - 1)! / (a + z)!. Only the reference's patterns that meet the z
are gone through. Pairs within the a, across, and within the z take (a - 2)! z!, -(a - 1)! (z - 1)! and
a! (z - 2)!, each divided by (a + z - 1)!.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from workbench.trees.leaf_groups import Groups
from workbench.trees.leaf_plan import MOST_BITS

MOST = MOST_BITS + 1


@dataclass(frozen=True, eq=False)
class Leaves:
    """All leaves one after the other, with what they ask of their group's index.

    Attributes
    ----------
    group, value : array, shape (leaves,)
    at : array of int, shape (leaves + 1,)
        Where each leaf's features start.
    feature, mask, wanted : array of int, shape (features of all leaves,)
        A feature's conditions are met at the indices that have the bits `wanted` under `mask`.
    """

    group: np.ndarray
    value: np.ndarray
    at: np.ndarray
    feature: np.ndarray
    mask: np.ndarray
    wanted: np.ndarray


def leaves_of(groups: Groups) -> Leaves:
    """Return the leaves of all groups."""
    group, value, sizes, feature, mask, wanted = ([] for _ in range(6))
    for alike in groups.alike:
        n = len(alike.group)
        for number, leaf in enumerate(alike.shape.leaves):
            local = np.array(leaf.features, np.int64)
            masks = [sum(1 << bit for bit, _ in asked) for asked in leaf.conditions]
            wants = [sum(met << bit for bit, met in asked) for asked in leaf.conditions]
            group.append(alike.group)
            value.append(alike.value[:, number])
            sizes.append(np.full(n, len(local)))
            feature.append(groups.features[groups.at[alike.group][:, None] + local].ravel())
            mask.append(np.tile(np.array(masks, np.int64), n))
            wanted.append(np.tile(np.array(wants, np.int64), n))
    at = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    whole = [np.concatenate(parts).astype(np.int64) for parts in (group, at[None], feature, mask, wanted)]
    return Leaves(whole[0], np.concatenate(value).astype(float), *whole[1:])


@cache
def shares() -> np.ndarray:
    """Return, by a and z, what one of a gains and one of z loses, and pairs within a, across and within z."""
    out = np.zeros((5, MOST, MOST))
    f = [math.factorial(k) for k in range(2 * MOST)]
    for a in range(MOST):
        for z in range(MOST):
            if a:
                out[0, a, z] = f[a - 1] * f[z] / f[a + z]
            if z:
                out[1, a, z] = f[a] * f[z - 1] / f[a + z]
            if a > 1:
                out[2, a, z] = f[a - 2] * f[z] / f[a + z - 1]
            if a and z:
                out[3, a, z] = f[a - 1] * f[z - 1] / f[a + z - 1]
            if z > 1:
                out[4, a, z] = f[a] * f[z - 2] / f[a + z - 1]
    return out


@cache
def kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    """Return the compiled `few` and `few_pairs`; it takes seconds once."""
    import numba

    whole, real, table = numba.int64[::1], numba.float64[::1], numba.float64[:, ::1]
    index, of = numba.int32[:, ::1], numba.float64[:, :, ::1]
    about = (index, real, whole, whole, real, whole, whole, whole, whole, of)
    alone = numba.void(*about, table, whole, whole, real)
    paired = numba.void(*about, numba.int64, table, whole, whole, real, table)
    return numba.njit(alone, nogil=True)(few), numba.njit(paired, nogil=True)(few_pairs)


def few(
    index: np.ndarray, counts: np.ndarray, patterns: np.ndarray, group: np.ndarray, value: np.ndarray,
    at: np.ndarray, feature: np.ndarray, mask: np.ndarray, wanted: np.ndarray, shares: np.ndarray,
    out: np.ndarray, met: np.ndarray, missed: np.ndarray, gained: np.ndarray,
) -> None:  # fmt: skip
    """Add the values of the rows at `index` to `out`, shape (rows, width)."""
    for row in range(index.shape[1]):
        for leaf in range(group.shape[0]):
            g = group[leaf]
            here, base, m, z = np.int64(index[g, row]), patterns[g], 0, 0
            asked = must = np.int64(0)
            for k in range(at[leaf], at[leaf + 1]):
                if here & mask[k] == wanted[k]:
                    met[m], gained[m] = k, 0.0
                    m += 1
                else:
                    missed[z] = k
                    z += 1
                    asked |= mask[k]
                    must |= wanted[k]
            lost = 0.0
            free = (patterns[g + 1] - base - 1) & ~asked
            sub = free
            while True:
                there = must | sub
                count = counts[base + there]
                if count > 0:
                    a = 0
                    for i in range(m):
                        a += there & mask[met[i]] != wanted[met[i]]
                    lost += count * shares[1, a, z]
                    for i in range(m):
                        if there & mask[met[i]] != wanted[met[i]]:
                            gained[i] += count * shares[0, a, z]
                if sub == 0:
                    break
                sub = (sub - 1) & free
            for i in range(m):
                out[row, feature[met[i]]] += value[leaf] * gained[i]
            for i in range(z):
                out[row, feature[missed[i]]] -= value[leaf] * lost


def few_pairs(
    index: np.ndarray, counts: np.ndarray, patterns: np.ndarray, group: np.ndarray, value: np.ndarray,
    at: np.ndarray, feature: np.ndarray, mask: np.ndarray, wanted: np.ndarray, shares: np.ndarray,
    width: int, out: np.ndarray, met: np.ndarray, missed: np.ndarray, across: np.ndarray, both: np.ndarray,
) -> None:  # fmt: skip
    """Add half the interaction of each pair to `out`, shape (rows, width * width), at either order of it."""
    for row in range(index.shape[1]):
        for leaf in range(group.shape[0]):
            g = group[leaf]
            here, base, m, z = np.int64(index[g, row]), patterns[g], 0, 0
            asked = must = np.int64(0)
            for k in range(at[leaf], at[leaf + 1]):
                if here & mask[k] == wanted[k]:
                    met[m], across[m] = k, 0.0
                    both[m, :m] = 0.0
                    m += 1
                else:
                    missed[z] = k
                    z += 1
                    asked |= mask[k]
                    must |= wanted[k]
            within, free = 0.0, (patterns[g + 1] - base - 1) & ~asked
            sub = free
            while True:
                there, a = must | sub, 0
                count = counts[base + there]
                for i in range(m if count > 0 else 0):
                    a += there & mask[met[i]] != wanted[met[i]]
                within += count * shares[4, a, z]
                for i in range(m if count > 0 else 0):
                    if there & mask[met[i]] != wanted[met[i]]:
                        across[i] += count * shares[3, a, z]
                        for j in range(i):
                            if there & mask[met[j]] != wanted[met[j]]:
                                both[i, j] += count * shares[2, a, z]
                if sub == 0:
                    break
                sub = (sub - 1) & free
            half = 0.5 * value[leaf]
            for i in range(m):
                for j in range(i):
                    out[row, feature[met[i]] * width + feature[met[j]]] += half * both[i, j]
                for j in range(z):
                    out[row, feature[met[i]] * width + feature[missed[j]]] -= half * across[i]
            for i in range(z):
                for j in range(i):
                    out[row, feature[missed[i]] * width + feature[missed[j]]] += half * within


def few_values(leaves: Leaves, index: np.ndarray, counts: np.ndarray, patterns: np.ndarray,
               width: int) -> np.ndarray:  # fmt: skip
    """Return the values of a few rows; shape (rows, width).

    Parameters
    ----------
    index : array of int, shape (groups, rows)
        Where each row lies in each group.
    counts : array, shape (patterns,)
        Shares of the reference rows by group and index.
    """
    out = np.zeros((index.shape[1], width))
    kernels()[0](
        index, counts, patterns, leaves.group, leaves.value, leaves.at, leaves.feature, leaves.mask,
        leaves.wanted, shares(), out, np.zeros(MOST, np.int64), np.zeros(MOST, np.int64), np.zeros(MOST),
    )  # fmt: skip
    return out


def few_interactions(leaves: Leaves, index: np.ndarray, counts: np.ndarray, patterns: np.ndarray,
                     width: int) -> np.ndarray:  # fmt: skip
    """Return half the interaction of each pair, at one of its two places; shape (rows, width * width)."""
    out = np.zeros((index.shape[1], width * width))
    kernels()[1](
        index, counts, patterns, leaves.group, leaves.value, leaves.at, leaves.feature, leaves.mask,
        leaves.wanted, shares(), width, out, np.zeros(MOST, np.int64), np.zeros(MOST, np.int64),
        np.zeros(MOST), np.zeros((MOST, MOST)),
    )  # fmt: skip
    paired = out.reshape(-1, width, width)
    return (np.triu(paired, 1) + np.tril(paired, -1).transpose(0, 2, 1)).reshape(out.shape)
