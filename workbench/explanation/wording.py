"""Which words of the portfolio hold for a value: compiled once a model, then looked up for all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.explanation.additive import additive
from workbench.features.columns import Column, LevelColumn, NumberColumn
from workbench.portfolio import Portfolio, ReasonText, as_number
from workbench.training import TrainedModel

NO_TEXT = 0
"""Position of the empty text: nothing true can be said of the value."""
SLIGHT = 1e-9
"""Of a margin; what moves it by less does not move it."""


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
    typical : array, shape (characteristics,)
        The raw value above which a number is high and below which it is low.
    """

    groups: tuple[str, ...]
    group_of: np.ndarray
    protected: np.ndarray
    titles: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    typical: np.ndarray
    _said: tuple[_Said, ...]

    def text_codes(self, raw: np.ndarray) -> np.ndarray:
        """Return the position in `texts` of what is said of each raw value; shape as `raw`."""
        out = np.empty(raw.shape, np.int32)
        for j, said in enumerate(self._said):
            out[:, j] = said.codes(raw[:, j], self.typical[j])
        return out

    def borne_out(
        self, margin: Callable[[np.ndarray], np.ndarray], raw: np.ndarray, named: np.ndarray,
        codes: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """Return codes of texts in which "too high" and "too low" stand only where the model bears it out.

        It does where the applicant's risk falls once that one value is set to the typical one. Where it
        rises or stays, the words that hold whatever the value is are taken, if there are any.

        Parameters
        ----------
        margin : callable
            Raw rows -> the model's margin; shape (n,).
        raw : array, shape (n, characteristics)
        named, codes : array of int, shape (n, most)
            Positions of the characteristics that reasons are named by, -1 where there is none, and of texts.
        """
        row, rank = np.nonzero(named >= 0)
        column = named[row, rank]
        told = np.zeros(len(row), bool)
        for j in np.unique(column):
            at = column == j
            told[at] = self._said[j].directed(raw[row[at], j], self.typical[j])
        row, rank, column = row[told], rank[told], column[told]
        if not len(row):
            return codes
        once, which = np.unique(row, return_inverse=True)
        moved = raw[row]
        moved[np.arange(len(row)), column] = self.typical[column]
        found = margin(np.vstack([raw[once], moved]))
        worse = found[: len(once)][which] - found[len(once) :] > SLIGHT
        always = np.array([said.always for said in self._said])
        out = codes.copy()
        out[row, rank] = np.where(worse, codes[row, rank], always[column])
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

    def codes(self, raw: np.ndarray, typical: float) -> np.ndarray:
        if isinstance(self.column, LevelColumn):
            n = len(self.column.levels)
            at = np.where(np.isnan(raw), n + 1, np.where(raw < 0, n, raw))
            return self.levels[at.astype(np.intp)]
        out = np.where(raw > typical, self.high, np.where(raw < typical, self.low, self.always))
        for code in self.column.special:
            out = np.where(raw == code, self.always, out)
        for value, code in self.values:
            out = np.where(raw == value, code, out)
        return np.where(np.isnan(raw), self.missing, out)

    def directed(self, raw: np.ndarray, typical: float) -> np.ndarray:
        """Return whether what is said of raw values is that they are high or low."""
        if isinstance(self.column, LevelColumn):
            return np.zeros(raw.shape, bool)
        apart = (*self.column.special, *(value for value, _ in self.values))
        return (raw != typical) & ~np.isnan(raw) & ~np.isin(raw, apart)


def wording(model: TrainedModel, typical: np.ndarray | None = None) -> Wording:
    """Return the words of a model's portfolio, ready to be looked up.

    Parameters
    ----------
    typical : array, shape (characteristics,), optional
        Medians of those whom applicants are held against; of development where it is not given or NaN.
    """
    known = typical_raw(model)
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
        typical=known if typical is None else np.where(np.isnan(typical), known, typical),
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


def margin_of(model: TrainedModel) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives the margin of raw rows; of a card before its points are cut off at the ends."""
    way = additive(model)
    return model.margin if way is None else lambda raw: way.margin(model.encoder.encode(raw))


def typical_raw(model: TrainedModel) -> np.ndarray:
    """Return the raw row of the typical development applicant: medians and most common attributes."""
    return np.array([_typical(column) for column in model.encoder.columns])


def _typical(column: Column) -> float:
    if isinstance(column, NumberColumn):
        return column.typical
    return float(column.levels.index(column.typical)) if column.typical in column.levels else np.nan
