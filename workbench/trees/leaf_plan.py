"""Whose leaves are best taken together, told from how the trees branch alone, before any of them is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.trees.compiled import levels_of
from workbench.trees.ensemble import Ensemble, NotCompiled

ENTRIES_A_LOOKUP = 256.0
"""Table entries that cost as much as one look-up more of every row."""
LOOKUPS_A_GROUP = 3.0
MOST_BITS = 24
WORD = 64


@dataclass(frozen=True, eq=False)
class Plan:
    """Where trees are cut into groups of leaves, and how large that makes what is kept of rows.

    Attributes
    ----------
    whole : array of bool, shape (nodes,)
        Whether the leaves below a node are best taken together; a group starts at the first such node from
        the root.
    patterns : int
        Patterns of conditions of all groups.
    """

    whole: np.ndarray
    patterns: int


def plan(ensemble: Ensemble) -> Plan:
    """Return where the ensemble's trees are cut, all nodes of a depth at a time.

    Raises
    ------
    NotCompiled
        Where a leaf depends on too many columns.
    """
    left, right, feature = ensemble.left, ensemble.right, ensemble.feature
    levels = levels_of(ensemble)
    asked = np.zeros((len(left), ensemble.width // WORD + 1), np.uint64)  # columns on the path, bit by bit
    for nodes in levels:
        here = asked[nodes]
        here[np.arange(len(nodes)), feature[nodes] // WORD] |= np.uint64(1) << (feature[nodes] % WORD).astype(
            np.uint64
        )
        asked[left[nodes]] = asked[right[nodes]] = here
    path = np.bitwise_count(asked).sum(axis=1, dtype=np.int64)
    # a leaf's own path is below it; of any other node what is below its children
    below, inner, apart = asked.copy(), np.zeros(len(left), np.int64), np.full(len(left), np.inf)
    cost, whole = _together(path, path), np.ones(len(left), bool)
    for nodes in reversed(levels):
        a, b = left[nodes], right[nodes]
        below[nodes] = below[a] | below[b]
        inner[nodes] = inner[a] + inner[b] + 1
        together = _together(
            path[nodes] + inner[nodes], np.bitwise_count(below[nodes]).sum(axis=1, dtype=np.int64)
        )
        apart[nodes] = cost[a] + cost[b]
        whole[nodes] = together <= apart[nodes]
        cost[nodes] = np.minimum(together, apart[nodes])
    if not np.isfinite(cost[ensemble.root]).all():
        raise NotCompiled(f"a leaf depends on more than {MOST_BITS} columns")
    return Plan(whole, _patterns(ensemble, whole, path + inner))


def _together(bits: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return what a group of as many bits and features costs a row, in table look-ups."""
    cost = width * (1 + np.ldexp(1.0, np.minimum(bits, MOST_BITS)) / ENTRIES_A_LOOKUP) + LOOKUPS_A_GROUP
    return np.where(bits <= MOST_BITS, cost, np.inf)


def _patterns(ensemble: Ensemble, whole: np.ndarray, bits: np.ndarray) -> int:
    total, nodes = 0, ensemble.root
    while len(nodes):
        started = whole[nodes]
        total += int((1 << bits[nodes[started]]).sum())
        nodes = nodes[~started]
        nodes = np.concatenate([ensemble.left[nodes], ensemble.right[nodes]])
    return total
