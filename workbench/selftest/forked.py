"""Work in a process that may be killed, and what it told before."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Tell = Callable[[str], None]


def killed_after(seconds: float, work: Callable[[Tell], None]) -> list[str]:
    """Fork a process that does `work`, kill it, and return the lines it told before."""
    with _forked(work) as (pid, told):
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return list(told)


def to_its_end(work: Callable[[Tell], None]) -> tuple[int, list[str]]:
    """Fork a process that does `work`; return its exit status, negative for a signal, and what it told."""
    return all_to_their_end([work])[0]


def all_to_their_end(works: list[Callable[[Tell], None]]) -> list[tuple[int, list[str]]]:
    """Fork a process for each of `works` at once; return how each ended and what it told."""
    running = [_fork(work) for work in works]
    ended = []
    for pid, reading in running:
        with os.fdopen(reading) as lines:
            told = lines.read().splitlines()
        _, status = os.waitpid(pid, 0)
        ended.append((os.waitstatus_to_exitcode(status), told))
    return ended


@contextmanager
def _forked(work: Callable[[Tell], None]) -> Iterator[tuple[int, Iterator[str]]]:
    pid, reading = _fork(work)
    try:
        with os.fdopen(reading) as lines:
            yield pid, (line.rstrip("\n") for line in lines)
    finally:
        os.waitpid(pid, 0)


def _fork(work: Callable[[Tell], None]) -> tuple[int, int]:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        os.close(reading)
        work(lambda line: _write(writing, line))
        status = 0
    finally:
        os._exit(status)


def _write(handle: int, line: str) -> None:
    os.write(handle, line.encode() + b"\n")
