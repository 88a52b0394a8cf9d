"""A report as a job: the real worker, a real kernel; what is stopped leaves no kernel behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.shop import Place, loans, place
from tests.jobs.conftest import gone, until
from workbench import jobs, reports
from workbench.errors import InputError
from workbench.settings import Settings

SECRET, CANARY = "BANK_TOKEN", "canary-4711"
AWAY = "postgresql://risk:canary-0815@127.0.0.1:1/workbench"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Settings]]:
    """A home with nothing in it, its worker, and a file of made loans beside it."""
    os.environ[SECRET] = CANARY
    at = place(tmp_path_factory.mktemp("reported"))
    settings = Settings(home=at.folder / "home", threads=1, public_data=at.folder / "none")
    jobs.client(settings)
    jobs.hold_app_lock(settings)
    jobs.ensure_worker(settings)
    yield at, settings
    pid = int((settings.home / "jobs" / "worker.lock").read_text())
    psutil.Process(pid).terminate()
    until(lambda: not jobs.worker_alive(settings))
    del os.environ[SECRET]


def ended(job_id: str, settings: Settings) -> jobs.JobStatus:
    until(lambda: jobs.status(job_id, settings).finished, 120)
    return jobs.status(job_id, settings)


@pytest.mark.slow
def test_a_report_runs_as_a_job_and_tells_its_chapters(here: tuple[Place, Settings]) -> None:
    _, settings = here
    job = ended(jobs.enqueue_report("training", {"seed": 7}, settings, "ann"), settings)
    assert (job.state, job.error, job.kind) == ("done", "", "report")
    assert job.result is not None
    made = reports.find(settings.home, job.result["report"])
    assert (made.state, made.who, made.job_id, made.parameters) == ("done", "ann", job.job_id, {"seed": 7})
    assert any("Training report, cell" in line for line in job.log)
    assert any("How it was made" in line for line in job.log)


@pytest.mark.slow
def test_a_report_that_fails_says_why_as_a_job_and_where_it_is_kept(here: tuple[Place, Settings]) -> None:
    _, settings = here
    asked = {"study": "gone-study"}
    job = ended(jobs.enqueue_report("training", asked, settings, "ann"), settings)
    assert (job.state, job.code) == ("failed", "REPORT_FAILED")
    assert "gone-study" in job.error and "Traceback" not in job.error
    (one,) = (kept for kept in reports.kept(settings.home) if kept.job_id == job.job_id)
    assert (one.state, one.error) == ("failed", job.error)


@pytest.mark.slow
def test_a_stopped_report_ends_its_kernel_too(here: tuple[Place, Settings]) -> None:
    at, settings = here
    loans(60_000).to_csv(at.data, index=False)
    asked = {"data": at.data, "portfolio": str(Path(at.portfolio))}
    job_id = jobs.enqueue_report("training", asked, settings, "ann")
    until(lambda: "cell" in jobs.status(job_id, settings).step)
    worker = psutil.Process(int((settings.home / "jobs" / "worker.lock").read_text()))
    kernels = [
        p.pid for p in worker.children(recursive=True) if "ipykernel_launcher" in " ".join(p.cmdline())
    ]
    assert len(kernels) == 1
    jobs.cancel(job_id, settings)
    until(lambda: gone(kernels[0]) and not jobs.process_alive(job_id, settings), 4)
    (one,) = (kept for kept in reports.kept(settings.home) if kept.job_id == job_id)
    assert (one.state, one.html) == ("stopped", None)


@pytest.mark.slow
def test_no_secret_of_the_environment_or_of_a_parameter_is_kept_anywhere(
    here: tuple[Place, Settings],
) -> None:
    _, settings = here
    before = len(jobs.recent(50, settings))
    for name in ("password", f"a=1\nopen('{settings.home}/made')#"):
        with pytest.raises(InputError, match="no parameter") as caught:
            jobs.enqueue_report("training", {name: CANARY}, settings, "ann")
        assert CANARY not in str(caught.value)
    assert len(jobs.recent(50, settings)) == before
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    assert {".log", ".ipynb", ".html", ".json", ".db"} <= {path.suffix for path in files}
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_the_password_of_a_database_that_is_away_is_told_nowhere(tmp_path: Path) -> None:
    environment = os.environ | {"WORKBENCH_HOME": str(tmp_path / "home"), "WORKBENCH_DATABASE_URL": AWAY}
    for verb in (["models"], ["jobs"], ["doctor"], ["worker", "--once"]):
        told = subprocess.run(
            [sys.executable, "-m", "workbench", *verb], env=environment, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        assert told.returncode != 0 and told.stderr, verb
        assert "canary-0815" not in told.stdout + told.stderr, verb
        assert "Traceback" not in told.stderr, verb
    for path in (tmp_path / "home").rglob("*"):
        assert not path.is_file() or b"canary-0815" not in path.read_bytes(), path
    settings = Settings(home=tmp_path / "home", database_url=AWAY)
    assert "canary" not in repr(settings) and "canary" not in str(settings)
