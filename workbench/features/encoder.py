"""Encoders learned on development rows: *ordered* (one number each), *linear* (a design), *binned*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.binning import Bins, BinSpec, bin_characteristic
from workbench.dataset import BAD, Dataset, months
from workbench.features.columns import (
    Column,
    LevelColumn,
    NumberColumn,
    from_json,
    learn_levels,
    learn_number,
    to_json,
)
from workbench.portfolio import Portfolio

EncodingKind = Literal["ordered", "linear", "binned"]


@dataclass(frozen=True)
class Encoded:
    """One column that a family sees, and the characteristic it comes from.

    Attributes
    ----------
    detail : str
        What of the characteristic it is: "value", "missing", ``= level``, ``code -9``, "bin".
    """

    name: str
    characteristic: str
    detail: str


@dataclass(frozen=True)
class Encoder:
    """How typed characteristics become a float array.

    *ordered*: one column a characteristic; a category's level becomes its rank by smoothed
    development bad rate, a missing number stays NaN. *linear*: numbers clipped at the development
    percentiles and standardised (a missing one is 0 with a flag of its own), special codes as
    indicators, categories one-hot with rare levels pooled. *binned*: the number of the bin that the
    value falls into, one column a characteristic.

    Parameters
    ----------
    kind : {"ordered", "linear", "binned"}
    columns : tuple of Column
        In portfolio order.
    date : str
        The application date's column; dates become months before it. Empty: months since 2000.
    date_last : str
        Latest application date in development, ISO; empty without dates.
    bins : tuple of Bins
        Of each column, in order, where the kind is binned; else empty.
    """

    kind: EncodingKind
    columns: tuple[Column, ...]
    date: str = ""
    date_last: str = ""
    bins: tuple[Bins, ...] = ()

    @cached_property
    def encoded(self) -> tuple[Encoded, ...]:
        """The columns `encode` returns, in order."""
        if self.kind == "ordered":
            return tuple(Encoded(c.name, c.name, "value") for c in self.columns)
        if self.kind == "binned":
            return tuple(Encoded(c.name, c.name, "bin") for c in self.columns)
        return tuple(item for column in self.columns for item in _design(column))

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        """How many encoded columns each column becomes."""
        return tuple(1 if self.kind == "ordered" else len(_design(column)) for column in self.columns)

    def raw(self, frame: pd.DataFrame, date: pd.Series | None) -> np.ndarray:
        """Return values as numbers, one column a characteristic; shape (n, characteristics).

        A category becomes the index of its level, -1 where development did not see it;
        NaN is missing. The array is in column order, so that each characteristic is contiguous.
        """
        out = np.empty((len(frame), len(self.columns)), order="F")
        for j, column in enumerate(self.columns):
            values = frame[column.name]
            if isinstance(column, LevelColumn):
                out[:, j] = _level_indices(column, values)
                continue
            out[:, j] = self._numbers(column, values, date)
        return out

    def encode(self, raw: np.ndarray) -> np.ndarray:
        """Return what the family sees; shape (n, len(encoded)), in column order."""
        out = np.empty((len(raw), len(self.encoded)), order="F")
        if self.kind == "binned":
            for j, column in enumerate(self.columns):
                out[:, j] = _bin_numbers(column, self.bins[j], raw[:, j])
            return out
        at = 0
        for j, (column, width) in enumerate(zip(self.columns, self._widths, strict=True)):
            _encode_column(self.kind, column, raw[:, j], out[:, at : at + width])
            at += width
        return out

    def seen(self, frame: pd.DataFrame, date: pd.Series | None) -> tuple[np.ndarray, np.ndarray]:
        """Return what the family sees, and the flag of each value, as `encode` and `flags` of `raw` do.

        Categories are looked up by their levels, once a level and not once a row.
        """
        if self.kind != "ordered":
            raw = self.raw(frame, date)
            return self.encode(raw), self.flags(raw)
        shape = (len(frame), len(self.columns))
        x, flags = np.empty(shape, order="F"), np.empty(shape, np.int8, order="F")
        for j, column in enumerate(self.columns):
            values = frame[column.name]
            if isinstance(column, LevelColumn):
                # a missing value has the code -1, which is the last place of both tables
                at = _level_rows(column, _level_table(column, values))
                codes = values.cat.codes.to_numpy()
                x[:, j], flags[:, j] = column.code_table[at][codes], column.flag_table[at][codes]
                continue
            x[:, j] = self._numbers(column, values, date)
            flags[:, j] = column.flags(x[:, j])
        return x, flags

    def _numbers(self, column: NumberColumn, values: pd.Series, date: pd.Series | None) -> np.ndarray:
        x = months(values, date) if column.date else values.to_numpy(dtype=float)
        return x if column.fill is None else np.where(np.isnan(x), column.fill, x)

    def flags(self, raw: np.ndarray) -> np.ndarray:
        """Return the flag of each raw value; shape as `raw`, int8, see ``FLAG_WORDS``."""
        out = np.empty(raw.shape, np.int8, order="F")
        for j, column in enumerate(self.columns):
            out[:, j] = column.flags(raw[:, j])
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as plain values."""
        return {
            "kind": self.kind,
            "date": self.date,
            "date_last": self.date_last,
            "columns": [to_json(c) for c in self.columns],
        } | ({"bins": [bins.to_json() for bins in self.bins]} if self.bins else {})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Encoder:
        """Return the encoder that `to_json` wrote."""
        return cls(
            values["kind"],
            tuple(from_json(c) for c in values["columns"]),
            values["date"],
            values["date_last"],
            tuple(Bins.from_json(bins) for bins in values.get("bins", ())),
        )


