"""Findings about single values: outside the range, not declared, codes in a number's clothes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from workbench.checks.values import Finding, counted, held, in_the_file, said
from workbench.dataset import Dataset, masked
from workbench.portfolio import Characteristic, as_number, numeric_codes

MANY_LEVELS = 100
LEAST_ROWS = 5
_NINES = re.compile(r"^9{2,}[5-9]?$|^9[6-8]$")
_NEGATIVES = {-1.0, -2.0, -3.0, *(-float(f"{d}") for d in (7, 8, 9, 88, 98, 99, 888, 998, 999, 9999, 99999))}


def declared_values(dataset: Dataset) -> Iterator[Finding]:
    """Find values outside the declared range, and categories that the portfolio does not list."""
    for about in (*dataset.portfolio.characteristics, *dataset.portfolio.protected):
        frame = dataset.frame if about.name in dataset.frame else dataset.protected
        if about.name not in frame:
            continue
        values = frame[about.name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            yield from _undeclared(about, values)
        elif values.dtype.kind == "f":
            yield from _outside(dataset, about, values.to_numpy())


def _outside(dataset: Dataset, about: Characteristic, x: np.ndarray) -> Iterator[Finding]:
    low = -np.inf if about.low is None else about.low
    high = np.inf if about.high is None else about.high
    outside = (x < low) | (x > high)
    for code in numeric_codes(about):
        outside &= x != code
    n = int(outside.sum())
    if not n:
        return
    first = int(np.flatnonzero(outside)[0])
    beyond = [f"below {said(low)}"] * bool(np.isfinite(low)) + [f"above {said(high)}"] * bool(
        np.isfinite(high)
    )
    where = f"outside {said(low)} to {said(high)}" if len(beyond) == 2 else beyond[0]
    yield Finding(
        "warn",
        "OUT_OF_RANGE",
        about.name,
        n,
        f"{counted(n)} of {about.name} {'lies' if n == 1 else 'lie'} {where}.",
        "They are errors, codes, or a range that is too narrow; each needs something else.",
        "Correct them; or declare a code among them as special (page Data, step Roles); or widen the range "
        f"{in_the_file(dataset.portfolio)}.",
        f"record {int(dataset.record[first]):,}: {masked(said(x[first]))}",
    )


def _undeclared(about: Characteristic, values: pd.Series) -> Iterator[Finding]:
    declared = {a.value for a in about.attributes} | {s.value for s in about.special}
    if not about.attributes:
        return
    codes = values.cat.codes.to_numpy()
    counts = np.bincount(codes[codes >= 0], minlength=len(values.cat.categories))
    strange = [i for i, level in enumerate(values.cat.categories) if level not in declared and counts[i]]
    if not strange:
        return
    n = int(counts[strange].sum())
    common = sorted(strange, key=lambda i: -counts[i])[:3]
    shown = [str(values.cat.categories[i]) for i in common]
    # a value that many share tells nobody apart
    shown = [t if counts[i] >= LEAST_ROWS else masked(t) for t, i in zip(shown, common, strict=True)]
    yield Finding(
        "warn",
        "UNDECLARED_VALUE",
        about.name,
        n,
        f"{held(n, about.name)} {counted(len(strange), 'value', 'values')} that the portfolio does not list.",
        "Nobody has said what they mean.",
        "Ask what they stand for. Nothing must be done: each scores as an attribute of its own, or with the "
        "rare ones where few rows have it.",
        ", ".join(shown),
    )


def special_codes(dataset: Dataset) -> Iterator[Finding]:
    """Find numbers that look like codes: 999 far above everything else, -9 where nothing is negative."""
    for about in dataset.portfolio.characteristics:
        values = dataset.frame[about.name]
        if values.dtype.kind != "f":
            continue
        x = values.to_numpy()
        known = list(numeric_codes(about))
        x = x[~np.isnan(x) & ~np.isin(x, known)] if known else x[~np.isnan(x)]
        for code, n in (*_codes_above(x), *_codes_below(x)):
            yield Finding(
                "warn",
                "SPECIAL_CODE",
                about.name,
                n,
                f"{said(code)} in {about.name} looks like a code: {counted(n)}, far from all other values.",
                "Taken as a quantity, a code pulls every average and coefficient.",
                "Say what it stands for and declare it as special; it then is a value of its own.",
                said(code),
                fix="special",
                value=f"{code:g}" if abs(code) < 1e5 else f"{code:.0f}",
            )


def _codes_above(x: np.ndarray) -> list[tuple[float, int]]:
    found: list[tuple[float, int]] = []
    while len(x) and len(found) < 4:
        top = x.max()
        if top < 96 or top != int(top) or not _NINES.match(f"{top:.0f}"):
            break
        count = int((x == top).sum())
        x = x[x < top]
        found.append((float(top), count))
    rest = float(x.max()) if len(x) else 0.0
    return [(code, n) for code, n in found if n >= LEAST_ROWS and len(x) and code > 1.5 * max(rest, 1.0)]


def _codes_below(x: np.ndarray) -> list[tuple[float, int]]:
    found: list[tuple[float, int]] = []
    while len(x) and len(found) < 4 and x.min() < 0:
        bottom = float(x.min())
        if bottom not in _NEGATIVES:
            return []
        found.append((bottom, int((x == bottom).sum())))
        x = x[x > bottom]
    if not found or not len(x) or x.min() < 0:
        return []
    # -2, -1, 0, 1, ... is a scale; -1 below incomes, or -9 below counts, is a code
    spread = float(np.median(x))
    return [(code, n) for code, n in found if n >= LEAST_ROWS and (spread >= 20 or code <= -7)]


def numbers_as_text(dataset: Dataset) -> Iterator[Finding]:
    """Find categories with many levels, nearly all of which are numbers."""
    for name in dataset.frame.columns:
        values = dataset.frame[name]
        if not isinstance(values.dtype, pd.CategoricalDtype) or len(values.cat.categories) <= MANY_LEVELS:
            continue
        numeric = np.array([as_number(str(level).strip()) is not None for level in values.cat.categories])
        codes = values.cat.codes.to_numpy()
        counts = np.bincount(codes[codes >= 0], minlength=len(numeric))
        text = int(counts[~numeric].sum())
        if text and text < 0.2 * counts.sum():
            example = str(values.cat.categories[int(np.argmax(np.where(numeric, -1, counts)))])
            yield Finding(
                "warn",
                "TEXT_IN_NUMBERS",
                name,
                text,
                f"{name} is read as a category, but all except {counted(text)} are numbers.",
                "As a category every number is a value of its own, and their order is lost.",
                "Make its kind a number, and declare the text as a special code.",
                masked(example) if len(example) > 12 else example,
            )
