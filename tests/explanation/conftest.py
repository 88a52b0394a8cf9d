"""One made data set and one small model a family, for all tests of explanations."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests import made
from workbench import explanation, sampling, training
from workbench.dataset import Dataset
from workbench.explanation import Explainer
from workbench.families.random_forest import Forest
from workbench.run import Run
from workbench.sampling import Samples, SamplingSpec
from workbench.training import TrainedModel, TrainSpec

DATA = made.dataset(1500)
SAMPLES = sampling.draw(DATA, SamplingSpec.from_split("70/15/15", "random", 42))


@cache
def trained(family: str) -> TrainedModel:
    few = (("trees", 12),) if family == "random_forest" else ()
    return training.train(DATA, SAMPLES, TrainSpec(family, params=few), Run(1))


def rows_of(model: TrainedModel, data: Dataset = DATA) -> np.ndarray:
    return model.encoder.raw(data.frame, data.date)


@cache
def explained(family: str) -> Explainer:
    model = trained(family)
    return explanation.learn(model, rows_of(model)[SAMPLES.mask("development")])


@pytest.fixture(scope="session")
def data() -> Dataset:
    return DATA


@pytest.fixture(scope="session")
def samples() -> Samples:
    return SAMPLES


@pytest.fixture(scope="session")
def explainers() -> object:
    """Give the explainer of a family, trained when it is first asked for."""
    return explained


@pytest.fixture(scope="session")
def halfway() -> tuple[Forest, np.ndarray]:
    """Give a tree that parts rows half way between two numbers of single precision, and rows at either side.

    Each row is bad where its first number is the higher one; the second number says nothing.
    """
    from sklearn.ensemble import RandomForestClassifier

    low = np.float32(1527.05994)
    high = np.nextafter(low, np.float32(np.inf))
    x = np.array([[low, 0], [high, 0], [low, 1], [high, 1]] * 20, float)
    bad = (x[:, 0] > low).astype(int)
    forest = RandomForestClassifier(1, bootstrap=False, max_features=None, random_state=1).fit(x, bad)
    assert forest.estimators_[0].tree_.threshold[0] == (float(low) + float(high)) / 2
    return Forest(forest, ()), x[:4]
