"""Training the forest and XGBoost on 100,000 rows against the bare libraries' fit and predict.

Run: python -m tests.benchmarks.bench_families
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from tests.benchmarks import rows
from workbench import features, sampling, training
from workbench.dataset import Dataset
from workbench.families import random_forest, xgboost
from workbench.run import Run
from workbench.sampling import Samples

ROUNDS = 3
PROMISE = 1.3


def bare_forest(x: np.ndarray, bad: np.ndarray, samples: Samples, threads: int) -> None:
    """Fit and predict with scikit-learn alone, same settings, on numbers made beforehand."""
    from sklearn.ensemble import RandomForestClassifier

    asked = dict(random_forest.DEFAULTS)
    model = RandomForestClassifier(asked.pop("trees"), **asked, n_jobs=threads, random_state=42)
    development = samples.mask("development")
    model.fit(x[development], bad[development]).predict_proba(x)


def bare_xgboost(x: np.ndarray, bad: np.ndarray, samples: Samples, threads: int) -> None:
    """Fit and predict with xgboost alone, same settings and early stopping."""
    from xgboost import XGBClassifier

    asked = {k: v for k, v in xgboost.DEFAULTS if k not in xgboost.OWN}
    settings = dict(xgboost.DEFAULTS)
    model = XGBClassifier(
        n_estimators=settings["rounds"], early_stopping_rounds=settings["early_stopping"], n_jobs=threads,
        tree_method="hist", random_state=42, **asked,
    )  # fmt: skip
    development, validation = samples.mask("development"), samples.mask("validation")
    model.fit(x[development], bad[development], eval_set=[(x[validation], bad[validation])], verbose=False)
    model.predict_proba(x)


def ours(data: Dataset, samples: Samples, family: str, threads: int) -> None:
    """Encode, fit, calibrate, measure what drives the model, score every row."""
    training.train(data, samples, training.TrainSpec(family), Run(threads)).p_bad(data.frame)


def seconds(call: Callable[[], None]) -> float:
    """Return how long a call took."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    """Print both medians and their ratio for each family."""
    threads = max(1, (os.cpu_count() or 2) - 1)
    data = rows.dataset(100_000)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    encoder = features.learn(data, np.flatnonzero(samples.mask("development")), "ordered")
    x = np.ascontiguousarray(encoder.encode(encoder.raw(data.frame, None)))
    for family, bare in (("random_forest", bare_forest), ("xgboost", bare_xgboost)):
        pairs = [
            (
                seconds(lambda bare=bare: bare(x, data.outcome, samples, threads)),
                seconds(lambda family=family: ours(data, samples, family, threads)),
            )
            for _ in range(ROUNDS + 1)
        ][1:]
        theirs, mine = (statistics.median(values) for values in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"train {family}, 100,000 x 26, {threads} threads: {mine:.2f} s against {theirs:.2f} s bare: "
              f"{ratio:.2f} times (promise: at most {PROMISE})", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
