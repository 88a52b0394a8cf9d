"""Intervals on rows that come several a customer."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.evaluation import evaluate
from workbench.evaluation.customers import AS_INDEPENDENT

ONES = ("auc", "brier", "log_loss", "mae", "rmse", "bad_rate", "precision", "recall", "f1", "mean_p_bad")


def _rows(customers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(2, 4, customers), 0.01, 0.99)
    return (rng.random(customers) < p).astype(int), p


def test_a_row_told_ten_times_is_no_surer() -> None:
    bad, p = _rows(400, 1)
    once = evaluate(bad, p, cut_off=0.3)
    who = np.repeat(np.arange(400), 10)
    told = evaluate(np.repeat(bad, 10), np.repeat(p, 10), cut_off=0.3, group=who)
    for name in ONES:
        assert told.interval(name) == pytest.approx(once.interval(name), abs=0.002), name
    assert told.measure("ks").reason == AS_INDEPENDENT and np.isfinite(told.interval("ks")[0])


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = {True: 0, False: 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        own = rng.beta(1, 2, 150)
        bad = (rng.random((150, 8)) < own[:, None]).astype(int).ravel()
        who = np.repeat(np.arange(150), 8)
        for grouped in held:
            low, high = evaluate(bad, np.full(1200, 0.3), group=who if grouped else None).interval("bad_rate")
            held[grouped] += low <= 1 / 3 <= high
    assert held[True] >= 182 > 165 > held[False]
