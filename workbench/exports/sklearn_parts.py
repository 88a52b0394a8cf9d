"""scikit-learn objects with the numbers of ours put in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.families.random_forest import P_HIGH, P_LOW
from workbench.features import NumberColumn

LEAST_ROWS = 10
"""A target encoder is fitted on five folds of two outcomes."""


@dataclass(frozen=True, eq=False)
class Step:
    """What becomes of one feature column; one column out."""

    column: str
    part: Any


def scaler(examples: pd.DataFrame, steps: list[Step]) -> Any:
    """Return a fitted ColumnTransformer whose columns are those of the encoder, in order."""
    from sklearn.compose import ColumnTransformer

    named = [(f"{i} {step.column}", getattr(step.part, "encoder", step.part), [step.column])
             for i, step in enumerate(steps)]  # fmt: skip
    made = ColumnTransformer(named, sparse_threshold=0.0, verbose_feature_names_out=False)
    made.fit(examples, np.arange(len(examples)) % 2)
    for i, step in enumerate(steps):
        if isinstance(step.part, _Coded):
            step.part.put_into(made.named_transformers_[f"{i} {step.column}"])
    return made


@dataclass(frozen=True, eq=False)
class _Coded:
    """Codes to put into a target encoder once it is fitted; what it learned itself is thrown away."""

    encoder: Any
    codes: Mapping[str, float]
    missing: float
    unseen: float

    def put_into(self, fitted: Any) -> None:
        (levels,) = fitted.categories_
        fitted.encodings_ = [
            np.array([self.codes[x] if isinstance(x, str) else self.missing for x in levels])
        ]
        fitted.target_mean_ = self.unseen


def coded(index: Mapping[str, int], unseen: int, missing: int, table: np.ndarray) -> _Coded:
    """Return a category's codes: `table` by level index, and those of unseen and missing ones."""
    from sklearn.preprocessing import TargetEncoder

    codes = {level: float(table[i]) for level, i in index.items()}
    encoder = TargetEncoder(target_type="binary")
    return _Coded(encoder, codes, float(table[missing]), float(table[unseen]))


def number(fill: float | None) -> Any:
    """Return a number as it is, missing ones filled where `fill` is given."""
    return "passthrough" if fill is None else _filled(fill)


def _filled(fill: float, missing: float = np.nan) -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(missing_values=missing, strategy="constant", fill_value=fill)


def standardised(column: NumberColumn, fill: float | None) -> Any:
    """Return a number clipped and standardised; 0 where it is missing or a special code."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

    steps = [_filled(column.mean if fill is None else fill)]
    steps += [_filled(column.mean, code) for code in column.special]
    low, high = ((end - column.mean) / column.sd for end in (column.clip_low, column.clip_high))
    if high > low:
        return make_pipeline(*steps, MinMaxScaler((low, high), clip=True))
    return make_pipeline(*steps, FunctionTransformer(np.zeros_like))


def missing(fill: float | None) -> Any:
    """Return 1 where a number is missing and nothing is filled in."""
    from sklearn.impute import MissingIndicator
    from sklearn.pipeline import make_pipeline

    return make_pipeline(*([] if fill is None else [_filled(fill)]), MissingIndicator(features="all"))


def is_code(code: float, fill: float | None) -> Any:
    """Return 1 where a number is the special code."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    one_hot = OneHotEncoder(categories=[[code]], handle_unknown="ignore", sparse_output=False)
    return make_pipeline(*([] if fill is None else [_filled(fill)]), one_hot)


def log_odds(coefficients: np.ndarray, intercept: float) -> Any:
    """Return a LogisticRegression with these numbers."""
    from sklearn.linear_model import LogisticRegression

    made = LogisticRegression()
    made.coef_, made.intercept_ = np.array([coefficients], dtype=float), np.array([float(intercept)])
    made.classes_, made.n_features_in_, made.n_iter_ = np.array([0, 1]), len(coefficients), np.array([0])
    return made


def line(coefficients: np.ndarray, intercept: float) -> Any:
    """Return a LinearRegression with these numbers."""
    from sklearn.linear_model import LinearRegression

    made = LinearRegression()
    made.coef_, made.intercept_, made.n_features_in_ = coefficients, float(intercept), len(coefficients)
    return made


def lightgbm_margin(text: str, rows: np.ndarray) -> Any:
    """Return a regressor that predicts the log-odds of a LightGBM model, which it takes for plain sums."""
    import lightgbm

    made = lightgbm.LGBMRegressor(n_estimators=1, min_child_samples=1, verbosity=-1, n_jobs=1)
    made.fit(rows, np.arange(len(rows)) % 2)
    sums = text.replace("\nobjective=binary sigmoid:1\n", "\nobjective=regression\n", 1)
    made._Booster = lightgbm.Booster(model_str=sums)
    made._best_iteration = made._Booster.num_trees()
    made.n_estimators = made._Booster.num_trees()
    return made


def xgboost_margin(content: bytes) -> Any:
    """Return a regressor that predicts the log-odds of an XGBoost model."""
    import xgboost

    values = json.loads(content)
    learner = values["learner"]
    # under a plain objective the sum of trees is the prediction, and it starts from a margin
    start = np.float32(json.loads(learner["learner_model_param"]["base_score"])[0])
    margin = -np.log(np.float32(1) / start - np.float32(1))
    learner["learner_model_param"]["base_score"] = f"[{float(margin)!r}]"
    learner["objective"]["name"] = "reg:squarederror"
    made = xgboost.XGBRegressor(n_jobs=1)
    made.load_model(bytearray(json.dumps(values).encode()))
    return made


def stacked(base: Any, rows: np.ndarray, last: Any) -> Any:
    """Return a classifier that calibrates what `base` says; `rows` are made ones to fit its frame on."""
    from sklearn.ensemble import StackingClassifier
    from sklearn.linear_model import LogisticRegression

    made = StackingClassifier([("family", base)], LogisticRegression(), cv="prefit")
    made.fit(rows, np.arange(len(rows)) % 2)
    made.final_estimator = made.final_estimator_ = last
    return made


def calibration(
    slope: float, intercept: float, knots: tuple[tuple[float, ...], tuple[float, ...]] | None,
    from_probability: bool,
) -> Any:  # fmt: skip
    """Return the last step: a margin, or a forest's probability, to the calibrated PD."""
    from scipy.special import logit
    from sklearn.isotonic import IsotonicRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    steps = [FunctionTransformer(np.asarray, kw_args={"dtype": "float64"})]
    if from_probability:
        steps += [FunctionTransformer(np.clip, kw_args={"a_min": P_LOW, "a_max": P_HIGH})]
        steps += [FunctionTransformer(logit)]
    if knots is not None:
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(*knots)
        steps += [isotonic, FunctionTransformer(np.reshape, kw_args={"shape": (-1, 1)})]
        steps += [FunctionTransformer(logit)]
        slope, intercept = 1.0, 0.0
    return make_pipeline(*steps, log_odds(np.array([slope]), intercept))
