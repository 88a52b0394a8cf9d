"""The distinct values of a column and how often each occurs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset import numbers
from workbench.dataset.text import BLANKS, as_text, canonical
from workbench.dataset.values import Table


def distinct(column: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Return the distinct texts of a column, blanks left out, in order of appearance, and their counts."""
    coded = cp.dictionary_encode(cp.utf8_trim(as_text(column.reset_index(drop=True)), BLANKS))
    texts = pd.Series(coded.dictionary.to_pylist(), dtype="str")
    counts = np.bincount(coded.indices.to_numpy(zero_copy_only=False), minlength=len(texts))
    written = (texts != "").to_numpy(dtype=bool)
    return texts[written].reset_index(drop=True), counts[written]


def value_counts(table: Table, column: str) -> dict[str, int]:
    """Return the values of a column as the portfolio writes them with their counts, most common first.

    Examples
    --------
    >>> from workbench.dataset import from_frame
    >>> value_counts(from_frame(pd.DataFrame({"bad": [0.0, 1.0, 0.0, None]})), "bad")
    {'0': 2, '1': 1}
    """
    texts, counts = distinct(table.frame[column])
    names = canonical(pa.array(texts, pa.large_string())).to_pylist()
    found: dict[str, int] = {}
    for name, count in zip(names, counts, strict=True):
        found[name] = found.get(name, 0) + int(count)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def as_numbers(texts: pd.Series, form: str = "plain", decimal: str = ".") -> numbers.Numbers:
    """Return the numbers that distinct texts name, as `numbers.parse` reads them."""
    return numbers.parse(pa.array(texts, pa.large_string()), form, decimal)


def unit_of(texts: pd.Series) -> str:
    """Return the one unit that stands behind the numbers of `texts`, or "" where there are several."""
    unit, has = numbers.units(pa.array(texts, pa.large_string()))
    names = set(unit[has])
    return names.pop() if len(names) == 1 else ""
