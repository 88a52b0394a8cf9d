"""The written form of values: one canonical text for what CSV, Parquet and Excel write differently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

BLANKS = " \t\r\n\u00a0\u2007\u202f"


def masked(value: str) -> str:
    """Return a value as it may be shown in a message: its first character and its length.

    Examples
    --------
    >>> masked("Smith")
    'S… (5 characters)'
    """
    if not value:
        return "(blank)"
    first = value[0] if value[0].isprintable() else "?"
    return f"{first}… ({len(value)} character{'s' if len(value) != 1 else ''})"


def as_text(column: pd.Series) -> pa.Array:
    """Return a column as Arrow text, exactly as written, with "" for missing.

    Whole numbers of a Parquet or Excel file lose the ``.0`` a float carries; dates are ISO.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        levels = as_text(pd.Series(kind.categories))
        codes = pa.array(column.cat.codes.to_numpy(), mask=column.cat.codes.to_numpy() < 0)
        return cp.fill_null(levels.take(codes), "")
    if pd.api.types.is_bool_dtype(kind):
        text = column.map({True: "true", False: "false"})
    elif pd.api.types.is_float_dtype(kind):
        text = _float_text(column)
    elif pd.api.types.is_datetime64_any_dtype(kind):
        text = _date_text(column)
    elif pd.api.types.is_object_dtype(kind):
        text = column.map(_object_text, na_action="ignore")
    else:
        text = column
    found = pa.array(text, from_pandas=True)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return cp.fill_null(cp.cast(found, pa.large_string()), "")


def _float_text(column: pd.Series) -> pd.Series:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    distinct, inverse = np.unique(values, return_inverse=True)
    words = np.array([_object_text(float(v)) for v in distinct], dtype=object)
    return pd.Series(words[inverse], dtype=object)


def _date_text(column: pd.Series) -> pd.Series:
    plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
    with_time = (plain.dropna() != plain.dropna().dt.normalize()).any()
    return plain.dt.strftime("%Y-%m-%d %H:%M:%S" if with_time else "%Y-%m-%d")


def _object_text(value: Any) -> str | None:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(float(value))
    return str(value)


def canonical(text: pa.Array) -> pa.Array:
    """Return category text in one form: blanks at the ends off, ``1.0`` as ``1``, ``TRUE`` as ``true``.

    Examples
    --------
    >>> canonical(pa.array([" OWN", "1.0", "-2", "True", "007"])).to_pylist()
    ['OWN', '1', '-2', 'true', '007']
    """
    text = cp.utf8_trim(text, BLANKS)
    text = cp.replace_substring_regex(text, r"^([+-]?\d+)\.0+$", r"\1")
    for word in ("true", "false"):
        spelled = cp.is_in(text, value_set=pa.array([word.upper(), word.title()], text.type))
        text = cp.if_else(spelled, pa.scalar(word, text.type), text)
    return text


def canonical_value(value: str) -> str:
    """Return one value in the form `canonical` gives a column."""
    return canonical(pa.array([value], pa.large_string()))[0].as_py()
