"""The real families through the registry: registered, loaded by another process, scoring to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import made
from tests.databases import Databases
from tests.registry.tiny import WHEN, settings_of
from workbench import registry, sampling
from workbench.dataset import Dataset
from workbench.dataset.fingerprint import fingerprint
from workbench.errors import ArtifactError
from workbench.registry import golden
from workbench.registry.golden import Golden
from workbench.registry.registry import Registry
from workbench.run import Run
from workbench.training import TrainedModel, TrainSpec, train

ELSEWHERE = """
import sys
from pathlib import Path
from workbench import registry
from workbench.settings import Settings
for home, url in zip(sys.argv[1::2], sys.argv[2::2]):
    opened = registry.open(Settings(home=Path(home), database_url=url))
    print(opened.load("made@latest").digest, opened.verify("made@latest"))
"""


@pytest.fixture(scope="module")
def data() -> Dataset:
    return made.dataset(1500)


def keep(opened: Registry, model: TrainedModel, data: Dataset, given: Golden | None = None) -> str:
    opened.save_dataset(data, who="ana", when=WHEN)
    rows = golden.positions(data.n)
    frame = data.frame.iloc[rows].reset_index(drop=True)
    frame["opened"] = data.date.iloc[rows].to_numpy()
    p_bad = model.p_bad(data.frame, data.date)[rows]
    row = opened.register(
        model, metrics={"auc": 0.7}, samples={"hold-out": {"auc": 0.7, "n": 300, "n_bad": 40}},
        gate={"passed": True, "reason": "AUC is above 0.60"}, dataset_sha256=data.sha256,
        spec=model.spec.to_json(), study_id=None, golden=given or Golden(frame, p_bad, golden.environment()),
        who="ana", when=WHEN,
    )  # fmt: skip
    return row.model_id


@pytest.mark.parametrize("family", ["logistic", "random_forest", "xgboost", "lightgbm"])
def test_a_real_model_is_the_same_in_another_process(
    tmp_path: Path, data: Dataset, family: str, databases: Databases
) -> None:
    samples = sampling.draw(data, sampling.SamplingSpec("random", 0.3))
    model = train(data, samples, TrainSpec(family), Run())
    with databases.new("postgresql") as named:
        both = [settings_of(tmp_path / "file"), settings_of(tmp_path / "server", **named)]
        for settings in both:
            _kept_and_loaded(registry.open(settings), model, data)
        where = [str(value) for settings in both for value in (settings.home, settings.database_url)]
        told = subprocess.run(
            [sys.executable, "-c", ELSEWHERE, *where], capture_output=True, text=True, check=True
        )
    assert told.stdout.split() == [model.digest, "()"] * 2


def _kept_and_loaded(opened: Registry, model: TrainedModel, data: Dataset) -> None:
    model_id = keep(opened, model, data)
    loaded = opened.load(model_id)
    assert loaded.digest == model.digest
    assert np.array_equal(loaded.p_bad(data.frame, data.date), model.p_bad(data.frame, data.date))
    folder = opened.store.home / "models" / model_id
    known = json.loads((folder / "metadata.json").read_text())
    assert known["calibration_version"].startswith("sigmoid-") and len(known["feature_names"]) == 6
    assert "## What it looks at" in (folder / "model_card.md").read_text()
    assert opened.fsck() == []
    opened.close()


def test_data_kept_are_the_data_given(tmp_path: Path, data: Dataset, where: dict[str, str]) -> None:
    opened = registry.open(settings_of(tmp_path / "home", **where))
    opened.save_dataset(data, who="ana", when=WHEN)
    kept = opened.load_dataset(data.sha256, data.portfolio)
    for name in ("frame", "protected"):
        found, given = getattr(kept, name), getattr(data, name)
        assert found.dtypes.astype(str).to_dict() == given.dtypes.astype(str).to_dict()
        assert found.equals(given)
    assert kept.row_key.equals(data.row_key) and kept.date.equals(data.date)
    assert fingerprint(kept) == (data.sha256, data.protected_sha256)


def test_a_model_registered_elsewhere_is_noted_and_a_wrong_one_refused(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch, where: dict[str, str]
) -> None:
    samples = sampling.draw(data, sampling.SamplingSpec("random", 0.3))
    model = train(data, samples, TrainSpec("logistic"), Run())
    opened = registry.open(settings_of(tmp_path / "home", **where))
    with monkeypatch.context() as elsewhere:
        there = {**golden.environment(), "numpy": "2.0.0"}
        elsewhere.setattr("workbench.registry.golden.environment", lambda: there)
        elsewhere.setattr("workbench.registry.registration.environment", lambda: there)
        keep(opened, model, data)
    (note,) = opened.verify("made@latest")
    assert note.code == "ENV_MISMATCH" and "numpy 2.0.0 then" in note.what
    object.__setattr__(opened.store, "score", lambda model, frame: model.p_bad(frame, frame["opened"]) + 1e-8)
    with pytest.raises(ArtifactError) as refused:
        opened.load("made@latest")
    assert refused.value.code == "GOLDEN_ROWS"
