"""Why this PD: one applicant's waterfall, and their PD over the values of a characteristic."""

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
ATTRIBUTES = 14
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
        text=[_sized(value, size) for size in inner["contribution"]],
        textposition="outside",
        textfont={"size": 11},
        cliponaxis=False,
        customdata=[[plain(str(told)) for told in row] for row in inner[["title", "value"]].to_numpy()],
        hovertemplate=f"%{{customdata[0]}}: %{{customdata[1]}}<br>%{{x:+.3f}} {value.unit}<extra></extra>",
    )
    edges = steps[steps["step"].isin(EDGES)]
    figure.add_scatter(
        x=edges["end"], y=edges.index, mode="markers+text", cliponaxis=False,
        marker={"symbol": "diamond", "size": 10, "color": palette.GREY},
        text=_ends(value, name),
        textposition="middle right", textfont={"size": 11}, customdata=edges["title"],
        hovertemplate=f"%{{customdata}}: %{{x:.3f}} {value.unit}<extra></extra>",
    )  # fmt: skip
    # one trace for all the thin lines between steps: a shape for each takes ten times as long to make
    between = [(x, x, None) for x in steps["end"][:-1]]
    rows = [(at, at + 1, None) for at in range(len(steps) - 1)]
    figure.add_scatter(
        x=[x for ends in between for x in ends], y=[y for ends in rows for y in ends], mode="lines",
        line={"color": palette.REFERENCE, "width": 1}, hoverinfo="skip",
    )  # fmt: skip
    estimated = "estimated " if value.estimated else ""
    held = f"Held against {value.reference}; " if value.reference else ""
    style(
        figure,
        value.sentence(),
        f"{held}{estimated}{value.kind}, {value.method}",
        height=86 + STEP * len(steps),
    )
    _labels(figure, steps)
    figure.update_xaxes(
        title_text=_capital(value.unit), range=_range(steps), showgrid=True,
        tickformat=".0%" if value.shares else None,
    )  # fmt: skip
    return figure


def _sized(value: Waterfall, size: float) -> str:
    return f"{100 * size:+.1f}%" if value.shares else f"{size:+.2f}"


def _ends(value: Waterfall, name: str) -> list[str]:
    """Return what stands at the reference and at the applicant: where both add up, before calibration."""
    first = f"{name} {format_percent(value.p_base)}"
    if value.shares:
        first = f"{format_percent(float(value.steps['end'].iloc[0]))} before calibration"
    return [f"<b>{told}</b>" for told in (first, f"{name} {format_percent(value.p_bad)}")]


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
        told.append(f"{title}: {value}" if step["value"] else title)
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
        Whose cut-offs are drawn.
    name : str
        What the calibrated probability is called.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    draw = _curve if value.ordered else _bars
    height = draw(figure, value, name)
    top = max(float(value.curve["p_bad"].max()), policy.decline_from)
    cuts = {"approve below": policy.approve_below, "decline from": policy.decline_from}
    for label, cut in cuts.items():
        if value.ordered:
            figure.add_hline(y=cut, **line(f"{label} {format_percent(cut)}"))
        else:
            figure.add_vline(x=cut, **line())
    dashed = "" if value.ordered else "dashed: the cut-offs"
    style(figure, value.sentence(), _note(value, dashed), height=height, right=30)
    axis = {"title_text": name, "tickformat": ".0%", "range": [0, min(1.12 * top, 1.02)]}
    if value.ordered:
        figure.update_yaxes(**axis)
        unit = f" ({value.unit})" if value.unit else ""
        figure.update_xaxes(title_text=plain(value.title + unit))
    else:
        figure.update_xaxes(**axis)
        figure.update_yaxes(showgrid=False)
    return figure


def _curve(figure: go.Figure, value: Sensitivity, name: str) -> int:
    """Draw the curve of a number; returns the height of the figure."""
    numbers = value.curve[value.curve["value"].notna()]
    figure.add_scatter(
        x=numbers["value"], y=numbers["p_bad"], mode="lines",
        line={"color": palette.GROUPS[0], "width": 2}, customdata=numbers[["points", "decision"]],
        hovertemplate=f"%{{x:,.6~g}}: {name} %{{y:.1%}}<br>%{{customdata[0]}} points, "
        "%{customdata[1]}<extra></extra>",
    )  # fmt: skip
    own = numbers[numbers["given"]]
    figure.add_scatter(
        x=own["value"], y=own["p_bad"], mode="markers", cliponaxis=False,
        marker={"symbol": "diamond", "size": 11, "color": palette.GREY},
        hovertemplate=f"this applicant: %{{x:,.6~g}}, {name} %{{y:.1%}}<extra></extra>",
    )  # fmt: skip
    return 270


def _bars(figure: go.Figure, value: Sensitivity, name: str) -> int:
    """Draw the PD of each attribute; returns the height of the figure."""
    curve = _fewer(value.curve)
    figure.add_bar(
        y=list(range(len(curve))), x=curve["p_bad"], orientation="h", width=0.68,
        marker_color=[palette.GROUPS[0] if given else palette.FAINT for given in curve["given"]],
        customdata=[
            [plain(str(label)), points, decision]
            for label, points, decision in zip(
                curve["label"], curve["points"], curve["decision"], strict=True
            )
        ],
        hovertemplate=f"%{{customdata[0]}}: {name} %{{x:.1%}}<br>%{{customdata[1]}} points, "
        "%{customdata[2]}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(curve))), ticktext=[shortened(str(label), 28) for label in curve["label"]],
        range=[len(curve) - 0.4, -0.6],
    )  # fmt: skip
    return 116 + 19 * len(curve)


def _fewer(curve: pd.DataFrame) -> pd.DataFrame:
    """Return at most `ATTRIBUTES` lines: those of the lowest and the highest PD, and the applicant's own."""
    if len(curve) <= ATTRIBUTES:
        return curve
    ranked = curve.sort_values("p_bad", kind="stable")
    half = ATTRIBUTES // 2
    ends = [*ranked.index[:half], *ranked.index[-half:], *curve.index[curve["given"]]]
    return ranked[ranked.index.isin(ends)]


def _note(value: Sensitivity, dashed: str) -> str:
    told = ["The others held as they are", *filter(None, [dashed])]
    others = value.curve[value.curve["value"].isna()]
    if value.ordered:
        pairs = zip(others["label"], others["p_bad"], strict=True)
        told += [f"{label}: {format_percent(p)}" for label, p in pairs]
    elif len(others) > ATTRIBUTES:
        told.append(f"the lowest and the highest of {len(others)} attributes")
    if value.protected:
        told.append("protected: not to be advised on")
    return "; ".join(told)
