"""Compiled trees against the engines that grew them, to the last bit."""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import trees
from workbench.families.random_forest import Forest

WIDTH = 6


@cache
def rows(n: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with missing values, codes of categories, many zeros and ties, and how they ended."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, WIDTH))
    x[:, 1] = rng.integers(0, 12, n)
    x[:, 2] = np.where(rng.random(n) < 0.6, 0.0, np.round(x[:, 2], 1))
    x[:, 3] = np.exp(8 * x[:, 3])
    z = x[:, 0] + 0.3 * (x[:, 1] % 4) + (x[:, 2] > 0) - 1
    x[rng.random(x.shape) < 0.08] = np.nan
    z[np.isnan(x[:, 0])] = 1.0
    return x, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)


def lightgbm(rounds: int = 12, *, stop: bool = False, **params: Any) -> Any:
    import lightgbm as engine

    x, bad = rows()
    data = engine.Dataset(x, bad, free_raw_data=False)
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 3, "num_leaves": 20} | params
    held = engine.Dataset(x[:400], 1 - bad[:400], reference=data)
    early = {"valid_sets": [held], "callbacks": [engine.early_stopping(2, verbose=False)]} if stop else {}
    return engine.train(asked, data, rounds, **early)


def xgboost(rounds: int = 12, **params: Any) -> Any:
    import xgboost as engine

    x, bad = rows()
    asked = {"objective": "binary:logistic", "nthread": 1, "seed": 3, "max_depth": 4} | params
    return engine.train(asked, engine.DMatrix(x, bad), rounds)


def tricky(compiled: trees.CompiledTrees, n: int = 4_000) -> np.ndarray:
    """Return rows at and around the thresholds, with missing values, denormals and infinities."""
    x = trees.proof_rows(compiled, n)
    for j in range(WIDTH):
        x[j::89, j], x[j + 7 :: 97, j] = np.inf, -np.inf
    return x


LIGHTGBM = {
    "as it comes": {},
    "two leaves": {"num_leaves": 2},
    "32 leaves": {"num_leaves": 32, "min_data_in_leaf": 5},
    "33 leaves": {"num_leaves": 33, "min_data_in_leaf": 5},
    "200 leaves": {"num_leaves": 200, "min_data_in_leaf": 2, "rounds": 4},
    "zero is missing": {"zero_as_missing": True},
    "missing is zero": {"use_missing": False},
    "nothing to split": {"min_data_in_leaf": 5_000, "rounds": 3},
    "weights": {"scale_pos_weight": 7.0},
    "one tree": {"rounds": 1},
    "stopped early": {"stop": True, "rounds": 30, "learning_rate": 0.3},
    "few thresholds": {"max_bin": 3},
}


@pytest.mark.parametrize("kind", LIGHTGBM)
def test_lightgbm_to_the_bit(kind: str) -> None:
    booster = lightgbm(**{"rounds": 12} | LIGHTGBM[kind])
    best = booster.best_iteration if booster.best_iteration > 0 else None
    compiled = trees.compile_trees(trees.from_lightgbm(booster.model_to_string(num_iteration=best)))
    assert best is None or compiled.trees == best < 30
    for x in (
        tricky(compiled) if len(compiled.column) else rows()[0],
        rows()[0],
        rows()[0][:1],
        rows()[0][:0],
    ):
        expected = booster.predict(x, raw_score=True) if len(x) else np.zeros(0)
        assert compiled.sums(x).tobytes() == expected.tobytes()


XGBOOST: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "stumps": {"max_depth": 1},
    "deep": {"max_depth": 9, "min_child_weight": 0.01, "rounds": 4},
    "weights": {"scale_pos_weight": 7.0},
    "base score": {"base_score": 0.123},
    "histograms": {"tree_method": "hist", "max_bin": 4},
    "nothing to split": {"gamma": 1e9},
    "several trees a round": {"num_parallel_tree": 3, "subsample": 0.5, "rounds": 3},
}


