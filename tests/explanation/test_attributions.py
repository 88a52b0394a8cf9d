"""Exact values of every family: they add up, equal Shapley's own formula, and come back from their files."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import ArtifactError, InputError
from workbench.explanation import ALL, NEAR, CrossCheck, Explainer, cross_check
from workbench.explanation.attributions import require_additive
from workbench.explanation.by_trees import ByTrees
from workbench.explanation.cross_check import same_ways
from workbench.families.random_forest import Forest
from workbench.sampling import Samples

FAMILIES = ["logistic", "scorecard", "random_forest", "xgboost", "lightgbm"]
Explainers = Callable[[str], Explainer]
every = pytest.mark.parametrize("family", FAMILIES)


def raw_of(explainer: Explainer, data: object) -> np.ndarray:
    return explainer.model.encoder.raw(data.frame, data.date)  # type: ignore[attr-defined]


def by_definition(explainer: Explainer, row: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Shapley's formula over all coalitions, whose values are put into others' rows."""
    margin, encode, k = explainer.way.margin, explainer.model.encoder.encode, len(row)
    worth = {}
    for size in range(k + 1):
        for chosen in itertools.combinations(range(k), size):
            mixed = others.copy()
            mixed[:, list(chosen)] = row[list(chosen)]
            worth[frozenset(chosen)] = margin(encode(mixed)).mean()
    values = np.zeros(k)
    for j in range(k):
        rest = [i for i in range(k) if i != j]
        for size in range(k):
            share = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            for chosen in map(frozenset, itertools.combinations(rest, size)):
                values[j] += share * (worth[chosen | {j}] - worth[chosen])
    return values


@every
def test_base_and_values_add_up_to_the_margin_of_every_row(
    explainers: Explainers, data: object, samples: Samples, family: str
) -> None:
    explainer = explainers(family)
    raw = raw_of(explainer, data)
    development = raw[samples.mask("development")]
    for kind, reference in itertools.product(explainer.kinds, (ALL, NEAR)):
        told = explainer.attributions(raw, kind=kind, reference=reference)
        own = explainer.model.margin(raw)
        if told.unit == "log-odds of bad":
            assert told.base + told.values.sum(axis=1) == pytest.approx(own, abs=1e-5)
        assert told.values.shape == (len(raw), len(explainer.characteristics))
        assert told.p_bad == pytest.approx(explainer.model.calibrator.p_bad(own), abs=0)
        if kind == "interventional":
            assert told.n_reference == explainer.references[reference].n
            assert told.reference.endswith("applicants") == (reference == ALL)
    held = explainer.attributions(development)
    assert held.base == pytest.approx(held.margin.mean(), abs=1e-6)
    assert held.values.mean(axis=0) == pytest.approx(np.zeros(raw.shape[1]), abs=1e-6)
    assert json.loads(json.dumps(held.to_json()))["n_reference"] == len(development)


@every
def test_values_are_shapleys_own(explainers: Explainers, data: object, samples: Samples, family: str) -> None:
    explainer = explainers(family)
    raw = raw_of(explainer, data)
    development = raw[samples.mask("development")]
    for i in (0, 7, int(np.flatnonzero(np.isnan(raw).any(axis=1))[0])):
        expected = by_definition(explainer, raw[i], development)
        assert explainer.attributions(raw[i : i + 1]).values[0] == pytest.approx(expected, abs=1e-6)
        expected = by_definition(explainer, raw[i], raw[11:12])
        against = explainer.against(raw[i], raw[11])
        assert against.values[0] == pytest.approx(expected, abs=1e-6)
        assert (against.reference, against.n_reference) == ("the other applicant", 1)


@every
def test_pairs_add_up_to_the_values_and_are_the_same_both_ways(
    explainers: Explainers, data: object, family: str
) -> None:
    explainer = explainers(family)
    raw = raw_of(explainer, data)[:40]
    for kind in explainer.kinds:
        pairs, values = explainer.interactions(raw, kind=kind), explainer.attributions(raw, kind=kind).values
        assert pairs.values.sum(axis=2) == pytest.approx(values, abs=1e-9)
        assert pairs.values == pytest.approx(pairs.values.transpose(0, 2, 1), abs=0)


