"""Rows to indices of leaf groups, and what is done with them; compiled when first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

ROWS = 512
"""Rows of a block: a tree's tests of them stay in the cache of a core."""


def is_warm() -> bool:
    """Return whether this process has compiled the kernels already."""
    return kernels.cache_info().currsize > 0


@cache
def kernels() -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """Return the compiled `find`, `add` and `count`, which let other threads run; it takes seconds once."""
    import numba

    def ready(function: Callable[..., None], *types: object) -> Callable[..., None]:
        return numba.njit(numba.void(*types), nogil=True)(function)

    real, table = numba.float64, numba.float64[::1]
    whole, flags = numba.int64[::1], numba.boolean[::1]
    index = numba.int32[:, ::1]
    rows = numba.types.Array(numba.float64, 2, "A", readonly=True)
    return (
        ready(
            find, rows, whole, flags, table, real, numba.boolean, whole, table, whole, whole,
            numba.int64[:, ::1], whole, whole, whole, numba.float64[:, ::1], index, index, index,
        ),
        ready(add, index, numba.int64, whole, whole, whole, table, numba.float64[:, ::1]),
        ready(count, index, table, whole, table),
    )  # fmt: skip


def find(
    x: np.ndarray, source: np.ndarray, negated: np.ndarray, zero: np.ndarray, tiny: float, single: bool,
    column: np.ndarray, threshold: np.ndarray, tests: np.ndarray, steps: np.ndarray, step: np.ndarray,
    first: np.ndarray, inner: np.ndarray, inner_test: np.ndarray,
    block: np.ndarray, met: np.ndarray, state: np.ndarray, index: np.ndarray,
) -> None:  # fmt: skip
    """Write to `index` where each row lies in each group's table; `x` is shape (columns, rows of a block).

    Every inner loop runs over the rows and has no branch, so that one instruction takes many rows.
    """
    n = x.shape[1]
    for c in range(source.shape[0]):
        given, small, other = source[c], zero[c], negated[c]
        for i in range(n):
            value = x[given, i]
            if single:
                value = np.float64(np.float32(value))
            if -tiny <= value <= tiny:
                value = small
            block[c, i] = -value if other else value
    for i in range(n):
        state[0, i] = 0
    for tree in range(tests.shape[0] - 1):
        start = tests[tree]
        for k in range(start, tests[tree + 1]):
            c, t = column[k], threshold[k]
            for i in range(n):
                met[k - start, i] = -1 if block[c, i] >= t else 0
        for s in range(steps[tree], steps[tree + 1]):
            before, after, test = step[s, 0], step[s, 1], step[s, 2]
            flip, bit, group = np.int32(step[s, 3]), np.int32(step[s, 4]), step[s, 6]
            if bit != 0:
                if step[s, 5] != 0:
                    for i in range(n):
                        state[after, i] = state[before, i] | ((met[test, i] ^ flip) & bit)
                else:
                    for i in range(n):
                        state[after, i] = state[before, i] & ((met[test, i] ^ flip) | ~bit)
            if group >= 0:
                for i in range(n):
                    index[group, i] = state[after, i]
                own = np.int32(1) << np.int32(first[group])
                for e in range(inner[group], inner[group + 1]):
                    test = inner_test[e]
                    for i in range(n):
                        index[group, i] |= met[test, i] & own
                    own = np.int32(own << np.int32(1))


def add(
    index: np.ndarray, start: int, place: np.ndarray, at: np.ndarray, target: np.ndarray,
    table: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Add to `out`, shape (targets, rows), what the tables say of each row's index.

    The tables are of the groups from `start` on, as many as `place` has; `at` says where the targets of
    each of them start.
    """
    n = out.shape[1]
    for g in range(place.shape[0]):
        width = at[g + 1] - at[g]
        for o in range(width):
            to, base = target[at[g] + o], place[g] + o
            for i in range(n):
                out[to, i] += table[base + np.int64(index[start + g, i]) * width]


def count(index: np.ndarray, weight: np.ndarray, patterns: np.ndarray, out: np.ndarray) -> None:
    """Add to `out` the weight of the rows at each index of each group."""
    for g in range(patterns.shape[0] - 1):
        base = patterns[g]
        for i in range(weight.shape[0]):
            out[base + index[g, i]] += weight[i]
