"""Made rows for benchmarks: 22 numbers and 4 categories, 8% bad, missing values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset import Dataset, build, from_frame
from workbench.portfolio import from_values

LEVELS = (4, 6, 14, 50)


def dataset(n: int, seed: int = 1) -> Dataset:
    """Return `n` rows, checked."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 22))
    z = -3.1 + x[:, :8] @ np.array([0.5, -0.4, 0.3, 0.3, -0.25, 0.2, 0.2, 0.15])
    z += 0.4 * np.maximum(x[:, 8], 0) + 0.3 * x[:, 9] * (x[:, 10] > 0)
    frame = pd.DataFrame({f"number_{j}": np.round(np.exp(x[:, j]), 4) for j in range(22)})
    for j, levels in enumerate(LEVELS):
        code = rng.integers(0, levels, n)
        z += np.random.default_rng(j).normal(0, 0.25, levels)[code]
        frame[f"category_{j}"] = np.array([f"level {k}" for k in range(levels)])[code]
    for j in range(4):
        frame.loc[rng.random(n) < 0.05, f"number_{j}"] = np.nan
    frame["bad"] = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.int64)
    names = [c for c in frame.columns if c != "bad"]
    portfolio = from_values(
        {
            "name": "benchmark",
            "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
            "characteristics": [
                {"name": c, "kind": "category" if c.startswith("category") else "number"} for c in names
            ],
        },
        "benchmark",
    )
    return build(from_frame(frame), portfolio)
