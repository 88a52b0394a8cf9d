"""Which way a characteristic pushes, in words: "below 75,000 it raises the risk"."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.explanation.measured import FEW_ROWS
from workbench.explanation.rows import number_words
from workbench.features.columns import Column, LevelColumn
from workbench.portfolio import Characteristic

SLIGHT = 0.05
"""Of the largest mean value, the share below which a bin is taken to push neither way."""
NAMED = 2


def direction(curve: pd.DataFrame, column: Column, characteristic: Characteristic) -> str:
    """Return in which values a characteristic raises the risk against the reference.

    Parameters
    ----------
    curve : DataFrame
        Its lines of `measured.dependence`; the mean of a bin of too few rows is NaN, and nothing is said of
        it.

    Examples
    --------
    >>> from workbench.portfolio import Characteristic
    >>> curve = pd.DataFrame({
    ...     "label": ["1 to 4", "5 to 9"], "at": [2.0, 7.0], "from": [1.0, 5.0], "to": [4.0, 9.0],
    ...     "mean": [0.4, -0.3], "weight": [10.0, 12.0]})
    >>> direction(curve, None, Characteristic(name="age", unit="years"))
    'below 5 years it raises the risk'
    """
    whole = bool(curve["mean"].notna().all())
    curve = curve[curve["mean"].notna()]
    if curve.empty:
        return FEW_ROWS
    every = "every value" if whole else "every value that is told"
    largest = float(curve["mean"].abs().max())
    if largest == 0:
        return "it changes nothing" if whole else f"it changes nothing at {every}"
    if isinstance(column, LevelColumn):
        return _of_levels(curve, largest)
    numbers = curve[curve["at"].notna()]
    said = _of_numbers(numbers, largest, characteristic, every) if len(numbers) else ""
    apart = curve[curve["at"].isna() & (curve["mean"].abs() >= SLIGHT * largest)]
    for label, mean in zip(apart["label"], apart["mean"], strict=True):
        pushes = "raises" if mean > 0 else "lowers"
        said += ("; " if said else "") + f"{label} {pushes} it" if said else f"{label} {pushes} the risk"
    return said or "it hardly changes the risk"


def _of_levels(curve: pd.DataFrame, largest: float) -> str:
    up = curve[curve["mean"] >= SLIGHT * largest].sort_values("mean", ascending=False)
    down = curve[curve["mean"] <= -SLIGHT * largest].sort_values("mean")
    return _list(up["label"], "raises", "raise") or _list(down["label"], "lowers", "lower")


def _list(labels: pd.Series, one: str, many: str) -> str:
    if labels.empty:
        return ""
    named = list(labels[:NAMED]) + ([f"{len(labels) - NAMED} more"] if len(labels) > NAMED else [])
    said = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{said} {one if len(named) == 1 else many} the risk"


def _of_numbers(curve: pd.DataFrame, largest: float, characteristic: Characteristic, every: str) -> str:
    mean = curve["mean"].to_numpy(dtype=float)
    sign = np.where(np.abs(mean) < SLIGHT * largest, 0, np.sign(mean)).astype(int)
    pushing = np.flatnonzero(sign)
    if not len(pushing):
        return ""
    changes = [i for i, j in zip(pushing[1:], pushing[:-1], strict=True) if sign[i] != sign[j]]
    first = sign[pushing[0]]
    if not changes:
        rises = "raises" if first > 0 else "lowers"
        return f"it {rises} the risk at {every if len(pushing) == len(sign) else 'some values'}"
    starts = [_place(curve, i, characteristic) for i in changes]
    if len(changes) == 1:
        return f"{'below' if first > 0 else 'from'} {starts[0]} it raises the risk"
    if len(changes) == 2:
        pushes = "lowers" if first > 0 else "raises"
        return f"from {_place(curve, changes[0], characteristic, False)} to {starts[1]} it {pushes} the risk"
    return f"it raises and lowers the risk by turns, {len(changes)} times"


def _place(curve: pd.DataFrame, i: int, characteristic: Characteristic, unit: bool = True) -> str:
    said = number_words(float(curve["from"].iloc[i]), characteristic.format == "percent")
    if characteristic.format == "percent":
        return said
    of = "months before the application" if characteristic.kind == "date" else characteristic.unit
    return f"{said} {of}" if of and unit else said
