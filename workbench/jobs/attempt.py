"""One attempt at a job, seen from the worker: start its process, pass its progress on, end it when asked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.jobs import child

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from workbench.jobs.tasks import Job

# seconds between two looks at the process, at whether the job was cancelled, and between two events told
LOOK, ASK, TELL = 0.2, 0.5, 0.5
LINES = 40


class JobFailed(Exception):
    """A job ended with an error; `data` is the error as code, message and problems."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data["message"])
        self.code = data["error"]
        self.data = data


class JobStopped(Exception):
    """A job was ended on purpose."""


class Diary:
    """What a job told, for its page (the last lines, seldom) and for its log file (every new step).

    Parameters
    ----------
    tell : callable
        Given step, share, the last lines and the start in milliseconds.
    log : Path
        The job's log file.
    attempts : int
        Which attempt this is.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], log: Path, attempts: int = 1) -> None:
        self._tell, self._log = tell, log
        self._start, self._start_ms = time.monotonic(), int(time.time() * 1000)
        self._lines: list[str] = []
        self._words, self._next, self._pending = "", 0.0, False
        self._step, self._share = "", 0.0
        again = f"Started again, attempt {attempts}: the worker had ended" if attempts > 1 else "Started"
        self.note(again, 0.0)
        self.flush()

    def note(self, what: str, share: float) -> None:
        """Write down the step under way and its share."""
        seconds = int(time.monotonic() - self._start)
        line = f"{seconds // 60}:{seconds % 60:02d}  {what}"
        words = child.same_step(what)
        if words == self._words:
            self._lines[-1] = line
        else:
            self._lines = [*self._lines[1 - LINES :], line]
            with self._log.open("a") as file:
                file.write(line + "\n")
        self._words, self._step, self._share, self._pending = words, what, share, True

    def flush(self, *, due: bool = False) -> None:
        """Tell what is new; with `due`, only when the last time is long enough ago."""
        if not self._pending or (due and time.monotonic() < self._next):
            return
        self._tell(
            {"step": self._step, "share": self._share, "log": self._lines, "started_at_ms": self._start_ms}
        )
        self._pending, self._next = False, time.monotonic() + TELL


def attempt(
    task: str,
    params: dict[str, Any],
    job: Job,
    log: Path,
    diary: Diary,
    *,
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Run `task` in a process of its own and return its result.

    Parameters
    ----------
    task : str
        ``module:function``.
    params, job : dict, Job
        What the function gets.
    log : Path
        Where the process writes what it prints.
    diary : Diary
        Where its progress is written down.
    stop : callable
        Asked twice a second; True ends the process.

    Raises
    ------
    JobFailed
        When the use case raised an error or its process ended without a word.
    JobStopped
        When `stop` said so.
    """
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    arguments = (theirs, task, params, job, log)
    process = context.Process(target=child.work, args=arguments, name=f"job {job.job_id}")
    process.start()
    theirs.close()
    try:
        return _follow(ours, process, diary, stop, log)
    finally:
        end(process)
        ours.close()


def _follow(
    conn: Connection, process: BaseProcess, diary: Diary, stop: Callable[[], bool], log: Path
) -> dict[str, Any]:
    ask_at = 0.0
    while True:
        if conn.poll(LOOK):
            try:
                kind, *said = conn.recv()
            except EOFError:
                process.join()
                raise JobFailed(died(process.exitcode, last_words(log))) from None
            if kind == "progress":
                diary.note(*said)
            else:
                # give it the time to write its traceback and to leave by itself
                process.join(2)
                diary.flush()
                if kind == "failed":
                    raise JobFailed(said[0])
                return said[0]
        diary.flush(due=True)
        if time.monotonic() >= ask_at:
            if stop():
                raise JobStopped
            ask_at = time.monotonic() + ASK


def end(process: BaseProcess) -> None:
    """End a process and everything it started."""
    if process.pid is not None:
        # its group outlives it when a process it started does
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.is_alive():
            process.kill()
    process.join()


def died(exitcode: int | None, words: str = "") -> dict[str, Any]:
    """Return the error of a process that ended without a word of its own; `words` end its log."""
    if exitcode == -signal.SIGKILL:
        what = "The process of the job was ended by the operating system (exit -9), likely out of memory"
        return child.out_of_memory(what)
    said = f"ended without a result (exit {exitcode}{_name(exitcode)})"
    if any(told in words for told in child.NO_MEMORY):
        return child.out_of_memory(f"The process of the job {said}: there was not enough memory")
    message = f"The process of the job {said}. See the log of the job."
    return {"error": "PROCESS_DIED", "message": message, "problems": []}


def last_words(log: Path, most: int = 4000) -> str:
    """Return the end of a job's log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - most))
        return file.read().decode(errors="replace")


def _name(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return ""
    with suppress(ValueError):
        return f", {signal.Signals(-exitcode).name}"
    return ""
