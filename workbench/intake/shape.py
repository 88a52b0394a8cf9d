"""How a text file is written: delimiter, header, decimal sign. Proved by the file, declared, or asked for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as cp

from workbench.errors import InputError
from workbench.intake.options import MAX_COLUMNS

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?$")
DATE = re.compile(r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})$")


@dataclass(frozen=True)
class Header:
    """Column names as written (`raw`) and as used (`names`), and what was mended."""

    raw: tuple[str, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def records(text: str, delimiter: str, limit: int = 60) -> list[list[str]]:
    """Return the first non-empty records of `text`; one that may be cut off at its end is left out."""
    found = []
    csv.field_size_limit(2**24)
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if record:
                found.append(record)
            if len(found) > limit:
                break
    except csv.Error:
        return found
    return found


def find_delimiter(text: str, declared: str, name: str) -> tuple[str, str]:
    """Return the delimiter and a note on it.

    The one that splits the header and nearly all first records into the same number (two or more) of
    fields.

    Raises
    ------
    InputError
        ``DELIMITER`` where it is declared wrongly, or several fit.
    """
    if declared:
        if declared not in DELIMITERS:
            known = ", ".join(f"{d!r}" for d in DELIMITERS)
            raise InputError("DELIMITER", f"{declared!r} is no delimiter", name, f"Take one of {known}.")
        return declared, ""
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in DELIMITERS:
        sample = records(text, delimiter)
        if not sample or (width := len(sample[0])) < 2:
            continue
        body = sample[1:-1] or sample[1:]
        same = np.mean([len(record) == width for record in body]) if body else 1.0
        scores[delimiter] = (float(same), width)
    even = [d for d, (same, _) in scores.items() if same >= 0.9]
    if len(even) > 1:
        widest = max(scores[d][1] for d in even)
        close = [d for d in even if scores[d][1] * 2 > widest]
        if len(close) > 1:
            words = " and ".join(DELIMITERS[d] for d in close)
            what = f"can be split at {words} alike"
            raise InputError("DELIMITER", what, name, "Declare the delimiter.")
        even = close
    best = even[0] if even else max(scores, key=lambda d: scores[d][1], default=",")
    note = "" if best == "," else f"columns are separated by {DELIMITERS[best]}s (found, not declared)"
    return best, note


def read_header(text: str, delimiter: str, name: str) -> Header:
    """Return the header.

    Raises
    ------
    InputError
        ``NO_ROWS`` (nothing in the file), ``NO_HEADER`` (names that are numbers or dates),
        ``DUPLICATE_COLUMNS``, ``TOO_MANY_COLUMNS``.
    """
    sample = records(text, delimiter, 2)
    if not sample:
        raise InputError("NO_ROWS", "is empty", name, "Give a file with a header and rows of data.")
    return make_header(tuple(sample[0]), name)


def make_header(raw: tuple[str, ...], name: str) -> Header:
    """Return the header that the cells `raw` make; errors as in `read_header`."""
    if len(raw) > MAX_COLUMNS:
        what = f"has {len(raw):,} columns; at most {MAX_COLUMNS:,} are read"
        raise InputError("TOO_MANY_COLUMNS", what, name, "Leave out columns that no one needs.")
    names = [cell.strip() for cell in raw]
    written = [cell for cell in names if cell]
    values = [cell for cell in written if NUMBER.match(cell) or DATE.match(cell)]
    if values or len(written) * 2 < len(names) or not written:
        what = f"has no header: {len(values)} of its {len(names)} column names are numbers or dates"
        if not values:
            what = f"has no header: {len(names) - len(written)} of its {len(names)} columns have no name"
        raise InputError("NO_HEADER", what, name, "Put a first line with column names on top of the data.")
    notes = []
    blank = [position for position, cell in enumerate(names) if not cell]
    for position in blank:
        names[position] = f"column_{position + 1}"
    if blank:
        notes.append("columns without a name are called " + ", ".join(names[p] for p in blank))
    _require_distinct(names, name)
    return Header(raw, tuple(names), tuple(notes))


def _require_distinct(names: list[str], file: str) -> None:
    seen: dict[str, str] = {}
    twice = []
    for column in names:
        key = " ".join(column.casefold().split())
        if key in seen:
            same = column == seen[key]
            twice.append(f"{column} (twice)" if same else f"{seen[key]} and {column}")
        seen.setdefault(key, column)
    if twice:
        what = f"has columns with the same name: {', '.join(twice[:8])}"
        remedy = "Give each column a name of its own; case and blanks do not tell them apart."
        raise InputError("DUPLICATE_COLUMNS", what, file, remedy)


def require_no_data_in_header(header: Header, columns: list[pa.ChunkedArray], file: str) -> None:
    """Raise ``NO_HEADER`` where at least half of the names also stand among their column's values."""
    hits = sum(
        bool(cp.any(cp.equal(cp.utf8_trim_whitespace(column.slice(0, 20_000)), cell)).as_py())
        for cell, column in zip(header.names, columns, strict=True)
        if cell
    )
    if hits and hits * 2 >= len(header.names):
        what = f"has no header: {hits} of its {len(header.names)} column names are values of their column"
        raise InputError("NO_HEADER", what, file, "Put a first line with column names on top of the data.")


