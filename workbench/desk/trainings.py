"""Train a study and register what came out."""

from __future__ import annotations

import hashlib
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import study
from workbench.dataset import Dataset
from workbench.desk import explaining, origins, promoting, stopwatch
from workbench.desk.requests import TrainedLine, TrainOutcome, TrainRequest
from workbench.errors import WorkbenchError
from workbench.registry import golden
from workbench.registry.golden import Golden
from workbench.run import Cancelled, Run
from workbench.settings import available_cores
from workbench.study import Study, StudyModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def train(desk: Desk, request: TrainRequest, run: Run) -> TrainOutcome:
    """Run a study, keep it, and register its models; see `Desk.train`."""
    started = time.perf_counter()
    run.step("reading the data", 0.0)
    portfolio = desk.portfolio(request.portfolio)
    if request.dataset_sha256:
        dataset = desk.dataset(request.dataset_sha256, portfolio, request.reading_sha256)
        desk.shelf.put(portfolio)
    else:
        dataset = desk.build(Path(request.path), portfolio, request.options)
    study_id = _study_id(desk, portfolio.name, request.job_id)
    try:
        fits = stopwatch.Stopwatch(request.spec.families)
        watched = replace(fits.watching(run.part(0.05, 0.9)), spare=available_cores() > run.threads)
        done = study.run(dataset, request.spec, watched, explain=True)
        run.step("keeping the study", 0.9)
        told = {"fit_seconds": fits.seconds, "one_row_seconds": stopwatch.one_row(done)}
        told |= {origins.READING: desk.registry.reading_of(dataset)}
        study_id = _keep(desk, request, done, study_id, told)
        lines = []
        for i, model in enumerate(done.models):
            run.step(f"registering {model.title}", 0.92 + 0.08 * i / len(done.models))
            lines.append(_register(desk, request, done, model, dataset, study_id))
    except (KeyboardInterrupt, Cancelled) as stop:
        with suppress(WorkbenchError):
            stop.add_note(stayed(desk, request.job_id or "", study_id))
        raise
    best = next((line.model_id for line in lines if line.family == done.best and line.model_id), None)
    deployment = None
    if request.deploy:
        run.step("comparing with the champion", 0.99)
        deployment = promoting.deploy(desk, best, request.force, request.why)
    return TrainOutcome(
        study_id=study_id, portfolio=portfolio.identity, dataset_sha256=dataset.sha256,
        models=tuple(lines), best=best, sentence=done.sentence(), seconds=time.perf_counter() - started,
        deployment=deployment, choice=done.choice(),
    )  # fmt: skip


def stayed(desk: Desk, job_id: str, study_id: str) -> str:
    """Return what is kept of a training that was stopped; see `Desk.stayed`."""
    studies = [
        row.study_id
        for row in desk.registry.studies()
        if row.study_id == study_id or (job_id and row.job_id == job_id)
    ]
    models = sorted(
        row.model_id
        for row in desk.registry.models()
        if row.study_id in studies or (job_id and row.job_id == job_id)
    )
    if not studies and not models:
        return "No study was kept and no model was registered; the data that were read are kept."
    made = f"{'These models are' if len(models) > 1 else 'This model is'} registered: {', '.join(models)}."
    return f"Its study {studies[0]} is kept. {made if models else 'No model was registered.'}"


def _study_id(desk: Desk, name: str, job_id: str | None) -> str:
    """Return the id of a new study; a job that runs again comes to the same."""
    if job_id:
        return f"{name}-job-{hashlib.sha256(job_id.encode()).hexdigest()[:16]}"
    return f"{name}-{desk.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"


def _keep(desk: Desk, request: TrainRequest, done: Study, study_id: str, told: dict[str, Any]) -> str:
    """Keep the study and return its id; of a job that runs again, that of the study kept before."""
    return desk.registry.save_study(
        study_id, study.to_files(done), portfolio=done.portfolio, dataset_sha256=done.dataset_sha256,
        spec=request.spec.to_json(), summary=_summary(done) | told,
        who=desk.who, when=desk.now(), job_id=request.job_id,
    ).study_id  # fmt: skip


def _summary(done: Study) -> dict[str, Any]:
    """Return what a list of studies shows of one."""
    return {
        "best": done.best or None,
        "reported": done.reported,
        "rows": len(done.rows),
        "families": {m.family: m.error or m.evaluation.to_json()["auc"] for m in done.models},
    }


def _register(
    desk: Desk, request: TrainRequest, done: Study, answer: StudyModel, dataset: Dataset, study_id: str
) -> TrainedLine:
    if answer.model is None:
        return TrainedLine(
            answer.family, None, {}, {}, answer.gate.to_json(), answer.reported, error=answer.error
        )
    told = answer.to_json()
    shown = _golden(done, answer, dataset)
    # one family a version: the spec that made this model is the study's with this family alone
    spec = replace(done.spec, families=(answer.family,))
    row = desk.registry.register(
        answer.model, metrics=told["metrics"], samples=told["samples"], gate=told["gate"],
        reported=answer.reported, dataset_sha256=dataset.sha256, spec=spec.to_json(), study_id=study_id,
        golden=shown, beside=explaining.proved_files(answer, shown.frame), who=desk.who, when=desk.now(),
        job_id=request.job_id,
    )  # fmt: skip
    # where the same model stood there already, what counts is what was registered with it
    return TrainedLine(
        answer.family, row.model_id, dict(row.metrics), {k: dict(v) for k, v in row.samples.items()},
        dict(row.gate), row.reported, known=row.again, calibration=_calibrated(told["calibration"]),
    )  # fmt: skip


def _calibrated(told: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "sample", "note", "weights", "p_bad_uncalibrated", "p_bad_mean")
    return {name: told[name] for name in names if name in told}


def _golden(done: Study, answer: StudyModel, dataset: Dataset) -> Golden:
    """Return rows of the reported sample with the PDs the study gave them; they are scored at each load."""
    held = np.flatnonzero(done.samples.mask(done.reported))
    rows = held[golden.positions(len(held))]
    frame = dataset.frame.iloc[rows].reset_index(drop=True)
    if dataset.date is not None:
        frame[done.portfolio.date] = dataset.date.iloc[rows].to_numpy()
    return Golden(frame, answer.p_bad[rows], golden.environment())
