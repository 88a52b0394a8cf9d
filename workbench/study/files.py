"""A study as files and back: plain JSON, and Parquet for what has a line a row."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from workbench.checks import Checks, Finding
from workbench.dataset import Source
from workbench.errors import ArtifactError
from workbench.evaluation import Evaluation
from workbench.explanation import Overview
from workbench.portfolio import from_values
from workbench.profile import Profile
from workbench.sampling import Samples
from workbench.study.values import Gate, Study, StudyModel, StudySpec

FORMAT = 1
STUDY, ROWS, SUMMARY = "study.json", "rows.parquet", "summary.json"
P_BAD = "p_bad "


def to_files(study: Study) -> dict[str, bytes]:
    """Return a study as files; `from_files` reads them back (models as they were told, not fitted)."""
    values = {
        "format": FORMAT,
        "spec": study.spec.to_json(),
        "portfolio": study.portfolio.to_json(),
        "dataset_sha256": study.dataset_sha256,
        "source": asdict(study.source),
        "rows_in": study.rows_in,
        "n_refused": study.n_refused,
        "out_of_time_from": study.samples.out_of_time_from,
        "checks": _checks_json(study.checks),
        "profile": _frames_json(study.profile.to_frames()),
        "samples": _frames_json({k: v for k, v in study.samples.to_frames().items() if k != "samples"}),
        "models": [_model_json(m) for m in study.models],
        "baselines": {
            name: {sample: _frames_json(e.to_frames()) for sample, e in by.items()}
            for name, by in study.baselines.items()
        },
    }
    rows = study.rows.assign(sample=study.rows["sample"].astype(object))
    rows = rows.assign(**{P_BAD + m.family: m.p_bad for m in study.models if not m.error})
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    told = {
        overview_file(m.family): _bytes(
            {"about": m.overview.about(), "frames": _frames_json(m.overview.to_frames())}
        )
        for m in study.models
        if m.overview is not None
    }
    return {STUDY: _bytes(values), SUMMARY: _bytes(study.to_json()), ROWS: buffer.getvalue()} | told


def overview_file(family: str) -> str:
    """Return the name of the file that holds what drives a family's model."""
    return f"overview-{family}.json"


def overview_from(files: Mapping[str, bytes], family: str) -> Overview | None:
    """Return what drives a family's model over the reported sample; None where that was not kept.

    It is in a file of its own, so that whoever wants a study's figures does not read it.
    """
    content = files.get(overview_file(family))
    if content is None:
        return None
    values = json.loads(content)
    return Overview.from_frames(values["about"], _frames(values["frames"]))


def from_files(files: Mapping[str, bytes]) -> Study:
    """Return the study that `to_files` wrote; its models hold everything but the fitted model.

    Raises
    ------
    ArtifactError
        ``STUDY_FORMAT`` where a later workbench wrote it.
    """
    values = json.loads(files[STUDY])
    if values["format"] != FORMAT:
        raise ArtifactError(
            "STUDY_FORMAT", f"the study is of format {values['format']}, this workbench reads {FORMAT}",
            remedy="Open it with the workbench that wrote it, or train again.",
        )  # fmt: skip
    # a sample's name stands on every row: read as codes, a million of them are no million strings
    rows = pd.read_parquet(io.BytesIO(files[ROWS]), read_dictionary=["sample"])
    spec = StudySpec.from_json(values["spec"])
    frames = _frames(values["samples"]) | {"samples": pd.DataFrame({"sample": rows["sample"]})}
    source = values["source"]
    return Study(
        spec=spec, portfolio=from_values(values["portfolio"], STUDY), dataset_sha256=values["dataset_sha256"],
        source=Source(**{**source, "notes": tuple(source["notes"])}), rows_in=values["rows_in"],
        n_refused=values["n_refused"], checks=_checks(values["checks"]),
        profile=Profile.from_frames(_frames(values["profile"])),
        samples=Samples.from_frames(frames, spec.sampling, values["out_of_time_from"]),
        rows=rows[["record", "sample", "outcome"]],
        models=tuple(_model(m, rows) for m in values["models"]),
        baselines={
            name: _Evaluations(by) for name, by in values["baselines"].items()
        },
    )  # fmt: skip


