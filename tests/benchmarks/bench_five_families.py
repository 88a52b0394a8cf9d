"""Training all five families on 100,000 made loans against the bare libraries' fit and predict.

Run: python -m tests.benchmarks.bench_five_families

Same rows, settings, directions, weights and threads. A bare library fits and predicts every row. The whole
verb `train`, in a process of its own that has loaded nothing yet, checks the data, samples and profiles
them, fits, calibrates, evaluates and explains each family, keeps the study, and registers five models whose
explanations are held against shap. Of that, the fits by themselves are told apart, family by family.
No library alone makes a scorecard: the bare one takes scikit-learn's trees for bins and its regression.
Beside seconds by the clock are those of the processor, which others on the machine change less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from workbench import desk, families, sampling, synthetic, training
from workbench.dataset import Dataset, build, from_frame
from workbench.families import lightgbm as lightgbm_family
from workbench.families import xgboost as xgboost_family
from workbench.intake import PortfolioShelf
from workbench.run import Run
from workbench.sampling import Samples
from workbench.settings import Settings, rest_waiting_threads
from workbench.study import StudySpec

ROWS, PROMISE = 100_000, 1.3
ROUNDS = int(os.environ.get("ROUNDS", "3"))
FAMILIES = ("logistic", "scorecard", "random_forest", "xgboost", "lightgbm")


@dataclass(frozen=True)
class Bare:
    """What a library is given: numbers, outcome, balanced weights, the samples, the same settings."""

    x: np.ndarray
    bad: np.ndarray
    weight: np.ndarray
    development: np.ndarray
    validation: np.ndarray
    directions: list[int]
    threads: int
    settings: dict[str, Any]

    def fit_with(self, model: Any, **more: Any) -> None:
        """Fit a scikit-learn model on development and predict every row."""
        at = self.development
        model.fit(self.x[at], self.bad[at], **more).predict_proba(self.x)


def logistic(b: Bare) -> None:
    """Standardise and fit with scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=b.settings["C"], max_iter=1000))
    b.fit_with(model, logisticregression__sample_weight=b.weight[b.development])


def scorecard(b: Bare) -> None:
    """Bin each column by a tree of scikit-learn, take WoE, fit a regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    at, bad = b.development, b.bad[b.development]
    woe = np.empty_like(b.x)
    for j in range(b.x.shape[1]):
        tree = DecisionTreeClassifier(min_samples_leaf=0.05, max_leaf_nodes=20)
        tree.fit(b.x[at, j : j + 1], bad)
        cuts = np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])
        place = np.searchsorted(cuts, b.x[:, j], side="right")
        counts = [np.bincount(place[at][bad == k], minlength=len(cuts) + 1) + 0.5 for k in (0, 1)]
        woe[:, j] = np.log(counts[0] / counts[0].sum() / counts[1] * counts[1].sum())[place]
    LogisticRegression().fit(woe[at], bad).predict_proba(woe)


def random_forest(b: Bare) -> None:
    """Fit with scikit-learn."""
    from sklearn.ensemble import RandomForestClassifier

    asked = dict(b.settings)
    model = RandomForestClassifier(
        asked.pop("trees"), **asked, n_jobs=b.threads, random_state=42, monotonic_cst=b.directions
    )
    b.fit_with(model, sample_weight=b.weight[b.development])


def xgboost(b: Bare) -> None:
    """Fit with XGBoost's own scikit-learn door."""
    from xgboost import XGBClassifier

    asked = {k: v for k, v in b.settings.items() if k not in xgboost_family.OWN}
    model = XGBClassifier(
        n_estimators=b.settings["rounds"], n_jobs=b.threads, tree_method="hist", random_state=42,
        monotone_constraints=tuple(b.directions), **asked,
    )  # fmt: skip
    b.fit_with(model, sample_weight=b.weight[b.development])


def lightgbm(b: Bare) -> None:
    """Fit with LightGBM's own training, stopping early."""
    import lightgbm as engine

    asked = {k: v for k, v in b.settings.items() if k not in lightgbm_family.OWN}
    params = asked | {"objective": "binary", "metric": "binary_logloss", "num_threads": b.threads,
                      "verbosity": -1, "seed": 42, "monotone_constraints": b.directions}  # fmt: skip
    one, other = (
        engine.Dataset(b.x[at], b.bad[at], weight=b.weight[at]) for at in (b.development, b.validation)
    )
    other.reference = one
    stop = engine.early_stopping(b.settings["early_stopping"], verbose=False)
    engine.train(params, one, b.settings["rounds"], valid_sets=[other], callbacks=[stop]).predict(b.x)


