"""A report as a job: the real worker, a real kernel; what is stopped leaves no kernel behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.shop import Place, loans, place
from tests.jobs.conftest import gone, until
from workbench import jobs, reports
from workbench.settings import Settings


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Settings]]:
    """A home with nothing in it, its worker, and a file of made loans beside it."""
    at = place(tmp_path_factory.mktemp("reported"))
    settings = Settings(home=at.folder / "home", threads=1, public_data=at.folder / "none")
    jobs.client(settings)
    jobs.hold_app_lock(settings)
    jobs.ensure_worker(settings)
    yield at, settings
    pid = int((settings.home / "jobs" / "worker.lock").read_text())
    psutil.Process(pid).terminate()
    until(lambda: not jobs.worker_alive(settings))


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
