"""How much each characteristic moves a score, as a report part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports.block import decimals, percent, table

if TYPE_CHECKING:
    from workbench.explanation import Overview


def importance_table(told: Overview, most: int | None = None) -> str:
    """Return the mean size of each characteristic's values, with intervals; of the `most` heaviest."""
    columns = {
        "title": ("characteristic", None),
        "importance": (f"mean size, {told.unit}", decimals(3)),
        "low": ("from", decimals(3)),
        "high": ("to (95%)", decimals(3)),
        "share": ("share", percent),
        "direction": ("direction", None),
    }
    return table(told.importance.head(len(told.importance) if most is None else most), columns)
