"""How the PDs and points of a scored file are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import PERCENT, empty, line, style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROOM = 0.25
"""Of the width, what the label of a cut-off takes."""
Spread = Mapping[str, Sequence[float]]


def spread_of_pd(spread: Spread, mean: float | None, approve_below: float, decline_from: float) -> go.Figure:
    """Draw how many applicants have which PD, with the policy's cut-offs.

    Parameters
    ----------
    spread : mapping
        ``edges`` and ``counts``; the last bin holds what lies beyond it too.
    """
    title = "How risky are these applicants?"
    if not spread or mean is None:
        return empty(title, "no row was scored")
    figure = _bars(spread, "PD %{customdata[0]:.2%} to %{customdata[1]:.2%}: %{y:,} rows<extra></extra>")
    end = spread["edges"][-1]
    # away from each other where there is room, and one below the other where there is none
    left, right = approve_below > ROOM * end, decline_from < (1 - ROOM) * end
    marks = (("approve below", approve_below, left), ("decline from", decline_from, not right))
    for position, (label, at, leftwards) in enumerate(marks):
        if at <= end:
            look = line(f"{label} {format_percent(at)}")
            figure.add_vline(
                x=at, annotation_position="top left" if leftwards else "top right",
                annotation_yshift=0 if left and right else -16 * position, **look,
            )  # fmt: skip
    note = f"{_rows(spread)} scored, mean PD {format_percent(mean)}"
    style(figure, title, note, height=300)
    figure.update_xaxes(title_text="PD", tickformat=PERCENT if end > 0.1 else ".1%", range=[0, end])
    return _counted(figure)


def spread_of_points(spread: Spread) -> go.Figure:
    """Draw how many applicants have how many points."""
    title = "How many points do they have?"
    if not spread:
        return empty(title, "no row was scored")
    figure = _bars(spread, "%{customdata[2]:.0f} to %{customdata[3]:.0f} points: %{y:,} rows<extra></extra>")
    style(figure, title, f"{_rows(spread)} scored", height=300)
    figure.update_xaxes(title_text="Points (higher is safer)", tickformat=".0f")
    return _counted(figure)


def _bars(spread: Spread, hover: str) -> go.Figure:
    import plotly.graph_objects as go

    edges, counts = np.asarray(spread["edges"]), np.asarray(spread["counts"])
    low, high = edges[:-1], edges[1:]
    told = np.column_stack([low, high, np.ceil(low), np.floor(high)])
    bars = go.Bar(
        x=(low + high) / 2, y=counts, width=high - low, customdata=told, hovertemplate=hover,
        marker={"color": palette.GREY, "line": {"width": 0}},
    )  # fmt: skip
    return go.Figure(bars)


def _rows(spread: Spread) -> str:
    return f"{int(sum(spread['counts'])):,} applicants"


def _counted(figure: go.Figure) -> go.Figure:
    figure.update_layout(bargap=0.0)
    figure.update_yaxes(title_text="Rows", tickformat=",", rangemode="tozero")
    return figure
