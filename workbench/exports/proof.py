"""The proof of an export: another process reads it and scores the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import ArtifactError
from workbench.exports import proof_child
from workbench.exports.card_plan import plan
from workbench.exports.joblib_layout import features
from workbench.families.scorecard import Scorecard
from workbench.training import TrainedModel

SECONDS = 600
CARD_FORMS = ("sql", "excel")


def largest_difference(
    model: TrainedModel, to: str, staged: Path, frame: pd.DataFrame, date: pd.Series | None
) -> float:
    """Return the largest absolute difference of PDs between the export and the model.

    Raises
    ------
    ArtifactError
        ``EXPORT_UNREADABLE`` where the other process could not read or score it.
    """
    expected = model.p_bad(frame, date)
    with tempfile.TemporaryDirectory(prefix="workbench-proof-") as folder:
        place = Path(folder)
        if to == "joblib":
            features(model, frame, date).to_parquet(place / "rows.parquet", index=False)
        elif to in CARD_FORMS:
            _card_rows(model, to, frame, date).to_parquet(place / "rows.parquet", index=False)
        else:
            np.save(place / "encoded.npy", model.encoder.encode(model.encoder.raw(frame, date)))
        # isolated: neither this folder nor the user's site can stand in for a library
        call = [sys.executable, "-I", str(Path(proof_child.__file__)), to, str(staged), str(place)]
        try:
            done = subprocess.run(call, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise _unreadable(staged, f"took more than {SECONDS} s") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]
            raise _unreadable(staged, last)
        told = json.loads((place / "scores.json").read_text())
    found = np.asarray(told["p_bad"], dtype=float)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    if to in CARD_FORMS and told["points"] != card_points(model, frame, date).tolist():
        return float("inf")
    return float(np.max(np.abs(found - expected), initial=0.0))


def card_points(model: TrainedModel, frame: pd.DataFrame, date: pd.Series | None) -> np.ndarray:
    """Return the points that a scorecard gives typed rows; shape (n,), int64."""
    assert isinstance(model.fitted, Scorecard)
    return model.fitted.points(model.encoder.encode(model.encoder.raw(frame, date)))


def _card_rows(model: TrainedModel, to: str, frame: pd.DataFrame, date: pd.Series | None) -> pd.DataFrame:
    """Return the row key, 1 to n, and the columns of the card; categories as text."""
    card = plan(model, to)
    out: dict[str, Any] = {card.key: np.arange(1, len(frame) + 1)}
    if card.date:
        assert date is not None
        out[card.date] = date.to_numpy()
    for question in card.questions:
        values = frame[question.name]
        out[question.name] = values.astype("str").to_numpy(object) if question.kind == "level" else values
    return pd.DataFrame({name: np.asarray(values) for name, values in out.items()})


def _unreadable(staged: Path, why: str) -> ArtifactError:
    return ArtifactError(
        "EXPORT_UNREADABLE", f"another process could not score with it ({why}); it was not handed over",
        staged.name, "Report this as a fault of the export.",
    )  # fmt: skip
