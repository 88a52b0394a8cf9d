"""Models handed on: proved equal by a process that knows nothing of the workbench, or not handed on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench import exports, sampling, training
from workbench.errors import ArtifactError, InputError
from workbench.exports import joblib_layout, sklearn_parts
from workbench.run import Run
from workbench.training import TrainedModel, TrainSpec

DATA = made.dataset(2500)
SAMPLES = sampling.draw(DATA, sampling.SamplingSpec.from_split("70/30", "random", 42))
FAMILIES = ("logistic", "random_forest", "xgboost", "lightgbm")
MODELS: dict[tuple[str, str], TrainedModel] = {}


def _model(family: str, calibration: str = "sigmoid") -> TrainedModel:
    if (family, calibration) not in MODELS:
        params = {"random_forest": (("trees", 40),)}.get(family, ())
        spec = TrainSpec(family, calibration, params=params)
        MODELS[family, calibration] = training.train(DATA, SAMPLES, spec, Run(1))
    return MODELS[family, calibration]


def _export(model: TrainedModel, to: str, out: Path) -> exports.Exported:
    return exports.export(model, to, out, DATA.frame[:300], DATA.date[:300])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("to", ["native", "joblib"])
def test_an_export_scores_the_same_elsewhere(tmp_path: Path, family: str, calibration: str, to: str) -> None:
    model = _model(family, calibration)
    assert model.calibrator.method == calibration
    told = _export(model, to, tmp_path / "out")
    assert told.max_difference <= 1e-12 and told.rows_checked == 300
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    if to == "native":
        assert set(told.files) == set(model.to_files())
        assert TrainedModel.from_files(
            {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
        ).digest == model.digest  # fmt: skip
    else:
        assert told.files == ("out",) and any("first_credit" in note for note in told.notes)
    assert json.loads(json.dumps(told.to_json()))["to"] == to


def test_the_layout_is_the_one_that_is_asked_for() -> None:
    parts, _ = joblib_layout.parts(_model("lightgbm"))
    assert list(parts) == ["model", "scaler", "feature_columns"]
    assert parts["feature_columns"] == [c.name for c in DATA.portfolio.characteristics]
    unknown = joblib_layout.features(_model("lightgbm"), DATA.frame[:3], DATA.date[:3])
    unknown["home"] = ["castle", np.nan, "rent"]
    columns = parts["scaler"].transform(unknown)
    column = next(c for c in _model("lightgbm").encoder.columns if c.name == "home")
    at = parts["feature_columns"].index("home")
    expected = [column.code_unseen, column.code_missing, column.codes[column.levels.index("rent")]]
    assert columns[:, at].tolist() == expected


def test_categories_of_whole_numbers_are_said_to_be_texts() -> None:
    encoder = _model("lightgbm").encoder
    coded = [replace(c, levels=("1", "2")) if c.name == "home" else c for c in encoder.columns]
    said = joblib_layout._notes(replace(encoder, columns=tuple(coded)))
    line = """frame['home'] = frame['home'].map("{:.0f}".format, na_action="ignore")"""
    assert any("home; such as" in note and line in note for note in said)
    assert not any("such as" in note for note in joblib_layout._notes(encoder))
    assert pd.Series([1, np.nan]).map("{:.0f}".format, na_action="ignore").tolist()[0] == "1"


@pytest.mark.parametrize("family", ["logistic", "xgboost"])
def test_an_export_that_scores_otherwise_is_not_handed_over(
    tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = sklearn_parts.log_odds
    monkeypatch.setattr(sklearn_parts, "log_odds", lambda c, i: right(c, i + 1e-6))
    with pytest.raises(ArtifactError) as refused:
        _export(_model(family), "joblib", tmp_path / "out")
    assert refused.value.code == "EXPORT_DIFFERS"
    assert not list(tmp_path.iterdir())


def test_an_export_that_cannot_be_read_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joblib_layout, "write", lambda made, path: path.write_bytes(b"no pickle"))
    with pytest.raises(ArtifactError) as refused:
        _export(_model("logistic"), "joblib", tmp_path / "out")
    assert refused.value.code == "EXPORT_UNREADABLE"
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError) as refused:
        _export(_model("logistic"), "native", tmp_path / "out")
    assert refused.value.code == "OUT_TAKEN"
    with pytest.raises(InputError, match="does not exist"):
        _export(_model("logistic"), "native", tmp_path / "no" / "out")
    with pytest.raises(InputError, match="native, joblib"):
        _export(_model("logistic"), "paper", tmp_path / "new")
    assert (tmp_path / "out").read_text() == "mine"
