"""Kills, full disks, crowds: what was acknowledged is whole, and what was not is gone."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.registry.tiny import PORTFOLIO, WHEN, LineModel, made_dataset, open_tiny, register
from workbench.errors import ArtifactError, BusyError, GateError, WorkbenchError
from workbench.registry import artifacts
from workbench.registry.registry import Registry

KILLS = int(os.environ.get("WORKBENCH_TEST_KILLS", "30"))
FORK = multiprocessing.get_context("fork")


def in_children(count: int, work: object, *arguments: object) -> list[object]:
    """Run `work` in processes of its own and return what each puts into its queue."""
    queue = FORK.SimpleQueue()
    children = [FORK.Process(target=work, args=(queue, i, *arguments)) for i in range(count)]  # type: ignore[arg-type]
    for child in children:
        child.start()
    found = [queue.get() for _ in children]
    for child in children:
        child.join()
        assert child.exitcode == 0
    return found


def publish_until_killed(home: Path, seed: int, told: int) -> None:
    registry = open_tiny(home)
    for i in range(10_000):
        row = register(registry, LineModel(seed + i / 10_000), auc=0.5 + i / 30_000)
        os.write(told, f"{row.model_id} {row.manifest_sha256}\n".encode())
        if i % 3 == 0:
            registry.promote(row.model_id, who="ana", when=WHEN, force=True, why="test")
            os.write(told, f"champion {row.model_id}\n".encode())
        registry.save_dataset(made_dataset(20, sha=hashlib.sha256(f"{seed} {i}".encode()).hexdigest()))


def kill_a_publisher(home: Path, seed: int, after: float) -> list[str]:
    """Fork a publisher, kill it, and return the lines it told before."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        publish_until_killed(home, seed, writing)
        os._exit(0)
    os.close(writing)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as lines:
        return lines.read().splitlines()


def check_independently(home: Path, told: list[str]) -> None:
    """Without the registry's code: every acknowledged version is whole, and there is one champion at most."""
    database = sqlite3.connect(home / "workbench.db")
    kept = dict(database.execute("SELECT model_id, manifest_sha256 FROM model_versions"))
    acknowledged = [line.split() for line in told if not line.startswith("champion")]
    for model_id, digest in acknowledged:
        assert kept[model_id] == digest
    for model_id, digest in kept.items():
        manifest = (home / "models" / model_id / "manifest.json").read_bytes()
        assert hashlib.sha256(manifest).hexdigest() == digest
        for name, about in json.loads(manifest)["files"].items():
            content = (home / "models" / model_id / name).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (about["size"], about["sha256"])
    champions = [
        row[0] for row in database.execute("SELECT model_id FROM model_versions WHERE stage = 'champion'")
    ]
    told_champions = [line.split()[1] for line in told if line.startswith("champion")]
    assert len(champions) <= 1
    if told_champions:
        number = int(told_champions[-1].rpartition("-")[2])
        assert int(champions[0].rpartition("-")[2]) >= number
    for sha, digest in database.execute("SELECT sha256, file_sha256 FROM datasets"):
        assert hashlib.sha256((home / "datasets" / f"{sha}.parquet").read_bytes()).hexdigest() == digest
    trained = [row[0] for row in database.execute("SELECT model_id FROM trail WHERE action = 'trained'")]
    assert sorted(trained) == sorted(kept)
    database.close()


def test_publishers_killed_at_random_lose_and_break_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_tiny(home).save_dataset(made_dataset())
    chance = random.Random(20261121)
    told: list[str] = []
    for seed in range(KILLS):
        told += kill_a_publisher(home, seed, chance.uniform(0.02, 0.6))
        check_independently(home, told)
    left = len([p for kind in ("models", "datasets") for p in (home / kind).glob(".stage-*")])
    registry = open_tiny(home)
    assert registry.fsck() == []
    versions = registry.models()
    assert len(versions) >= len([line for line in told if not line.startswith("champion")]) > 0
    print(f"{KILLS} kills, {len(versions)} versions, {left} staged left by the last")


