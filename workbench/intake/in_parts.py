"""A large file read part by part, for work that looks at each row by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp
import pyarrow.csv as pc
import pyarrow.parquet as pq

from workbench.dataset import Source, Table, empty_refused
from workbench.errors import InputError
from workbench.intake.csv_file import BLOCK, Manner, checked, find_manner, parse_options, stream_of
from workbench.intake.form import form_of
from workbench.intake.options import MAX_CELL, ReadOptions
from workbench.intake.parquet_file import columns_of, is_text
from workbench.intake.shape import make_header
from workbench.intake.survey import Survey, digest, survey
from workbench.portfolio import Portfolio

ROWS = 49_152
"""Rows of a part of a Parquet file; parts of a CSV file are blocks of 8 MB."""


class ReadWhole(Exception):
    """A file, or what is wrong with it, has to be read as a whole."""


@dataclass(frozen=True, eq=False)
class InParts:
    """A file whose rows can be read part by part, in order.

    Attributes
    ----------
    stamp : tuple of int
        Size and time of the last change, from before the file was read; see `stamp_of`.
    rows : int
        Rows of the file; an upper bound by its size where only reading would tell.
    names : tuple of str
        All columns of the file, of which only those that scoring needs are read.
    tables : callable
        Returns an iterator over the parts, with records counted through the file, from the row given.
        It raises `ReadWhole` where a part turns out not to stand by itself.
    """

    path: Path
    stamp: tuple[int, int]
    source: Source
    rows: int
    names: tuple[str, ...]
    tables: Callable[[int], Iterator[Table]]


def stamp_of(path: Path) -> tuple[int, int]:
    """Return what tells whether a file was written to meanwhile."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def in_parts(path: Path, portfolio: Portfolio, options: ReadOptions, name: str = "") -> InParts | None:
    """Return a file to be scored part by part, or None where it has to be read as a whole.

    Only columns that scoring needs are read. A whole reading is needed for Excel, where a column is
    missing, and for whatever is wrong with a file's form: it says so best. Parts are parsed in the process
    that asks, so that one which answers others hands this to a job.
    """
    wanted = scoring_columns(portfolio)
    name = name or path.name
    form = form_of(name)
    if form == "parquet":
        return _parquet(path, name, portfolio, wanted)
    return _csv(path, name, portfolio, wanted, options) if form == "csv" else None


def scoring_columns(portfolio: Portfolio) -> list[str]:
    """Return the columns that a file must have to be scored."""
    names = [c.name for c in portfolio.characteristics]
    dated = any(c.kind == "date" for c in portfolio.characteristics)
    return list(dict.fromkeys([*([portfolio.date] if portfolio.date and dated else []), *names]))


def _with_key(wanted: list[str], portfolio: Portfolio, present: list[str]) -> list[str]:
    key = portfolio.row_key
    return [*wanted, key] if key and key in present and key not in wanted else wanted


def _guessed(portfolio: Portfolio) -> set[str]:
    """Return columns of dates whose written form nothing declares."""
    found = {c.name for c in portfolio.characteristics if c.kind == "date" and not c.date_format}
    return found | ({portfolio.date} if portfolio.date and not portfolio.date_format else set())


def _parquet(path: Path, name: str, portfolio: Portfolio, wanted: list[str]) -> InParts | None:
    stamp = stamp_of(path)
    sha256, size = digest(path, name)
    levels = [c.name for c in portfolio.characteristics if c.kind in ("category", "flag")]
    try:
        file = pq.ParquetFile(path)
        schema, rows = file.schema_arrow, file.metadata.num_rows
        file.close()
    except (pa.ArrowException, OSError, MemoryError, OverflowError, UnicodeDecodeError):
        return None
    present = list(schema.names)
    if not rows or not set(wanted) <= set(present) or len(set(present)) < len(present):
        return None
    columns = _with_key(wanted, portfolio, present)
    if make_header(tuple(columns), name).names != tuple(columns):
        return None
    dates = [one for one in columns if one in _guessed(portfolio) and is_text(schema.field(one).type)]
    texts = [one for one in levels if is_text(schema.field(one).type)]
    source = Source(name, sha256, size, "parquet")

    def tables(start: int) -> Iterator[Table]:
        at = 0
        try:
            with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as given:
                for batch in given.iter_batches(ROWS, columns=columns, use_threads=False):
                    at += batch.num_rows
                    if at > start:
                        part = pa.Table.from_batches([batch.slice(max(start - (at - batch.num_rows), 0))])
                        _require_iso(part, dates)
                        table = _part(part, at - part.num_rows, source)
                        # what was read is not held while its rows are scored
                        del batch, part
                        yield table
                        del table
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            raise ReadWhole from None

    return InParts(path, stamp, source, rows, tuple(present), tables)


