"""What is known of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.errors import Problem

if TYPE_CHECKING:
    from dbos import WorkflowStatus

FINISHED = ("done", "failed", "cancelled")

STATES = {
    "DELAYED": "waiting",
    "ENQUEUED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}

GIVEN_UP = Problem(
    "JOB_GIVEN_UP",
    "the worker ended each time it ran this job, so the job is not tried again",
    remedy="See the log of the job; use fewer rows or more memory.",
)


@dataclass(frozen=True)
class JobStatus:
    """One job as it stands.

    Parameters
    ----------
    job_id : str
        Name of the job, unique.
    kind : str
        The use case, such as ``train``.
    name : str
        Title in the words of who asked for it.
    who : str
        Who asked for it.
    state : str
        ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
    step : str
        What is under way, in plain words.
    share : float
        How much is behind us, 0 to 1.
    log : tuple of str
        The last steps, each with the minutes and seconds since the start; the whole log is a file.
    created_at, started_at, finished_at : datetime or None
        When it was asked for, taken up (last time) and finished; UTC.
    attempts : int
        How often it was taken up; more than 1 after a killed worker.
    result : dict or None
        What the use case returned, once it is done.
    code, error : str
        Once it failed: stable code and the sentence to show.
    problems : tuple of dict
        Everything that was wrong, as in `workbench.errors.WorkbenchError.to_json`.
    """

    job_id: str
    kind: str
    name: str
    who: str
    state: str
    step: str = ""
    share: float = 0.0
    log: tuple[str, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    result: dict[str, Any] | None = None
    code: str = ""
    error: str = ""
    problems: tuple[dict[str, Any], ...] = ()

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to this job."""
        return self.state in FINISHED

    def seconds(self, now: datetime) -> float | None:
        """Return how long the job has run until it finished or until `now`; None before it started."""
        if self.started_at is None:
            return None
        return max(0.0, ((self.finished_at or now) - self.started_at).total_seconds())

    def to_json(self) -> dict[str, Any]:
        """Return the job as plain values; times as ISO 8601 in UTC."""
        out = asdict(self) | {"log": list(self.log), "problems": list(self.problems)}
        for name in ("created_at", "started_at", "finished_at"):
            out[name] = out[name].isoformat() if out[name] else None
        return out


def moves(row: WorkflowStatus) -> bool:
    """Return whether the job of a DBOS workflow still waits or runs."""
    return STATES[row.status] not in FINISHED


def of_workflow(
    row: WorkflowStatus, progress: Mapping[str, Any] | None, *, abandoned: bool = False
) -> JobStatus:
    """Return the job of a DBOS workflow and its last event; `abandoned` when its worker is dead."""
    told = progress or {}
    state = "waiting" if abandoned else STATES[row.status]
    labels = row.attributes or {}
    error = _error(row) if state == "failed" else {}
    started_ms = told.get("started_at_ms") or row.dequeued_at
    # SQLite's clock counts whole seconds
    finished_ms = max(row.completed_at or 0, started_ms or 0) if state in FINISHED else None
    return JobStatus(
        job_id=row.workflow_id,
        kind=labels.get("kind", ""),
        name=labels.get("title", ""),
        who=row.authenticated_user or "",
        state=state,
        step=told.get("step", ""),
        share=1.0 if state == "done" else float(told.get("share", 0.0)),
        log=tuple(told.get("log", ())),
        created_at=_utc(row.created_at),
        started_at=_utc(started_ms),
        finished_at=_utc(finished_ms),
        attempts=row.recovery_attempts or 0,
        result=row.output if state == "done" else None,
        code=error.get("error", ""),
        error=error.get("message", ""),
        problems=tuple(error.get("problems", ())),
    )


def _error(row: WorkflowStatus) -> dict[str, Any]:
    if row.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        return {"error": GIVEN_UP.code, "message": GIVEN_UP.sentence()}
    data = getattr(row.error, "data", None)
    if isinstance(data, dict):
        return data
    return {"error": "JOB_FAILED", "message": str(row.error) if row.error else "The job failed."}


def _utc(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
