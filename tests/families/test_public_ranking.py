"""How the families rank on the public data, against what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.public import public
from workbench import desk, sampling, training
from workbench.dataset import BAD, Dataset, build
from workbench.desk import Desk
from workbench.evaluation import evaluate
from workbench.run import Run
from workbench.settings import Settings
from workbench.training import TrainSpec


def _dataset(home: Path, portfolio: str, file: str) -> Dataset:
    at: Desk = desk.open(Settings(home=home, threads=1))
    declared = at.portfolio(portfolio)
    return build(at.read(public(file), declared), declared)


def _auc(data: Dataset, family: str, seed: int) -> float:
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", seed))
    model = training.train(data, samples, TrainSpec(family, seed=seed), Run(2))
    held = samples.mask("hold-out")
    p_bad = model.p_bad(data.frame, data.date)[held]
    assert p_bad.mean() == pytest.approx((data.outcome[held] == BAD).mean(), abs=0.05)
    return evaluate((data.outcome[held] == BAD).astype(np.int8), p_bad).value("auc")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "low", "high"),
    [("random_forest", 0.77, 0.80), ("xgboost", 0.76, 0.80), ("lightgbm", 0.76, 0.80)],
)
def test_taiwan_cards(tmp_path: Path, family: str, low: float, high: float) -> None:
    # above .80 a leak would be likelier than a better model
    data = _dataset(tmp_path, "taiwan_cards", "taiwan_cards/taiwan.csv")
    assert low < _auc(data, family, 42) < high


@pytest.mark.slow
@pytest.mark.parametrize("family", ["random_forest", "xgboost"])
def test_german_credit(tmp_path: Path, family: str) -> None:
    # five-fold AUCs of .794 and .792 are known; three hold-outs of 300 rows lie around them
    data = _dataset(tmp_path, "german_credit", "german_credit/german_labelled.csv")
    assert 0.76 < np.mean([_auc(data, family, seed) for seed in (1, 2, 3)]) < 0.83
