"""What explains a registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import explanation, sampling
from workbench.desk import origins
from workbench.explanation import Explainer
from workbench.study import StudySpec
from workbench.training import TrainedModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def explainer(desk: Desk, reference: str) -> Explainer:
    """Return the explainer of a verified model, learned from its kept data and samples."""
    model, raw, weight = development(desk, reference)
    return explanation.learn(model, raw, weight=weight, threads=desk.settings.threads)


def development(desk: Desk, reference: str) -> tuple[TrainedModel, np.ndarray, np.ndarray | None]:
    """Return a verified model, the raw rows it was developed on (`Encoder.raw`), and their weights."""
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    dataset = origins.dataset_of(desk, row, model.portfolio)
    samples = sampling.draw(dataset, StudySpec.from_json(row.spec).sampling)
    rows = np.flatnonzero(samples.mask("development"))
    date = None if dataset.date is None else dataset.date.iloc[rows]
    raw = model.encoder.raw(dataset.frame.iloc[rows], date)
    return model, raw, None if dataset.weight is None else dataset.weight[rows]
