"""What the fairness report is about, and how it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.desk.treated import FairnessRequest
from workbench.fairness.attributes import groupable
from workbench.registry import ModelRow
from workbench.reports.grouped import Grouped

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def fairness_shown(
    desk: Desk, *, model: str = "", by: str = "", data: str = "", sample: str = "", profile: str = "none",
    against: str = "declared", cut_off: float = 0.0, segment: str = "",
) -> Grouped | None:  # fmt: skip
    """Return what a fairness report shows; None where no model is kept of a portfolio with groups.

    Parameters
    ----------
    model : str
        A model id or reference; a champion, or else the newest, where empty.
    by : str
        Protected columns, commas between; all where empty.
    cut_off : float
        The policy's where 0.
    """
    row = desk.registry.resolve(model) if model else _first(desk)
    if row is None:
        return None
    asked = {
        "by": by, "data": data, "sample": sample, "profile": profile, "against": against, "segment": segment,
    }  # fmt: skip
    found = desk.fairness(
        FairnessRequest(
            row.model_id, tuple(one.strip() for one in by.split(",") if one.strip()), data, sample,
            cut_off or None, profile, against, segment,
        )
    )  # fmt: skip
    return Grouped(
        found.fairness, found.row, found.portfolio, found.words, found.notes, found.proxies,
        found.dataset_sha256, asked,
    )  # fmt: skip


def _first(desk: Desk) -> ModelRow | None:
    """Return a champion, or else the newest version, of a portfolio whose protected columns make groups."""
    rows = desk.models()
    for row in sorted(rows, key=lambda row: row.stage != "champion"):
        if row.study_id is not None and groupable(desk.study(row.study_id).portfolio):
            return row
    return None
