"""Work in a process that may be killed, and what it told before."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

Tell = Callable[[str], None]


def killed_after(seconds: float, work: Callable[[Tell], None]) -> tuple[int, list[str]]:
    """Fork a process that does `work` and kill it; return its status, -9 where it lived, and its lines."""
    pid, reading = _fork(work)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)  # one that ended by itself is not reaped yet, and keeps its status
    return _ended(pid, reading)


def to_its_end(work: Callable[[Tell], None]) -> tuple[int, list[str]]:
    """Fork a process that does `work`; return its exit status, negative for a signal, and what it told."""
    return all_to_their_end([work])[0]


def all_to_their_end(works: list[Callable[[Tell], None]]) -> list[tuple[int, list[str]]]:
    """Fork a process for each of `works` at once; return how each ended and what it told."""
    running = [_fork(work) for work in works]
    return [_ended(pid, reading) for pid, reading in running]


def _ended(pid: int, reading: int) -> tuple[int, list[str]]:
    with os.fdopen(reading) as lines:
        told = lines.read().splitlines()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), told


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
        if status:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(status)


def _write(handle: int, line: str) -> None:
    os.write(handle, line.encode() + b"\n")
