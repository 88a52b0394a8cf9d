"""What development taught about one characteristic, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.portfolio import Characteristic, numeric_codes

NO_FLAG, MISSING, UNEXPECTED_MISSING, UNSEEN, OUT_OF_RANGE, UNUSUAL, IMPOSSIBLE = range(7)
# a value outside the declared range is out of range too; the code apart keeps it from being approved
FLAG_WORDS = ("", "missing", "unexpected missing", "unseen", "out of range", "unusual", "out of range")

SMOOTHING_ROWS = 20.0
RARE_ROWS = 20
USUAL = (0.005, 0.995)
CLIP = (0.01, 0.99)


@dataclass(frozen=True)
class NumberColumn:
    """A number (or a date, as months) as development saw it.

    Attributes
    ----------
    clip_low, clip_high : float
        1st and 99th development percentile.
    mean, sd : float
        Of the clipped values; `sd` is 1 where the values do not vary.
    seen_low, seen_high, usual_low, usual_high : float
        Development minimum and maximum; 0.5th and 99.5th percentile.
    low, high : float, optional
        Range the portfolio declares.
    special : tuple of float
        Codes that are no quantities: never clipped, never out of range.
    missing_share : float
        Share of development rows without a value; a missing value is unexpected where it is 0.
    monotone : int
        1 where risk may only rise with the value, -1 where it may only fall, 0 else.
    """

    name: str
    date: bool
    fill: float | None
    special: tuple[float, ...]
    clip_low: float
    clip_high: float
    mean: float
    sd: float
    typical: float
    seen_low: float
    seen_high: float
    usual_low: float
    usual_high: float
    low: float | None
    high: float | None
    missing_share: float
    monotone: int = 0

    @property
    def declared(self) -> tuple[float, float]:
        """The range the portfolio declares; infinite where it declares none."""
        return (-np.inf if self.low is None else self.low), (np.inf if self.high is None else self.high)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that is not flagged as out of range."""
        low = self.seen_low if self.low is None else max(self.low, self.seen_low)
        high = self.seen_high if self.high is None else min(self.high, self.seen_high)
        return low, high

    def flags(self, raw: np.ndarray) -> np.ndarray:
        """Return the flag of each raw value; shape (n,), int8."""
        low, high = self.bounds
        flags = np.zeros(len(raw), np.int8)
        flags[(raw < self.usual_low) | (raw > self.usual_high)] = UNUSUAL
        flags[(raw < low) | (raw > high)] = OUT_OF_RANGE
        flags[(raw < self.declared[0]) | (raw > self.declared[1])] = IMPOSSIBLE
        for code in self.special:
            flags[raw == code] = NO_FLAG
        flags[np.isnan(raw)] = MISSING if self.missing_share > 0 else UNEXPECTED_MISSING
        return flags


@dataclass(frozen=True)
class LevelColumn:
    """A category or flag as development saw it.

    Attributes
    ----------
    levels : tuple of str
        Attributes seen in development, sorted as text.
    shares : tuple of float
        Share of development rows of each level.
    codes : tuple of float
        Rank of each level by its smoothed bad rate, safest 0; rare levels share one.
    code_missing, code_unseen : float
        Codes of a missing value and of an attribute that development did not see.
    pooled : tuple of bool
        Levels with fewer than 20 development rows, taken together.
    """

    name: str
    fill: str | None
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    codes: tuple[float, ...]
    code_missing: float
    code_unseen: float
    pooled: tuple[bool, ...]
    typical: str
    missing_share: float

    def flags(self, raw: np.ndarray) -> np.ndarray:
        """Return the flag of each raw level index; shape (n,), int8."""
        table = self.flag_table
        index = np.where(np.isnan(raw), len(self.levels) + 1, np.where(raw < 0, len(self.levels), raw))
        return table[index.astype(np.intp)]

    @property
    def flag_table(self) -> np.ndarray:
        """Flags by level index, then of unseen, then of missing."""
        rare = [UNUSUAL if share < USUAL[0] else NO_FLAG for share in self.shares]
        missing = MISSING if self.missing_share > 0 else UNEXPECTED_MISSING
        return np.array([*rare, UNSEEN, missing], dtype=np.int8)

    @property
    def code_table(self) -> np.ndarray:
        """Codes by level index, then of unseen, then of missing."""
        return np.array([*self.codes, self.code_unseen, self.code_missing])


Column = NumberColumn | LevelColumn


def to_json(column: Column) -> dict[str, Any]:
    """Return the column as plain values."""
    return asdict(column) | {"kind": "number" if isinstance(column, NumberColumn) else "level"}


