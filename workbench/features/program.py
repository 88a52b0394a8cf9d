"""The encoder compiled for one applicant: a mapping of named values in, the family's floats out."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from workbench.binning import Bins
from workbench.dataset import DAYS_A_MONTH, EPOCH, cast_one
from workbench.errors import InputError, Problem
from workbench.features.columns import (
    IMPOSSIBLE,
    MISSING,
    NO_FLAG,
    OUT_OF_RANGE,
    UNEXPECTED_MISSING,
    UNUSUAL,
    LevelColumn,
    NumberColumn,
)
from workbench.features.encoder import Encoder, one_hot_table
from workbench.portfolio import Characteristic, Portfolio

LARGEST = 3.4e38
NAN = math.nan
# a row of a frame brings numpy's numbers; each is read by a float as casting would read it
PLAIN = frozenset({float, int, np.float64, np.int64})
EPOCH_DAY = EPOCH.astype(object).toordinal()

Step = Callable[[Any, list[float]], int]
"""Appends what the family sees of one value and returns the value's flag."""
Steps = tuple[tuple[str, Step], ...]


class Program:
    """One applicant's values to a list of floats and flags, equal to the table path to the last bit.

    Parameters
    ----------
    encoder : Encoder
    portfolio : Portfolio
        Says how values are written and which missing ones refuse the applicant.

    Notes
    -----
    Everything that can be decided once is decided here, so that a call is one dictionary look-up
    and a few float operations a characteristic. Numbers, dates and the attributes that development
    saw go that way; any other value (text for a number, ``TRUE``, an attribute not seen) is read by
    the very function that reads a column of a table. ISO text is read as a date whatever format the
    portfolio's files use.
    """

    def __init__(self, encoder: Encoder, portfolio: Portfolio) -> None:
        self.names = tuple(column.name for column in encoder.columns)
        self.date = encoder.date
        self._asked_date = (
            Characteristic(name=self.date, kind="date", date_format=portfolio.date_format)
            if self.date
            else None
        )
        self._refuse = frozenset(c.name for c in portfolio.characteristics if c.missing == "refuse")
        declared = {c.name: c for c in portfolio.characteristics}
        self._dates = tuple(
            declared[c.name] for c in encoder.columns if isinstance(c, NumberColumn) and c.date
        )
        decimal = portfolio.reading.decimal or "."
        readers = [_Reader(declared[column.name], decimal) for column in encoder.columns]
        self._steps: Steps = tuple(
            (column.name, _compiled(encoder, j, reader))
            for j, (column, reader) in enumerate(zip(encoder.columns, readers, strict=True))
        )
        self._raw_steps: Steps = tuple(
            (
                column.name,
                (_raw_level if isinstance(column, LevelColumn) else _ordered_number)(column, reader),
            )
            for column, reader in zip(encoder.columns, readers, strict=True)
        )

    def raw(self, values: Mapping[str, Any]) -> tuple[list[float], list[int]]:
        """Return what `Encoder.raw` gives of one row, and one flag a characteristic; errors as in `row`."""
        return self._read(values, self._raw_steps)

    def row(self, values: Mapping[str, Any]) -> tuple[list[float], list[int]]:
        """Return what the family sees, and one flag a characteristic.

        Parameters
        ----------
        values : mapping
            By column name. None, NaN and "" are missing; extra names are ignored.

        Raises
        ------
        InputError
            ``SCHEMA_MISMATCH`` where a name is absent; ``NOT_A_NUMBER``, ``NON_FINITE``,
            ``NOT_A_DATE``, ``MISSING_REFUSED`` where values cannot be used; every one is told.
        """
        return self._read(values, self._steps)

    def _read(self, values: Mapping[str, Any], steps: Steps) -> tuple[list[float], list[int]]:
        wrong: dict[str, Problem] = {}
        if self._dates:
            values, wrong = self._with_months(values)
        out: list[float] = []
        try:
            flags = [step(values[name], out) for name, step in steps]
        except KeyError:
            raise self._absent(values) from None
        except _Unusable:
            if not all(name in values for name in self.names):
                raise self._absent(values) from None
            raise InputError.of(self._problems(values, wrong)) from None
        if wrong or self._refuse and any(map(self._refused, self.names, flags)):
            raise InputError.of(self._problems(values, wrong))
        return out, flags

    def _refused(self, name: str, flag: int) -> bool:
        return name in self._refuse and flag in (MISSING, UNEXPECTED_MISSING)

    def _absent(self, values: Mapping[str, Any]) -> InputError:
        absent = [
            name for name in (*self.names, *filter(None, [self._dates and self.date])) if name not in values
        ]
        return InputError(
            "SCHEMA_MISMATCH",
            f"the applicant has no value named {', '.join(absent)}",
            remedy="Name every characteristic of the model; give null where the value is missing.",
        )

    def _problems(self, values: Mapping[str, Any], wrong: Mapping[str, Problem]) -> list[Problem]:
        """Return all that is wrong, in the order of the portfolio, where `wrong` says it of dates."""
        problems = [wrong[self.date]] if self.date in wrong else []
        for name, step in self._steps:
            if name in wrong:
                problems.append(wrong[name])
                continue
            try:
                if self._refused(name, step(values[name], [])):
                    problems.append(
                        Problem("MISSING_REFUSED", "a value is required and missing", name, "Give it.")
                    )
            except _Unusable as error:
                problems.append(error.problem(name))
        return problems

    def _with_months(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Problem]]:
        """Return the values with each date as months, and what is wrong with dates, by name.

        Months are counted before the application where there is such a date; they are missing where a
        date is wrong.
        """
        made, wrong = dict(values), {}
        reference: int | None = EPOCH_DAY
        if self._asked_date is not None:
            if self.date not in values:
                raise self._absent(values)
            try:
                reference = _day(values[self.date], self._asked_date)
            except _Unusable as error:
                reference, wrong[self.date] = None, error.problem(self.date)
            else:
                if reference is None:
                    wrong[self.date] = Problem(
                        "MISSING_REFUSED", "the application date is missing", self.date,
                        "Give it: the other dates are counted back from it.",
                    )  # fmt: skip
        for name, characteristic in ((c.name, c) for c in self._dates if c.name in values):
            try:
                day = _day(values[name], characteristic, reference if self.date else None)
            except _Unusable as error:
                day, wrong[name] = None, error.problem(name)
            known = day is not None and reference is not None
            days = float(reference - day if self.date else day - reference) if known else NAN
            made[name] = days / DAYS_A_MONTH
        return made, wrong


