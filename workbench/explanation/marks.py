"""Every row's attribution in few marks: a beeswarm, and value against attribution of one characteristic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.explanation.rows import FEWEST, Cut, number_words
from workbench.features.columns import Column, LevelColumn
from workbench.portfolio import Characteristic

WIDE, HIGH = 100, 6
"""Places of a beeswarm along the values, and marks that stand above each other at most."""
ACROSS, ALONG = 50, 30
"""Places of a dependence chart along the characteristic and along its values."""
PARTNERS = 3
FEW = FEWEST
"""Rows a mark stands for at least: an overview is kept, and is of no one's values."""
SWARM = ("characteristic", "value", "offset", "shade", "n", "weight")
CELLS = ("characteristic", "bin", "at", "value", "n", "weight", "shade_1", "shade_2", "shade_3")
SCALE = ("characteristic", "shade", "label")


def ranks(raw: np.ndarray, column: Column, weight: np.ndarray) -> np.ndarray:
    """Return where each value stands among the rows, from 0 to 1; shape (n,).

    Levels stand in the order of their bad rate in development; what is missing, a special code or a level
    that development did not see has no place, NaN.
    """
    values = order_of(raw, column)
    out = np.full(len(raw), np.nan)
    placed = ~np.isnan(values)
    if placed.any():
        distinct, code = np.unique(values[placed], return_inverse=True)
        if len(distinct) == 1:
            out[placed] = 0.5
            return out
        share = np.bincount(code.reshape(-1), weight[placed])
        middle = np.cumsum(share) - share / 2
        out[placed] = ((middle - middle[0]) / (middle[-1] - middle[0]))[code.reshape(-1)]
    return out


def order_of(raw: np.ndarray, column: Column) -> np.ndarray:
    """Return values that can be ordered: numbers as they are, levels by development bad rate, else NaN."""
    if isinstance(column, LevelColumn):
        known = ~np.isnan(raw) & (raw >= 0)
        codes = np.array([*column.codes, np.nan])
        return codes[np.where(known, raw, len(column.levels)).astype(np.intp)]
    return np.where(np.isin(raw, column.special), np.nan, raw)


def scale(raw: np.ndarray, column: Column, characteristic: Characteristic, shade: np.ndarray) -> pd.DataFrame:
    """Return what the shades of a characteristic stand for: characteristic, shade, label."""
    placed = np.flatnonzero(~np.isnan(shade))
    if not len(placed):
        return pd.DataFrame(columns=list(SCALE))
    ordered = placed[np.argsort(shade[placed], kind="stable")]
    chosen = ordered[np.unique(np.linspace(0, len(ordered) - 1, 5).round().astype(np.intp))]
    shades, first = np.unique(shade[chosen].round(4), return_index=True)
    values = raw[chosen[first]]
    if isinstance(column, LevelColumn):
        labels = [characteristic.label(column.levels[int(v)]) for v in values]
    else:
        labels = [number_words(float(v), characteristic.format == "percent") for v in values]
    return pd.DataFrame({"characteristic": column.name, "shade": shades, "label": labels})


def swarm(name: str, value: np.ndarray, shade: np.ndarray, weight: np.ndarray, wide: float) -> pd.DataFrame:
    """Return the beeswarm of one characteristic: every row is in exactly one mark, with others.

    Parameters
    ----------
    wide : float
        How wide a place is, in the unit of the values.

    Returns
    -------
    DataFrame
        characteristic, value (mean attribution of the mark's rows), offset (-0.5 to 0.5), shade (mean rank
        of its values, NaN where they have none), n, weight.
    """
    place = np.zeros(len(value), np.int64)
    if wide > 0:
        place = np.floor((value - value.min()) / wide).astype(np.int64)
    order = np.lexsort((shade, place))
    starts = np.flatnonzero(np.diff(place[order], prepend=place[order][:1] - 1))
    n = np.diff([*starts, len(order)])
    tall = np.ceil(n / n.max() * HIGH).astype(np.intp)
    within = np.arange(len(order)) - np.repeat(starts, n)
    level = within * np.repeat(tall, n) // np.repeat(n, n)
    mark = np.cumsum(np.diff(np.repeat(np.arange(len(n)), n) * (HIGH + 1) + level, prepend=-1) != 0) - 1
    mark, _ = pooled(mark, np.zeros(len(mark)))
    found = _marks(mark, order, value, weight, {"shade": shade})
    first = np.flatnonzero(np.diff(mark, prepend=-1))
    found["offset"] = (level[first] - (np.repeat(tall, n)[first] - 1) / 2) / HIGH
    return found.assign(characteristic=name)[list(SWARM)]


