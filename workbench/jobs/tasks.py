"""The use cases a job can run, each a function of parameters, `Run` and `Job`, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.run import Run

if TYPE_CHECKING:
    from workbench.settings import Settings

# by name, so that neither the app nor the worker imports what only the job's process needs
TASKS = {
    "train": "workbench.jobs.tasks:train",
    "report": "workbench.jobs.tasks:report",
    "score": "workbench.jobs.tasks:score",
    "drift": "workbench.jobs.tasks:drift",
}
AT_START = "workbench.jobs.tasks:tidy"
"""What a worker does once when it starts: a function of `Settings`."""


@dataclass(frozen=True)
class Job:
    """What a use case may know of the job that runs it.

    Parameters
    ----------
    job_id : str
        The same when the job is run again after a killed worker, so that what it makes is registered once.
    who : str
        Who asked for it.
    settings : Settings
        Those of the worker.
    """

    job_id: str
    who: str
    settings: Settings


def train(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Train as `params`, a `workbench.desk.TrainRequest`, says; return the study and its models."""
    from workbench import desk

    request = replace(desk.TrainRequest.from_json(params), job_id=job.job_id)
    return desk.open(job.settings, job.who).train(request, run).to_json()


def report(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Run the report ``params["name"]`` with ``params["parameters"]``; return where it lies."""
    from workbench import reports

    made = reports.run(
        params["name"], params["parameters"], None, job.settings,
        watch=run.watch, who=job.who, job_id=job.job_id,
    )  # fmt: skip
    return {"report": made.key, "name": params["name"], "seconds": made.seconds}


def score(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Score a file as `params`, a `workbench.desk.ScoreRequest`, says; return what came of it.

    What an earlier job that was stopped had done of the same file is taken up.
    """
    from workbench import desk

    here = desk.open(job.settings, job.who)
    batch = here.score_kept(desk.ScoreRequest.from_json(params), job.job_id, run)
    told = ("model_id", "rows", "scored", "refused", "flagged", "decisions", "resumed", "seconds")
    return {"batch": batch.key, "sentence": batch.sentence} | {name: getattr(batch, name) for name in told}


def drift(params: dict[str, Any], run: Run, job: Job) -> dict[str, Any]:
    """Hold an extract against development as `params`, a `workbench.desk.DriftRequest`, says."""
    from workbench import desk

    run.step("Reading the extract", 0.0)
    here = desk.open(job.settings, job.who)
    found = here.drift(desk.DriftRequest.from_json(params), job.job_id, run)
    told = {"drift": found.key, "model_id": found.model_id, "colour": found.drift.verdict.colour}
    return told | {"sentence": found.drift.sentence(), "seconds": found.seconds}


def tidy(settings: Settings) -> None:
    """Remove for good what has been in quarantine long enough, and what stopped scoring left behind."""
    if not ((settings.store / "quarantine").is_dir() or (settings.home / "batches").is_dir()):
        return
    from workbench import desk
    from workbench.desk import removing

    removing.purge(desk.open(settings))