# a sign, a currency, digits with points, commas, apostrophes or blanks, and what may stand behind
LIKE_NUMBER = (
    r"^\(?[+-]?\s*[^\w\s+.,()-]?\s*[A-Z]{0,3}\$?\s*[+-]?\d[\d.,' \x{00A0}]*"
    r"\s*(%|[^\w\s+.,()-]|[A-Za-z]{1,12})?\)?-?$"
)
BOTH_COMMA = r"^\D*\d{1,3}(\.\d{3})+,\d+\D*$"
BOTH_POINT = r"^\D*\d{1,3}(,\d{3})+\.\d+\D*$"
GROUPS_COMMA = r"^\D*\d{1,3}(,\d{3}){2,}\D*$"
GROUPS_POINT = r"^\D*\d{1,3}(\.\d{3}){2,}\D*$"
SHORT_COMMA = r"^\D*\d+,(\d{1,2}|\d{4,})\D*$"
SHORT_POINT = r"^\D*\d+\.(\d{1,2}|\d{4,})\D*$"


def find_decimal(
    columns: dict[str, pa.ChunkedArray], file: str, looked: Callable[[], None] = lambda: None
) -> tuple[str, str]:
    """Return the decimal sign that number-like text columns prove, and a note where it was not obvious.

    A value with both signs (``1.234,50``) proves it. Beside commas that could be either, values such as
    ``10.65`` confirm the point; a comma alone (``1,5``) is never taken for a decimal sign unasked.

    Parameters
    ----------
    looked : callable
        Called after the look at each column.

    Raises
    ------
    InputError
        ``DECIMAL`` where commas stand in numbers and nothing proves what they are.
    """
    with_comma = _with_comma(columns, looked)
    if not with_comma:
        return ".", ""
    levels = list(with_comma.values())
    comma = _find(levels, BOTH_COMMA) or _find(levels, GROUPS_POINT)
    point = _find(levels, BOTH_POINT) or _find(levels, GROUPS_COMMA)
    short_comma = _find(levels, SHORT_COMMA)
    others = [
        found
        for name, c in columns.items()
        if name not in with_comma and (found := _number_like(c)) is not None
    ]
    short_point = _find([*levels, *others], SHORT_POINT)
    if point and not comma and not short_comma:
        return ".", f"the decimal sign is a point, as values such as {point} show"
    if comma and not point and not short_point:
        return ",", f"the decimal sign is a comma, as values such as {comma} show"
    if short_point and not comma and not short_comma:
        return (
            ".",
            f"the decimal sign is a point, as values such as {short_point} show; commas part thousands",
        )
    raise _not_proved(list(with_comma), short_comma or _find(levels, ","), file)


def _with_comma(columns: dict[str, pa.ChunkedArray], looked: Callable[[], None]) -> dict[str, pa.Array]:
    """Return the distinct values of those columns of numbers, in some form, that have commas in them."""
    found = {}
    for name, column in columns.items():
        if cp.any(cp.match_substring(column, ",")).as_py():
            levels = _number_like(column)
            if levels is not None and cp.any(cp.match_substring(levels, ",")).as_py():
                found[name] = levels
        looked()
    return found


def _not_proved(names: list[str], shape: str, file: str) -> InputError:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return InputError(
        "DECIMAL",
        f"numbers are written like {shape} in {', '.join(names[:5])}{more}, and nothing proves what the "
        "comma is",
        file,
        'Declare the decimal sign: decimal "," or decimal ".".',
    )


def _number_like(column: pa.ChunkedArray) -> pa.Array | None:
    """Return the distinct values of a column that holds numbers in some form, else None."""
    levels = cp.unique(cp.utf8_trim_whitespace(column.slice(0, 200_000)))
    levels = levels.filter(cp.not_equal(levels, ""))
    if not len(levels):
        return None
    share = cp.mean(cp.cast(cp.match_substring_regex(levels, LIKE_NUMBER), pa.int8())).as_py()
    return levels if share >= 0.9 else None


def _find(columns: list[pa.Array], pattern: str) -> str:
    """Return the shape (each digit a 9) of a first value that matches; "" where none does."""
    for levels in columns:
        hits = levels.filter(cp.match_substring_regex(levels, pattern))
        if len(hits):
            return re.sub(r"\d", "9", hits[0].as_py())
    return ""
