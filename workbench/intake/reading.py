"""The one way from a file to a Table."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from workbench.dataset import Table
from workbench.intake.csv_file import find_manner, read_csv
from workbench.intake.form import form_of
from workbench.intake.laid_down import FROM, LaidDown
from workbench.intake.options import AS_FOUND, ReadOptions
from workbench.intake.survey import check_encoding, open_bytes, survey
from workbench.portfolio import Portfolio

MARKS = "\ufeff\r\n"


def read(
    path: Path, *, name: str = "", portfolio: Portfolio | None = None, options: ReadOptions = AS_FOUND,
    room: LaidDown | None = None,
) -> Table:  # fmt: skip
    """Return the table in a CSV, Parquet or Excel file.

    Parameters
    ----------
    path : Path
        Where the bytes are.
    name : str
        What the user calls the file; its ending says the format. The path's own name where empty.
    portfolio : Portfolio, optional
        A confirmed portfolio: its plain numbers are typed while reading, and its `reading` says how its
        files are written. The data set that comes of it is the same as without.
    options : ReadOptions
        What is declared about this file; wins over the portfolio.
    room : LaidDown, optional
        Where the columns of a large CSV file are laid down, so that memory holds a part of it at a time.

    Raises
    ------
    MissingError, InputError
        ``MISSING_FILE``; what is wrong with the file, where, and what to do. Nothing is imported then.
    """
    path = Path(path)
    name = Path(name).name if name else path.name
    form = form_of(name)
    if form == "parquet":
        from workbench.intake.parquet_file import read_parquet

        return read_parquet(path, name)
    if form == "excel":
        from workbench.intake.excel_file import read_excel

        return read_excel(path, name, options, portfolio)
    found = survey(path, name, name.lower().endswith(".gz"))
    return read_csv(found, portfolio, options, room if found.size >= FROM else None)


def preview(
    path: Path, options: ReadOptions = AS_FOUND, *, name: str = "", lines: int = 8, around: int = 0
) -> str:
    """Return the first lines of a text file as they stand, for a page that asks how it is written.

    Bytes that are not text in the declared encoding are shown as the replacement character.

    Parameters
    ----------
    around : int
        Number of a line, from 1: then the header and the lines around that one, each with its number.
    """
    path = Path(path)
    label = Path(name).name if name else path.name
    zipped = label.lower().endswith(".gz")
    encoding = check_encoding(options.encoding, label)
    if around > lines:
        first = max(around - lines // 2, 2)
        with open_bytes(path, zipped) as stream:
            numbered = islice(enumerate(stream, 1), first + lines - 2)
            shown = [(n, line) for n, line in numbered if n == 1 or n >= first]
        width = len(str(shown[-1][0]))
        return "\n".join(
            f"{n:{width}}  {line.decode(encoding, errors='replace').strip(MARKS)[:400]}" for n, line in shown
        )
    text = survey(path, label, zipped).head.decode(encoding, errors="replace").removeprefix("\ufeff")
    return "\n".join(line[:400] for line in text.splitlines()[:lines])


def sheets(path: Path, *, name: str = "") -> tuple[str, ...]:
    """Return the names of the sheets of an Excel file that hold data, in the file's order.

    Raises
    ------
    InputError
        ``NOT_EXCEL``, ``TOO_LARGE_EXPANDED``.
    """
    from workbench.intake.excel_file import filled_sheets

    return filled_sheets(Path(path), Path(name).name if name else Path(path).name)


def columns(path: Path, *, name: str = "", options: ReadOptions = AS_FOUND) -> tuple[str, ...]:
    """Return the names of the columns of a file, without reading its rows where that can be avoided.

    Raises
    ------
    MissingError, InputError
        As `read`, for what its beginning shows.
    """
    path = Path(path)
    name = Path(name).name if name else path.name
    form = form_of(name)
    if form == "parquet":
        from workbench.intake.parquet_file import columns_of_file

        return columns_of_file(path, name)
    if form == "excel":
        return tuple(map(str, read(path, name=name, options=options).frame.columns))
    found = survey(path, name, name.lower().endswith(".gz"))
    return find_manner(found, None, options).header.names
