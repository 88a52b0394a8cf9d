"""An ensemble laid out for the traversal of many rows at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from workbench.trees.ensemble import Ensemble, NotCompiled
from workbench.trees.kernel import LEAVES, SLOTS, TESTS, kernel

SHARE = 128 * 64
"""Rows a thread takes at a time."""
MOST_WORDS = 32
"""Words a tree may take on the average: beyond it the engine's own walk from node to node is faster."""


@dataclass(frozen=True, eq=False)
class CompiledTrees:
    """Trees as tests and leaf masks: the same sums as the engine's, of many rows at once.

    Each test that fails removes the leaves of one side of its node; of those that are left the first is
    the row's leaf (QuickScorer, doi:10.1145/2766462.2767733). A test reads ``column >= threshold``, which a
    missing value never meets: where missing goes the other way the test is put on the negated column.

    Attributes
    ----------
    trees, width : int
        Number of trees, and columns of a row.
    single, single_sum : bool
        As in `Ensemble`.
    source, negated, zero : array, shape (columns,)
        What each column of the tests is made of, and what stands there for values up to `tiny`.
    tiny : float
        As in `Ensemble`.
    column, threshold, mask : array, shape (tests,)
    tests : array of int, shape (pieces + 1,)
        Where the tests of each piece of at most 32 leaves start; the last piece of a tree comes first.
    pieces : array of int, shape (trees + 1,)
        Where the pieces of each tree start.
    leaf : array, shape (32 * pieces,)
        Value of each leaf, in the place that its bit is multiplied to.
    base : float
    """

    trees: int
    width: int
    single: bool
    single_sum: bool
    source: np.ndarray
    negated: np.ndarray
    zero: np.ndarray
    tiny: float
    column: np.ndarray
    threshold: np.ndarray
    mask: np.ndarray
    tests: np.ndarray
    pieces: np.ndarray
    leaf: np.ndarray
    base: float

    def sums(self, x: np.ndarray, threads: int = 1) -> np.ndarray:
        """Return the sum of each row's leaf values; shape (n,), in the precision of the engine's sums.

        Parameters
        ----------
        x : array of float, shape (n, width)
            NaN is missing. Quickest in column order; never changed.
        threads : int
            They change no sum, and let others run.

        Raises
        ------
        ValueError
            Where rows have another number of columns.
        """
        if x.ndim != 2 or x.shape[1] != self.width:
            raise ValueError(f"rows have {x.shape[1:]} columns; the trees were grown on {self.width}")
        columns = np.asarray(x, dtype=float).T
        out = np.empty(len(x), self.leaf.dtype)
        traverse = kernel(self.single, self.single_sum)
        base = float(self.leaf.dtype.type(self.base))

        def score(low: int) -> None:
            traverse(
                columns[:, low : low + SHARE], self.source, self.negated, self.zero, self.tiny, self.column,
                self.threshold, self.mask, self.tests, self.pieces, self.leaf, base, out[low : low + SHARE],
            )  # fmt: skip

        starts = range(0, len(x), SHARE)
        if threads > 1 and len(starts) > 1:
            with ThreadPoolExecutor(min(threads, len(starts))) as pool:
                list(pool.map(score, starts))
        else:
            for low in starts:
                score(low)
        return out