class _Unusable(Exception):
    def __init__(self, code: str, what: str, remedy: str) -> None:
        self.code, self.what, self.remedy = code, what, remedy

    def problem(self, name: str) -> Problem:
        """Return what is wrong with the value called `name`."""
        return Problem(self.code, self.what, name, self.remedy)


def _day(value: Any, declared: Characteristic, applied: int | None = None) -> int | None:
    """Return the day a date names, counted from the year 1; None where it is missing."""
    if value is None or value != value:
        return None
    if type(value) is date or type(value) is datetime and value.tzinfo is None:
        return value.toordinal()
    if type(value) is str:
        try:
            return date.fromisoformat(value).toordinal()
        except ValueError:
            pass  # written some other way: read as a table's column is
    read, code = cast_one(value, declared, applied=None if applied is None else date.fromordinal(applied))
    if code:
        raise _Unusable(code, "is not a date", "Write it as 2024-03-31.")
    return None if read is None else read.toordinal()


class _Reader:
    """Reads one value of a characteristic that did not come in the plainest way."""

    def __init__(self, declared: Characteristic, decimal: str) -> None:
        # months are numbers by the time a step sees them
        self.declared = (
            declared.model_copy(update={"kind": "number"}) if declared.kind == "date" else declared
        )
        self.decimal = decimal

    def number(self, value: Any) -> float:
        """Return the number, NaN where it is missing."""
        if type(value) in PLAIN and value == value and abs(value) <= LARGEST:
            return float(value)
        if value is None or value != value:
            return NAN
        read, code = cast_one(value, self.declared, decimal=self.decimal)
        if code:
            what = "is infinite or too large" if code == "NON_FINITE" else "is not a number"
            raise _Unusable(code, what, "Give a finite number, or null where it is missing.")
        return NAN if read is None else read

    def text(self, value: Any) -> str | None:
        """Return the attribute as the portfolio spells it, None where it is missing."""
        if value is None or value != value:
            return None
        return cast_one(value, self.declared)[0]


