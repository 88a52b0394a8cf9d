"""Samples before anything is trained: their sizes, and their months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import empty, error_bars, line, style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.sampling import Samples

JUDGING = ("hold-out", "out-of-time")


def sample_sizes(samples: Samples) -> go.Figure:
    """Draw goods and bads of each sample."""
    import plotly.graph_objects as go

    sizes = samples.sizes
    if sizes.empty:
        return empty("Samples", "no rows to draw from")
    names = list(sizes["sample"])
    figure = go.Figure()
    known = sizes["bad_rate"].notna()
    told = [
        f"{n:,}, {b:,} bads ({format_percent(rate)})" if has else f"{n:,}, no clear outcome"
        for n, b, rate, has in zip(sizes["n"], sizes["n_bad"], sizes["bad_rate"], known, strict=True)
    ]
    rest = (sizes["n"] - sizes["n_bad"]).where(known, 0)
    neither = sizes["n"].where(~known, 0)
    for name, values, colour in (
        ("bads", sizes["n_bad"].where(known, 0), palette.BADS),
        ("goods", rest, palette.GOODS),
        ("indeterminate", neither, palette.FAINT),
    ):
        if values.any():
            figure.add_bar(
                y=names,
                x=values,
                name=name,
                orientation="h",
                marker_color=colour,
                hovertemplate="%{y}: %{x:,} " + name + "<extra></extra>",
            )
    for name, n, words in zip(names, sizes["n"], told, strict=True):
        figure.add_annotation(
            x=n, y=name, text=words, xanchor="left", xshift=4, showarrow=False, font={"size": 11}
        )
    total, bads = int(sizes["n"].sum()), int(sizes["n_bad"].sum())
    judged = int(sizes.loc[sizes["sample"].isin(JUDGING), "n"].sum())
    title = f"{judged / total:.0%} of applicants are kept to judge the model"
    style(figure, title, f"{total:,} applicants, {bads:,} bads", legend="keys", height=130 + 36 * len(sizes))
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="Applicants", range=[0, float(sizes["n"].max()) * 1.55])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def by_month(samples: Samples) -> go.Figure:
    """Draw the bad rate by month with its interval, above the applicants of each sample."""
    from plotly.subplots import make_subplots

    months = samples.by_month
    if months.empty:
        return empty("Bad rate by month", "this portfolio has no date column")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.55, 0.45], vertical_spacing=0.05)
    for name in samples.names:
        part = months[months["sample"] == name]
        if not part.empty:
            _months_of(figure, name, part)
    total, bads = int(months["n"].sum()), int(months["n_bad"].sum())
    first, last = months["month"].min(), months["month"].max()
    title = f"Bad rate by month, {first} to {last}, and the months that judge the model"
    note = f"{total:,} applicants, {bads:,} bads; 95% intervals"
    if samples.out_of_time_from:
        figure.add_vline(x=samples.out_of_time_from, **line())
        note += f"; dashed: out-of-time from {samples.out_of_time_from}"
    style(figure, title, note, legend="keys", height=380)
    figure.update_layout(barmode="stack", bargap=0.1)
    figure.update_xaxes(type="date", tickformat="%b %Y")
    figure.update_xaxes(title_text="Month", row=2, col=1)
    figure.update_yaxes(title_text="Bad rate", tickformat=".0%", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="Applicants", row=2, col=1)
    return figure


def _months_of(figure: go.Figure, name: str, months: pd.DataFrame) -> None:
    """Draw one sample's months: bad rates above, applicants below."""
    colour = palette.SAMPLES.get(name, palette.GREY)
    known = months[months["bad_rate"].notna()]
    figure.add_scatter(
        x=known["month"],
        y=known["bad_rate"],
        error_y=error_bars(known, width=0),
        customdata=known[["low", "high", "n", "n_bad"]],
        name=name,
        legendgroup=name,
        showlegend=False,
        mode="markers",
        marker={"color": colour, "size": 5},
        opacity=0.8,
        hovertemplate="%{x}: bad rate %{y:.2%} (%{customdata[0]:.2%} to %{customdata[1]:.2%})<br>"
        "%{customdata[2]:,} applicants, %{customdata[3]:,} bads",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=months["month"],
        y=months["n"],
        name=name,
        legendgroup=name,
        marker_color=colour,
        hovertemplate="%{x}: %{y:,} applicants",
        row=2,
        col=1,
    )
