"""Drift of 1,000,000 rows against 1,000,000, 30 characteristics, against Evidently's preset and scipy.

Run: python -m tests.benchmarks.bench_drift [PYTHON]

PYTHON is that of an environment of its own that holds Evidently, which needs other packages than we do:
python -m venv /tmp/evidently && /tmp/evidently/bin/pip install evidently "pandas<3" pyarrow
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from workbench.drift import know
from workbench.drift.characteristics import compare
from workbench.portfolio import Characteristic
from workbench.run import Run

ROWS, NUMBERS, CATEGORIES = 1_000_000, 22, 8
PROMISE = 10.0
THEIRS = """
import json, sys, time
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
numbers = [c for c in frames[0] if c.startswith("number")]
others = [c for c in frames[0] if not c.startswith("number")]
for frame in frames:
    frame[others] = frame[others].astype(str)
told = DataDefinition(numerical_columns=numbers, categorical_columns=others)
before, now = (Dataset.from_pandas(frame, data_definition=told) for frame in frames)
found = {}
named = DataDriftPreset(num_method="ks", cat_method="chisquare")
for name, preset in (("preset", DataDriftPreset()), ("tests", named)):
    began = time.perf_counter()
    made = Report([preset]).run(now, before).dict()
    found[name] = time.perf_counter() - began
    values = {}
    for metric in made["metrics"]:
        if "column" in metric["config"]:
            values[metric["config"]["column"]] = float(metric["value"])
    found[name + " values"] = values
print(json.dumps(found))
"""


def frame(rows: int, seed: int) -> pd.DataFrame:
    """Return made rows, one number a little shifted by the seed."""
    rng = np.random.default_rng(seed)
    made = {f"number_{j}": rng.normal(0.002 * seed * (j == 0), 1, rows) for j in range(NUMBERS)}
    for j in range(CATEGORIES):
        levels = [f"level {k}" for k in range(3 + 2 * j)]
        made[f"category_{j}"] = pd.Categorical.from_codes(rng.integers(0, len(levels), rows), levels)
    return pd.DataFrame(made)


def scipys(before: pd.DataFrame, now: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Return the p values that scipy gives each characteristic, and the seconds."""
    began, found = time.perf_counter(), {}
    for name in before:
        if name.startswith("number"):
            found[name] = float(stats.ks_2samp(before[name], now[name], method="asymp").pvalue)
            continue
        table = [frame[name].value_counts(sort=False).to_numpy() for frame in (before, now)]
        found[name] = float(stats.chi2_contingency(np.array(table), correction=False).pvalue)
    return found, time.perf_counter() - began


def evidentlys(python: str, before: pd.DataFrame, now: pd.DataFrame) -> dict[str, object]:
    """Return the seconds and values of Evidently's preset, run in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.parquet" for name in ("before", "now")]
        for path, rows in zip(paths, (before, now), strict=True):
            rows.to_parquet(path)
        told = subprocess.run(
            [python, "-c", THEIRS, *map(str, paths)], capture_output=True, text=True, check=True
        )
    return json.loads(told.stdout.splitlines()[-1])


def main() -> None:
    """Print the seconds, the ratios and how far the p values are apart."""
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    before, now = frame(rows, 0), frame(rows, 1)
    every = [Characteristic(name=c, kind="number" if c.startswith("n") else "category") for c in before]
    compare(know(before.head(1000), every), now.head(1000))  # compiled once a process
    began = time.perf_counter()
    known = know(before, every, run=Run(1))
    learned = time.perf_counter() - began
    began = time.perf_counter()
    lines, _ = compare(known, now, run=Run(1))
    mine = time.perf_counter() - began
    told = lines.set_index("characteristic")
    p_value = told["ks_p"].fillna(told["p_value"])
    print(
        f"{rows:,} against {rows:,} rows x {len(every)}: {learned:.2f} s to learn development, once, and "
        f"{mine:.2f} s an extract, with PSI, KS, chi-squared, Jensen-Shannon, Wasserstein and their levels"
    )
    others, seconds = scipys(before, now)
    off = max(abs(p_value[name] - other) for name, other in others.items())
    ratio = seconds / (learned + mine)
    print(
        f"scipy's KS and chi-squared alone: {seconds:.1f} s, {ratio:.1f} times as long; p values differ by "
        f"at most {off:.0e}"
    )
    assert off < 1e-9
    if len(sys.argv) < 2:
        print("Evidently was not compared: name the Python of an environment that holds it")
        return
    theirs = evidentlys(sys.argv[1], before, now)
    for name in ("preset", "tests"):
        ratio = theirs[name] / (learned + mine)
        print(f"Evidently's {name}: {theirs[name]:.1f} s, {ratio:.0f} times as long as ours with learning")
        assert ratio >= PROMISE, name
    told = theirs["tests values"]
    # its chi-squared takes the reference's shares as known, so that it is no test of two samples: KS alone
    off = max(abs(p_value[name] - told[name]) for name in before if name.startswith("number"))
    print(f"KS p values of {NUMBERS} columns differ from Evidently's by at most {off:.0e}")
    assert off < 1e-9


if __name__ == "__main__":
    main()
