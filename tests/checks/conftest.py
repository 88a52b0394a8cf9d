"""Data sets made by hand, and the public ones where they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.dataset import Dataset, Source
from workbench.portfolio import from_values

REFUSED = ["record", "column", "code", "reason", "text"]


def _build(
    frame, outcome, *, date=None, weight=None, refused=(), about=None, row_key=None, **portfolio
) -> Dataset:
    frame = frame.reset_index(drop=True)
    typed, characteristics = {}, []
    for name in frame:
        kind = {"M": "date", "f": "number", "i": "number", "u": "number"}.get(
            frame[name].dtype.kind, "category"
        )
        dtype = {"date": "datetime64[s]", "number": "float64", "category": "category"}[kind]
        values = frame[name]
        if kind == "category" and not isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype("str").where(values.notna())
        typed[name] = values.astype(dtype)
        characteristics.append({"name": name, "kind": kind, **(about or {}).get(name, {})})
    declared = from_values(
        {
            "name": "loans",
            "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
            "date": "" if date is None else "applied",
            "row_key": "" if row_key is None else "id",
            "characteristics": characteristics,
            **portfolio,
        },
        "loans.toml",
    )
    n = len(frame)
    return Dataset(
        portfolio=declared,
        frame=pd.DataFrame(typed),
        row_key=pd.Series([str(i + 1) for i in range(n)] if row_key is None else row_key),
        date=None if date is None else pd.Series(date).astype("datetime64[s]").reset_index(drop=True),
        record=np.arange(1, n + 1),
        refused=pd.DataFrame(list(refused), columns=REFUSED),
        source=Source("loans.csv", "0" * 64, 0, "csv"),
        outcome=np.asarray(outcome, dtype=np.int8),
        weight=weight,
    )


@pytest.fixture(scope="session")
def build() -> Callable[..., Dataset]:
    """Return a function that makes a Dataset of a frame and an outcome."""
    return _build


@pytest.fixture(scope="session")
def public() -> Callable[[str], Path]:
    """Return a function that finds a public file, or skips the test."""

    def find(name: str) -> Path:
        folder = os.environ.get("WORKBENCH_PUBLIC_DATA", "")
        if not folder or not (Path(folder) / name).exists():
            pytest.skip(f"WORKBENCH_PUBLIC_DATA names no folder with {name}")
        return Path(folder) / name

    return find


@pytest.fixture(scope="session")
def plain() -> tuple[pd.DataFrame, np.ndarray]:
    """Return 2,000 unremarkable applicants."""
    rng = np.random.default_rng(1)
    risk = rng.normal(size=2000)
    frame = pd.DataFrame(
        {
            "income": np.round(np.exp(10 - 0.2 * risk + rng.normal(size=2000) / 3), 2),
            "late": rng.poisson(np.exp(risk / 2)).astype(float),
            "job": rng.choice(["clerk", "driver", "nurse"], 2000),
        }
    )
    return frame, (rng.random(2000) < 1 / (1 + np.exp(1.5 - risk))).astype(int)
