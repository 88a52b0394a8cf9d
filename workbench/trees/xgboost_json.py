"""XGBoost's model JSON -> Ensemble."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from workbench.trees.ensemble import COLUMNS, Ensemble, NotCompiled, joined


def from_xgboost(content: bytes) -> Ensemble:
    """Return the trees of a booster of ``binary:logistic``, as ``Booster.save_raw("json")`` writes it.

    Values, thresholds and sums are single precision; the sum starts from the margin of the base score.

    Raises
    ------
    NotCompiled
        For another booster or objective, several outcomes, or tests on sets of categories.
    """
    learner = json.loads(content)["learner"]
    booster, model = learner["gradient_booster"], learner["learner_model_param"]
    if booster["name"] != "gbtree" or learner["objective"]["name"] != "binary:logistic":
        raise NotCompiled(f"it is a {booster['name']} for {learner['objective']['name']}")
    if model["num_class"] not in ("0", "1") or model.get("num_target", "1") != "1":
        raise NotCompiled("it has several outcomes")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    root, at = [], 0
    for tree in booster["model"]["trees"]:
        nodes = _tree(tree, at)
        root.append(at)
        at += len(nodes["left"])
        for name in COLUMNS:
            parts[name].append(nodes[name])
    kind = {"strict": True, "single": True, "single_sum": True}
    return joined(root, parts, int(model["num_feature"]), base=_margin(model["base_score"]), **kind)


def _tree(tree: dict[str, Any], at: int) -> dict[str, np.ndarray]:
    if any(tree["split_type"]) or tree["categories_nodes"]:
        raise NotCompiled("it tests sets of categories")
    if tree["tree_param"]["size_leaf_vector"] not in ("0", "1"):
        raise NotCompiled("it has several outcomes")
    left, right = (np.array(tree[f"{side}_children"], np.int64) for side in ("left", "right"))
    leaf = left < 0
    # a leaf keeps its value where an inner node keeps its threshold
    kept = np.array(tree["split_conditions"], np.float32).astype(float)
    return {
        "left": np.where(leaf, -1, left + at),
        "right": np.where(leaf, -1, right + at),
        "feature": np.where(leaf, 0, np.array(tree["split_indices"], np.int64)),
        "threshold": np.where(leaf, 0.0, kept),
        "missing_left": np.array(tree["default_left"], bool) & ~leaf,
        "zero_missing": np.zeros(len(leaf), bool),
        "value": np.where(leaf, kept, 0.0),
        "cover": np.array(tree["sum_hessian"], np.float32).astype(float),
    }


def _margin(base_score: str) -> float:
    """Return the log-odds of the base score, rounded where the engine rounds."""
    score = json.loads(base_score)
    p = np.float32(score[0] if isinstance(score, list) else score)
    return float(np.float32(-np.log(float(np.float32(1) / p - np.float32(1)))))
