"""One named row to calibrated PD against the scikit-learn pipeline with isotonic calibration.

Run: python -m tests.benchmarks.bench_one_row
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.benchmarks import rows
from workbench import sampling, training
from workbench.dataset import Dataset
from workbench.run import Run
from workbench.scoring import Scorer

PROMISE, SPREAD = 100, 5


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
    model = make_pipeline(encode, LGBMClassifier(n_estimators=150, num_leaves=15, verbosity=-1, n_jobs=1))
    frame, half = data.frame.astype(dict.fromkeys(categories, object)), data.n // 2
    model.fit(frame[:half], data.outcome[:half])
    return CalibratedClassifierCV(FrozenEstimator(model), method="isotonic").fit(
        frame[half:], data.outcome[half:]
    )


def timed(call: Callable[[], Any], n: int) -> np.ndarray:
    """Return the seconds of each of `n` calls."""
    out = np.empty(n)
    for i in range(n):
        started = time.perf_counter()
        call()
        out[i] = time.perf_counter() - started
    return out


def main() -> None:
    """Print medians, the ratio, and our 99th percentile."""
    data = rows.dataset(20_000)
    theirs = pipeline(data)
    row = dict(data.frame.iloc[7].astype(object).items())
    missed = []
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    for family in ("logistic", "random_forest", "xgboost", "lightgbm"):
        model = training.train(data, samples, training.TrainSpec(family, calibration="isotonic"), Run(1))
        scorer = Scorer(model)
        scorer.p_bad(row)
        theirs.predict_proba(pd.DataFrame([row]))
        slow = timed(lambda: theirs.predict_proba(pd.DataFrame([row]))[0, 1], 200)
        fast = timed(lambda scorer=scorer: scorer.p_bad(row), 5_000)
        median = statistics.median(fast)
        ratio, last = statistics.median(slow) / median, np.quantile(fast, 0.99) / median
        print(
            f"one row, {family}: {median * 1e6:.1f} us against {statistics.median(slow) * 1e3:.2f} ms: "
            f"{ratio:.0f} times faster (promise: at least {PROMISE}); "
            f"99th percentile {last:.1f} times the median (promise: at most {SPREAD})"
        )
        if ratio < PROMISE or last > SPREAD:
            missed.append(family)
    if missed:
        sys.exit(f"promise missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
