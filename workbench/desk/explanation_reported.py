"""What an explanation report is about: a model's version and the rows it is explained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.dataset.segment import Segment
from workbench.desk import explaining, overviews, reported
from workbench.reports.explained import ExplainedModel
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow


def explanation_shown(desk: Desk, *, model: str = "") -> ExplainedModel | None:
    """Return the model a report is asked to explain, on its reported sample.

    Where none is named it is the champion of the portfolio trained last, else the newest version; where
    nothing is kept, one of a study run on the German credit data of the folder that
    ``WORKBENCH_PUBLIC_DATA`` names.

    Raises
    ------
    InputError
        ``NO_EXPLANATION`` where a model of its family is not explained.
    """
    if not model and not desk.models():
        reported.run_example(desk, 42)
    row = desk.registry.resolve(model) if model else _newest(desk)
    if row is None:
        return None
    found = overviews.sample_rows(desk, row.model_id)
    development = overviews.sample_rows(desk, row.model_id, "development")
    explainer = desk.explainer(row.model_id)
    told = explaining.kept_overview(desk, row.model_id)
    if told is None:
        told = overviews.of(found, explainer, Segment(), Run(desk.settings.threads))
    return ExplainedModel(
        row, explainer, told, found.rows(), development.rows(),
        found.dataset.row_key.iloc[found.positions].astype(str).to_numpy(object),
        found.dataset.source.name, desk.settings.threads,
    )  # fmt: skip


def _newest(desk: Desk) -> ModelRow | None:
    rows = [row for row in desk.models() if row.stage not in ("rejected", "retired")]
    own = [row for row in rows if row.portfolio == rows[0].portfolio]
    return next((row for row in own if row.stage == "champion"), next(iter(own), None))
