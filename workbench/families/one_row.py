"""LightGBM's single-row entry: one applicant through trees in a few microseconds, sums in tree order.

Whoever grew the trees: told as LightGBM's, they lead a row to the same leaves.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.trees import Ensemble, NotCompiled

RAW_SCORE, LEAF_NUMBERS = 1, 2
FLOAT64 = 1
ONE_BY_ONE = 8
"""Rows up to which asking an engine for all of them takes longer than adding up each."""
DEFAULT_LEFT, MISSING_NAN = 2, 8


class ByThread:
    """One prepared call a thread: an engine fills buffers outside the interpreter's lock.

    Parameters
    ----------
    make : callable
        Width of a row -> the call, made when a thread first asks.
    """

    def __init__(self, make: Callable[[int], Callable[[list[float]], float]]) -> None:
        self._make = make
        self._local = threading.local()

    def __call__(self, x: list[float]) -> float:
        """Return what the thread's own call returns for the row `x`."""
        call = getattr(self._local, "call", None)
        if call is None:
            call = self._local.call = self._make(len(x))
        return call(x)


class OneRow:
    """Calls a booster for one row; buffers and configuration are made once and stay in place.

    Parameters
    ----------
    booster : lightgbm.Booster
    width : int
        Columns of a row.
    asked : {RAW_SCORE, LEAF_NUMBERS}
    values : int
        How many values it gives: one, or one a tree.
    """

    def __init__(self, booster: Any, width: int, asked: int = RAW_SCORE, values: int = 1) -> None:
        from lightgbm.basic import _LIB, _safe_call

        # the booster owns what the configuration points to
        self._booster = booster
        self._config, self._length = ctypes.c_void_p(), ctypes.c_int64()
        self._row, self.out = (ctypes.c_double * width)(), (ctypes.c_double * values)()
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle, ctypes.c_int(asked), ctypes.c_int(0), ctypes.c_int(-1),
                ctypes.c_int(FLOAT64), ctypes.c_int32(width), ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._config),
            )
        )  # fmt: skip
        self._free = _LIB.LGBM_FastConfigFree
        self._predict, self._check = _LIB.LGBM_BoosterPredictForMatSingleRowFast, _safe_call
        self._arguments = (self._config, self._row, ctypes.byref(self._length), self.out)

    def __call__(self, x: list[float]) -> float:
        """Return the first of what it gives for the row `x`; all of it lies in `out`."""
        self._row[:] = x
        self._check(self._predict(*self._arguments))
        return self.out[0]

    def __del__(self) -> None:
        if self._config:
            self._free(self._config)


class SinglePrecision:
    """Adds up an ensemble as its engine does: in single precision, tree by tree; made once for all threads.

    Parameters
    ----------
    ensemble : Ensemble
        Of values, thresholds and sums of single precision; a row goes left where its value is below.

    Raises
    ------
    NotCompiled
        For any other ensemble.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        if not (ensemble.single and ensemble.single_sum and ensemble.strict) or ensemble.zero_missing.any():
            raise NotCompiled("it compares or adds in another way")
        self.booster = booster_of(_as_nodes(ensemble), ensemble.width)
        self.width, self.trees, self.base = ensemble.width, ensemble.trees, ensemble.base
        leaf = ensemble.left < 0
        # leaves are counted within their tree, in the order of its nodes
        self.values = ensemble.value[leaf].astype(np.float32)
        self.first = (np.cumsum(leaf) - leaf)[ensemble.root].astype(float)

    def of_thread(self) -> OneSum:
        """Return the sum of one applicant's values, for the thread that asks."""
        return OneSum(self)


class OneSum:
    """The sum of one row, in buffers of its own."""

    def __init__(self, of: SinglePrecision) -> None:
        self._row = np.empty(of.width, np.float32)
        self._leaves = OneRow(of.booster, of.width, LEAF_NUMBERS, of.trees)
        self._numbers = np.frombuffer(self._leaves.out)
        self._values, self._first = of.values, of.first
        self._terms = np.full(of.trees + 1, of.base, np.float32)

    def __call__(self, x: list[float]) -> float:
        """Return the sum of the row `x`."""
        self._row[:] = x
        self._leaves(self._row.tolist())
        at = (self._numbers + self._first).astype(np.intp)
        self._terms[1:] = self._values[at]
        return float(np.add.accumulate(self._terms)[-1])


def _as_nodes(ensemble: Ensemble) -> Iterable[Nodes]:
    """Return each tree with thresholds that a value of single precision is at most where it was below."""
    ends = [*ensemble.root[1:], len(ensemble.left)]
    below = np.nextafter(ensemble.threshold.astype(np.float32), np.float32(-np.inf)).astype(float)
    for first, end in zip(ensemble.root, ends, strict=True):
        tree = slice(first, end)
        left, right = (np.where(c[tree] < 0, -1, c[tree] - first) for c in (ensemble.left, ensemble.right))
        yield Nodes(
            ensemble.feature[tree], below[tree], left, right, ensemble.missing_left[tree],
            ensemble.value[tree],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Nodes:
    """One binary tree as arrays; children are node positions, -1 both at a leaf.

    Attributes
    ----------
    threshold : array of float
        A row goes left where its value is at most this.
    missing_left : array of bool
        Whether a missing value goes left.
    value : array of float
        What a leaf adds.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray


def booster_of(trees: Iterable[Nodes], width: int) -> Any:
    """Return a LightGBM booster that adds up `trees` in their order, in doubles."""
    import lightgbm

    texts = [_tree_text(k, tree) for k, tree in enumerate(trees)]
    head = [
        "tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0",
        f"max_feature_idx={width - 1}", "objective=regression",
        f"feature_names={' '.join(f'x{j}' for j in range(width))}",
        f"feature_infos={' '.join(['[-1:1]'] * width)}",
        f"tree_sizes={' '.join(str(len(text)) for text in texts)}",
    ]  # fmt: skip
    return lightgbm.Booster(model_str="\n".join(head) + "\n\n" + "".join(texts) + "end of trees\n")


def _tree_text(k: int, tree: Nodes) -> str:
    leaf = tree.left < 0
    inner = ~leaf
    # LightGBM counts splits and leaves apart: a child that is a leaf is the complement of its number
    code = np.where(leaf, ~(np.cumsum(leaf) - 1), np.cumsum(inner) - 1)
    kind = np.where(tree.missing_left[inner], DEFAULT_LEFT, 0) + MISSING_NAN
    lines: list[tuple[str, Any]] = [
        ("num_leaves", [int(leaf.sum())]), ("num_cat", [0]),
        ("split_feature", tree.feature[inner].tolist()), ("split_gain", [0] * int(inner.sum())),
        ("threshold", tree.threshold[inner].tolist()), ("decision_type", kind.tolist()),
        ("left_child", code[tree.left[inner]].tolist()), ("right_child", code[tree.right[inner]].tolist()),
        ("leaf_value", tree.value[leaf].tolist()), ("leaf_weight", [0] * int(leaf.sum())),
        ("leaf_count", [0] * int(leaf.sum())), ("internal_value", [0] * int(inner.sum())),
        ("internal_weight", [0] * int(inner.sum())), ("internal_count", [0] * int(inner.sum())),
        ("is_linear", [0]), ("shrinkage", [1]),
    ]  # fmt: skip
    body = "\n".join(f"{name}={' '.join(map(repr, values))}" for name, values in lines)
    return f"Tree={k}\n{body}\n\n\n"
