"""Where jobs live: their database, their log files, the locks and the worker's name."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MissingError

if TYPE_CHECKING:
    from workbench.settings import Settings

QUEUE = "jobs"
APPLICATION = "workbench"
WORKFLOW = "job"
# says which jobs a worker can take; raise it only when the arguments of a queued job change their shape
VERSION = "jobs-1"

_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def given(settings: Settings | None) -> Settings:
    """Return `settings`, or those of the environment where none are given."""
    if settings is not None:
        return settings
    from workbench.settings import Settings as Environment

    return Environment.from_env()


def folder(settings: Settings) -> Path:
    """Return the folder of logs and locks, made when it is not there."""
    home = Path(settings.home).absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "jobs"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def database_url(settings: Settings) -> str:
    """Return the database of the queue: a file beside the workbench's own, or the same PostgreSQL."""
    if str(settings.database_url).startswith("postgres"):
        return str(settings.database_url)
    return f"sqlite:///{folder(settings).parent / 'jobs.db'}"


def used(settings: Settings | None = None) -> bool:
    """Return whether a job was ever queued here; making the queue takes seconds that a list can save."""
    return (
        "postgres" in str(given(settings).database_url)
        or (folder(given(settings)).parent / "jobs.db").exists()
    )


def log_path(settings: Settings, job_id: str) -> Path:
    """Return the log file of a job.

    Raises
    ------
    MissingError
        ``NO_JOB`` when `job_id`, which may come from an address bar, cannot be the name of a job.
    """
    if not _JOB_ID.fullmatch(job_id):
        raise no_job(job_id)
    return folder(settings) / f"{job_id}.log"


def no_job(job_id: str) -> MissingError:
    """Return the error that says there is no such job."""
    return MissingError("NO_JOB", "there is no such job", job_id[:64], "Look at the list of jobs.")


def no_database(url: str) -> MissingError:
    """Return the error that says the queue's database is away; `url` is shown without its password."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    where = f"{parts.hostname or 'this machine'}{parts.path}"
    remedy = "Start it, or correct WORKBENCH_DATABASE_URL."
    return MissingError("NO_DATABASE", "the database of the jobs does not answer", where, remedy)


def worker_name(settings: Settings) -> str:
    """Return the name under which the worker of this folder takes jobs.

    It must outlast the worker: only a worker of the same name takes up what a killed one left behind.
    """
    path = folder(settings) / "worker-name"
    if not path.exists():
        path.write_text(f"worker-{uuid.uuid4().hex[:12]}")
    return path.read_text()
