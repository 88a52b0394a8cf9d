"""An Excel file -> Table: cells as text the way a CSV would hold them, so that both mean the same."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset import Source, Table, empty_refused
from workbench.errors import InputError
from workbench.intake.options import MAX_CELL, MAX_COLUMNS, MAX_ROWS, ReadOptions
from workbench.intake.shape import make_header
from workbench.intake.survey import digest
from workbench.portfolio import Portfolio

DAMAGED = "Open it in Excel and save it again as .xlsx, or export it as CSV."
PANIC = ("pyo3_runtime", "PanicException")
MAX_UNZIPPED = 2**30
MAX_CELLS = 60_000_000
CHUNK, LONGEST_PLACE = 2**22, 64
FAR = re.compile(rb"""r=["'](?:[A-Za-z]{3}|[A-Za-z]{1,2}\d{6})""")
CELL = re.compile(rb"""\sr=["']([A-Za-z]{1,16})(\d{1,20})["']""")


def read_excel(path: Path, name: str, options: ReadOptions, portfolio: Portfolio | None = None) -> Table:
    """Return the table in the one sheet of an Excel file that holds data, or in the sheet declared.

    Dates become ISO text, whole numbers lose their ``.0``; a date kept as a bare day number stays a number.

    Raises
    ------
    InputError
        ``NOT_EXCEL``, ``SHEET`` (several sheets hold data), ``NO_ROWS``, ``NO_HEADER``,
        ``DUPLICATE_COLUMNS``, ``TOO_MANY_COLUMNS``, ``TOO_LARGE``, ``TOO_LARGE_EXPANDED``.
    """
    sha256, size = digest(path, name)
    if not size:
        raise InputError("NO_ROWS", "is empty (0 bytes)", name, "Give a file with a header and rows of data.")
    _require_size(path, name)
    sheet, rows = _cells(path, name, options.sheet)
    first = next((i for i, row in enumerate(rows) if any(_text(cell) for cell in row)), None)
    if first is None:
        raise InputError("NO_ROWS", f"sheet {sheet!r} is empty", name, "Give a sheet with rows of data.")
    header = make_header(tuple(_text(cell) for cell in rows[first]), name)
    body = rows[first + 1 :]
    while body and not any(_text(cell) for cell in body[-1]):
        body.pop()
    if not body:
        raise InputError("NO_ROWS", "has a header and no rows", name, "Give a file with rows of data.")
    if len(body) > MAX_ROWS or len(header.names) > MAX_COLUMNS:
        raise InputError("TOO_LARGE", f"has {len(body):,} rows", name, "Give a part of the file.")
    missing = {*options.missing, *(portfolio.reading.missing if portfolio else ())} - {""}
    columns = zip(header.names, zip(*body, strict=True), strict=True)
    frame = pd.DataFrame({label: _column(cells, missing, label, name) for label, cells in columns})
    notes = (*header.notes, f"read from sheet {sheet!r}")
    decimal = _declared_decimal(options, portfolio)
    source = Source(name, sha256, size, "excel", decimal=decimal, notes=notes, sheet=options.sheet)
    return Table(frame, np.arange(1, len(frame) + 1), empty_refused(), source)


def _declared_decimal(options: ReadOptions, portfolio: Portfolio | None) -> str:
    return options.decimal or (portfolio.reading.decimal if portfolio else "") or "."


def _column(cells: tuple[Any, ...], missing: set[str], label: str, name: str) -> pd.Series:
    texts = [_text(cell) for cell in cells]
    if max(map(len, texts)) > MAX_CELL:
        what = f"column {label} has a cell of more than {MAX_CELL:,} characters"
        raise InputError("TOO_LARGE", what, name, "Leave that column out of the extract.")
    if missing:
        texts = ["" if text in missing else text for text in texts]
    return pd.Series(texts, dtype="str")


