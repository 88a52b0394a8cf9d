"""Several models on the same rows, drawn over one another, and what it means to swap one for another."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import PERCENT, empty, line, plain, shortened, style
from workbench.charts.evaluation import Evaluations, counts, drawable, reason
from workbench.evaluation import format_difference, format_p, format_percent
from workbench.evaluation.approval import PARTS
from workbench.evaluation.paired import turned
from workbench.evaluation.slices import POOLED_BADS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.evaluation import AtApproval, Comparison

FROM_SHARE = 0.01
PLOT = 330
KEY = 17
AHEAD, BEHIND = "#0d9488", "#8b5cf6"


def precision_recall(evaluations: Evaluations) -> go.Figure:
    """Draw the share of bads among those flagged against the share of bads caught."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = "How many of those flagged are bad, the more bads are caught?"
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        curve = e.precision_recall
        if curve.empty:
            continue
        figure.add_scatter(
            x=curve["recall"],
            y=curve["precision"],
            customdata=curve["p_bad"],
            name=f"{shortened(name)}: average precision {e.shown('average_precision')}",
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="PD from %{customdata:.2%}: %{x:.1%} of bads caught, %{y:.1%} of the flagged bad",
        )
    rate = next(iter(drawn.values())).value("bad_rate")
    figure.add_hline(y=rate, **line(f"all {format_percent(rate)}"), annotation_position="bottom left")
    style(figure, title, counts(drawn), legend="keys", height=_height(drawn))
    figure.update_xaxes(title_text="Share of bads caught (recall)", tickformat=PERCENT, range=[0, 1])
    figure.update_yaxes(title_text="Bad rate of the flagged", tickformat=PERCENT, range=[0, 1.005])
    return figure


def ks_curves(evaluations: Evaluations) -> go.Figure:
    """Draw how far apart goods and bads are at each PD."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = "Where are goods and bads furthest apart?"
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        figure.add_scatter(
            x=e.ks_curve["p_bad"],
            y=100 * e.ks_curve["distance"].abs(),
            name=f"{shortened(name)}: KS {e.shown('ks')}",
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="PD from %{x:.2%}: %{y:.1f} points of a hundred apart",
        )
    style(figure, title, counts(drawn), legend="keys", height=_height(drawn))
    figure.update_xaxes(title_text="PD", tickformat=PERCENT, rangemode="tozero")
    figure.update_yaxes(title_text="Distance x 100", rangemode="tozero")
    return figure


def lift(evaluations: Evaluations) -> go.Figure:
    """Draw the bad rate of the riskiest applicants as a multiple of all applicants'."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = "How many times the usual bad rate do the riskiest have?"
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        # the first few applicants are noise of one or two bads
        curve = e.gains[e.gains["share_applicants"] >= FROM_SHARE]
        figure.add_scatter(
            x=curve["share_applicants"],
            y=curve["lift"],
            name=f"{shortened(name)}: riskiest tenth {e.shown('lift_top_decile')}",
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="riskiest %{x:.1%}: %{y:.2f} times the bad rate of all",
        )
    figure.add_hline(y=1, **line())
    style(figure, title, counts(drawn), legend="keys", height=_height(drawn))
    figure.update_xaxes(title_text="Share of applicants, riskiest first", tickformat=PERCENT, range=[0, 1])
    figure.update_yaxes(title_text="Lift", rangemode="tozero")
    return figure


def bad_rates(evaluations: Evaluations, approval: float) -> go.Figure:
    """Draw the bad rate among the approved at each approval rate."""
    import plotly.graph_objects as go

    drawn = drawable(evaluations)
    title = "What does each approval rate cost in bads?"
    if not drawn:
        return empty(title, reason(evaluations))
    figure = go.Figure()
    for position, (name, e) in enumerate(drawn.items()):
        curve = e.gains[e.gains["share_applicants"] <= 1 - FROM_SHARE]
        approved = 1 - curve["share_applicants"]
        figure.add_scatter(
            x=approved,
            y=(1 - curve["share_bads"]) * e.value("bad_rate") / approved,
            name=shortened(name),
            line=palette.group_line(position),
            mode="lines",
            hovertemplate="approve %{x:.1%}: %{y:.2%} of the approved are bad",
        )
    figure.add_vline(x=approval, **line(f"{approval:.0%} approved"), annotation_position="top left")
    style(figure, title, counts(drawn), legend="keys", height=_height(drawn))
    figure.update_xaxes(title_text="Share of applicants approved", tickformat=PERCENT, range=[0, 1])
    figure.update_yaxes(title_text="Bad rate of the approved", tickformat=PERCENT, rangemode="tozero")
    return figure


