"""An extract against development: where and when it moved, both distributions, scores and grades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import empty, line, plain, shortened, style
from workbench.charts.profile import HALF_A_PAGE, bin_labels
from workbench.evaluation import format_p, format_percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST = 30
FULL = 0.25
LIMITS_ACROSS = 2.0
"""How far bars reach: so many times the limit of red. A longer one is cut, with its figure at its end."""
SCALE = ((0.0, "rgba(128,128,128,.10)"), (0.01, "rgba(217,119,6,.16)"), (1.0, palette.BADS))
INVISIBLE = "rgba(0,0,0,0)"


def psi_by_month(cells: pd.DataFrame, order: list[str]) -> go.Figure:
    """Draw the PSI of each characteristic and month; inside the no-drift band a cell stays grey.

    Parameters
    ----------
    cells : DataFrame
        characteristic, title, month, n, psi, psi_99.
    order : list of str
        Characteristics from above; beyond 30 they are left out.

    Notes
    -----
    A point lies over each cell, so that it can be clicked: ``customdata`` holds characteristic and month.
    """
    import plotly.graph_objects as go

    title = "PSI by characteristic and month"
    if cells.empty:
        return empty(title, "the extract has no dates")
    kept = order[:MOST]
    months = sorted(cells["month"].unique())
    grid = {name: cells.pivot(index="characteristic", columns="month", values=name).reindex(kept)[months]
            for name in ("psi", "psi_99", "n")}  # fmt: skip
    beyond = np.where(grid["psi"] > grid["psi_99"], grid["psi"], 0.0)
    titles = dict(zip(cells["characteristic"], cells["title"], strict=True))
    names = [shortened(titles.get(name, name), 30) for name in kept]
    at = list(range(len(kept)))
    figure = go.Figure(
        go.Heatmap(
            x=months, y=at, z=np.where(np.isnan(grid["psi"]), np.nan, beyond), zmin=0, zmax=FULL,
            colorscale=[list(stop) for stop in SCALE], xgap=2, ygap=2, hoverinfo="skip",
            colorbar={"title": {"text": "PSI", "side": "top"}, "thickness": 10, "len": 1.0},
        )
    )  # fmt: skip
    y, x = np.meshgrid(at, months, indexing="ij")
    told = [
        (kept[i], month, plain(titles.get(kept[i], kept[i])), psi, level, n)
        for i, month, psi, level, n in zip(
            y.ravel().tolist(), x.ravel().tolist(), grid["psi"].to_numpy().ravel(),
            grid["psi_99"].to_numpy().ravel(), grid["n"].to_numpy().ravel(), strict=True,
        )
    ]  # fmt: skip
    figure.add_scatter(
        x=x.ravel().tolist(), y=y.ravel().tolist(), customdata=told, mode="markers", name="",
        marker={"color": INVISIBLE, "size": 16, "symbol": "square", "line": {"width": 0}},
        selected={"marker": {"color": "rgba(37,99,235,.55)"}}, unselected={"marker": {"opacity": 1}},
        hovertemplate="%{customdata[2]}, %{x|%b %Y}: PSI %{customdata[3]:.3f}, no-drift band to "
        "%{customdata[4]:.3f}, %{customdata[5]:,} rows<extra></extra>",
    )  # fmt: skip
    left = len(order) - len(kept)
    note = "grey: inside the no-drift band, where 99 in 100 unchanged months of that size lie"
    note += f"; {left} more characteristics are left out" if left else ""
    style(figure, title, note, height=150 + max(22 * len(kept), 200), right=8)
    figure.update_xaxes(type="date", tickformat="%b %Y", showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=at, ticktext=names)
    return figure


def psi_bars(lines: pd.DataFrame, amber: float, red: float) -> go.Figure:
    """Draw the PSI of each characteristic with the end of its no-drift band.

    Parameters
    ----------
    lines : DataFrame
        characteristic, title, n, psi, psi_99, in the order from above.
    amber, red : float
        The limits, drawn as thin lines.
    """
    import plotly.graph_objects as go

    kept = lines.head(MOST)
    at, names = list(range(len(kept))), [shortened(t, 30) for t in kept["title"]]
    colours = [palette.BADS if psi > level else palette.GREY
               for psi, level in zip(kept["psi"], kept["psi_99"], strict=True)]  # fmt: skip
    told = kept.assign(title=kept["title"].map(plain), month="")
    most = float(np.nanmax([*kept["psi"], *kept["psi_99"], amber])) * 1.15
    most = min(most, LIMITS_ACROSS * red)
    cut = [f"PSI {psi:.2f}, cut" if psi > most else "" for psi in kept["psi"]]
    figure = go.Figure(
        go.Bar(
            x=kept["psi"].clip(upper=most), y=at, text=cut, textposition="inside", insidetextanchor="end",
            textfont={"color": "#ffffff", "size": 11}, orientation="h", marker_color=colours, name="PSI",
            showlegend=False,
            customdata=told[["characteristic", "month", "title", "psi_99", "n", "psi"]],
            unselected={"marker": {"opacity": 0.6}},
            hovertemplate="%{customdata[2]}: PSI %{customdata[5]:.4f}, no-drift band to "
            "%{customdata[3]:.4f}, %{customdata[4]:,} rows<extra></extra>",
        )
    )  # fmt: skip
    figure.add_scatter(
        x=kept["psi_99"], y=at, mode="markers", name="end of the no-drift band (99%)", hoverinfo="skip",
        marker={"symbol": "line-ns-open", "size": 13, "color": palette.GOODS, "line": {"width": 2}},
    )  # fmt: skip
    for value, label in ((amber, "amber"), (red, "red")):
        if value <= most:
            figure.add_vline(x=value, **line(label), annotation_position="top")
    moved = int((lines["psi"] > lines["psi_99"]).sum())
    title = f"{moved} of {len(lines)} characteristics lie beyond what chance explains"
    style(figure, title, "PSI on development bins; limits by the rule of thumb, a convention",
          legend="keys", height=150 + 22 * len(kept))  # fmt: skip
    figure.update_xaxes(range=[0, most], title_text="PSI")
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=at, ticktext=names)
    return figure


def two_distributions(bins: pd.DataFrame, title: str, now: str, before: str, note: str = "") -> go.Figure:
    """Draw what two sets of rows hold on the same frozen bins.

    Parameters
    ----------
    bins : DataFrame
        label, n_development, share_development, n, share.
    now, before : str
        What the sets are called.
    """
    import plotly.graph_objects as go

    shown = bins[(bins["n"] > 0) | (bins["n_development"] > 0)]
    if shown.empty:
        return empty(title, "no rows in this group")
    at = list(range(len(shown)))
    labels = [str(label) for label in shown["label"]]
    figure = go.Figure()
    for name, share, n, colour in (
        (before, "share_development", "n_development", palette.GREY),
        (now, "share", "n", palette.GOODS),
    ):
        figure.add_bar(
            x=at, y=shown[share], name=shortened(name, 30), marker_color=colour,
            customdata=np.column_stack([[plain(t) for t in labels], shown[n]]),
            hovertemplate="%{customdata[0]}: %{y:.1%}, %{customdata[1]:,} rows<extra></extra>",
        )  # fmt: skip
    said = f"{int(shown['n'].sum()):,} rows against {int(shown['n_development'].sum()):,}"
    axis, depth = bin_labels(labels, HALF_A_PAGE)
    style(figure, title, f"{said}; {note}" if note else said, legend="keys", height=330 + depth)
    figure.update_layout(barmode="group")
    figure.update_xaxes(**axis, showgrid=False)
    figure.update_yaxes(tickformat=".0%", title_text="Share of rows", rangemode="tozero")
    return figure


def scores_by_month(months: pd.DataFrame, approval: float, reference: str) -> go.Figure:
    """Draw approval rate and mean PD by month.

    Parameters
    ----------
    months : DataFrame
        month, n, mean_points, mean_p_bad, approval_rate, psi.
    approval : float
        Approval rate of the reference.
    """
    from plotly.subplots import make_subplots

    if months.empty:
        return empty("Approvals by month", "the extract has no dates")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.07)
    for row, name, colour, words in (
        (1, "approval_rate", palette.GOODS, "approval rate"),
        (2, "mean_p_bad", palette.BADS, "mean PD"),
    ):
        figure.add_scatter(
            x=months["month"], y=months[name], mode="lines+markers", line={"color": colour, "width": 2},
            customdata=months[["n", "psi", "mean_points"]], showlegend=False,
            hovertemplate=f"%{{x|%b %Y}}: {words} %{{y:.1%}}, mean %{{customdata[2]:.0f}} points<br>"
            "%{customdata[0]:,} rows, PSI %{customdata[1]:.3f}<extra></extra>",
            row=row, col=1,
        )  # fmt: skip
    label = line(format_percent(approval))
    figure.add_hline(y=approval, **label, annotation_position="right", row=1, col=1)
    low, high = months["approval_rate"].min(), months["approval_rate"].max()
    title = f"Approval rate by month: {format_percent(low)} to {format_percent(high)}"
    style(figure, title, f"dashed: {format_percent(approval)} on the {reference}", height=360, right=60)
    figure.update_xaxes(type="date", tickformat="%b %Y")
    figure.update_yaxes(tickformat=".0%", title_text="Approval rate", row=1, col=1)
    figure.update_yaxes(tickformat=".0%", title_text="Mean PD", rangemode="tozero", row=2, col=1)
    return figure


def grades(bands: pd.DataFrame, n: int, n_bad: int) -> go.Figure:
    """Draw the bad rate of each band against its PD.

    Parameters
    ----------
    bands : DataFrame
        band, n, n_bad, mean_p_bad, bad_rate, low, high, p_value, p_adjusted, bad_rate_reference.
    """
    import plotly.graph_objects as go

    known = bands[bands["n"] > 0]
    if known.empty:
        return empty("Bad rate by band", "no row has a known outcome")
    counts = known[["n", "n_bad"]]
    p_value, p_adjusted = (known[name].map(format_p) for name in ("p_value", "p_adjusted"))
    figure = go.Figure()
    figure.add_scatter(
        x=known["band"], y=known["mean_p_bad"], mode="markers", name="PD",
        marker={"symbol": "line-ew-open", "size": 22, "color": palette.REFERENCE, "line": {"width": 2}},
        hovertemplate="%{x}: PD %{y:.2%}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=known["band"], y=known["bad_rate"], mode="markers", name="bad rate, 95% interval",
        error_y={"array": known["high"] - known["bad_rate"], "arrayminus": known["bad_rate"] - known["low"],
                 "thickness": 1, "width": 3},
        marker={"color": palette.BADS, "size": 8}, customdata=counts.assign(p=p_value, q=p_adjusted),
        hovertemplate="%{x}: bad rate %{y:.2%}, %{customdata[0]:,} rows, %{customdata[1]:,} bads<br>"
        "Jeffreys %{customdata[2]}, for all bands %{customdata[3]}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=known["band"], y=known["bad_rate_reference"], mode="markers", name="bad rate when approved",
        marker={"color": palette.GREY, "size": 8, "symbol": "circle-open"},
        hovertemplate="%{x}: %{y:.2%} when approved<extra></extra>",
    )  # fmt: skip
    low = known.loc[known["p_adjusted"] < 0.05, "band"].tolist()
    title = (
        f"The PD is too low in {', '.join(map(str, low))}" if low else "No band's PD is too low beyond chance"
    )
    style(figure, title, f"{n:,} rows, {n_bad:,} bads; Jeffreys' test, adjusted for all bands (5%)",
          legend="keys", height=340)  # fmt: skip
    figure.update_yaxes(tickformat=".0%", title_text="Bad rate", rangemode="tozero")
    return figure
