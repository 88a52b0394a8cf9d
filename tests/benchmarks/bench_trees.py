"""Compiled trees against the engines that grew them: 1,000,000 rows of 26 columns, the same threads.

Run: python -m tests.benchmarks.bench_trees [ROWS]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench import trees
from workbench.families.random_forest import Forest

PROMISE = 5
WIDTH, GROWN_ON, ROUNDS = 26, 50_000, 3


def made_rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with 3% missing values, and whether they ended bad."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, WIDTH))
    z = x[:, :8] @ np.linspace(0.2, 1.0, 8) - 3
    x[rng.random(x.shape) < 0.03] = np.nan
    return x, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)


def seconds(call: Callable[[], Any]) -> float:
    """Return how long one call took."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def compare(
    name: str, x: np.ndarray, engine: Callable[[int], np.ndarray], ours: Callable[[int], np.ndarray],
    promise: str = "",
) -> None:  # fmt: skip
    """Print how many times faster the compiled trees are, in turns with the engine, medians."""
    expected, found = engine(1), ours(1)
    for threads in (1, 2):
        theirs, fast = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds(lambda threads=threads: engine(threads)))
            fast.append(seconds(lambda threads=threads: ours(threads)))
        ratio = statistics.median(a / b for a, b in zip(theirs, fast, strict=True))
        print(
            f"{name}, {len(x):,} x {x.shape[1]}, threads {threads}: {statistics.median(fast):.2f} s "
            f"against {statistics.median(theirs):.2f} s: {ratio:.1f} times faster{promise}; "
            f"{int((expected != found).sum())} rows differ",
            flush=True,
        )


def main(n: int = 1_000_000) -> None:
    """Print the ratios of the three engines."""
    import lightgbm
    import xgboost
    from sklearn.ensemble import RandomForestClassifier

    x, bad = made_rows(n)
    grown, ended = x[:GROWN_ON], bad[:GROWN_ON]
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 31, "verbosity": -1}, lightgbm.Dataset(grown, ended), 200
    )
    started = time.perf_counter()
    compiled = trees.compile_trees(trees.from_lightgbm(booster.model_to_string()))
    laid_out = time.perf_counter() - started
    compiled.sums(x[:1])
    print(f"laid out in {laid_out:.2f} s; compiled once a process in {time.perf_counter() - started:.2f} s")
    compare(
        "LightGBM, 200 trees of 31 leaves", x,
        lambda threads: booster.predict(x, raw_score=True, num_threads=threads),
        lambda threads: compiled.sums(x, threads), f" (promise: at least {PROMISE})",
    )  # fmt: skip
    boosted = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 6}, xgboost.DMatrix(grown, ended), 200
    )
    single = np.ascontiguousarray(x, np.float32)

    def by_xgboost(threads: int) -> np.ndarray:
        boosted.set_param({"nthread": threads})
        return boosted.inplace_predict(single, predict_type="margin")

    of_xgboost = trees.compile_trees(trees.from_xgboost(bytes(boosted.save_raw("json"))))
    compare("XGBoost, 200 trees of depth 6", x, by_xgboost, lambda threads: of_xgboost.sums(x, threads))
    some = x[: max(n // 5, 1)]
    forest = RandomForestClassifier(200, min_samples_leaf=15, max_samples=0.3, random_state=1, n_jobs=2)
    forest.fit(grown.astype(np.float32), ended)
    fitted = Forest(forest, ())
    of_forest = trees.compile_trees(fitted.ensemble())

    def by_forest(threads: int) -> np.ndarray:
        forest.n_jobs = threads
        return forest.predict_proba(some.astype(np.float32))[:, 1]

    compare(
        "random forest, 200 trees, predict_proba", some, by_forest,
        lambda threads: of_forest.sums(some, threads) / fitted.trees,
    )  # fmt: skip


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