BARE: dict[str, Callable[[Bare], None]] = {
    "logistic": logistic, "scorecard": scorecard, "random_forest": random_forest, "xgboost": xgboost,
    "lightgbm": lightgbm,
}  # fmt: skip


def loans() -> tuple[Dataset, Samples]:
    """Return the made loans with all families allowed, and their samples."""
    portfolio = PortfolioShelf(Path("nowhere")).find("defi_loans").model_copy(update={"families": FAMILIES})
    data = build(from_frame(synthetic.generate("defi_loans", ROWS, 42)), portfolio)
    return data, sampling.draw(data, sampling.SamplingSpec.from_split("70/15/15", "random", 42))


def given(data: Dataset, samples: Samples, family: str, threads: int) -> Bare:
    """Return what the bare library of a family gets, made beforehand."""
    bad = data.outcome.astype(float)
    weight = np.where(bad > 0, (bad == 0).sum() / bad.sum(), 1.0)
    asked = data.portfolio.characteristics
    return Bare(
        x=np.ascontiguousarray(data.frame[[c.name for c in asked]].to_numpy(float)), bad=bad, weight=weight,
        development=samples.mask("development"), validation=samples.mask("validation"),
        directions=[{"rises": 1, "falls": -1}.get(c.monotone, 0) for c in asked], threads=threads,
        settings=dict(families.find(family).defaults) | dict(data.portfolio.parameters(family)),
    )  # fmt: skip


def timed(call: Callable[[], object]) -> np.ndarray:
    """Return how long a call took, by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return np.array([time.perf_counter() - clock, time.process_time() - processor])


def verb(threads: int) -> np.ndarray:
    """Return how long `train` took behind the desk, in this process."""
    with tempfile.TemporaryDirectory() as home:
        here = desk.open(Settings(home=Path(home), threads=threads))
        data = here.keep_generated("defi_loans", ROWS)
        spec = StudySpec(FAMILIES, sampling.SamplingSpec.from_split("70/15/15", "random", 42))
        return timed(lambda: here.train(here.request(data, spec), Run(threads)))


def bare_fits(threads: int) -> np.ndarray:
    """Return how long the bare libraries took to fit and predict, in this process."""
    data, samples = loans()
    given_of = {family: given(data, samples, family, threads) for family in FAMILIES}
    return timed(lambda: [BARE[family](given_of[family]) for family in FAMILIES])


ALONE: dict[str, Callable[[int], np.ndarray]] = {"verb": verb, "bare": bare_fits}


def alone(what: str) -> np.ndarray:
    """Return how long one of `ALONE` took in a process of its own, which loads the libraries it needs."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_five_families", what],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return np.array(json.loads(told.stdout.splitlines()[-1]))


def told(what: str, ours: np.ndarray, bare: np.ndarray) -> str:
    """Return two times and their ratios in words."""
    times = ours / bare
    return (
        f"{what}: {ours[0]:.2f} s against {bare[0]:.2f} s bare: {times[0]:.2f} times "
        f"(of the processor {ours[1]:.2f} s, {times[1]:.2f} times)"
    )


def main() -> None:
    """Print medians and their ratio for the whole verb, and for the fit of each family."""
    rest_waiting_threads()
    threads = max(1, (os.cpu_count() or 2) - 1)
    if sys.argv[1:]:
        print(json.dumps(ALONE[sys.argv[1]](threads).tolist()))
        return
    size = f"{ROWS:,} x 12, {threads} threads"
    whole: dict[str, list[np.ndarray]] = {what: [] for what in ALONE}
    for k in range(ROUNDS):
        for what, taken in whole.items():
            taken.append(alone(what))
        print(f"round {k + 1} of {ROUNDS}: {whole['verb'][-1][0]:.2f} s", flush=True)
    ours, bare = (np.median(whole[what], axis=0) for what in ALONE)
    print(f"{told(f'train, the whole verb, {size}', ours, bare)}; promise: at most {PROMISE}", flush=True)
    data, samples = loans()
    for family in FAMILIES:
        asked = given(data, samples, family, threads)
        spec = training.TrainSpec.of(data.portfolio, family)
        fits = [
            (timed(partial(fit_and_score, data, samples, spec, threads)), timed(partial(BARE[family], asked)))
            for _ in range(ROUNDS + 1)
        ][1:]
        print(told(f"of it, the fit of {family}", *np.median(fits, axis=0)), flush=True)


def fit_and_score(data: Dataset, samples: Samples, spec: training.TrainSpec, threads: int) -> np.ndarray:
    """Encode, fit, calibrate, measure what drives the model, and score every row."""
    return training.train(data, samples, spec, Run(threads)).p_bad(data.frame)


if __name__ == "__main__":
    main()
