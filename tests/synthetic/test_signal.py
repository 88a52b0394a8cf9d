"""Made data say as much about bad as real loans do, and no more: AUC .75 to .85 on rows held out."""

from __future__ import annotations

from functools import cache

import pytest

from tests.synthetic.test_frames import NAMES, made, portfolio
from workbench import families, sampling, study, synthetic
from workbench.dataset import Dataset, build, from_frame
from workbench.run import Run
from workbench.study import StudySpec

LOW, HIGH = 0.75, 0.85


@cache
def data_of(name: str, seed: int) -> Dataset:
    return made(name, None, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2, 42])
def test_the_signal_is_that_of_real_loans(name: str, seed: int) -> None:
    data = data_of(name, seed)
    done = study.run(data, StudySpec(("logistic", "lightgbm"), sampling.suggest(data)), Run(1))
    assert done.reported == ("out-of-time" if name == "cash_advance" else "hold-out")
    for model in done.models:
        assert model.error == ""
        assert LOW <= model.evaluation.value("auc") <= HIGH, model.family
        assert model.gate.passed


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_portfolio_passes_its_gate_with_its_own_families(name: str) -> None:
    missing = [family for family in portfolio(name).families if family not in families.FAMILIES]
    if missing:
        pytest.skip(f"there is no family {', '.join(missing)} yet")
    data = data_of(name, 42)
    done = study.run(data, StudySpec(data.portfolio.families, sampling.suggest(data)), Run(1))
    for model in done.models:
        assert (model.error, model.gate.passed) == ("", True), model.family
        assert LOW - 0.01 <= model.evaluation.value("auc") <= HIGH, model.family


def test_fraud_is_calibrated_by_steps_where_the_bads_allow_and_says_so_where_not() -> None:
    declared = portfolio("auto_fraud")
    for rows, method in ((50_000, "isotonic"), (10_000, "sigmoid")):
        data = build(from_frame(synthetic.generate("auto_fraud", rows, 42)), declared)
        done = study.run(data, StudySpec(("logistic",), sampling.suggest(data)), Run(1))
        calibration = done.models[0].calibration
        assert calibration["method"] == method
        assert "isotonic" in calibration["note"]


def test_the_parameters_of_the_portfolio_are_used_and_kept() -> None:
    data = made("auto_fraud", 20_000)
    done = study.run(data, StudySpec(("lightgbm",), sampling.suggest(data)), Run(1))
    model = done.models[0].model
    assert model is not None
    kept = dict(type(model).from_files(model.to_files()).spec.params)
    assert kept == dict(data.portfolio.parameters("lightgbm"))
    assert (kept["num_leaves"], kept["early_stopping"], kept["bagging_freq"]) == (31, 100, 5)
    assert "[num_leaves: 31]" in model.fitted.canonical().decode()
