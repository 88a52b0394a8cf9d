"""The encoder compiled for one applicant: a mapping of named values in, the family's floats out."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from workbench.binning import Bins
from workbench.dataset import DAYS_A_MONTH
from workbench.errors import InputError, Problem
from workbench.features.columns import (
    MISSING,
    NO_FLAG,
    OUT_OF_RANGE,
    UNEXPECTED_MISSING,
    UNSEEN,
    UNUSUAL,
    LevelColumn,
    NumberColumn,
)
from workbench.features.encoder import Encoder, one_hot_table

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"([+-]?\d+)\.0+")
LARGEST = 3.4e38
NAN = math.nan
_EPOCH = datetime(2000, 1, 1)

Step = Callable[[Any, list[float]], int]
"""Appends what the family sees of one value and returns the value's flag."""


class Program:
    """One applicant's values to a list of floats and flags, equal to the table path to the last bit.

    Parameters
    ----------
    encoder : Encoder
    refuse : frozenset of str
        Characteristics whose missing value refuses the applicant.

    Notes
    -----
    Everything that can be decided once is decided here, so that a call is one dictionary look-up
    and a few float operations a characteristic.
    """

    def __init__(self, encoder: Encoder, refuse: frozenset[str] = frozenset()) -> None:
        self.names = tuple(column.name for column in encoder.columns)
        self.date = encoder.date
        self._refuse = refuse
        self._dates = frozenset(c.name for c in encoder.columns if isinstance(c, NumberColumn) and c.date)
        self._steps: tuple[tuple[str, Step], ...] = tuple(
            (column.name, _binned(column, encoder.bins[j]) if encoder.bins else _step(encoder.kind, column))
            for j, column in enumerate(encoder.columns)
        )

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
            ``NOT_A_DATE``, ``MISSING_REFUSED`` where a value cannot be used.
        """
        if self._dates:
            values = self._with_months(values)
        out: list[float] = []
        try:
            flags = [step(values[name], out) for name, step in self._steps]
        except KeyError:
            raise self._absent(values) from None
        except _Unusable:
            raise InputError.of(self._problems(values)) from None
        if self._refuse:
            for name, flag in zip(self.names, flags, strict=True):
                if flag in (MISSING, UNEXPECTED_MISSING) and name in self._refuse:
                    raise InputError("MISSING_REFUSED", "a value is required and missing", name, "Give it.")
        return out, flags

    def _absent(self, values: Mapping[str, Any]) -> InputError:
        absent = [name for name in self.names if name not in values]
        return InputError(
            "SCHEMA_MISMATCH",
            f"the applicant has no value named {', '.join(absent)}",
            remedy="Name every characteristic of the model; give null where the value is missing.",
        )

    def _problems(self, values: Mapping[str, Any]) -> list[Problem]:
        problems = []
        for name, step in self._steps:
            try:
                step(values[name], [])
            except _Unusable as error:
                problems.append(Problem(error.code, error.what, name, error.remedy))
        return problems

    def _with_months(self, values: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(values)
        reference = _EPOCH
        if self.date:
            if self.date not in values:
                raise InputError(
                    "SCHEMA_MISMATCH", f"the applicant has no value named {self.date}",
                    remedy="Give the application date: dates are counted back from it.",
                )  # fmt: skip
            reference = _moment(values[self.date], self.date)
        for name in self._dates & values.keys():
            moment = _moment(values[name], name)
            if moment is None or reference is None:
                made[name] = None
                continue
            days = ((reference - moment) if self.date else (moment - reference)).total_seconds() / 86400.0
            made[name] = days / DAYS_A_MONTH
        return made


class _Unusable(Exception):
    def __init__(self, code: str, what: str, remedy: str) -> None:
        self.code, self.what, self.remedy = code, what, remedy


def _moment(value: Any, name: str) -> datetime | None:
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError("NOT_A_DATE", "is not a date", name, "Write it as 2024-03-31.") from None


def _number(value: Any) -> float:
    kind = type(value)
    if kind is float or kind is int:
        x = float(value) if abs(value) <= LARGEST or value != value else math.inf
    elif value is None or kind is str and value == "":
        return NAN
    elif kind is str and NUMBER.fullmatch(value) or isinstance(value, (np.floating, np.integer)):
        x = float(value)
    else:
        raise _Unusable("NOT_A_NUMBER", "is not a number", "Give a number, or null where it is missing.")
    if abs(x) > LARGEST:
        raise _Unusable("NON_FINITE", "is infinite or too large", "Give a finite number, or null.")
    return x


def _text(value: Any) -> str | None:
    kind = type(value)
    if kind is str:
        if value.endswith("0") and (whole := WHOLE.fullmatch(value)):
            return whole[1]
        return value or None
    if value is None or value != value:
        return None
    if kind is bool:
        return str(value)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _step(kind: str, column: NumberColumn | LevelColumn) -> Step:
    if isinstance(column, LevelColumn):
        return _ordered_level(column) if kind == "ordered" else _one_hot_level(column)
    return _ordered_number(column) if kind == "ordered" else _linear_number(column)


def _binned(column: NumberColumn | LevelColumn, bins: Bins) -> Step:
    if isinstance(column, LevelColumn):
        return _binned_level(column, bins)
    return _binned_number(column, bins)


def _level_reader(column: LevelColumn) -> Callable[[Any], int]:
    position = {level: i for i, level in enumerate(column.levels)}
    unseen = len(column.levels)
    missing = unseen + 1 if column.fill is None else position.get(column.fill, unseen)

    def read(value: Any) -> int:
        text = _text(value)
        return missing if text is None else position.get(text, unseen)

    return read


def _ordered_level(column: LevelColumn) -> Step:
    read, codes, flags = _level_reader(column), column.code_table.tolist(), column.flag_table.tolist()

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.append(codes[i])
        return flags[i]

    return step


def _binned_level(column: LevelColumn, bins: Bins) -> Step:
    read, flags = _level_reader(column), column.flag_table.tolist()
    places = bins.of_levels(column.levels).astype(float).tolist()

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.append(places[i])
        return flags[i]

    return step


def _one_hot_level(column: LevelColumn) -> Step:
    read, flags = _level_reader(column), column.flag_table.tolist()
    positions = one_hot_table(column)
    width = int(positions.max()) + 1 if len(positions) else 0
    rows = [[float(k == p) for k in range(width)] for p in positions]

    def step(value: Any, out: list[float]) -> int:
        i = read(value)
        out.extend(rows[i])
        return flags[i]

    return step


def _number_flag(column: NumberColumn) -> Callable[[float], int]:
    low, high = column.bounds
    usual_low, usual_high, special = column.usual_low, column.usual_high, frozenset(column.special)
    missing = MISSING if column.missing_share > 0 else UNEXPECTED_MISSING

    def flag(x: float) -> int:
        if usual_low <= x <= usual_high and low <= x <= high:
            return NO_FLAG
        if x != x:
            return missing
        if x in special:
            return NO_FLAG
        return OUT_OF_RANGE if x < low or x > high else UNUSUAL

    return flag


def _ordered_number(column: NumberColumn) -> Step:
    flag, fill = _number_flag(column), column.fill

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else _number(value)
        if fill is not None and x != x:
            x = fill
        out.append(x)
        return flag(x)

    return step


def _linear_number(column: NumberColumn) -> Step:
    flag, fill, special = _number_flag(column), column.fill, column.special
    low, high, mean, sd = column.clip_low, column.clip_high, column.mean, column.sd
    has_missing = column.missing_share > 0

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else _number(value)
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


def _binned_number(column: NumberColumn, bins: Bins) -> Step:
    flag, fill, cuts = _number_flag(column), column.fill, bins.cuts
    apart = {code: float(bins.ordinary + k) for k, code in enumerate(bins.special)}
    missing = float(bins.missing)

    def step(value: Any, out: list[float]) -> int:
        x = value if type(value) is float and -LARGEST <= value <= LARGEST else _number(value)
        if fill is not None and x != x:
            x = fill
        if x in apart:
            out.append(apart[x])
        else:
            out.append(missing if x != x else float(bisect_right(cuts, x)))
        return flag(x)

    return step


__all__ = ["Program", "UNSEEN"]
