"""The self-test finds nothing here; and where something is broken, it finds that."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench.cli.app import app
from workbench.errors import ArtifactError
from workbench.intake import read
from workbench.registry import artifacts
from workbench.run import Run
from workbench.selftest import EFFORTS, Effort, disks, inputs, kills, mutants

QUICK = Effort(kills=4, mutants=8, damaged=8, writers=6, times=2)
EFFORT = EFFORTS["long"] if os.environ.get("WORKBENCH_TEST_LONG") else QUICK


def test_nothing_is_lost_silent_or_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EFFORTS, "short", EFFORT)
    answer = CliRunner().invoke(app, ["selftest", "--faults", "--json"])
    told = json.loads(answer.stdout)
    assert answer.exit_code == 0 and told["details"] == [], told["details"]
    assert told["faults"] >= EFFORT.kills + 30 * EFFORT.mutants
    assert told["bad_inputs"] == len(inputs.bad_files()) + 2 * EFFORT.damaged
    assert (told["lost"], told["silent"], told["unclear"]) == (0, 0, 0)


def test_a_version_that_vanishes_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = kills._look

    def lose(home: Path, told: list[str], ask: kills.Ask) -> object:
        with sqlite3.connect(home / "workbench.db") as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("DELETE FROM model_versions WHERE version = 1")
        return look(home, told, ask)

    monkeypatch.setattr(kills, "_look", lose)
    monkeypatch.setattr(kills, "SHORTEST", 0.4)
    tally = kills.kill_publishers(tmp_path, 1, Run())
    assert tally.lost and "version cards-1 was acknowledged" in " ".join(tally.details)


def test_publishers_that_do_not_publish_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("nothing is published")

    monkeypatch.setattr(kills.light, "publish", fail)
    monkeypatch.setattr(kills, "SHORTEST", 0.5)
    tally = kills.kill_publishers(tmp_path, 1, Run())
    assert (tally.unclear, tally.lost, tally.silent) == (2, 0, 0), tally.details
    assert "status 1" in tally.details[0] and "none of 1 publishers" in tally.details[1]
    assert "RuntimeError: nothing is published" in capfd.readouterr().err


def test_files_put_in_place_unfinished_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        # a store that does not look at what it wrote
        patch.setattr(artifacts, "_write_all", lambda handle, content: os.write(handle, content[:-1]))
        patch.setattr(artifacts, "read_folder", lambda folder, digest: ({}, frozenset()))
        patch.setattr("workbench.registry.registration._reads_back", lambda *_: lambda staged: None)
        patch.setattr(kills, "SHORTEST", 0.4)
        tally = kills.kill_publishers(tmp_path, 1, Run())
    assert tally.silent, tally.details


def test_damage_that_is_not_looked_for_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(b"0123456789" * 20)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def careful() -> None:
        artifacts.read_file(path, digest=digest)

    assert mutants._damage(path, careful, 20, []).ok
    assert mutants._damage(path, path.read_bytes, 20, []).silent == 20
    assert mutants._damage(path, lambda: os.kill(os.getpid(), signal.SIGKILL), 20, []).unclear
    with pytest.raises(ArtifactError):
        path.write_bytes(b"x")
        careful()


def test_a_full_disk_that_leaves_things_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts.shutil, "rmtree", lambda path, **_: None)
    tally = disks.fill_disk(tmp_path / "home", Run())
    assert tally.unclear and "left" in " ".join(tally.details)


def test_a_file_that_is_taken_or_badly_refused_is_found(tmp_path: Path) -> None:
    good = inputs.BadFile("x.csv", b"a,b\n1,2\n", frozenset({"NO_ROWS"}), "a good file")
    other = inputs.BadFile("x.csv", b"", frozenset({"NO_HEADER"}), "an empty file")
    tally = inputs.try_files(tmp_path, [good, other], Run())
    assert (tally.bad_inputs, tally.silent, tally.unclear) == (2, 1, 1)


def test_the_bombs_are_small_and_the_damage_real(tmp_path: Path) -> None:
    assert all(len(bad.content) < 2**23 for bad in inputs.bad_files())
    whole = tmp_path / "x.parquet"
    for bad in inputs.damaged_files(3):
        whole.write_bytes(bad.content)
    assert len({bad.content for bad in inputs.damaged_files(10)}) > 15
    with pytest.raises(Exception, match="."):
        read(whole)
