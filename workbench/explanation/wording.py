"""Which words of the portfolio hold for a value: compiled once a model, then looked up for all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.features.columns import Column, LevelColumn, NumberColumn
from workbench.portfolio import Portfolio, ReasonText, as_number
from workbench.training import TrainedModel

NO_TEXT = 0
"""Position of the empty text: nothing true can be said of the value."""


@dataclass(frozen=True, eq=False)
class Wording:
    """The reasons that the characteristics of a model stand for, and what is said of each value.

    Attributes
    ----------
    groups : tuple of str
        Reasons, in the order in which the portfolio names their first characteristic.
    group_of : array of int, shape (characteristics,)
    protected : array of bool, shape (characteristics,)
    titles, names : tuple of str
        Of the characteristics.
    texts : tuple of str
        What can be said; the first is empty.
    """

    groups: tuple[str, ...]
    group_of: np.ndarray
    protected: np.ndarray
    titles: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    _said: tuple[_Said, ...]

    def text_codes(self, raw: np.ndarray) -> np.ndarray:
        """Return the position in `texts` of what is said of each raw value; shape as `raw`."""
        out = np.empty(raw.shape, np.int32)
        for j, said in enumerate(self._said):
            out[:, j] = said.codes(raw[:, j])
        return out


@dataclass(frozen=True, eq=False)
class _Said:
    """Positions of the texts of one characteristic."""

    column: Column
    always: int
    high: int
    low: int
    missing: int
    values: tuple[tuple[float, int], ...]
    levels: np.ndarray

    def codes(self, raw: np.ndarray) -> np.ndarray:
        if isinstance(self.column, LevelColumn):
            n = len(self.column.levels)
            at = np.where(np.isnan(raw), n + 1, np.where(raw < 0, n, raw))
            return self.levels[at.astype(np.intp)]
        typical = self.column.typical
        out = np.where(raw > typical, self.high, np.where(raw < typical, self.low, self.always))
        for code in self.column.special:
            out = np.where(raw == code, self.always, out)
        for value, code in self.values:
            out = np.where(raw == value, code, out)
        return np.where(np.isnan(raw), self.missing, out)


def wording(model: TrainedModel) -> Wording:
    """Return the words of a model's portfolio, ready to be looked up."""
    portfolio, columns = model.portfolio, model.encoder.columns
    texts: dict[str, int] = {"": NO_TEXT}
    keys = [_key(portfolio, column.name) for column in columns]
    groups = tuple(dict.fromkeys(keys))
    said = tuple(_said(portfolio, column, bool(model.encoder.date), texts) for column in columns)
    return Wording(
        groups=groups,
        group_of=np.array([groups.index(key) for key in keys]),
        protected=np.array(["protected" in portfolio.characteristic(c.name).tags for c in columns]),
        titles=tuple(portfolio.characteristic(c.name).shown for c in columns),
        names=tuple(c.name for c in columns),
        texts=tuple(texts),
        _said=said,
    )


def _key(portfolio: Portfolio, name: str) -> str:
    text = portfolio.reasons.text_of(name)
    return name if text is None else text.key


def _said(portfolio: Portfolio, column: Column, counted_back: bool, texts: dict[str, int]) -> _Said:
    told = portfolio.reasons.text_of(column.name) or ReasonText.model_construct(
        characteristics=(column.name,), group="", text="", high="", low="", missing="", values=()
    )

    def at(text: str) -> int:
        return texts.setdefault(text or told.text, len(texts))

    special = {one.value: one.text for one in told.values}
    if isinstance(column, LevelColumn):
        levels = [special.get(level, "") for level in column.levels]
        codes = [*map(at, levels), at(""), at(told.missing)]
        return _Said(column, at(""), 0, 0, 0, (), np.array(codes, np.int32))
    high, low = told.high, told.low
    if column.date and not counted_back:
        high, low = low, high  # months since a fixed day: the larger number is the shorter time ago
    numbers = ((as_number(value), at(text)) for value, text in special.items())
    values = tuple((number, code) for number, code in numbers if number is not None)
    return _Said(column, at(""), at(high), at(low), at(told.missing), values, np.zeros(0, np.int32))


def typical_raw(model: TrainedModel) -> np.ndarray:
    """Return the raw row of the typical development applicant: medians and most common attributes."""
    return np.array([_typical(column) for column in model.encoder.columns])


def _typical(column: Column) -> float:
    if isinstance(column, NumberColumn):
        return column.typical
    return float(column.levels.index(column.typical)) if column.typical in column.levels else np.nan
