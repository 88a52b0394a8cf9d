"""Real queues, real workers, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.databases import KINDS, Databases
from workbench import jobs
from workbench.jobs.state import JobStatus
from workbench.settings import Settings

ROOT = Path(__file__).parents[2]


def until(true: Callable[[], Any], seconds: float = 40.0, every: float = 0.05) -> float:
    """Wait until `true()` and return the seconds it took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() < start + seconds, "waited in vain"
        time.sleep(every)
    return time.monotonic() - start


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Bench:
    """A home of its own, its queue and its worker."""

    def __init__(self, home: Path, *preload: str, **more: Any) -> None:
        self.settings = Settings(home=home, threads=1, **more)
        self.preload = preload

    def command(self, mode: str) -> tuple[str, ...]:
        return ("-m", "tests.jobs.small_worker", mode, *self.preload)

    def start(self) -> bool:
        return jobs.ensure_worker(self.settings, command=self.command("app"))

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.settings.home / "spawned.log").open("ab") as log:
            environment = jobs.start.environment(self.settings)
            return subprocess.Popen([sys.executable, *command], env=environment, stderr=log, cwd=ROOT)

    def ask(self, kind: str, **params: Any) -> str:
        return jobs.enqueue(kind, params, self.settings, title=f"Small {kind}", who="ann")

    def look(self, job_id: str) -> JobStatus:
        return jobs.status(job_id, self.settings)

    def finish(self, job_id: str) -> JobStatus:
        until(lambda: self.look(job_id).finished)
        return self.look(job_id)

    def pids(self, job_id: str) -> tuple[int, int]:
        """Wait for a holding job and return its process and the one beside it."""
        until(lambda: self.look(job_id).step.startswith("process "))
        words = self.look(job_id).step.split()
        return int(words[1]), int(words[3])

    def worker_pid(self) -> int:
        return int((self.settings.home / "jobs" / "worker.lock").read_text())

    def registered(self, job_id: str) -> list[str]:
        return (self.settings.home / "made" / job_id).read_text().splitlines()

    def alive(self) -> bool:
        return jobs.worker_alive(self.settings)

    def end(self) -> None:
        if self.alive():
            os.kill(self.worker_pid(), signal.SIGTERM)
            until(lambda: not self.alive())


@pytest.fixture(scope="module", params=KINDS)
def queue(request: pytest.FixtureRequest, databases: Databases) -> Iterator[dict[str, str]]:
    """The settings of a database for the queue, once of each kind."""
    with databases.new(request.param, queue=True) as named:
        yield named


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, queue: dict[str, str]) -> Iterator[Bench]:
    """A home whose worker belongs to this process, as to an app."""
    made = Bench(tmp_path_factory.mktemp("app") / "home", "lightgbm", **queue)
    jobs.client(made.settings)
    jobs.hold_app_lock(made.settings)
    yield made
    made.end()


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory, queue: dict[str, str]) -> Iterator[Bench]:
    """A home that no app holds."""
    made = Bench(tmp_path_factory.mktemp("lone") / "home", **queue)
    jobs.client(made.settings)
    yield made
    made.end()