def learn(dataset: Dataset, rows: np.ndarray, kind: EncodingKind, bin_spec: BinSpec | None = None) -> Encoder:
    """Learn an encoder from the rows `rows` (positions) of `dataset` and their outcome.

    What bins are asked for, `bin_spec`, matters to a binned one only.
    """
    portfolio: Portfolio = dataset.portfolio
    frame = dataset.frame.iloc[rows]
    bad = (dataset.outcome[rows] == BAD).astype(float)
    weight = relative_weight(dataset, rows)
    date = None if dataset.date is None else dataset.date.iloc[rows]
    columns: list[Column] = []
    for characteristic in portfolio.characteristics:
        values = frame[characteristic.name]
        if characteristic.kind in ("category", "flag"):
            columns.append(learn_levels(characteristic, values, bad, weight))
            continue
        x = months(values, date) if characteristic.kind == "date" else values.to_numpy(dtype=float)
        if characteristic.fill is not None:
            x = np.where(np.isnan(x), float(characteristic.fill), x)
        columns.append(learn_number(characteristic, x, weight))
    last = "" if date is None or date.isna().all() else date.max().date().isoformat()
    bins: tuple[Bins, ...] = ()
    if kind == "binned":
        asked = bin_spec or BinSpec()
        bins = tuple(
            bin_characteristic(c, frame[c.name], date, bad, weight, asked) for c in portfolio.characteristics
        )
    return Encoder(kind, tuple(columns), portfolio.date if date is not None else "", last, bins)


def relative_weight(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return the weights of `rows` with mean 1, so that penalties and smoothing do not see their scale."""
    if dataset.weight is None:
        return None
    weight = dataset.weight[rows]
    return weight / weight.mean()


def _level_indices(column: LevelColumn, values: pd.Series) -> np.ndarray:
    return _level_table(column, values)[values.cat.codes.to_numpy()]


def _level_table(column: LevelColumn, values: pd.Series) -> np.ndarray:
    """Return the level's index of each category of `values`, and of a missing value last."""
    position = {level: float(i) for i, level in enumerate(column.levels)}
    table = [position.get(str(c), -1.0) for c in values.cat.categories]
    missing = float("nan") if column.fill is None else position.get(column.fill, -1.0)
    return np.array([*table, missing])


def _design(column: Column) -> tuple[Encoded, ...]:
    name = column.name
    if isinstance(column, NumberColumn):
        parts = [Encoded(name, name, "value")]
        if column.missing_share > 0:
            parts.append(Encoded(f"{name} missing", name, "missing"))
        parts += [Encoded(f"{name} = {code:g}", name, f"code {code:g}") for code in column.special]
        return tuple(parts)
    kept = [level for level, pooled in zip(column.levels, column.pooled, strict=True) if not pooled]
    parts = [Encoded(f"{name} = {level}", name, f"= {level}") for level in kept]
    if any(column.pooled):
        parts.append(Encoded(f"{name} rare", name, "rare levels"))
    if column.missing_share > 0:
        parts.append(Encoded(f"{name} missing", name, "missing"))
    return tuple(parts)


def one_hot_table(column: LevelColumn) -> np.ndarray:
    """Return positions within the design by level index, then unseen, then missing; -1 is none."""
    kept = iter(range(len(column.levels)))
    n_kept = sum(not pooled for pooled in column.pooled)
    rare = n_kept if any(column.pooled) else -1
    positions = [rare if pooled else next(kept) for pooled in column.pooled]
    missing = n_kept + (rare >= 0) if column.missing_share > 0 else rare
    return np.array([*positions, rare, missing], dtype=np.intp)


def _bin_numbers(column: Column, bins: Bins, raw: np.ndarray) -> np.ndarray:
    if isinstance(column, LevelColumn):
        return bins.of_levels(column.levels)[_level_rows(column, raw)]
    return bins.of_numbers(raw)


def _level_rows(column: LevelColumn, raw: np.ndarray) -> np.ndarray:
    """Return positions in a table by level, then unseen, then missing."""
    last = len(column.levels)
    return np.where(np.isnan(raw), last + 1, np.where(raw < 0, last, raw)).astype(np.intp)


def _encode_column(kind: EncodingKind, column: Column, raw: np.ndarray, out: np.ndarray) -> None:
    if isinstance(column, LevelColumn):
        index = _level_rows(column, raw)
        if kind == "ordered":
            out[:, 0] = column.code_table[index]
            return
        position = one_hot_table(column)[index]
        for k in range(out.shape[1]):
            out[:, k] = position == k
        return
    if kind == "ordered":
        out[:, 0] = raw
        return
    missing = np.isnan(raw)
    codes = np.isin(raw, column.special) if column.special else np.zeros(len(raw), bool)
    z = (np.minimum(np.maximum(raw, column.clip_low), column.clip_high) - column.mean) / column.sd
    out[:, 0] = np.where(missing | codes, 0.0, z)
    k = 1
    if column.missing_share > 0:
        out[:, k] = missing
        k += 1
    for code in column.special:
        out[:, k] = raw == code
        k += 1
