"""What each column holds: missing values, special codes, ranges, values that nobody declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.evaluation import wilson
from workbench.portfolio import Characteristic, numeric_codes

LEAST_ROWS = 5
"""A value that fewer rows share could tell whose it is, so it is not named."""
COLUMNS = (
    "characteristic", "title", "kind", "protected", "n", "missing", "missing_share", "low", "high",
    "special", "codes", "distinct", "declared", "strange", "lowest", "low_1", "middle", "high_99", "highest",
    "commonest",
)  # fmt: skip


def holdings(dataset: Dataset) -> pd.DataFrame:
    """Return what each characteristic holds over all rows kept, protected ones last.

    Returns
    -------
    DataFrame
        characteristic, title, kind, protected; n; missing, missing_share with low and high (95% Wilson);
        special (rows with a declared code) and codes (each with its rows, in words); distinct; declared (the
        range or the values, in words); strange (rows outside it); lowest, low_1 (first percentile), middle
        (median), high_99, highest of numbers and dates without special codes, in words; commonest (value of a
        category with its share, in words). Rows count once each, whatever their weight.
    """
    lines = []
    for about in (*dataset.portfolio.characteristics, *dataset.portfolio.protected):
        frame = dataset.frame if about.name in dataset.frame else dataset.protected
        if about.name in frame:
            lines.append(_line(frame[about.name], about, frame is not dataset.frame))
    found = pd.DataFrame(lines, columns=list(COLUMNS))
    found["low"], found["high"] = wilson(found["missing"].to_numpy(), found["n"].to_numpy())
    return found


def special_rows(values: pd.Series, about: Characteristic) -> dict[str, np.ndarray]:
    """Return what each special code among the values is called, and which rows have it."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = {s.value: s.label or f"code {s.value}" for s in about.special}
        levels = {str(level): place for place, level in enumerate(values.cat.categories)}
        found = {
            name: values.cat.codes.to_numpy() == levels[code]
            for code, name in codes.items()
            if code in levels
        }
    elif values.dtype.kind == "f":
        x = values.to_numpy()
        found = {name: x == code for code, name in numeric_codes(about).items()}
    else:
        found = {}
    return {name: rows for name, rows in found.items() if rows.any()}


def _line(values: pd.Series, about: Characteristic, protected: bool) -> dict[str, Any]:
    missing = values.isna().to_numpy()
    codes = special_rows(values, about)
    special = np.logical_or.reduce([*codes.values(), np.zeros(len(values), bool)])
    n, absent = len(values), int(missing.sum())
    line = {
        "characteristic": about.name,
        "title": about.shown,
        "kind": about.kind,
        "protected": protected,
        "n": n,
        "missing": absent,
        "missing_share": absent / n if n else np.nan,
        "special": int(special.sum()),
        "codes": "; ".join(f"{name}: {int(rows.sum()):,}" for name, rows in codes.items()),
    }
    if isinstance(values.dtype, pd.CategoricalDtype):
        return line | _category(values, about)
    return line | _quantity(values[~missing & ~special], about)


def _category(values: pd.Series, about: Characteristic) -> dict[str, Any]:
    codes = values.cat.codes.to_numpy()
    counts = np.bincount(codes[codes >= 0], minlength=len(values.cat.categories))
    known = {a.value for a in about.attributes} | {s.value for s in about.special}
    strange = [i for i, level in enumerate(values.cat.categories) if about.attributes and level not in known]
    top = int(counts.argmax()) if counts.any() else -1
    named = top >= 0 and counts[top] >= LEAST_ROWS
    return {
        "distinct": int((counts > 0).sum()),
        "declared": f"{len(about.attributes)} values" if about.attributes else "",
        "strange": int(counts[strange].sum()),
        "commonest": f"{about.label(str(values.cat.categories[top]))} ({counts[top] / counts.sum():.1%})"
        if named
        else "",
    }


def _quantity(values: pd.Series, about: Characteristic) -> dict[str, Any]:
    dated = values.dtype.kind == "M"
    x = values.to_numpy("datetime64[D]").astype(float) if dated else values.to_numpy(float)
    say = _day if dated else _number
    ends = () if dated else (about.low, about.high)
    outside = np.zeros(len(x), bool)
    for end, beyond in zip(ends, (np.less, np.greater), strict=False):
        outside |= beyond(x, end) if end is not None else False
    found = {
        "distinct": int(len(pd.unique(x))),
        "declared": _limits(*ends) if any(end is not None for end in ends) else "",
        "strange": int(outside.sum()),
    }
    if not len(x):
        return found
    levels = np.quantile(x, (0, 0.01, 0.5, 0.99, 1), method="nearest")
    names = ("lowest", "low_1", "middle", "high_99", "highest")
    return found | {name: say(level) for name, level in zip(names, levels.tolist(), strict=True)}


def _limits(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"from {_number(low)}" if low is not None else f"to {_number(high or 0.0)}"
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    return f"{float(f'{value:.4g}'):,}"


def _day(value: float) -> str:
    return str(np.datetime64(int(value), "D"))
