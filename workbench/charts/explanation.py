"""Why this PD: one applicant's waterfall, and his PD over the values of a characteristic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import line, plain, shortened, style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from workbench.explanation import Sensitivity, Waterfall
    from workbench.policy import Policy

STEP = 23
EDGES = {"base": palette.GREY, "applicant": palette.GREY}


def waterfall(value: Waterfall, name: str = "PD") -> go.Figure:
    """Draw the steps from the reference to the applicant, heaviest first; orange raises the risk.

    Parameters
    ----------
    value : Waterfall
    name : str
        What the calibrated probability is called.
    """
    import plotly.graph_objects as go

    steps = value.steps.reset_index(drop=True)
    figure = go.Figure()
    inner = steps[~steps["step"].isin(EDGES)]
    figure.add_bar(
        y=inner.index,
        x=inner["contribution"],
        base=inner["start"],
        orientation="h",
        width=0.72,
        marker_color=_colours(inner),
        text=[f"{size:+.2f}" for size in inner["contribution"]],
        textposition="outside",
        textfont={"size": 11},
        cliponaxis=False,
        customdata=[[plain(str(told)) for told in row] for row in inner[["title", "value"]].to_numpy()],
        hovertemplate=f"%{{customdata[0]}}: %{{customdata[1]}}<br>%{{x:+.3f}} {value.unit}<extra></extra>",
    )
    for at, edge in steps[steps["step"].isin(EDGES)].iterrows():
        p_bad = value.p_base if edge["step"] == "base" else value.p_bad
        figure.add_scatter(
            x=[edge["end"]],
            y=[at],
            mode="markers+text",
            marker={"symbol": "diamond", "size": 10, "color": palette.GREY},
            text=[f"<b>{name} {format_percent(p_bad)}</b>"],
            textposition="middle right",
            textfont={"size": 11},
            cliponaxis=False,
            hovertemplate=f"{edge['title']}: {edge['end']:.3f} {value.unit}<extra></extra>",
        )
    for at in range(len(steps) - 1):
        x = steps["end"][at]
        figure.add_shape(
            type="line", x0=x, x1=x, y0=at, y1=at + 1, layer="below",
            line={"color": palette.REFERENCE, "width": 1},
        )  # fmt: skip
    estimated = "estimated " if value.estimated else ""
    style(
        figure,
        value.sentence(),
        f"Held against {value.reference}; {estimated}{value.kind}, {value.method}" if value.reference else "",
        height=86 + STEP * len(steps),
    )
    _labels(figure, steps)
    figure.update_xaxes(title_text=_capital(value.unit), range=_range(steps), showgrid=True)
    return figure


def _colours(inner: pd.DataFrame) -> list[str]:
    return [
        palette.REFERENCE if step == "calibration" else palette.BADS if size > 0 else palette.GOODS
        for step, size in zip(inner["step"], inner["contribution"], strict=True)
    ]


def _labels(figure: go.Figure, steps: pd.DataFrame) -> None:
    """Write beside each bar what it is, and the applicant's value."""
    told = []
    for _, step in steps.iterrows():
        title = shortened(str(step["title"]), 30)
        value = shortened(str(step["value"]), 22)
        told.append(f'{title} <span style="color:{palette.GREY}">{value}</span>' if step["value"] else title)
    figure.update_yaxes(
        tickvals=list(steps.index), ticktext=told, range=[len(steps) - 0.4, -0.6], showgrid=False
    )


def _range(steps: pd.DataFrame) -> list[float]:
    """Return the ends of the axis, with room for the figures beside the outermost bars."""
    ends = [*steps["start"], *steps["end"]]
    room = max(max(ends) - min(ends), 0.05)
    return [min(ends) - 0.14 * room, max(ends) + 0.24 * room]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sensitivity(value: Sensitivity, policy: Policy, name: str = "PD") -> go.Figure:
    """Draw the PD over the values of one characteristic, the applicant's own marked, and the cut-offs.

    Parameters
    ----------
    value : Sensitivity
    policy : Policy
        Cut-offs; drawn where they lie within the curve's range.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    curve = value.curve
    numbers = curve[curve["value"].notna()]
    others = curve[curve["value"].isna()]
    if value.ordered:
        figure.add_scatter(
            x=numbers["value"], y=numbers["p_bad"], mode="lines",
            line={"color": palette.GROUPS[0], "width": 2},
            customdata=numbers[["points", "decision"]],
            hovertemplate=f"%{{x:,.6~g}}: {name} %{{y:.1%}}<br>%{{customdata[0]}} points, "
            "%{customdata[1]}<extra></extra>",
        )  # fmt: skip
    else:
        _bars(figure, others, name)
    own = curve[curve["given"]].iloc[:1]
    x = own["value"] if value.ordered and own["value"].notna().all() else None
    if x is not None:
        figure.add_scatter(
            x=x, y=own["p_bad"], mode="markers", cliponaxis=False,
            marker={"symbol": "diamond", "size": 11, "color": palette.GREY},
            hovertemplate=f"this applicant: %{{x:,.6~g}}, {name} %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    top = max(float(curve["p_bad"].max()), policy.decline_from) * 1.12
    for label, cut in (("approve below", policy.approve_below), ("decline from", policy.decline_from)):
        figure.add_hline(y=cut, **line(f"{label} {format_percent(cut)}"))
    style(figure, value.sentence(), _note(value, others), height=270)
    figure.update_yaxes(title_text=name, tickformat=".0%", range=[0, min(top, 1.02)])
    title = value.title + (f" ({value.unit})" if value.unit else "")
    figure.update_xaxes(title_text=plain(title))
    return figure


def _bars(figure: go.Figure, curve: pd.DataFrame, name: str) -> None:
    colours = [palette.GROUPS[0] if given else palette.FAINT for given in curve["given"]]
    figure.add_bar(
        x=[shortened(str(label), 18) for label in curve["label"]], y=curve["p_bad"], marker_color=colours,
        customdata=curve[["points", "decision", "label"]], width=0.6,
        hovertemplate=f"%{{customdata[2]}}: {name} %{{y:.1%}}<br>%{{customdata[0]}} points, "
        "%{customdata[1]}<extra></extra>",
    )  # fmt: skip


def _note(value: Sensitivity, others: pd.DataFrame) -> str:
    told = ["The others held as they are"]
    if value.ordered:
        told += [
            f"{label}: {format_percent(p)}" for label, p in zip(others["label"], others["p_bad"], strict=True)
        ]
    if value.protected:
        told.append("protected: not to be advised on")
    return "; ".join(told)
