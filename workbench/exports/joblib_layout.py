"""A model as ``{model, scaler, feature_columns}`` of scikit-learn's own objects, for programs that expect it.

``model.predict_proba(scaler.transform(frame[feature_columns]))[:, 1]`` is the calibrated PD. Nothing of the
workbench is needed to read it. Reading such a file runs what is in it, so the workbench only writes it: the
one that reads it is the process that proves an export, and only the file written a moment before.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.calibrator import Calibrator
from workbench.errors import InputError
from workbench.exports import sklearn_parts
from workbench.exports.sklearn_parts import Step
from workbench.features import Encoder, LevelColumn, NumberColumn
from workbench.features.encoder import one_hot_table
from workbench.training import TrainedModel

FAMILIES = ("logistic", "random_forest", "xgboost", "lightgbm")


def features(model: TrainedModel, frame: pd.DataFrame, date: pd.Series | None) -> pd.DataFrame:
    """Return typed rows as who uses the file would have them: numbers, text, dates as months."""
    encoder = model.encoder
    raw = encoder.raw(frame, date)
    out: dict[str, Any] = {}
    for j, column in enumerate(encoder.columns):
        if isinstance(column, LevelColumn):
            out[column.name] = frame[column.name].astype("str").to_numpy(dtype=object)
        else:
            out[column.name] = raw[:, j] if column.date else frame[column.name].to_numpy(dtype=float)
    return pd.DataFrame(out)


def parts(model: TrainedModel) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the dictionary, and what who uses it has to know.

    Raises
    ------
    InputError
        ``EXPORT`` for a family that scikit-learn's objects cannot hold.
    """
    if model.family not in FAMILIES:
        raise InputError(
            "EXPORT", f"a model of the family {model.family} cannot be written as joblib",
            remedy="Take --to native; a scorecard goes as sql or excel too.",
        )  # fmt: skip
    encoder = model.encoder
    fill = getattr(model.fitted, "fill", ())
    steps = [s for j, c in enumerate(encoder.columns) for s in _steps(encoder, c, fill[j] if fill else None)]
    scaler = sklearn_parts.scaler(_examples(encoder), steps)
    rows = scaler.transform(_examples(encoder))
    made = {
        "model": _model(model, rows),
        "scaler": scaler,
        "feature_columns": [column.name for column in encoder.columns],
    }
    return made, _notes(encoder)


def write(made: dict[str, Any], path: Path) -> None:
    """Write the dictionary with joblib."""
    import joblib

    joblib.dump(made, path, compress=3)


def _notes(encoder: Encoder) -> tuple[str, ...]:
    levels = [c.name for c in encoder.columns if isinstance(c, LevelColumn)]
    dates = [c.name for c in encoder.columns if isinstance(c, NumberColumn) and c.date]
    since = f"before {encoder.date}" if encoder.date else "since 2000-01-01"
    notes = ["reading a joblib file runs what is in it: take it only from who made it"]
    if levels:
        notes.append(f"give as text, NaN where missing: {', '.join(levels)}")
    if whole := [c.name for c in encoder.columns if isinstance(c, LevelColumn) and _whole(c)]:
        first = f"frame[{whole[0]!r}]"
        notes.append(
            f"whole numbers as text too, without a decimal: {', '.join(whole)}; such as {first} = "
            f'{first}.map("{{:.0f}}".format, na_action="ignore")'
        )
    if dates:
        notes.append(f"give as months of 30.4375 days {since}: {', '.join(dates)}")
    return tuple(notes)


def _whole(column: LevelColumn) -> bool:
    """Return whether every level is written as a whole number, so that a table holds it as one."""
    return bool(column.levels) and all(re.fullmatch(r"-?\d+", level) for level in column.levels)


def _examples(encoder: Encoder) -> pd.DataFrame:
    """Return made rows that show every level, and clipping's two ends of every number."""
    sizes = [len(c.levels) + 1 for c in encoder.columns if isinstance(c, LevelColumn)]
    n = max(sklearn_parts.LEAST_ROWS, *sizes, 0)
    made: dict[str, Any] = {}
    for column in encoder.columns:
        if isinstance(column, LevelColumn):
            shown = np.array([*column.levels, np.nan], dtype=object)
        else:
            shown = np.array([column.clip_low, column.clip_high])
        made[column.name] = np.resize(shown, n)
    return pd.DataFrame(made)


def _steps(encoder: Encoder, column: Any, fill: float | None) -> list[Step]:
    name = column.name
    if isinstance(column, LevelColumn):
        codes = [column.code_table] if encoder.kind == "ordered" else _indicators(column)
        index = {level: i for i, level in enumerate(column.levels)}
        unseen = len(column.levels)
        missing = unseen + 1 if column.fill is None else index.get(column.fill, unseen)
        return [Step(name, sklearn_parts.coded(index, unseen, missing, table)) for table in codes]
    fill = column.fill if column.fill is not None else fill
    if encoder.kind == "ordered":
        return [Step(name, sklearn_parts.number(fill))]
    steps = [Step(name, sklearn_parts.standardised(column, fill))]
    if column.missing_share > 0:
        steps.append(Step(name, sklearn_parts.missing(fill)))
    return steps + [Step(name, sklearn_parts.is_code(code, fill)) for code in column.special]


def _indicators(column: LevelColumn) -> list[np.ndarray]:
    positions = one_hot_table(column)
    return [(positions == k).astype(float) for k in range(int(positions.max()) + 1)]


def _model(model: TrainedModel, rows: np.ndarray) -> Any:
    calibrator, fitted = model.calibrator, model.fitted
    if model.family == "logistic":
        if calibrator.method != "isotonic":
            slope = calibrator.slope
            coefficients = slope * np.asarray(fitted.coefficients)
            return sklearn_parts.log_odds(coefficients, slope * fitted.intercept + calibrator.intercept)
        base: Any = sklearn_parts.line(np.asarray(fitted.coefficients), fitted.intercept)
    elif model.family == "lightgbm":
        base = sklearn_parts.lightgbm_margin(fitted.text, rows)
    elif model.family == "xgboost":
        base = sklearn_parts.xgboost_margin(fitted.content)
    else:
        base = fitted.estimator
    return sklearn_parts.stacked(base, rows, _last(calibrator, model.family == "random_forest"))


def _last(calibrator: Calibrator, from_probability: bool) -> Any:
    knots = (calibrator.knots, calibrator.values) if calibrator.method == "isotonic" else None
    return sklearn_parts.calibration(calibrator.slope, calibrator.intercept, knots, from_probability)
