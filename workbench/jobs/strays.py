"""Processes of jobs whose worker is dead: ended before the next worker takes the job up again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from workbench.jobs import locks


def end(folder: Path) -> list[int]:
    """End every process that still writes to the log of a job of `folder`; return their ids.

    To be called by the one worker of the folder before it takes a job: a process of a job ends with its
    worker, except one that was stopped (SIGSTOP) at that moment, which would go on beside the next attempt.
    """
    import psutil

    folder = folder.resolve()
    doomed = [process for process in psutil.process_iter() if _of_a_job(process.pid, folder)]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(doomed, timeout=5)
    return [process.pid for process in doomed]


def _of_a_job(pid: int, folder: Path) -> bool:
    """Return whether a process prints to the log of a job; what it started does as well."""
    if pid == os.getpid():
        return False
    try:
        printed = Path(os.readlink(f"/proc/{pid}/fd/2"))
    except OSError:  # it ended meanwhile, is another user's, or this system has no such list
        return False
    return printed.parent == folder and printed.suffix == ".log" and printed.name != locks.WORKER_LOG
