"""One characteristic, drawn for goods and bads."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from workbench.charts import palette
from workbench.charts.canvas import empty, error_bars, line, plain, shortened, style
from workbench.evaluation import format_percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

FLAT_CHARACTERS = 95
HALF_A_PAGE = 64
"""Characters that lie beside each other below a chart of half a page."""
LONGEST = 34


def profile_bins(bins: pd.DataFrame, title: str) -> go.Figure:
    """Draw the bad rate of each bin with its interval, above the shares of goods and bads in it.

    Parameters
    ----------
    bins : DataFrame
        label, n, n_bad, share, bad_rate, low, high, woe, iv, goods_share, bads_share; one row a bin.
    title : str
        The characteristic's title.
    """
    from plotly.subplots import make_subplots

    n, n_bad = int(bins["n"].sum()), int(bins["n_bad"].sum())
    if not n:
        return empty(title, "no rows in this group")
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.05)
    at, words = list(range(len(bins))), [plain(str(label)) for label in bins["label"]]
    figure.add_scatter(
        x=at,
        y=bins["bad_rate"],
        error_y=error_bars(bins),
        customdata=bins.assign(label=words)[["label", "low", "high", "n", "n_bad", "woe"]],
        mode="markers",
        marker={"color": palette.BADS, "size": 7},
        showlegend=False,
        hovertemplate="%{customdata[0]}<br>bad rate %{y:.2%} (%{customdata[1]:.2%} to %{customdata[2]:.2%})"
        "<br>%{customdata[3]:,} applicants, %{customdata[4]:,} bads, WoE %{customdata[5]:.2f}<extra></extra>",
        row=1,
        col=1,
    )
    for name, column, colour in (
        ("goods", "goods_share", palette.GOODS),
        ("bads", "bads_share", palette.BADS),
    ):
        figure.add_bar(
            x=at,
            y=bins[column],
            customdata=words,
            name=f"share of {name}",
            marker_color=colour,
            hovertemplate="%{customdata}: %{y:.1%} of " + name + "<extra></extra>",
            row=2,
            col=1,
        )
    overall = float((bins["share"] * bins["bad_rate"].fillna(0.0)).sum())
    label = line(f"all {format_percent(overall)}")
    figure.add_hline(y=overall, **label, annotation_position="right", row=1, col=1)
    known = bins.loc[bins["n"] > 0, "bad_rate"].dropna()
    spread = (
        f": bad rate {format_percent(known.min())} to {format_percent(known.max())}" if len(known) else ""
    )
    note = f"{n:,} applicants, {n_bad:,} bads; IV {bins['iv'].sum():.3f}; 95% intervals"
    axis, depth = bin_labels([str(label) for label in bins["label"]])
    style(figure, f"{title}{spread}", note, legend="keys", height=370 + depth, right=64)
    figure.update_xaxes(**axis, row=2, col=1)
    figure.update_yaxes(title_text="Bad rate", tickformat=".0%", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="Share of goods, of bads", tickformat=".0%", row=2, col=1)
    return figure


def bin_labels(texts: list[str], across: int = FLAT_CHARACTERS) -> tuple[dict[str, Any], int]:
    """Return the axis that names the bins in full, and the pixels its labels need below it.

    `across` is how many characters lie beside each other. Few or short labels lie flat, broken between
    words; many or long ones lean. Only beyond `LONGEST` characters is a label cut, and the hover then has
    the whole.
    """
    flat = max(across // len(texts), 6)
    broken = [textwrap.wrap(text, flat, break_long_words=False) or [""] for text in texts]
    # a leaning label that begins left of the axis would else be dropped
    axis = {"tickvals": list(range(len(texts))), "ticklabeloverflow": "allow"}
    if all(len(lines) <= 3 and max(map(len, lines)) <= flat for lines in broken):
        named = ["<br>".join(map(plain, lines)) for lines in broken]
        return axis | {"ticktext": named, "tickangle": 0}, 14 * max(map(len, broken))
    named = [shortened(text, LONGEST) for text in texts]
    return axis | {"ticktext": named, "tickangle": -40}, int(5 * min(max(map(len, texts)), LONGEST))
