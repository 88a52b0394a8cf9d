"""Intervals on rows that come several a customer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.evaluation import Evaluation, agreement, compare, evaluate, slices
from workbench.evaluation.customers import ONE_CUSTOMER
from workbench.evaluation.rates import informative, rates
from workbench.evaluation.tally import tally
from workbench.evaluation.words import TITLES
from workbench.policy import Policy


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = {True: 0, False: 0}
    who, one = np.repeat(np.arange(150), 8), np.zeros(1200, int)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        own = rng.beta(1, 2, 150)
        bad = (rng.random((150, 8)) < own[:, None]).astype(int).ravel()
        for grouped in held:
            _, low, high = rates(bad, one, 1, code=who if grouped else None)
            held[grouped] += low[0] <= 1 / 3 <= high[0]
    assert held[True] >= 368 > 330 > held[False]


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


@pytest.fixture(scope="module")
def judged() -> tuple[Evaluation, Evaluation]:
    once, twice = _told_twice()
    policy = Policy.guess(once["p"])
    found = (evaluate(r["bad"], r["p"], policy=policy, group=r.get("who")) for r in (once, twice))
    return next(found), next(found)


@pytest.mark.parametrize("name", TITLES)
def test_a_measure_of_rows_told_twice_is_no_surer(name: str, judged: tuple[Evaluation, Evaluation]) -> None:
    once, twice = (e.measure(name) for e in judged)
    drawn = name in ("ks", "average_precision", "precision_at_10pct_recall", "lift_top_decile", "ece_null")
    assert twice.value == pytest.approx(once.value, rel=0.15 if name == "ece_null" else 1e-9)
    assert np.isfinite(once.low) == np.isfinite(twice.low) and once.reason == twice.reason
    if np.isfinite(once.low):
        width = once.high - once.low
        assert twice.high - twice.low == pytest.approx(width, rel=0.2 if drawn else 0.05)


@pytest.mark.parametrize("table", ["calibration", "bands"])
def test_a_table_of_rows_told_twice_is_no_surer(table: str, judged: tuple[Evaluation, Evaluation]) -> None:
    once, twice = (getattr(e, table) for e in judged)
    np.testing.assert_allclose(twice["bad_rate"], once["bad_rate"], atol=1e-12)
    np.testing.assert_allclose(twice["high"] - twice["low"], once["high"] - once["low"], rtol=0.05)
    if table == "bands":
        np.testing.assert_allclose(twice["p_value"], once["p_value"], atol=0.03)


def test_tests_of_rows_told_twice_are_no_surer(judged: tuple[Evaluation, Evaluation]) -> None:
    once, twice = (e.tests["p_value"] for e in judged)
    np.testing.assert_allclose(twice, once, atol=0.1)


def test_one_customer_has_no_interval() -> None:
    bad, p = np.array([0, 1] * 30), np.linspace(0.1, 0.9, 60)
    e = evaluate(bad, p, cut_off=0.5, group=np.zeros(60))
    assert e.metrics[["low", "high"]].isna().all(axis=None)
    assert e.measure("ks").reason == e.measure("precision").reason == ONE_CUSTOMER


def test_a_share_is_told_as_rates_tell_it() -> None:
    bad, who = np.array([0, 1] * 200), np.repeat(range(200), 2)
    bad[[1, 4]] = 0, 1
    told = evaluate(bad, np.linspace(0.1, 0.9, 400), cut_off=0.5, group=who).measure("bad_rate")
    _, low, high = rates(bad, np.zeros(400, int), 1, code=who)
    assert (told.low, told.high) == pytest.approx((low[0], high[0]))
    assert told.high - told.low > 0.09, "never surer than as many rows alone"


def test_no_bad_among_the_approved_leaves_doubt() -> None:
    bad, who = np.repeat([0, 1], [450, 150]), np.repeat(range(300), 2)
    p = np.linspace(0.1, 0.9, 600)
    line = compare(bad, {"A": p, "B": p[::-1]}, group=who, approval=0.7).approval.models.iloc[0]
    assert line["bad_rate"] == 0 == line["low"] and 0.01 < line["high"] < 0.03


def test_hosmer_lemeshow_rejects_right_pds_of_customers_as_often_as_it_says() -> None:
    rejected, who = 0, np.repeat(range(300), 10)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        # a customer's rows share the draw that decides them
        p = np.clip(np.repeat(rng.beta(2, 4, 300), 10) + rng.normal(0, 0.02, 3000), 0.01, 0.99)
        bad = np.repeat(rng.random(300), 10) < p
        rejected += agreement.tests(tally(bad, p, group=who))["p_value"].iloc[0] < 0.05
    assert rejected / 200 < 0.085, rejected / 200


JUDGES = {
    "evaluate": "group", "compare": "group", "beats": "group", "delong": "group", "same_pd": "group",
    "slices.by_month": "group", "slices.worst_slices": "group", "calibrators.fit": "customer",
    "calibrators.cross_fitted": "customer",
}  # fmt: skip


def _calls() -> list[tuple[str, str, ast.Call]]:
    found = []
    for file in sorted(Path(workbench.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in JUDGES:
                found.append((f"{file.name}:{node.lineno}", ast.unparse(node.func), node))
    return found


def test_whoever_measures_rows_says_whose_they_are() -> None:
    """A portfolio without customers passes None; a caller that passes nothing would count rows."""
    calls = _calls()
    assert {name for _, name, _ in calls} == set(JUDGES)
    silent = [
        f"{where} {name}"
        for where, name, call in calls
        if not any(JUDGES[name] in (k.arg or "") for k in call.keywords)
        and not any(
            JUDGES[name] in ast.unparse(a) or ast.unparse(a).split(".")[-1] == "code" for a in call.args
        )
    ]
    assert silent == []