def _step(kind: str, column: NumberColumn | LevelColumn, reader: _Reader) -> Step:
    if isinstance(column, LevelColumn):
        return (_ordered_level if kind == "ordered" else _one_hot_level)(column, reader)
    return (_ordered_number if kind == "ordered" else _linear_number)(column, reader)


def _compiled(encoder: Encoder, j: int, reader: _Reader) -> Step:
    column = encoder.columns[j]
    if not encoder.bins:
        return _step(encoder.kind, column, reader)
    binned = _binned_level if isinstance(column, LevelColumn) else _binned_number
    return binned(column, encoder.bins[j], reader)


def _level_reader(column: LevelColumn, reader: _Reader) -> Callable[[Any], int]:
    position = {level: i for i, level in enumerate(column.levels)}
    unseen = len(column.levels)
    missing = unseen + 1 if column.fill is None else position.get(column.fill, unseen)

    def read(value: Any) -> int:
        if type(value) is str and value in position:
            return position[value]
        text = reader.text(value)
        return missing if text is None else position.get(text, unseen)

    return read


def _ordered_level(column: LevelColumn, reader: _Reader) -> Step:
    read, codes, flags = _level_reader(column, reader), column.code_table.tolist(), column.flag_table.tolist()

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.append(codes[i])
        return flags[i]

    return step


def _raw_level(column: LevelColumn, reader: _Reader) -> Step:
    read, flags = _level_reader(column, reader), column.flag_table.tolist()
    indices = [*map(float, range(len(column.levels))), -1.0, NAN]

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.append(indices[i])
        return flags[i]

    return step


def _binned_level(column: LevelColumn, bins: Bins, reader: _Reader) -> Step:
    read, flags = _level_reader(column, reader), column.flag_table.tolist()
    places = bins.of_levels(column.levels).astype(float).tolist()

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.append(places[i])
        return flags[i]

    return step


def _one_hot_level(column: LevelColumn, reader: _Reader) -> Step:
    read, flags = _level_reader(column, reader), column.flag_table.tolist()
    positions = one_hot_table(column)
    width = int(positions.max()) + 1 if len(positions) else 0
    rows = [[float(k == p) for k in range(width)] for p in positions]

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.extend(rows[i])
        return flags[i]

    return step


def _number_flag(column: NumberColumn) -> Callable[[float], int]:
    (low, high), (least, most) = column.bounds, column.declared
    usual_low, usual_high, special = column.usual_low, column.usual_high, frozenset(column.special)
    missing = MISSING if column.missing_share > 0 else UNEXPECTED_MISSING

    def flag(x: float) -> int:
        if usual_low <= x <= usual_high and low <= x <= high:
            return NO_FLAG
        if x != x:
            return missing
        if x in special:
            return NO_FLAG
        if x < least or x > most:
            return IMPOSSIBLE
        return OUT_OF_RANGE if x < low or x > high else UNUSUAL

    return flag


def _ordered_number(column: NumberColumn, reader: _Reader) -> Step:
    flag, fill, number = _number_flag(column), column.fill, reader.number

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else number(value)
        if fill is not None and x != x:
            x = fill
        out.append(x)
        return flag(x)

    return step


def _linear_number(column: NumberColumn, reader: _Reader) -> Step:
    flag, fill, special, number = _number_flag(column), column.fill, column.special, reader.number
    low, high, mean, sd = column.clip_low, column.clip_high, column.mean, column.sd
    has_missing = column.missing_share > 0

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else number(value)
        if fill is not None and x != x:
            x = fill
        absent = x != x
        out.append(
            0.0 if absent or x in special else ((high if x > high else low if x < low else x) - mean) / sd
        )
        if has_missing:
            out.append(1.0 if absent else 0.0)
        for code in special:
            out.append(1.0 if x == code else 0.0)
        return flag(x)

    return step


def _binned_number(column: NumberColumn, bins: Bins, reader: _Reader) -> Step:
    flag, fill, cuts, number = _number_flag(column), column.fill, bins.cuts, reader.number
    apart = {code: float(bins.ordinary + k) for k, code in enumerate(bins.special)}
    missing = float(bins.missing)

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else number(value)
        if fill is not None and x != x:
            x = fill
        if x in apart:
            out.append(apart[x])
        else:
            out.append(missing if x != x else float(bisect_right(cuts, x)))
        return flag(x)

    return step
