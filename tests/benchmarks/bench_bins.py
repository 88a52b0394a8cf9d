"""Exact optimal bins of 30 characteristics of 100,000 rows, and against OptBinning where it is installed.

Run: python -m tests.benchmarks.bench_bins [python of an environment with optbinning]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.binning import BinSpec, measure
from workbench.dataset import build, from_frame
from workbench.portfolio import from_values
from workbench.run import Run

ROWS, ROUNDS, PROMISE = 100_000, 7, 5.0
THEIRS = """
import json, statistics, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from optbinning import BinningProcess
frame = pd.read_parquet(sys.argv[1])
names = [c for c in frame.columns if c != "bad"]
categories = [c for c in names if c.startswith("category")]
seconds = []
for _ in range(3):
    process = BinningProcess(
        names, categorical_variables=categories, n_jobs=1,
        binning_fit_params={c: {"monotonic_trend": "auto_asc_desc"} for c in names if c not in categories},
    )
    started = time.perf_counter()
    process.fit(frame[names], frame["bad"].to_numpy())
    seconds.append(time.perf_counter() - started)
summary = process.summary()
print(json.dumps({"seconds": statistics.median(seconds), "iv": dict(zip(summary["name"], summary["iv"]))}))
"""


def rows() -> pd.DataFrame:
    """Return 26 numbers and 4 categories, some missing, 8% bad."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, 26))
    z = -2.9 + x[:, :10] @ np.linspace(0.5, 0.05, 10)
    frame = pd.DataFrame({f"number_{j}": np.round(np.exp(x[:, j]), 4) for j in range(26)})
    for j in range(4):
        frame[f"number_{20 + j}"] = rng.poisson(2, ROWS).astype(float)
        code = rng.integers(0, (4, 6, 14, 20)[j], ROWS)
        z += rng.normal(0, 0.3, 20)[code]
        frame[f"category_{j}"] = np.array([f"level {k}" for k in range(20)])[code]
        frame.loc[rng.random(ROWS) < 0.05, f"number_{j}"] = np.nan
    return frame.assign(bad=(rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(np.int64))


def main() -> None:
    """Print our median, and theirs with the ratio and the IVs side by side where they can be had."""
    frame = rows()
    kinds = [{"name": c, "kind": "category" if c.startswith("c") else "number"} for c in frame.columns[:-1]]
    outcome = {"column": "bad", "bad": ["1"], "good": ["0"]}
    portfolio = from_values({"name": "benchmark", "outcome": outcome, "characteristics": kinds}, "benchmark")
    data = build(from_frame(frame), portfolio)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        binning = measure(data, Run(), spec=BinSpec(chance=0, max_bins=20))
        seconds.append(time.perf_counter() - started)
    mine = statistics.median(seconds)
    print(f"bins, {ROWS:,} x {len(kinds)}: {mine:.3f} s")
    if len(sys.argv) < 2:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        frame.to_parquet(path)
        told = subprocess.run(
            [sys.argv[1], "-c", THEIRS, str(path)], capture_output=True, text=True, check=True
        )
    theirs = json.loads(told.stdout.splitlines()[-1])
    ours = binning.characteristics.set_index("characteristic")["iv"]
    other = pd.Series(theirs["iv"])
    ratios = ours / other
    strong = ours[ours > 0.01].index
    print(f"OptBinning: {theirs['seconds']:.2f} s, {theirs['seconds'] / mine:.1f} times ours "
          f"(promise: at least {PROMISE}); our IV over theirs where it is above 0.01: "
          f"{ratios[strong].min():.4f} to {ratios[strong].max():.4f}, "
          f"{ours[strong].sum() / other[strong].sum():.4f} of all together")  # fmt: skip


if __name__ == "__main__":
    main()
