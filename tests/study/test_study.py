"""A study from rows to verdict, kept and shown again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench import study
from workbench.errors import GateError, InputError
from workbench.families import logistic
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec

DATASET = made.dataset(3000)
RANDOM = SamplingSpec.from_split("70/30", "random", 42)
SPEC = StudySpec(("logistic", "lightgbm"), RANDOM)
STUDY = study.run(DATASET, SPEC, Run(1))


def test_every_sample_is_evaluated_on_the_same_rows_as_its_baselines() -> None:
    sizes = STUDY.samples.sizes.set_index("sample")
    for model in STUDY.models:
        for name, evaluation in model.evaluations.items():
            assert (evaluation.n, evaluation.n_bad) == (sizes.loc[name, "n"], sizes.loc[name, "n_bad"])
    for by_sample in STUDY.baselines.values():
        assert by_sample["hold-out"].n == sizes.loc["hold-out", "n"]


def test_baselines_are_what_any_model_must_beat() -> None:
    same, single = STUDY.baselines.values()
    assert same["hold-out"].value("auc") == 0.5
    assert 0.55 < single["hold-out"].value("auc") < STUDY.model("logistic").evaluation.value("auc")
    assert list(STUDY.baselines)[1].endswith(" alone")


def test_the_gate_is_the_point_estimate_with_a_note_where_it_is_close() -> None:
    evaluation = STUDY.model("logistic").evaluation
    auc = evaluation.value("auc")
    for required, passed in ((0.55, True), (auc + 1e-6, False), (auc - 1e-6, True)):
        portfolio = made.portfolio(requirements={"rows": 1, "bads": 1, "auc": required})
        gate = study.path.judge(portfolio, evaluation, "hold-out")
        assert gate.passed is passed
        assert bool(gate.note) == (abs(required - auc) < 1e-3)


def test_best_is_chosen_on_rows_that_are_not_reported() -> None:
    losses = {m.family: m.calibration["log_loss"] for m in STUDY.models}
    assert STUDY.best == min(losses, key=lambda family: losses[family])
    altered = tuple(dataclasses.replace(m, evaluations=STUDY.models[0].evaluations) for m in STUDY.models)
    assert dataclasses.replace(STUDY, models=altered).best == STUDY.best


def test_a_kept_study_shows_the_same() -> None:
    files = study.to_files(STUDY)
    again = study.from_files(files)
    pd.testing.assert_frame_equal(again.table(), STUDY.table(), check_exact=True)
    assert again.to_json() == STUDY.to_json()
    assert again.sentence() == STUDY.sentence()
    assert study.to_files(again) == files
    deep = dataclasses.replace(STUDY.models[0], unexplained="the trees are too deep")
    told = study.from_files(study.to_files(dataclasses.replace(STUDY, models=(deep,)))).models[0]
    assert told.unexplained == told.to_json()["unexplained"] == deep.unexplained
    for kept, fresh in zip(again.models, STUDY.models, strict=True):
        pd.testing.assert_frame_equal(kept.evaluation.roc, fresh.evaluation.roc, check_exact=True)
        assert (kept.p_bad == fresh.p_bad).all()


def test_twice_the_same_question_gives_the_same_answer() -> None:
    again = study.run(DATASET, SPEC, Run(2))
    assert [m.digest for m in again.models] == [m.digest for m in STUDY.models]
    assert again.to_json() == STUDY.to_json()


def test_what_lies_outside_development_changes_no_model() -> None:
    held = STUDY.samples.mask("hold-out")
    bent = dataclasses.replace(DATASET, frame=DATASET.frame.copy())
    bent.frame.loc[held, "income"] = 1.0
    other = study.run(bent, dataclasses.replace(SPEC, acknowledged=()), Run(1))
    assert [m.digest for m in other.models] == [m.digest for m in STUDY.models]


def test_out_of_time_is_what_is_quoted() -> None:
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30", "out-of-time", 42))
    done = study.run(DATASET, spec, Run(1))
    assert done.reported == "out-of-time"
    late = done.samples.mask("out-of-time")
    assert DATASET.date[late].min() > DATASET.date[done.samples.mask("development")].max()
    assert "out-of-time" in done.models[0].gate.reason


def test_a_leak_stops_the_study_until_someone_says_why_not() -> None:
    frame = made.frame(3000)
    frame["recoveries"] = np.where(frame["bad"] == 1, 100.0, 0.0)
    characteristics = [*made.CHARACTERISTICS, {"name": "recoveries"}]
    leaking = made.build(made.from_frame(frame), made.portfolio(characteristics=characteristics))
    with pytest.raises(GateError, match="recoveries") as caught:
        study.run(leaking, SPEC, Run(1))
    acknowledged = tuple((p.code, p.where, "known before the decision") for p in caught.value.problems)
    done = study.run(
        leaking, dataclasses.replace(SPEC, families=("logistic",), acknowledged=acknowledged), Run(1)
    )
    assert done.checks.acknowledged
    assert done.models[0].evaluation.value("auc") > 0.97


def test_a_family_that_cannot_be_trained_does_not_sink_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "DEFAULTS", (("C", 1.0), ("max_iter", 1)))
    done = study.run(DATASET, SPEC, Run(1))
    failed, trained = done.models
    assert "did not converge" in failed.error
    assert not failed.gate.passed
    assert trained.error == ""
    assert done.best == "lightgbm"
    assert study.from_files(study.to_files(done)).models[0].error == failed.error


def test_isotonic_on_few_bads_is_answered_with_a_sigmoid_or_a_warning() -> None:
    done = study.run(DATASET, dataclasses.replace(SPEC, calibration="isotonic"), Run(1))
    assert all("isotonic" in m.calibration["note"] for m in done.models)


def test_unknown_family_and_cancel() -> None:
    with pytest.raises(InputError, match="logistic, .*lightgbm"):
        study.run(DATASET, dataclasses.replace(SPEC, families=("oracle",)), Run(1))
    with pytest.raises(Cancelled):
        study.run(DATASET, SPEC, Run(1, cancelled=lambda: True))


def test_what_drives_each_model_is_found_and_kept_where_it_is_asked_for() -> None:
    small = made.dataset(800)
    spec = dataclasses.replace(SPEC, families=("logistic", "lightgbm"))
    told = study.run(small, spec, Run(1), explain=True)
    plain = study.run(small, spec, Run(1))
    files = study.to_files(told)
    for model, without in zip(told.models, plain.models, strict=True):
        assert model.digest == without.digest and (model.p_bad == without.p_bad).all()
        assert without.explainer is without.overview is None
        assert model.explainer is not None and model.overview is not None
        again = study.overview_from(files, model.family)
        assert again is not None and again.sentence() == model.overview.sentence()
        assert again.n == int(told.samples.mask(model.reported).sum())
        assert again.to_json() == model.overview.to_json()
        for name, frame in model.overview.to_frames().items():
            pd.testing.assert_frame_equal(again.to_frames()[name], frame, check_dtype=False)
    assert study.overview_from(study.to_files(plain), "lightgbm") is None