def _part(table: pa.Table, before: int, source: Source) -> Table:
    """Return a part as a table; texts that came as levels stay levels."""
    for name in table.column_names:
        column = table.column(name)
        column.validate(full=True)  # in a damaged file a level may be named that is not there
        words = column.chunk(0).dictionary if pa.types.is_dictionary(column.type) else column
        if is_text(words.type) and (cp.max(cp.binary_length(words)).as_py() or 0) > MAX_CELL:
            raise ReadWhole
    levelled = [n for n in table.column_names if pa.types.is_dictionary(table.column(n).type)]
    columns = columns_of(table.drop_columns(levelled)) | {n: table.column(n).to_pandas() for n in levelled}
    record = np.arange(before + 1, before + table.num_rows + 1)
    return Table(pd.DataFrame(columns, copy=False), record, empty_refused(), source)


def _csv(
    path: Path, name: str, portfolio: Portfolio, wanted: list[str], options: ReadOptions
) -> InParts | None:
    stamp = stamp_of(path)
    found = survey(path, name, name.lower().endswith(".gz"))
    try:
        manner = find_manner(found, portfolio, options)
    except InputError:
        return None
    names = manner.header.names
    if found.quotes % 2 or not set(wanted) <= set(names):
        return None
    columns = _with_key(wanted, portfolio, list(names))
    dates = [one for one in columns if one in _guessed(portfolio)]
    numbers = {c.name for c in portfolio.characteristics if c.kind == "number"}
    source = Source(
        found.name, found.sha256, found.size, "csv", manner.delimiter, manner.decimal or ".", manner.encoding,
        manner.notes,
    )  # fmt: skip

    def tables(start: int) -> Iterator[Table]:
        at = 0
        for part in _csv_parts(found, manner, columns):
            _require_points(part, numbers if not manner.decimal else set())
            _require_iso(part, dates)
            at += part.num_rows
            if at > start:
                kept = part.slice(max(start - (at - part.num_rows), 0))
                frame = kept.to_pandas(split_blocks=True)
                record = np.arange(at - kept.num_rows + 1, at + 1)
                yield Table(frame.astype("str"), record, empty_refused(), source)
        if not at:
            raise ReadWhole

    lines = found.head.count(b"\n") or 1
    rows = int(found.size / max(len(found.head), 1) * lines)
    return InParts(path, stamp, source, rows, tuple(names), tables)


def _csv_parts(found: Survey, manner: Manner, columns: list[str]) -> Iterator[pa.Table]:
    raw = dict(zip(manner.header.names, manner.header.raw, strict=True))
    asked = [raw[name] for name in columns]
    convert = pc.ConvertOptions(
        column_types=dict.fromkeys(asked, pa.large_string()), include_columns=asked, strings_can_be_null=False
    )
    try:
        with stream_of(found, manner.encoding) as stream:
            reader = pc.open_csv(
                stream, pc.ReadOptions(block_size=BLOCK), parse_options(found, manner), convert
            )
            for batch in reader:
                if batch.num_rows:
                    part = pa.Table.from_batches([batch]).rename_columns(columns)
                    yield checked(found, manner, part)
    except (pa.ArrowException, OSError, UnicodeDecodeError, InputError):
        raise ReadWhole from None


def _require_iso(part: pa.Table, dates: list[str]) -> None:
    """Raise where dates are not mostly ISO: then their form is found out from the whole column.

    Where they are in each part they are in the whole, which is then read as ISO too.
    """
    for name in dates:
        text = cp.utf8_trim(cp.fill_null(cp.cast(part.column(name), pa.large_string()), ""), " ")
        iso = cp.sum(cp.match_substring_regex(text, r"^\d{4}-\d{2}-\d{2}$")).as_py() or 0
        if 2 * iso < (cp.sum(cp.not_equal(text, "")).as_py() or 0):
            raise ReadWhole


def _require_points(part: pa.Table, numbers: set[str]) -> None:
    """Raise where a number has a comma, which only the whole column may explain."""
    for name in numbers & set(part.column_names):
        if cp.any(cp.match_substring(part.column(name), ",")).as_py():
            raise ReadWhole
