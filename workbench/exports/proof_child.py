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


def sql_statement(export: Path, folder: Path) -> dict[str, np.ndarray]:
    """Return what SQLite answers for the rows, in their order."""
    import sqlite3

    import pandas as pd

    rows = pd.read_parquet(folder / "rows.parquet")
    kinds = {"i": "INTEGER", "f": "REAL"}
    columns = ", ".join(f"{_quoted(name)} {kinds.get(rows[name].dtype.kind, 'TEXT')}" for name in rows)
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE applicants ({columns})")
        marks = ", ".join("?" * rows.shape[1])
        database.executemany("INSERT INTO applicants VALUES (" + marks + ")", _plain(rows, iso=True))  # noqa: S608
        answer = sorted(database.execute(export.read_text(encoding="utf-8")).fetchall())
    if [key for key, _, _ in answer] != rows.iloc[:, 0].tolist():
        raise SystemExit(f"{len(answer):,} answers for {len(rows):,} rows")
    return {"points": [points for _, points, _ in answer], "p_bad": [p for _, _, p in answer]}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(rows: Any, iso: bool) -> list[tuple[Any, ...]]:
    """Return rows of plain values, None where missing; dates as ISO text or as dates."""
    columns = []
    for name in rows:
        values = rows[name]
        if values.dtype.kind == "M":
            values = values.dt.strftime("%Y-%m-%d") if iso else values.dt.date.astype(object)
        columns.append(values.astype(object).where(values.notna(), None).tolist())
    return list(zip(*columns, strict=True))


def excel_file(export: Path, folder: Path) -> dict[str, np.ndarray]:
    """Return what the formulas give for the rows, typed in as many at a time as there are formulas for."""
    import io

    import openpyxl
    import pandas as pd
    from formualizer import recalculate_xlsx_bytes

    rows = pd.read_parquet(folder / "rows.parquet")
    book = openpyxl.load_workbook(io.BytesIO(export.read_bytes()))
    sheet = book["Applicants"]
    if [cell.value for cell in sheet[1]] != list(rows):
        raise SystemExit("the headings are not those of the card")
    at_once, values = book["Score"].max_row - 1, _plain(rows, iso=False)
    answer: dict[str, list[Any]] = {"points": [], "p_bad": []}
    for start in range(0, len(values), at_once):
        batch = values[start : start + at_once]
        sheet.delete_rows(2, sheet.max_row)
        for at, row in enumerate(batch, 2):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(at, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"
        typed = io.BytesIO()
        book.save(typed)
        done = io.BytesIO(recalculate_xlsx_bytes(typed.getvalue())["bytes"])
        scored = openpyxl.load_workbook(done, data_only=True, read_only=True)["Score"]
        for line in scored.iter_rows(min_row=2, max_row=len(batch) + 1, values_only=True):
            answer["points"].append(line[-2])
            answer["p_bad"].append(line[-1] if isinstance(line[-1], float) else None)
    return answer


FORMS: dict[str, Callable[[Path, Path], Any]] = {
    "native": native,
    "joblib": joblib_parts,
    "sql": sql_statement,
    "excel": excel_file,
}


def main() -> None:
    """Score and write the PDs beside the rows, with the points where the form gives them."""
    form, export, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    told = FORMS[form](export, folder)
    if "workbench" in sys.modules:
        raise SystemExit("the workbench was needed to read it")
    told = told if isinstance(told, dict) else {"p_bad": [float(p) for p in told]}
    (folder / "scores.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
