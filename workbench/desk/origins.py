"""What a version or a study was made from: its data, as they were read from their file then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import sampling
from workbench.dataset import Dataset
from workbench.portfolio import Portfolio
from workbench.sampling import Samples
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow, StudyRow

READING = "reading_sha256"
"""Where the summary of a study names the reading it was made from."""


def dataset_of(desk: Desk, row: ModelRow | StudyRow, portfolio: Portfolio) -> Dataset:
    """Return the data a version or a study was made from, as they were read then.

    Other files may hold the same good rows, and what was refused of those says nothing of this one. Of
    studies kept before readings were named with them it is the first reading.
    """
    study = desk.registry.study(row.study_id) if row.study_id is not None else None
    named = study.summary.get(READING, "") if study is not None else ""
    sha256 = row.dataset_sha256
    return desk.dataset(sha256, portfolio, named or desk.registry.first_reading(sha256))


def samples_of(desk: Desk, row: ModelRow, portfolio: Portfolio) -> tuple[Dataset, Samples]:
    """Return the data a version was made from, and the samples they were drawn into then."""
    dataset = dataset_of(desk, row, portfolio)
    return dataset, sampling.draw(dataset, StudySpec.from_json(row.spec).sampling)
