"""A scorecard laid out as questions with points, which SQL and Excel then write in their own words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.dataset import DAYS_A_MONTH, canonical_value
from workbench.errors import InputError
from workbench.families.scorecard import Scorecard
from workbench.features import LevelColumn, NumberColumn
from workbench.portfolio import Points, word_codes
from workbench.training import TrainedModel

Kind = Literal["number", "date", "level"]


@dataclass(frozen=True)
class Line:
    """One bin that is asked for by what the value is.

    Attributes
    ----------
    label : str
        The bin in words.
    points : int
    low : float
        Of a range: the value it starts at, -inf for the first; a date's in whole days.
        Of a special code: the code.
    spellings : tuple of str
        Of a group of attributes: every way in which one can be written.
    """

    label: str
    points: int
    low: float = math.nan
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """One characteristic of the card.

    Attributes
    ----------
    kind : {"number", "date", "level"}
        A date is asked in days: before the application, or since 2000 without an application date.
    ranges : tuple of Line
        From low to high; empty for a level.
    codes : tuple of Line
        Special codes, which come before ranges.
    groups : tuple of Line
        Of a level.
    other : int
        Points of an attribute in no group.
    missing : int, optional
        Points of a missing value; None where it may not be missing.
    words : tuple of str
        Special codes of a number that are words, each a missing value.
    """

    name: str
    title: str
    kind: Kind
    ranges: tuple[Line, ...]
    codes: tuple[Line, ...]
    groups: tuple[Line, ...]
    other: int
    missing: int | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A card to be written: its questions, the strongest first, its scale and the columns it needs.

    Attributes
    ----------
    key : str
        The row key's column; ``record`` where the portfolio has none.
    date : str
        The application date's column where dates are counted back from it; else empty.
    """

    title: str
    digest: str
    key: str
    date: str
    scale: Points
    questions: tuple[Question, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that hold values, in order: the application date first where there is one."""
        return (*filter(None, [self.date]), *(q.name for q in self.questions))


def plan(model: TrainedModel, to: str) -> Plan:
    """Return the card of a model.

    Raises
    ------
    InputError
        ``EXPORT`` where the model is no scorecard.
    """
    fitted = model.fitted
    if not isinstance(fitted, Scorecard):
        raise InputError(
            "EXPORT",
            f"only a scorecard can be written as {to}, and this model is of the family {model.family}",
            remedy="Take --to native, or train a scorecard.",
        )
    asked = tuple(_question(model, j, points) for j, points in ((t.column, t.points) for t in fitted.terms))
    dated = any(q.kind == "date" for q in asked)
    names = {q.name for q in asked}
    key = model.portfolio.row_key or ("record" if "record" not in names else "record_number")
    return Plan(
        title=model.portfolio.shown, digest=model.digest, key=key,
        date=model.encoder.date if dated else "", scale=fitted.scale, questions=asked,
    )  # fmt: skip


def _question(model: TrainedModel, j: int, points: tuple[int, ...]) -> Question:
    column, bins = model.encoder.columns[j], model.encoder.bins[j]
    about = model.portfolio.characteristic(column.name)
    labels = bins.labels(about)
    missing = None if about.missing == "refuse" else points[_missing_bin(model, j)]
    if isinstance(column, LevelColumn):
        place = bins.of_levels(column.levels)
        groups = tuple(
            Line(labels[k], points[k], spellings=_spellings([c for c, p in zip(column.levels, place[:-2],
                                                                               strict=True) if p == k]))
            for k in range(bins.ordinary)
        )  # fmt: skip
        other = points[int(place[-2])]
        return Question(column.name, about.shown, "level", (), (), groups, other, missing)
    lows = (-math.inf, *bins.cuts)
    if column.date:
        lows = (-math.inf, *(float(first_day(cut)) for cut in bins.cuts))
    ranges = tuple(Line(labels[k], points[k], low) for k, low in enumerate(lows))
    codes = tuple(
        Line(labels[bins.ordinary + k], points[bins.ordinary + k], code)
        for k, code in enumerate(bins.special)
    )
    kind: Kind = "date" if column.date else "number"
    return Question(column.name, about.shown, kind, ranges, codes, (), 0, missing, word_codes(about))


def _missing_bin(model: TrainedModel, j: int) -> int:
    """Return the bin a missing value falls into: that of what is filled in, where something is."""
    column, bins = model.encoder.columns[j], model.encoder.bins[j]
    if isinstance(column, NumberColumn):
        return bins.missing if column.fill is None else int(bins.of_numbers(np.array([column.fill]))[0])
    if column.fill is None:
        return bins.missing
    place = bins.of_levels(column.levels)
    return int(place[column.levels.index(column.fill) if column.fill in column.levels else -2])


def first_day(cut: float) -> int:
    """Return the fewest whole days that are `cut` months or more.

    Examples
    --------
    >>> first_day(12.0), first_day(0.01)
    (366, 1)
    """
    day = math.floor(cut * DAYS_A_MONTH) - 1
    while day / DAYS_A_MONTH < cut:
        day += 1
    return day


def _spellings(levels: list[str]) -> tuple[str, ...]:
    """Return every way to write these attributes that reading takes for the same.

    Examples
    --------
    >>> _spellings(["1", "true", "own"])
    ('1', '1.0', 'true', 'TRUE', 'True', 'own')
    """
    out: list[str] = []
    for level in levels:
        plain = canonical_value(level)
        out += [level, plain]
        if plain.lstrip("+-").isascii() and plain.lstrip("+-").isdigit():
            out.append(f"{plain}.0")
        if plain in ("true", "false"):
            out += [plain.upper(), plain.title()]
    return tuple(dict.fromkeys(out))
