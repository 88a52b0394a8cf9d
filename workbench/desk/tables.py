"""Tables as CSV, Excel and Parquet: text can never be read as a formula."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import InputError

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?%?$")
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
EXCEL_ROWS = 1_048_575
MOMENT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def escaped(value: Any) -> Any:
    """Return `value` so that a spreadsheet shows it as text; numbers stay as they are.

    Examples
    --------
    >>> escaped("=1+1"), escaped("-3"), escaped(-3), escaped("+sum(a1)")
    ("'=1+1", '-3', -3, "'+sum(a1)")
    """
    if isinstance(value, str) and value.startswith(FORMULA) and not PLAIN_NUMBER.match(value):
        return "'" + value
    return value


def safe(frame: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """Return a copy of `frame` whose text and headings cannot be read as formulas; `keys` stay."""
    out = frame.rename(columns=lambda name: name if name in keys else escaped(name))
    for position, (name, dtype) in enumerate(zip(frame.columns, out.dtypes, strict=True)):
        typed = pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)
        if name not in keys and not typed:
            out.isetitem(position, out.iloc[:, position].astype(object).map(escaped, na_action="ignore"))
    return out


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return `frame` as CSV for people: UTF-8 with a mark, so that Excel reads accents."""
    return safe(frame).to_csv(index=False).encode("utf-8-sig")


def to_excel(frame: pd.DataFrame) -> bytes:
    """Return `frame` as an Excel file of one sheet, the same bytes for the same frame; text is text.

    Raises
    ------
    InputError
        ``TOO_MANY_ROWS`` where a sheet does not hold that many.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    _require_fit(len(frame))
    book = Workbook(write_only=True)
    sheet = book.create_sheet("table")

    def cell(value: Any) -> Any:
        if pd.api.types.is_scalar(value) and pd.isna(value):
            return None
        if isinstance(value, pd.Timestamp):
            return value.tz_localize(None).to_pydatetime() if value.tzinfo else value.to_pydatetime()
        if isinstance(value, (bool, int, float)) or hasattr(value, "dtype"):
            return value.item() if hasattr(value, "item") else value
        text = WriteOnlyCell(sheet, value=ILLEGAL.sub("", str(value)))
        text.data_type = "s"
        return text

    sheet.append([cell(name) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        sheet.append([cell(value) for value in row])
    target = io.BytesIO()
    book.save(target)
    return _without_clock(target.getvalue())


def _without_clock(content: bytes) -> bytes:
    """Return a workbook without the moment at which it was written, which no two files share."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(target, "w") as plain:
        for name in given.namelist():
            part = MOMENT.sub(rb"\g<1>2000-01-01T00:00:00Z", given.read(name))
            plain.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _require_fit(rows: int) -> None:
    if rows > EXCEL_ROWS:
        raise InputError(
            "TOO_MANY_ROWS", f"a sheet holds {EXCEL_ROWS:,} rows, not {rows:,}",
            remedy="Write .parquet or .csv.",
        )  # fmt: skip


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return `frame` as Parquet."""
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


def to_plain_csv(frame: pd.DataFrame, keys: Sequence[str] = ()) -> bytes:
    """Return `frame` as CSV for other programs: UTF-8 without a mark.

    Columns named in `keys` stand as they are in the caller's system, whatever they begin with, so that
    its rows can be joined; other text that a spreadsheet would take for a formula gets an apostrophe.
    Open the Excel form, or that of `to_csv`, in a spreadsheet.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["-A7"], "error": ["=1+1"]})
    >>> to_plain_csv(frame, keys=["id"]).decode().splitlines()
    ['id,error', "-A7,'=1+1"]
    """
    return safe(frame, keys).to_csv(index=False).encode()


FORMS = {".csv": to_plain_csv, ".xlsx": to_excel, ".parquet": to_parquet}


def check_target(path: Path, rows: int = 0, source: Path | None = None) -> None:
    """Raise before any work is done where a table could not be written to `path`.

    Raises
    ------
    InputError
        ``OUT_FORMAT`` for another ending than .csv, .xlsx or .parquet; ``OUT_FOLDER`` where the
        folder does not exist; ``OUT_IS_DATA`` where `path` is the very file that is read (`source`);
        ``TOO_MANY_ROWS`` where `rows` are more than the form holds.
    """
    if path.suffix.lower() not in FORMS:
        raise InputError(
            "OUT_FORMAT", "the ending says no form that can be written", path.name,
            f"End the name in one of: {', '.join(FORMS)}.",
        )  # fmt: skip
    if not path.parent.is_dir():
        raise InputError(
            "OUT_FOLDER", "the folder does not exist", str(path.parent), "Make it, or name another."
        )
    if path.is_dir():
        raise InputError("OUT_FORMAT", "is a folder", str(path), "Name a file in it.")
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise InputError(
            "OUT_IS_DATA", "is the file that is read, and would be replaced", str(path), "Name another file."
        )
    if path.suffix.lower() == ".xlsx":
        _require_fit(rows)


def write(frame: pd.DataFrame, path: Path, keys: Sequence[str] = ()) -> None:
    """Write `frame` in the form its name's ending says, whole or not at all; `keys` as in `to_plain_csv`."""
    check_target(path)
    ending = path.suffix.lower()
    content = to_plain_csv(frame, keys) if ending == ".csv" else FORMS[ending](frame)
    with written(path) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """Yield a file to write to, which takes the place of `path` when all went well and else goes.

    Raises
    ------
    InputError
        ``OUT_FOLDER`` where nothing can be written there.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        what = f"nothing can be written there ({(error.strerror or 'refused').lower()})"
        raise InputError("OUT_FOLDER", what, str(path.parent), "Name another folder.") from error
    try:
        yield Path(name)
        os.fsync(handle)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    finally:
        os.close(handle)
        Path(name).unlink(missing_ok=True)
