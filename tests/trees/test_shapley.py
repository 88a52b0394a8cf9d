"""Values from leaf tables: Shapley's own formula on grown trees, the engines' values on their boosters."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trees import leaf_plain
from tests.trees.test_compiled import LIGHTGBM, XGBOOST, grown, lightgbm, rows, walked, xgboost
from workbench import trees
from workbench.trees import leaf_kernel, shapley

WIDTH = 3
LIMITS = st.sampled_from([-1.5, -0.1, 0.0, 0.1, float(np.float32(0.1)), 1.0, 2.5, 1e30])


def shapley_of(worth: dict[frozenset[int], float], width: int = WIDTH) -> np.ndarray:
    values = np.zeros(width)
    for j, chosen in itertools.product(range(width), list(worth)):
        if j not in chosen:
            size = len(chosen)
            share = math.factorial(size) * math.factorial(width - size - 1) / math.factorial(width)
            values[j] += share * (worth[chosen | {j}] - worth[chosen])
    return values


def coalitions(width: int = WIDTH) -> list[frozenset[int]]:
    return [frozenset(c) for size in range(width + 1) for c in itertools.combinations(range(width), size)]


def by_cover(tree: SimpleNamespace, row: np.ndarray, known: frozenset[int], way: Any, node: int = 0) -> float:
    """The tree's mean by cover where features outside `known` are not looked at."""
    if tree.left[node] < 0:
        return float(tree.value[node])
    left, right = int(tree.left[node]), int(tree.right[node])
    if tree.feature[node] in known:
        return by_cover(tree, row, known, way, left if way(tree, row, node) else right)
    share = tree.cover[left] / tree.cover[node]
    return share * by_cover(tree, row, known, way, left) + (1 - share) * by_cover(
        tree, row, known, way, right
    )


def covered(tree: SimpleNamespace, rng: np.random.Generator) -> SimpleNamespace:
    cover = np.where(tree.left < 0, rng.integers(1, 9, len(tree.left)), 0).astype(float)
    for node in range(len(cover) - 1, -1, -1):
        if tree.left[node] >= 0:
            cover[node] = cover[tree.left[node]] + cover[tree.right[node]]
    return SimpleNamespace(**vars(tree), cover=cover)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans(), st.booleans(), st.sampled_from([-1.0, 1e-35]))
