"""One column of text or loose values -> typed values, and which cells could not be typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset import dates, numbers
from workbench.dataset.text import BLANKS, as_text, canonical, canonical_value
from workbench.errors import InputError
from workbench.portfolio import Characteristic

CODES = (
    "",
    "",
    "NOT_A_NUMBER",
    "NON_FINITE",
    "NOT_A_DATE",
    "OUTCOME_UNKNOWN",
    "MISSING_REFUSED",
    "NOT_A_WEIGHT",
)
OK, MISSING, NOT_A_NUMBER, NON_FINITE, NOT_A_DATE, OUTCOME_UNKNOWN, MISSING_REFUSED, NOT_A_WEIGHT = range(8)
FORM_WORDS = {
    "plain": "a number",
    "percent": "a percentage such as 10.65%",
    "amount": "an amount such as $1,234.50",
    "with_unit": "a number with its unit such as 36 months",
}


@dataclass(frozen=True, eq=False)
class Cast:
    """A typed column: values, the state of each cell (an index into CODES) and why a cell was refused."""

    values: pd.Series
    state: np.ndarray
    reason: str = ""
    note: str = ""


def cast(column: pd.Series, declared: Characteristic, decimal: str, applied: pd.Series | None = None) -> Cast:
    """Return a column typed as its characteristic declares; `applied` holds the application dates."""
    if declared.kind == "number":
        found = cast_number(column, declared, decimal)
    elif declared.kind == "date":
        found = cast_date(column, declared.date_format, declared.name, applied)
    else:
        found = cast_category(column, declared)
    return _missing_policy(found, declared)


def _missing_policy(found: Cast, declared: Characteristic) -> Cast:
    missing = found.state == MISSING
    if declared.missing == "model" or not missing.any():
        return found
    if declared.missing == "refuse":
        return Cast(found.values, np.where(missing, MISSING_REFUSED, found.state), found.reason, found.note)
    fill = declared.fill
    values = found.values
    if declared.kind in ("category", "flag"):
        level = canonical_value(as_text(pd.Series([fill], dtype=object))[0].as_py())
        values = values.cat.add_categories([level]) if level not in values.cat.categories else values
        values = values.cat.reorder_categories(sorted(values.cat.categories)).fillna(level)
    else:
        values = values.fillna(pd.Timestamp(str(fill)) if declared.kind == "date" else float(fill or 0.0))
    return Cast(values, found.state, found.reason, found.note)


def is_numeric(column: pd.Series) -> bool:
    """Return whether a column holds numbers rather than text."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def cast_number(column: pd.Series, declared: Characteristic, decimal: str) -> Cast:
    """Return float64, NaN where missing; text special codes are missing, numeric ones stay as they are."""
    if is_numeric(column) or pd.api.types.is_bool_dtype(column.dtype):
        found = numbers.from_floats(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return Cast(pd.Series(found.value), found.state, "is not finite")
    text = as_text(column)
    codes = {s.value: _number_or_nan(s.value) for s in declared.special}
    if declared.format == "plain":
        codes = {value: number for value, number in codes.items() if np.isnan(number)}
    values, state = None, None
    if codes:
        trimmed = cp.utf8_trim(text, BLANKS)
        hit = {v: cp.equal(trimmed, v).to_numpy(zero_copy_only=False) for v in codes}
        found = numbers.parse(cp.if_else(_any(hit), pa.scalar("", text.type), text), declared.format, decimal)
        values, state = found.value.copy(), found.state.copy()
        for value, number in codes.items():
            values[hit[value]] = number
            state[hit[value]] = MISSING if np.isnan(number) else OK
    else:
        found = numbers.parse(text, declared.format, decimal)
        values, state = found.value, found.state
    return Cast(pd.Series(values), state, f"is not {FORM_WORDS[declared.format]}")


def _any(masks: dict[str, np.ndarray]) -> pa.Array:
    return pa.array(np.logical_or.reduce(list(masks.values())))


def _number_or_nan(text: str) -> float:
    found = numbers.parse(pa.array([text]))
    return float(found.value[0])


def cast_category(column: pd.Series, declared: Characteristic | None = None) -> Cast:
    """Return a category of str; levels in sorted order, spelled as the portfolio spells them."""
    names, index = _coded(column)
    if declared is not None:
        spelled = {canonical_value(a.value): a.value for a in declared.attributes}
        names = [spelled.get(name, name) for name in names]
    levels = sorted({name for name in names if name})
    place = {name: position for position, name in enumerate(levels)}
    lookup = np.array([place.get(name, -1) for name in names] or [-1], dtype=np.int32)
    codes = lookup[index] if len(index) else np.zeros(0, np.int32)
    values = pd.Categorical.from_codes(codes, categories=pd.Index(levels, dtype="str"))
    return Cast(pd.Series(values), np.where(codes < 0, MISSING, OK).astype(np.uint8))


def _coded(column: pd.Series) -> tuple[list[str], np.ndarray]:
    """Return the distinct texts of a column and each row's position among them; "" is missing.

    Of a column that came as levels only the levels are looked at, not the rows.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = canonical(as_text(pd.Series(column.cat.categories))).to_pylist()
        codes = column.cat.codes.to_numpy().astype(np.int64)
        used = np.flatnonzero(np.bincount(codes + 1, minlength=len(levels) + 1))
        place = np.zeros(len(levels) + 1, np.int64)
        place[used] = np.arange(len(used))
        return ["" if k == 0 else levels[k - 1] for k in used.tolist()], place[codes + 1]
    coded = cp.dictionary_encode(as_text(column))
    return canonical(coded.dictionary).to_pylist(), coded.indices.to_numpy(zero_copy_only=False)


def cast_date(column: pd.Series, form: str, name: str, applied: pd.Series | None = None) -> Cast:
    """Return datetime64[s] days, NaT where missing.

    Raises
    ------
    InputError
        ``DATE_FORMAT`` where `form` is empty and the texts are not ISO and do not prove one format.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
        days = plain.dt.floor("D").astype("datetime64[s]").reset_index(drop=True)
        return Cast(days, np.where(days.isna(), MISSING, OK).astype(np.uint8), "is not a date")
    coded = cp.dictionary_encode(cp.utf8_trim(as_text(column), BLANKS))
    levels = pd.Series(coded.dictionary.to_pylist(), dtype=object)
    filled = levels[levels != ""]
    index = coded.indices.to_numpy(zero_copy_only=False)
    counts = np.bincount(index, minlength=len(levels))[filled.index]
    form, note = (form, "") if form else _date_form(filled.astype("str"), counts, name)
    days = pd.Series(pd.NaT, index=levels.index, dtype="datetime64[s]")
    if len(filled):
        days = dates.parse(filled.astype("str"), form).reindex(levels.index)
    state = np.where(levels == "", MISSING, np.where(days.isna(), NOT_A_DATE, OK)).astype(np.uint8)
    values = pd.Series(days.to_numpy()[index], dtype="datetime64[s]")
    if "%y" in form:
        values = dates.unwrap_century(values, applied)
    article = "an" if form == dates.EXCEL else "a date written"
    return Cast(values, state[index], f"is not {article} {dates.form_words(form)}", note)


def _date_form(texts: pd.Series, counts: np.ndarray, name: str) -> tuple[str, str]:
    """Return the format that undeclared dates are in, and the note that says how it is known."""
    if texts.empty:
        return dates.ISO, ""
    iso = dates.without_clock(texts).str.fullmatch(r"\d{4}-\d{2}-\d{2}").to_numpy(dtype=bool)
    if 2 * counts[iso].sum() >= counts.sum():
        return dates.ISO, ""
    found = dates.infer(texts, counts)
    if found.format:
        written = dates.form_words(found.format)
        return found.format, f"{name}: dates are written {written}; all of them fit no other form"
    where = f"column {name}"
    if found.candidates:
        readings = " or ".join(map(dates.form_words, found.candidates))
        raise InputError(
            "DATE_FORMAT",
            f"its dates can be read in more than one way ({readings})",
            where,
            f"Declare date_format for {name} in the portfolio, one of: {', '.join(found.candidates)}.",
        )
    if np.average(dates.serial(texts).to_numpy(dtype=bool), weights=counts) >= dates.ENOUGH:
        raise InputError(
            "DATE_FORMAT",
            "its values look like Excel day numbers (45292 is 2024-01-01), not dates",
            where,
            f'Format the column as a date in Excel, or declare date_format = "excel" for {name}.',
        )
    raise InputError(
        "DATE_FORMAT",
        "its values are not dates in one known form",
        where,
        f'Declare date_format for {name} in the portfolio, for example "%d/%m/%Y".',
    )


def cast_weight(column: pd.Series, decimal: str) -> Cast:
    """Return sampling weights; blank, zero and negative ones are refused."""
    found = cast_number(column, Characteristic(name="weight"), decimal)
    wrong = (found.state != OK) | ~(found.values.to_numpy() > 0)
    return Cast(found.values, np.where(wrong, NOT_A_WEIGHT, OK).astype(np.uint8), "is not a positive weight")


def cast_one(
    value: Any, declared: Characteristic, *, decimal: str = ".", applied: date | None = None
) -> tuple[Any, str]:
    """Return one value typed as a column of a table would be, and the code of what is wrong with it.

    Returns
    -------
    value : float, str, date or None
        None where it is missing or cannot be typed.
    code : str
        Empty, or ``NOT_A_NUMBER``, ``NON_FINITE``, ``NOT_A_DATE``.

    Examples
    --------
    >>> cast_one(" 12.50%", Characteristic(name="rate", format="percent"))
    (0.125, '')
    >>> cast_one("much", Characteristic(name="rate"))
    (None, 'NOT_A_NUMBER')
    """
    known = None if applied is None else pd.Series([applied]).astype("datetime64[s]")
    plain = declared.model_copy(update={"missing": "model", "fill": None})
    try:
        found = cast(pd.Series([value]), plain, decimal, known)
    except InputError:
        return None, "NOT_A_DATE"
    state = int(found.state[0])
    if state != OK:
        return None, CODES[state]
    read = found.values.iloc[0]
    if declared.kind == "date":
        return read.date(), ""
    return (float(read) if declared.kind == "number" else str(read)), ""
