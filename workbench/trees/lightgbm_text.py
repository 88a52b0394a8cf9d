"""LightGBM's model text -> Ensemble."""

from __future__ import annotations

import numpy as np

from workbench.trees.ensemble import COLUMNS, Ensemble, NotCompiled, joined

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_NONE, MISSING_ZERO = 0, 1
# what LightGBM takes as zero, either side, before it looks at any tree
TINY = float(np.float32(1e-35))


def from_lightgbm(text: str) -> Ensemble:
    """Return the trees of a booster's text, as ``Booster.model_to_string`` writes it.

    Values are compared and added in double precision. A missing value goes by each node's own way of
    missing: as zero, or to the default side, to which zero goes too where zero is taken as missing.

    Raises
    ------
    NotCompiled
        For several outcomes, averaged output, linear leaves or tests on sets of categories.
    """
    head, *trees = text.partition("\nend of trees")[0].split("\nTree=")
    top = _lines(head)
    if top.get("num_class", "1") != "1" or top.get("num_tree_per_iteration", "1") != "1":
        raise NotCompiled("it has several outcomes")
    if "average_output" in head.splitlines():
        raise NotCompiled("it averages its trees")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    root, at = [], 0
    for body in trees:
        nodes = _tree(_lines(body), at)
        root.append(at)
        at += len(nodes["left"])
        for name in COLUMNS:
            parts[name].append(nodes[name])
    return joined(root, parts, int(top["max_feature_idx"]) + 1, tiny=TINY)


def _lines(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, sign, value in pairs if sign}


def _tree(lines: dict[str, str], at: int) -> dict[str, np.ndarray]:
    """Return the nodes of one tree, inner ones first, leaves after them."""
    if lines.get("is_linear", "0") != "0":
        raise NotCompiled("its leaves are linear models")
    leaves = int(lines["num_leaves"])
    inner = leaves - 1

    def read(name: str, kind: type) -> np.ndarray:
        return np.array([kind(word) for word in lines[name].split()] if inner else [], dtype=kind)

    def with_leaves(values: np.ndarray, of_leaf: float) -> np.ndarray:
        return np.concatenate([values, np.full(leaves, of_leaf, dtype=values.dtype)])

    code, threshold = read("decision_type", int), read("threshold", float)
    if (code & CATEGORICAL).any():
        raise NotCompiled("it tests sets of categories")
    missing = code >> 2 & 3
    # LightGBM counts leaves apart: the complement of a leaf's number stands for it as a child
    children = {
        name: np.where(found >= 0, found, inner + ~found) + at
        for name, found in (("left", read("left_child", int)), ("right", read("right_child", int)))
    }
    default = np.where(missing == MISSING_NONE, threshold >= 0, (code & DEFAULT_LEFT) > 0)
    value = np.array([float(word) for word in lines["leaf_value"].split()])
    reached = np.array([float(word) for word in lines.get("leaf_count", "").split()])
    reached = reached if len(reached) == leaves else np.zeros(leaves)
    return {name: with_leaves(child, -1) for name, child in children.items()} | {
        "feature": with_leaves(read("split_feature", int), 0),
        "threshold": with_leaves(threshold, 0.0),
        "missing_left": with_leaves(default, False),
        "zero_missing": with_leaves(missing == MISSING_ZERO, False),
        "value": np.concatenate([np.zeros(inner), value]),
        "cover": np.concatenate([read("internal_count", float), reached]),
    }
