"""The work of the compiled leaf kernels array by array, to hold them against."""

from __future__ import annotations

import numpy as np


def find(
    x: np.ndarray, source: np.ndarray, negated: np.ndarray, zero: np.ndarray, tiny: float, single: bool,
    column: np.ndarray, threshold: np.ndarray, tests: np.ndarray, steps: np.ndarray, step: np.ndarray,
    first: np.ndarray, inner: np.ndarray, inner_test: np.ndarray,
    block: np.ndarray, met: np.ndarray, state: np.ndarray, index: np.ndarray,
) -> None:  # fmt: skip
    """Write to `index` where each row lies in each group's table, as `leaf_kernel.find` does."""
    n = x.shape[1]
    for c, (given, small, other) in enumerate(zip(source, zero, negated, strict=True)):
        value = x[given].astype(np.float32).astype(float) if single else x[given]
        value = np.where((value >= -tiny) & (value <= tiny), small, value)
        block[c, :n] = -value if other else value
    state[0, :n] = 0
    starts, ends = tests.tolist(), steps.tolist()
    bits, within = first.tolist(), inner.tolist()
    for tree in range(len(starts) - 1):
        start, end = starts[tree], starts[tree + 1]
        held = block[column[start:end], :n] >= threshold[start:end, None]
        met[: end - start, :n] = -held.astype(np.int32)
        for before, after, test, flip, bit, fresh, group in step[ends[tree] : ends[tree + 1]].tolist():
            if bit and fresh:
                state[after, :n] = state[before, :n] | ((met[test, :n] ^ flip) & bit)
            elif bit:
                state[after, :n] = state[before, :n] & ((met[test, :n] ^ flip) | ~bit)
            if group >= 0:
                own = inner_test[within[group] : within[group + 1]]
                places = 1 << np.arange(bits[group], bits[group] + len(own), dtype=np.int32)
                index[group, :n] = state[after, :n] | (met[own, :n] & places[:, None]).sum(
                    axis=0, dtype=np.int32
                )


def add(
    index: np.ndarray, place: np.ndarray, at: np.ndarray, target: np.ndarray, table: np.ndarray,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Add to `out` what the tables say of each row's index, as `leaf_kernel.add` does."""
    n, bounds = out.shape[1], at.tolist()
    for g, base in enumerate(place.tolist()):
        first, last = bounds[g], bounds[g + 1]
        if first == last:
            continue
        rows = base + index[g, :n].astype(np.int64) * (last - first)
        # the features of a group are all different
        out[target[first:last]] += table[rows + np.arange(last - first)[:, None]]


def count(index: np.ndarray, weight: np.ndarray, patterns: np.ndarray, out: np.ndarray) -> None:
    """Add to `out` the weight of the rows at each index of each group, as `leaf_kernel.count` does."""
    n = len(weight)
    for g, base in enumerate(patterns[:-1].tolist()):
        size = int(patterns[g + 1]) - base
        out[base : base + size] += np.bincount(index[g, :n], weight, size)
