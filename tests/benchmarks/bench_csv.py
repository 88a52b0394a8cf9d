"""A CSV file of 1,000,000 rows, read and typed as its portfolio says, against pandas, which checks nothing.

Run: python -m tests.benchmarks.bench_csv [ROWS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from tests.benchmarks import rows
from tests.benchmarks.bench_batch import measured
from workbench.intake import csv_file, handover
from workbench.intake.options import AS_FOUND
from workbench.intake.survey import Survey, survey
from workbench.portfolio import Portfolio

ROUNDS = 3
PROMISE, PROMISE_MEMORY = 1.2, 0.5
PROMISE_WHOLE, PROMISE_WHOLE_MB = 3.0, 1024


def by_pandas(source: Path) -> None:
    """Do what a user would do."""
    pd.read_csv(source)


def typed(found: Survey, portfolio: Portfolio) -> None:
    """Parse and type, as the process that reads a file does."""
    csv_file.read_csv(found, portfolio, AS_FOUND)


def whole(source: Path, portfolio: Portfolio, folder: Path) -> None:
    """Do all that process does: look at every byte, parse, type, check, hand over."""
    found = survey(source, source.name, zipped=False)
    handover.write_table(csv_file.read_csv(found, portfolio, AS_FOUND), folder)


def main(n: int = 1_000_000) -> None:
    """Print processor time and memory as shares of those of pandas."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.csv"
        for k in range(-(-n // 100_000)):
            part = rows.dataset(min(100_000, n - k * 100_000), seed=100 + k)
            frame = part.frame.assign(bad=part.outcome)
            frame.to_csv(source, index=False, mode="a", header=not k)
        portfolio, found = part.portfolio, survey(source, source.name, zipped=False)
        shares, memory, wholes, most = [], [], [], 0.0
        for k in range(ROUNDS):
            _, theirs, their_mb = measured(by_pandas, source)
            _, ours, our_mb = measured(typed, found, portfolio)
            _, all_of_it, all_mb = measured(whole, source, portfolio, Path(folder))
            print(
                f"{k + 1}: {ours:.2f} s of processor time, {our_mb:.0f} MB; with checks and hand-over "
                f"{all_of_it:.2f} s, {all_mb:.0f} MB; pandas {theirs:.2f} s, {their_mb:.0f} MB",
                flush=True,
            )
            shares.append(ours / theirs)
            memory.append(our_mb / their_mb)
            wholes.append(all_of_it / theirs)
            most = max(most, all_mb)
        print(
            f"{n:,} rows of CSV, {source.stat().st_size / 2**20:.0f} MB, {datetime.now(UTC):%Y-%m-%d}: "
            f"{statistics.median(shares):.2f} of pandas' processor time (promise: at most {PROMISE}) in "
            f"{statistics.median(memory):.2f} of its memory (promise: {PROMISE_MEMORY}); with checks and "
            f"hand-over {statistics.median(wholes):.2f} (promise: {PROMISE_WHOLE}) and {most:.0f} MB "
            f"(promise: under {PROMISE_WHOLE_MB})"
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
