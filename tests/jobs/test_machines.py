"""Workers of two machines, each with a home of its own: one queue, and one version of each job."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import Databases
from tests.jobs.conftest import Bench, until
from tests.registry.tiny import WHEN, made_dataset, open_tiny
from workbench.registry.registry import Registry

Machines = tuple[Bench, Bench, Registry]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Machines]:
    """Two homes with a worker each, one database and one folder of models."""
    at = tmp_path_factory.mktemp("machines")
    with databases.new("postgresql", queue=True) as named:
        one, two = (Bench(at / name, **named, store=at / "shared") for name in ("one", "two"))
        registry = open_tiny(one.settings.home, **named, store=at / "shared")
        registry.save_dataset(made_dataset(), who="ana", when=WHEN)
        for bench in (one, two):
            bench.settings.home.mkdir(exist_ok=True)
            bench.spawn(*bench.command("stay"))
            until(bench.alive)
        yield one, two, registry
        for bench in (one, two):
            bench.end()
        registry.close()


def test_a_worker_whose_database_is_away_says_so_in_a_sentence(tmp_path: Path) -> None:
    away = Bench(tmp_path / "home", database_url="postgresql://ana:secret@127.0.0.1:1/w")
    away.settings.home.mkdir()
    assert away.spawn("-m", "workbench.jobs.worker_main", "once").wait(60) == 2
    told = (away.settings.home / "spawned.log").read_text()
    assert told.splitlines() == [
        "127.0.0.1/w: the database of the jobs does not answer. Start it, or correct WORKBENCH_DATABASE_URL."
    ]


def runs_on(benches: tuple[Bench, ...], job_id: str) -> Bench:
    """Wait until the process of a job is under way, and return whose it is."""
    own = [bench.settings.home / "jobs" / f"{job_id}.log" for bench in benches]
    until(lambda: any(log.exists() for log in own) and benches[0].look(job_id).share > 0.1)
    return next(bench for bench, log in zip(benches, own, strict=True) if log.exists())


def stop_worker(bench: Bench, how: int) -> None:
    """Send a signal to a worker, the server of its children and its job."""
    import psutil

    worker = psutil.Process(bench.worker_pid())
    for process in (worker, *worker.children(recursive=True)):
        os.kill(process.pid, how)


def connections_of(bench: Bench) -> None:
    """Let the server give a worker's machine up, as it does with one that no longer answers."""
    name = (bench.settings.home / "jobs" / "worker-name").read_text()
    url = bench.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as database:
        found = database.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s",
            [f"workbench {name}"],
        ).fetchone()
    assert found == (1,)


def test_two_machines_share_the_work_and_what_comes_of_it(machines: Machines) -> None:
    one, two, registry = machines
    asked = [one.ask("publish", steps=20, slope=i / 10) for i in range(4)]
    done = [two.finish(job_id) for job_id in asked]
    assert [job.state for job in done] == ["done"] * 4, [job.error for job in done]
    made = {log.parent.parent.name for b in (one, two) for log in (b.settings.home / "jobs").glob("*-*.log")}
    assert made == {"one", "two"}, "each took some"
    versions = {row.job_id: row.model_id for row in registry.models()}
    assert versions == {job.job_id: job.result["models"][0] for job in done}
    assert registry.fsck() == []


def test_a_worker_that_stood_still_while_its_job_was_taken_over_makes_no_second_version(
    machines: Machines,
) -> None:
    one, two, registry = machines
    before = {row.model_id for row in registry.models()}
    job_id = one.ask("publish", steps=30, slope=7.0)
    still = runs_on((one, two), job_id)
    other = two if still is one else one
    stop_worker(still, signal.SIGSTOP)
    try:
        connections_of(still)
        done = other.finish(job_id)
    finally:
        stop_worker(still, signal.SIGCONT)
    assert (done.state, done.attempts) == ("done", 2), done.error
    log = still.settings.home / "jobs" / f"{job_id}.log"
    until(lambda: not _holds(still, job_id))
    made = [row for row in registry.models() if row.model_id not in before]
    assert [row.job_id for row in made] == [job_id], log.read_text()
    assert [row.model_id for row in made] == other.look(job_id).result["models"]
    assert len(registry.trail(model_id=made[0].model_id)) == 1
    assert registry.fsck() == []
    again = one.finish(one.ask("publish", steps=1, slope=8.0))
    assert again.state == "done", "both go on"


def _holds(bench: Bench, job_id: str) -> bool:
    from workbench import jobs

    return jobs.process_alive(job_id, bench.settings)


def test_a_machine_that_is_gone_for_good_loses_no_job(machines: Machines, tmp_path: Path) -> None:
    one, two, registry = machines
    job_id = two.ask("publish", steps=40, slope=9.0)
    gone = runs_on((one, two), job_id)
    stop_worker(gone, signal.SIGKILL)
    done = (two if gone is one else one).finish(job_id)
    assert (done.state, done.attempts) == ("done", 2), done.error
    assert [row.job_id for row in registry.models()].count(job_id) == 1 and registry.fsck() == []
