"""The rows an overview is about, and their characteristics cut into values that can be shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.dataset import BAD, Dataset
from workbench.dataset.customers import customers
from workbench.evaluation.rates import customer_codes
from workbench.features.columns import Column, LevelColumn
from workbench.portfolio import Characteristic, number_words, numeric_codes
from workbench.training import TrainedModel

BINS, LEAST, MOST_LEVELS = 12, 25, 20
"""Most bins of numbers, rows that a bin holds about at least, and levels shown by themselves."""
FEWEST = 5
"""Rows below which a bin says more of people than of a value, and is not told."""
MISSING, UNSEEN, OTHER = "missing", "not seen in development", "other"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one sample or segment as a model sees them, with what is known of them.

    Attributes
    ----------
    raw : array, shape (n, characteristics)
        As `Encoder.raw` has them.
    outcome : array of int, shape (n,), optional
        1 bad, 0 good, -1 not known; None where it is known of none.
    weight : array, shape (n,), optional
        Sampling weights.
    code : array of int, shape (n,), optional
        Whose row each is, as from `customer_codes`; None where each row has a customer of its own.
    month : array of datetime64[M], shape (n,), optional
    segments : DataFrame
        Categories that the portfolio tags as segment, as text; same rows, maybe no column.
    """

    raw: np.ndarray
    outcome: np.ndarray | None = None
    weight: np.ndarray | None = None
    code: np.ndarray | None = None
    month: np.ndarray | None = None
    segments: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.raw)

    @classmethod
    def of(cls, model: TrainedModel, dataset: Dataset, at: np.ndarray) -> Rows:
        """Return rows `at` (positions) of a data set as the model sees them."""
        frame = dataset.frame.iloc[at]
        date = None if dataset.date is None else dataset.date.iloc[at]
        group = None if dataset.group is None else customers(dataset.group)[at]
        tagged = [c for c in model.portfolio.characteristics if _splits(c)]
        return cls(
            raw=model.encoder.raw(frame, date),
            outcome=dataset.outcome[at],
            weight=None if dataset.weight is None else dataset.weight[at],
            code=customer_codes(group),
            month=None if date is None else date.to_numpy("datetime64[s]").astype("datetime64[M]"),
            segments=_named(frame, tagged),
        )

    def take(self, at: np.ndarray) -> Rows:
        """Return some of the rows, by position or mask."""
        at = np.flatnonzero(at) if at.dtype == bool else at

        def of(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[at]

        segments = None if self.segments is None else self.segments.iloc[at].reset_index(drop=True)
        return Rows(
            self.raw[at], of(self.outcome), of(self.weight), customer_codes(of(self.code)), of(self.month),
            segments,
        )  # fmt: skip

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of each row, 1 where there are none; shape (n,)."""
        return np.ones(len(self)) if self.weight is None else np.asarray(self.weight, dtype=float)

    @cached_property
    def known(self) -> np.ndarray:
        """Which rows' outcome is known; shape (n,)."""
        return np.zeros(len(self), bool) if self.outcome is None else self.outcome >= 0

    @cached_property
    def bad(self) -> np.ndarray:
        """Which rows ended bad; shape (n,)."""
        return np.zeros(len(self), bool) if self.outcome is None else self.outcome == BAD

    def spread(self, most: int) -> np.ndarray:
        """Return the positions of at most `most` rows, evenly spaced: the same ones each time."""
        if len(self) <= most:
            return np.arange(len(self))
        return np.unique(np.linspace(0, len(self) - 1, most).round().astype(np.intp))


def _splits(characteristic: Characteristic) -> bool:
    return "segment" in characteristic.tags and characteristic.kind in ("category", "flag")


def _named(frame: pd.DataFrame, tagged: list[Characteristic]) -> pd.DataFrame | None:
    """Return the levels of characteristics as they are called, missing ones as such."""
    if not tagged:
        return None
    named = {}
    for c in tagged:
        levels = frame[c.name].astype("category")
        labels = [c.label(str(level)) for level in levels.cat.categories]
        named[c.name] = np.array([*labels, MISSING], dtype=object)[levels.cat.codes.to_numpy()]
    return pd.DataFrame(named)


@dataclass(frozen=True, eq=False)
class Cut:
    """One characteristic of some rows, cut into bins that can be named.

    Attributes
    ----------
    code : array of int, shape (n,)
        The bin of each row, from 0.
    labels : tuple of str
        Of each bin: "1,200 to 3,400", a level, "missing".
    at : tuple of float
        Where a bin of numbers stands on an axis, the mean of its values; NaN for every other bin.
    low, high : tuple of float
        Smallest and largest value in a bin of numbers; NaN for every other bin.
    """

    code: np.ndarray
    labels: tuple[str, ...]
    at: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.labels)


