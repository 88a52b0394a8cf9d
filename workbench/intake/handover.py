"""A Table from one process to another: Arrow files that the other maps into its memory, not a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.dataset import Source, Table

ROWS, REFUSED = "rows", "refused"
TOGETHER = 64 * 2**20
"""Bytes of columns that are written at a time, into a file of their own."""


def write_table(table: Table, folder: Path, written: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Write a table into `folder`; return what else there is to know of it, as plain values.

    Parameters
    ----------
    written : callable
        Called whenever some columns were written.
    """
    _write(table.frame, folder, ROWS, written, table.record)
    _write(table.refused, folder, REFUSED, written)
    return asdict(table.source)


def map_table(folder: Path, source: Mapping[str, Any]) -> Table:
    """Return the table that lies in `folder`, mapped; its files may be removed at once.

    Its numbers cannot be written to: they are the file's own pages.
    """
    rows = _mapped(folder, ROWS)
    record = rows.column(rows.num_columns - 1).to_numpy()
    frame = rows.remove_column(rows.num_columns - 1).to_pandas(split_blocks=True)
    told = Source(**{**source, "notes": tuple(source["notes"])})
    return Table(frame, record, _mapped(folder, REFUSED).to_pandas(split_blocks=True), told)


def _write(
    frame: pd.DataFrame, folder: Path, name: str, written: Callable[[], None],
    record: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Write a frame in files of some columns, each one batch, so that it can be mapped without a copy."""
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    arrays: list[pa.Array] = []
    fields: list[pa.Field] = []
    files = 0
    for position in range(frame.shape[1] + (record is not None)):
        last = position == frame.shape[1]
        arrays.append(pa.array(record) if last else _array(frame.iloc[:, position]))
        fields.append(pa.field("record" if last else schema.field(position).name, arrays[-1].type))
        if sum(array.nbytes for array in arrays) >= TOGETHER:
            _file(arrays, pa.schema(fields, schema.metadata), folder / f"{name}-{files}.arrow")
            arrays, fields, files = [], [], files + 1
            written()
    if arrays or not files:
        _file(arrays, pa.schema(fields, schema.metadata), folder / f"{name}-{files}.arrow")


def _file(arrays: list[pa.Array], schema: pa.Schema, path: Path) -> None:
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)


def _array(column: pd.Series) -> pa.Array:
    # a missing number stays NaN: told apart by a mask, the column would have to be copied to be read
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"
    array = pa.array(column.to_numpy()) if plain else pa.array(column, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _mapped(folder: Path, name: str) -> pa.Table:
    parts = []
    while (path := folder / f"{name}-{len(parts)}.arrow").exists():
        with pa.memory_map(str(path)) as source:
            parts.append(pa.ipc.open_file(source).read_all())
    schema = pa.schema([field for part in parts for field in part.schema], parts[0].schema.metadata)
    return pa.Table.from_arrays([column for part in parts for column in part.columns], schema=schema)
