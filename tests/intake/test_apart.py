"""A file parsed in a process of its own: the same table, and whatever happens there stays there."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from tests.public import public
from workbench import intake
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.intake import Limits, PortfolioShelf, ReadOptions, apart, laid_down, reading, server
from workbench.portfolio import Portfolio, from_values
from workbench.run import Cancelled, Run


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "reading"


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.csv"
    row = ",".join(["1234.5678"] * 40)
    path.write_text(",".join(f"x{i}" for i in range(40)) + "\n" + f"{row}\n" * 120_000)
    return path


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that is laid down on disk while it is parsed: its short texts would take 1 GB."""
    path = tmp_path_factory.mktemp("large") / "large.csv"
    row = ",".join("1" * 40) + "\n"
    path.write_text(",".join(f"x{i}" for i in range(40)) + "\n" + row * 860_000)
    assert path.stat().st_size >= laid_down.FROM
    return path


def readers() -> list[psutil.Process]:
    process = apart._SERVER._process
    return [] if process is None else psutil.Process(process.pid).children()


def numbers_after_the_first(columns: int = 40) -> Portfolio:
    numbers = [{"name": f"x{i}", "kind": "number"} for i in range(1, columns)]
    outcome = {"column": "x0", "bad": ["1"], "good": ["0"]}
    return from_values({"name": "large", "outcome": outcome, "characteristics": numbers}, "large")


def mixed_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [1.5, np.nan, -0.0, 3e38],
            "whole": pd.array([1, None, 2**62 + 1, -3], dtype="Int64"),
            "small": np.array([1, 2, 3, 4], np.int8),
            "sure": [True, False, True, True],
            "maybe": pd.array([True, None, False, True], dtype="boolean"),
            "text": ["NA", "", "é", "007"],
            "day": pd.to_datetime(["2024-01-31", None, "1999-12-31", "2024-02-29"]),
        }
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_the_table_is_the_one_read_here(tmp_path: Path, there: Path, form: str) -> None:
    path = tmp_path / f"mixed.{form}"
    frame = mixed_frame()
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[form]
    write(path, index=False)
    here, mapped = intake.read(path), intake.read_apart(path, there)
    pd.testing.assert_frame_equal(mapped.frame, here.frame)
    pd.testing.assert_frame_equal(mapped.refused, here.refused)
    np.testing.assert_array_equal(mapped.record, here.record)
    assert mapped.source == here.source
    assert not list(there.iterdir())


def test_a_portfolio_and_what_is_declared_reach_the_reader(tmp_path: Path, there: Path) -> None:
    portfolio = PortfolioShelf(tmp_path).find("german_credit")
    path = public("german_credit/german_labelled.csv")
    here = intake.read(path, portfolio=portfolio)
    pd.testing.assert_frame_equal(intake.read_apart(path, there, portfolio=portfolio).frame, here.frame)
    (tmp_path / "x").write_bytes("a;b\n1,5;Mü\n".encode("cp1252"))
    options = ReadOptions(";", ",", "cp1252", ("", "none"))
    table = intake.read_apart(tmp_path / "x", there, name="folder/x.csv", options=options)
    assert table.frame.to_dict("list") == {"a": ["1,5"], "b": ["Mü"]}
    assert table.source.name == "x.csv"


