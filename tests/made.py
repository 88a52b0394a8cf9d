"""Small made data for tests: a portfolio with every kind of characteristic, and rows of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset import Dataset, build, from_frame
from workbench.portfolio import Portfolio, from_values

CHARACTERISTICS = (
    {"name": "income", "kind": "number", "group": "Means", "unit": "EUR", "low": 0, "tags": ["amount"]},
    {"name": "bureau", "kind": "number", "special": [{"value": "-9", "label": "no record"}]},
    {"name": "late", "kind": "number", "missing": "fill", "fill": 0, "monotone": "rises"},
    {"name": "home", "kind": "category", "attributes": [{"value": "rent"}, {"value": "own"}]},
    {"name": "phone", "kind": "flag"},
    {"name": "first_credit", "kind": "date"},
)


def portfolio(**changes: object) -> Portfolio:
    """Return the made portfolio, with `changes` to its values."""
    values: dict[str, object] = {
        "name": "made",
        "title": "Made loans",
        "kind": "application",
        "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
        "row_key": "id",
        "date": "opened",
        "characteristics": CHARACTERISTICS,
        "protected": [{"name": "sex", "kind": "category"}],
        "requirements": {"rows": 100, "bads": 10},
    }
    return from_values(values | changes, "made.toml")


def frame(n: int = 2000, seed: int = 7) -> pd.DataFrame:
    """Return `n` made rows as a Parquet file would give them."""
    rng = np.random.default_rng(seed)
    income = np.round(np.exp(rng.normal(7.5, 0.5, n)), 2)
    bureau = np.where(rng.random(n) < 0.1, -9.0, np.round(rng.normal(600, 60, n)))
    late = rng.poisson(0.4, n).astype(float)
    home = rng.choice(["rent", "own", "parents", "hostel"], n, p=[0.5, 0.4, 0.095, 0.005])
    opened = np.datetime64("2023-01-01") + rng.integers(0, 700, n).astype("timedelta64[D]")
    first = opened - rng.integers(30, 4000, n).astype("timedelta64[D]")
    z = (
        -2.2 - 0.9 * (np.log(income) - 7.5) - 0.008 * (np.where(bureau < 0, 560, bureau) - 600)
        + 0.7 * late + 0.5 * (home == "rent")
    )  # fmt: skip
    made = pd.DataFrame(
        {
            "id": [f"{i:06d}" for i in range(n)],
            "opened": pd.Series(opened.astype("datetime64[s]")),
            "income": np.where(rng.random(n) < 0.05, np.nan, income),
            "bureau": bureau,
            "late": np.where(rng.random(n) < 0.03, np.nan, late),
            "home": home,
            "phone": rng.choice(["yes", "no"], n),
            "first_credit": pd.Series(first.astype("datetime64[s]")),
            "sex": rng.choice(["f", "m"], n),
            "bad": (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.int64),
        }
    )
    return made


def dataset(n: int = 2000, seed: int = 7, **changes: object) -> Dataset:
    """Return made rows, checked against the made portfolio."""
    return build(from_frame(frame(n, seed)), portfolio(**changes))
