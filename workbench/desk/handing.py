"""Hand a registered model on, proved on its golden rows and on rows it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench import exports
from workbench.desk import origins
from workbench.exports import Exported
from workbench.features import LevelColumn
from workbench.registry import golden
from workbench.training import TrainedModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow

KEPT_ROWS = 1000


def export(desk: Desk, reference: str, to: str, out: Path) -> Exported:
    """Write a model for other programs and say so in the trail; see `Desk.export`."""
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    frame, date = _rows(desk, row, model)
    told = exports.export(model, to, out, frame, date)
    desk.registry.tell(
        row.model_id, "exported", who=desk.who, when=desk.now(), detail=told.to_json(),
        sentence=f"{desk.who} exported {row.model_id} as {to}; {told.rows_checked:,} rows scored the same.",
    )  # fmt: skip
    return told


def _rows(desk: Desk, row: ModelRow, model: TrainedModel) -> tuple[pd.DataFrame, pd.Series | None]:
    """Return the golden rows and kept rows from first to last, one under the other."""
    first = desk.registry.golden(row.model_id).frame
    dataset = origins.dataset_of(desk, row, model.portfolio)
    at = golden.positions(dataset.n, KEPT_ROWS)
    second, dates = dataset.frame.iloc[at], dataset.date
    together = {}
    for column in model.encoder.columns:
        parts = [first[column.name], second[column.name]]
        if isinstance(column, LevelColumn):
            # the two know different levels, so they meet as text
            text = pd.concat([part.astype("str") for part in parts], ignore_index=True)
            together[column.name] = text.astype("category")
        else:
            together[column.name] = pd.concat(parts, ignore_index=True)
    if not model.encoder.date or dates is None:
        return pd.DataFrame(together), None
    return pd.DataFrame(together), pd.concat([first[model.encoder.date], dates.iloc[at]], ignore_index=True)
