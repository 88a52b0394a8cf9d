"""What setting a characteristic does, what it is worth to the AUC, and how importance goes by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.charts import palette
from workbench.charts.canvas import empty, plain, shortened, style
from workbench.charts.explanation_axes import axis_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from workbench.explanation import Effects, Overview, Permutation

SHOWN, LINES = 15, 6


def partial(value: Effects) -> go.Figure:
    """Draw the mean PD with one characteristic set to each value, within the applicants' own curves."""
    import plotly.graph_objects as go

    lines = value.partial.rename(columns={"place": "bin"})
    axis = axis_of(lines)
    lines = lines.assign(x=axis.places(lines["at"], lines["bin"]))
    figure = go.Figure()
    numbers, others = lines[lines["at"].notna()], lines[lines["at"].isna()]
    for low, high, name, colour in (
        ("q10", "q90", "80% of applicants", "rgba(37,99,235,.35)"),
        ("q25", "q75", "half of them", "rgba(37,99,235,.65)"),
    ):
        faint = colour.replace(".35", ".14").replace(".65", ".24")
        for column, fill in ((low, None), (high, "tonexty")):
            figure.add_scatter(
                x=numbers["x"], y=numbers[column], mode="lines", line={"width": 0, "color": colour},
                fill=fill, fillcolor=faint, hoverinfo="skip", name=name, showlegend=fill is not None,
            )  # fmt: skip
        figure.add_scatter(
            x=others["x"], y=(others[low] + others[high]) / 2, mode="markers", showlegend=False,
            marker={"size": 1, "color": colour}, hoverinfo="skip",
            error_y={"array": (others[high] - others[low]) / 2, "width": 0, "thickness": 9, "color": faint},
        )  # fmt: skip
    for part, mode in ((numbers, "lines"), (others, "markers")):
        figure.add_scatter(
            x=part["x"], y=part["mean_p_bad"], mode=mode, name="mean PD", showlegend=mode == "lines",
            line={"color": palette.GOODS, "width": 2}, marker={"color": palette.GOODS, "size": 7},
            customdata=[plain(str(v)) for v in part["label"]],
            hovertemplate="%{customdata}: mean PD %{y:.2%}<extra></extra>",
        )  # fmt: skip
    low, high = lines["mean_p_bad"].min(), lines["mean_p_bad"].max()
    of = f"{value.n:,} applicants" + (f", evenly taken from {value.n_all:,}" if value.n < value.n_all else "")
    style(
        figure, f"Set to each value, the mean PD goes from {low:.1%} to {high:.1%}",
        f"{of}; everything else stays as it is", legend="keys", height=330,
    )  # fmt: skip
    axis.draw(figure)
    figure.update_yaxes(title_text="PD", tickformat=".0%", rangemode="tozero")
    return figure


def local(value: Effects) -> go.Figure:
    """Draw the accumulated local effect on the PD with its 95% interval."""
    import plotly.graph_objects as go

    title = "What it does among applicants who have about that value"
    lines = value.local
    if lines.empty:
        return empty(title, value.reason)
    figure = go.Figure()
    for column, fill in (("low", None), ("high", "tonexty")):
        figure.add_scatter(
            x=lines["at"], y=lines[column], mode="lines", line={"width": 0, "color": palette.BADS}, fill=fill,
            fillcolor="rgba(217,119,6,.22)", hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    figure.add_scatter(
        x=lines["at"], y=lines["effect"], mode="lines", line={"color": palette.BADS, "width": 2},
        showlegend=False, hovertemplate="%{x:,}: %{y:+.2%}<extra></extra>",
    )  # fmt: skip
    band = value.reason or "95% interval"
    style(figure, title, f"Accumulated local effects of {value.n_all:,} applicants; {band}", height=330)
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(
        title_text="Change in PD", tickformat="+.1%", zeroline=True, zerolinecolor=palette.REFERENCE
    )
    return figure


def permutation(value: Permutation) -> go.Figure:
    """Draw how much AUC is lost without each characteristic in its place."""
    import plotly.graph_objects as go

    title = "What is each worth to the ranking?"
    if value.loss["loss"].isna().all():
        return empty(title, str(value.loss["reason"].iloc[0]))
    top = value.loss.head(SHOWN).reset_index(drop=True)
    figure = go.Figure()
    figure.add_bar(
        y=top.index, x=top["loss"], orientation="h", width=0.7, marker_color=palette.GROUPS[0],
        error_x={
            "array": top["high"] - top["loss"], "arrayminus": top["loss"] - top["low"], "thickness": 1,
            "width": 3, "color": palette.GREY,
        },
        customdata=[plain(v) for v in top["title"]], showlegend=False,
        hovertemplate="%{customdata}: AUC falls by %{x:.4f}<extra></extra>",
    )  # fmt: skip
    of = f"{value.n:,} applicants" + (f", evenly taken from {value.n_all:,}" if value.n < value.n_all else "")
    style(
        figure, f"{top['title'][0]} is worth most to the ranking",
        f"{of}, {value.n_bad:,} bads; {value.repeats} deals each, 95% intervals", height=100 + 25 * len(top),
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(top.index), ticktext=[shortened(v, 34) for v in top["title"]], autorange="reversed",
        showgrid=False,
    )  # fmt: skip
    figure.update_xaxes(title_text=f"Fall of the AUC (.{round(1000 * value.auc):03d}) when it is dealt anew")
    return figure


def by_group(value: Overview, by: str, title: str, characteristic: str = "") -> go.Figure:
    """Draw the importance of the strongest characteristics, or of one, in each month or level.

    Parameters
    ----------
    by : str
        "month", or a characteristic tagged as segment.
    title : str
        What it is called.
    """
    import plotly.graph_objects as go

    lines = value.grouped[value.grouped["by"] == by]
    if lines.empty:
        return empty(f"By {title}", "these rows have none")
    names = [characteristic] if characteristic else list(value.importance["characteristic"][:LINES])
    figure = go.Figure()
    for i, name in enumerate(names):
        part = lines[lines["characteristic"] == name]
        colour = palette.GROUPS[i % len(palette.GROUPS)]
        figure.add_scatter(
            x=[plain(str(v)) for v in part["group"]], y=part["importance"], name=value.title(name)[:30],
            mode="lines+markers" if by == "month" else "markers", line={"color": colour, "width": 1.5},
            marker={"color": colour, "size": 6}, showlegend=len(names) > 1,
            error_y={
                "array": part["high"] - part["importance"], "arrayminus": part["importance"] - part["low"],
                "thickness": 1, "width": 2,
            },
            customdata=part[["n", "n_bad"]].to_numpy(),
            hovertemplate="%{x}: %{y:.3f}<br>%{customdata[0]:,} applicants, %{customdata[1]:,} bads"
            "<extra></extra>",
        )  # fmt: skip
    groups = lines["group"].nunique()
    style(
        figure, f"{value.title(characteristic)} alone" if characteristic else f"Importance by {title}",
        f"{int(lines.drop_duplicates('group')['n'].sum()):,} applicants in {groups} groups; 95% intervals",
        legend="keys" if len(names) > 1 else "none", height=330,
    )  # fmt: skip
    figure.update_xaxes(type="category")
    form = ".1~%" if value.shares else ""
    figure.update_yaxes(title_text=f"Mean size ({value.unit})", rangemode="tozero", tickformat=form)
    return figure
