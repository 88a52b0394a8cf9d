"""Executed reports as they are found again: what they were asked, how they ended, what never was one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.reports.test_execution import written
from workbench.errors import InputError, MissingError
from workbench.reports import find, kept, run, shelf
from workbench.settings import Settings

FIRST, LATER = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_the_newest_comes_first_with_what_it_was_asked_and_how_it_ended(
    tmp_path: Path, settings: Settings
) -> None:
    well, ill = written(tmp_path / "well", "word"), written(tmp_path / "ill", "1 / 0")
    made = run("toy", {"word": "y"}, None, settings, now=FIRST, who="ann", folder=well)
    with pytest.raises(InputError):
        run("toy", {}, None, settings, now=LATER, job_id="j-1", folder=ill)
    failed, done = kept(settings.home)
    assert (done.key, done.state, done.parameters, done.who) == (made.key, "done", {"word": "y"}, "ann")
    assert (done.name, done.title, done.started_at, done.error) == ("toy", "Toy", FIRST, "")
    assert done.html == made.html and done.size == made.html.stat().st_size
    assert done.seconds is not None and 0 < done.seconds <= made.seconds
    assert (failed.state, failed.code, failed.started_at, failed.job_id) == (
        "failed", "REPORT_FAILED", LATER, "j-1"
    )  # fmt: skip
    assert "cell 3 failed with ZeroDivisionError" in failed.error
    assert failed.html is None and failed.notebook is not None and failed.seconds is not None
    assert find(settings.home, done.key) == done


def test_a_job_that_is_run_again_goes_on_in_the_folder_it_began(tmp_path: Path, settings: Settings) -> None:
    folder = written(tmp_path / "ill", "1 / 0")
    for _ in range(2):
        with pytest.raises(InputError):
            run("toy", {}, None, settings, job_id="j-1", folder=folder)
    written(tmp_path / "ill", "word")
    made = run("toy", {}, None, settings, job_id="j-1", folder=folder)
    (one,) = kept(settings.home)
    assert (one.key, one.state, one.error) == (made.key, "done", "")
    assert run("toy", {}, None, settings, folder=folder).key != made.key, "no job: a folder of its own"


def test_what_is_at_work_is_told_from_what_was_stopped(tmp_path: Path, settings: Settings) -> None:
    folder = shelf.folder_of(settings.home) / "20260301T120000000000Z-toy"
    folder.mkdir(parents=True)
    (folder / shelf.PARAMETERS).write_text("{}")
    code = (
        "import sys, time; from pathlib import Path; from workbench.reports import shelf\n"
        "with shelf.at_work(Path(sys.argv[1])):\n    print('on', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "on\n"
        assert [one.state for one in kept(settings.home)] == ["running"]
        other.kill()
    (one,) = kept(settings.home)
    assert (one.state, one.name, one.started_at) == ("stopped", "toy", FIRST)


def test_a_report_without_a_record_or_with_a_broken_one_is_still_listed(
    tmp_path: Path, settings: Settings
) -> None:
    made = run("toy", {"word": "z"}, None, settings, now=FIRST, folder=written(tmp_path / "well", "word"))
    for record in (None, "{", "[1]", json.dumps({"started_at": "yesterday"})):
        path = made.html.parent / shelf.RECORD
        path.unlink(missing_ok=True) if record is None else path.write_text(record)
        (one,) = kept(settings.home)
        assert (one.state, one.name, one.parameters, one.who) == ("done", "toy", {"word": "z"}, "")


@pytest.mark.parametrize("key", ["", "..", "../x", "a/b", "/etc", "nothing", ".hidden", "x" * 500, "a\0b"])
def test_a_key_that_names_no_report_is_missing(settings: Settings, key: str) -> None:
    (settings.home / "reports").mkdir(parents=True)
    (settings.home / shelf.PARAMETERS).write_text("{}")
    with pytest.raises(MissingError) as caught:
        find(settings.home, key)
    assert caught.value.code == "NO_KEPT_REPORT"


def test_a_link_out_of_the_home_is_not_followed(tmp_path: Path, settings: Settings) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / shelf.PARAMETERS).write_text("{}")
    (settings.home / "reports").mkdir(parents=True)
    (settings.home / "reports" / "in").symlink_to(outside)
    with pytest.raises(MissingError):
        find(settings.home, "in")
    assert kept(settings.home) == ()
