"""Write an export beside its place, prove it, and only then put it there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import ArtifactError, InputError
from workbench.exports import excel, joblib_layout, proof, sql
from workbench.training import TrainedModel

TOLERANCE = 1e-9
NATIVE_NOTE = (
    "model.json has the encoder and the calibrator; the family's file gives the margin of encoded columns"
)


@dataclass(frozen=True)
class Exported:
    """What was handed over.

    Attributes
    ----------
    files : tuple of str
        Names written; one file, or those in the folder `path`.
    max_difference : float
        Largest difference between PDs of the export, read by another process, and of the model.
    rows_checked : int
        Rows that both scored.
    notes : tuple of str
        What who uses it has to know.
    """

    to: str
    path: str
    files: tuple[str, ...]
    max_difference: float
    rows_checked: int
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what was handed over as plain values."""
        return asdict(self) | {"files": list(self.files), "notes": list(self.notes)}


def _native(model: TrainedModel, staged: Path) -> tuple[str, ...]:
    staged.mkdir()
    for name, content in model.to_files().items():
        (staged / name).write_bytes(content)
    return (NATIVE_NOTE,)


def _joblib(model: TrainedModel, staged: Path) -> tuple[str, ...]:
    parts, notes = joblib_layout.parts(model)
    joblib_layout.write(parts, staged)
    return notes


def _sql(model: TrainedModel, staged: Path) -> tuple[str, ...]:
    staged.write_text(sql.statement(model), encoding="utf-8")
    return sql.notes()


def _excel(model: TrainedModel, staged: Path) -> tuple[str, ...]:
    staged.write_bytes(excel.content(model))
    return excel.notes()


FORMS: dict[str, Callable[[TrainedModel, Path], tuple[str, ...]]] = {
    "native": _native,
    "joblib": _joblib,
    "sql": _sql,
    "excel": _excel,
}


def export(model: TrainedModel, to: str, out: Path, frame: pd.DataFrame, date: pd.Series | None) -> Exported:
    """Write `model` in the form `to` at `out`, after another process gave `frame` the same PDs with it.

    Parameters
    ----------
    to : {"native", "joblib", "sql", "excel"}
        Native is a folder of the family's own file and plain JSON; joblib one file with a dictionary of
        ``model``, ``scaler`` and ``feature_columns``. Of a scorecard, SQL is one statement, and Excel a
        file with formulas; both give points too, which have to be the same to the last one.
    frame, date
        Typed rows to prove it on.

    Raises
    ------
    InputError
        ``EXPORT`` for a form there is not, or that cannot hold the model; ``OUT_FOLDER``,
        ``OUT_TAKEN``, ``OUT_FORMAT``.
    ArtifactError
        ``EXPORT_DIFFERS`` where the export scores otherwise; nothing is handed over.
    """
    if to not in FORMS:
        raise InputError("EXPORT", f"there is no form {to!r}", remedy=f"Take one of: {', '.join(FORMS)}.")
    if to == "excel" and out.suffix.lower() != ".xlsx":
        raise InputError(
            "OUT_FORMAT", "Excel opens only what ends in .xlsx", str(out), "End the name in .xlsx."
        )
    if not out.parent.is_dir():
        raise InputError(
            "OUT_FOLDER", "the folder does not exist", str(out.parent), "Make it, or name another."
        )
    if out.exists():
        raise InputError("OUT_TAKEN", "is there already", str(out), "Name another, or remove it first.")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        staged = Path(folder) / out.name
        notes = FORMS[to](model, staged)
        difference = proof.largest_difference(model, to, staged, frame, date)
        if not difference <= TOLERANCE:
            raise ArtifactError(
                "EXPORT_DIFFERS",
                f"as {to} the model gives other PDs (by up to {difference:.3g} on {len(frame):,} rows); "
                "it was not handed over",
                str(out),
                "Take another form, and report this as a fault of the export.",
            )
        files = tuple(sorted(p.name for p in staged.iterdir())) if staged.is_dir() else (out.name,)
        shutil.move(staged, out)
    return Exported(to, str(out), files, difference, len(frame), notes)
