"""What the one who asks sees: a job waits, runs, tells, ends; errors are words; cancel takes two seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psycopg
import pytest

from tests.jobs.conftest import ROOT, Bench, gone, until
from workbench import jobs
from workbench.errors import InputError, MissingError


def test_a_page_that_imports_jobs_waits_for_no_heavy_library() -> None:
    heavy = "{'dbos', 'sqlalchemy', 'pandas', 'lightgbm'}"
    code = f"import sys, workbench.jobs; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_worker_starts_on_demand_and_tells_from_inside_the_fit(bench: Bench) -> None:
    job_id = bench.ask("fit", trees=40, pause=0.05)
    first = bench.look(job_id)
    assert (first.state, first.kind, first.name, first.who) == ("waiting", "fit", "Small fit", "ann")
    assert bench.start()
    assert not bench.start(), "one is on its way"
    shares = []
    while not (now := bench.look(job_id)).finished:
        shares.append(now.share)
        assert now.state in ("waiting", "running")
        time.sleep(0.1)
    rising = sorted(set(shares) - {0.0})
    assert len(rising) >= 3, "progress from inside the fit"
    assert shares == sorted(shares)
    done = bench.look(job_id)
    assert (done.state, done.share, done.error) == ("done", 1.0, "")
    assert done.result is not None
    assert done.result["study_id"] == "s-1"
    assert done.result["models"] == [f"m-{job_id}"], "the use case knows its job"
    assert done.result["who"] == "ann"
    assert (done.result["threads"], done.result["omp"], done.result["wait"]) == (1, "1", "PASSIVE")
    assert done.created_at <= done.started_at <= done.finished_at
    assert "Fitting LightGBM, tree" in done.log[-1]
    assert len(done.log) == 3, "the trees of one fit share a line"
    assert "Preparing" in jobs.log(job_id, bench.settings)
    json.dumps(done.to_json())


def test_the_next_job_starts_in_a_moment(bench: Bench) -> None:
    assert not bench.start(), "one lives already"
    start = time.monotonic()
    assert bench.finish(bench.ask("fit", trees=1)).state == "done"
    assert time.monotonic() - start < 4


def test_the_callers_errors_arrive_as_they_were_raised(bench: Bench) -> None:
    failed = bench.finish(bench.ask("refuse"))
    assert (failed.state, failed.code, failed.result) == ("failed", "TOO_FEW_BADS", None)
    assert failed.error.startswith("sample: 3 bads, 100 are needed. Give more rows.")
    assert [problem["code"] for problem in failed.problems] == ["TOO_FEW_BADS", "CONSTANT"]


def test_an_unexpected_error_is_one_sentence_and_a_traceback_in_the_log(bench: Bench) -> None:
    failed = bench.finish(bench.ask("stumble"))
    assert failed.code == "UNEXPECTED"
    assert failed.error.count("\n") == 0
    assert "KeyError" in failed.error
    assert "Traceback" not in json.dumps(failed.to_json())
    log = jobs.log(failed.job_id, bench.settings)
    assert "Traceback (most recent call last)" in log
    assert "small_tasks.py" in log


def test_a_process_ended_by_the_system_is_said_so(bench: Bench) -> None:
    failed = bench.finish(bench.ask("die"))
    assert failed.code == "OUT_OF_MEMORY"
    assert "ended by the operating system (exit -9), likely out of memory" in failed.error


def test_a_kind_nobody_knows_fails_in_words(bench: Bench) -> None:
    failed = bench.finish(bench.ask("bake"))
    assert failed.code == "NO_TASK"
    assert "'bake'" in failed.error
    assert "fit" in failed.error


def test_cancel_ends_a_busy_process_and_what_it_started_within_two_seconds(bench: Bench) -> None:
    job_id = bench.ask("hold", busy=True)
    waiting = bench.ask("fit", trees=1)
    pid, beside = bench.pids(job_id)
    assert bench.look(waiting).state == "waiting", "one job at a time"
    assert jobs.process_alive(job_id, bench.settings)
    assert not jobs.process_alive(waiting, bench.settings)
    start = time.monotonic()
    assert jobs.cancel(job_id, bench.settings).state == "cancelled"
    until(lambda: gone(pid) and gone(beside), 2.0)
    assert time.monotonic() - start < 2.0
    until(lambda: not jobs.process_alive(job_id, bench.settings), 1.0)
    assert bench.finish(waiting).state == "done", "the worker goes on"
    assert bench.look(job_id).state == "cancelled"
    assert jobs.cancel(waiting, bench.settings).state == "done", "what is done stays done"


def test_a_waiting_job_is_cancelled_without_having_run(bench: Bench) -> None:
    first = bench.ask("hold")
    second = bench.ask("fit", trees=1)
    bench.pids(first)
    assert jobs.cancel(second, bench.settings).state == "cancelled"
    jobs.cancel(first, bench.settings)
    assert bench.finish(bench.ask("fit", trees=1)).state == "done"
    assert not (bench.settings.home / "made" / second).exists()


def test_recent_lists_the_newest_first(bench: Bench) -> None:
    last = bench.ask("fit", trees=1)
    bench.finish(last)
    listed = jobs.recent(3, bench.settings)
    assert len(listed) == 3
    assert listed[0].job_id == last
    assert listed[0].state == "done"
    assert {job.state for job in jobs.recent(50, bench.settings)} == {"done", "failed", "cancelled"}


def test_looking_costs_milliseconds(bench: Bench) -> None:
    job_id = jobs.recent(1, bench.settings)[0].job_id
    times = []
    for _ in range(20):
        start = time.perf_counter()
        bench.look(job_id)
        times.append(time.perf_counter() - start)
    assert sorted(times)[10] < 0.1


@pytest.mark.parametrize("job_id", ["nothing-like-it", "../../etc/passwd", ""])
def test_a_job_that_is_not_there_is_missing(bench: Bench, job_id: str) -> None:
    for ask in (jobs.status, jobs.cancel):
        with pytest.raises(MissingError) as caught:
            ask(job_id, bench.settings)
        assert caught.value.code == "NO_JOB"


def test_a_log_outside_the_folder_is_not_read(bench: Bench) -> None:
    with pytest.raises(MissingError):
        jobs.log("../worker", bench.settings)
    assert jobs.log("never-ran", bench.settings) == ""


def test_parameters_must_be_json(bench: Bench) -> None:
    with pytest.raises(InputError) as caught:
        bench.ask("fit", trees=object())
    assert caught.value.code == "NOT_JSON"


def everything(bench: Bench) -> bytes:
    """Return all that is kept of the jobs."""
    if bench.settings.database_url.startswith("sqlite"):
        return (bench.settings.home / "jobs.db").read_bytes()
    url = bench.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url) as database:
        rows = database.execute("SELECT w::text FROM dbos.workflow_status w").fetchall()
    return "\n".join(line for (line,) in rows).encode()


def test_nothing_in_the_queue_is_pickled(bench: Bench) -> None:
    kept = everything(bench)
    assert b"py_pickle" not in kept
    assert b"portable_json" in kept
