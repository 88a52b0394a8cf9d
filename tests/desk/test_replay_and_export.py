"""A registered model is trained again and found identical, handed on, and refused where it is damaged."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests import made
from tests.databases import KINDS, Databases
from workbench.dataset.segment import Segment
from workbench.desk import Desk, TrainOutcome, TrainRequest, overviews
from workbench.errors import ArtifactError, InputError
from workbench.families import FAMILIES
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("logistic", "random_forest", "xgboost", "lightgbm")
SPEC = StudySpec(NAMES, SamplingSpec.from_split("70/15/15", "random", 42), weights="balanced")


@pytest.fixture(scope="module", params=KINDS)
def at(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    with databases.new(request.param) as named:
        home = tmp_path_factory.mktemp("home")
        opened = Desk(Settings(home=home, threads=1, **named), "analyst", lambda: NOON)
        yield opened
        opened.registry.close()


@pytest.fixture(scope="module")
def trained(at: Desk) -> TrainOutcome:
    data = made.dataset(1500)
    at.shelf.save(data.portfolio)
    at.registry.save_dataset(data, who="analyst", when=NOON)
    return at.train(TrainRequest("made", SPEC, dataset_sha256=data.sha256), Run(1))


def _id(trained: TrainOutcome, family: str) -> str:
    return next(line.model_id for line in trained.models if line.family == family)


def test_the_outcome_tells_the_mean_pd_before_and_after_calibration(trained: TrainOutcome) -> None:
    for line in trained.models:
        told = line.calibration
        assert told["weights"] == "balanced"
        assert told["p_bad_uncalibrated"] > told["p_bad_mean"] + 0.1


@pytest.mark.parametrize("family", NAMES)
def test_each_family_comes_out_again_identical(at: Desk, trained: TrainOutcome, family: str) -> None:
    told = at.replay(_id(trained, family), Run(2))
    assert told.identical and told.differences == () and told.rows == 1500
    assert told.digest == told.digest_again
    assert "identical" in told.sentence()


def test_what_came_out_otherwise_is_named(
    at: Desk, trained: TrainOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = FAMILIES["logistic"]

    def fit(*asked: object) -> object:
        fitted = right.fit(*asked)
        return dataclasses.replace(fitted, coefficients=(*fitted.coefficients[:-1], 0.1))

    monkeypatch.setitem(FAMILIES, "logistic", dataclasses.replace(right, fit=fit))
    told = at.replay(_id(trained, "logistic"), Run(1))
    names = [d.what for d in told.differences]
    assert not told.identical
    assert {"digest of the learned content", "largest difference of a PD", "auc"} <= set(names)
    assert "rows in another sample" not in names
    assert told.to_json()["differences"][0]["what"] == names[0]


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("to", ["native", "joblib"])
def test_a_registered_model_is_handed_on(
    at: Desk, trained: TrainOutcome, tmp_path: Path, family: str, to: str
) -> None:
    model_id = _id(trained, family)
    told = at.export(model_id, to, tmp_path / "out")
    assert told.rows_checked == 1064 and told.max_difference <= 1e-12
    line = at.registry.trail("made", model_id=model_id)[0]
    assert line.action == "exported" and line.detail["to"] == to and "1,064" in line.sentence


@pytest.mark.parametrize("family", ["random_forest", "xgboost"])
def test_mutants_are_refused_before_they_are_parsed(
    at: Desk, trained: TrainOutcome, family: str, tmp_path: Path
) -> None:
    model_id = _id(trained, family)
    folder = at.settings.home / "models" / model_id
    path = folder / {"random_forest": "random_forest.skops", "xgboost": "xgboost_model.json"}[family]
    content, rng = path.read_bytes(), np.random.default_rng(1)
    os.chmod(path, 0o600)
    # the last would make a file where it is unpickled
    made = tmp_path / "made"
    program = f"cos\nsystem\n(S'touch {made}'\ntR.".encode()
    mutants = [content[: len(content) // 2], b"", content + b"\0", program]
    for place in rng.integers(0, len(content), 40):
        mutants.append(
            content[:place] + bytes([content[place] ^ 1 << int(rng.integers(8))]) + content[place + 1 :]
        )
    try:
        for mutant in mutants:
            path.write_bytes(mutant)
            with pytest.raises(ArtifactError) as refused:
                at.model(model_id)
            assert refused.value.code == "ARTIFACT_DIGEST"
    finally:
        path.write_bytes(content)
    assert at.model(model_id).family == family and not made.exists()


def test_balanced_weights_without_calibration_stop_before_anything_is_trained(
    at: Desk, trained: TrainOutcome
) -> None:
    spec = dataclasses.replace(SPEC, calibration="none")
    with pytest.raises(InputError, match="far too high"):
        at.train(TrainRequest("made", spec, dataset_sha256=trained.dataset_sha256), Run(1))


def test_a_spec_that_asks_for_no_weights_is_the_one_of_before() -> None:
    plain = dataclasses.replace(SPEC, weights="")
    assert "weights" not in plain.to_json()
    assert StudySpec.from_json(plain.to_json()) == plain
    assert StudySpec.from_json(SPEC.to_json()) == SPEC


def test_the_explainer_of_a_registered_model_adds_up_for_every_kept_row(
    at: Desk, trained: TrainOutcome
) -> None:
    explainer = at.explainer(_id(trained, "logistic"))
    data = made.dataset(1500)
    told = explainer.attributions(explainer.model.encoder.raw(data.frame, data.date))
    assert told.n_reference == explainer.model.n_development
    assert told.base + told.values.sum(axis=1) == pytest.approx(told.margin, abs=1e-9)


@pytest.mark.parametrize("family", NAMES)
def test_what_explains_a_model_is_kept_with_it_and_verified(
    at: Desk, trained: TrainOutcome, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = _id(trained, family)
    data = made.dataset(1500)
    kept = at.explainer(model_id)
    raw = kept.model.encoder.raw(data.frame, data.date)
    with monkeypatch.context() as patched:
        # as of a model that was registered before anything was kept to explain it
        patched.setattr(type(at.registry), "beside", lambda *_: {})
        learned = at.explainer(model_id)
    assert bool(kept.check) == bool(learned.check) == (family not in ("logistic", "scorecard"))
    if kept.check:
        assert 0 <= kept.check["compared"] <= kept.check["rows"] <= learned.check["rows"] == 32
        assert all(0 <= most < 1e-4 for told in (kept, learned) for most in told.check["largest"].values())
        assert set(learned.check["largest"]) == {"interventional", "path-dependent"}
    for reference in ("all", "near cut-off"):
        one, two = (e.attributions(raw[:50], reference=reference) for e in (kept, learned))
        assert one.values == pytest.approx(two.values, abs=1e-12)
        assert (one.reference, one.base) == (two.reference, pytest.approx(two.base, abs=1e-12))


def test_a_model_whose_explanation_is_wrong_is_not_registered(
    at: Desk, trained: TrainOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.explanation.by_trees import ByTrees

    right = ByTrees.values
    monkeypatch.setattr(ByTrees, "values", lambda *asked: right(*asked)[:, ::-1])
    before = len(at.models())
    data = made.dataset(700, seed=3)
    at.registry.save_dataset(data, who="analyst", when=NOON)
    few = dataclasses.replace(SPEC, families=("xgboost",), seed=5)
    with pytest.raises(ArtifactError, match="CROSS_CHECK|differ from shap's"):
        at.train(TrainRequest("made", few, dataset_sha256=data.sha256), Run(1))
    assert len(at.models()) == before


@pytest.mark.parametrize("family", ["logistic", "lightgbm"])
def test_what_drives_a_model_is_kept_as_it_would_be_found_again(
    at: Desk, trained: TrainOutcome, family: str
) -> None:
    model_id = _id(trained, family)
    found = overviews.sample_rows(at, model_id)
    kept = overviews.kept(at, found, Segment())
    assert kept is not None and kept.n == len(found.positions)
    again = overviews.of(found, at.explainer(model_id), Segment(), Run(1))
    assert again.sentence() == kept.sentence() == overviews.overview(at, model_id, Run(1)).sentence()
    one, two = (told.importance.set_index("characteristic")["importance"] for told in (kept, again))
    assert one.to_dict() == pytest.approx(two.to_dict(), abs=1e-12)
    assert (kept.swarm["n"].to_numpy() == again.swarm["n"].to_numpy()).all()
    for asked in ({"against": "near cut-off"}, {"kind": "path-dependent"}):
        assert overviews.kept(at, found, Segment(), **asked) is None  # type: ignore[arg-type]
    assert overviews.kept(at, overviews.sample_rows(at, model_id, "development"), Segment()) is None
