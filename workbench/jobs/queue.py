"""The side that asks: enqueue, look, cancel. Pages, the command line and notebooks use this."""

from __future__ import annotations

import fcntl
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.jobs import locks, places, presence
from workbench.jobs.state import JobStatus, moves, of_workflow

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowStatus

    from workbench.desk import DriftRequest, ScoreRequest, TrainRequest
    from workbench.settings import Settings

PROGRESS = "progress"


def client(settings: Settings | None = None) -> DBOSClient:
    """Return this process's connection to the queue, made (with its database) on the first call.

    The first call on a new machine takes some seconds; later ones are free.
    """
    settings = places.given(settings)
    return _client(places.database_url(settings), places.folder(settings))


@functools.cache
def _client(url: str, folder: Path) -> DBOSClient:
    from dbos import DBOSClient, DBOSPortableJSONSerializer

    migrate(url, folder)
    # JSON: the default would pickle, and whoever can write the file could then run code in the app
    return DBOSClient(
        system_database_url=url,
        application_name=places.APPLICATION,
        serializer=DBOSPortableJSONSerializer(),
    )


def migrate(url: str, folder: Path) -> None:
    """Bring the database of the queue to the shape this DBOS expects."""
    from dbos import DBOS

    # two processes that migrate a fresh file at once stumble over each other
    with (folder / locks.MIGRATION).open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with presence.alone(url):
            DBOS.migrate(url)


def enqueue(
    kind: str, params: dict[str, Any], settings: Settings | None = None, *, title: str = "", who: str
) -> str:
    """Put a use case into the queue and return the job's id.

    Parameters
    ----------
    kind : str
        Name of the use case, a key of `workbench.jobs.tasks.TASKS`.
    params : dict
        What the use case needs, as JSON values.
    settings : Settings, optional
        Those of the environment where none are given.
    title : str
        What the list of jobs says; `kind` when empty.
    who : str
        Who asks.

    Notes
    -----
    The queue alone runs nothing: call `ensure_worker` after it, and again at each poll.
    """
    options = {
        "queue_name": places.QUEUE,
        "workflow_name": places.WORKFLOW,
        "app_version": places.VERSION,
        "authenticated_user": who,
        "attributes": {"kind": kind, "title": title or kind},
    }
    try:
        handle = client(settings).enqueue(options, kind, params, who)
    except TypeError as error:
        raise InputError("NOT_JSON", f"the job's parameters are not JSON values ({error})", kind) from error
    return handle.get_workflow_id()


def enqueue_train(
    request: TrainRequest, settings: Settings | None = None, who: str = "", *, title: str = ""
) -> str:
    """Put a training into the queue and return the job's id."""
    return enqueue("train", request.to_json(), settings, title=title or f"Train {request.portfolio}", who=who)


def enqueue_report(
    name: str, parameters: dict[str, Any], settings: Settings | None = None, who: str = "", *, title: str = ""
) -> str:
    """Put a report into the queue and return the job's id.

    Raises
    ------
    MissingError
        ``NO_REPORT``.
    InputError
        ``UNKNOWN_PARAMETER``, ``PARAMETER``: what a report does not ask for is not written down anywhere.
    """
    from workbench import reports

    parameters = reports.checked(reports.parameters(reports.path_of(name)), parameters)
    params = {"name": name, "parameters": parameters}
    return enqueue("report", params, settings, title=title or f"Report {name}", who=who)


def enqueue_score(
    request: ScoreRequest, settings: Settings | None = None, who: str = "", *, title: str = ""
) -> str:
    """Put the scoring of a file into the queue and return the job's id."""
    title = title or f"Score {request.name or Path(request.path).name}"
    return enqueue("score", request.to_json(), settings, title=title, who=who)


def enqueue_drift(
    request: DriftRequest, settings: Settings | None = None, who: str = "", *, title: str = ""
) -> str:
    """Put a look at an extract into the queue and return the job's id."""
    title = title or f"Drift of {request.name or Path(request.path).name}"
    return enqueue("drift", request.to_json(), settings, title=title, who=who)


def status(job_id: str, settings: Settings | None = None) -> JobStatus:
    """Return how a job stands; a few milliseconds.

    Raises
    ------
    MissingError
        ``NO_JOB`` when there is no such job.
    """
    settings = places.given(settings)
    rows = client(settings).list_workflows(workflow_ids=[job_id], load_input=False)
    if not rows:
        raise places.no_job(job_id)
    return _look(rows[0], settings, told=True)


def recent(limit: int = 20, settings: Settings | None = None) -> tuple[JobStatus, ...]:
    """Return the last `limit` jobs, the newest first; finished ones without their log lines."""
    settings = places.given(settings)
    rows = client(settings).list_workflows(
        name=places.WORKFLOW, limit=limit, sort_desc=True, load_input=False
    )
    # one more read a job, worth it only for what still moves: every page shows this list
    return tuple(_look(row, settings, told=moves(row)) for row in rows)


def _look(row: WorkflowStatus, settings: Settings, *, told: bool) -> JobStatus:
    progress = None
    if told:
        # without the timeout of 0 a job that has told nothing yet would hold the caller for a minute
        progress = client(settings).get_event(row.workflow_id, PROGRESS, timeout_seconds=0)
    abandoned = (
        row.status == "PENDING"
        and row.executor_id == places.worker_name(settings)
        and not locks.worker_alive(settings)
    )
    return of_workflow(row, progress, abandoned=abandoned)


def cancel(job_id: str, settings: Settings | None = None) -> JobStatus:
    """Stop a job, waiting or running, and return how it stands; a finished one stays as it is.

    The job counts as cancelled at once; its process ends within two seconds.
    """
    found = status(job_id, settings)
    if found.finished:
        return found
    client(settings).cancel_workflow(job_id)
    return status(job_id, settings)


def log(job_id: str, settings: Settings | None = None) -> str:
    """Return the whole log of a job, with the traceback of an unexpected error; empty before it started."""
    path = places.log_path(places.given(settings), job_id)
    return path.read_text(errors="replace") if path.exists() else ""
