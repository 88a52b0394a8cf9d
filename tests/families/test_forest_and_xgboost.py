"""The forest and XGBoost: equal to their own libraries to the bit, read only as what they are."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests import made
from workbench import features, sampling, training, trees
from workbench.dataset import Dataset
from workbench.errors import ArtifactError, InputError
from workbench.evaluation import evaluate
from workbench.families import one_row, random_forest, xgboost
from workbench.families.family import FitRows, FitSpec
from workbench.families.one_row import Nodes, OneRow, booster_of
from workbench.run import Cancelled, Run
from workbench.training import TrainSpec

PLAIN = tuple({k: v for k, v in c.items() if k != "monotone"} for c in made.CHARACTERISTICS)
DATA = {
    "declared": made.dataset(2500),
    "undeclared": made.dataset(2500, characteristics=PLAIN),
}
both = pytest.mark.parametrize("data", list(DATA))


def _rows(data: Dataset) -> tuple[features.Encoder, FitRows]:
    encoder = features.learn(data, np.arange(data.n), "ordered")
    return encoder, FitRows(encoder.encode(encoder.raw(data.frame, data.date)), data.outcome * 1.0, None)


@both
def test_a_forest_scores_as_scikit_learn_does_in_a_table_and_one_by_one(data: str) -> None:
    encoder, rows = _rows(DATA[data])
    assert np.isnan(rows.x).any()
    forest = random_forest.fit(encoder, rows, None, FitSpec(1, (("trees", 60),)), Run(2))
    assert bool(forest.fill) == (data == "declared")
    seen = random_forest.as_rows(rows.x, forest.fill)
    assert (forest.probability(rows.x) == forest.estimator.predict_proba(seen)[:, 1]).all()
    margin = forest.margin(rows.x)
    assert [forest.margin_of_one(x) for x in rows.x.tolist()] == margin.tolist()
    again = random_forest.read(forest.to_files())
    assert again.canonical() == forest.canonical()
    assert [again.margin_of_one(x) for x in rows.x[:200].tolist()] == margin[:200].tolist()


@both
def test_xgboost_scores_as_the_engine_does_in_a_table_and_one_by_one(data: str) -> None:
    from xgboost import DMatrix

    encoder, rows = _rows(DATA[data])
    boosted = xgboost.fit(encoder, rows, None, FitSpec(1, (("rounds_without_validation", 60),)), Run(1))
    theirs = DMatrix(rows.x, feature_names=boosted.booster.feature_names)
    margin = boosted.margin(rows.x)
    assert (margin == boosted.booster.predict(theirs, output_margin=True)).all()
    assert [boosted.margin_of_one(x) for x in rows.x.tolist()] == margin.tolist()
    # at every threshold and just beside it, with missing values and extremes
    hard = trees.proof_rows(trees.compile_trees(boosted.ensemble()))[::4]
    assert [boosted.margin_of_one(x) for x in hard.tolist()] == boosted.margin(hard).tolist()


def test_xgboost_that_holds_what_is_not_parsed_is_asked_itself() -> None:
    encoder, rows = _rows(DATA["declared"])
    boosted = xgboost.fit(encoder, rows, None, FitSpec(1, (("rounds_without_validation", 5),)), Run(1))
    told = json.loads(boosted.content)
    told["learner"]["objective"]["name"] = "reg:logistic"
    other = xgboost.Boosted(json.dumps(told).encode())
    with pytest.raises(trees.NotCompiled):
        other.ensemble()
    assert [other.margin_of_one(x) for x in rows.x[:50].tolist()] == boosted.margin(rows.x[:50]).tolist()


def test_batches_do_not_change_a_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, rows = _rows(DATA["undeclared"])
    spec = FitSpec(3, (("trees", 30),))
    batched = random_forest.fit(encoder, rows, None, spec, Run(1)).canonical()
    monkeypatch.setattr(random_forest, "BATCHES", 1)
    assert random_forest.fit(encoder, rows, None, spec, Run(2)).canonical() == batched


def test_early_stopping_keeps_the_trees_up_to_the_best() -> None:
    encoder, rows = _rows(DATA["declared"])
    half = np.arange(len(rows.bad)) % 2 == 0
    development, validation = (FitRows(rows.x[m], rows.bad[m], None) for m in (half, ~half))
    stopped = xgboost.fit(encoder, development, validation, FitSpec(1), Run(1))
    assert 5 < stopped.trees < dict(xgboost.DEFAULTS)["rounds"]
    assert b"best_iteration" not in stopped.content
    never = FitSpec(1, (("early_stopping", 0), ("rounds", 40)))
    assert xgboost.fit(encoder, development, validation, never, Run(1)).trees == 40


@pytest.mark.parametrize("family", ["random_forest", "xgboost"])
def test_declared_directions_hold_for_every_applicant(family: str) -> None:
    data = DATA["declared"]
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    model = training.train(data, samples, TrainSpec(family), Run(1))
    raw = model.encoder.raw(data.frame, data.date)[:200]
    late = [c.name for c in model.encoder.columns].index("late")
    margins = []
    for value in range(6):
        raw[:, late] = value
        margins.append(model.margin(raw))
    assert (np.diff(np.array(margins), axis=0) >= 0).all()
    assert margins[-1].mean() > margins[0].mean()


@pytest.mark.parametrize("family", ["random_forest", "xgboost"])
def test_digest_is_the_same_for_any_threads_and_a_model_survives_its_files(family: str) -> None:
    data = DATA["undeclared"]
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    model, *others = (training.train(data, samples, TrainSpec(family), Run(n)) for n in (1, 2, 4))
    assert {other.digest for other in others} == {model.digest}
    assert model.digest != training.train(data, samples, TrainSpec(family, seed=43), Run(1)).digest
    again = training.TrainedModel.from_files(model.to_files())
    assert again.digest == model.digest
    assert (again.p_bad(data.frame, data.date) == model.p_bad(data.frame, data.date)).all()
    assert again.importance.equals(model.importance)
    assert again.importance["share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("family", [random_forest, xgboost])
def test_each_thread_scores_one_row_without_writing_the_trees_again(
    family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, rows = _rows(DATA["declared"])
    spec = FitSpec(1, (("trees" if family is random_forest else "rounds_without_validation", 5),))
    model = family.read(family.fit(encoder, rows, None, spec, Run(1)).to_files())
    written: list[object] = []

    def counted(nodes: Any, width: int) -> Any:
        written.append(booster_of(nodes, width))
        return written[-1]

    monkeypatch.setattr(random_forest if family is random_forest else one_row, "booster_of", counted)
    row = rows.x[0].tolist()
    for _ in range(3):
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(model.margin_of_one, row).result() == model.margin(rows.x[:1])[0]
    assert len(written) == 1


@pytest.mark.parametrize("fit", [random_forest.fit, xgboost.fit])
def test_a_fit_can_be_cancelled(fit: object) -> None:
    encoder, rows = _rows(DATA["declared"])
    seen: list[str] = []
    with pytest.raises(Cancelled):
        fit(encoder, rows, None, FitSpec(), Run(1, lambda what, _: seen.append(what), lambda: len(seen) > 2))
    assert len(seen) == 3


def test_a_forest_is_read_only_from_a_file_that_holds_nothing_else() -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import FunctionTransformer

    fill = b'{"fill": []}'
    for stranger in (FunctionTransformer(print), LogisticRegression()):
        files = {random_forest.FILE: skops.io.dumps(stranger), random_forest.FILL_FILE: fill}
        with pytest.raises(ArtifactError) as refused:
            random_forest.read(files)
        assert refused.value.code == "ARTIFACT_TYPES"


def test_a_tree_that_never_split_adds_its_one_value() -> None:
    stump = Nodes(
        np.array([0, -2, -2]), np.array([0.5, -2.0, -2.0]), np.array([1, -1, -1]), np.array([2, -1, -1]),
        np.array([False, False, False]), np.array([0.0, 0.25, 0.5]),
    )  # fmt: skip
    leaf = Nodes(*(np.array([v]) for v in (-2, -2.0, -1, -1, False)), np.array([0.125]))
    one = OneRow(booster_of([stump, leaf], 1), 1)
    assert [one([x]) for x in (0.5, 0.6, float("nan"))] == [0.375, 0.625, 0.625]


def test_balanced_rows_weigh_bads_as_heavy_as_goods_and_all_as_before() -> None:
    weight = np.array([1.0, 2.0, 3.0, 2.0])
    bad = np.array([0.0, 0.0, 0.0, 1.0])
    balanced = FitRows(np.zeros((4, 1)), bad, weight).balanced().weight
    assert balanced @ bad == pytest.approx(4) and balanced @ (1 - bad) == pytest.approx(4)
    assert balanced[1] / balanced[0] == pytest.approx(2)


@pytest.mark.parametrize("family", ["logistic", "random_forest", "xgboost", "lightgbm"])
def test_balanced_weights_move_the_mean_pd_and_calibration_brings_it_back(family: str) -> None:
    data = DATA["declared"]
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    plain, weighed = (
        training.train(data, samples, TrainSpec(family, weights=weights), Run(1))
        for weights in ("none", "balanced")
    )
    held = samples.mask("validation")
    rate = data.outcome[held].mean()
    assert plain.p_bad_uncalibrated == pytest.approx(rate, abs=0.03)
    assert weighed.p_bad_uncalibrated > rate + 0.15
    assert weighed.p_bad_mean == pytest.approx(rate, abs=0.01)
    scores = [m.p_bad(data.frame, data.date) for m in (plain, weighed)]
    assert np.corrcoef(*(np.argsort(np.argsort(p)) for p in scores))[0, 1] > 0.8
    # the ranking of rows that neither saw stays as good
    out = samples.mask("hold-out")
    aucs = [evaluate(data.outcome[out], p[out]).value("auc") for p in scores]
    assert aucs[1] == pytest.approx(aucs[0], abs=0.02)


def test_balanced_weights_are_refused_where_nothing_would_bring_the_pds_back() -> None:
    with pytest.raises(InputError, match="far too high"):
        TrainSpec("xgboost", "none", weights="balanced")
    with pytest.raises(InputError, match="none or balanced"):
        TrainSpec("xgboost", weights="heavy")
