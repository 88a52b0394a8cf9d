"""Numbers as people write them: plain, percent, amounts, and with a unit behind."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset.text import BLANKS

LARGEST = 3.4e38
OK, MISSING, NOT_A_NUMBER, NON_FINITE = 0, 1, 2, 3
PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
WORDS = r"(?i)^[+-]?(nan|inf|infinity)$"
CURRENCY = r"(?:[$€£¥₹]|US\$|NT\$|[A-Z]{3}|kr|zł|Fr\.)"
UNIT = r"^([+-]?[\d.]+)\s*([A-Za-z][A-Za-z ./]*)$"


@dataclass(frozen=True, eq=False)
class Numbers:
    """Parsed numbers: `value` float64 (NaN unless `state` is OK) and `state` of each, shape (n,)."""

    value: np.ndarray
    state: np.ndarray


def parse(text: pa.Array, form: str = "plain", decimal: str = ".") -> Numbers:
    """Return the numbers written in `text`.

    Parameters
    ----------
    text : Arrow array of text
        "" is missing.
    form : {"plain", "percent", "amount", "with_unit"}
        ``10.65%`` is 0.1065; ``$1,234.50`` and ``(12.00)`` are 1234.5 and -12; ``36 months`` is 36.
    decimal : {".", ","}

    Returns
    -------
    Numbers
        State NOT_A_NUMBER for other text, NON_FINITE for inf, nan and what is beyond 3.4e38.

    Examples
    --------
    >>> parse(pa.array(["10.65%", "", "x"]), "percent").value.round(4).tolist()
    [0.1065, nan, nan]
    """
    if form == "plain":
        return _plain(text, decimal)
    coded = cp.dictionary_encode(text)
    levels = coded.dictionary
    plain, fits = {"percent": _percent, "amount": _amount, "with_unit": _with_unit}[form](levels, decimal)
    found = _plain(plain, ".")
    blank = cp.equal(cp.utf8_trim(levels, BLANKS), "").to_numpy(zero_copy_only=False)
    read = (fits & (found.state == OK)) | (found.state == NON_FINITE)
    state = np.where(blank, MISSING, np.where(read, found.state, NOT_A_NUMBER))
    value = found.value / 100.0 if form == "percent" else found.value
    value = np.where(state == OK, value, np.nan)
    index = coded.indices.to_numpy(zero_copy_only=False)
    return Numbers(value[index], state[index].astype(np.uint8))


def from_floats(values: np.ndarray) -> Numbers:
    """Return numbers that were numbers already: NaN is missing, inf is not finite."""
    values = values.astype(np.float64, copy=False)
    # one missing makes both ends NaN, which compare with nothing
    if not len(values) or values.min() >= -LARGEST and values.max() <= LARGEST:
        return Numbers(values, np.zeros(len(values), np.uint8))
    with np.errstate(invalid="ignore"):
        fine = np.abs(values) <= LARGEST
    state = np.where(fine, OK, np.where(np.isnan(values), MISSING, NON_FINITE)).astype(np.uint8)
    return Numbers(np.where(fine, values, np.nan), state)


def _plain(text: pa.Array, decimal: str) -> Numbers:
    text = cp.utf8_trim(text, BLANKS)
    point = text
    if decimal == ",":
        both = cp.match_substring(text, ".")
        point = cp.if_else(both, pa.scalar("x", text.type), cp.replace_substring(text, ",", "."))
    missing = cp.equal(text, "")
    filled = cp.if_else(missing, pa.scalar("0", text.type), point)
    try:
        values = cp.cast(filled, pa.float64()).to_numpy(zero_copy_only=False)
        written = np.ones(len(values), bool)
    except pa.ArrowInvalid:
        matches = cp.match_substring_regex(filled, PLAIN)
        words = cp.match_substring_regex(filled, WORDS)
        safe = cp.if_else(
            matches, filled, cp.if_else(words, pa.scalar("nan", text.type), pa.scalar("0", text.type))
        )
        values = cp.cast(safe, pa.float64()).to_numpy(zero_copy_only=False)
        written = cp.or_(matches, words).to_numpy(zero_copy_only=False)
    gone = missing.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        endless = ~(np.abs(values) <= LARGEST)
    state = np.full(len(values), OK, np.uint8)
    state[endless] = NON_FINITE
    state[~written] = NOT_A_NUMBER
    state[gone] = MISSING
    return Numbers(np.where(state == OK, values, np.nan), state)


def _percent(levels: pa.Array, decimal: str) -> tuple[pa.Array, np.ndarray]:
    text = cp.utf8_trim(levels, BLANKS)
    signed = cp.ends_with(text, "%")
    number = cp.utf8_trim(cp.replace_substring_regex(text, "%$", ""), BLANKS)
    return _point(number, decimal), signed.to_numpy(zero_copy_only=False)


def _point(number: pa.Array, decimal: str) -> pa.Array:
    if decimal == ".":
        return number
    both = cp.match_substring(number, ".")
    return cp.if_else(both, pa.scalar("x", number.type), cp.replace_substring(number, ",", "."))


def amount_pattern(decimal: str) -> str:
    """Return the pattern of an amount's digits, thousands in threes, for a decimal sign."""
    point, thousands = re.escape(decimal), re.escape("," if decimal == "." else ".")
    return rf"^[+-]?(\d{{1,3}}([{thousands}' ]\d{{3}})+|\d+)?({point}\d*)?$"


def _amount(levels: pa.Array, decimal: str) -> tuple[pa.Array, np.ndarray]:
    text = cp.utf8_trim(levels, BLANKS)
    text = cp.replace_substring_regex(text, "[\u00a0\u2007\u202f\u2019]", " ")
    text = cp.replace_substring_regex(text, r"^\((.*)\)$", r"-\1")
    text = cp.replace_substring_regex(text, r"^(.*\d)-$", r"-\1")
    text = cp.replace_substring_regex(text, rf"^([+-]?)\s*{CURRENCY}\s*([+-]?)", r"\1\2")
    text = cp.replace_substring_regex(text, rf"\s*{CURRENCY}$", "")
    shaped = cp.and_(
        cp.match_substring_regex(text, amount_pattern(decimal)), cp.match_substring_regex(text, r"\d")
    )
    digits = cp.replace_substring_regex(
        text, r"[.,' ]" if decimal == "" else rf"[{',' if decimal == '.' else '.'}' ]", ""
    )
    digits = cp.if_else(cp.match_substring_regex(text, WORDS), text, digits)
    return cp.replace_substring(digits, ",", "."), shaped.to_numpy(zero_copy_only=False)


def units(levels: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit behind each number of distinct texts, without a plural s, and whether one is there."""
    text = cp.utf8_trim(levels, BLANKS)
    has = cp.match_substring_regex(text, UNIT)
    unit = cp.utf8_lower(cp.replace_substring_regex(text, UNIT, r"\2"))
    unit = cp.replace_substring_regex(cp.utf8_rtrim(unit, ". "), "s$", "")
    return unit.to_numpy(zero_copy_only=False), has.to_numpy(zero_copy_only=False)


def _with_unit(levels: pa.Array, decimal: str) -> tuple[pa.Array, np.ndarray]:
    text = _point(cp.utf8_trim(levels, BLANKS), decimal)
    unit, has = units(text)
    names, counts = np.unique(unit[has].astype(str), return_counts=True)
    usual = names[counts.argmax()] if len(names) else ""
    number = cp.replace_substring_regex(text, UNIT, r"\1")
    bare = cp.match_substring_regex(text, PLAIN).to_numpy(zero_copy_only=False)
    return number, (has & (unit == usual)) | bare