def compile_trees(ensemble: Ensemble) -> CompiledTrees:
    """Return `ensemble` laid out for the traversal; the machine code is made when it first scores.

    Raises
    ------
    NotCompiled
        Where trees are so large that the engine is quicker.
    """
    first, count = leaf_ranges(ensemble)
    leaves = count[ensemble.root]
    words = -(-leaves // LEAVES)
    if words.mean() > MOST_WORDS:
        raise NotCompiled(f"its trees have {leaves.mean():,.0f} leaves on the average")
    column, threshold, low, high = tests_of(ensemble, first, count)
    tree = _tree_of(ensemble)
    inner = np.flatnonzero(ensemble.left >= 0)
    pieces = np.concatenate([[0], np.cumsum(words)])
    # a test stands in every piece that holds leaves it can remove
    spans = (high - 1) // LEAVES - low // LEAVES + 1
    at = np.repeat(np.arange(len(inner)), spans)
    word = low[at] // LEAVES + np.arange(len(at)) - np.repeat(np.cumsum(spans) - spans, spans)
    piece = pieces[tree[inner[at]] + 1] - 1 - word
    mask = ~(_ones(high[at] - word * LEAVES) & ~_ones(low[at] - word * LEAVES))
    used, compact = np.unique(column, return_inverse=True)
    order = np.lexsort((threshold[at], column[at], piece))
    layout = _filled(piece[order], int(pieces[-1]), compact[at][order], threshold[at][order], mask[order])
    return CompiledTrees(
        trees=ensemble.trees, width=ensemble.width, single=ensemble.single, single_sum=ensemble.single_sum,
        source=(used >> 2).astype(np.int32), negated=(used & 1) > 0,
        zero=np.where(used & 2, np.nan, 0.0), tiny=ensemble.tiny,
        column=layout[0], threshold=layout[1], mask=layout[2], tests=layout[3],
        pieces=pieces.astype(np.int32), leaf=_leaves(ensemble, first, tree, pieces), base=ensemble.base,
    )  # fmt: skip


def sides(ensemble: Ensemble) -> tuple[np.ndarray, np.ndarray]:
    """Return children so that a missing value always goes to the first."""
    swap = ~ensemble.missing_left
    return (
        np.where(swap, ensemble.right, ensemble.left),
        np.where(swap, ensemble.left, ensemble.right),
    )


def levels_of(ensemble: Ensemble) -> list[np.ndarray]:
    """Return the inner nodes of all trees by their depth."""
    levels, nodes = [], ensemble.root
    while len(nodes):
        nodes = nodes[ensemble.left[nodes] >= 0]
        levels.append(nodes)
        nodes = np.concatenate([ensemble.left[nodes], ensemble.right[nodes]])
    return levels


def leaf_ranges(ensemble: Ensemble) -> tuple[np.ndarray, np.ndarray]:
    """Return each node's first leaf, counted within its tree, and its number of leaves."""
    near, far = sides(ensemble)
    levels = levels_of(ensemble)
    count = np.ones(len(ensemble.left), np.int64)
    for nodes in reversed(levels):
        count[nodes] = count[near[nodes]] + count[far[nodes]]
    first = np.zeros(len(ensemble.left), np.int64)
    for nodes in levels:
        first[near[nodes]] = first[nodes]
        first[far[nodes]] = first[nodes] + count[near[nodes]]
    return first, count


def tests_of(
    ensemble: Ensemble, first: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return column, threshold and the leaves from `low` up to `high` that go where a test is met."""
    near, _ = sides(ensemble)
    inner = np.flatnonzero(ensemble.left >= 0)
    kind = np.float32 if ensemble.single else np.float64
    given = ensemble.threshold[inner]
    limit = given.astype(kind)
    if ensemble.single and not ensemble.strict:
        # at most a double is, for a value of single precision, at most the single just below it
        limit = np.where(limit > given, np.nextafter(limit, kind(-np.inf)), limit)
    negated = ~ensemble.missing_left[inner]
    above = np.where(negated, -limit, limit)
    # beyond the limit is from the next number on; beyond the greatest there is none
    after = np.where(above == np.inf, kind(np.nan), np.nextafter(above, kind(np.inf)))
    threshold = np.where(negated != ensemble.strict, above, after)
    column = ensemble.feature[inner] << 2 | ensemble.zero_missing[inner] << 1 | negated
    low = first[near[inner]]
    return column, threshold.astype(kind), low, low + count[near[inner]]


def _tree_of(ensemble: Ensemble) -> np.ndarray:
    """Return the number of each node's tree; a tree's nodes follow each other."""
    sizes = np.diff(np.append(ensemble.root, len(ensemble.left)))
    return np.repeat(np.arange(ensemble.trees), sizes)


def _ones(bits: np.ndarray) -> np.ndarray:
    """Return words whose lowest `bits` are set; none below 0, all from 32 on."""
    kept = np.clip(bits, 0, LEAVES).astype(np.uint64)
    return ((np.uint64(1) << kept) - np.uint64(1)).astype(np.uint32)


def _filled(
    piece: np.ndarray, pieces: int, column: np.ndarray, threshold: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return tests in pieces of a multiple of four, filled up with tests that are never met."""
    sizes = np.bincount(piece, minlength=pieces)
    rounded = -(-sizes // TESTS) * TESTS
    tests = np.concatenate([[0], np.cumsum(rounded)])
    place = tests[piece] + np.arange(len(piece)) - (np.cumsum(sizes) - sizes)[piece]
    columns, masks = np.zeros(tests[-1], np.int32), np.full(tests[-1], 2**32 - 1, np.uint32)
    thresholds = np.full(tests[-1], np.nan, threshold.dtype)
    columns[place], thresholds[place], masks[place] = column, threshold, mask
    return columns, thresholds, masks, tests.astype(np.int32)


def _leaves(ensemble: Ensemble, first: np.ndarray, tree: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    nodes = np.flatnonzero(ensemble.left < 0)
    number = first[nodes]
    piece = pieces[tree[nodes] + 1] - 1 - number // LEAVES
    values = np.zeros(int(pieces[-1]) * LEAVES, np.float32 if ensemble.single_sum else np.float64)
    values[piece * LEAVES + SLOTS[number % LEAVES]] = ensemble.value[nodes]
    return values
