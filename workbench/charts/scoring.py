"""One applicant's points among the decisions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.policy import Policy
    from workbench.portfolio import Points
    from workbench.scoring import Score


def points_band(score: Score, policy: Policy, points: Points, *, bare: bool = False) -> go.Figure:
    """Draw where one applicant's points lie among decline, refer and approve, and among the bands.

    Parameters
    ----------
    score : Score
    policy : Policy
        Cut-offs and band edges as PDs; drawn where they lie on the points scale.
    points : Points
        The portfolio's points scale.
    bare : bool
        Without title and figures, where both stand beside it.
    """
    import plotly.graph_objects as go

    at = score.points
    decline, approve = (float(points.exact(p)) for p in (policy.decline_from, policy.approve_below))
    edges = [float(points.exact(p)) for p in policy.band_edges]
    marks = [at, decline, approve, *edges]
    low, high = min(marks) - points.pdo * 1.5, max(marks) + points.pdo * 1.5
    figure = go.Figure()
    for name, start, end in (
        ("decline", low, decline),
        ("refer", decline, approve),
        ("approve", approve, high),
    ):
        if end > start:
            _strip(figure, name, start, end, high - low, at)
    for name, start, end in zip(policy.bands, [high, *edges], [*edges, low], strict=True):
        figure.add_annotation(
            x=(start + end) / 2, y=-0.22, text=f"<b>{name}</b>" if name == score.band else name,
            showarrow=False, font={"size": 11},
        )  # fmt: skip
    for edge in edges:
        figure.add_shape(
            type="line", x0=edge, x1=edge, y0=-0.36, y1=0, line={"color": palette.REFERENCE, "width": 1}
        )
    figure.add_scatter(
        x=[at],
        y=[1.02],
        mode="markers+text",
        marker={"symbol": "triangle-down", "size": 13, "color": palette.GREY},
        text=[f"<b>{at}</b>"],
        textposition="top center",
        hovertemplate=f"{at} points, PD {format_percent(score.p_bad)}<extra></extra>",
    )
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, line={"color": palette.GREY, "width": 3})
    style(figure, f"{at} points: band {score.band}, {score.decision}", _note(score), height=190)
    figure.update_xaxes(title_text="Points (higher is safer)", range=[low, high], showgrid=False)
    figure.update_yaxes(visible=False, range=[-0.42, 1.75])
    if bare:
        figure.update_layout(title=None, height=116, margin={"t": 4})
    return figure


def _strip(figure: go.Figure, name: str, start: float, end: float, whole: float, at: float) -> None:
    """Draw one decision's part of the scale, its name where the applicant's mark leaves it free."""
    figure.add_shape(
        type="rect",
        x0=start,
        x1=end,
        y0=0,
        y1=1,
        fillcolor=palette.DECISIONS[name],
        line_width=0,
        layer="below",
    )
    # the name needs about a tenth of the scale; beside the mark it takes the wider side
    room = 0.09 * whole
    parts = [(start, end)] if not start < at < end else [(start, at), (at, end)]
    left, right = max(parts, key=lambda part: part[1] - part[0])
    if right - left > room:
        figure.add_annotation(x=(left + right) / 2, y=0.5, text=name, showarrow=False, font={"size": 12})


def _note(score: Score) -> str:
    interval = (
        "" if math.isnan(score.low) else f" ({format_percent(score.low)} to {format_percent(score.high)})"
    )
    return f"PD {format_percent(score.p_bad)}{interval}"
