"""What drives a model over all rows: a beeswarm, dependence, seen against predicted, pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.charts import palette
from workbench.charts.canvas import empty, error_bars, plain, shortened, style
from workbench.charts.explanation_axes import Axis, axis_of, shares
from workbench.charts.profile import HALF_A_PAGE, bin_labels
from workbench.explanation.rows import number_words

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.explanation import Overview

SHOWN = 12
LINE = 40
SHADES = [[0.0, palette.GOODS], [0.5, "#a9b4c4"], [1.0, palette.BADS]]
COLOURS = "blue a low number, orange a high one; grey a category, a code or missing"


def swarm(
    value: Overview, shown: int = SHOWN, selected: str = "", title: str = "Importance of characteristics"
) -> go.Figure:
    """Draw what each characteristic does to the rows told; a mark's colour is the characteristic's own value.

    Parameters
    ----------
    value : Overview
    shown : int
        The most important ones.
    selected : str
        The characteristic whose name stands out.

    Notes
    -----
    ``customdata`` of a mark starts with the characteristic's name.
    """
    import plotly.graph_objects as go

    top = value.importance.head(shown).reset_index(drop=True)
    places = {name: i for i, name in enumerate(top["characteristic"])}
    marks = value.swarm[value.swarm["characteristic"].isin(list(places))]
    titles = marks["characteristic"].map(dict(zip(top["characteristic"], top["title"], strict=True)))
    marks = marks.assign(y=marks["characteristic"].map(places) + 0.8 * marks["offset"], title=titles)
    # only numbers are low or high: a category's shade says nothing here
    ordered = value.dependence.loc[value.dependence["at"].notna(), "characteristic"].unique()
    shade = marks["shade"].where(marks["characteristic"].isin(ordered))
    marks = marks.assign(shade=shade)
    figure = go.Figure()
    for placed, colour in ((False, None), (True, "shade")):
        part = marks[marks["shade"].notna() == placed]
        if part.empty:
            continue
        figure.add_scatter(
            x=part["value"].round(4), y=part["y"].round(3), mode="markers",
            customdata=_about(part, ["characteristic", "title", "n"]),
            marker=_marker(part, colour, 4.5),
            hovertemplate=f"%{{customdata[1]}}: %{{x:{_form(value)}}}"
            "<br>%{customdata[2]:,} applicants<extra></extra>",
            **_steady(),
        )  # fmt: skip
    note = f"{value.rows_told}{_bads(value)}; {COLOURS}"
    style(figure, title, note, height=96 + LINE * max(len(top), 2), right=12)
    labels = [
        _strong(f"{shortened(str(t), 30)}  {value.sized(size, 2)}", name == selected)
        for t, size, name in zip(top["title"], top["importance"], top["characteristic"], strict=True)
    ]
    figure.update_yaxes(
        tickvals=list(top.index), ticktext=labels, range=[len(top) - 0.4, -0.6], showgrid=True
    )
    figure.update_xaxes(
        title_text=f"Change in {value.unit}", tickformat=_ticks(value),
        zeroline=True, zerolinecolor=palette.REFERENCE,
    )  # fmt: skip
    return figure


def _strong(text: str, on: bool) -> str:
    return f"<b>{text}</b>" if on else text


def _bads(value: Overview) -> str:
    return f", {value.n_bad:,} bads" if value.n_known else ""


def _marker(part: pd.DataFrame, shade: str | None, size: Any) -> dict[str, Any]:
    if shade is None:
        return {"color": palette.GREY, "size": size, "opacity": 0.75}
    return {
        "color": part[shade].round(3), "colorscale": SHADES, "cmin": 0.0, "cmax": 1.0, "size": size,
        "opacity": 0.85,
    }  # fmt: skip


def _steady() -> dict[str, Any]:
    """Return the look of marks that are clicked: none fades when another is."""
    return {"showlegend": False, "unselected": {"marker": {"opacity": 0.85}}}


def _about(part: pd.DataFrame, names: list[str]) -> list[list[Any]]:
    columns = [[plain(v) for v in part[name]] if name == "title" else part[name].tolist() for name in names]
    return [list(cells) for cells in zip(*columns, strict=True)]


def dependence(value: Overview, characteristic: str, partner: str = "") -> go.Figure:
    """Draw one characteristic's values against what they do, coloured by a partner's value.

    Parameters
    ----------
    partner : str
        One of the three it acts most with; the strongest by default.

    Notes
    -----
    ``customdata`` of a mark is the characteristic's name, and its bin, n, mean value and mean attribution.
    """
    import plotly.graph_objects as go

    lines = value.dependence[value.dependence["characteristic"] == characteristic]
    marks = value.cells[value.cells["characteristic"] == characteristic]
    title = value.title(characteristic)
    if value.importance.set_index("characteristic").loc[characteristic, "importance"] == 0:
        return empty(title, "the model does not use it")
    axis = axis_of(lines, marks, HALF_A_PAGE - 16)
    partners = list(value.partners(characteristic)["characteristic"][:3])
    chosen = partner if partner in partners else next(iter(partners), "")
    shade = f"shade_{partners.index(chosen) + 1}" if chosen else ""
    size = 4 + 7 * np.sqrt(marks["n"] / marks["n"].max())
    marks = marks.assign(x=axis.places(marks["at"], marks["bin"]), size=size.round(1))
    figure = go.Figure()
    for placed in (False, True):
        # without a partner no mark has a shade, and all are drawn alike
        part = marks[(marks[shade].notna() if shade else np.zeros(len(marks), bool)) == placed]
        if len(part):
            _cells(figure, part, shade if placed else "", _bar(value, chosen, placed), _form(value))
    level = value.dependence[value.dependence["characteristic"] == chosen]["at"].isna().all()
    by = ", its levels from the safest to the riskiest in development" if chosen and level else ""
    about = f"colour: {value.title(chosen)}{by}" if chosen else "it acts with no other characteristic"
    said = f"{title}: {value.direction(characteristic)}"
    style(figure, said, f"{value.rows_told}; {about}; line: mean", height=330)
    _mean_line(figure, lines, axis)
    axis.draw(figure)
    figure.update_yaxes(
        title_text=f"Change in {value.unit}", tickformat=_ticks(value), zeroline=True,
        zerolinecolor=palette.REFERENCE,
    )  # fmt: skip
    return figure


def _form(value: Overview) -> str:
    """Return the format of a change in a hover."""
    return "+.2%" if value.shares else "+.3f"


def _ticks(value: Overview) -> str:
    """Return the format of changes along an axis."""
    return "+.1~%" if value.shares else ""


def _cells(figure: go.Figure, part: pd.DataFrame, shade: str, bar: dict[str, Any], form: str) -> None:
    figure.add_scatter(
        x=part["x"], y=part["value"].round(4), mode="markers",
        customdata=_about(part, ["characteristic", "bin", "n", "at", "value"]),
        marker=_marker(part, shade or None, part["size"]) | bar,
        hovertemplate=f"%{{y:{form}}}, %{{customdata[2]:,}} applicants"
        "<br>click: an applicant there in Score<extra></extra>",
        **_steady(),
    )  # fmt: skip


def _mean_line(figure: go.Figure, lines: pd.DataFrame, axis: Axis) -> None:
    numbers = lines[lines["at"].notna()]
    if len(numbers) > 1:
        figure.add_scatter(
            x=numbers["at"], y=numbers["mean"].round(4), mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": palette.GREY, "width": 1.5},
        )  # fmt: skip


def _bar(value: Overview, partner: str, placed: bool) -> dict[str, Any]:
    """Return the bar that says what the colours stand for."""
    if not (partner and placed):
        return {}
    told = value.scales[value.scales["characteristic"] == partner]
    return {
        "showscale": True,
        "colorbar": {
            "title": {"text": shortened(value.title(partner), 16), "side": "top", "font": {"size": 11}},
            "thickness": 9, "len": 0.9, "outlinewidth": 0, "tickfont": {"size": 10},
            "tickvals": told["shade"].tolist(),
            "ticktext": [shortened(str(label), 17) for label in told["label"]],
        },
    }  # fmt: skip


def seen_against_predicted(value: Overview, characteristic: str) -> go.Figure:
    """Draw the bad rate actually seen in each bin, with its interval, beside the mean PD there."""
    import plotly.graph_objects as go

    lines = value.dependence[value.dependence["characteristic"] == characteristic].reset_index(drop=True)
    title = "Does the PD follow what was seen?"
    known = lines[lines["n_known"] > 0]
    if known.empty:
        return empty(title, "not defined: no outcome of these rows is known")
    figure = go.Figure()
    figure.add_scatter(
        x=lines.index, y=lines["mean_p_bad"], name="mean PD predicted", mode="lines+markers",
        line={"color": palette.GOODS, "width": 2}, marker={"size": 5},
        customdata=[plain(str(v)) for v in lines["label"]],
        hovertemplate="%{customdata}: PD %{y:.2%}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=known.index, y=known["bad_rate"], name="bad rate seen", mode="markers",
        error_y=error_bars(known), marker={"color": palette.BADS, "size": 7},
        customdata=[
            [plain(str(v)), *rest]
            for v, *rest in known[["label", "low", "high", "n_known", "n_bad"]].to_numpy().tolist()
        ],
        hovertemplate="%{customdata[0]}: %{y:.2%} (%{customdata[1]:.2%} to %{customdata[2]:.2%})"
        "<br>%{customdata[3]:,} applicants, %{customdata[4]:,} bads<extra></extra>",
    )  # fmt: skip
    off = known[(known["mean_p_bad"] < known["low"]) | (known["mean_p_bad"] > known["high"])]
    if len(off):
        title = f"In {len(off)} of {len(known)} bins the mean PD lies outside the interval; by chance 1 in 20"
    note = f"{int(known['n_known'].sum()):,} applicants, {int(known['n_bad'].sum()):,} bads; 95% intervals"
    share = shares(lines[lines["at"].notna()])
    labels = [
        number_words(float(at), share) if not math.isnan(at) else str(label)
        for at, label in zip(lines["at"], lines["label"], strict=True)
    ]
    axis, depth = bin_labels(labels, HALF_A_PAGE)
    style(figure, title, note, legend="keys", height=256 + depth)
    figure.update_xaxes(**axis)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def pairs(value: Overview, shown: int = 10) -> go.Figure:
    """Draw which pairs of characteristics act together most."""
    import plotly.graph_objects as go

    if value.pairs.empty:
        return empty("Which act together?", "no pair does: the model adds its characteristics up")
    top = value.pairs.head(shown).reset_index(drop=True)
    names = top["first_title"] + " and " + top["second_title"]
    figure = go.Figure()
    figure.add_bar(
        y=top.index, x=top["strength"], orientation="h", width=0.7, marker_color=palette.GROUPS[0],
        error_x={
            "array": top["high"] - top["strength"], "thickness": 1, "width": 3, "color": palette.GREY,
        },
        customdata=[plain(v) for v in names], showlegend=False,
        hovertemplate=f"%{{customdata}}: %{{x:{_form(value)}}}<extra></extra>",
    )  # fmt: skip
    style(
        figure, f"{names[0]} act together most", f"{value.paired_told}; 95% intervals",
        height=110 + 34 * len(top),
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(top.index), autorange="reversed",
        ticktext=[
            f"{shortened(a)}<br>{shortened(b)}"
            for a, b in zip(top["first_title"], top["second_title"], strict=True)
        ],
        showgrid=False,
    )  # fmt: skip
    figure.update_xaxes(
        title_text=f"Mean size of what the two add together ({value.unit})", tickformat=_ticks(value)
    )
    return figure