def test_grown_trees_give_shapleys_own_values(
    data: st.DataObject, strict: bool, single: bool, tiny: float
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    made = [
        covered(grown(data, LIMITS, data.draw(st.integers(1, 12))), rng)
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    ensemble = trees.of_nodes(made, WIDTH, strict=strict, single=single, tiny=tiny, base=0.25)
    values = st.one_of(LIMITS, st.just(float("nan")), st.floats(-3, 3))
    x = np.array(data.draw(st.lists(st.tuples(values, values, values), min_size=2, max_size=6)))
    others, tables = x[1:], trees.LeafTables(ensemble)

    def sums(mixed: np.ndarray) -> list[float]:
        return [walked(made, row, strict, single, tiny) for row in mixed]

    worth = {}
    for chosen in coalitions():
        mixed = others.copy()
        mixed[:, list(chosen)] = x[0, list(chosen)]
        worth[chosen] = float(np.mean(sums(mixed)))
    expected = shapley_of(worth)
    prepared = tables.prepare(tables.counts(others))
    found = tables.values(x[:1], prepared)
    assert found[0] == pytest.approx(expected, abs=1e-12)
    assert prepared.base == pytest.approx(worth[frozenset()], abs=1e-12)
    one_by_one = trees.held_against(ensemble, x, others, threads=2)
    assert one_by_one[0] == pytest.approx(expected, abs=1e-12)
    assert one_by_one == pytest.approx(tables.values(x, prepared), abs=1e-12)
    pairs = tables.interactions(x[:1], tables.prepare(tables.counts(others), pairs=True), found)[0]
    for a, b in itertools.combinations(range(WIDTH), 2):
        assert pairs[a, b] == pairs[b, a] == pytest.approx(pair_of(worth, a, b) / 2, abs=1e-12)
    assert pairs.sum(axis=1) == pytest.approx(found[0], abs=1e-12)
    one = tables.values(x[:1], tables.prepare(tables.counts(x[1:2])))
    assert tables.between(x[:1], x[1:2]) == pytest.approx(one, abs=1e-12)

    def way(tree: SimpleNamespace, row: np.ndarray, node: int) -> bool:
        stump = SimpleNamespace(
            left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), value=np.array([0.0, 1.0, 0.0]),
            feature=tree.feature[[node] * 3], threshold=tree.threshold[[node] * 3],
            missing_left=tree.missing_left[[node] * 3], zero_missing=tree.zero_missing[[node] * 3],
        )  # fmt: skip
        return walked([stump], row, strict, single, tiny) > 1

    worth = {c: 0.25 + sum(by_cover(tree, x[0], c, way) for tree in made) for c in coalitions()}
    of_trees = tables.prepare(None)
    assert tables.values(x[:1], of_trees)[0] == pytest.approx(shapley_of(worth), abs=1e-12)
    assert of_trees.base == pytest.approx(worth[frozenset()], abs=1e-12)


def pair_of(worth: dict[frozenset[int], float], a: int, b: int) -> float:
    (c,) = {0, 1, 2} - {a, b}
    total = 0.0
    for rest in (frozenset(), frozenset({c})):
        total += worth[rest | {a, b}] - worth[rest | {a}] - worth[rest | {b}] + worth[rest]
    return total / 2


@pytest.mark.parametrize("kind", LIGHTGBM)
def test_lightgbms_own_values(kind: str) -> None:
    booster = lightgbm(**{"rounds": 12} | LIGHTGBM[kind])
    best = booster.best_iteration if booster.best_iteration > 0 else None
    tables = trees.LeafTables(trees.from_lightgbm(booster.model_to_string(num_iteration=best)))
    x, _ = rows()
    theirs, prepared = booster.predict(x, pred_contrib=True), tables.prepare(None)
    assert tables.values(x, prepared, 2) == pytest.approx(theirs[:, :-1], abs=1e-9)
    assert prepared.base == pytest.approx(theirs[0, -1], abs=1e-9)
    counted = tables.prepare(tables.counts(x))
    summed = counted.base + tables.values(x, counted).sum(axis=1)
    assert summed == pytest.approx(booster.predict(x, raw_score=True, num_iteration=best), abs=1e-9)


@pytest.mark.parametrize("kind", XGBOOST)
def test_xgboosts_own_values(kind: str) -> None:
    from xgboost import DMatrix

    booster = xgboost(**{"rounds": 12} | XGBOOST[kind])
    tables = trees.LeafTables(trees.from_xgboost(bytes(booster.save_raw("json"))))
    x, _ = rows()
    matrix, prepared = DMatrix(x, feature_names=booster.feature_names), tables.prepare(None)
    theirs = booster.predict(matrix, pred_contribs=True)
    found = tables.values(x, prepared)
    assert found == pytest.approx(theirs[:, :-1], abs=2e-6)
    pairs = tables.interactions(x[:50], tables.prepare(None, pairs=True), found[:50])
    theirs = booster.predict(matrix, pred_interactions=True)[:50, :-1, :-1]
    assert pairs == pytest.approx(theirs, abs=2e-6)


def test_trees_taken_in_turns_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = trees.LeafTables(trees.from_lightgbm(lightgbm(12).model_to_string()))
    x, _ = rows()
    counts = tables.counts(x)
    whole = tables.values(x, tables.prepare(counts))
    pairs = tables.interactions(x[:9], tables.prepare(counts, pairs=True), whole[:9])
    monkeypatch.setattr(shapley, "PART_ENTRIES", tables.entries // 5)
    assert tables.counts(x).tolist() == counts.tolist()
    parted = tables.prepare(counts)
    assert len(parted.parts) > 3 and not tables.pairs_held
    assert tables.values(x, parted) == pytest.approx(whole, abs=1e-12)
    # a few rows are worked out without tables
    assert tables.values(x[:30], parted) == pytest.approx(whole[:30], abs=1e-12)
    again = tables.interactions(x[:9], tables.prepare(counts, pairs=True), whole[:9])
    assert again == pytest.approx(pairs, abs=1e-12)


def test_reference_rows_count_by_their_weight() -> None:
    tables = trees.LeafTables(trees.from_lightgbm(lightgbm(12).model_to_string()))
    x, _ = rows()
    twice = tables.values(x[:20], tables.prepare(tables.counts(np.concatenate([x[:50], x[:10]]))))
    weight = np.where(np.arange(50) < 10, 2.0, 1.0)
    assert tables.values(x[:20], tables.prepare(tables.counts(x[:50], weight))) == pytest.approx(twice)


def test_a_leaf_that_asks_for_too_many_columns_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.trees.leaf_plan.MOST_BITS", 1)
    with pytest.raises(trees.NotCompiled, match="more than 1 columns"):
        trees.LeafTables(trees.from_lightgbm(lightgbm(12, num_leaves=31).model_to_string()))


def test_compiled_kernels_do_what_is_done_array_by_array(monkeypatch: pytest.MonkeyPatch) -> None:
    booster = lightgbm(12, zero_as_missing=True)
    x, _ = rows()
    ensembles = [trees.from_lightgbm(booster.model_to_string())]
    ensembles.append(trees.from_xgboost(bytes(xgboost(12, max_depth=6).save_raw("json"))))
    for ensemble in ensembles:
        tables, found = trees.LeafTables(ensemble), []
        for plain in (False, True):
            for name in ("find", "add", "count") if plain else ():
                monkeypatch.setattr(leaf_kernel, name, getattr(leaf_plain, name))
            counts = tables.counts(x)
            values = tables.values(x, tables.prepare(counts), 2)
            pairs = tables.interactions(x[:300], tables.prepare(counts, pairs=True), values[:300])
            found.append((counts, values, pairs, tables.between(x[:1], x[5:6])))
        monkeypatch.undo()
        for one, two in zip(*found, strict=True):
            assert one == pytest.approx(two, abs=1e-12)


def test_kernels_take_no_array_of_another_kind() -> None:
    index, out = np.zeros((1, 4), np.int32), np.zeros(2)
    leaf_kernel.count(index, np.ones(4), np.array([0, 2]), out)
    assert out.tolist() == [4.0, 0.0]
    with pytest.raises(ValueError, match="fewer rows than weights"):
        leaf_kernel.count(index, np.ones(5), np.array([0, 2]), out)
    with pytest.raises(ValueError, match="of their kind"):
        leaf_kernel.count(index.astype(np.int64), np.ones(4), np.array([0, 2]), out)
    with pytest.raises(ValueError, match="in one piece"):
        leaf_kernel.count(index, np.ones(8)[::2], np.array([0, 2]), out)