@pytest.mark.parametrize("kind", XGBOOST)
def test_xgboost_to_the_bit_in_its_own_precision(kind: str) -> None:
    booster = xgboost(**{"rounds": 12} | XGBOOST[kind])
    compiled = trees.compile_trees(trees.from_xgboost(bytes(booster.save_raw("json"))))
    x = trees.proof_rows(compiled, 4_000) if len(compiled.column) else rows()[0]
    for part in (x, rows()[0], rows()[0][:1]):
        expected = booster.inplace_predict(part.astype(np.float32), predict_type="margin")
        found = compiled.sums(part)
        assert found.dtype == np.float32
        assert (found == expected).all()
    assert compiled.sums(x[:0]).shape == (0,)


FORESTS: dict[str, dict[str, Any]] = {
    "leaves of fifteen": {"min_samples_leaf": 15, "max_samples": 0.3},
    "grown out": {"n_estimators": 2},
    "stumps": {"max_depth": 1},
    "nothing to split": {"min_samples_leaf": 2_000},
}


@pytest.mark.parametrize("kind", FORESTS)
@pytest.mark.parametrize("filled", [False, True])
def test_a_forest_to_the_bit(kind: str, filled: bool) -> None:
    from sklearn.ensemble import RandomForestClassifier

    x, bad = rows()
    fill = (0.5,) * WIDTH if filled else ()
    grown = np.nan_to_num(x, nan=0.5) if filled else x
    asked = {"n_estimators": 8, "random_state": 3} | FORESTS[kind]
    forest = Forest(RandomForestClassifier(**asked).fit(grown.astype(np.float32), bad), fill)
    compiled = trees.compile_trees(forest.ensemble())
    for part in (tricky(compiled) if len(compiled.column) else x, x, x[:1], x[:0]):
        sums = compiled.sums(forest.filled(part))
        assert (sums / forest.trees == forest.probability(part)).all()
        assert (forest.margin_of(sums) == forest.margin(part)).all()


def test_order_in_memory_threads_and_read_only_rows_change_nothing() -> None:
    compiled = trees.compile_trees(trees.from_lightgbm(lightgbm().model_to_string()))
    x = np.tile(rows()[0], (9, 1))
    expected = compiled.sums(x)
    x.flags.writeable = False
    assert (compiled.sums(np.asfortranarray(x), threads=3) == expected).all()
    assert (compiled.sums(x[::-1])[::-1] == expected).all()
    assert (compiled.sums(x[5:6]) == expected[5]).all()
    with pytest.raises(ValueError, match="7 columns|columns"):
        compiled.sums(x[:, :4])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_trees_as_walked_from_node_to_node(data: st.DataObject) -> None:
    """Against a walk in plain Python: no engine grows trees as odd as these."""
    limits = st.sampled_from([0.0, -0.0, 1.5, -1.5, 5e-324, -5e-324, 1e-40, 3.4e38, -3.4e38, np.inf, -np.inf])
    strict = data.draw(st.booleans())
    single = data.draw(st.booleans())
    tiny = data.draw(st.sampled_from([-1.0, 1e-35]))
    made = [grown(data, limits, data.draw(st.integers(1, 90))) for _ in range(data.draw(st.integers(1, 4)))]
    ensemble = trees.of_nodes(made, 3, strict=strict, single=single, tiny=tiny, base=0.25)
    compiled = trees.compile_trees(ensemble)
    values = [0.0, -0.0, 1.5, -1.5, 5e-324, 1e-40, -1e-40, np.nan, np.inf, -np.inf, 3.4e38, 2.0]
    x = np.random.default_rng(data.draw(st.integers(0, 99))).choice(values, (150, 3))
    expected = [walked(made, row, strict, single, tiny) for row in x]
    assert compiled.sums(x).tolist() == expected


