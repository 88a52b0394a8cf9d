"""The other process of a proof: reads an export without the workbench and scores the rows given.

Run by path, as ``python -I proof_child.py FORM EXPORT FOLDER``; nothing imports what it does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def native(export: Path, folder: Path) -> np.ndarray:
    """Return PDs by the family's own library and the calibrator in ``model.json``; shape (n,)."""
    x = np.load(folder / "encoded.npy", allow_pickle=False)
    calibrator = json.loads((export / "model.json").read_text())["calibrator"]
    file = next((export / name for name in MARGINS if (export / name).exists()), None)
    if file is None:
        raise SystemExit("no file of a known family is there")
    margin = MARGINS[file.name](file, x)
    if calibrator["method"] == "isotonic":
        return np.interp(margin, calibrator["knots"], calibrator["values"])
    return 1 / (1 + np.exp(-(calibrator["slope"] * margin + calibrator["intercept"])))


def lightgbm_margin(file: Path, x: np.ndarray) -> np.ndarray:
    """Return log-odds by LightGBM."""
    import lightgbm

    return lightgbm.Booster(model_file=str(file)).predict(x, raw_score=True, num_threads=1)


def xgboost_margin(file: Path, x: np.ndarray) -> np.ndarray:
    """Return log-odds by XGBoost."""
    import xgboost

    booster = xgboost.Booster(model_file=str(file))
    rows = xgboost.DMatrix(x, feature_names=booster.feature_names, nthread=1)
    return booster.predict(rows, output_margin=True).astype(float)


def forest_margin(file: Path, x: np.ndarray) -> np.ndarray:
    """Return the log-odds of scikit-learn's probability, clipped to [.0001, .9999]."""
    import skops.io

    fill = json.loads(file.with_suffix(".json").read_text())["fill"]
    rows = np.where(np.isnan(x), np.asarray(fill), x) if fill else x
    forest = skops.io.load(file, trusted=["numpy.dtype", "sklearn.tree._tree.Tree"])
    p = np.clip(forest.predict_proba(rows)[:, 1], 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def logistic_margin(file: Path, x: np.ndarray) -> np.ndarray:
    """Return intercept plus coefficients times columns."""
    values = json.loads(file.read_text())
    return values["intercept"] + x @ np.asarray(values["coefficients"])


def scorecard_margin(file: Path, x: np.ndarray) -> np.ndarray:
    """Return the log-odds that a card's points stand for, the sum kept between its ends."""
    values = json.loads(file.read_text())
    scale = values["scale"]
    factor = scale["pdo"] / np.log(2)
    offset = scale["base"] - factor * np.log(scale["odds"])
    ends = [np.floor(offset + factor * np.log((1 - p) / p) + 0.5) for p in (1 - 1e-4, 1e-4)]
    total = sum(np.take(term["points"], x[:, term["column"]].astype(int)) for term in values["terms"])
    return (offset - np.clip(total, *ends)) / factor


MARGINS: dict[str, Callable[[Path, np.ndarray], np.ndarray]] = {
    "lightgbm_model.txt": lightgbm_margin,
    "xgboost_model.json": xgboost_margin,
    "random_forest.skops": forest_margin,
    "logistic.json": logistic_margin,
    "scorecard.json": scorecard_margin,
}


def joblib_parts(export: Path, folder: Path) -> np.ndarray:
    """Return PDs as who is given the file would get them; shape (n,)."""
    import joblib
    import pandas as pd

    rows = pd.read_parquet(folder / "rows.parquet")
    parts: dict[str, Any] = joblib.load(export)
    if set(parts) != {"model", "scaler", "feature_columns"}:
        raise SystemExit(f"holds {sorted(parts)}")
    columns = parts["scaler"].transform(rows[parts["feature_columns"]])
    return parts["model"].predict_proba(columns)[:, 1]


def main() -> None:
    """Score and write the PDs beside the rows."""
    form, export, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    p_bad = {"native": native, "joblib": joblib_parts}[form](export, folder)
    if "workbench" in sys.modules:
        raise SystemExit("the workbench was needed to read it")
    (folder / "p_bad.json").write_text(json.dumps([float(p) for p in p_bad]))


if __name__ == "__main__":
    main()