def test_fsck_calls_what_a_killed_program_leaves_harmless(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed exactly between the files and the row, and between two files."""
    home = registry.store.home
    for place in ("workbench.registry.registration._acknowledge", "workbench.registry.artifacts.sync_folder"):
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(place, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            register(registry, LineModel(0.5))
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    found = registry.fsck()
    assert {problem.code for problem in found} == {"ORPHAN", "STALE_STAGE"}
    assert registry.models() == []
    assert open_tiny(home).fsck() == []
    assert register(registry, LineModel(0.5)).model_id == "cards-3"


def test_an_older_database_over_a_newer_store_and_the_reverse(registry: Registry) -> None:
    home = registry.store.home
    register(registry, LineModel(0.1))
    shutil.copy(home / "workbench.db", home.parent / "yesterday.db")
    register(registry, LineModel(0.2))
    shutil.copy(home / "workbench.db", home.parent / "today.db")
    shutil.copy(home.parent / "yesterday.db", home / "workbench.db")
    older = open_tiny(home)
    assert [(p.code, Path(p.where).name) for p in older.fsck()] == [("NO_ROW", "cards-2")]
    assert older.quarantine(who="ana", when=WHEN) == ["models/cards-2"]
    assert older.fsck() == [] and "quarantine/20261121T093000Z" in older.trail(limit=1)[0].sentence
    shutil.copy(home.parent / "today.db", home / "workbench.db")
    assert [p.code for p in open_tiny(home).fsck()] == ["ARTIFACT_MISSING"]


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


def test_a_small_disk_fills_up_and_is_freed(small_disk: Path) -> None:
    registry = open_tiny(small_disk / "home")
    registry.save_dataset(made_dataset(20))
    kept = []
    with pytest.raises(ArtifactError) as refused:
        for i in range(100):
            kept.append(register(registry, LineModel(i / 100)).model_id)
    assert refused.value.code == "DISK_FULL"
    ballast = small_disk / "home" / "models" / kept.pop()
    assert all(registry.load(model_id) for model_id in kept)
    shutil.rmtree(ballast)
    again = open_tiny(small_disk / "home")
    assert [p.code for p in again.fsck()] == ["ARTIFACT_MISSING"]
    assert all(again.load(model_id) for model_id in kept)


def promote_many(queue: object, who: int, home: Path, times: int) -> None:
    registry, chance, done = open_tiny(home), random.Random(who), 0
    for _ in range(times):
        with suppress(GateError):
            registry.candidate(f"cards-{chance.randint(1, 6)}", who=f"p{who}", when=WHEN)
        try:
            registry.promote(
                f"cards-{chance.randint(1, 6)}", who=f"p{who}", when=WHEN, force=True, why="race"
            )
            done += 1
        except GateError:
            pass
        with registry.store.database.read() as session:
            from workbench.registry.tables import ModelTable

            champions = session.query(ModelTable).filter_by(stage="champion").count()
        assert champions == 1
    queue.put(done)  # type: ignore[attr-defined]


def test_promoters_race_and_there_is_always_one_champion(registry: Registry) -> None:
    for i in range(6):
        register(registry, LineModel(i / 10))
    registry.promote("cards-1", who="ana", when=WHEN)
    done = in_children(4, promote_many, registry.store.home, 15)
    assert sum(done) > 0  # type: ignore[arg-type]
    assert len(registry.models("cards", "champion")) == 1
    assert registry.fsck() == []


def write_many(queue: object, who: int, home: Path, times: int) -> None:
    registry = open_tiny(home)
    rows = [register(registry, LineModel(who + i / 100), who=f"w{who}") for i in range(times)]
    queue.put([(row.model_id, row.manifest_sha256) for row in rows])  # type: ignore[attr-defined]


def test_eight_writers_lose_nothing(registry: Registry) -> None:
    start = time.perf_counter()
    found = in_children(8, write_many, registry.store.home, 10)
    print(f"80 registrations by 8 writers in {time.perf_counter() - start:.1f} s")
    told = [pair for rows in found for pair in rows]  # type: ignore[union-attr]
    assert len(dict(told)) == 80
    assert dict(told) == {row.model_id: row.manifest_sha256 for row in registry.models()}
    assert sorted(row.version for row in registry.models()) == list(range(1, 81))
    assert len([line for line in registry.trail(limit=1000) if line.action == "trained"]) == 80
    assert registry.fsck() == []


def write_same(queue: object, who: int, home: Path) -> None:
    registry = open_tiny(home)
    dataset = registry.save_dataset(made_dataset(50, sha="b" * 64))
    study = registry.save_study(
        "same", {"a": b"1"}, portfolio=PORTFOLIO, dataset_sha256="b" * 64, spec={}, who="ana", when=WHEN
    )
    row = register(registry, LineModel(0.5), dataset_sha256="b" * 64, study_id="same")
    queue.put((dataset.sha256, study.manifest_sha256, row.model_id, row.again))  # type: ignore[attr-defined]


def test_eight_writers_of_the_same_make_one(registry: Registry) -> None:
    found = in_children(8, write_same, registry.store.home)
    assert len({entry[:3] for entry in found}) == 1  # type: ignore[index]
    assert [entry[3] for entry in found].count(False) == 1  # type: ignore[index]
    assert len(registry.models()) == 1 and len(registry.trail(model_id=registry.models()[0].model_id)) == 8
    assert registry.fsck() == [] and open_tiny(registry.store.home).fsck() == []


def acknowledge_many(queue: object, who: int, home: Path) -> None:
    registry = open_tiny(home)
    for i in range(5):
        registry.acknowledge(
            made_dataset(), "LEAKAGE_NAME", f"c{who}_{i}", why="so", who=f"w{who}", when=WHEN
        )
    queue.put(who)  # type: ignore[attr-defined]


def test_reasons_given_at_once_are_all_kept(registry: Registry) -> None:
    in_children(6, acknowledge_many, registry.store.home)
    assert len(registry.acknowledged(made_dataset())) == 30


def test_a_busy_database_says_so_and_keeps_nothing(registry: Registry) -> None:
    impatient = open_tiny(registry.store.home, busy_seconds=0.2)
    other = sqlite3.connect(registry.store.home / "workbench.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError) as refused:
        register(impatient, LineModel(0.1))
    assert refused.value.code == "BUSY" and "0.2 s" in str(refused.value)
    other.execute("ROLLBACK")
    assert impatient.models() == [] and impatient.fsck() == []
    assert register(impatient, LineModel(0.1)).model_id == "cards-1"


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
