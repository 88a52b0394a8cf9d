"""A Parquet file -> Table; its size is judged from its metadata before a row is expanded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp
import pyarrow.parquet as pq

from workbench.dataset import Source, Table, empty_refused
from workbench.errors import InputError
from workbench.intake.options import MAX_CELL, MAX_COLUMNS, MAX_EXPANDED, MAX_ROWS
from workbench.intake.shape import make_header
from workbench.intake.survey import digest

DAMAGED = "Copy the file again, or export it again as Parquet or CSV."
MAX_CELLS = 500_000_000


def read_parquet(path: Path, name: str) -> Table:
    """Return the table in a Parquet file; columns keep their types, texts have "" for missing.

    Raises
    ------
    InputError
        ``NOT_PARQUET`` (another kind of file, or damaged), ``NO_ROWS``, ``TOO_LARGE``,
        ``TOO_LARGE_EXPANDED``, ``TOO_MANY_COLUMNS``, ``DUPLICATE_COLUMNS``, ``COLUMN_TYPE`` (lists,
        structures, bytes).
    """
    sha256, size = digest(path, name)
    _require_mark(path, name)
    try:
        table, names = _read(path, name)
    except (pa.ArrowException, OSError, MemoryError, OverflowError, UnicodeDecodeError):
        raise InputError("NOT_PARQUET", "is damaged and cannot be read", name, DAMAGED) from None
    notes = [f"column {old!r} is read as {new!r}" for old, new in names.items() if old != new]
    source = Source(name, sha256, size, "parquet", notes=tuple(notes))
    frame = pd.DataFrame(columns_of(table.rename_columns(list(names.values()))))
    return Table(frame, np.arange(1, len(frame) + 1), empty_refused(), source)


def columns_of_file(path: Path, name: str) -> tuple[str, ...]:
    """Return the names of the columns, from the metadata alone; raises as `read_parquet`."""
    if not path.is_file():
        digest(path, name)  # says that there is none
    _require_mark(path, name)
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            _require_size(file.metadata, name)
            columns = [c for c in file.schema_arrow.names if not _is_index(c)]
    except (pa.ArrowException, OSError, MemoryError, OverflowError, UnicodeDecodeError):
        raise InputError("NOT_PARQUET", "is damaged and cannot be read", name, DAMAGED) from None
    return make_header(tuple(columns), name).names


def _require_mark(path: Path, name: str) -> None:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start != b"PAR1":
        what = "is empty (0 bytes)" if not path.stat().st_size else "is not a Parquet file"
        raise InputError("NOT_PARQUET", what, name, DAMAGED)


def _read(path: Path, name: str) -> tuple[pa.Table, dict[str, str]]:
    with pq.ParquetFile(path, memory_map=True) as file:
        _require_size(file.metadata, name)
        schema = file.schema_arrow
        columns = [c for c in schema.names if not _is_index(c)]
        header = make_header(tuple(columns), name)
        _require_types(schema, columns, name)
        texts = [c for c in columns if is_text(schema.field(c).type)]
    dictionaries = texts if schema.names == [c.split(".")[0] for c in schema.names] else []
    # texts as dictionaries: one long word repeated a million times stays one word until it was measured
    table = pq.read_table(path, columns=columns, read_dictionary=dictionaries, memory_map=True)
    table.validate()
    expanded = sum(_text_bytes(table.column(c), c, name) for c in texts)
    if expanded > MAX_EXPANDED:
        what = f"its texts expand to {expanded:,} bytes; at most {MAX_EXPANDED:,} are read"
        raise InputError("TOO_LARGE_EXPANDED", what, name, "Leave out long texts that no one needs.")
    return table, dict(zip(columns, header.names, strict=True))


def _is_index(column: str) -> bool:
    return column.startswith("__index_level_") and column.endswith("__")


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds text, as it is or as levels."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _require_size(metadata: pq.FileMetaData, name: str) -> None:
    rows, columns = metadata.num_rows, metadata.num_columns
    if columns > MAX_COLUMNS:
        what = f"has {columns:,} columns; at most {MAX_COLUMNS:,} are read"
        raise InputError("TOO_MANY_COLUMNS", what, name, "Leave out columns that no one needs.")
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        what = f"has {rows:,} rows of {columns:,} columns"
        what += f"; at most {MAX_ROWS:,} rows and {MAX_CELLS:,} cells are read"
        raise InputError("TOO_LARGE", what, name, "Give a part of the file, or a sample.")
    if rows == 0:
        raise InputError("NO_ROWS", "has no rows", name, "Give a file with rows of data.")


def _require_types(schema: pa.Schema, columns: list[str], name: str) -> None:
    wrong = []
    for column in columns:
        kind = schema.field(column).type
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
        dated = (pa.types.is_date, pa.types.is_timestamp, pa.types.is_null)
        if not is_text(kind) and not any(test(inner) for test in (*known, *dated)):
            wrong.append(f"{column} ({kind})")
    if wrong:
        what = f"has columns that are no numbers, texts or dates: {', '.join(wrong[:8])}"
        raise InputError("COLUMN_TYPE", what, name, "Leave those columns out, or write them as text.")


def _text_bytes(column: pa.ChunkedArray, label: str, name: str) -> int:
    """Return how many bytes a text column holds when expanded."""
    total = 0
    for chunk in column.chunks:
        chunk.validate(full=True)  # in a damaged file a level may be named that is not there
        words = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
        lengths = cp.fill_null(cp.binary_length(words), 0).to_numpy(zero_copy_only=False)
        if len(lengths) and lengths.max() > MAX_CELL:
            what = f"column {label} has a cell of {lengths.max():,} bytes; at most {MAX_CELL:,} are read"
            raise InputError("TOO_LARGE", what, name, "Leave that column out of the extract.")
        if isinstance(chunk, pa.DictionaryArray):
            index = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
            total += int(lengths[index].sum(dtype=np.int64))
        else:
            total += int(lengths.sum(dtype=np.int64))
    return total


def columns_of(table: pa.Table) -> dict[str, pd.Series]:
    """Return a Parquet file's columns with their own types; text has "" for missing."""
    columns = {}
    for label in table.column_names:
        column = table.column(label)
        kind = column.type
        if is_text(kind) or pa.types.is_null(kind):
            columns[label] = cp.fill_null(cp.cast(column, pa.large_string()), "").to_pandas().astype("str")
        elif pa.types.is_decimal(kind):
            columns[label] = cp.cast(column, pa.float64()).to_pandas()
        elif pa.types.is_date(kind):
            columns[label] = cp.cast(column, pa.timestamp("s")).to_pandas()
        elif (
            pa.types.is_integer(kind) and column.null_count or pa.types.is_boolean(kind) and column.null_count
        ):
            columns[label] = column.to_pandas(types_mapper=_nullable)
        else:
            columns[label] = column.to_pandas()
    return columns


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    """Keep whole numbers whole where some are missing: a float would round ids beyond 2**53."""
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    signed = {8: pd.Int8Dtype(), 16: pd.Int16Dtype(), 32: pd.Int32Dtype(), 64: pd.Int64Dtype()}
    unsigned = {8: pd.UInt8Dtype(), 16: pd.UInt16Dtype(), 32: pd.UInt32Dtype(), 64: pd.UInt64Dtype()}
    if pa.types.is_integer(kind):
        return (signed if pa.types.is_signed_integer(kind) else unsigned)[kind.bit_width]
    return None
