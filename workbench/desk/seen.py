"""Were the rows a model is measured on among those it was developed on? Measures on them flatter it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from workbench import study
from workbench.dataset import Dataset
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow

DEVELOPED_ON = ("development", "validation", "calibration")


@dataclass(frozen=True)
class Seen:
    """What is known of rows a model was developed on, among those it is measured on.

    Attributes
    ----------
    contains_development : bool, optional
        None where it could not be found out; `note` says why.
    rows : int, optional
        How many; None where it could not be counted.
    note : str
        What to tell whoever reads the measures; empty where there is nothing to tell.
    """

    contains_development: bool | None
    rows: int | None = None
    note: str = ""


def seen(desk: Desk, reference: str, dataset: Dataset) -> Seen:
    """Look for rows a model was developed on; see `Desk.seen`."""
    row = desk.registry.resolve(reference)
    if dataset.sha256 == row.dataset_sha256:
        return Seen(
            True,
            None,
            f"These are the very data {row.model_id} was developed on, so the measures flatter it; "
            f"those of its {row.reported} sample are with workbench show {row.model_id}.",
        )
    if not dataset.portfolio.row_key:
        return Seen(None, None, "Rows have no key, so only whole data sets could be compared.")
    try:
        keys = _keys(desk, row, dataset)
    except WorkbenchError as error:
        return Seen(None, None, f"The data {row.model_id} was developed on could not be read: {error}")
    count = int(dataset.row_key.isin(keys).sum())
    if not count:
        return Seen(False, 0)
    return Seen(
        True,
        count,
        f"{count:,} of {dataset.n:,} rows have the key of an applicant {row.model_id} was developed on, "
        "so the measures flatter it.",
    )


def _keys(desk: Desk, row: ModelRow, dataset: Dataset) -> pd.Series:
    """Return the keys of the rows a model was fitted, chosen or calibrated on; of all where no study says."""
    kept = desk.dataset(row.dataset_sha256, dataset.portfolio)
    if row.study_id is None:
        return kept.row_key
    sample = study.from_files(desk.registry.load_study(row.study_id)).rows["sample"]
    return kept.row_key[sample.isin(DEVELOPED_ON).to_numpy()]
