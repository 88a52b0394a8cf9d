"""What makes two data sets the same: a digest of schema and typed values, not of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset.values import Dataset

VERSION = "workbench dataset 1"


def fingerprint(dataset: Dataset) -> tuple[str, str]:
    """Return the digests of a data set and of its protected columns.

    The first covers row key, outcome, date, weight, group and characteristics of the kept rows in
    order, columns in portfolio order; the second the protected columns of the same rows. The file's
    format, its column order, refused rows and left-out columns do not count.

    Returns
    -------
    tuple of str
        Two sha256 in hexadecimal; the second is "" where nothing is protected.
    """
    portfolio = dataset.portfolio
    columns: list[tuple[str, pd.Series | np.ndarray]] = [("outcome", dataset.outcome.astype(np.int64))]
    if portfolio.row_key:
        columns.append(("row key", dataset.row_key))
    if dataset.date is not None:
        columns.append(("date", dataset.date))
    if dataset.weight is not None:
        columns.append(("weight", dataset.weight.astype(np.float64)))
    if dataset.group is not None:
        columns.append(("group", dataset.group))
    columns += [(f"characteristic {name}", dataset.frame[name]) for name in dataset.frame]
    protected = [(f"protected {name}", dataset.protected[name]) for name in dataset.protected]
    return _digest(columns, dataset.n), _digest(protected, dataset.n) if protected else ""


def _digest(columns: list[tuple[str, pd.Series | np.ndarray]], rows: int) -> str:
    digest = hashlib.sha256(json.dumps([VERSION, rows, [name for name, _ in columns]]).encode())
    for _, values in columns:
        for part in _parts(values):
            digest.update(str(len(part)).encode() + b"\0")
            digest.update(part)
    return digest.hexdigest()


def _parts(values: pd.Series | np.ndarray) -> Iterator[bytes | memoryview]:
    """Yield a column's kind and its values as bytes, the same on every machine."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        used = values.cat.remove_unused_categories()
        order = np.argsort(used.cat.categories.to_numpy(dtype=object))
        rank = np.empty(len(order) + 1, np.int64)
        rank[order], rank[-1] = np.arange(len(order)), -1
        yield b"category"
        yield json.dumps([used.cat.categories[i] for i in order]).encode()
        yield _raw(rank[used.cat.codes.to_numpy()], "<i4")
    elif pd.api.types.is_datetime64_any_dtype(kind):
        yield b"date"
        yield _raw(np.asarray(values, "datetime64[s]").view("int64"), "<i8")
    elif kind.kind == "f":
        plain = np.asarray(values, np.float64) + 0.0
        yield b"number"
        yield _raw(np.where(np.isnan(plain), np.nan, plain), "<f8")
    elif kind.kind in "iu":
        yield b"whole"
        yield _raw(np.asarray(values), "<i8")
    else:
        text = pa.array(values, pa.large_string(), from_pandas=True)
        text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
        text = cp.fill_null(text, "")
        yield b"text"
        yield _raw(cp.binary_length(text).to_numpy(), "<i8")
        yield "".join(text.to_pylist()).encode()


def _raw(values: np.ndarray, form: str) -> memoryview:
    return memoryview(np.ascontiguousarray(values, dtype=np.dtype(form))).cast("B")