def grown(data: st.DataObject, limits: Any, leaves: int) -> SimpleNamespace:
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    left, right, open_leaves = [-1], [-1], [0]
    while len(open_leaves) < leaves:
        node = open_leaves.pop(int(rng.integers(len(open_leaves))))
        left[node], right[node] = len(left), len(left) + 1
        open_leaves += [left[node], right[node]]
        left += [-1, -1]
        right += [-1, -1]
    n = len(left)
    some = data.draw(st.lists(limits, min_size=3, max_size=6))
    return SimpleNamespace(
        left=np.array(left), right=np.array(right), feature=rng.integers(0, 3, n),
        threshold=rng.choice(some, n), missing_left=rng.random(n) < 0.5, zero_missing=rng.random(n) < 0.3,
        value=rng.normal(size=n),
    )  # fmt: skip


def walked(grown: list[SimpleNamespace], row: np.ndarray, strict: bool, single: bool, tiny: float) -> float:
    total = 0.25
    for tree in grown:
        node = 0
        while tree.left[node] >= 0:
            value = float(row[tree.feature[node]])
            if -tiny <= value <= tiny:
                value = np.nan if tree.zero_missing[node] else 0.0
            value = float(np.float32(value)) if single else value
            limit = tree.threshold[node]
            limit = np.float64(np.float32(limit)) if single and strict else limit
            goes_left = tree.missing_left[node] if np.isnan(value) else (
                value < limit if strict else value <= limit
            )  # fmt: skip
            node = (tree.left if goes_left else tree.right)[node]
        total += tree.value[node]
    return total


def test_what_is_not_compiled_is_said() -> None:
    import lightgbm as engine

    x, bad = rows()
    codes = np.nan_to_num(x[:, 1:2])
    sets = engine.train(
        {"objective": "binary", "verbosity": -1, "min_data_per_group": 1, "max_cat_to_onehot": 1},
        engine.Dataset(codes, bad, categorical_feature=[0]), 2,
    )  # fmt: skip
    for text, why in (
        (sets.model_to_string(), "sets of categories"),
        (lightgbm(2, boosting="rf", bagging_fraction=0.5, bagging_freq=1).model_to_string(), "averages"),
        (lightgbm(2, linear_tree=True).model_to_string(), "linear"),
        (lightgbm(2, objective="multiclass", num_class=2).model_to_string(), "several outcomes"),
    ):
        with pytest.raises(trees.NotCompiled, match=why):
            trees.from_lightgbm(text)
    dart = bytes(xgboost(2, booster="dart").save_raw("json"))
    with pytest.raises(trees.NotCompiled, match="dart"):
        trees.from_xgboost(dart)
    other = json.loads(bytes(xgboost(2).save_raw("json")))
    other["learner"]["objective"]["name"] = "count:poisson"
    with pytest.raises(trees.NotCompiled, match="poisson"):
        trees.from_xgboost(json.dumps(other).encode())
    chain = np.arange(3_000)
    left = np.where(chain % 2 == 0, chain + 1, -1)
    long = SimpleNamespace(
        left=np.append(left, [-1]), right=np.append(np.where(left > 0, chain + 2, -1), [-1]),
        feature=np.zeros(3_001, int), threshold=np.arange(3_001.0), missing_left=np.zeros(3_001, bool),
        value=np.ones(3_001),
    )  # fmt: skip
    with pytest.raises(trees.NotCompiled, match="1,501 leaves"):
        trees.compile_trees(trees.of_nodes([long], 1))


def test_a_proof_finds_one_leaf_that_is_wrong() -> None:
    booster = lightgbm()
    compiled = trees.compile_trees(trees.from_lightgbm(booster.model_to_string()))

    def engine(x: np.ndarray) -> np.ndarray:
        return booster.predict(x, raw_score=True)

    x = trees.proof_rows(compiled)
    assert len(x) == 10_000 and np.isnan(x).any() and (x == 0).any()
    assert trees.prove(compiled.sums, engine, x) == trees.Proof(10_000, 0, 0.0)
    used = np.flatnonzero(compiled.leaf)[7]
    compiled.leaf[used] = np.nextafter(compiled.leaf[used], 9.0)
    found = trees.prove(compiled.sums, engine, x)
    assert not found.agreed and found.differing > 0
    assert not trees.prove(compiled.sums, engine, x[:0]).agreed
