"""Gradient-boosted trees by XGBoost on ordered codes, missing values as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from workbench.families.family import Family, FitRows, FitSpec, Fitted, directions, shares
from workbench.families.one_row import ONE_BY_ONE, ByThread, SinglePrecision
from workbench.families.ranges import RATE, SHARE, Range, settled
from workbench.features import Encoder
from workbench.run import Cancelled, Run
from workbench.trees import Ensemble, NotCompiled, from_xgboost

FILE = "xgboost_model.json"
DEFAULTS = (
    ("rounds", 500),
    ("rounds_without_validation", 150),
    ("early_stopping", 30),
    ("learning_rate", 0.1),
    ("max_depth", 4),
    ("min_child_weight", 5.0),
    ("subsample", 0.8),
    ("colsample_bytree", 0.8),
)
RANGES = (
    ("rounds", Range(1, 100_000)),
    ("rounds_without_validation", Range(1, 100_000)),
    ("early_stopping", Range(0, 100_000)),  # 0: never
    ("learning_rate", RATE),
    ("max_depth", Range(1, 16)),
    ("min_child_weight", Range(0, 1_000_000)),
    ("subsample", SHARE),
    ("colsample_bytree", SHARE),
)
OWN = ("rounds", "rounds_without_validation", "early_stopping")


class Boosted:
    """An XGBoost booster read from its JSON; the JSON is the model.

    Notes
    -----
    Values, thresholds and sums are XGBoost's own, in single precision, for a table and for one applicant.
    """

    def __init__(self, content: bytes, whole: Any = None) -> None:
        self.content = content
        self._whole = whole
        self._of_thread = ByThread(lambda _: self._one_row())

    @cached_property
    def booster(self) -> Any:
        """The engine's booster, predicting on one thread."""
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.content))
        booster.set_param({"nthread": 1})
        return booster

    @property
    def trees(self) -> int:
        """Number of trees."""
        return int(self.booster.num_boosted_rounds())

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return log-odds of bad; shape (n,), double values of single precision."""
        if len(x) <= ONE_BY_ONE:
            return np.array([self.margin_of_one(row) for row in x.tolist()], dtype=float)
        return self._by_engine(x)

    def _by_engine(self, x: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(x, np.float32)
        return self.booster.inplace_predict(rows, predict_type="margin").astype(float)

    def margin_at(self, x: np.ndarray, rounds: int) -> np.ndarray:
        """Return log-odds of bad after `rounds` rounds, or after all there are; shape (n,)."""
        last = min(rounds, self._whole.num_boosted_rounds())
        rows = np.ascontiguousarray(x, np.float32)
        return self._whole.inplace_predict(rows, iteration_range=(0, last), predict_type="margin").astype(
            float
        )

    def margin_of_one(self, x: list[float]) -> float:
        """Return the log-odds of bad of one applicant: the engine takes longer to be asked than to add."""
        return self._of_thread(x)

    @cached_property
    def _single(self) -> SinglePrecision | None:
        try:
            return SinglePrecision(self.ensemble())
        except NotCompiled:
            return None

    def _one_row(self) -> Callable[[list[float]], float]:
        if self._single is None:
            return lambda x: float(self._by_engine(np.array([x]))[0])
        return self._single.of_thread()

    def ensemble(self) -> Ensemble:
        """Return the trees as they are parsed from the JSON."""
        return from_xgboost(self.content)

    def filled(self, x: np.ndarray) -> np.ndarray:
        """Return the rows as they are: missing values go their own way."""
        return x

    def margin_of(self, sums: np.ndarray) -> np.ndarray:
        """Return the sums, which are log-odds of single precision, as doubles."""
        return sums.astype(float)

    def engine_values(self, x: np.ndarray) -> np.ndarray:
        """Return the engine's own path-dependent Shapley values, in single precision; shape as `x`."""
        import xgboost

        matrix = xgboost.DMatrix(x, feature_names=self.booster.feature_names, nthread=1)
        return np.asarray(self.booster.predict(matrix, pred_contribs=True), dtype=float)[:, :-1]

    def to_files(self) -> dict[str, bytes]:
        """Return the model in XGBoost's JSON."""
        return {FILE: self.content}

    def canonical(self) -> bytes:
        """Return the JSON; `fit` has taken out what does not belong to the learned model."""
        return self.content

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.content,)


