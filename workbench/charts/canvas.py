"""The frame of every figure: title, counts, margins, grid and reference lines, in ink no theme hides."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, Any

from workbench.charts import palette

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

HEIGHT = 360
TITLE_WIDTH = 58
LINE = 19
KEY_WIDTH = 66
PERCENT = ".0%"
CLEAR = "rgba(0,0,0,0)"
AXES = {
    "gridcolor": palette.GRID,
    "zeroline": False,
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 12}},
    "tickfont": {"size": 11},
}
"""The look of both axes of every figure."""


def style(
    figure: go.Figure, title: str, note: str, *, legend: str = "none", height: int = HEIGHT, right: int = 24
) -> go.Figure:
    """Give a figure its title, its line of counts and room for both.

    Parameters
    ----------
    title : str
        The finding or the question; broken into lines so that it fits half a page.
    note : str
        Rows and bads, in smaller print below the title.
    legend : {"none", "keys", "top-left", "bottom-right"}
        Keys are a line of small print below the counts, so they never touch the title; the others
        lie inside the plot in the corner that stays empty.
    height, right : int
        Pixels of the figure, and of the margin at its right, where a line's label may stand.
    """
    lines = [plain(text) for text in textwrap.wrap(title, TITLE_WIDTH)] or [""]
    notes = [plain(text) for text in textwrap.wrap(note, int(TITLE_WIDTH * 1.3))]
    notes += _keys(figure) if legend == "keys" else []
    top = 14 + LINE * len(lines) + 16 * len(notes) + 10
    figure.update_layout(
        title=_title(lines, notes),
        height=height,
        margin={"l": 8, "r": right, "t": top, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=legend in ("top-left", "bottom-right"),
        legend=_legend(legend),
        hoverlabel={"namelength": -1},
        bargap=0.25,
    )
    figure.update_xaxes(**AXES)
    figure.update_yaxes(**AXES)
    return figure


def _title(lines: list[str], notes: list[str]) -> dict[str, Any]:
    """Return a title in bold at the top left, and its notes in smaller print below it."""
    text = "<b>" + "<br>".join(lines) + "</b>"
    if notes:
        text += '<br><span style="font-size:12px;font-weight:400">' + "<br>".join(notes) + "</span>"
    return {
        "text": text,
        "font": {"size": 14},
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"l": 8, "t": 8 if len(lines) + len(notes) == 1 else 18},
    }


def _legend(place: str) -> dict[str, Any]:
    if place == "top-left":
        at = {"x": 0.02, "xanchor": "left", "y": 0.98, "yanchor": "top"}
    else:
        at = {"x": 0.99, "xanchor": "right", "y": 0.03, "yanchor": "bottom"}
    return at | {"bgcolor": CLEAR, "font": {"size": 11}}


def _keys(figure: go.Figure) -> list[str]:
    """Return the names of the traces, each after a square of its colour, in lines that fit half a page."""
    keys: dict[str, str] = {}
    for trace in figure.data:
        if trace.name and trace.showlegend is not False:
            keys.setdefault(trace.name, trace.marker.color or trace.line.color)
    lines, used = [""], 0
    for name, colour in keys.items():
        if used and used + len(name) + 4 > KEY_WIDTH:
            lines.append("")
            used = 0
        lines[-1] += f'<span style="color:{colour}">\u25a0</span> {plain(name)}&nbsp;&nbsp;&nbsp;'
        used += len(name) + 4
    return lines


def line(label: str = "") -> dict[str, Any]:
    """Return the look of a threshold: thin, dashed, grey, with its source as label."""
    look: dict[str, Any] = {"line": {"color": palette.REFERENCE, "width": 1, "dash": "dash"}}
    if label:
        look |= {"annotation_text": label, "annotation_font_size": 11}
    return look


def diagonal(figure: go.Figure, end: float = 1.0) -> None:
    """Draw the thin dashed line from the origin along which both axes are equal."""
    figure.add_shape(
        type="line", x0=0, y0=0, x1=end, y1=end, line={"color": palette.REFERENCE, "width": 1, "dash": "dash"}
    )


def empty(title: str, reason: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    import plotly.graph_objects as go

    figure = style(go.Figure(), title, "", height=140)
    figure.add_annotation(
        text=plain(reason),
        x=0,
        y=0.5,
        xref="paper",
        yref="paper",
        xanchor="left",
        showarrow=False,
        font={"size": 13},
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def only_words(figure: go.Figure) -> str:
    """Return what a figure from `empty` says in one sentence; nothing of one that draws something."""
    if len(figure.data) or not figure.layout.annotations:
        return ""
    title = str(figure.layout.title.text).removeprefix("<b>").removesuffix("</b>").replace("<br>", " ")
    reason = str(figure.layout.annotations[0].text)
    asked = title.endswith("?")
    said = f"{title} {reason[:1].upper()}{reason[1:]}" if asked else f"{title}: {reason}"
    return html.unescape(f"{said}.")


def shortened(text: str, width: int = 26) -> str:
    """Return a label that fits an axis; the whole one stands in the hover."""
    return plain(text if len(text) <= width else text[: width - 1].rstrip() + "…")


def plain(text: str) -> str:
    """Return text from data so that plotly shows it as it is, angle brackets and all."""
    return html.escape(text, quote=False)


def error_bars(frame: pd.DataFrame, rate: str = "bad_rate", width: int = 3) -> dict[str, Any]:
    """Return the 95% intervals of a frame's rates as plotly's error bars."""
    above, below = frame["high"] - frame[rate], frame[rate] - frame["low"]
    return {"array": above, "arrayminus": below, "thickness": 1, "width": width}
