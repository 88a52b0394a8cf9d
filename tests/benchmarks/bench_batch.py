"""A Parquet file to a scored Parquet file against pandas and a scikit-learn pipeline, and in what memory.

Run: python -m tests.benchmarks.bench_batch [ROWS]
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks import rows
from workbench.dataset import Dataset
from workbench.desk.batches import score_parts
from workbench.intake import ReadOptions
from workbench.intake.in_parts import in_parts
from workbench.run import Run
from workbench.sampling import SamplingSpec, draw
from workbench.scoring import Scorer
from workbench.training import TrainedModel, TrainSpec, train

PROMISE, PROMISE_MB = 5, 300
GROWN_ON, ROUNDS = 20_000, 3
TREES, LEAVES = 200, 31


def write_rows(path: Path, n: int) -> None:
    """Write `n` made rows without their outcome, in row groups of 100,000."""
    writer = None
    for k in range(-(-n // 100_000)):
        data = rows.dataset(min(100_000, n - k * 100_000), seed=100 + k)
        part = data.frame.astype({c: "str" for c in data.frame if c.startswith("category")})
        table = pa.Table.from_pandas(part, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def pipeline(data: Dataset) -> Any:
    """Return what a user would take: impute, one-hot, LightGBM, isotonic."""
    from lightgbm import LGBMClassifier
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    numbers = [c for c in data.frame if c.startswith("number")]
    categories = [c for c in data.frame if c.startswith("category")]
    encode = ColumnTransformer(
        [("n", SimpleImputer(), numbers), ("c", OneHotEncoder(handle_unknown="ignore"), categories)]
    )
    trees = LGBMClassifier(n_estimators=TREES, num_leaves=LEAVES, verbosity=-1, n_jobs=1)
    model = make_pipeline(encode, trees)
    frame, half = data.frame.astype(dict.fromkeys(categories, object)), data.n // 2
    model.fit(frame[:half], data.outcome[:half])
    return CalibratedClassifierCV(FrozenEstimator(model), method="isotonic").fit(
        frame[half:], data.outcome[half:]
    )


def by_pipeline(model: Any, source: Path, out: Path) -> None:
    """Do what a user would do."""
    frame = pd.read_parquet(source)
    frame["p_bad"] = model.predict_proba(frame)[:, 1]
    frame[["p_bad"]].to_parquet(out, index=False)


def by_parts(model: TrainedModel, source: Path, out: Path, threads: int) -> None:
    """Do what ``score`` does, from opening the file to the scored file in its place."""
    given = in_parts(source, model.portfolio, ReadOptions())
    assert given is not None
    scorer = Scorer(model, threads=threads)
    counts = score_parts(given, scorer, out.parent / "parts", out, Run(threads))
    print(f"   {counts.rows:,} rows, {counts.scored:,} scored by {scorer.engine.name}", flush=True)


def _own() -> float:
    """Return the MB of memory that are the process's own; code of libraries is shared and left out."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def _watched(call: Callable[..., None], arguments: tuple[Any, ...], sent: Any) -> None:
    start, most, done = _own(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], _own())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, began = time.perf_counter(), time.process_time()
    call(*arguments)
    seconds, busy = time.perf_counter() - started, time.process_time() - began
    done.set()
    watcher.join()
    sent.send((seconds, busy, most[0] - start))


def measured(call: Callable[..., None], *arguments: Any) -> tuple[float, float, float]:
    """Return seconds, processor seconds and MB above the start of a call in a process of its own."""
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_watched, args=(call, arguments, theirs))
    child.start()
    child.join()
    return ours.recv()


def main(n: int = 1_000_000) -> None:
    """Print the ratio and the memory of both."""
    # both start with their libraries loaded; what is compiled is compiled anew in each run
    import llvmlite.binding  # noqa: F401

    data = rows.dataset(GROWN_ON)
    theirs = pipeline(data)
    samples = draw(data, SamplingSpec.from_split("70/15/15", "random", 42))
    params = (("rounds", TREES), ("num_leaves", LEAVES), ("early_stopping", 0))
    model = train(data, samples, TrainSpec("lightgbm", "isotonic", params=params), Run(1))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.parquet"
        write_rows(source, n)
        ratios, busy, memory = [], [], []
        for k in range(ROUNDS):
            slow, their_busy, their_mb = measured(
                by_pipeline, theirs, source, Path(folder) / "theirs.parquet"
            )
            fast, our_busy, our_mb = measured(by_parts, model, source, Path(folder) / "ours.parquet", 1)
            print(
                f"{k + 1}: {fast:.1f} s, {our_mb:.0f} MB against {slow:.1f} s, {their_mb:.0f} MB", flush=True
            )
            ratios.append(slow / fast)
            busy.append(their_busy / our_busy)
            memory.append(our_mb)
        print(
            f"{n:,} rows, Parquet to scored Parquet, {datetime.now(UTC):%Y-%m-%d}: "
            f"{statistics.median(ratios):.1f} times faster (promise: at least {PROMISE}), "
            f"{statistics.median(busy):.1f} times less processor time; "
            f"{max(memory):.0f} MB above start (promise: under {PROMISE_MB})"
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
