"""Drawn rows of a portfolio that is stable, and what may go wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from workbench.drift import Known, Reference, Rows, hold, know
from workbench.policy import Policy
from workbench.portfolio import Characteristic, Points

EVERY = (
    Characteristic(name="income", title="Monthly income"),
    Characteristic(name="bureau", special=({"value": "-9", "label": "no record"},)),
    Characteristic(name="late"),
    Characteristic(name="home", kind="category"),
    *(Characteristic(name=f"noise_{i}") for i in range(6)),
)
IMPORTANCE = {"income": 0.4, "bureau": 0.3, "late": 0.2, "home": 0.1}
POLICY = Policy(0.10, 0.20, (0.02, 0.05, 0.10, 0.20))
SCALE = Points()


def frame(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `n` rows as they were at development."""
    return pd.DataFrame(
        {
            "income": np.where(rng.random(n) < 0.03, np.nan, rng.lognormal(8, 0.5, n).round()),
            "bureau": np.where(rng.random(n) < 0.1, -9.0, rng.normal(600, 60, n).round()),
            "late": rng.poisson(0.4, n).astype(float),
            "home": pd.Categorical(rng.choice(["rent", "own", "parents"], n, p=[0.5, 0.4, 0.1])),
            **{f"noise_{i}": rng.normal(size=n) for i in range(6)},
        }
    )


def p_bad(rows: pd.DataFrame) -> np.ndarray:
    """Return the PD that is right at development."""
    income = np.log(rows["income"].fillna(2981).to_numpy()) - 8
    bureau = np.where(rows["bureau"] < 0, 580, rows["bureau"].fillna(580)) - 600
    rent = rows["home"].astype(str).eq("rent").to_numpy()
    z = -2.6 - 0.9 * income - 0.008 * bureau + 0.7 * rows["late"].fillna(0.4).to_numpy() + 0.4 * rent
    return 1 / (1 + np.exp(-z))


def rows(
    n: int,
    seed: int,
    change: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame] | None = None,
    true: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
    months: int = 0,
) -> Rows:
    """Return drawn rows; `change` changes what comes in, `true` the PD that is right now."""
    rng = np.random.default_rng(seed)
    held = frame(n, rng)
    held = held if change is None else change(held, rng)
    told = p_bad(held)
    right = told if true is None else true(told, rng)
    month = None
    if months:
        month = np.datetime64("2026-01") + rng.integers(0, months, n).astype("timedelta64[M]")
    bad = (rng.random(n) < right).astype(np.int8)
    return Rows(held, told, bad, month=month, words="hold-out sample" if seed < 2 else "extract")


def development(n: int = 8000, seed: int = 0) -> tuple[tuple[Known, ...], Reference]:
    """Return what development holds, and the rows held out from it."""
    return know(rows(n, seed).frame, EVERY), hold(rows(n // 2, seed + 1), POLICY, SCALE)
