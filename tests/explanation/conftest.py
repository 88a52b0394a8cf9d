"""One made data set and one small model a family, for all tests of explanations."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests import made
from workbench import explanation, sampling, training
from workbench.dataset import Dataset
from workbench.explanation import Explainer
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