def cut(raw: np.ndarray, column: Column, characteristic: Characteristic, most: int = BINS) -> Cut:
    """Return the values of one characteristic in bins: numbers by quantiles, categories by level.

    Special codes and missing values stand by themselves, behind the others; so do rows of levels that
    development did not see. Only bins with rows are returned.

    Parameters
    ----------
    raw : array, shape (n,)
    """
    if isinstance(column, LevelColumn):
        return _levels(raw, column, characteristic)
    names = numeric_codes(characteristic)
    special = np.isin(raw, column.special)
    missing = np.isnan(raw)
    plain = ~(special | missing)
    code = np.zeros(len(raw), np.intp)
    labels, ends = [], np.empty((0, 3))
    if plain.any():
        values = raw[plain]
        code[plain], ends = _quantiles(values, most)
        labels = [range_words(low, high, characteristic.format == "percent") for _, low, high in ends]
    for value in column.special:
        here = raw == value
        if here.any():
            code[here] = len(labels)
            labels.append(names.get(value, f"code {value:g}"))
    if missing.any():
        code[missing] = len(labels)
        labels.append(MISSING)
    blank = [float("nan")] * (len(labels) - len(ends))
    at, low, high = ((*map(float, ends[:, i]), *blank) for i in range(3))
    return Cut(code, tuple(labels), at, low, high)


def _quantiles(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each value, and of each bin its mean, smallest and largest value."""
    distinct, code = np.unique(values, return_inverse=True)
    code = code.reshape(-1)
    bins = int(np.clip(len(values) // LEAST, 4, most))
    if len(distinct) > bins:
        share = np.cumsum(np.bincount(code)) / len(values)
        # the bin in which the middle of a value's rows lies, so that a common value is not moved to an end
        middle = share - np.bincount(code) / len(values) / 2
        of_value = np.unique(np.minimum((middle * bins).astype(np.intp), bins - 1), return_inverse=True)[1]
        code = of_value.reshape(-1)[code]
    n = np.bincount(code)
    order = np.argsort(code, kind="stable")
    starts = np.concatenate([[0], np.cumsum(n)[:-1]])
    grouped = values[order]
    low, high = np.minimum.reduceat(grouped, starts), np.maximum.reduceat(grouped, starts)
    return code, np.column_stack([np.clip(np.bincount(code, values) / n, low, high), low, high])


def _levels(raw: np.ndarray, column: LevelColumn, characteristic: Characteristic) -> Cut:
    k = len(column.levels)
    index = np.where(np.isnan(raw), k + 1, np.where(raw < 0, k, raw)).astype(np.intp)
    n = np.bincount(index, minlength=k + 2)
    # as the portfolio lists them; what it does not list behind them, the safest in development first
    places = {one.value: place for place, one in enumerate(characteristic.attributes)}
    listed = [places.get(level, len(places)) for level in column.levels]
    ranked = np.lexsort((np.array(column.codes), listed)) if k else np.zeros(0, np.intp)
    common = set(np.argsort(-n[:k], kind="stable")[:MOST_LEVELS].tolist())
    own = [int(level) for level in ranked if n[level] and level in common]
    table, labels = np.full(k + 2, -1, np.intp), []
    for level in own:
        table[level] = len(labels)
        labels.append(characteristic.label(column.levels[level]))
    rest = [level for level in range(k) if n[level] and level not in common]
    for levels, label in ((rest, OTHER), ([k], UNSEEN), ([k + 1], MISSING)):
        if n[levels].any():
            table[levels] = len(labels)
            labels.append(label)
    blank = (float("nan"),) * len(labels)
    return Cut(table[index], tuple(labels), blank, blank, blank)


def range_words(low: float, high: float, share: bool = False) -> str:
    """Return a range of numbers as screens show it.

    Examples
    --------
    >>> range_words(1200, 3400), range_words(2, 2), range_words(0.25, 0.5)
    ('1,200 to 3,400', '2', '0.25 to 0.5')
    """
    first, last = number_words(low, share), number_words(high, share)
    return first if low == high else f"{first} to {last}"
