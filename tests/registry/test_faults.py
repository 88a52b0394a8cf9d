"""Kills and full disks: what was acknowledged is whole, and what was not is gone."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.registry.tiny import LineModel, made_dataset, open_tiny, place, register, reopened
from workbench.errors import ArtifactError, WorkbenchError
from workbench.registry import artifacts
from workbench.registry.registry import Registry
from workbench.run import Run
from workbench.selftest import kills

KILLS = int(os.environ.get("WORKBENCH_TEST_KILLS", "12"))


def asking(url: str) -> Callable[[str], list[Any]]:
    """Return a way to ask the database itself."""
    engine = create_engine(url, poolclass=NullPool)

    def ask(statement: str) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.exec_driver_sql(statement))

    return ask


def test_publishers_killed_at_random_lose_and_break_nothing(registry: Registry) -> None:
    url = str(place(registry)["database_url"])
    tally = kills.kill_publishers(registry.store.home, KILLS, Run(), database_url=url, ask=asking(url))
    assert tally.ok and tally.faults == KILLS, tally.details
    assert reopened(registry).models()


def test_fsck_calls_what_a_killed_program_leaves_harmless(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed exactly between the files and the row, and between two files."""
    for killed in (
        "workbench.registry.registration._acknowledge",
        "workbench.registry.artifacts.sync_folder",
    ):
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(killed, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            register(registry, LineModel(0.5))
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    found = registry.fsck()
    assert {problem.code for problem in found} == {"ORPHAN", "STALE_STAGE"}
    assert registry.models() == []
    assert reopened(registry).fsck() == []
    assert register(registry, LineModel(0.5)).model_id == "cards-3"


def _full(handle: int, content: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("after", range(7))
def test_a_full_disk_at_any_write_leaves_nothing(
    registry: Registry, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(registry, LineModel(0.1))
    real, count = os.write, iter(range(1000))
    full = lambda handle, content: real(handle, content) if next(count) < after else _full(handle, content)  # noqa: E731
    before = sorted(p.name for p in registry.store.home.rglob("*"))
    with monkeypatch.context() as patch:
        patch.setattr(artifacts.os, "write", full)
        if after < 6:
            with pytest.raises(ArtifactError) as refused:
                register(registry, LineModel(0.2))
            assert refused.value.code == "DISK_FULL"
            assert sorted(p.name for p in registry.store.home.rglob("*")) == before
            assert registry.fsck() == []
    assert register(registry, LineModel(0.2)).stage == "trained"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_small_disk_fills_up_and_is_freed(small_disk: Path, where: dict[str, str]) -> None:
    registry = open_tiny(small_disk / "home", **where)
    registry.save_dataset(made_dataset(20))
    kept = []
    with pytest.raises(ArtifactError) as refused:
        for i in range(100):
            kept.append(register(registry, LineModel(i / 100)).model_id)
    assert refused.value.code == "DISK_FULL"
    ballast = small_disk / "home" / "models" / kept.pop()
    assert all(registry.load(model_id) for model_id in kept)
    shutil.rmtree(ballast)
    again = open_tiny(small_disk / "home", **where)
    assert [p.code for p in again.fsck()] == ["ARTIFACT_MISSING"]
    assert all(again.load(model_id) for model_id in kept)


def test_a_store_others_can_write_to_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    home.chmod(0o777)
    with pytest.raises(WorkbenchError) as refused:
        open_tiny(home)
    assert refused.value.code == "STORE"


def test_a_clone_the_group_can_write_to_is_tightened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o775)
    assert open_tiny(home).fsck() == []
    assert home.stat().st_mode & 0o777 == 0o755
