"""The spool: nothing half written stays, and nothing in use is taken away."""

from __future__ import annotations

import os
import time

import pytest

from workbench.errors import MissingError
from workbench.ui import spool


def broken():
    yield b"id,bad\n"
    raise OSError("the connection broke")


def test_a_file_that_could_not_be_written_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="broke"):
        spool.put(tmp_path, "loans.csv", broken())
    assert not list((tmp_path / "uploads").iterdir())


def test_what_was_looked_at_within_a_day_stays_and_the_oldest_goes(tmp_path):
    made = [spool.put(tmp_path, "a.csv", [b"a,b\n%d,1\n" % i]) for i in range(spool.KEPT + 3)]
    folder = tmp_path / "uploads"
    assert len(list(folder.glob("*.json"))) == spool.KEPT + 3
    long_ago = time.time() - spool.IN_USE - 60
    for upload in made[:3]:
        os.utime(folder / f"{upload.sha256[:16]}.json", (long_ago, long_ago))
    (folder / ".part-left").write_bytes(b"personal")
    os.utime(folder / ".part-left", (long_ago, long_ago))
    assert spool.find(tmp_path, made[0].key) == made[0]  # someone works with it
    spool.put(tmp_path, "a.csv", [b"a,b\n1,2\n"])
    assert spool.find(tmp_path, made[0].key) == made[0]
    for upload in made[1:3]:
        with pytest.raises(MissingError):
            spool.find(tmp_path, upload.key)
    assert not list(folder.glob(".part-*"))


def test_what_another_session_works_with_is_only_let_go_of(tmp_path):
    folder = tmp_path / "uploads"
    key = spool.put(tmp_path, "a.csv", [b"a,b\n1,2\n"]).key
    assert {spool.find(tmp_path, key, who).key for who in ("one", "two")} == {key}
    spool.remove(tmp_path, key, "one")
    assert spool.find(tmp_path, key, "two").size == 8
    assert [path.name for path in folder.glob("*.held")] == [f"{key.removeprefix(spool.PREFIX)}.two.held"]
    spool.find(tmp_path, key, "three")
    long_ago = time.time() - spool.IN_USE - 60
    os.utime(next(folder.glob("*.three.held")), (long_ago, long_ago))
    spool.remove(tmp_path, key, "two")
    assert not list(folder.iterdir()), "whoever looked a day ago does not keep it"
