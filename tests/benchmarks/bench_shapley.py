"""Exact Shapley values against `shap`: path-dependent, interventional, and one applicant with PD and reasons.

Run: python -m tests.benchmarks.bench_shapley [ROWS]
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.bench_trees import made_rows
from workbench import trees

TREES, GROWN_ON, FEW, ROUNDS = 200, 50_000, 300, 3
SHAP_ROWS, SHAP_AGAINST = 400, 40
PATH, AGAINST = 20, 100
ONE_MS, SINGLE = 5.0, 1e-5
MISSED: list[str] = []
"""Promises that were missed, as they are found."""


def keep(what: str, kept: bool) -> None:
    """Note a promise that was missed."""
    if not kept:
        MISSED.append(what)


def seconds_a_row(call: Callable[[], Any], rows: int) -> float:
    """Return the seconds a row of one call took."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) / rows


def told(what: str, ours: list[float], theirs: list[float], promise: float) -> None:
    """Print medians, and the median of the ratios of calls made in turns."""
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    print(
        f"{what}: {statistics.median(ours) * 1e6:,.1f} us a row against "
        f"{statistics.median(theirs) * 1e6:,.1f}: {ratio:,.1f} times (promise: at least {promise:g})",
        flush=True,
    )
    keep(what, ratio >= promise)


def compare(name: str, booster: Any, ensemble: trees.Ensemble, x: np.ndarray, tolerance: float) -> None:
    """Print how a booster's values compare, one thread each.

    For path-dependent values shap hands over to the engine, of which XGBoost adds up in single precision.
    """
    import shap

    engine = SINGLE if ensemble.single_sum else tolerance

    started = time.perf_counter()
    tables = trees.LeafTables(ensemble)
    cut = time.perf_counter() - started
    of_trees = tables.prepare(None)
    tables.values(x[: 2 * 512], of_trees)
    whole = shap.TreeExplainer(booster)
    ours, theirs = [], []
    for turn in range(ROUNDS):
        part = x[turn * SHAP_ROWS : (turn + 1) * SHAP_ROWS]
        theirs.append(seconds_a_row(lambda part=part: whole.shap_values(part), len(part)))
        ours.append(seconds_a_row(lambda: tables.values(x, of_trees), len(x)))
    found = np.abs(tables.values(x[:SHAP_ROWS], of_trees) - whole.shap_values(x[:SHAP_ROWS])).max()
    told(f"{name}, path-dependent, {len(x):,} x {x.shape[1]}", ours, theirs, PATH)
    print(
        f"  cut in {cut:.2f} s; tables of {tables.entries * 8 / 1e6:,.0f} MB; differs by {found:.1e} "
        f"(promise: {engine:g}, as the engine adds up)"
    )
    keep(f"{name}, path-dependent values", found <= engine)
    hundred = tables.prepare(tables.counts(x[:100]))
    tables.values(x[:1], hundred)
    against = shap.TreeExplainer(booster, x[:100], feature_perturbation="interventional")
    ours, theirs = [], []
    for turn in range(ROUNDS):
        part = x[turn * SHAP_AGAINST : (turn + 1) * SHAP_AGAINST]
        theirs.append(
            seconds_a_row(lambda part=part: against.shap_values(part, check_additivity=False), len(part))
        )
        ours.append(seconds_a_row(lambda: tables.values(x, hundred), len(x)))
    part = x[:SHAP_AGAINST]
    found = np.abs(tables.values(part, hundred) - against.shap_values(part, check_additivity=False)).max()
    told(f"{name}, interventional against 100 rows", ours, theirs, AGAINST)
    print(f"  differs by {found:.1e} (promise: {tolerance:g})")
    keep(f"{name}, interventional values", found <= tolerance)
    many(name, tables, x, of_trees)


def many(name: str, tables: trees.LeafTables, x: np.ndarray, of_trees: trees.Prepared) -> None:
    """Print what 10,000 reference rows cost, and one row."""
    started = time.perf_counter()
    counts = tables.counts(x[:10_000])
    counted = time.perf_counter() - started
    prepared = tables.prepare(counts)
    started = time.perf_counter()
    tables.values(x[:1], prepared)
    tabled = time.perf_counter() - started
    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(seconds_a_row(lambda: tables.values(x, of_trees), len(x)))
        ours.append(seconds_a_row(lambda: tables.values(x, prepared), len(x)))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{name}, interventional against 10,000 rows: {statistics.median(ours) * 1e6:,.1f} us a row, "
        f"{ratio:.2f} times path-dependent (promise: no slower, within a tenth); "
        f"counted in {counted:.2f} s, tables in {tabled:.2f} s"
    )
    keep(f"{name}, against 10,000 rows", ratio <= 1.1)
    one = [
        seconds_a_row(lambda i=i: tables.values(x[i : i + 1], prepared), 1) * 1e3
        for i in range(FEW)
    ]  # fmt: skip
    print(
        f"{name}, one row: {statistics.median(one):.2f} ms, 99th percentile {np.quantile(one, 0.99):.2f} ms"
    )


