"""Kills and full disks: what was acknowledged is whole, and what was not is gone."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.registry.tiny import WHEN, LineModel, made_dataset, open_tiny, place, register, reopened
from workbench.errors import ArtifactError, WorkbenchError
from workbench.registry import artifacts
from workbench.registry.registry import Registry

KILLS = int(os.environ.get("WORKBENCH_TEST_KILLS", "12"))


def publish_until_killed(where: dict[str, object], seed: int, told: int) -> None:
    registry = open_tiny(**where)
    for i in range(10_000):
        row = register(registry, LineModel(seed + i / 10_000), auc=0.5 + i / 30_000)
        os.write(told, f"{row.model_id} {row.manifest_sha256}\n".encode())
        if i % 3 == 0:
            registry.promote(row.model_id, who="ana", when=WHEN, force=True, why="test")
            os.write(told, f"champion {row.model_id}\n".encode())
        registry.save_dataset(made_dataset(20, sha=hashlib.sha256(f"{seed} {i}".encode()).hexdigest()))


def kill_a_publisher(where: dict[str, object], seed: int, after: float) -> list[str]:
    """Fork a publisher, kill it, and return the lines it told before."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        publish_until_killed(where, seed, writing)
        os._exit(0)
    os.close(writing)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as lines:
        return lines.read().splitlines()


def asking(url: str) -> Callable[[str], list[Any]]:
    """Return a way to ask the database itself."""
    engine = create_engine(url, poolclass=NullPool)

    def ask(statement: str) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.exec_driver_sql(statement))

    return ask


def check_independently(where: dict[str, object], told: list[str]) -> None:
    """Without the registry's code: every acknowledged version is whole, and there is one champion at most."""
    home, ask = Path(str(where["home"])), asking(str(where["database_url"]))
    kept = dict(ask("SELECT model_id, manifest_sha256 FROM model_versions"))
    acknowledged = [line.split() for line in told if not line.startswith("champion")]
    for model_id, digest in acknowledged:
        assert kept[model_id] == digest
    for model_id, digest in kept.items():
        manifest = (home / "models" / model_id / "manifest.json").read_bytes()
        assert hashlib.sha256(manifest).hexdigest() == digest
        for name, about in json.loads(manifest)["files"].items():
            content = (home / "models" / model_id / name).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (about["size"], about["sha256"])
    champions = [row[0] for row in ask("SELECT model_id FROM model_versions WHERE stage = 'champion'")]
    told_champions = [line.split()[1] for line in told if line.startswith("champion")]
    assert len(champions) <= 1
    if told_champions:
        number = int(told_champions[-1].rpartition("-")[2])
        assert int(champions[0].rpartition("-")[2]) >= number
    for sha, digest in ask("SELECT sha256, file_sha256 FROM datasets"):
        assert hashlib.sha256((home / "datasets" / f"{sha}.parquet").read_bytes()).hexdigest() == digest
    trained = [row[0] for row in ask("SELECT model_id FROM trail WHERE action = 'trained'")]
    assert sorted(trained) == sorted(kept)


def test_publishers_killed_at_random_lose_and_break_nothing(registry: Registry) -> None:
    where, home = place(registry), registry.store.home
    chance = random.Random(20261121)
    told: list[str] = []
    for seed in range(KILLS):
        told += kill_a_publisher(where, seed, chance.uniform(0.02, 0.6))
        check_independently(where, told)
    left = len([p for kind in ("models", "datasets") for p in (home / kind).glob(".stage-*")])
    registry = reopened(registry)
    assert registry.fsck() == []
    versions = registry.models()
    assert len(versions) >= len([line for line in told if not line.startswith("champion")]) > 0
    print(f"{KILLS} kills, {len(versions)} versions, {left} staged left by the last")


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
