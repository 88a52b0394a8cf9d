"""Rows of one customer in one fold: what is learnt from some of them is not judged on the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench import calibrator, checks, sampling, training
from workbench.checks.joint import _rows
from workbench.checks.single import Known
from workbench.dataset import BAD, Dataset, build, from_frame
from workbench.evaluation import evaluate
from workbench.portfolio import from_values
from workbench.run import Run
from workbench.study import path
from workbench.training import TrainSpec

SIGNALS = [f"x{i}" for i in range(6)]


def _repeated(customers: int = 300, rows: int = 8) -> Dataset:
    """Return customers with many rows, alike in all they say, whose outcome hangs on nothing they say."""
    rng = np.random.default_rng(3)
    who = np.repeat(np.arange(customers), rows)
    bad = rng.random(customers)[who] ** 2 > rng.random(len(who))
    frame = pd.DataFrame({name: rng.normal(size=customers)[who] for name in SIGNALS})
    frame = frame.assign(
        id=[f"{i}" for i in range(len(who))], who=[f"c{i}" for i in who], bad=bad.astype(int)
    )
    declared = from_values(
        {
            "name": "repeated", "row_key": "id", "group": "who",
            "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
            "characteristics": [{"name": name, "kind": "number"} for name in SIGNALS],
            "requirements": {"rows": 100, "bads": 10},
        },
        "repeated.toml",
    )  # fmt: skip
    return build(from_frame(frame), declared)


DATASET = _repeated()
SAMPLES = sampling.draw(DATASET, sampling.SamplingSpec.from_split("70/30", "grouped", 42))
CUSTOMER = DATASET.group.to_numpy()


def test_customers_that_repeat_do_not_pass_for_signal() -> None:
    model = training.train(DATASET, SAMPLES, TrainSpec("lightgbm"), Run(1))
    held = SAMPLES.mask("hold-out")
    bad = (DATASET.outcome[held] == BAD).astype(int)
    judged = evaluate(bad, model.p_bad(DATASET.frame, DATASET.date)[held])
    alike = evaluate(bad, np.full(len(bad), (DATASET.outcome[SAMPLES.mask("development")] == BAD).mean()))
    # with rows dealt one by one: .76 against .65 for one PD for all, and .53 promised
    assert judged.value("log_loss") < alike.value("log_loss") + 0.03
    assert model.log_loss == pytest.approx(judged.value("log_loss"), abs=0.06)
    assert model.calibrator.slope < 0.3


@pytest.mark.parametrize("where", ["checks", "joint"])
def test_a_customer_is_in_one_fold(where: str) -> None:
    known = Known.of(DATASET, 1)
    fold = known.fold if where == "checks" else _rows(DATASET, known, 1).fold
    assert pd.Series(fold).groupby(CUSTOMER).nunique().max() == 1
    shares = pd.Series(known.bad).groupby(fold).agg(["size", "mean"])
    assert np.ptp(shares["size"]) < 30 and np.ptp(shares["mean"]) < 0.02


def test_halves_of_the_calibration_rows_and_of_the_best_single_hold_whole_customers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = (DATASET.outcome == BAD).astype(float)
    margin = np.arange(len(bad), dtype=float)
    fitted: list[set[str]] = []

    def told(method: str, rows: np.ndarray, *_: object) -> calibrator.Calibrator:
        fitted.append(set(CUSTOMER[rows.astype(int)]))
        return calibrator.Calibrator("none")

    monkeypatch.setattr(calibrator, "_map", told)
    everyone = checks.customers_of(DATASET, np.arange(DATASET.n))
    calibrator.cross_fitted("sigmoid", margin, bad, None, 1, everyone)
    assert not fitted[0] & fitted[1] and abs(len(fitted[0]) - len(fitted[1])) < 60

    halves: list[set[str]] = []
    rates = path._rates

    def seen(cells: np.ndarray, bad: np.ndarray, weight: np.ndarray, rows: np.ndarray) -> np.ndarray:
        halves.append(set(CUSTOMER[rows]))
        return rates(cells, bad, weight, rows)

    monkeypatch.setattr(path, "_rates", seen)
    path._baselines(DATASET, SAMPLES, 1)
    assert not halves[0] & halves[1]


def test_rows_that_stand_alone_are_dealt_as_before() -> None:
    assert checks.customers_of(DATASET, np.arange(0, DATASET.n, 8)) is None
    few = checks.folds(np.array([0, 1] * 6), 5, 1, np.repeat([0, 1, 2], 4))
    assert len(np.unique(few)) == 3
