"""Frames as Parquet and back, with the order of category levels, which Parquet forgets."""

from __future__ import annotations

import json

import pandas as pd

_LEVELS = b"workbench.levels"


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return the frame as Parquet; the order of category levels beside it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    levels = {
        str(name): [str(level) for level in frame[name].cat.categories]
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(
        (table.schema.metadata or {}) | {_LEVELS: json.dumps(levels).encode()}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def from_parquet(content: bytes) -> pd.DataFrame:
    """Return the frame that `to_parquet` wrote."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    levels = json.loads(table.schema.metadata[_LEVELS])
    frame = table.to_pandas()
    for name in frame.columns:
        if name in levels:
            frame[name] = frame[name].astype(pd.CategoricalDtype(pd.Index(levels[name], dtype="str")))
        elif pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            frame[name] = frame[name].astype("datetime64[s]")
    return frame
