"""What drives a model: its characteristics by importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import empty, plain, shortened, style

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

SHOWN = 15
WORDS = {"raises": "raises the risk", "lowers": "lowers the risk", "mixed": "raises and lowers it"}


def importance(frame: pd.DataFrame) -> go.Figure:
    """Draw the most important characteristics, largest first, and what they do to the risk.

    Parameters
    ----------
    frame : DataFrame
        characteristic, title, importance, effect ("raises", "lowers" or "mixed": as the value grows),
        detail, and share (of the whole importance) where it is known.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty("What drives the model", "the model uses no characteristic")
    top = frame.head(SHOWN).reset_index(drop=True)
    size = "share" if "share" in frame else "importance"
    figure = go.Figure(layout={"barmode": "overlay"})
    for effect, colour in palette.EFFECTS.items():
        part = top[top["effect"] == effect]
        if part.empty:
            continue
        figure.add_bar(
            y=part.index,
            x=part[size],
            customdata=[[plain(str(text)) for text in row] for row in part[["title", "detail"]].to_numpy()],
            name=WORDS[effect],
            orientation="h",
            width=0.72,
            marker_color=colour,
            hovertemplate="%{customdata[0]}: %{x:.3~g}<br>%{customdata[1]}<extra></extra>",
        )
    first = top.iloc[0]
    part = f": {first['share']:.0%} of all importance" if size == "share" else ""
    left = len(frame) - len(top)
    note = f"{len(top)} of {len(frame)} characteristics; colour: as the value grows" if left else (
        "Colour: what the characteristic does as its value grows"
    )  # fmt: skip
    style(
        figure,
        f"{first['title']} drives the model most{part}",
        note,
        legend="keys",
        height=135 + 24 * len(top),
    )
    labels = [shortened(str(title), 30) for title in top["title"]]
    figure.update_yaxes(tickvals=list(top.index), ticktext=labels, autorange="reversed", showgrid=False)
    figure.update_xaxes(
        title_text="Share of importance" if size == "share" else "Importance",
        tickformat=".0%" if size == "share" else None,
        rangemode="tozero",
    )
    return figure
