"""What explains a registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import explanation, sampling
from workbench.desk import origins
from workbench.explanation import Explainer
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def explainer(desk: Desk, reference: str) -> Explainer:
    """Return the explainer of a verified model, learned from its kept data and samples."""
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    dataset = origins.dataset_of(desk, row, model.portfolio)
    samples = sampling.draw(dataset, StudySpec.from_json(row.spec).sampling)
    rows = np.flatnonzero(samples.mask("development"))
    date = None if dataset.date is None else dataset.date.iloc[rows]
    return explanation.learn(
        model, model.encoder.raw(dataset.frame.iloc[rows], date),
        weight=None if dataset.weight is None else dataset.weight[rows], threads=desk.settings.threads,
    )  # fmt: skip
