"""Groups side by side: approvals, errors, PDs and calibration, at one cut-off and at all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import PERCENT, diagonal, empty, line, plain, shortened, style
from workbench.evaluation import format_percent
from workbench.fairness.grouping import CROSS
from workbench.fairness.measures import NOBODY
from workbench.fairness.words import ratio, without_ratio

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.fairness import Elderly, Fairness

OVER = {
    "air": "Approval rate over the comparator's",
    "approval_rate": "Share approved",
    "goods_approved": "Share of goods approved",
    "bads_approved": "Share of bads approved",
    "good_of_approved": "Share of goods among the approved",
}
"""What can be drawn over all cut-offs, with the axis it has."""
ERRORS = {
    "goods_approved": "Goods approved",
    "bads_approved": "Bads approved",
    "good_of_approved": "Goods among approved",
}


def ratios(found: Fairness, by: str) -> go.Figure:
    """Draw each group's approval rate over the comparator's, with its 95% interval."""
    import plotly.graph_objects as go

    to, groups = found.comparators[by], found.of(by)
    drawn = groups[groups["air"].notna()]
    if to.at < 0 or len(drawn) < 2:
        return empty("Adverse impact ratio", without_ratio(found, by))
    figure = go.Figure()
    figure.add_vline(x=1, line={"color": palette.REFERENCE, "width": 1})
    for screen in found.profile.screens:
        figure.add_vline(x=screen.ratio, **line(screen.words), annotation_position="top")
    labels = [shortened(name, 22) for name in drawn["group"]]
    figure.add_scatter(
        x=drawn["air"], y=labels, mode="markers", marker={"size": 10, "color": palette.GOODS},
        error_x={
            "array": (drawn["air_high"] - drawn["air"]).fillna(0),
            "arrayminus": (drawn["air"] - drawn["air_low"]).fillna(0), "thickness": 1.5, "width": 4,
        },
        customdata=np.stack([_told(drawn), drawn["group"], drawn["n"]], axis=1),
        hovertemplate="%{customdata[1]}: %{customdata[0]}<br>%{customdata[2]:,} applicants<extra></extra>",
    )  # fmt: skip
    tests = int(np.isfinite(found.gaps["p_value"].to_numpy(dtype=float)).sum())
    note = f"n {found.n:,}, Katz intervals, Benjamini-Hochberg over {tests} tests"
    style(figure, "Adverse impact ratio, 95% interval", note, height=max(170 + 40 * len(drawn), 340))
    low, high = np.nanmin([drawn["air_low"].min(), 0.78]), np.nanmax([drawn["air_high"].max(), 1.05])
    pad = 0.06 * (high - low)
    figure.update_xaxes(
        title_text=f"approval rate against {shortened(to.group)}", range=[low - pad, high + pad]
    )
    figure.update_yaxes(autorange="reversed", type="category")
    return figure


def _told(groups: pd.DataFrame) -> list[str]:
    return [
        ratio(a, low, high) for a, low, high in groups[["air", "air_low", "air_high"]].itertuples(index=False)
    ]


def over_cut_offs(found: Fairness, by: str, measure: str = "air") -> go.Figure:
    """Draw a measure of each group at every cut-off, the one in force marked."""
    import plotly.graph_objects as go

    swept = found.over_cut_offs
    swept = swept[swept["by"] == by]
    to = found.comparators[by]
    title = "The same ratio at every cut-off" if measure == "air" else f"{OVER[measure]}, at every cut-off"
    others = swept[swept["group"] != to.group] if measure == "air" else swept
    if not others[measure].notna().any():
        few = to.why if to.at < 0 and measure == "air" else "no other group is large enough"
        return empty(title, few if found.n_known or measure in ("air", "approval_rate") else "no outcomes")
    figure = go.Figure()
    for position, name in enumerate(found.grouping(by).labels):
        own = swept[swept["group"] == name]
        if (measure == "air" and name == to.group) or not own[measure].notna().any():
            continue
        figure.add_scatter(
            x=own["cut_off"], y=own[measure], name=shortened(name), mode="lines",
            line=palette.group_line(position), connectgaps=False,
            customdata=own["approved"],
            hovertemplate="below %{x:.1%} (%{customdata:.0%} of all approved): %{y:.3f}",
        )  # fmt: skip
    figure.add_vline(
        x=found.cut_off, **line(f"now, below {format_percent(found.cut_off)}"),
        annotation_position="top left" if found.cut_off > 0.5 * swept["cut_off"].max() else "top right",
    )  # fmt: skip
    if measure == "air":
        figure.add_hline(y=1, line={"color": palette.REFERENCE, "width": 1})
        for screen in found.profile.screens:
            figure.add_hline(y=screen.ratio, **line(screen.words), annotation_position="bottom right")
    note = "a line breaks where fewer than 30 applicants, or fewer than 5 approvals, would tell"
    style(figure, title, note, legend="keys")
    figure.update_xaxes(title_text="approve below PD", tickformat=PERCENT)
    figure.update_yaxes(title_text=OVER[measure], tickformat=".2f" if measure == "air" else PERCENT)
    if measure == "air":
        values = swept["air"].to_numpy(dtype=float)
        figure.update_yaxes(
            range=[max(np.nanquantile(values, 0.02) - 0.05, 0), np.nanmax([1.15, *_top(values)])]
        )
    return figure


def _top(values: np.ndarray) -> list[float]:
    return [float(np.nanquantile(values, 0.98)) + 0.05]


def errors(found: Fairness, by: str) -> go.Figure:
    """Draw who is declined though good, and approved though bad, by group with intervals."""
    import plotly.graph_objects as go

    groups = found.of(by)
    title = "Whose goods are declined, whose bads are approved?"
    if not found.n_known:
        return empty(title, "no outcomes")
    figure = go.Figure()
    for position, row in enumerate(groups.to_dict("records")):
        values = np.array([row[name] for name in ERRORS], dtype=float)
        if not np.isfinite(values).any():
            continue
        ends = [np.array([row[f"{name}_{end}"] for name in ERRORS], dtype=float) for end in ("low", "high")]
        figure.add_scatter(
            x=list(ERRORS.values()), y=values, name=shortened(row["group"]), mode="markers",
            marker={"size": 8, "color": palette.group_line(position)["color"]},
            error_y={"array": ends[1] - values, "arrayminus": values - ends[0], "thickness": 1, "width": 3},
            hovertemplate="%{x}: %{y:.1%}",
        )  # fmt: skip
    if not figure.data:
        return empty(title, _no_rate(groups))
    note = f"{found.n_known:,} applicants with a known outcome, {found.n_bad:,} bads, 95% intervals (Wilson)"
    style(figure, title, note, legend="keys")
    figure.update_layout(scattermode="group", scattergap=0.5)
    figure.update_yaxes(tickformat=PERCENT, title_text="Share of the group's")
    return figure


def _no_rate(groups: pd.DataFrame) -> str:
    return NOBODY if (groups["approval_rate_reason"] == NOBODY).any() else "no group is large enough"


def pd_by_group(found: Fairness, by: str) -> go.Figure:
    """Draw how the PDs of each group are spread, with the cut-off."""
    import plotly.graph_objects as go

    spread = found.distribution[found.distribution["by"] == by]
    groups = found.of(by).set_index("group")
    figure = go.Figure()
    for position, (name, own) in enumerate(spread.groupby("group", sort=False)):
        smd = groups.loc[name, "smd_p_bad"]
        told = "" if groups.loc[name, "is_reference"] or np.isnan(smd) else f": SMD {smd:+.2f}"
        figure.add_scatter(
            x=(own["p_low"] + own["p_high"]) / 2, y=own["share"], name=shortened(f"{name}{told}", 40),
            mode="lines", line={**palette.group_line(position), "shape": "hvh"},
            hovertemplate="PD about %{x:.1%}: %{y:.1%} of the group",
        )  # fmt: skip
    if not figure.data:
        return empty("How do the groups' PDs differ?", "no group is large enough")
    figure.add_vline(x=found.cut_off, **line("cut-off"), annotation_position="top right")
    note = f"n {found.n:,}; SMD in standard deviations of all, .30 a convention; no group or step under 30"
    style(figure, "How do the groups' PDs differ?", note, legend="keys")
    figure.update_xaxes(title_text="PD", tickformat=PERCENT, rangemode="tozero")
    figure.update_yaxes(title_text="Share of the group", tickformat=PERCENT, rangemode="tozero")
    return figure


def calibration_by_group(found: Fairness, by: str) -> go.Figure:
    """Draw the bad rate seen against the PD predicted, within each group."""
    import plotly.graph_objects as go

    bins = found.calibration[found.calibration["by"] == by]
    title = "Does a PD mean the same in each group?"
    bins = bins[bins["n"] >= 30]
    if bins.empty:
        return empty(
            title, "no outcomes" if not found.n_known else "no group has 30 applicants in a band of PD"
        )
    figure = go.Figure()
    top = float(max(bins["high"].max(), bins["mean_p_bad"].max()))
    diagonal(figure, top)
    for position, (name, own) in enumerate(bins.groupby("group", sort=False)):
        figure.add_scatter(
            x=own["mean_p_bad"], y=own["bad_rate"], name=shortened(name), mode="lines+markers",
            line=palette.group_line(position), marker={"size": 6},
            error_y={
                "array": own["high"] - own["bad_rate"], "arrayminus": own["bad_rate"] - own["low"],
                "thickness": 1, "width": 2,
            },
            customdata=own[["n", "n_bad"]],
            hovertemplate="PD %{x:.1%}: %{y:.1%} bad<br>n %{customdata[0]:,}, %{customdata[1]:,} bads",
        )  # fmt: skip
    note = f"tenths of everyone's PDs; {found.n_known:,} applicants, {found.n_bad:,} bads; 95% intervals"
    style(figure, title, note, legend="keys")
    figure.update_xaxes(title_text="Mean PD", tickformat=PERCENT, rangemode="tozero")
    figure.update_yaxes(title_text="Bad rate seen", tickformat=PERCENT, rangemode="tozero")
    return figure


def crossing(found: Fairness, by: str) -> go.Figure:
    """Draw the approval rate of each cell of two attributes; cells too small to tell are hatched."""
    import plotly.graph_objects as go

    cells = found.intersections[found.intersections["by"] == by]
    rows, columns = (list(dict.fromkeys(cells[name])) for name in ("first", "second"))
    at = {(a, b): i for i, (a, b) in enumerate(zip(cells["first"], cells["second"], strict=True))}
    table = cells.reset_index(drop=True)
    z = np.full((len(rows), len(columns)), np.nan)
    figure = go.Figure()
    hidden = 0
    for i, a in enumerate(rows):
        for j, b in enumerate(columns):
            if (a, b) not in at:
                continue
            cell = table.iloc[at[a, b]]
            z[i, j] = cell["shrunk"]
            if cell["reason"]:
                hidden += 1
                _hatched(figure, j, i, f"{a}, {b}: {cell['reason']}")
            figure.add_annotation(x=j, y=i, text=_cell(cell), showarrow=False, font={"size": 12})
    told = np.array([[_hover(table, at.get((a, b))) for b in columns] for a in rows])
    figure.add_heatmap(
        z=z, x=np.arange(len(columns)), y=np.arange(len(rows)), customdata=told, xgap=2, ygap=2,
        colorscale=[[0, "rgba(217,119,6,.45)"], [0.5, "rgba(128,128,128,.12)"], [1, "rgba(37,99,235,.45)"]],
        zmid=found.approval_rate, showscale=False, hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    note = (
        "approval rate drawn towards everyone's where a cell is small (beta-binomial), n, ratio below; "
        f"hatched: {hidden} of {len(cells)} cells too small to tell"
    )
    if (cells["reason"] == NOBODY).any():
        note = f"hatched: no approval rate, as {NOBODY}"
    titles = " and ".join(found.grouping(one).title.lower() for one in by.split(CROSS))
    style(figure, f"Who is approved, by {titles}?", note, height=150 + 56 * len(rows))
    figure.update_xaxes(tickvals=np.arange(len(columns)), ticktext=[shortened(c, 18) for c in columns])
    figure.update_yaxes(tickvals=np.arange(len(rows)), ticktext=[shortened(r, 18) for r in rows])
    figure.update_xaxes(showgrid=False, range=[-0.5, len(columns) - 0.5])
    figure.update_yaxes(showgrid=False, range=[len(rows) - 0.5, -0.5])
    return figure


def _hatched(figure: go.Figure, x: int, y: int, told: str) -> None:
    left, right, top, bottom = x - 0.48, x + 0.48, y - 0.46, y + 0.46
    figure.add_scatter(
        x=[left, right, right, left, left], y=[top, top, bottom, bottom, top], mode="lines", fill="toself",
        line={"width": 0, "color": palette.FAINT}, hoverinfo="text", text=plain(told), showlegend=False,
        fillcolor="rgba(0,0,0,0)",
        fillpattern={"shape": "/", "fgcolor": palette.REFERENCE, "bgcolor": "rgba(0,0,0,0)", "size": 7},
    )  # fmt: skip


def _cell(cell: pd.Series) -> str:
    if cell["reason"]:
        return f"n {cell['n']:,}"
    air = "" if np.isnan(cell["air"]) else f"<br>{ratio(cell['air'])}"
    return f"<b>{cell['shrunk']:.0%}</b>, n {cell['n']:,}{air}"


def _hover(table: pd.DataFrame, at: int | None) -> str:
    if at is None:
        return ""
    cell = table.iloc[at]
    if cell["reason"]:
        return plain(f"{cell['group']}: {cell['reason']}")
    seen = f"{cell['approval_rate']:.1%} ({cell['low']:.1%} to {cell['high']:.1%})"
    told = ratio(cell["air"], cell["air_low"], cell["air_high"]) if cell["air"] == cell["air"] else ""
    return plain(f"{cell['group']}: {seen} of {cell['n']:,} approved") + f"<br>ratio {told}"


def by_age(found: Elderly) -> go.Figure:
    """Draw the mean PD of the elderly applicants, were they of another age."""
    import plotly.graph_objects as go

    title = f"What does {found.characteristic.lower()} do to the elderly?"
    if not found.n:
        return empty(title, "no elderly applicants among these")
    figure = go.Figure()
    old = found.by_age["elderly"]
    for name, inside, colour in (
        (f"below {found.since}", ~old, palette.GREY),
        (f"{found.since} and over", old, palette.GROUPS[1]),
    ):
        own = found.by_age[inside]
        figure.add_scatter(
            x=own["age"], y=own["mean_p_bad"], name=name, mode="lines", line={"color": colour, "width": 2},
            hovertemplate="at %{x}: %{y:.2%}",
        )  # fmt: skip
    note = f"mean PD of {found.n:,} applicants of 62 and over, all else about them as it is"
    style(figure, title, note, legend="keys", height=300)
    figure.update_xaxes(title_text="Were they of this age")
    figure.update_yaxes(title_text="Mean PD", tickformat=".1%", rangemode="tozero")
    return figure
