"""What explains a registered model: kept with it or made from its data, and held against `shap` first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench import explanation, study
from workbench.desk import origins
from workbench.errors import ArtifactError, MissingError
from workbench.explanation import Explainer, Overview
from workbench.study import StudyModel
from workbench.training import TrainedModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


NOT_THERE = ("ARTIFACT_MISSING", "NO_DATASET")
"""What is said of data that are no longer kept; whatever else is wrong with them is told."""


def explainer(desk: Desk, reference: str) -> Explainer:
    """Return the explainer of a verified model; see `Desk.explainer`.

    It is made of the files kept with the model. A model that was registered before these were kept, or whose
    trees are too deep for that, is explained from its kept data and samples, after its values agreed with
    those of `shap` on some of these rows. Where the data of the deepest are gone, what is left are values as
    the trees saw rows together, on which no reason rests.

    Raises
    ------
    ArtifactError
        ``CROSS_CHECK``, ``ADDITIVITY``.
    """
    row = desk.registry.resolve(reference)
    kept = desk.registry.beside(row.model_id)
    left = None
    if explanation.FILE in kept:
        left = Explainer.from_files(kept, desk.model(row.model_id), desk.settings.threads)
        if not left.slow:
            return left
    try:
        model, raw, weight = development(desk, row.model_id)
    except (ArtifactError, MissingError) as gone:
        if left is None or gone.code not in NOT_THERE:
            raise
        return left
    return proved(explanation.learn(model, raw, weight=weight, threads=desk.settings.threads), raw)


def development(desk: Desk, reference: str) -> tuple[TrainedModel, np.ndarray, np.ndarray | None]:
    """Return a verified model, the raw rows it was developed on (`Encoder.raw`), and their weights."""
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    dataset, samples = origins.samples_of(desk, row, model.portfolio)
    rows = np.flatnonzero(samples.mask("development"))
    date = None if dataset.date is None else dataset.date.iloc[rows]
    raw = model.encoder.raw(dataset.frame.iloc[rows], date)
    return model, raw, None if dataset.weight is None else dataset.weight[rows]


def kept_overview(desk: Desk, reference: str) -> Overview | None:
    """Return what drives a model over all rows of its reported sample, as its training found it.

    None where it was not kept: the study is gone, or older, or the trees are so deep that they are explained
    only when someone asks.
    """
    row = desk.registry.resolve(reference)
    if row.study_id is None:
        return None
    found = study.overview_from(desk.registry.load_study(row.study_id), row.family)
    # the same model may come out of several studies; each is of its own samples
    return found if found is not None and found.sample == row.reported else None


def proved_files(answer: StudyModel, golden: pd.DataFrame) -> dict[str, bytes]:
    """Return what is kept with a model to explain it, after its values agreed with `shap` on golden rows.

    Raises
    ------
    ArtifactError
        ``CROSS_CHECK``, ``ADDITIVITY``: the model is not to be registered.
    """
    if answer.explainer is None:
        return {}
    if answer.explainer.slow:
        # nothing of its values is kept: they are held against shap when someone asks for them
        return answer.explainer.to_files()
    encoder = answer.explainer.model.encoder
    raw = encoder.raw(golden, golden[encoder.date] if encoder.date else None)
    return proved(answer.explainer, raw).to_files()


SOME = 1_000
"""Rows whose values are added up; each explanation of others adds its own up."""
DEEP_ROWS, SLOW_ROWS = 4, 20
"""Rows of which `shap` is asked where trees are deep: it takes long there."""


def proved(found: Explainer, raw: np.ndarray) -> Explainer:
    """Return an explainer with what came of holding its values against those of `shap`.

    Raises
    ------
    ArtifactError
        ``CROSS_CHECK``, ``ADDITIVITY``: its values are not to be used.
    """
    most = SLOW_ROWS if found.slow else DEEP_ROWS if found.deep else explanation.CHECKED
    told = explanation.cross_check(found, raw, most)
    found.attributions(raw[: SLOW_ROWS if found.slow else SOME])
    return found if told.closed else replace(found, check=told.to_json())
