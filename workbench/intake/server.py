"""The process that files are parsed beside: loads the readers once, then forks for each file.

A damaged or hostile file can exhaust memory, loop, or bring a native reader down. Here that ends a
process that holds nothing. Run as ``python -m workbench.intake.server DESCRIPTOR``, by `apart` alone.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.intake.options import ReadOptions

LONGEST_REQUEST = 2**24
FULL = (errno.ENOSPC, errno.EDQUOT)
BOUNDED = (errno.ENOMEM, errno.EFBIG)
"""Said where a file is mapped, or written, beyond what `_limit` allows."""


def main(descriptor: int) -> None:
    """Fork for each request that comes over `descriptor`; end when the other side does."""
    # loaded here once, so that a child has them from its first moment
    from workbench.intake import excel_file, handover, parquet_file, reading  # noqa: F401

    control = socket.socket(fileno=descriptor)
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if hasattr(os, "pipe2") else _pipe()
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's; it ends us by leaving
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ended(running)
        if control in ready:
            word, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not word:
                break
            caller = socket.socket(fileno=descriptors[0])
            pid = os.fork()
            if pid == 0:
                _child(caller, [control, *running.values()], [woken, wake])
            running[pid] = caller
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _tell_ended(running: dict[int, socket.socket]) -> None:
    """Tell the caller of each child that has ended how it did."""
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with running.pop(pid) as caller, suppress(OSError):
                _say(caller, {"exit": os.waitstatus_to_exitcode(status)})


def _child(caller: socket.socket, others: list[socket.socket], pipe: list[int]) -> None:
    """Answer one request and end; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 1
    try:
        for other in others:
            other.close()
        for end in pipe:
            os.close(end)
        os.nice(5)
        _say(caller, {"pid": os.getpid()})
        request = json.loads(_line(caller))
        _limit(request["limits"])
        _say(caller, _answer(request))
        status = 0
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()  # what is no WorkbenchError is our own mistake: it must be seen somewhere
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": TASKS[request["task"]](**request["arguments"])}
    except WorkbenchError as error:
        return {"error": type(error).__name__, "problems": error.to_json()["problems"]}
    except MemoryError:
        return {"memory": True}
    except OSError as error:
        if error.errno in FULL:
            return {"full": True}
        if error.errno in BOUNDED:
            return {"memory": True}
        raise


def _limit(limits: dict[str, Any]) -> None:
    """Bound what this process may take, beyond what it has."""
    has = 0
    with suppress(OSError):
        has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    bounds = {
        "RLIMIT_AS": has + limits["memory"],
        "RLIMIT_FSIZE": limits["memory"],
        "RLIMIT_CPU": limits["seconds"],
        "RLIMIT_CORE": 0,
    }
    for name, most in bounds.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
        with suppress(ValueError):  # macOS does not bound address space
            resource.setrlimit(kind, (most, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _table(path: str, name: str, portfolio: str, options: dict[str, Any], out: str) -> dict[str, Any]:
    from workbench.intake import handover, laid_down, reading
    from workbench.portfolio import Portfolio

    declared = Portfolio.model_validate_json(portfolio) if portfolio else None
    room = laid_down.LaidDown(Path(out))
    table = reading.read(Path(path), name=name, portfolio=declared, options=_options(options), room=room)
    return handover.write_table(table, Path(out), room.let_go)


def _sheets(path: str, name: str) -> list[str]:
    from workbench.intake import reading

    return list(reading.sheets(Path(path), name=name))


def _columns(path: str, name: str, options: dict[str, Any]) -> list[str]:
    from workbench.intake import reading

    return list(reading.columns(Path(path), name=name, options=_options(options)))


def _options(values: dict[str, Any]) -> ReadOptions:
    return ReadOptions(**{**values, "missing": tuple(values["missing"])})


TASKS = {"table": _table, "sheets": _sheets, "columns": _columns}


def _say(caller: socket.socket, what: dict[str, Any]) -> None:
    caller.sendall(json.dumps(what).encode() + b"\n")


def _line(caller: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        part = caller.recv(65536)
        if not part or len(received) > LONGEST_REQUEST:
            raise EOFError
        received += part
    return received


if __name__ == "__main__":
    main(int(sys.argv[1]))
