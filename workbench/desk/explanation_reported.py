"""What an explanation report is about: a model's version and the rows it is explained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.desk import overviews, reported
from workbench.desk.sample_rows import sample_rows
from workbench.explanation.references import ALL
from workbench.reports.explained import ExplainedModel
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def explanation_shown(
    desk: Desk, *, model: str = "", sample: str = "", segment: str = "", kind: str = "", against: str = ""
) -> ExplainedModel | None:
    """Return the model a report is asked to explain, on its reported sample where no other is named.

    Where none is named it is the champion of the portfolio trained last, else the newest version; where
    nothing is kept, one of a study run on the German credit data of the folder that
    ``WORKBENCH_PUBLIC_DATA`` names.

    Parameters
    ----------
    sample, segment, kind, against : str
        As `overviews.overview` takes them; what it takes by default where empty.

    Raises
    ------
    InputError
        ``NO_EXPLANATION`` where a model of its family is not explained; those of `overviews.overview`.
    """
    if not model and not desk.models():
        reported.run_example(desk, 42)
    row = desk.registry.resolve(model) if model else reported.in_use(desk)
    if row is None:
        return None
    found = sample_rows(desk, row.model_id, sample)
    asked = found.segment(segment)
    how = {"kind": kind or None, "against": against or ALL}
    development = sample_rows(desk, row.model_id, "development")
    explainer = desk.explainer(row.model_id)
    told = overviews.kept(desk, found, asked, **how)
    if told is None:
        told = overviews.of(found, explainer, asked, Run(desk.settings.threads), **how)
    return ExplainedModel(
        row, explainer, told, found.rows(asked), development.rows(),
        found.dataset.row_key.iloc[found.inside(asked)].astype(str).to_numpy(object),
        found.dataset.source.name, desk.settings.threads,
    )  # fmt: skip
