"""The proof of an export: another process reads it and scores the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.errors import ArtifactError
from workbench.exports import proof_child
from workbench.exports.joblib_layout import features
from workbench.training import TrainedModel

SECONDS = 600


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
        found = np.asarray(json.loads((place / "p_bad.json").read_text()), dtype=float)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.max(np.abs(found - expected), initial=0.0))


def _unreadable(staged: Path, why: str) -> ArtifactError:
    return ArtifactError(
        "EXPORT_UNREADABLE", f"another process could not score with it ({why}); it was not handed over",
        staged.name, "Report this as a fault of the export.",
    )  # fmt: skip