@every
def test_what_is_kept_gives_the_same_values_and_holds_no_row(
    explainers: Explainers, data: object, family: str
) -> None:
    explainer = explainers(family)
    raw, files = raw_of(explainer, data)[:100], explainer.to_files()
    again = Explainer.from_files(files, explainer.model)
    for reference in (ALL, NEAR):
        before, after = (e.attributions(raw, reference=reference) for e in (explainer, again))
        assert before.values.tobytes() == after.values.tobytes()
        assert (before.base, before.reference) == (after.base, after.reference)
    other = explainers(FAMILIES[FAMILIES.index(family) - 1]).model
    with pytest.raises(InputError, match="EXPLANATION|belongs to another"):
        Explainer.from_files(files, other)


def test_near_the_cut_off_are_the_riskiest_of_those_approved(explainers: Explainers) -> None:
    explainer = explainers("logistic")
    policy, near = explainer.model.policy, explainer.references[NEAR]
    assert near.n == 100 and near.p_low < near.p_high < policy.approve_below
    assert f"{policy.approve_below:.2%}" in near.words


def test_what_the_model_does_not_have_is_said(explainers: Explainers, data: object) -> None:
    explainer = explainers("logistic")
    raw = raw_of(explainer, data)[:1]
    with pytest.raises(InputError, match="no path-dependent values"):
        explainer.attributions(raw, kind="path-dependent")
    with pytest.raises(InputError, match="Take all or near cut-off"):
        explainer.attributions(raw, reference="everyone")


def test_values_that_do_not_add_up_are_refused() -> None:
    margin = np.array([0.5, 40.0])
    require_additive(0.1, np.array([0.4, 39.9]), margin, 1e-7)
    with pytest.raises(ArtifactError, match="1 of 2 applicants, by 0.1"):
        require_additive(0.1, np.array([0.5, 39.9]), margin, 1e-7)
    with pytest.raises(ArtifactError, match="ADDITIVITY|miss the margin"):
        require_additive(0.1, np.array([0.4, np.nan]), margin, 1e-7)


@pytest.mark.parametrize("family", ["random_forest", "xgboost", "lightgbm"])
def test_trees_agree_with_shap_and_what_does_not_is_refused(
    explainers: Explainers, data: object, family: str
) -> None:
    explainer = explainers(family)
    raw = raw_of(explainer, data)[:64]
    told = cross_check(explainer, raw)
    assert told.rows == 32 and 20 <= told.compared <= 32
    assert set(told.largest) == {"interventional", "path-dependent"}
    assert told.largest["interventional"] < 1e-6
    assert f"agree with shap's on {told.compared} of 32 rows" in told.sentence()
    proved = replace(explainer, check=told.to_json())
    assert Explainer.from_files(proved.to_files(), proved.model).check == told.to_json()
    older = replace(proved, check={"rows": 32, "compared": told.compared})
    assert "largest" not in Explainer.from_files(older.to_files(), older.model).check
    altered = Explainer(explainer.model, explainer.references)
    for alike in altered.way.tables.groups.alike:  # type: ignore[attr-defined]
        alike.value[:, 0] += 1e-3
    with pytest.raises(ArtifactError, match="CROSS_CHECK|differ from shap's"):
        cross_check(altered, raw)
    assert cross_check(explainers("logistic"), raw[:5]).largest == {}
    assert "closed form" in cross_check(explainers("logistic"), raw[:5]).sentence()
    assert "None of 8 rows" in CrossCheck(8, 0, {}).sentence()
    assert "closed form" not in cross_check(explainer, raw[:0]).sentence()


def test_where_shap_rounds_a_threshold_its_values_are_not_shapleys(
    halfway: tuple[Forest, np.ndarray],
) -> None:
    """A threshold half way between two numbers of single precision: shap sends one of them the wrong way."""
    forest, x = halfway
    method = ByTrees(forest)
    ways = same_ways(method, np.vstack([x, [[1.0, 0.0]]]))
    assert ways[4] and not ways[:4].all()
    values = method.values(x[1:2], method.learn(x[:1], None), "interventional")
    # the first characteristic alone decides, and moves this applicant from 0 to 1
    assert values.tolist() == [[1.0, 0.0]]
