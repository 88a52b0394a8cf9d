"""AUC, average precision, KS and DeLong's interval on 1,000,000 rows against scikit-learn's three calls.

Run: python -m tests.benchmarks.bench_metrics
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from workbench.evaluation import discrimination, evaluate
from workbench.evaluation.tally import tally

ROWS = 1_000_000
ROUNDS = 5
PROMISE = 3.0


def theirs(bad: np.ndarray, p: np.ndarray) -> tuple[float, float, float]:
    """Return AUC, average precision and KS by three calls; no interval."""
    goods, bads, _ = roc_curve(bad, p)
    return roc_auc_score(bad, p), average_precision_score(bad, p), float(np.abs(bads - goods).max())


def ours(bad: np.ndarray, p: np.ndarray) -> tuple[float, float, float]:
    """Return the same, and intervals of all three on the way."""
    tallied = tally(bad, p)
    ks, _, precision, *_ = discrimination.rank_measures(tallied, 0)
    return discrimination.auc(tallied).value, precision.value, ks.value


def seconds(work: Callable[..., object], *arguments: np.ndarray) -> float:
    """Return the seconds of one call."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def main() -> None:
    """Print both medians and the ratio."""
    rng = np.random.default_rng(0)
    p = rng.beta(1, 11, ROWS)
    bad = (rng.random(ROWS) < p).astype(np.int8)
    off = max(abs(a - b) for a, b in zip(ours(bad, p), theirs(bad, p), strict=True))
    pairs = [(seconds(theirs, bad, p), seconds(ours, bad, p)) for _ in range(ROUNDS)]
    bare, mine = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"AUC, AP, KS with intervals, {ROWS:,} rows: {1e3 * mine:.0f} ms against {1e3 * bare:.0f} ms: "
        f"{ratio:.1f} times faster (promise: at least {PROMISE}); differ by at most {off:.0e}"
    )
    whole = statistics.median(seconds(evaluate, bad, p) for _ in range(3))
    print(f"everything evaluate gives: {1e3 * whole:.0f} ms")
    assert off < 1e-12
    assert ratio >= PROMISE


if __name__ == "__main__":
    main()