def from_json(values: Mapping[str, Any]) -> Column:
    """Return the column that `to_json` wrote."""
    form = NumberColumn if values["kind"] == "number" else LevelColumn
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "kind"}
    return form(**plain)


def _weighted_quantiles(values: np.ndarray, weight: np.ndarray | None, q: tuple[float, ...]) -> list[float]:
    if weight is None:
        return [float(x) for x in np.quantile(values, q)]
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    at = np.searchsorted(below, np.asarray(q) * below[-1], side="left")
    return [float(x) for x in values[order][np.minimum(at, len(values) - 1)]]


def learn_number(
    characteristic: Characteristic, values: np.ndarray, weight: np.ndarray | None
) -> NumberColumn:
    """Learn a number from its development values; shape (n,), NaN where missing."""
    special = tuple(numeric_codes(characteristic))
    fill = None if characteristic.fill is None else float(characteristic.fill)
    given = ~np.isnan(values)
    quantity = given & ~np.isin(values, special)
    share = 1.0 - float(np.average(given, weights=weight)) if len(values) else 0.0
    w = None if weight is None else weight[quantity]
    x = values[quantity] if quantity.any() else np.zeros(1)
    w = w if quantity.any() else None
    cuts = _weighted_quantiles(x, w, (*CLIP, *USUAL, 0.5))
    at_median = int(np.argmin(np.abs(x - cuts[4])))
    clipped = np.clip(x, cuts[0], cuts[1])
    mean = float(np.average(clipped, weights=w))
    sd = float(np.sqrt(np.average((clipped - mean) ** 2, weights=w)))
    return NumberColumn(
        name=characteristic.name, date=characteristic.kind == "date", fill=fill, special=special,
        clip_low=cuts[0], clip_high=cuts[1], mean=mean, sd=sd if sd > 0 else 1.0, typical=float(x[at_median]),
        seen_low=float(x.min()), seen_high=float(x.max()), usual_low=cuts[2], usual_high=cuts[3],
        low=characteristic.low, high=characteristic.high, missing_share=share,
        monotone={"rises": 1, "falls": -1}.get(characteristic.monotone, 0),
    )  # fmt: skip


def learn_levels(
    characteristic: Characteristic, values: pd.Series, bad: np.ndarray, weight: np.ndarray | None
) -> LevelColumn:
    """Learn a category from its development values (pandas category) and their outcome."""
    categories = np.asarray(values.cat.categories, dtype=object)
    codes = values.cat.codes.to_numpy()
    if characteristic.fill is not None:
        fill = str(characteristic.fill)
        if fill not in categories:
            categories = np.append(categories, fill)
        codes = np.where(codes < 0, int(np.flatnonzero(categories == fill)[0]), codes)
    rows = np.bincount(codes + 1, minlength=len(categories) + 1)
    mass = np.bincount(codes + 1, weights=weight, minlength=len(categories) + 1).astype(float)
    bads = np.bincount(
        codes + 1, weights=bad if weight is None else bad * weight, minlength=len(categories) + 1
    )
    seen = np.flatnonzero(rows[1:] > 0)
    seen = seen[np.argsort(categories[seen].astype(str), kind="stable")]
    total = mass.sum()
    overall = float(bads.sum() / total) if total else 0.0
    n, b, small = mass[1:][seen], bads[1:][seen], rows[1:][seen] < RARE_ROWS
    if small.any():
        n, b = np.where(small, n[small].sum(), n), np.where(small, b[small].sum(), b)
    rates = (b + SMOOTHING_ROWS * overall) / (n + SMOOTHING_ROWS)
    missing_rate = (bads[0] + SMOOTHING_ROWS * overall) / (mass[0] + SMOOTHING_ROWS)
    ranked = np.unique(np.append(rates, missing_rate) if rows[0] else rates)
    between = float(np.searchsorted(ranked, overall)) - 0.5
    unseen = float(np.searchsorted(ranked, rates[small][0])) if small.any() else between
    return LevelColumn(
        name=characteristic.name,
        fill=None if characteristic.fill is None else str(characteristic.fill),
        levels=tuple(str(c) for c in categories[seen]),
        shares=tuple(float(x) for x in mass[1:][seen] / total),
        codes=tuple(float(x) for x in np.searchsorted(ranked, rates)),
        code_missing=float(np.searchsorted(ranked, missing_rate)) if rows[0] else unseen,
        code_unseen=unseen,
        pooled=tuple(bool(x) for x in small),
        typical=str(categories[seen][int(np.argmax(mass[1:][seen]))]) if len(seen) else "",
        missing_share=float(mass[0] / total) if total else 0.0,
    )
