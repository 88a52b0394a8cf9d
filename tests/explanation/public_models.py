"""Small models of public data sets and the reasons of all their rows, each made once a process."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tests.public import public
from workbench import explanation, intake, sampling, training
from workbench.dataset import Dataset, build
from workbench.explanation import Reasoner, ReasonRows
from workbench.intake import PortfolioShelf
from workbench.run import Run

FILES = {
    "taiwan_cards": "taiwan_cards/taiwan.csv",
    "german_credit": "german_credit/german_labelled.csv",
}
FAMILIES = ("logistic", "scorecard", "random_forest", "xgboost", "lightgbm")
SHALLOW = (("trees", 30), ("min_samples_leaf", 200))
"""Parameters of a forest on 30,000 rows whose tables are made in a moment."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A model of a public data set, and the reasons of every row."""

    data: Dataset
    development: np.ndarray
    raw: np.ndarray
    reasoner: Reasoner
    rows: ReasonRows


@functools.cache
def public_data(name: str) -> tuple[Dataset, np.ndarray]:
    """Return a public data set, and which of its rows are development's."""
    portfolio = PortfolioShelf(public("README.md")).find(name)
    data = build(intake.read(public(FILES[name]), portfolio=portfolio), portfolio)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    return data, samples.mask("development")


@functools.cache
def explained(name: str, family: str) -> Explained:
    """Return a model of a public data set with its reasons."""
    data, development = public_data(name)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    few = SHALLOW if family == "random_forest" and data.n > 10_000 else ()
    model = training.train(data, samples, training.TrainSpec(family, params=few), Run(1))
    raw = model.encoder.raw(data.frame, data.date)
    reasoner = Reasoner(explanation.learn(model, raw[development]))
    return Explained(data, development, raw, reasoner, reasoner.rows(raw))
