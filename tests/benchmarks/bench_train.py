"""Training LightGBM on 100,000 rows against the bare library's fit and predict.

Run: python -m tests.benchmarks.bench_train
"""

from __future__ import annotations

import os
import statistics
import time

from tests.benchmarks import rows
from workbench import sampling, training
from workbench.dataset import Dataset
from workbench.families.lightgbm import DEFAULTS, OWN
from workbench.run import Run
from workbench.sampling import Samples

ROUNDS = 5
PROMISE = 1.3


def bare(data: Dataset, samples: Samples, threads: int) -> float:
    """Fit and predict with lightgbm alone: pandas categories, same settings, early stopping."""
    import lightgbm

    params = {k: v for k, v in DEFAULTS if k not in OWN}
    params |= {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_threads": threads,
        "verbosity": -1,
        "seed": 42,
    }
    settings = dict(DEFAULTS)
    started = time.perf_counter()
    masks = {name: samples.mask(name) for name in ("development", "validation")}
    fit = lightgbm.Dataset(data.frame[masks["development"]], data.outcome[masks["development"]])
    stop = lightgbm.Dataset(data.frame[masks["validation"]], data.outcome[masks["validation"]], reference=fit)
    booster = lightgbm.train(
        params, fit, settings["rounds"], valid_sets=[stop],
        callbacks=[lightgbm.early_stopping(settings["early_stopping"], verbose=False)],
    )  # fmt: skip
    booster.predict(data.frame)
    return time.perf_counter() - started


def ours(data: Dataset, samples: Samples, threads: int) -> float:
    """Encode, fit, calibrate, measure what drives the model, score every row."""
    started = time.perf_counter()
    model = training.train(data, samples, training.TrainSpec("lightgbm"), Run(threads))
    model.p_bad(data.frame)
    return time.perf_counter() - started


def main() -> None:
    """Print both medians and their ratio."""
    threads = max(1, (os.cpu_count() or 2) - 1)
    data = rows.dataset(100_000)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    bare(data, samples, threads), ours(data, samples, threads)
    pairs = [(bare(data, samples, threads), ours(data, samples, threads)) for _ in range(ROUNDS)]
    theirs, mine = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"train, 100,000 x 26, {threads} threads: {mine:.2f} s against {theirs:.2f} s bare: "
          f"{ratio:.2f} times (promise: at most {PROMISE})")  # fmt: skip


if __name__ == "__main__":
    main()
