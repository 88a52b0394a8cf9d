"""The traversal of blocks of rows by leaf masks, compiled to machine code when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

ROWS = 128
"""Rows of a block: its columns and masks stay in the fastest memory of a core."""
LEAVES = 32
"""Leaves of a word; a test then takes two thirds of the time of 64, and larger trees take several."""
TESTS = 4
"""Tests taken together; each piece of a tree is filled up to a multiple of it."""
BRUIJN = 0x077CB531
"""Times a power of two, its five bits from 27 on are another number for each of 32 powers."""
SLOTS = np.array([(BRUIJN << bit >> 27) & 31 for bit in range(LEAVES)])
"""Where a word's leaf is kept, by the leaf's bit."""


def is_warm() -> bool:
    """Return whether this process has compiled a traversal already."""
    return kernel.cache_info().currsize > 0


@cache
def kernel(single: bool, single_sum: bool) -> Callable[..., None]:
    """Return the compiled traversal for values and sums in single or double precision.

    Compiling takes about a second, once a process: `traverse` keeps to plain loops, since arrays made or
    filled in it would take three times as long. The machine code is not kept on disk: reading it back
    would run code from a file that no digest vouches for, to save a second on batches that take longer.
    """
    import numba

    value = numba.float32 if single else numba.float64
    total = numba.float32 if single_sum else numba.float64
    rows = numba.types.Array(numba.float64, 2, "A", readonly=True)
    positions = numba.int32[::1]
    signature = numba.void(
        rows, positions, numba.boolean[::1], numba.float64[::1], numba.float64, positions, value[::1],
        numba.uint32[::1], positions, positions, total[::1], total, total[::1],
        value[:, ::1], numba.uint32[::1], numba.int64[::1], total[::1],
    )  # fmt: skip
    return numba.njit(signature, nogil=True)(traverse)


def room(
    columns: int, single: bool, single_sum: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what `traverse` writes to: a block's columns, leaves left, leaves and sums; one a thread."""
    value, total = np.float32 if single else np.float64, np.float32 if single_sum else np.float64
    return (
        np.zeros((columns, ROWS), value), np.zeros(ROWS, np.uint32), np.zeros(ROWS, np.int64),
        np.zeros(ROWS, total),
    )  # fmt: skip


def traverse(
    x: np.ndarray, source: np.ndarray, negated: np.ndarray, zero: np.ndarray, tiny: float,
    column: np.ndarray, threshold: np.ndarray, mask: np.ndarray, tests: np.ndarray, pieces: np.ndarray,
    leaf: np.ndarray, base: float, out: np.ndarray,
    block: np.ndarray, left: np.ndarray, at: np.ndarray, total: np.ndarray,
) -> None:  # fmt: skip
    """Write each row's sum of leaf values to `out`; `x` is shape (columns, n), the rest a layout's arrays.

    Every inner loop runs over the rows of a block and has no branch, so that one instruction takes many rows.
    """
    full = np.uint32(0xFFFFFFFF)
    for low in range(0, x.shape[1], ROWS):
        width = min(ROWS, x.shape[1] - low)
        for c in range(source.shape[0]):
            given, small, other = source[c], zero[c], negated[c]
            for i in range(width):
                value = x[given, low + i]
                if -tiny <= value <= tiny:
                    value = small
                block[c, i] = -value if other else value
        for i in range(ROWS):
            total[i] = base
        for tree in range(pieces.shape[0] - 1):
            for piece in range(pieces[tree], pieces[tree + 1]):
                for i in range(ROWS):
                    left[i] = full
                for four in range(tests[piece] // TESTS, tests[piece + 1] // TESTS):
                    k = four * TESTS
                    c0, c1, c2, c3 = column[k], column[k + 1], column[k + 2], column[k + 3]
                    t0, t1, t2, t3 = threshold[k], threshold[k + 1], threshold[k + 2], threshold[k + 3]
                    m0, m1, m2, m3 = mask[k], mask[k + 1], mask[k + 2], mask[k + 3]
                    for i in range(ROWS):
                        left[i] &= (
                            (m0 if block[c0, i] >= t0 else full) & (m1 if block[c1, i] >= t1 else full)
                            & (m2 if block[c2, i] >= t2 else full) & (m3 if block[c3, i] >= t3 else full)
                        )  # fmt: skip
                for i in range(ROWS):
                    first = left[i] & (~left[i] + 1)
                    slot = piece * LEAVES + ((first * BRUIJN >> 27) & 31)
                    at[i] = slot if left[i] != 0 else at[i]
            for i in range(ROWS):
                total[i] += leaf[at[i]]
        for i in range(width):
            out[low + i] = total[i]