def test_errors_are_those_of_the_reader(tmp_path: Path, there: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2,3\n1,2,3\n")
    with pytest.raises(InputError) as here:
        intake.read(tmp_path / "x.csv")
    with pytest.raises(InputError) as told:
        intake.read_apart(tmp_path / "x.csv", there)
    assert told.value.code == "RAGGED_ROWS"
    assert str(told.value) == str(here.value)
    with pytest.raises(MissingError, match="no such file"):
        intake.read_apart(tmp_path / "gone.csv", there)
    assert not list(there.iterdir())


def test_sheets_are_looked_up_apart_too(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "x.xlsx") as book:
        for name in ("Loans", "Notes"):
            pd.DataFrame({"a": [1]}).to_excel(book, sheet_name=name, index=False)
    assert intake.sheets_apart(tmp_path / "x.xlsx") == ("Loans", "Notes")


@pytest.mark.parametrize(
    ("limits", "code"),
    [(Limits(memory_mb=24), "TOO_LARGE_EXPANDED"), (Limits(seconds=0.05), "TOO_SLOW")],
    ids=["memory", "time"],
)
def test_a_bound_ends_the_reader_and_nothing_else(
    long_file: Path, there: Path, limits: Limits, code: str
) -> None:
    with pytest.raises(InputError, match="Nothing was imported") as told:
        intake.read_apart(long_file, there, limits=limits)
    assert told.value.code == code
    assert len(intake.read_apart(long_file, there).frame) == 120_000
    assert not list(there.iterdir())


def most_held(reader: psutil.Process) -> float:
    """Return the most MB of memory that a process has held."""
    with suppress(OSError, StopIteration):
        told = Path(f"/proc/{reader.pid}/status").read_text().splitlines()
        return int(next(line for line in told if line.startswith("VmHWM")).split()[1]) / 1024
    return 0.0


@pytest.mark.parametrize("typed", [False, True])
def test_a_large_file_is_never_held_in_memory(large_file: Path, there: Path, typed: bool) -> None:
    held: list[float] = []
    watch = Run(watch=lambda what, done: held.extend(map(most_held, readers())))
    before = psutil.Process().memory_info().rss
    portfolio = numbers_after_the_first() if typed else None
    table = intake.read_apart(large_file, there, portfolio=portfolio, run=watch)
    assert max(held) < 330
    assert psutil.Process().memory_info().rss - before < 100 * 2**20
    assert table.frame.shape == (860_000, 40)
    assert table.frame["x39"].iloc[[0, 500_000, -1]].tolist() == ([1.0] * 3 if typed else ["1"] * 3)
    assert not list(there.iterdir())


@pytest.mark.parametrize("typed", [False, True], ids=["file too long", "map too large"])
def test_a_large_file_that_comes_to_the_bound_is_refused(
    large_file: Path, there: Path, monkeypatch: pytest.MonkeyPatch, typed: bool
) -> None:
    monkeypatch.setattr(apart, "TIMES", 0)  # what is laid down counts too
    portfolio = numbers_after_the_first() if typed else None
    with pytest.raises(InputError, match="more than 160 MB of memory.*Nothing was imported") as told:
        intake.read_apart(large_file, there, portfolio=portfolio, limits=Limits(memory_mb=160))
    assert told.value.code == "TOO_LARGE_EXPANDED"
    assert not list(there.iterdir())


@pytest.mark.parametrize("memory", [1, 12, 24])
def test_a_parser_without_memory_to_begin_does_not_wait(tmp_path: Path, there: Path, memory: int) -> None:
    path = tmp_path / "x.csv"
    path.write_text("x0,x1\n" + "1,\n" * 700_000)
    limits = Limits(memory_mb=memory, seconds=20)
    with pytest.raises(InputError, match="Nothing was imported") as told:
        intake.read_apart(path, there, portfolio=numbers_after_the_first(2), limits=limits)
    assert told.value.code == "TOO_LARGE_EXPANDED"


@pytest.mark.parametrize("memory", [128, 136, 1024, 1032])
def test_what_the_parser_sets_aside_does_not_leave_it_without(
    tmp_path: Path, there: Path, memory: int
) -> None:
    (tmp_path / "x.csv").write_text("x0,x1\n" + "1,\n" * 100)
    portfolio, limits = numbers_after_the_first(2), Limits(memory_mb=memory, seconds=20)
    assert len(intake.read_apart(tmp_path / "x.csv", there, portfolio=portfolio, limits=limits).frame) == 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("where", ["texts", "numbers", "handed over"])
def test_a_full_disk_is_said(
    tmp_path: Path, there: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The request is answered in this process, whose files are on a device that has no room."""

    def converse(request: bytes, said: dict[str, object], until: float, run: Run) -> None:
        asked = json.loads(request)
        if where == "handed over":
            Path(asked["arguments"]["out"], "rows-0.arrow").symlink_to("/dev/full")
        said.update(server._answer(asked), exit=0)

    (tmp_path / "x.csv").write_text("x0,x1\n" + "1,2.5\n" * 100)
    monkeypatch.setattr(apart, "_converse", converse)
    if where != "handed over":
        monkeypatch.setattr(reading, "FROM", 0)
        monkeypatch.setattr(laid_down.LaidDown, "file", lambda self: open("/dev/full", "r+b"))  # noqa: SIM115
        monkeypatch.delattr(os, "posix_fallocate", raising=False)  # what a device has not
    portfolio = numbers_after_the_first(2) if where == "numbers" else None
    with pytest.raises(ArtifactError, match="no room on the disk") as told:
        intake.read_apart(tmp_path / "x.csv", there, portfolio=portfolio)
    assert told.value.code == "DISK_FULL"


@pytest.mark.parametrize("known", [True, False], ids=["at once", "by zeros"])
def test_room_for_numbers_is_taken_before_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if not known:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)  # as on macOS
    room, made = laid_down.LaidDown(tmp_path), []
    file = room.file
    monkeypatch.setattr(room, "file", lambda: made.append(os.dup((opened := file()).fileno())) or opened)
    n = 300_001
    numbers = room.numbers(n)
    taken = os.fstat(made[0])
    os.close(made[0])
    assert taken.st_size == 8 * n <= taken.st_blocks * 512
    numbers[:] = np.arange(n)
    room.let_go()
    assert numbers[-1] == n - 1


def ended_by(number: int) -> Callable[[str, float], None]:
    def watch(what: str, done: float) -> None:
        for reader in readers():
            os.kill(reader.pid, number)

    return watch


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGSEGV, "UNREADABLE"), (signal.SIGABRT, "UNREADABLE"), (signal.SIGKILL, "TOO_LARGE_EXPANDED")],
)
def test_a_reader_that_is_brought_down_is_said(long_file: Path, there: Path, number: int, code: str) -> None:
    with pytest.raises(InputError, match="Nothing was imported") as told:
        intake.read_apart(long_file, there, run=Run(watch=ended_by(number)))
    assert told.value.code == code
    assert not list(there.iterdir())


def test_a_read_that_is_stopped_leaves_neither_process_nor_file(long_file: Path, there: Path) -> None:
    seen: list[int] = []

    def cancelled() -> bool:
        seen.extend(reader.pid for reader in readers())
        return bool(seen)

    with pytest.raises(Cancelled):
        intake.read_apart(long_file, there, run=Run(cancelled=cancelled))
    psutil.wait_procs([psutil.Process(pid) for pid in seen if psutil.pid_exists(pid)], timeout=10)
    assert not [pid for pid in seen if psutil.pid_exists(pid)]
    assert not list(there.iterdir())


def test_where_the_process_beside_was_killed_another_takes_its_place(tmp_path: Path, there: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    intake.read_apart(tmp_path / "x.csv", there)
    process = apart._SERVER._process
    assert process is not None
    process.kill()
    process.wait()
    assert len(intake.read_apart(tmp_path / "x.csv", there).frame) == 1
    assert apart._SERVER._process is not process


def test_several_read_at_once_and_get_their_own(tmp_path: Path, there: Path) -> None:
    got: dict[int, list[str]] = {}

    def read(number: int) -> None:
        path = tmp_path / f"{number}.csv"
        path.write_text(f"a,b\n{number},x\n")
        got[number] = list(intake.read_apart(path, there).frame["a"])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == {number: [str(number)] for number in range(8)}


def test_what_a_killed_program_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path, there: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for name in ("left", "used", "new"):
        (there / f".reading-{name}").mkdir(parents=True)
        (there / f".reading-{name}" / "rows.arrow").write_text("x")
        if name != "new":
            os.utime(there / f".reading-{name}", (0, 0))
    with apart._held(there / ".reading-used"):
        intake.read_apart(tmp_path / "x.csv", there)
    assert sorted(path.name for path in there.iterdir()) == [".reading-new", ".reading-used"]


def test_a_mistake_of_ours_is_not_told_as_a_damaged_file(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(apart, "_SERVER", apart._Server())  # its errors go where they are looked for here
    with pytest.raises(RuntimeError, match="x.csv"):
        apart._ask("no such task", {}, "x.csv", Limits(), 0, Run())
    assert "KeyError" in capfd.readouterr().err


def test_a_server_that_dies_with_the_request_is_replaced(tmp_path: Path, there: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    intake.read_apart(tmp_path / "x.csv", there)
    process = apart._SERVER._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    threading.Timer(0.3, process.kill).start()
    assert len(intake.read_apart(tmp_path / "x.csv", there).frame) == 1
