"""The frame of every figure: title, counts, margins, grid and reference lines, in ink no theme hides."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from workbench.charts import palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 360
TITLE_WIDTH = 58
LINE = 19
PERCENT = ".0%"


def style(
    figure: go.Figure, title: str, note: str, *, legend: str = "none", height: int = HEIGHT
) -> go.Figure:
    """Give a figure its title, its line of counts and room for both.

    Parameters
    ----------
    title : str
        The finding or the question; broken into lines so that it fits half a page.
    note : str
        Rows and bads, in smaller print below the title.
    legend : {"none", "top", "top-left", "bottom-right"}
        Above the plot in a row of its own, or inside the plot in the corner that stays empty.
    """
    lines = textwrap.wrap(title, TITLE_WIDTH) or [""]
    notes = textwrap.wrap(note, int(TITLE_WIDTH * 1.3))
    top = 12 + LINE * len(lines) + 16 * len(notes) + (26 if legend == "top" else 10)
    text = "<b>" + "<br>".join(lines) + "</b>"
    if notes:
        text += '<br><span style="font-size:12px">' + "<br>".join(notes) + "</span>"
    figure.update_layout(
        title={
            "text": text,
            "font": {"size": 14},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 8, "t": 8},
        },
        height=height,
        margin={"l": 8, "r": 14, "t": top, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend != "none",
        legend=_legend(legend),
        hoverlabel={"namelength": -1},
        bargap=0.25,
    )
    axes = {
        "gridcolor": palette.GRID,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 12}},
        "tickfont": {"size": 11},
    }
    figure.update_xaxes(**axes)
    figure.update_yaxes(**axes)
    return figure


def _legend(place: str) -> dict[str, Any]:
    if place == "top":
        at = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"}
    elif place == "top-left":
        at = {"x": 0.02, "xanchor": "left", "y": 0.98, "yanchor": "top"}
    else:
        at = {"x": 0.99, "xanchor": "right", "y": 0.03, "yanchor": "bottom"}
    return at | {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 11}}


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
        text=reason,
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


def shortened(text: str, width: int = 26) -> str:
    """Return a label that fits an axis; the whole one stands in the hover."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
