"""Training on made rows: honest, repeatable, kept whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench import drivers, families, sampling, training
from workbench.errors import InputError
from workbench.families.family import FitRows
from workbench.families.many_rows import ManyRows
from workbench.features import learn
from workbench.run import Cancelled, Run
from workbench.training import TrainedModel, TrainSpec

DATASET = made.dataset(4000)
SPLITS = {
    split: sampling.draw(DATASET, sampling.SamplingSpec.from_split(split, "random", 42))
    for split in ("70/30", "70/15/15", "55/15/15/15")
}
FAMILIES = ("logistic", "lightgbm")


def _train(family: str, split: str = "70/30", threads: int = 1, **spec: object) -> TrainedModel:
    return training.train(DATASET, SPLITS[split], TrainSpec(family, **spec), Run(threads))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("split", "sample"),
    [("70/30", "development, out-of-fold"), ("70/15/15", "validation"), ("55/15/15/15", "calibration")],
)
def test_calibrated_on_rows_it_was_not_fitted_on(family: str, split: str, sample: str) -> None:
    model = _train(family, split)
    held = SPLITS[split].mask("hold-out")
    p_bad = model.p_bad(DATASET.frame, DATASET.date)[held]
    assert model.calibrator.sample == sample
    assert p_bad.mean() == pytest.approx(DATASET.outcome[held].mean(), abs=0.03)
    assert np.corrcoef(p_bad, DATASET.outcome[held])[0, 1] > 0.2


@pytest.mark.parametrize("family", FAMILIES)
def test_same_data_spec_and_seed_give_the_same_digest_for_any_threads(family: str) -> None:
    assert len({_train(family, threads=n).digest for n in (1, 2, 4)}) == 1


def test_another_seed_is_another_model() -> None:
    assert _train("lightgbm").digest != _train("lightgbm", seed=43).digest


@pytest.mark.parametrize("family", FAMILIES)
def test_the_scale_of_the_weights_does_not_matter(family: str) -> None:
    frame = made.frame(2000)
    models = []
    for scale in (1.0, 64.0):
        frame["w"] = np.where(frame["home"] == "rent", 3.0, 1.0) * scale
        data = made.build(made.from_frame(frame), made.portfolio(weight="w"))
        samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
        models.append(training.train(data, samples, TrainSpec(family), Run(1)))
    p = [model.p_bad(DATASET.frame, DATASET.date) for model in models]
    assert np.abs(p[0] - p[1]).max() < 1e-9


def test_rounds_are_common_to_all_folds_and_to_the_model() -> None:
    model = _train("lightgbm")
    margin, rounds = training._out_of_fold(
        DATASET,
        np.flatnonzero(SPLITS["70/30"].mask("development")),
        families.find("lightgbm"),
        model.spec,
        Run(1),
    )
    assert model.fitted.trees == rounds
    assert len(margin) == SPLITS["70/30"].mask("development").sum()


def test_a_score_that_says_nothing_is_not_calibrated_into_something() -> None:
    # early stopping that looked at the calibrated rows would find signal in noise
    rng = np.random.default_rng(8)
    frame = made.frame(1500).assign(bad=lambda f: rng.permutation(f["bad"]))
    data = made.build(made.from_frame(frame), made.portfolio())
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    model = training.train(data, samples, TrainSpec("lightgbm"), Run(1))
    development = samples.mask("development")
    base = data.outcome[development].mean()
    entropy = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    assert model.log_loss > entropy - 0.005


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_survives_its_files(family: str) -> None:
    model = _train(family)
    again = TrainedModel.from_files(model.to_files())
    assert again.digest == model.digest
    assert again.portfolio == model.portfolio
    assert (
        again.p_bad(DATASET.frame, DATASET.date).tobytes()
        == model.p_bad(DATASET.frame, DATASET.date).tobytes()
    )
    assert again.importance.equals(model.importance)


@pytest.mark.parametrize("family", FAMILIES)
def test_drivers_are_sorted_and_say_which_way(family: str) -> None:
    model = _train(family)
    assert model.importance["importance"].is_monotonic_decreasing
    effects = model.importance.set_index("characteristic")["effect"]
    assert effects["late"] == "raises"
    assert effects["income"] == "lowers"
    assert "rent" in model.importance.set_index("characteristic").loc["home", "detail"]


class _Crossed:
    """Risk rises with income where payments were late, and falls where none was."""

    def margin(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0] * np.where(x[:, 2] > 0, 1.0, -1.0)


def test_a_row_says_which_way_a_characteristic_goes_as_often_as_it_weighs() -> None:
    encoder = learn(DATASET, np.arange(2000), "ordered")
    given = DATASET.frame.iloc[:2000][["income", "late"]].notna().all(axis=1).to_numpy()
    late = DATASET.frame["late"].to_numpy()[:2000] > 0
    rows = np.concatenate([np.flatnonzero(given & late)[:30], np.flatnonzero(given & ~late)[:60]])
    times = np.where(late[rows], 4, 1)

    def measured(rows: np.ndarray, weight: np.ndarray | None) -> pd.DataFrame:
        family = replace(
            families.FAMILIES["logistic"],
            importance=lambda *_: np.ones(len(encoder.columns)),
            coefficients=lambda *_: pd.DataFrame({"coefficient": [1.0]}),
        )
        x = FitRows(np.zeros((len(rows), 1)), np.zeros(len(rows)), weight)
        told = drivers.measure(
            DATASET.portfolio, family, encoder, _Crossed(), ManyRows(_Crossed()), x, DATASET, rows
        )[0]
        return told.set_index("characteristic")

    weighted = measured(rows, times / times.mean())
    assert weighted.equals(measured(np.repeat(rows, times), None))
    assert weighted.loc["income", "effect"] == "raises"
    assert measured(rows, None).loc["income", "effect"] == "lowers"


def test_risk_never_falls_with_a_characteristic_declared_to_raise_it() -> None:
    # a declared direction must hold for every applicant, not on average
    model = _train("lightgbm")
    raw = model.encoder.raw(DATASET.frame, DATASET.date)[:300]
    late = [c.name for c in model.encoder.columns].index("late")
    margins = []
    for value in range(8):
        raw[:, late] = value
        margins.append(model.margin(raw))
    assert (np.diff(np.array(margins), axis=0) >= 0).all()


def test_protected_columns_do_not_reach_a_model() -> None:
    model = _train("lightgbm")
    assert "sex" not in [c.name for c in model.encoder.columns]
    assert b"sex" not in model.fitted.canonical()


def test_progress_rises_and_a_cancelled_run_stops() -> None:
    shares: list[float] = []
    training.train(
        DATASET, SPLITS["70/30"], TrainSpec("lightgbm"), Run(1, lambda _, done: shares.append(done))
    )
    assert shares == sorted(shares)
    assert len(shares) > 20
    seen: list[str] = []
    with pytest.raises(Cancelled):
        training.train(
            DATASET, SPLITS["70/30"], TrainSpec("lightgbm"),
            Run(1, lambda what, _: seen.append(what), lambda: len(seen) > 3),
        )  # fmt: skip


def test_weights_reach_the_fit() -> None:
    weighted = made.frame(4000)
    weighted["w"] = np.where(weighted["home"] == "rent", 3.0, 1.0)
    data = made.build(made.from_frame(weighted), made.portfolio(weight="w"))
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    for family in FAMILIES:
        model = training.train(data, samples, TrainSpec(family), Run(1))
        development = samples.mask("development")
        mean = np.average(data.outcome[development], weights=data.weight[development])
        assert model.p_bad_mean == pytest.approx(mean, abs=0.005)


def test_unknown_families_and_calibrations_are_named() -> None:
    with pytest.raises(InputError, match="logistic, .*lightgbm"):
        _train("oracle")
    with pytest.raises(InputError, match="sigmoid"):
        _train("logistic", calibration="wish")
