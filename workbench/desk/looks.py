"""What the drift report is about: a model and a later extract of its portfolio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.desk import monitored, reported
from workbench.desk.requests import DriftRequest
from workbench.errors import InputError
from workbench.reports.looked import Looked
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow

MADE, ROWS = "consumer_credit", 3_000


def drift_shown(desk: Desk, *, model: str = "", data: str = "", dataset: str = "") -> Looked | None:
    """Return a look at an extract.

    Parameters
    ----------
    model : str
        A model; the champion of the portfolio trained last, else its newest version, where empty.
    data, dataset : str
        A file, or the fingerprint of a kept data set, or how it begins. Where neither is named: what was
        looked at last with the model, else the newest data set of its portfolio that it was not trained on.
        Where nothing is kept at all: made data, as an example.

    Returns
    -------
    Looked or None
        None where there is no extract.

    Raises
    ------
    InputError
        ``PARAMETER`` where a file and a data set were both named.
    """
    if data and dataset:
        raise InputError("PARAMETER", "a file and a kept data set were both named", remedy="Name one.")
    if not (model or data or dataset) and not desk.models():
        dataset = _example(desk)
    row = desk.registry.resolve(model) if model else reported.in_use(desk)
    if row is None:
        return None
    if dataset:
        found = [one for one in desk.registry.datasets() if one.sha256.startswith(dataset)]
        dataset = found[0].sha256 if len(found) == 1 else dataset
    request = (
        DriftRequest(row.model_id, data, dataset_sha256=dataset) if data or dataset else _last(desk, row)
    )
    if request is None:
        return None
    name = next(
        (d.name for d in desk.registry.datasets() if d.sha256 == request.dataset_sha256), request.name
    )
    look = desk.drift(replace(request, name=name), run=Run(desk.settings.threads))
    return Looked(
        row, desk.portfolio(look.portfolio), look.name, look.dataset_sha256 or look.source_sha256,
        look.rows, look.refused, look.drift,
    )  # fmt: skip


def _last(desk: Desk, row: ModelRow) -> DriftRequest | None:
    """Return what was looked at last with a model, where it is still there, else the newest other data."""
    for head in monitored.heads(desk.settings.home, row.portfolio):
        if head["model_id"] != row.model_id:
            continue
        if head["path"] and Path(head["path"]).is_file():
            return DriftRequest(row.model_id, head["path"], head["name"])
        if head["dataset_sha256"]:
            return DriftRequest(row.model_id, dataset_sha256=head["dataset_sha256"])
    kept = [one for one in desk.registry.datasets(row.portfolio) if one.sha256 != row.dataset_sha256]
    return DriftRequest(row.model_id, dataset_sha256=kept[0].sha256) if kept else None


def _example(desk: Desk) -> str:
    """Train on made data and return the fingerprint of more of them, made later."""
    run = Run(desk.settings.threads)
    dataset = desk.keep_generated(MADE, ROWS, 42, run)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    desk.train(desk.request(dataset, spec), run)
    return desk.keep_generated(MADE, ROWS, 43, run).sha256
