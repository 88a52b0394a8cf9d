"""Parse a file in a process of its own, with bounds on memory and time, and map what came out."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import errors
from workbench.errors import ArtifactError, BusyError, InputError, Problem
from workbench.intake.laid_down import FROM, TIMES
from workbench.intake.options import AS_FOUND, ReadOptions
from workbench.portfolio import Portfolio
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.dataset import Table

LOOK = 0.2
# One thread of linear algebra, for a process with threads must not fork; and memory that a reader lets
# go of goes back at once, for what it may take is bounded.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MIMALLOC_PURGE_DELAY": "0",
    "MIMALLOC_ARENA_EAGER_COMMIT": "0",
    "MIMALLOC_ARENA_RESERVE": "16M",  # by itself 128 MB or 1 GB: all there is, under a bound near it
    "MALLOC_ARENA_MAX": "1",  # each thread would set 64 MB of what may be taken aside for itself
}
PREFIX, SETTLED = ".reading-", 60.0
NOTHING = "Nothing was imported."


@dataclass(frozen=True)
class Limits:
    """What reading one file may take.

    Parameters
    ----------
    memory_mb : int
        Address space beyond what the readers themselves take; a mapped file does not count.
    seconds : float
        Of processor time, and of waiting.
    """

    memory_mb: int = 4096
    seconds: float = 600.0


BOUNDS = Limits()


def read_apart(
    path: Path,
    folder: Path,
    *,
    name: str = "",
    portfolio: Portfolio | None = None,
    options: ReadOptions = AS_FOUND,
    limits: Limits = BOUNDS,
    run: Run | None = None,
) -> Table:
    """Return what `workbench.intake.read` returns, parsed in a process of its own.

    Parameters
    ----------
    folder : Path
        Where the table is handed over, on a disk with room for it. Nothing stays there; what a killed
        program left is removed by the next that reads.
    limits : Limits
    run : Run, optional
        Asked several times a second whether to go on.

    Raises
    ------
    MissingError, InputError, ArtifactError
        As `read`; ``DISK_FULL``; and ``TOO_LARGE_EXPANDED``, ``TOO_SLOW``, ``UNREADABLE`` where the process
        came to a bound, or its end.
    """
    from workbench.intake import handover

    path = Path(path)
    label = Path(name).name if name else path.name
    with private_folder(folder) as out:
        arguments = {
            "path": str(path),
            "name": label,
            "portfolio": "" if portfolio is None else portfolio.model_dump_json(),
            "options": asdict(options),
            "out": str(out),
        }
        # a mapped file is address space too
        mapped = path.stat().st_size if path.is_file() else 0
        source = _ask("table", arguments, label, limits, mapped, run or Run())
        return handover.map_table(out, source)


@contextmanager
def private_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder in `folder` that is gone afterwards; what a killed program left is removed first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=PREFIX) as made, _held(Path(made)):
        yield Path(made)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep a folder locked while it is used; the lock goes with the process, however that ends."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clear(folder: Path) -> None:
    """Remove what programs that were killed left behind: it holds personal data."""
    for left in folder.glob(PREFIX + "*"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if time.time() - os.fstat(handle).st_mtime > SETTLED:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(handle)


def sheets_apart(path: Path, *, name: str = "", limits: Limits = BOUNDS) -> tuple[str, ...]:
    """Return what `workbench.intake.sheets` returns, looked up in a process of its own."""
    label = Path(name).name if name else Path(path).name
    return tuple(_ask("sheets", {"path": str(path), "name": label}, label, limits, 0, Run()))


def columns_apart(
    path: Path, *, name: str = "", options: ReadOptions = AS_FOUND, limits: Limits = BOUNDS
) -> tuple[str, ...]:
    """Return what `workbench.intake.columns` returns, looked up in a process of its own."""
    label = Path(name).name if name else Path(path).name
    arguments = {"path": str(path), "name": label, "options": asdict(options)}
    mapped = path.stat().st_size if path.is_file() else 0
    return tuple(_ask("columns", arguments, label, limits, mapped, Run()))


def warm_up() -> None:
    """Start what files are parsed beside, without waiting for it."""
    _SERVER.start()


class _Server:
    """The process that forks a reader for each file; started when first asked, once a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def start(self) -> socket.socket:
        with self._lock:
            alive = self._process is not None and self._owner == os.getpid() and self._process.poll() is None
            if not alive or self._control is None:
                ours, theirs = socket.socketpair()
                environment = os.environ | ENVIRONMENT
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "workbench.intake.server", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=environment,
                    start_new_session=True,
                )
                theirs.close()
                self._control, self._owner = ours, os.getpid()
            return self._control

    def give_up(self) -> None:
        """End it, so that the next that asks starts another."""
        with self._lock:
            if self._process is not None and self._owner == os.getpid():
                self._process.kill()
                self._process.wait()

    def connect(self) -> socket.socket:
        """Return one end of a line whose other end a new reader holds."""
        control = self.start()
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            socket.send_fds(control, [b"x"], [theirs.fileno()])
        return ours


