"""One parsed form of an ensemble of binary trees, whoever grew it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class NotCompiled(Exception):
    """An ensemble holds something that is left to its own engine; the message says what."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """All trees of a model as arrays; a row's sum is the base and one leaf's value of each tree, in order.

    Attributes
    ----------
    width : int
        Columns of a row.
    root : array of int, shape (trees,)
        Position of each tree's first node.
    left, right : array of int, shape (nodes,)
        Positions of the children, -1 both at a leaf.
    feature : array of int, shape (nodes,)
    threshold : array of float, shape (nodes,)
        A row goes left where its value is at most this; where `strict`, only where it is below.
    missing_left : array of bool, shape (nodes,)
        Whether a missing value goes left.
    zero_missing : array of bool, shape (nodes,)
        Whether zero is taken as missing there (LightGBM's ``zero_as_missing``).
    value : array of float, shape (nodes,)
        What a leaf adds.
    cover : array of float, shape (nodes,)
        How many rows, or how much weight, reached the node where it was grown; all 0 where that is not known.
    strict : bool
    single : bool
        Whether values are rounded to single precision before they are compared.
    single_sum : bool
        Whether values are added in single precision.
    base : float
        What the sum starts from.
    tiny : float
        Values up to this, either side, are zero; -1 where only zero is.
    """

    width: int
    root: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    zero_missing: np.ndarray
    value: np.ndarray
    cover: np.ndarray
    strict: bool = False
    single: bool = False
    single_sum: bool = False
    base: float = 0.0
    tiny: float = -1.0

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.root)


COLUMNS = ("left", "right", "feature", "threshold", "missing_left", "zero_missing", "value", "cover")


def of_nodes(trees: Iterable[Any], width: int, **kind: Any) -> Ensemble:
    """Return the ensemble of `trees`, each with ``feature, threshold, left, right, missing_left, value``.

    ``zero_missing`` and ``cover`` are all zeros where a tree does not say them. Children are positions
    within the tree; `kind` is how values are compared and added, as in `Ensemble`.

    Raises
    ------
    NotCompiled
        Where there is no tree.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    root: list[int] = []
    at = 0
    for tree in trees:
        leaf = tree.left < 0
        root.append(at)
        for name in COLUMNS:
            parts[name].append(np.asarray(getattr(tree, name, np.zeros(len(leaf), bool))))
        parts["left"][-1] = np.where(leaf, -1, tree.left + at)
        parts["right"][-1] = np.where(leaf, -1, tree.right + at)
        at += len(leaf)
    return joined(root, parts, width, **kind)


def joined(root: Sequence[int], parts: dict[str, list[np.ndarray]], width: int, **kind: Any) -> Ensemble:
    """Return an ensemble of parts that count their nodes from the first of all.

    Raises
    ------
    NotCompiled
        Where there is no tree, or a threshold is no number.
    """
    if not root:
        raise NotCompiled("it has no trees")
    kinds = dict.fromkeys(("left", "right", "feature"), np.int64)
    kinds |= dict.fromkeys(("threshold", "value", "cover"), float)
    whole = {name: np.concatenate(parts[name]).astype(kinds.get(name, bool)) for name in COLUMNS}
    if np.isnan(whole["threshold"][whole["left"] >= 0]).any():
        raise NotCompiled("a threshold is no number")
    return Ensemble(width=width, root=np.asarray(root, np.int64), **whole, **kind)