def cells(
    name: str, raw: np.ndarray, cut: Cut, value: np.ndarray, weight: np.ndarray, shades: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Return value against attribution of one characteristic: a row is in one mark, with others.

    Rows of a bin that is no number and holds fewer than `FEW` are in none.

    Parameters
    ----------
    shades : sequence of array, each shape (n,)
        Ranks of the values of its partners, at most three.

    Returns
    -------
    DataFrame
        characteristic, bin (of the cut), at (mean value; NaN where it is no number), value, n, weight,
        shade_1 to shade_3 (mean rank of each partner; NaN without).
    """
    number = ~np.isnan(np.array(cut.at))[cut.code]
    place = np.full(len(raw), -1, np.int64)
    if number.any():
        low, high = np.quantile(raw[number], (0.005, 0.995))
        width = (high - low) / ACROSS or 1.0
        place[number] = np.clip(np.floor((raw[number] - low) / width), 0, ACROSS).astype(np.int64)
    place = np.where(number, place, ACROSS + 1 + cut.code)
    step = (value.max() - value.min()) / ALONG or 1.0
    tall = np.floor((value - value.min()) / step).astype(np.int64)
    key = place * (ALONG + 1) + tall
    order = np.argsort(key, kind="stable")
    mark = np.cumsum(np.diff(key[order], prepend=-1) != 0) - 1
    mark, keep = pooled(mark, np.where(number, 0, 1 + cut.code)[order])
    order, mark = order[keep], np.unique(mark[keep], return_inverse=True)[1].reshape(-1)
    means = {f"shade_{i + 1}": shade for i, shade in enumerate(shades)}
    found = _marks(mark, order, value, weight, means | {"at": np.where(number, raw, np.nan)})
    missing = [f"shade_{i}" for i in range(len(shades) + 1, PARTNERS + 1)]
    first = order[np.flatnonzero(np.diff(mark, prepend=-1))]
    found = found.assign(characteristic=name, bin=cut.code[first], **dict.fromkeys(missing, np.nan))
    return found[list(CELLS)]


def _marks(
    mark: np.ndarray, order: np.ndarray, value: np.ndarray, weight: np.ndarray, means: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return the marks of ordered rows: weighted means of what is known, n, weight."""
    n = np.bincount(mark)
    w = weight[order]
    whole = np.bincount(mark, w)
    found = {"value": np.bincount(mark, w * value[order]) / whole, "n": n, "weight": whole}
    for name, values in means.items():
        known = ~np.isnan(values[order])
        sums = np.bincount(mark, np.where(known, w * np.nan_to_num(values[order]), 0.0))
        of = np.bincount(mark, w * known)
        found[name] = np.divide(sums, of, out=np.full(len(n), np.nan), where=of > 0)
    return pd.DataFrame(found)


def pooled(mark: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return marks of ordered rows joined with the next of their group until each holds `FEW` rows.

    Parameters
    ----------
    mark : array of int, shape (n,)
        Counted up from 0.
    group : array, shape (n,)
        What a mark may not reach across; rows of a group stand together.

    Returns
    -------
    mark : array of int, shape (n,)
    keep : array of bool, shape (n,)
        False for the rows of a group that has fewer, unless there are no others.

    Examples
    --------
    >>> pooled(np.array([0, 1, 1, 1, 1, 2, 3, 3]), np.array([0, 0, 0, 0, 0, 0, 1, 1]))[0].tolist()
    [0, 0, 0, 0, 0, 0, 1, 1]
    """
    n = np.bincount(mark)
    of = group[np.flatnonzero(np.diff(mark, prepend=-1))]
    to, held = np.zeros(len(n), np.intp), [0]
    for i, count in enumerate(n):
        apart = i > 0 and of[i] != of[i - 1]
        if i and (apart or (held[-1] >= FEW and n[i:][of[i:] == of[i]].sum() >= FEW)):
            held.append(0)
        held[-1] += int(count)
        to[i] = len(held) - 1
    keep = (np.array(held) >= FEW)[to][mark]
    return to[mark], keep if keep.any() else np.ones(len(mark), bool)
