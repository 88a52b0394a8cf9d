"""The process of one job: runs the use case, tells its progress, and dies with its worker."""

from __future__ import annotations

import errno
import faulthandler
import fcntl
import importlib
import multiprocessing
import os
import re
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.run import Run

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from workbench.jobs.tasks import Job
    from workbench.settings import Settings

# seconds between two reports of the same step; a fit may tell hundreds a second
EVERY = 0.2
NO_MEMORY = ("bad_alloc", "bad allocation", "MemoryError", "Cannot allocate memory", "Thread creation failed",
             "can't start new thread")  # fmt: skip
"""What libraries say, each in its own way, where memory is not given to them."""

_NUMBERS = re.compile(r"\d+")


def warm_up(task: str, settings: Settings) -> None:
    """Do what a worker does at its start; the first child makes the server load what all of them need."""
    if not task:
        return
    _stand_back()
    module, name = task.split(":")
    try:
        getattr(importlib.import_module(module), name)(settings)
    except WorkbenchError as error:  # it is done at the next start
        sys.stderr.write(f"{error.code}: {error}\n")


def work(conn: Connection, task: str, params: dict[str, Any], job: Job, log: Path) -> None:
    """Run `task`, ``module:function``, and send progress, then ``result`` or ``failed``, over `conn`."""
    _stand_back()
    _die_with_worker()
    _write_to(log)
    cap = job.settings.job_memory_mb
    cap_memory(cap)
    with Outcome(conn, log.name, cap=cap) as outcome:
        module, name = task.split(":")
        function = getattr(importlib.import_module(module), name)
        outcome.result = function(params, Run(threads=job.settings.threads, watch=outcome.watch), job)


class Outcome:
    """Sends what happens in a job to the worker, an error included."""

    def __init__(
        self, conn: Connection, log: str, clock: Callable[[], float] = time.monotonic, *, cap: int = 0
    ) -> None:
        self.result: Any = None
        self._conn = conn
        self._log = log
        self._cap = cap
        self._clock = clock
        self._lock = threading.Lock()
        self._told = ("", float("-inf"))

    def watch(self, what: str, done: float) -> None:
        """Tell the step and its share, at most each `EVERY` seconds unless the words change."""
        words, now = same_step(what), self._clock()
        with self._lock:
            if words == self._told[0] and now - self._told[1] < EVERY:
                return
            self._told = (words, now)
            self._conn.send(("progress", what, float(done)))

    def __enter__(self) -> Outcome:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            self._conn.send(("result", self.result))
        elif isinstance(error, WorkbenchError):
            self._conn.send(("failed", error.to_json()))
            sys.stderr.write(f"{error.code}: {error}\n")
            return True
        else:
            self._conn.send(("failed", unexpected(error, self._log, self._cap)))
        # the traceback goes to the log, for an unexpected error leaves this process
        return False


def same_step(what: str) -> str:
    """Return `what` without its numbers: "tree 12 of 400" and "tree 13 of 400" are one step."""
    return _NUMBERS.sub("#", what)


def unexpected(error: BaseException, log: str, cap: int = 0) -> dict[str, Any]:
    """Return an error that is not the caller's to mend as code and one sentence.

    Its own text, which may quote an applicant's value, stays in the log that only the owner can read.
    """
    if wants_memory(error):
        return out_of_memory("The job stopped: there was not enough memory", cap)
    what = f"The job stopped on an unexpected error ({type(error).__name__})."
    where = f"What it says is in the log of the job, jobs/{log} in the home folder."
    return {"error": "UNEXPECTED", "message": f"{what} {where}", "problems": []}


def wants_memory(error: BaseException) -> bool:
    """Return whether an error says, in the words of some library, that memory was not given."""
    if isinstance(error, MemoryError) or isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return any(words in str(error) for words in NO_MEMORY)


def out_of_memory(what: str, cap: int = 0) -> dict[str, Any]:
    """Return the error of a job that wanted more memory than there is, or than it may take."""
    said = f"{what}; one job may take {cap:,} MB." if cap else f"{what}."
    remedy = "Use fewer rows (in a training: or fewer families), or give the machine more memory"
    remedy += ", or raise WORKBENCH_JOB_MEMORY_MB and start the worker again." if cap else "."
    return {"error": "OUT_OF_MEMORY", "message": f"{said} {remedy}", "problems": []}


def cap_memory(megabytes: int) -> None:
    """Bound what this process, and each one it starts, may take; what is mapped only to be read is free."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = megabytes << 20
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _stand_back() -> None:
    """Let pages answer first, and let this process go, not the app or the worker, when memory runs out."""
    os.nice(5)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700")


def _die_with_worker() -> None:
    # a group of its own, so that what the use case starts is ended with it
    os.setsid()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=follow, daemon=True).start()


def _write_to(log: Path) -> None:
    """Send what libraries print, and the last words of a crash, to the job's log.

    The log is locked while this process, or one it started, holds it open: so others see that it runs.
    """
    with log.open("ab") as file:
        with suppress(BlockingIOError):  # an earlier try of the job that has not quite ended yet
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable(sys.stderr)
