"""Were the rows a model is measured on among those it was developed on? Measures on them flatter it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.desk import origins
from workbench.errors import InputError, WorkbenchError
from workbench.portfolio import Portfolio
from workbench.study import Study

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


@dataclass(frozen=True, eq=False)
class Overlap:
    """Which rows of a data set a model was developed on.

    Attributes
    ----------
    rows : array of bool, shape (n,)
    sure : bool
        Rows were told apart by their key or place; else by the values they hold.
    """

    rows: np.ndarray
    sure: bool


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
    try:
        found = overlap(desk, row, dataset)
    except WorkbenchError as error:
        said = f"Whether {row.model_id} was developed on some of the rows is not known"
        return Seen(None, None, f"{said}: {error.problems[0].what}.")
    count = int(found.rows.sum())
    if not count:
        return Seen(False, 0)
    same = "have the key of" if found.sure else "hold the values of"
    return Seen(
        True,
        count,
        f"{count:,} of {dataset.n:,} rows {same} an applicant {row.model_id} was developed on, "
        "so the measures flatter it.",
    )


def overlap(desk: Desk, row: ModelRow, dataset: Dataset) -> Overlap:
    """Return which rows of a data set a model was fitted, chosen or calibrated on.

    Rows are the same where their keys are. Where rows have no key, or another one than the model's, they
    are the same where date, group and characteristics are: outcome and weight may have changed since.

    Raises
    ------
    InputError
        ``NOT_COMPARED`` where rows have neither their key nor their characteristics in common.
    WorkbenchError
        Where the data the model was developed on cannot be read.
    """
    own = desk.study(row.study_id) if row.study_id is not None else None
    portfolio = desk.model(row.model_id).portfolio if own is None else own.portfolio
    keyed = bool(portfolio.row_key) and portfolio.row_key == dataset.portfolio.row_key
    if own is not None and dataset.sha256 == row.dataset_sha256:
        return Overlap(developed(own), True)
    kept = origins.dataset_of(desk, row, portfolio)
    fitted = np.ones(kept.n, bool) if own is None else developed(own)
    if keyed:
        return Overlap(dataset.row_key.isin(kept.row_key[fitted]).to_numpy(), True)
    names = _common(row, portfolio, dataset)
    known = np.unique(_contents(kept, names)[fitted])
    return Overlap(np.isin(_contents(dataset, names), known), False)


def developed(study: Study) -> np.ndarray:
    """Return the mask of the rows that a study's models were fitted, chosen or calibrated on."""
    return study.rows["sample"].isin(DEVELOPED_ON).to_numpy()


def _common(row: ModelRow, portfolio: Portfolio, dataset: Dataset) -> list[str]:
    """Return the model's characteristics, which the rows must all have, and of the same kind."""
    theirs = {c.name: c.kind for c in dataset.portfolio.characteristics}
    other = [c.name for c in portfolio.characteristics if theirs.get(c.name) != c.kind]
    if other or portfolio.date != dataset.portfolio.date or portfolio.group != dataset.portfolio.group:
        what = ", ".join(other) or "date or group"
        raise InputError(
            "NOT_COMPARED",
            f"rows have no key in common with the data {row.model_id} was developed on, and not the same "
            f"columns ({what}), so nobody can tell which of them it was developed on",
            remedy="Give rows a key: name its column as row_key in the portfolio, and train both with it.",
        )
    return [c.name for c in portfolio.characteristics]


def _contents(dataset: Dataset, names: list[str]) -> np.ndarray:
    """Return a number for what each row holds, the same for equal rows of any data set; shape (n,)."""
    frame = dataset.frame[names].add_prefix("characteristic ")
    for name in ("date", "group"):
        values = getattr(dataset, name)
        if values is not None:
            frame[name] = values.to_numpy()
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()