def _text(cell: Any) -> str:
    """Return a cell as a CSV would hold it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)


def _require_size(path: Path, name: str) -> None:
    """Refuse a workbook that expands beyond the cap, or claims more cells than anyone fills."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as parts:
            expanded = sum(part.file_size for part in parts.infolist())
            if expanded > MAX_UNZIPPED:
                what = f"expands to {expanded:,} bytes; at most {MAX_UNZIPPED:,} are read"
                raise InputError("TOO_LARGE_EXPANDED", what, name, "Export the sheet as CSV.")
            for part in parts.namelist():
                if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                    _require_extent(parts, part, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        raise InputError("NOT_EXCEL", "is damaged and cannot be read", name, DAMAGED) from None


def _require_extent(parts: zipfile.ZipFile, sheet: str, name: str) -> None:
    """Refuse a sheet whose cells lie too far apart, whatever size it claims.

    The native reader makes room for every cell between the first and the last, and where there is none
    for so many, it ends the whole program.
    """
    with parts.open(sheet) as stream:
        claimed = re.search(rb'<dimension ref="[A-Z]+\d+:([A-Z]+)(\d+)"', stream.read(8192))
    if claimed:
        _require_few({claimed[1]}, {claimed[2]}, name)
    # where no cell lies far out there is room; to look each place up takes six times as long
    if not any(FAR.search(text) for text in _chunks(parts, sheet)):
        return
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    for text in _chunks(parts, sheet):
        places = CELL.findall(text)
        columns.update(column for column, _ in places)
        rows.update(row for _, row in places)
    _require_few(columns, rows, name)


def _chunks(parts: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Give the text in chunks, each with the end of the one before: no place is cut in two in both."""
    with parts.open(part) as stream:
        end = b""
        while more := stream.read(CHUNK):
            yield end + more
            end = (end + more)[-LONGEST_PLACE:]


def _require_few(columns: set[bytes], rows: set[bytes], name: str) -> None:
    widest, tallest = max(map(_number_of, columns), default=0), max(map(int, rows), default=0)
    if widest * tallest > MAX_CELLS or (widest > MAX_COLUMNS and tallest > 1000):
        what = f"claims {tallest:,} rows of {widest:,} columns"
        remedy = "Delete the empty rows and columns behind the data, or export the sheet as CSV."
        raise InputError("TOO_LARGE_EXPANDED", what, name, remedy)


def _number_of(column: bytes) -> int:
    """Return the number of a column, 1 for A."""
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return number


def filled_sheets(path: Path, name: str) -> tuple[str, ...]:
    """Return the names of the sheets that hold data; see `workbench.intake.sheets`."""
    _require_size(path, name)
    return tuple(_filled(path, name, ""))


def _cells(path: Path, name: str, wanted: str) -> tuple[str, list[list[Any]]]:
    """Return the name of the sheet that is read and its cells by row."""
    filled = _filled(path, name, wanted)
    if len(filled) > 1:
        listed = ", ".join(filled)
        raise InputError(
            "SHEET", f"{len(filled)} sheets hold data: {listed}", name, "Say which sheet to read."
        )
    if not filled:
        raise InputError(
            "NO_ROWS", "no sheet holds data", name, "Give a sheet with a header and rows of data."
        )
    return next(iter(filled.items()))


def _filled(path: Path, name: str, wanted: str) -> dict[str, list[list[Any]]]:
    """Return the cells by row of the sheets that hold data, or of the one wanted."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with _PanicsTold(name), CalamineWorkbook.from_path(str(path)) as book:
            sheets = book.sheet_names
            if wanted and wanted not in sheets:
                listed = ", ".join(sheets)
                raise InputError("SHEET", f"has no sheet {wanted!r}", name, f"Take one of: {listed}.")
            return {s: cells for s in ([wanted] if wanted else sheets) if (cells := _sheet(book, s))}
    except (CalamineError, OSError, MemoryError, ValueError, IndexError):
        raise InputError("NOT_EXCEL", "is not an Excel file, or is damaged", name, DAMAGED) from None


class _PanicsTold:
    """Tell a panic of the native reader as a damaged file.

    Its PanicException is a BaseException that no module hands out: an except clause would have to catch
    everything, an interrupt too, to know it by its name. A context only looks at what passes.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *passing: object) -> None:
        if kind is not None and (kind.__module__, kind.__name__) == PANIC:
            raise InputError("NOT_EXCEL", "is damaged and cannot be read", self.name, DAMAGED) from None


def _sheet(book: Any, name: str) -> list[list[Any]]:
    cells = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    return cells if any(any(cell not in ("", None) for cell in row) for row in cells) else []