_SERVER = _Server()


def _ask(task: str, arguments: dict[str, Any], name: str, limits: Limits, mapped: int, run: Run) -> Any:
    laid_down = mapped * TIMES if mapped >= FROM else mapped
    bounds = {"memory": limits.memory_mb * 2**20 + laid_down, "seconds": limits.seconds}
    request = json.dumps({"task": task, "arguments": arguments, "limits": bounds}).encode() + b"\n"
    for _ in range(2):
        said: dict[str, Any] = {}
        with suppress(BrokenPipeError, ConnectionResetError):
            _converse(request, said, time.monotonic() + limits.seconds, run)
        if said:
            return _result(said, name, limits)
        _SERVER.give_up()  # it had just ended, and no reader began
    raise BusyError("READER", "no process to read it could be started", name, "Try again.")


def _converse(request: bytes, said: dict[str, Any], until: float, run: Run) -> None:
    """Send a request to a new reader and collect in `said` what it says, until it has ended."""
    with _SERVER.connect() as line:
        try:
            line.sendall(request)
            for word in _words(line, until, run):
                said.update(word)
        finally:
            if "pid" in said and "exit" not in said:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(said["pid"], signal.SIGKILL)


def _words(line: socket.socket, until: float, run: Run) -> Iterator[dict[str, Any]]:
    """Yield what the reader says, until it has ended, the caller stops it, or time is up."""
    line.settimeout(LOOK)
    received = b""
    while True:
        run.step("", 0.0)
        try:
            part = line.recv(65536)
        except TimeoutError:
            if time.monotonic() > until:
                yield {"late": True}
                return
            continue
        received += part
        *lines, received = received.split(b"\n")
        for one in lines:
            word = json.loads(one)
            yield word
            if "exit" in word:
                return
        if not part:
            return


def _result(said: dict[str, Any], name: str, limits: Limits) -> Any:
    if "result" in said:
        return said["result"]
    if "error" in said:
        kind = getattr(errors, said["error"])
        raise kind.of([Problem(**problem) for problem in said["problems"]])
    if said.get("full"):
        what = f"there is no room on the disk to read it. {NOTHING[:-1]}"
        raise ArtifactError("DISK_FULL", what, name, "Make room where WORKBENCH_HOME is, then try again.")
    ended = said.get("exit")
    if ended is not None and ended > 0:
        raise RuntimeError(f"the process that reads files failed on {name}; its traceback stands above")
    if said.get("late") or ended == -signal.SIGXCPU:
        what = f"was not read within {limits.seconds:,.0f} seconds. {NOTHING[:-1]}"
        raise InputError("TOO_SLOW", what, name, "Give a part of the file, or export it as CSV or Parquet.")
    if said.get("memory") or ended == -signal.SIGKILL:
        what = f"needs more than {limits.memory_mb:,} MB of memory to be read. {NOTHING[:-1]}"
        remedy = "Give a part of the file, or let WORKBENCH_READ_MEMORY_MB say more."
        raise InputError("TOO_LARGE_EXPANDED", what, name, remedy)
    how = f" ({signal.Signals(-ended).name})" if ended is not None and ended < 0 else ""
    what = f"brought the process that was reading it to its end{how}. {NOTHING[:-1]}"
    remedy = "It is damaged: copy it again, or export it again."
    if ended == -signal.SIGABRT:  # some of what parses gives up so where memory ends
        remedy = (
            "It is damaged, or needs more memory: copy it again, or let WORKBENCH_READ_MEMORY_MB say more."
        )
    raise InputError("UNREADABLE", what, name, remedy)
