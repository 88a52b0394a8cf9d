"""A Table from one process to another: an Arrow file that the other maps into its memory, not a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.dataset import Source, Table

ROWS, REFUSED = "rows.arrow", "refused.arrow"


def write_table(table: Table, folder: Path) -> dict[str, Any]:
    """Write a table into `folder`; return what else there is to know of it, as plain values."""
    _write(table.frame, folder / ROWS, table.record)
    _write(table.refused, folder / REFUSED)
    return asdict(table.source)


def map_table(folder: Path, source: Mapping[str, Any]) -> Table:
    """Return the table that lies in `folder`, mapped; its files may be removed at once.

    Its numbers cannot be written to: they are the file's own pages.
    """
    rows = _mapped(folder / ROWS)
    record = rows.column(rows.num_columns - 1).to_numpy()
    frame = rows.remove_column(rows.num_columns - 1).to_pandas(split_blocks=True)
    told = Source(**{**source, "notes": tuple(source["notes"])})
    return Table(frame, record, _mapped(folder / REFUSED).to_pandas(split_blocks=True), told)


def _write(frame: pd.DataFrame, path: Path, record: np.ndarray | None = None) -> None:
    """Write a frame as one batch, which is what lets it be mapped without a copy."""
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    arrays = [_array(frame.iloc[:, position]) for position in range(frame.shape[1])]
    fields = [pa.field(field.name, array.type) for field, array in zip(schema, arrays, strict=True)]
    if record is not None:
        arrays.append(pa.array(record))
        fields.append(pa.field("record", arrays[-1].type))
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, schema.metadata))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _array(column: pd.Series) -> pa.Array:
    # a missing number stays NaN: told apart by a mask, the column would have to be copied to be read
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"
    array = pa.array(column.to_numpy()) if plain else pa.array(column, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