class _Evaluations(Mapping[str, Evaluation]):
    """Evaluations by sample, each made of its plain values when it is first asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._made: dict[str, Evaluation] = {}

    def __getitem__(self, sample: str) -> Evaluation:
        if sample not in self._made:
            self._made[sample] = Evaluation.from_frames(_frames(self._values[sample]))
        return self._made[sample]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


KINDS = {"i": np.int64, "u": np.int64, "b": bool}


def _model_json(model: StudyModel) -> dict[str, Any]:
    plain = ("family", "title", "reported", "calibration", "policy", "digest", "error", "unexplained")
    return {name: getattr(model, name) for name in plain} | {
        "gate": model.gate.to_json(),
        "drivers": _frames_json(_driving(model)),
        "evaluations": {name: _frames_json(e.to_frames()) for name, e in model.evaluations.items()},
    }


def _driving(model: StudyModel) -> dict[str, pd.DataFrame]:
    told = {"importance": model.importance, "coefficients": model.coefficients}
    more = {"card": model.card, "selection": model.selection}
    return told | {name: frame for name, frame in more.items() if len(frame)}


def _model(values: dict[str, Any], rows: pd.DataFrame) -> StudyModel:
    drivers = _frames(values["drivers"])
    column = P_BAD + values["family"]
    plain = ("family", "title", "reported", "calibration", "policy", "digest", "error")
    return StudyModel(
        **{name: values[name] for name in plain},
        model=None,
        unexplained=values.get("unexplained", ""),  # older studies do not say
        gate=Gate(**values["gate"]),
        importance=drivers["importance"],
        coefficients=drivers["coefficients"],
        card=drivers.get("card", pd.DataFrame()),
        selection=drivers.get("selection", pd.DataFrame()),
        evaluations=_Evaluations(values["evaluations"]),
        p_bad=rows[column].to_numpy() if column in rows else np.full(len(rows), np.nan),
    )


def _checks_json(checks: Checks) -> dict[str, Any]:
    return {
        "findings": [asdict(finding) for finding in checks.findings],
        "acknowledged": [[code, column, why] for (code, column), why in checks.acknowledged.items()],
        "joint_auc": checks.joint_auc,
        "frames": _frames_json({"auc": checks.auc, "joint": checks.joint}),
    }


def _checks(values: dict[str, Any]) -> Checks:
    frames = _frames(values["frames"])
    return Checks(
        findings=tuple(Finding(**finding) for finding in values["findings"]),
        auc=frames["auc"],
        joint_auc=values["joint_auc"],
        joint=frames["joint"],
        acknowledged={(code, column): why for code, column, why in values["acknowledged"]},
    )


def _frames_json(frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    return {name: {str(c): _column_json(frame[c]) for c in frame} for name, frame in frames.items()}


def _column_json(column: pd.Series) -> dict[str, Any]:
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    values = column.tolist()
    plain = kind in "biu" or (kind == "f" and np.isfinite(column.to_numpy()).all())
    return {"kind": kind, "values": values if plain else [_plain(v) for v in values]}


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it; infinities, which odds without bads have, as words."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(value) if math.isfinite(value) else str(float(value))
    return value.item() if isinstance(value, np.generic) else str(value)


def _frames(values: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    return {name: _frame(columns) for name, columns in values.items()}


def _frame(columns: dict[str, dict[str, Any]]) -> pd.DataFrame:
    # one index for all columns: with one of its own each would be compared, and copied
    index = pd.RangeIndex(max((len(column["values"]) for column in columns.values()), default=0))
    return pd.DataFrame({name: _column(column, index) for name, column in columns.items()}, index=index)


def _column(values: dict[str, Any], index: pd.Index) -> pd.Series:
    kind, cells = values["kind"], values["values"]
    if kind == "f":
        return pd.Series([float("nan") if v is None else float(v) for v in cells], index, dtype=float)
    return pd.Series(cells, index, dtype=KINDS.get(kind, object))


def _bytes(values: Any) -> bytes:
    # the order of samples and baselines is part of what is shown, so keys are not sorted
    return json.dumps(values, allow_nan=False).encode()
