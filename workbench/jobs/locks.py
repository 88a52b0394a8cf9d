"""Who is alive, told by file locks.

The kernel drops a lock with its holder, kill -9 included, so nothing can go stale.
"""

from __future__ import annotations

import fcntl
import functools
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.jobs import places

if TYPE_CHECKING:
    from workbench.settings import Settings

WORKER = "worker.lock"
WORKER_LOG = "worker.log"
APP = "app.lock"
MIGRATION = "migration.lock"


def take(path: Path, *, shared: bool = False, patience: float = 0.0) -> IO[str] | None:
    """Return `path` opened and locked, or None where someone else holds it.

    Parameters
    ----------
    path : Path
        The lock file; made when it is not there.
    shared : bool
        Whether others may hold the lock at the same time, shared as well.
    patience : float
        Seconds to go on trying.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + patience
    file = path.open("a+")
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                return None
            time.sleep(0.05)
        else:
            return file


def worker_alive(settings: Settings | None = None) -> bool:
    """Return whether a worker runs for this folder on this machine."""
    path = places.folder(places.given(settings)) / WORKER
    # shared, so that two who ask at once do not take each other for a worker
    file = take(path, shared=True)
    if file is None:
        return True
    file.close()
    return False


def process_alive(job_id: str, settings: Settings | None = None) -> bool:
    """Return whether the process of a job runs on this machine: it holds its log locked until its end."""
    path = places.log_path(places.given(settings), job_id)
    if not path.exists():
        return False
    file = take(path, shared=True)
    if file is None:
        return True
    file.close()
    return False


def hold_app_lock(settings: Settings | None = None) -> None:
    """Tell the worker that an app lives, until this process ends; a worker alone with no job leaves."""
    _hold_app_lock(places.folder(places.given(settings)))


@functools.cache
def _hold_app_lock(folder: Path) -> IO[str]:
    # kept by the cache: the lock lasts as long as the process
    file = (folder / APP).open("a+")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file