def deep(x: np.ndarray, bad: np.ndarray) -> None:
    """Print how rows of a forest too deep for tables are held against others, one thread each."""
    import shap
    from sklearn.ensemble import RandomForestClassifier

    from workbench.explanation.by_row import singles_below
    from workbench.families.random_forest import Forest

    # shap knows no missing values of a forest, and compares in single precision
    x = np.nan_to_num(x).astype(np.float32).astype(float)
    forest = RandomForestClassifier(TREES, min_samples_leaf=15, max_samples=0.3, n_jobs=1, random_state=1)
    ensemble = Forest(forest.fit(x, bad), ()).ensemble()
    against = shap.TreeExplainer(forest, x[:100], feature_perturbation="interventional")
    against.model.thresholds = singles_below(against.model.thresholds)
    trees.held_against(ensemble, x[:1], x[:1])
    ours, theirs, found = [], [], 0.0
    for turn in range(ROUNDS):
        part = x[turn * SHAP_AGAINST : (turn + 1) * SHAP_AGAINST]
        values: dict[str, np.ndarray] = {}

        def by_shap(part: np.ndarray = part, values: dict[str, np.ndarray] = values) -> None:
            values["shap"] = np.asarray(against.shap_values(part, check_additivity=False))[..., 1]

        def by_walk(part: np.ndarray = part, values: dict[str, np.ndarray] = values) -> None:
            values["walk"] = trees.held_against(ensemble, part, x[:100]) / TREES

        theirs.append(seconds_a_row(by_shap, len(part)))
        ours.append(seconds_a_row(by_walk, len(part)))
        found = max(found, float(np.abs(values["shap"] - values["walk"]).max()))
    told(f"Forest of {len(ensemble.left):,} nodes, interventional against 100 rows", ours, theirs, 1)
    print(f"  differs by {found:.1e} (promise: 1e-06)")
    keep("deep forest, interventional values", found <= 1e-6)


def one_applicant() -> None:
    """Print how long PD and values of one applicant take, named values in."""
    from tests.benchmarks import rows
    from workbench import explanation, sampling, training
    from workbench.run import Run
    from workbench.scoring import Scorer
    from workbench.training import TrainSpec

    data = rows.dataset(20_000)
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
    held = data.frame.iloc[:FEW]
    given = [{k: None if v != v else v for k, v in row.items()} for row in held.to_dict("records")]
    for family in ("lightgbm", "xgboost", "logistic", "scorecard"):
        model = training.train(data, samples, TrainSpec(family), Run(1))
        explainer = explanation.learn(model, model.encoder.raw(data.frame, None)[samples.mask("development")])
        scorer = Scorer(model)
        raw = model.encoder.raw(held, None)
        explainer.attributions(model.encoder.raw(data.frame, None))
        took, own = [], []
        for i, row in enumerate(given):
            started = time.perf_counter(), time.thread_time()
            scorer.score(row)
            explainer.attributions(raw[i : i + 1])
            took.append((time.perf_counter() - started[0]) * 1e3)
            own.append((time.thread_time() - started[1]) * 1e3)
        print(
            f"{family}, one applicant's PD and values: {statistics.median(took):.2f} ms, "
            f"99th percentile {np.quantile(took, 0.99):.2f} ms (promise: under {ONE_MS:g}); of it "
            f"on a core {np.quantile(own, 0.99):.2f} ms",
            flush=True,
        )
        keep(f"{family}, one applicant", float(np.quantile(took, 0.99)) < ONE_MS)


def main(n: int = 100_000) -> None:
    """Print the ratios of both engines, and one applicant."""
    import lightgbm
    import xgboost

    warnings.simplefilter("ignore")
    x, bad = made_rows(max(n, GROWN_ON))
    grown, ended, x = x[:GROWN_ON], bad[:GROWN_ON], x[:n]
    boosted = lightgbm.train(
        {"objective": "binary", "num_leaves": 31, "verbosity": -1}, lightgbm.Dataset(grown, ended), TREES
    )
    compare("LightGBM", boosted, trees.from_lightgbm(boosted.model_to_string()), x, 1e-6)
    other = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 6}, xgboost.DMatrix(grown, ended), TREES
    )
    compare("XGBoost", other, trees.from_xgboost(bytes(other.save_raw("json"))), x, 1e-6)
    deep(grown, ended)
    one_applicant()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
    if MISSED:
        sys.exit(f"promises missed: {'; '.join(MISSED)}")
