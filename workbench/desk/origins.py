"""What a version was made from: its data, as they were read then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.dataset import Dataset
from workbench.portfolio import Portfolio

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow


def dataset_of(desk: Desk, row: ModelRow, portfolio: Portfolio) -> Dataset:
    """Return the data a version was made from."""
    return desk.dataset(row.dataset_sha256, portfolio)
