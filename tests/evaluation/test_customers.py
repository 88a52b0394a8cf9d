"""Intervals on rows that come several a customer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from workbench.evaluation import compare, evaluate, slices
from workbench.evaluation.customers import AS_INDEPENDENT
from workbench.evaluation.rates import informative

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


def _told_twice() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    n = 1200
    p = rng.beta(2, 4, n)
    once = {
        "bad": (rng.random(n) < p).astype(int),
        "p": p,
        "other": np.clip(p + rng.normal(0, 0.15, n), 0, 1),
    }
    once["month"], once["cell"] = rng.integers(0, 3, n), rng.integers(0, 2, n)
    return once, {name: np.repeat(values, 2) for name, values in once.items()} | {
        "who": np.repeat(range(n), 2)
    }


def _months(rows: dict[str, np.ndarray]) -> pd.DataFrame:
    date = pd.Series(np.datetime64("2024-01-15") + 31 * rows["month"].astype("timedelta64[D]"))
    return slices.by_month(rows["bad"], rows["p"], date, group=rows.get("who"))


def _segments(rows: dict[str, np.ndarray]) -> pd.DataFrame:
    cells = pd.DataFrame({"region": np.array(["north", "south"])[rows["cell"]]})
    found = slices.worst_slices(rows["bad"], rows["p"], cells, group=rows.get("who"))
    return found.sort_values("segment")


def _swap(rows: dict[str, np.ndarray]) -> pd.DataFrame:
    both = {"A": rows["p"], "B": rows["other"]}
    return compare(rows["bad"], both, group=rows.get("who"), approval=0.5).swap


@pytest.mark.parametrize("of", [_months, _segments, _swap])
def test_rates_of_rows_told_twice_are_no_surer(of: Callable[[dict[str, np.ndarray]], pd.DataFrame]) -> None:
    once, twice = map(of, _told_twice())
    np.testing.assert_allclose(twice["bad_rate"], once["bad_rate"], atol=1e-12 if of is not _swap else 0.01)
    for low, high in (("low", "high"), ("auc_low", "auc_high")):
        if low in once:
            np.testing.assert_allclose(twice[high] - twice[low], once[high] - once[low], rtol=0.04)


def test_a_cell_of_one_customer_or_of_one_outcome_counts_customers() -> None:
    bad, cell = np.array([1, 0, 1, 0, 0, 0, 0, 0]), np.array([0, 0, 0, 1, 1, 1, 1, 2])
    who = np.array([0, 0, 0, 1, 1, 2, 2, 3])
    rate, trials = informative(bad, cell, 4, code=who)
    np.testing.assert_allclose(rate[:3], [2 / 3, 0, 0])
    assert trials.tolist() == [1, 2, 1, 0] and np.isnan(rate[3])
