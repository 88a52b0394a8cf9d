"""Long work in the background: queue a use case, watch it, stop it; it outlives the tab and the app.

A page enqueues and polls; one worker a machine takes the jobs one after another and runs each in a process
of its own, so that stopping a job means ending that process, a crash takes nothing else along, and a job
whose worker was killed is taken up by the next one.
"""

from __future__ import annotations

from workbench.jobs.locks import hold_app_lock, process_alive, worker_alive
from workbench.jobs.places import used
from workbench.jobs.queue import (
    cancel,
    client,
    enqueue,
    enqueue_drift,
    enqueue_report,
    enqueue_score,
    enqueue_train,
    log,
    recent,
    status,
)
from workbench.jobs.start import become_worker, ensure_worker
from workbench.jobs.state import FINISHED, JobStatus
from workbench.jobs.worker import run_worker

__all__ = [
    "FINISHED",
    "JobStatus",
    "become_worker",
    "cancel",
    "client",
    "enqueue",
    "enqueue_drift",
    "enqueue_report",
    "enqueue_score",
    "enqueue_train",
    "ensure_worker",
    "hold_app_lock",
    "log",
    "process_alive",
    "recent",
    "run_worker",
    "status",
    "used",
    "worker_alive",
]
