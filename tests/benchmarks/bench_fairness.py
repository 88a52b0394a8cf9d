"""Fairness on 1,000,000 scored rows: two attributes and their intersection, against fairlearn's MetricFrame.

    python -m tests.benchmarks.bench_fairness [rows]

MetricFrame is timed on all the rows too; with more than 200,000 that takes a minute or so. Times are
processor seconds, the best of a few: other work on the machine then changes a ratio little.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import precision_score

from workbench.fairness import Grouping, crossed, judge, tables

NAMES = ("n", "approval_rate", "goods_approved", "bads_approved", "good_of_approved")
PROMISE, EQUAL = 50, 1e-9
METRICS = (count, selection_rate, true_positive_rate, false_positive_rate, precision_score)


def timed(call: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the least processor seconds of a few calls, and what the last returned."""
    best, found = np.inf, None
    for _ in range(times):
        began = time.process_time()
        found = call()
        best = min(best, time.process_time() - began)
    return best, found


def theirs(good: np.ndarray, approved: np.ndarray, groupings: list[Grouping]) -> dict[str, Any]:
    """Return what fairlearn gives: by group, differences and ratios, an attribute at a time."""
    found = {}
    for by in groupings:
        frame = MetricFrame(
            metrics=dict(zip(NAMES, METRICS, strict=True)), y_true=good, y_pred=approved,
            sensitive_features=by.code,
        )  # fmt: skip
        found[by.by] = (frame.by_group, frame.difference(), frame.ratio())
    return found


def main(n: int = 1_000_000) -> None:
    rng = np.random.default_rng(0)
    sex = Grouping("sex", "Sex", ("m", "f"), rng.integers(0, 2, n).astype(np.int16), "m")
    age = Grouping("age", "Age", ("under 30", "30 to 59", "60 and over"),
                   rng.integers(0, 3, n).astype(np.int16), "30 to 59")  # fmt: skip
    p_bad = np.clip(rng.beta(2, 8, n) + 0.02 * sex.code, 0, 1)
    bad = rng.random(n) < p_bad
    approved = p_bad < 0.2
    every = [sex, age, crossed(sex, age)]

    slow, by_fairlearn = timed(lambda: theirs(~bad, approved, every), 1)
    tables(approved[:1000], [sex.taken(np.arange(1000))], bad=bad[:1000])  # libraries are loaded here
    quick, ours = timed(lambda: tables(approved, [sex, age], bad=bad), 5)
    worst = 0.0
    for by in every:
        groups, of = ours[by.by]
        table, difference, ratio = by_fairlearn[by.by]
        worst = max(worst, *(np.abs(groups[name] - table[name]).max() for name in NAMES))
        values = of.set_index("measure")["value"]
        worst = max(
            worst, abs(values["demographic_parity_difference"] - difference["approval_rate"]),
            abs(values["demographic_parity_ratio"] - ratio["approval_rate"]),
            abs(values["equal_opportunity_difference"] - difference["goods_approved"]),
            abs(values["predictive_parity_difference"] - difference["good_of_approved"]),
        )  # fmt: skip
    whole, found = timed(lambda: judge(p_bad, [sex, age], 0.2, bad=bad, points=600 - 100 * p_bad), 3)
    slider, _ = timed(lambda: found.at(0.25), 5)
    sweep, _ = timed(lambda: judge_sweep(found), 3)
    print(f"{n:,} rows, 2 attributes and their intersection; processor seconds")
    print(f"  MetricFrame, 5 measures                       {slow:8.3f}")
    print(f"  the same and intervals, tests, power          {quick:8.3f}   {slow / quick:6.0f} times faster "
          f"(promise: {PROMISE})")  # fmt: skip
    print(f"  all: also AUC, calibration, SMD, all cut-offs {whole + sweep:8.3f}   "
          f"{slow / (whole + sweep):6.1f} times faster")  # fmt: skip
    print(f"  another cut-off, everything                   {slider:8.3f}")
    print(f"  largest difference from fairlearn             {worst:8.1e}   (promise: {EQUAL:g})")
    if slow / quick < PROMISE or not worst <= EQUAL:
        sys.exit("promise missed")


def judge_sweep(found: Any) -> Any:
    """Return every group over all cut-offs, made anew."""
    found.__dict__.pop("_swept", None)
    return found._swept


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
