"""Explanations as documents: of all rows, of one applicant, and LIME's beside the exact ones."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.dataset.segment import Segment
from workbench.desk import explaining
from workbench.desk.sample_rows import SampleRows
from workbench.explanation import ALL, Explainer, Kind, Overview, Rows, lime, told_of
from workbench.explanation.waterfall import value_in_words

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def of_rows(
    found: SampleRows, explainer: Explainer, segment: Segment, told: Overview, against: str = ALL
) -> dict[str, Any]:
    """Return an overview as plain values, with the values of each of the `n` rows that it rests on.

    Parameters
    ----------
    told : Overview
        Of the same rows, segment and reference.
    """
    rows = found.rows(segment)
    at = told_of(explainer, rows)
    positions = found.inside(segment)[at]
    held = explainer.attributions(rows.raw[at], kind=told.kind, reference=against)
    frame = found.dataset.frame.iloc[positions]
    keys = found.dataset.row_key.iloc[positions].astype(str).tolist()
    values = zip(*(_plain(frame[name]) for name in held.characteristics), strict=True)
    # a line is made of columns that are plain already: nothing is looked up a line
    whose = np.repeat(np.array(keys, dtype=object), len(held.characteristics))
    names = held.characteristics * len(keys)
    flat = chain.from_iterable(values)
    lines = [
        {"row": row, "characteristic": name, "value": value, "attribution": attribution}
        for row, name, value, attribution in zip(
            whose.tolist(), names, flat, held.values.ravel().tolist(), strict=True
        )
    ]
    whole = told.to_json()
    own = {"model_id": found.row.model_id, "segment": str(segment) if segment else ""}
    return own | whole | {"attributions": lines}


def of_one(
    found: SampleRows, explainer: Explainer, key: str, kind: Kind | None = None, against: str = ALL
) -> dict[str, Any]:
    """Return one applicant's values, the heaviest first.

    Raises
    ------
    MissingError
        ``NO_ROW``.
    """
    at = np.array([found.position(key)])
    rows = Rows.of(found.model, found.dataset, at)
    held = explainer.attributions(rows.raw, kind=kind, reference=against)
    frame = found.dataset.frame.iloc[at]
    lines = []
    for j in np.argsort(-np.abs(held.values[0]), kind="stable"):
        column = found.model.encoder.columns[j]
        about = {"row": key, "characteristic": column.name, "title": _title(found, column.name)}
        told = {
            "value": _plain(frame[column.name])[0],
            "words": value_in_words(found.model, column, float(rows.raw[0, j])),
            "attribution": float(held.values[0, j]),
        }
        lines.append(about | told)
    plain = ("kind", "method", "unit", "reference", "n_reference", "base", "estimated")
    own = {"model_id": found.row.model_id, "row": key}
    ends = {"margin": float(held.margin[0]), "p_bad": float(held.p_bad[0])}
    return own | {name: getattr(held, name) for name in plain} | ends | {"attributions": lines}


def of_lime(
    desk: Desk, found: SampleRows, explainer: Explainer, key: str, against: str = ALL
) -> dict[str, Any]:
    """Return LIME's weights of one applicant beside their exact values, which the agreement is with.

    Raises
    ------
    MissingError
        ``NO_ROW``.
    """
    at = np.array([found.position(key)])
    raw = Rows.of(found.model, found.dataset, at).raw
    held = explainer.attributions(raw, reference=against)
    background = explaining.development(desk, found.row.model_id)[1]
    told = lime(found.model, held, raw, background)
    frame, values = found.dataset.frame.iloc[at], told.to_json()
    words = {
        column.name: value_in_words(found.model, column, float(raw[0, j]))
        for j, column in enumerate(found.model.encoder.columns)
    }
    lines = [
        {"row": key, "characteristic": line["characteristic"], "title": line["title"]}
        | {"value": _plain(frame[line["characteristic"]])[0], "words": words[line["characteristic"]]}
        | {"attribution": line["weight"]}
        | {name: line[name] for name in ("low", "high", "top", "exact")}
        for line in values.pop("attributions")
    ]
    own = {"model_id": found.row.model_id, "row": key, "kind": "lime", "method": "lime", "base": held.base}
    ends = {"margin": float(held.margin[0]), "p_bad": float(held.p_bad[0]), "sentence": told.sentence()}
    return own | values | ends | {"attributions": lines}


def _title(found: SampleRows, name: str) -> str:
    return found.model.portfolio.characteristic(name).shown


def _plain(column: pd.Series) -> list[Any]:
    """Return typed values as JSON has them: numbers, text, dates in ISO; missing as None."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return [None if v is pd.NaT else v.date().isoformat() for v in column]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return [None if v != v else float(v) for v in column.to_numpy(dtype=float)]
    return [None if v is None or v != v else str(v) for v in column.astype(object)]
