"""What nobody asked for: kill -9 at any moment, a stopped worker, no memory, two apps at once.

``WORKBENCH_TEST_KILLS`` says how many processes are killed; a few where it is not set.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest

from tests.jobs.conftest import ROOT, Bench, gone, until
from tests.registry.tiny import read_line, score_line
from workbench import jobs
from workbench.registry.fsck import harmless
from workbench.registry.registry import Registry, open_registry
from workbench.registry.rows import ModelRow

KILLS = int(os.environ.get("WORKBENCH_TEST_KILLS", "4"))
APP = """
import sys, time
from workbench import jobs
jobs.hold_app_lock()
jobs.client()
print("ready", flush=True)
sys.stdin.readline()
jobs.ensure_worker(command=sys.argv[1:])
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A home that an app holds, so that its worker stays; the tests alone start it again."""
    made = Bench(tmp_path_factory.mktemp("kept") / "home")
    jobs.client(made.settings)
    jobs.hold_app_lock(made.settings)
    yield made
    made.end()


def processes(shop: Bench, job_id: str) -> list[int]:
    """Return the ids of the processes that worked on a job, each the leader of a group of its own."""
    path = shop.settings.home / "made" / job_id
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def left(shop: Bench, job_ids: list[str]) -> list[psutil.Process]:
    """Return what still runs of the groups of these jobs."""
    groups = {pid for job_id in job_ids for pid in processes(shop, job_id)}
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) in groups and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def stop_between_writes(shop: Bench, worker: int) -> None:
    """Stop a worker at a moment when it holds no lock on the queue, for which everyone would wait."""
    for _ in range(100):
        os.kill(worker, signal.SIGSTOP)
        with closing(sqlite3.connect(shop.settings.home / "jobs.db", timeout=0.2)) as queue:
            try:
                queue.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(worker, signal.SIGCONT)
            else:
                return
    pytest.fail("the worker always holds the queue")


def opened(shop: Bench) -> Registry:
    return open_registry(shop.settings, reader=read_line, score=score_line)


def registered(shop: Bench, job_id: str) -> list[ModelRow]:
    registry = opened(shop)
    try:
        return [row for row in registry.models() if row.job_id == job_id]
    finally:
        registry.close()


@pytest.mark.slow
def test_kills_at_random_leave_one_version_at_most_and_a_reason(kept: Bench) -> None:
    chance = random.Random(20261121)
    asked = []
    for kill in range(KILLS):
        job_id = kept.ask("version", steps=8, pause=0.15, slope=-1.0 - kill)
        asked.append(job_id)
        kept.start()
        until(lambda job_id=job_id: processes(kept, job_id) or kept.look(job_id).finished)
        time.sleep(chance.random() * 0.9)
        victim = kept.worker_pid() if kill % 2 else processes(kept, job_id)[-1]
        if not gone(victim):
            os.kill(victim, signal.SIGKILL)
        if kill % 2:
            until(lambda: not kept.alive(), 2.0)
            kept.start()
        ended = kept.finish(job_id)
        rows = registered(kept, job_id)
        if ended.state == "failed":
            assert kill % 2 == 0, "a killed worker is only an interruption"
            assert ended.code == "OUT_OF_MEMORY" and "exit -9" in ended.error
            assert len(rows) <= 1
        else:
            assert ended.state == "done" and len(rows) == 1, ended
            assert ended.result == {"models": [rows[0].model_id]}
        assert 1 <= ended.attempts <= 2
    until(lambda: not left(kept, asked), 3.0)
    registry = opened(kept)
    assert not [p for p in registry.fsck() if not harmless(p)]
    versions = [row.version for row in registry.models()]
    assert len(set(versions)) == len(versions), "a number is given once"


def test_a_job_that_always_takes_its_worker_along_is_given_up(kept: Bench) -> None:
    job_id = kept.ask("version", steps=400, pause=0.0, slope=5.0)
    for attempt in range(1, 4):
        kept.start()
        until(lambda attempt=attempt: len(processes(kept, job_id)) == attempt)
        os.kill(kept.worker_pid(), signal.SIGKILL)
        until(lambda: not kept.alive(), 2.0)
    kept.start()
    ended = kept.finish(job_id)
    assert (ended.state, ended.code) == ("failed", "JOB_GIVEN_UP")
    assert "the worker ended each time" in ended.error
    assert len(processes(kept, job_id)) == 3
    assert not registered(kept, job_id)
    until(lambda: not left(kept, [job_id]), 2.0)


def test_a_process_that_was_stopped_when_its_worker_died_is_ended_by_the_next(kept: Bench) -> None:
    job_id = kept.ask("version", steps=30, pause=0.0, slope=6.0)
    kept.start()
    until(lambda: processes(kept, job_id))
    (first,) = processes(kept, job_id)
    os.kill(first, signal.SIGSTOP)
    os.kill(kept.worker_pid(), signal.SIGKILL)
    until(lambda: not kept.alive(), 2.0)
    assert not gone(first), "nothing told it to go"
    kept.start()
    until(lambda: len(processes(kept, job_id)) == 2)
    assert gone(first), "it ended before the job began again"
    assert kept.finish(job_id).state == "done"
    assert len(registered(kept, job_id)) == 1


def test_a_stopped_worker_that_goes_on_finishes_its_job_once(kept: Bench) -> None:
    job_id = kept.ask("version", steps=10, pause=0.0, slope=7.0)
    kept.start()
    until(lambda: processes(kept, job_id))
    worker = kept.worker_pid()
    stop_between_writes(kept, worker)
    try:
        until(lambda: registered(kept, job_id))
        beside = kept.spawn(*kept.command("app"))
        assert beside.wait(30) != 0, "the stopped one still has the lock, so no second one takes its job"
        assert not kept.start()
        assert kept.look(job_id).state == "running"
    finally:
        os.kill(worker, signal.SIGCONT)
    done = kept.finish(job_id)
    assert (done.state, done.attempts, kept.worker_pid()) == ("done", 1, worker)
    assert len(registered(kept, job_id)) == len(processes(kept, job_id)) == 1


@pytest.mark.parametrize("stage", ["just started", "registering", "registered"])
def test_cancel_says_what_is_true_and_leaves_nothing_half(kept: Bench, stage: str) -> None:
    pause, after = {"just started": (0.0, 0.0), "registering": (60.0, 0.0), "registered": (0.0, 60.0)}[stage]
    steps = 400 if stage == "just started" else 0
    slope = 8.0 + len(stage)
    job_id = kept.ask("version", steps=steps, pause=pause, after=after, slope=slope)
    kept.start()
    words = {"just started": "", "registering": "Registering", "registered": "Registered"}[stage]
    until(lambda: processes(kept, job_id) and kept.look(job_id).step.startswith(words))
    assert jobs.cancel(job_id, kept.settings).state == "cancelled"
    until(lambda: not left(kept, [job_id]) and not jobs.process_alive(job_id, kept.settings), 3.0)
    again = kept.look(job_id)
    assert (again.state, again.result, again.attempts) == ("cancelled", None, 1)
    assert len(registered(kept, job_id)) == (stage == "registered")
    assert not opened(kept).fsck(), "opening it cleared away what was begun"


@pytest.fixture
def small(kept: Bench) -> Iterator[Bench]:
    """The same home with a worker whose jobs may take little memory."""
    kept.end()
    capped = Bench(kept.settings.home)
    capped.settings = kept.settings.model_copy(update={"job_memory_mb": 1024})
    yield capped
    capped.end()


def test_a_job_that_wants_more_memory_than_it_may_have_says_so(small: Bench) -> None:
    small.start()
    for how in ("numpy", "abort"):
        ended = small.finish(small.ask("swallow", how=how))
        assert (ended.state, ended.code) == ("failed", "OUT_OF_MEMORY"), ended
        assert "there was not enough memory" in ended.error and "Use fewer rows" in ended.error
    assert small.finish(small.ask("version", steps=1, pause=0.0, slope=30.0)).state == "done", "it goes on"


def test_two_apps_that_start_a_worker_at_once_run_a_job_once_and_a_restart_finds_it(lone: Bench) -> None:
    job_id = lone.ask("version", steps=40, pause=0.0, slope=40.0)
    environment = jobs.start.environment(lone.settings)

    def app() -> subprocess.Popen[bytes]:
        made = subprocess.Popen(
            [sys.executable, "-c", APP, *lone.command("app")], env=environment, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert made.stdout.readline() == b"ready\n"
        return made

    both = [app(), app()]
    for one in both:
        one.stdin.write(b"go\n")
        one.stdin.flush()
    until(lambda: processes(lone, job_id))
    worker = lone.worker_pid()
    for one in both:
        one.kill()
        one.wait()
    assert lone.alive() and lone.look(job_id).state == "running", "the job outlives the app"
    again = app()
    done = lone.finish(job_id)
    assert (done.state, done.attempts) == ("done", 1)
    assert lone.worker_pid() == worker
    assert len(registered(lone, job_id)) == len(processes(lone, job_id)) == 1
    again.communicate()
    until(lambda: not lone.alive(), 10.0)
