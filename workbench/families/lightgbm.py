"""Gradient-boosted trees by LightGBM on ordered codes, missing values as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from workbench.families.family import Family, FitRows, FitSpec, Fitted, directions, shares
from workbench.families.one_row import ONE_BY_ONE, ByThread, OneRow
from workbench.families.ranges import RATE, SHARE, Range, settled
from workbench.features import Encoder
from workbench.run import Cancelled, Run
from workbench.trees import Ensemble, from_lightgbm

FILE = "lightgbm_model.txt"
DEFAULTS = (
    ("rounds", 1000),
    ("rounds_without_validation", 150),
    ("early_stopping", 50),
    ("learning_rate", 0.05),
    ("num_leaves", 15),
    ("min_data_in_leaf", 50),
    ("feature_fraction", 0.9),
    ("bagging_fraction", 0.8),
    ("bagging_freq", 5),
    ("lambda_l2", 1.0),
)
RANGES = (
    ("rounds", Range(1, 100_000)),
    ("rounds_without_validation", Range(1, 100_000)),
    ("early_stopping", Range(0, 100_000)),  # 0: never
    ("learning_rate", RATE),
    ("num_leaves", Range(2, 4_096)),
    ("min_data_in_leaf", Range(1, 1_000_000)),
    ("feature_fraction", SHARE),
    ("bagging_fraction", Range(0.1, 1)),  # the engine ends where a share leaves it no row
    ("bagging_freq", Range(0, 10_000)),
    ("lambda_l2", Range(0, 1_000_000)),
)
OWN = ("rounds", "rounds_without_validation", "early_stopping")


class Trees:
    """A LightGBM booster read from its text; the text is the model.

    Parameters
    ----------
    text : str
        The engine's text, up to the best round.
    whole : booster, optional
        The booster with the rounds after the best one too; only while folds choose the rounds.
    """

    def __init__(self, text: str, whole: Any = None) -> None:
        self.text = text
        self._whole = whole
        self._of_thread = ByThread(lambda width: OneRow(self.booster, width))

    @cached_property
    def booster(self) -> Any:
        """The engine's booster."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @property
    def trees(self) -> int:
        """Number of trees."""
        return int(self.booster.num_trees())

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return log-odds of bad; shape (n,)."""
        if len(x) <= ONE_BY_ONE:
            return np.array([self.margin_of_one(row) for row in x.tolist()], dtype=float)
        return self.booster.predict(x, raw_score=True, num_threads=1)

    def margin_at(self, x: np.ndarray, rounds: int) -> np.ndarray:
        """Return log-odds of bad after `rounds` rounds, or after all there are; shape (n,)."""
        return self._whole.predict(x, raw_score=True, num_iteration=rounds, num_threads=1)

    def margin_of_one(self, x: list[float]) -> float:
        """Return the log-odds of bad of one applicant, by the engine's single-row entry."""
        return self._of_thread(x)

    def ensemble(self) -> Ensemble:
        """Return the trees as they are parsed from the text."""
        return from_lightgbm(self.text)

    def filled(self, x: np.ndarray) -> np.ndarray:
        """Return the rows as they are: missing values go their own way."""
        return x

    def margin_of(self, sums: np.ndarray) -> np.ndarray:
        """Return the sums: they are log-odds."""
        return sums

    def engine_values(self, x: np.ndarray) -> np.ndarray:
        """Return the engine's own path-dependent Shapley values; shape as `x`."""
        return np.asarray(self.booster.predict(x, pred_contrib=True, num_threads=1))[:, :-1]

    def to_files(self) -> dict[str, bytes]:
        """Return the model in LightGBM's text format."""
        return {FILE: self.text.encode()}

    def canonical(self) -> bytes:
        """Return the text; `fit` has taken out what does not belong to the learned model."""
        return self.text.encode()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text,)


def read(files: dict[str, bytes]) -> Trees:
    """Return the model that `Trees.to_files` wrote."""
    return Trees(files[FILE].decode())


def fit(encoder: Encoder, development: FitRows, validation: FitRows | None, spec: FitSpec, run: Run) -> Trees:
    """Fit trees; stop early on the validation sample where there is one.

    Notes
    -----
    ``deterministic`` and ``force_col_wise`` make the text the same for any number of threads.
    """
    import lightgbm

    params = settled(DEFAULTS, spec.params)
    rounds = int(params["rounds"] if validation else params["rounds_without_validation"])
    names = [re.sub(r"[^0-9A-Za-z_]", "_", e.name) for e in encoder.encoded]
    names = [f"{name}_{j}" for j, name in enumerate(names)]
    data = lightgbm.Dataset(
        development.x, development.bad, weight=development.weight, feature_name=names, free_raw_data=True
    )
    callbacks: list[Callable[[Any], None]] = [_watching(run, rounds)]
    sets: list[Any] = []
    if validation is not None and params["early_stopping"]:
        sets = [lightgbm.Dataset(validation.x, validation.bad, weight=validation.weight, reference=data)]
        callbacks.append(lightgbm.early_stopping(int(params["early_stopping"]), verbose=False))
    booster = lightgbm.train(
        _engine_params(params, encoder, spec.seed, run.threads),
        data,
        rounds,
        valid_sets=sets,
        callbacks=callbacks,
    )
    best = booster.best_iteration if booster.best_iteration > 0 else rounds
    return Trees(_learned_text(booster.model_to_string(num_iteration=best)), booster)


def _engine_params(params: dict[str, Any], encoder: Encoder, seed: int, threads: int) -> dict[str, Any]:
    engine = {key: value for key, value in params.items() if key not in OWN}
    declared = directions(encoder)
    if any(declared):
        engine["monotone_constraints"] = declared
    return engine | {
        "objective": "binary",
        "metric": "binary_logloss",
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


def _learned_text(text: str) -> str:
    # threads do not change what is learned, and must not change the digest
    return re.sub(r"^\[num_threads: \d+\]$", "[num_threads: 1]", text, flags=re.MULTILINE)


def _watching(run: Run, rounds: int) -> Callable[[Any], None]:
    def watch(env: Any) -> None:
        done = env.iteration + 1
        if done == 1 or done % 10 == 0 or done == rounds:
            run.step(f"tree {done:,} of at most {rounds:,}", done / rounds)
        elif run.cancelled():
            raise Cancelled

    return watch


def importance(encoder: Encoder, fitted: Fitted, rows: FitRows) -> np.ndarray:
    """Return each characteristic's share of the loss that splits took away."""
    assert isinstance(fitted, Trees)
    gain = np.asarray(fitted.booster.feature_importance("gain"), dtype=float)
    return shares(gain)


FAMILY = Family(
    name="lightgbm",
    title="LightGBM",
    purpose="Gradient-boosted trees: many shallow trees, each mending what the others left.",
    strengths="Finds bends and interactions by itself; takes missing values as they are; usually ranks best.",
    limits="Cannot be read as a formula; needs a few hundred bads; explain it before you sign it.",
    when="Where ranking matters most and a few hundred bads or more are there.",
    importance_title="share of the loss taken away by splits on the characteristic",
    encoding="ordered",
    defaults=DEFAULTS,
    ranges=RANGES,
    fit=fit,
    read=read,
    importance=importance,
    rounds="rounds_without_validation",
)