def read(files: dict[str, bytes]) -> Boosted:
    """Return the model that `Boosted.to_files` wrote."""
    return Boosted(files[FILE])


def fit(
    encoder: Encoder, development: FitRows, validation: FitRows | None, spec: FitSpec, run: Run
) -> Boosted:
    """Fit trees on histograms; stop early on the validation sample where there is one."""
    import xgboost

    params = settled(DEFAULTS, spec.params)
    rounds = int(params["rounds"] if validation else params["rounds_without_validation"])
    names = [re.sub(r"[^0-9A-Za-z_]", "_", e.name) for e in encoder.encoded]
    names = [f"{name}_{j}" for j, name in enumerate(names)]
    data = xgboost.QuantileDMatrix(
        development.x, development.bad, weight=development.weight, feature_names=names, nthread=run.threads
    )
    callbacks: list[Any] = [_watching(run, rounds)]
    sets: list[tuple[Any, str]] = []
    early = int(params["early_stopping"])
    if validation is not None and early:
        held = xgboost.QuantileDMatrix(
            validation.x, validation.bad, weight=validation.weight, feature_names=names, ref=data,
            nthread=run.threads,
        )  # fmt: skip
        sets = [(held, "validation")]
        callbacks.append(xgboost.callback.EarlyStopping(rounds=early))
    booster = xgboost.train(
        _engine_params(params, encoder, spec.seed, run.threads), data, rounds, evals=sets,
        callbacks=callbacks, verbose_eval=False,
    )  # fmt: skip
    best = booster.best_iteration + 1 if sets else rounds
    # how training went is no part of what was learned
    booster.set_attr(best_iteration=None, best_score=None)
    return Boosted(bytes(booster[:best].save_raw("json")), booster)


def _engine_params(params: dict[str, Any], encoder: Encoder, seed: int, threads: int) -> dict[str, Any]:
    engine = {key: value for key, value in params.items() if key not in OWN}
    declared = directions(encoder)
    if any(declared):
        engine["monotone_constraints"] = tuple(declared)
    return engine | {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "seed": seed,
        "nthread": threads,
        "verbosity": 0,
    }


def _watching(run: Run, rounds: int) -> Any:
    import xgboost

    class Watch(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            done = epoch + 1
            if done == 1 or done % 10 == 0 or done == rounds:
                run.step(f"tree {done:,} of at most {rounds:,}", done / rounds)
            elif run.cancelled():
                raise Cancelled
            return False

    return Watch()


def importance(encoder: Encoder, fitted: Fitted, rows: FitRows) -> np.ndarray:
    """Return each characteristic's share of the loss that splits took away."""
    assert isinstance(fitted, Boosted)
    booster = fitted.booster
    found = booster.get_score(importance_type="total_gain")
    gain = np.array([float(found.get(name, 0.0)) for name in booster.feature_names])
    return shares(gain)


FAMILY = Family(
    name="xgboost",
    title="XGBoost",
    purpose="Gradient-boosted trees grown level by level, each mending what the others left.",
    strengths="Finds bends and interactions by itself; takes missing values as they are; ranks well.",
    limits="Cannot be read as a formula; needs a few hundred bads; explain it before you sign it.",
    when="Beside LightGBM where ranking matters most, or where XGBoost is what others run.",
    importance_title="share of the loss taken away by splits on the characteristic",
    encoding="ordered",
    defaults=DEFAULTS,
    ranges=RANGES,
    fit=fit,
    read=read,
    importance=importance,
    rounds="rounds_without_validation",
)
