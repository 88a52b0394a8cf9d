"""What holds of every declined row of public data, and what peers say of the same models."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from tests.explanation.public_models import FAMILIES, FILES, explained
from workbench import explanation
from workbench.explanation import ALL, Explainer, Reasoner, cross_check, flips, learn, lime

every = pytest.mark.parametrize(("name", "family"), [(name, family) for name in FILES for family in FAMILIES])
TREES = [(name, family) for name in FILES for family in FAMILIES[2:]]
GERMAN = ("german_credit", "lightgbm")
TOLD = ("groups", "named", "texts", "points", "contributions", "sources")


@every
def test_no_favourable_factor_is_a_reason_of_any_declined_row(name: str, family: str) -> None:
    found = explained(name, family)
    rows = found.rows
    declined = np.flatnonzero(rows.decisions == 2)
    assert len(declined) > 0.1 * found.data.n
    there = rows.groups[declined] >= 0
    assert there[:, 0].all() and there.sum(axis=1).max() in (3, 4)
    assert (rows.contributions[declined][there] > 0).all()
    assert (rows.points[declined][there] >= 0).all()
    # what a reason is named by weighs against the applicant too
    at, rank = np.nonzero(there)
    assert (rows.values[declined[at], rows.named[declined][at, rank]] > 0).all()
    assert (np.diff(np.where(there, rows.contributions[declined], 0)) <= 1e-12).all()
    # what stands first is the largest sum, reckoned again from the values themselves
    of = rows.words.group_of
    sums = np.stack([rows.values[declined][:, of == g].sum(axis=1) for g in range(len(rows.words.groups))])
    assert np.allclose(sums.max(axis=0), rows.contributions[declined, 0])
    assert rows.notice[declined].all()


@pytest.mark.parametrize(
    ("name", "family"),
    [("taiwan_cards", "logistic"), ("taiwan_cards", "lightgbm"), ("german_credit", "scorecard"), GERMAN],
)
def test_taking_the_first_reason_away_helps_more_often_than_any_other(name: str, family: str) -> None:
    it = explained(name, family)
    found = flips(it.reasoner.explainer.model, it.raw, it.rows, seed=1)
    assert found.passed, found.frame
    assert found.share("first reason") > 0.95
    declined = int((it.rows.decisions == 2).sum())
    assert str(declined) in found.sentence().replace(",", "")


def test_another_order_of_rows_or_columns_changes_no_reason() -> None:
    it = explained(*GERMAN)
    order = np.random.default_rng(9).permutation(it.data.n)
    other = it.reasoner.rows(it.raw[order])
    for name in TOLD:
        assert (getattr(other, name) == getattr(it.rows, name)[order]).all(), name
    columns = list(reversed(it.data.frame.columns))
    raw = it.reasoner.explainer.model.encoder.raw(it.data.frame[columns], it.data.date)
    again = it.reasoner.rows(raw)
    assert all((getattr(again, name) == getattr(it.rows, name)).all() for name in TOLD)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_order_of_development_rows_and_other_threads_change_no_reason(family: str) -> None:
    it = explained("german_credit", family)
    held = it.raw[it.development]
    order = np.random.default_rng(3).permutation(len(held))
    again = Reasoner(learn(it.reasoner.explainer.model, held[order], threads=2)).rows(it.raw)
    for name in ("groups", "named", "texts", "points"):
        assert (getattr(again, name) == getattr(it.rows, name)).all(), name


def test_no_seed_changes_a_reason() -> None:
    """Nothing on the way from applicant to reasons takes a seed; what takes one leaves no trace."""
    way = (learn, Explainer, Explainer.attributions, Explainer.from_files, Reasoner, Reasoner.one)
    for step in (*way, Reasoner.rows, explanation.ReasonRows.of):
        assert not [name for name in inspect.signature(step).parameters if "seed" in name], step
    it = explained(*GERMAN)
    explainer, raw = it.reasoner.explainer, it.raw[:200]
    files = explainer.to_files()
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002 - what a library draws from, were any asked
        lime(explainer.model, explainer.attributions(raw[:1]), raw[:1], raw, samples=100, seeds=(seed, 9))
        flips(explainer.model, it.raw, it.rows, seed=seed)
        again = Reasoner(Explainer.from_files(files, explainer.model)).rows(raw)
        for name in TOLD:
            assert getattr(again, name).tobytes() == getattr(it.rows, name)[:200].tobytes(), name


@pytest.mark.parametrize(("name", "family"), TREES)
def test_trees_agree_with_shap_on_public_rows(name: str, family: str) -> None:
    it = explained(name, family)
    explainer = it.reasoner.explainer
    told = cross_check(explainer, it.raw[~it.development], 200)
    # shap rounds thresholds to single precision: rows that this sends elsewhere are left out and counted
    assert told.rows == 200 and told.compared >= 190
    assert told.largest["interventional"] < 1e-6
    assert told.largest["path-dependent"] < 1e-6


@pytest.mark.parametrize("name", FILES)
def test_a_logistic_regression_agrees_with_shap_on_public_rows(name: str) -> None:
    import shap

    it = explained(name, "logistic")
    model = it.reasoner.explainer.model
    held, x = (model.encoder.encode(rows) for rows in (it.raw[it.development], it.raw[~it.development][:200]))
    background = shap.maskers.Independent(held, max_samples=len(held))
    linear = (np.array(model.fitted.coefficients), model.fitted.intercept)
    theirs = shap.LinearExplainer(linear, background)
    own = it.reasoner.explainer.attributions(it.raw[~it.development][:200], reference=ALL)
    assert own.base == pytest.approx(float(theirs.expected_value), abs=1e-9)
    names = [column.name for column in model.encoder.columns]
    of = np.array([names.index(e.characteristic) for e in model.encoder.encoded])
    by_column = theirs.shap_values(x)
    summed = np.stack([by_column[:, of == j].sum(axis=1) for j in range(len(names))], axis=1)
    assert np.abs(own.values - summed).max() < 1e-6


@pytest.mark.parametrize("name", FILES)
def test_a_points_card_agrees_with_shap_on_public_rows(name: str) -> None:
    import shap

    it = explained(name, "scorecard")
    explainer, held = it.reasoner.explainer, it.raw[it.development]
    model, way = explainer.model, explainer.way
    # where the card's scale ends its margin is no sum any more, and shap's game is another one
    inside = np.flatnonzero(np.abs(model.margin(held) - way.margin(model.encoder.encode(held))) < 1e-9)
    others, rows = held[inside[:10]], held[inside[-5:]]
    background = shap.maskers.Independent(others, max_samples=len(others))
    asked = shap.PermutationExplainer(lambda x: way.margin(model.encoder.encode(x)), background, seed=0)
    # of a sum one order of the characteristics, there and back, tells each exactly
    theirs = asked(rows, max_evals=2 * rows.shape[1] + 1, silent=True).values
    own = learn(model, others).attributions(rows).values
    assert np.abs(own - theirs).max() < 1e-6
