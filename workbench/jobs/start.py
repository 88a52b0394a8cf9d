"""How a worker comes to life: beside the app, or in place of the command that asked for it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from workbench.jobs import locks, places
from workbench.settings import PREFIX, Settings

# a module of three lines: each job's process imports the main module of its worker again
WORKER_MAIN = ("-m", "workbench.jobs.worker_main")


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a worker: ours, with `settings` spelled out."""
    # not as arguments: others can read a command line, and a database's address may hold its password
    given = {name: value for name, value in settings.model_dump().items() if value is not None}
    return dict(os.environ) | {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}


def ensure_worker(settings: Settings | None = None, *, command: Sequence[str] = WORKER_MAIN) -> bool:
    """Start a worker when none is alive, and return whether one was started; call it at each poll.

    Two who start one at once are harmless: the worker's own lock lets one live.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment where none are given.
    command : sequence of str
        What Python runs.
    """
    settings = places.given(settings)
    folder = places.folder(settings)
    started = _started(folder)
    # one on its way has not taken its lock yet
    on_its_way = any(process.poll() is None for process in started)
    if locks.worker_alive(settings) or on_its_way:
        return False
    with (folder / locks.WORKER_LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the app's terminal must not reach it
            start_new_session=True,
        )
    started[:] = [process]
    return True


@functools.cache
def _started(folder: Path) -> list[subprocess.Popen[bytes]]:
    """Return the worker this process started last, if any; asking it how it is also buries a dead one."""
    return []


def become_worker(settings: Settings | None = None, *, once: bool = False) -> NoReturn:
    """Replace this process by a worker that stays until it is told to go, for ``workbench worker``.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment where none are given.
    once : bool
        Leave as soon as the queue is empty.
    """
    mode = "once" if once else "stay"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *WORKER_MAIN, mode], environment(places.given(settings)))
