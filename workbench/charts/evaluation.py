"""Curves and tables of an evaluation, drawn: ROC, KS, gains, calibration, deciles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import PERCENT, diagonal, empty, error_bars, line, shortened, style
from workbench.evaluation import Evaluation, findings, format_percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

Evaluations = Mapping[str, Evaluation]


def roc(evaluations: Evaluations) -> go.Figure:
    """Draw the share of bads caught against the share of goods flagged, a line an evaluation."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = _title(evaluations, findings.ranking, "How well does each model set bads apart from goods?")
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        figure.add_scatter(
            x=e.roc["share_goods"],
            y=e.roc["share_bads"],
            customdata=e.roc["p_bad"],
            name=f"{shortened(name)}: AUC {e.shown('auc')}",
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="PD from %{customdata:.2%}: %{y:.1%} of bads, %{x:.1%} of goods flagged",
        )
    diagonal(figure)
    style(figure, title, counts(drawn), legend="bottom-right")
    figure.update_xaxes(title_text="Share of goods flagged", tickformat=PERCENT, range=[0, 1])
    figure.update_yaxes(title_text="Share of bads flagged", tickformat=PERCENT, range=[0, 1.005])
    return figure


def gains(evaluations: Evaluations) -> go.Figure:
    """Draw the share of bads among the riskiest applicants, a line an evaluation."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = _title(evaluations, findings.caught, "How many bads are among the riskiest applicants?")
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        figure.add_scatter(
            x=e.gains["share_applicants"],
            y=e.gains["share_bads"],
            customdata=e.gains["lift"],
            name=shortened(name),
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="riskiest %{x:.1%}: %{y:.1%} of bads, %{customdata:.2f} times their share",
        )
    diagonal(figure)
    figure.add_annotation(
        x=0.62, y=0.585, text="picked at random", showarrow=False, font={"size": 11, "color": palette.GREY},
        xanchor="left", yanchor="top",
    )  # fmt: skip
    style(figure, title, counts(drawn), legend="bottom-right" if len(drawn) > 1 else "none")
    figure.update_xaxes(title_text="Share of applicants, riskiest first", tickformat=PERCENT, range=[0, 1])
    figure.update_yaxes(title_text="Share of all bads", tickformat=PERCENT, range=[0, 1.005])
    return figure


def ks(e: Evaluation) -> go.Figure:
    """Draw the shares of goods and of bads at or above each PD, and where they are furthest apart."""
    import plotly.graph_objects as go

    title = findings.distance(e)
    if e.ks_curve.empty:
        return empty(title, e.measure("ks").reason)
    figure = go.Figure()
    curve = e.ks_curve
    for name, column, colour in (
        ("bads", "cumulative_bads", palette.BADS),
        ("goods", "cumulative_goods", palette.GOODS),
    ):
        figure.add_scatter(
            x=curve["p_bad"],
            y=curve[column],
            name=name,
            line={"color": colour, "width": 2, "shape": "hv" if len(curve) < 50 else "linear"},
            mode="lines",
            hovertemplate="%{y:.1%} of " + name + " from a PD of %{x:.2%}",
        )
    widest = curve.loc[curve["distance"].abs().idxmax()]
    figure.add_scatter(
        x=[widest["p_bad"]] * 2,
        y=[widest["cumulative_goods"], widest["cumulative_bads"]],
        mode="lines",
        line={"color": palette.GREY, "width": 2},
        name="KS",
        showlegend=False,
        hovertemplate="KS " + e.shown("ks"),
    )
    figure.add_annotation(
        x=widest["p_bad"],
        y=(widest["cumulative_goods"] + widest["cumulative_bads"]) / 2,
        text="KS",
        xanchor="right",
        xshift=-4,
        showarrow=False,
        font={"size": 12},
    )
    if e.cut_off == e.cut_off:  # not NaN
        figure.add_vline(x=e.cut_off, **line(cut_off_words(e)), annotation_position="top right")
    style(figure, title, e.counts(), legend="keys")
    figure.update_xaxes(title_text="PD", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(title_text="Share at or above the PD", tickformat=PERCENT, range=[0, 1.005])
    return figure


def cut_off_words(e: Evaluation) -> str:
    """Return the cut-off with the first words of its source, short enough for a chart."""
    source = e.cut_off_source.split(":")[0]
    return f"cut-off {format_percent(e.cut_off)}" + (f" ({source})" if source and len(source) < 24 else "")


def calibration(evaluations: Evaluations) -> go.Figure:
    """Draw the bad rate seen against the PD predicted in groups of equal size, with 95% intervals."""
    import plotly.graph_objects as go

    drawn = {name: e for name, e in evaluations.items() if e.n}
    title = _title(evaluations, findings.calibrated, "Do PDs agree with the bad rates seen?")
    if not drawn:
        return empty(title, "no rows in this group")
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        table = e.calibration
        look = palette.group_line(position)
        figure.add_scatter(
            x=table["mean_p_bad"],
            y=table["bad_rate"],
            error_y=error_bars(table),
            customdata=table[["low", "high", "n", "n_bad"]],
            name=f"{shortened(name)}: slope {e.shown('calibration_slope')}",
            mode="lines+markers",
            line=look | {"width": 1},
            marker={"size": 6, "color": look["color"]},
            hovertemplate="PD %{x:.2%}, bad rate %{y:.2%} (%{customdata[0]:.2%} to %{customdata[1]:.2%})"
            "<br>%{customdata[2]:,} applicants, %{customdata[3]:,} bads",
        )
    end = max(float(e.calibration[["mean_p_bad", "high"]].max().max()) for e in drawn.values()) * 1.04
    diagonal(figure, end)
    style(figure, title, f"{counts(drawn)}; tenths by PD, 95% intervals", legend="top-left")
    ticks = ".0%" if end > 0.06 else ".1%"
    figure.update_xaxes(title_text="Mean PD of the group", tickformat=ticks, range=[0, end])
    figure.update_yaxes(title_text="Bad rate seen", tickformat=ticks, range=[0, end])
    return figure


def deciles(e: Evaluation) -> go.Figure:
    """Draw bad rate and mean PD by tenths of applicants, riskiest first."""
    import plotly.graph_objects as go

    title = findings.ordered(e)
    table = e.tenths
    if table.empty:
        return empty(title, "no rows in this group")
    figure = go.Figure()
    figure.add_bar(
        x=table["decile"],
        y=table["bad_rate"],
        error_y={
            "array": table["high"] - table["bad_rate"],
            "arrayminus": table["bad_rate"] - table["low"],
            "color": palette.GREY,
            "thickness": 1,
            "width": 3,
        },
        customdata=table[["p_low", "p_high", "n", "bads", "lift", "cumulative_bads"]],
        name="bad rate, 95% interval",
        marker_color=palette.BADS,
        hovertemplate="decile %{x}, PD %{customdata[0]:.2%} to %{customdata[1]:.2%}<br>bad rate %{y:.2%}, "
        "%{customdata[2]:,} applicants, %{customdata[3]:,.0f} bads<br>lift %{customdata[4]:.2f}, "
        "%{customdata[5]:.1%} of all bads so far",
    )
    figure.add_scatter(
        x=table["decile"],
        y=table["mean_p_bad"],
        name="mean PD",
        mode="markers",
        marker={
            "color": palette.GREY,
            "size": 9,
            "symbol": "line-ew",
            "line": {"width": 3, "color": palette.GREY},
        },
        hovertemplate="decile %{x}, mean PD %{y:.2%}",
    )
    rate = e.value("bad_rate")
    figure.add_hline(y=rate, **line(f"all {format_percent(rate)}"), annotation_position="right")
    style(figure, title, e.counts(), legend="keys", right=64)
    figure.update_xaxes(title_text="Tenth of applicants by PD (1 riskiest)", dtick=1)
    figure.update_yaxes(title_text="Bad rate", tickformat=".0%" if table["bad_rate"].max() > 0.06 else ".1%")
    return figure


def drawable(evaluations: Evaluations) -> dict[str, Evaluation]:
    """Return the evaluations that have curves."""
    return {name: e for name, e in evaluations.items() if not e.roc.empty}


def reason(evaluations: Evaluations) -> str:
    """Return why there is nothing to draw."""
    return next((e.measure("auc").reason for e in evaluations.values()), "no model to draw")


def _title(evaluations: Evaluations, finding: object, question: str) -> str:
    if len(evaluations) == 1:
        return finding(next(iter(evaluations.values())))
    return question


def counts(evaluations: Evaluations) -> str:
    """Return the counts all share, or each with its name where they differ."""
    told = {name: e.counts() for name, e in evaluations.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return "; ".join(f"{name}: {words}" for name, words in told.items())
