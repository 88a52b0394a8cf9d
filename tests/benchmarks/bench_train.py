"""Training LightGBM on 100,000 rows against the bare library's fit and predict.

Run: python -m tests.benchmarks.bench_train
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import numpy as np

from tests.benchmarks import rows
from workbench import sampling, training
from workbench.dataset import Dataset
from workbench.families.lightgbm import DEFAULTS, OWN
from workbench.run import Run
from workbench.sampling import Samples
from workbench.settings import rest_waiting_threads

PROMISE = 1.3


def engine_params(threads: int) -> dict[str, object]:
    """Return the family's settings as the library takes them."""
    own = {"objective": "binary", "metric": "binary_logloss", "num_threads": threads, "verbosity": -1}
    return {k: v for k, v in DEFAULTS if k not in OWN} | own | {"seed": 42}


def fit_bare(data: Dataset, on: np.ndarray, stop_on: np.ndarray | None, rounds: int, threads: int) -> Any:
    """Fit with lightgbm alone on pandas categories, stopping early where there are rows for it."""
    import lightgbm

    fit = lightgbm.Dataset(data.frame[on], data.outcome[on])
    sets, callbacks = [], []
    if stop_on is not None:
        sets = [lightgbm.Dataset(data.frame[stop_on], data.outcome[stop_on], reference=fit)]
        callbacks = [lightgbm.early_stopping(dict(DEFAULTS)["early_stopping"], verbose=False)]
    return lightgbm.train(engine_params(threads), fit, rounds, valid_sets=sets, callbacks=callbacks)


def bare(data: Dataset, samples: Samples, threads: int) -> float:
    """One fit with early stopping on the validation sample, then predict every row."""
    started = time.perf_counter()
    rounds = dict(DEFAULTS)["rounds"]
    booster = fit_bare(data, samples.mask("development"), samples.mask("validation"), rounds, threads)
    booster.predict(data.frame)
    return time.perf_counter() - started


def bare_folds(data: Dataset, samples: Samples, threads: int) -> float:
    """Five folds to choose the rounds and to have rows to calibrate on, one fit, predict every row."""
    started = time.perf_counter()
    development = samples.mask("development")
    fold = np.random.default_rng(1).integers(0, training.FOLDS, data.n)
    best = []
    for k in range(training.FOLDS):
        held = development & (fold == k)
        booster = fit_bare(data, development & ~held, held, dict(DEFAULTS)["rounds"], threads)
        booster.predict(data.frame[held])
        best.append(booster.best_iteration)
    fit_bare(data, development, None, int(np.median(best)), threads).predict(data.frame)
    return time.perf_counter() - started


def ours(data: Dataset, samples: Samples, threads: int) -> float:
    """Encode, fit, calibrate, measure what drives the model, score every row."""
    started = time.perf_counter()
    model = training.train(data, samples, training.TrainSpec("lightgbm"), Run(threads))
    model.p_bad(data.frame)
    return time.perf_counter() - started


def main() -> None:
    """Print medians and their ratio for a validation sample and for folds.

    Training alone is measured: reading, checks, evaluation and registering have no counterpart in
    the bare library.
    """
    rest_waiting_threads()
    threads = max(1, (os.cpu_count() or 2) - 1)
    data = rows.dataset(100_000)
    for split, theirs, fits, turns in (
        ("70/15/15", bare, "one fit", 5),
        ("70/30", bare_folds, "six fits", 3),
    ):
        samples = sampling.draw(data, sampling.SamplingSpec.from_split(split, "random", 42))
        theirs(data, samples, threads), ours(data, samples, threads)
        pairs = [(theirs(data, samples, threads), ours(data, samples, threads)) for _ in range(turns)]
        one, other = (statistics.median(values) for values in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(
            f"train, 100,000 x 26, {split}, {threads} threads: {other:.2f} s against {one:.2f} s bare "
            f"({fits}): {ratio:.2f} times (promise: at most {PROMISE})"
        )


if __name__ == "__main__":
    main()