def differences(comparison: Comparison) -> go.Figure:
    """Draw the difference in AUC of each pair; only those beyond noise are coloured."""
    import plotly.graph_objects as go

    names = list(comparison.names)
    size = len(names)
    values, words, hover = (
        np.zeros((size, size)),
        np.full((size, size), "", object),
        np.full((size, size), "", object),
    )
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            if i != j:
                pair = turned(comparison.tests, column, row)
                sure = bool(pair["beyond_noise"])
                values[i, j] = pair["difference"] if sure else 0.0
                told = format_difference(pair["difference"])
                words[i, j] = f"<b>{told}</b>" if sure else told
                low, high = format_difference(pair["low"]), format_difference(pair["high"])
                hover[i, j] = (
                    f"{plain(row)} less {plain(column)}: {told} ({low} to {high})<br>"
                    f"{format_p(pair['p_value'])}, adjusted {format_p(pair['p_adjusted'])}"
                )
    span = max(float(np.abs(values).max()), 1e-9)
    figure = go.Figure(
        go.Heatmap(
            z=values, x=[_wrapped(n) for n in names], y=[shortened(n) for n in names],
            customdata=hover, xgap=2, ygap=2, showscale=False,
            colorscale=[[0, _faint(BEHIND)], [0.5, "rgba(128,128,128,.10)"], [1, _faint(AHEAD)]],
            zmin=-span, zmax=span, hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    for (i, j), text in np.ndenumerate(words):
        # an annotation takes the theme's ink; a heat map's own text is dark in the dark theme too
        figure.add_annotation(x=j, y=i, text=text, showarrow=False, font={"size": 13})
    note = f"AUC of the row less that of the column; DeLong, {counts(comparison.evaluations)}"
    style(figure, _question(comparison), note, height=150 + 44 * size)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="bottom", showgrid=False, tickangle=0)
    return figure


def _question(comparison: Comparison) -> str:
    sure = int(comparison.tests["beyond_noise"].sum())
    of = len(comparison.tests)
    if of == 1:
        return "The two differ beyond noise" if sure else "The two do not differ beyond noise"
    return f"{sure} of {of} pairs differ beyond noise"


def _wrapped(name: str) -> str:
    """Return a name in short lines, so that columns need no slanted labels."""
    return "<br>".join(plain(part) for part in textwrap.wrap(name, 12))


def _height(drawn: Mapping[str, object]) -> int:
    """Return the height that leaves the plot its room below a key a model."""
    return PLOT + KEY * len(drawn)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},.45)"


def swap_set(at: AtApproval, a: str, b: str) -> go.Figure:
    """Draw who stays approved, who is swapped in and out, and who stays declined, going from a to b."""
    import plotly.graph_objects as go

    parts = at.swapped(a, b)
    if parts.empty:
        flipped = dict(zip(("swapped in", "swapped out"), ("swapped out", "swapped in"), strict=True))
        parts = at.swapped(b, a).assign(part=lambda f: f["part"].replace(flipped))
    parts = parts.set_index("part").reindex(list(PARTS))
    moved, into, out = (int(parts.loc[p, "n"]) for p in ("swapped in", "swapped in", "swapped out"))
    title = f"From {a} to {b}: {into:,} swapped in, {out:,} swapped out, {at.approval:.0%} approved by both"
    if moved == 0 and out == 0:
        return empty(f"From {a} to {b}: nobody is swapped", "both approve the same applicants")
    figure = go.Figure()
    labels = [part.capitalize() for part in parts.index]
    told = [
        "nobody" if not n else f"{format_percent(rate)} bad ({format_percent(low)} to {format_percent(high)})"
        for n, rate, low, high in parts[["n", "bad_rate", "low", "high"]].itertuples(index=False)
    ]
    goods = parts["n"] - parts["n_bad"]
    for name, values, colour in (("goods", goods, palette.GOODS), ("bads", parts["n_bad"], palette.BADS)):
        figure.add_bar(
            y=labels, x=values, name=name, orientation="h", marker_color=colour,
            hovertemplate="%{y}: %{x:,} " + name + "<extra></extra>",
        )  # fmt: skip
    for label, n, text in zip(labels, parts["n"], told, strict=True):
        figure.add_annotation(
            x=n, y=label, text=text, xanchor="left", xshift=6, showarrow=False, font={"size": 11}
        )
    style(
        figure,
        title,
        f"{int(parts['n'].sum()):,} applicants whose outcome is known",
        legend="keys",
        height=280,
    )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text="Applicants", tickformat=",", range=[0, float(parts["n"].max()) * 1.45])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def auc_by_month(months: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw the AUC of each model by calendar month with its 95% interval."""
    import plotly.graph_objects as go

    title = "Does the ranking hold from month to month?"
    drawn = {name: frame[frame["auc"].notna()] for name, frame in months.items()}
    drawn = {name: frame for name, frame in drawn.items() if len(frame)}
    if not drawn:
        return empty(title, "no month has goods and bads")
    figure = go.Figure()
    for position, (name, frame) in enumerate(drawn.items()):
        look = palette.group_line(position)
        figure.add_scatter(
            x=frame["month"],
            y=frame["auc"],
            error_y={
                "array": frame["auc_high"] - frame["auc"],
                "arrayminus": frame["auc"] - frame["auc_low"],
                "thickness": 1,
                "width": 3,
            },
            customdata=frame[["auc_low", "auc_high", "n", "n_bad"]],
            name=shortened(name),
            mode="markers",  # a line would run across months without rows
            marker={"size": 6, "color": look["color"]},
            hovertemplate="%{x}: AUC %{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})"
            "<br>%{customdata[2]:,} applicants, %{customdata[3]:,} bads",
        )
    first = next(iter(drawn.values()))
    bads = f"{first['n_bad'].min():,} to {first['n_bad'].max():,} bads a month"
    if first["month"].str.contains(" to ").any():
        bads = f"{bads.replace('a month', 'a point')}, months with fewer than {POOLED_BADS} are pooled"
    style(figure, title, f"{bads}, 95% intervals", legend="keys")
    figure.update_layout(scattermode="group", scattergap=0.4)  # models beside one another
    figure.update_xaxes(type="category", title_text="Month")
    figure.update_yaxes(title_text="AUC", tickformat=".2f")
    return figure
