"""An extract by month: its outcome, and which characteristics are unlike the other months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import empty, error_bars, line, shortened, style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST = 30
SCALE = ((0.0, "rgba(217,119,6,0)"), (1.0, palette.BADS))


def outcome_by_month(months: pd.DataFrame, overall: float) -> go.Figure:
    """Draw the bad rate by month with its interval, above the rows of each month.

    Parameters
    ----------
    months : DataFrame
        month, n, known, n_bad, bad_rate, low, high.
    overall : float
        The bad rate of all months.
    """
    from plotly.subplots import make_subplots

    known = months[months["bad_rate"].notna()]
    if known.empty:
        return empty("Bad rate by month", "no month has a row with a known outcome")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.05)
    figure.add_scatter(
        x=known["month"],
        y=known["bad_rate"],
        error_y=error_bars(known, width=0),
        customdata=known[["low", "high", "known", "n_bad"]],
        mode="markers",
        marker={"color": palette.BADS, "size": 6},
        hovertemplate="%{x|%b %Y}: bad rate %{y:.2%} (%{customdata[0]:.2%} to %{customdata[1]:.2%})<br>"
        "%{customdata[2]:,} with a known outcome, %{customdata[3]:,} bads<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=months["month"],
        y=months["n"],
        marker_color=palette.GREY,
        hovertemplate="%{x|%b %Y}: %{y:,} rows<extra></extra>",
        row=2,
        col=1,
    )
    total, bads = int(known["known"].sum()), int(known["n_bad"].sum())
    label = line(f"all {format_percent(overall)}")
    figure.add_hline(y=overall, **label, annotation_position="right", row=1, col=1)
    lowest, highest = known["bad_rate"].min(), known["bad_rate"].max()
    title = f"Bad rate by month: {format_percent(lowest)} to {format_percent(highest)}"
    note = f"{total:,} rows with a known outcome, {bads:,} bads; 95% intervals"
    style(figure, title, note, height=380, right=76)
    figure.update_xaxes(type="date", tickformat="%b %Y")
    figure.update_xaxes(title_text="Month", row=2, col=1)
    figure.update_yaxes(title_text="Bad rate", tickformat=".0%", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="Rows", row=2, col=1)
    return figure


def month_cells(cells: pd.DataFrame, value: str, title: str, note: str, *, most: float) -> go.Figure:
    """Draw a value of each characteristic and month as shades, the characteristics with the largest first.

    Parameters
    ----------
    cells : DataFrame
        characteristic, title, month, n and the value, a share where its name ends in ``_share``.
    most : float
        The value from which the shade is the darkest.
    """
    import plotly.graph_objects as go

    if cells.empty or not (cells[value] > 0).any():
        return empty(title, "0 in every month")
    grid = cells.pivot(index="characteristic", columns="month", values=value)
    every, grid = len(grid), grid[(grid > 0).any(axis=1)]
    order = grid.max(axis=1).sort_values(ascending=False, kind="stable").index[:MOST]
    grid = grid.loc[order]
    counts = cells.pivot(index="characteristic", columns="month", values="n").loc[order]
    titles = dict(zip(cells["characteristic"], cells["title"], strict=True))
    at, names = list(range(len(order))), [shortened(titles[name], 36) for name in order]
    shape = ".1%" if value.endswith("_share") else ".3f"
    figure = go.Figure(
        go.Heatmap(
            x=list(grid.columns),
            y=at,
            z=grid.to_numpy(),
            customdata=np.dstack([np.tile(np.array(names, object)[:, None], counts.shape[1]), counts]),
            zmin=0,
            zmax=most,
            colorscale=[list(stop) for stop in SCALE],
            xgap=1,
            ygap=1,
            colorbar={"tickformat": ".0%" if shape == ".1%" else ".2f", "thickness": 10, "len": 1.0},
            hovertemplate="%{customdata[0]}, %{x|%b %Y}: %{z:" + shape + "}, %{customdata[1]:,} rows"
            "<extra></extra>",
        )
    )
    left = every - len(order)
    below = "others" if len(order) == MOST else "with 0 in every month"
    told = f"{note}; {len(order)} characteristics, {left} {below} are left out" if left else note
    style(figure, title, told, height=130 + 17 * len(grid), right=8)
    figure.update_xaxes(type="date", tickformat="%b %Y", showgrid=False, title_text="Month")
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=at, ticktext=names)
    return figure
