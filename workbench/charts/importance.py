"""What drives a model: its characteristics by importance, its coefficients by size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import empty, plain, shortened, style

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

SHOWN, FEWER = 15, 12
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
    labels = [shortened(str(title), 38) for title in top["title"]]
    figure.update_yaxes(tickvals=list(top.index), ticktext=labels, autorange="reversed", showgrid=False)
    figure.update_xaxes(
        title_text="Share of importance" if size == "share" else "Importance",
        tickformat=".0%" if size == "share" else None,
        rangemode="tozero",
    )
    return figure


def coefficients(frame: pd.DataFrame) -> go.Figure:
    """Draw the largest coefficients of a logistic regression, to the right where they raise the risk.

    Parameters
    ----------
    frame : DataFrame
        label, coefficient, effect ("raises", "lowers" or "no effect"), sorted by size.
    """
    import plotly.graph_objects as go

    if frame.empty:
        return empty("Coefficients", "a model of this family has none")
    top = frame.head(FEWER).reset_index(drop=True)
    figure = go.Figure(layout={"barmode": "overlay"})
    for effect in ("raises", "lowers"):
        part = top[top["effect"] == effect]
        if part.empty:
            continue
        figure.add_bar(
            y=part.index,
            x=part["coefficient"],
            customdata=[plain(str(label)) for label in part["label"]],
            name=WORDS[effect],
            orientation="h",
            width=0.72,
            marker_color=palette.EFFECTS[effect],
            hovertemplate="%{customdata}: %{x:.3f}<extra></extra>",
        )
    first = top.iloc[0]
    title = f"{first['label']} has the largest coefficient"
    note = f"{len(top)} of {_counted(len(frame))}, by size; the log-odds of bad add up from them"
    style(figure, title, note, legend="keys", height=135 + 22 * len(top))
    labels = [shortened(str(label), 44) for label in top["label"]]
    figure.update_yaxes(tickvals=list(top.index), ticktext=labels, autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="Coefficient (log-odds)", zeroline=True, zerolinecolor=palette.REFERENCE)
    return figure


def _counted(n: int) -> str:
    return f"{n:,} coefficient{'' if n == 1 else 's'}"
