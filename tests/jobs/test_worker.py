"""The worker's life: one a machine, killed and replaced, told to go, leaving when nobody needs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.jobs.conftest import ROOT, Bench, gone, until
from workbench import jobs
from workbench.jobs.child import Outcome, same_step, unexpected
from workbench.jobs.worker import cap_threads

KEEP_APP = """
import sys
from workbench import jobs
jobs.hold_app_lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_three_workers_at_once_and_one_lives(lone: Bench) -> None:
    started = [lone.spawn(*lone.command("stay")) for _ in range(3)]
    until(lambda: sum(process.poll() is not None for process in started) == 2)
    (living,) = [process for process in started if process.poll() is None]
    assert lone.alive()
    assert lone.worker_pid() == living.pid
    assert not lone.start()


def test_a_killed_worker_is_replaced_and_its_job_done_once(lone: Bench) -> None:
    job_id = lone.ask("count", steps=60)
    until(lambda: lone.look(job_id).share > 0.1)
    first = lone.worker_pid()
    children = [child.pid for child in psutil.Process(first).children(recursive=True)]
    assert len(children) >= 2, "the server of children and the job"
    os.kill(first, signal.SIGKILL)
    assert until(lambda: all(gone(pid) for pid in children), 3.0) < 1.5
    assert not lone.alive(), "the kernel dropped the lock"
    assert lone.look(job_id).state == "waiting", "nobody works on it"
    assert lone.start()
    done = lone.finish(job_id)
    assert done.state == "done"
    assert done.attempts == 2
    assert done.result["models"] == [f"m-{job_id}"], "the same job, so the same name to register under"
    assert lone.registered(job_id) == ["registered"]
    assert "attempt 2" in jobs.log(job_id, lone.settings)


def test_told_to_go_it_ends_its_job_cleanly_and_once_finishes_it(lone: Bench) -> None:
    lone.end()
    process = lone.spawn(*lone.command("stay"))
    job_id = lone.ask("count", steps=60)
    until(lambda: lone.look(job_id).share > 0.1)
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    start = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    assert time.monotonic() - start < 4
    until(lambda: all(gone(pid) for pid in children), 1.5)
    assert lone.look(job_id).state == "waiting"
    later = lone.ask("count", steps=1)
    once = lone.spawn(*lone.command("once"))
    assert once.wait(40) == 0
    assert [lone.look(job).state for job in (job_id, later)] == ["done", "done"]
    assert lone.registered(job_id) == ["registered"]


def test_it_stays_with_the_app_and_leaves_after_it(lone: Bench) -> None:
    app = subprocess.Popen(
        [sys.executable, "-c", KEEP_APP], env=jobs.start.environment(lone.settings), cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert app.stdout.readline() == b"held\n"
    process = lone.spawn(*lone.command("app"))
    job_id = lone.ask("count", steps=1)
    assert lone.finish(job_id).state == "done"
    time.sleep(1.2)
    assert process.poll() is None, "an app lives, though nothing is queued"
    app.communicate()
    assert process.wait(10) == 0
    assert not lone.alive()


def test_workbench_worker_stays_and_lets_no_second_one_in(lone: Bench) -> None:
    code = "import sys; from workbench import jobs; jobs.become_worker(once=len(sys.argv) > 1)"
    first = lone.spawn("-c", code)
    until(lone.alive)
    second = lone.spawn("-c", code, "once")
    assert second.wait(20) == 2
    assert "a worker already runs" in (lone.settings.home / "spawned.log").read_text()
    assert first.poll() is None
    first.terminate()
    assert first.wait(30) == 0


def test_threads_are_capped_for_what_the_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM"):
        monkeypatch.setenv(f"{name}_THREADS", "before")
    monkeypatch.setenv("OMP_WAIT_POLICY", "before")
    cap_threads(3)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


class Kept:
    """The worker's end of a pipe, as a list."""

    def __init__(self) -> None:
        self.sent: list[tuple] = []

    def send(self, said: tuple) -> None:
        self.sent.append(said)


def test_a_fit_that_tells_each_tree_is_told_seldom() -> None:
    kept, now = Kept(), [0.0]
    outcome = Outcome(kept, "7.log", clock=lambda: now[0])
    for tree in range(1000):
        now[0] += 0.001
        outcome.watch(f"tree {tree} of 1000", tree / 1000)
    outcome.watch("Calibrating", 0.9)
    assert len(kept.sent) <= 7
    assert kept.sent[-1] == ("progress", "Calibrating", 0.9)


def test_words_of_a_step_and_of_an_error() -> None:
    assert same_step("tree 9 of 400") == same_step("tree 10 of 400") != same_step("fold 9 of 400")
    assert unexpected(MemoryError(), "7.log")["error"] == "OUT_OF_MEMORY"
    told = unexpected(ValueError("could not convert string to float: 'Mrs Smith'"), "7.log")
    assert "ValueError" in told["message"] and "jobs/7.log" in told["message"]
    assert "Smith" not in str(told) and "convert" not in str(told)
