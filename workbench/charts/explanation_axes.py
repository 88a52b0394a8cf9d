"""An axis on which numbers stand to scale, and levels, codes and missing values beside them by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.charts.canvas import shortened
from workbench.charts.profile import HALF_A_PAGE, bin_labels
from workbench.explanation.rows import number_words

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

TICKS = 6
ROOM = 0.09
"""Of the span of the numbers, how far apart the named values stand beside them."""


@dataclass(frozen=True)
class Axis:
    """Where the bins of one characteristic stand.

    Attributes
    ----------
    named : dict of int to float
        Bin of a level, a code or missing values -> its place.
    values, labels : tuple
        Of the ticks.
    angle, depth : int
        Of the labels, and the pixels they need more than one line does.
    """

    named: dict[int, float]
    values: tuple[float, ...]
    labels: tuple[str, ...]
    angle: int | None = None
    depth: int = 0

    def places(self, at: pd.Series, bins: pd.Series) -> np.ndarray:
        """Return where values stand: numbers at themselves, others at their bin's place."""
        numbers = at.to_numpy(dtype=float)
        return np.where(np.isnan(numbers), bins.map(self.named).to_numpy(dtype=float), numbers)

    def draw(self, figure: go.Figure) -> None:
        """Give a figure this axis."""
        figure.update_xaxes(
            tickvals=list(self.values), ticktext=list(self.labels), tickangle=self.angle,
            ticklabeloverflow="allow" if self.angle else None,
        )  # fmt: skip
        figure.update_layout(height=figure.layout.height + self.depth)


def axis_of(lines: pd.DataFrame, marks: pd.DataFrame | None = None, across: int = HALF_A_PAGE) -> Axis:
    """Return the axis of the bins of one characteristic.

    Parameters
    ----------
    lines : DataFrame
        bin, label, at (NaN where it is no number).
    marks : DataFrame, optional
        What else is drawn on it, by its column at.
    across : int
        Characters that lie beside each other.
    """
    numbers = lines[lines["at"].notna()]
    others = lines[lines["at"].isna()]
    if numbers.empty:
        places = {int(b): float(i) for i, b in enumerate(others["bin"])}
        axis, depth = bin_labels([str(v) for v in others["label"]], across)
        return Axis(
            places, tuple(places.values()), tuple(axis["ticktext"]), axis["tickangle"], max(depth - 14, 0)
        )
    drawn = numbers["at"] if marks is None else marks["at"]
    low, high = float(drawn.min()), float(drawn.max())
    span = high - low or 1.0
    share = shares(numbers)
    ticks = (
        tuple(v / 100 for v in _round_numbers(100 * low, 100 * high)) if share else _round_numbers(low, high)
    )
    places = {int(b): high + ROOM * span * (i + 1) for i, b in enumerate(others["bin"])}
    values = (*ticks, *places.values())
    labels = (
        *(number_words(tick, share) for tick in ticks),
        *(shortened(str(v), 12) for v in others["label"]),
    )
    return Axis(places, values, labels)


def shares(numbers: pd.DataFrame) -> bool:
    """Return whether bins of numbers are of a share, by their labels."""
    return bool(len(numbers)) and str(numbers["label"].iloc[0]).endswith("%")


def _round_numbers(low: float, high: float) -> tuple[float, ...]:
    """Return about six round numbers from `low` to `high`."""
    if high <= low:
        return (low,)
    raw = (high - low) / TICKS
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw)
    first = np.ceil(low / step)
    return tuple(float(v) * step for v in np.arange(first, np.floor(high / step) + 1))
