"""Executed reports as they lie under the home: which there are, what each was asked, how it ended."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import MissingError

RECORD, PARAMETERS = "report.json", "parameters.json"
STAMP = "%Y%m%dT%H%M%S%fZ"
_KEY = re.compile(r"[0-9A-Za-z][\w.-]{0,120}")
_NAMED = re.compile(r"(\d{8}T\d{12}Z)-(.+)")


@dataclass(frozen=True)
class Kept:
    """One executed report.

    Attributes
    ----------
    key : str
        Name of its folder.
    name, title : str
        The report as ``workbench report`` takes it, and the heading of its notebook.
    parameters : mapping
        What it was given; what is not named had the notebook's default.
    started_at : datetime, optional
        UTC; None where neither the record nor the folder's name tells.
    who, job_id : str
        Who asked, and the job that ran it; empty where it is not known or was none.
    seconds : float, optional
        How long it took; None where it did not end.
    state : {"running", "done", "failed", "stopped"}
        Stopped: its process ended before the report did.
    error, code : str
        Why it failed.
    html, notebook : Path, optional
        What came out, as far as it is there.
    size : int
        Bytes of the HTML.
    """

    key: str
    name: str
    title: str
    parameters: Mapping[str, Any]
    started_at: datetime | None
    who: str
    job_id: str
    seconds: float | None
    state: str
    error: str
    code: str
    html: Path | None
    notebook: Path | None
    size: int


def folder_of(home: Path) -> Path:
    """Return where the executed reports of a home lie."""
    return home.absolute() / "reports"


def kept(home: Path) -> tuple[Kept, ...]:
    """Return the executed reports of a home, the newest first."""
    root = folder_of(home)
    if not root.is_dir():
        return ()
    folders = [folder for folder in root.iterdir() if _is_report(folder)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(map(_read, folders), key=lambda k: (k.started_at or oldest, k.key), reverse=True))


def find(home: Path, key: str) -> Kept:
    """Return one executed report.

    Raises
    ------
    MissingError
        ``NO_KEPT_REPORT``; also for a `key`, which may come from an address bar, that can be no folder's.
    """
    folder = folder_of(home) / key
    if not _KEY.fullmatch(key) or not _is_report(folder):
        raise MissingError(
            "NO_KEPT_REPORT", "this report is not kept here", key[:80], "Look at the list of reports."
        )
    return _read(folder)


def of_job(home: Path, job_id: str) -> Path | None:
    """Return the folder of the report that a job began, for a job that is run again."""
    found = (one.key for one in kept(home) if job_id and one.job_id == job_id)
    return next((folder_of(home) / key for key in found), None)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Mark a report as running while this process makes it; the mark falls with the process."""
    with (folder / PARAMETERS).open() as file:
        with suppress(BlockingIOError):  # an earlier try of the same job that has not quite ended
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_report(folder: Path) -> bool:
    named = _KEY.fullmatch(folder.name) is not None
    return named and not folder.is_symlink() and (folder / PARAMETERS).is_file()


def _running(folder: Path) -> bool:
    with (folder / PARAMETERS).open() as file:
        try:
            # shared, so that two who ask at once do not take each other for the one at work
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _read(folder: Path) -> Kept:
    record = _json(folder / RECORD)
    named = _NAMED.fullmatch(folder.name)
    html, notebook = (next(iter(sorted(folder.glob(kind))), None) for kind in ("*.html", "*.ipynb"))
    stem = notebook.stem if notebook else named[2] if named else folder.name
    started = record.get("started_at") or (named and named[1])
    error = record.get("error") or {}
    return Kept(
        key=folder.name,
        name=record.get("report") or stem.removesuffix("_report"),
        title=record.get("title") or stem.replace("_", " ").capitalize(),
        parameters=_json(folder / PARAMETERS),
        started_at=_moment(started) if started else None,
        who=record.get("who", ""),
        job_id=record.get("job_id", ""),
        seconds=record.get("seconds"),
        state=_state(folder, bool(error), html),
        error=error.get("message", ""),
        code=error.get("error", ""),
        html=html,
        notebook=notebook,
        size=html.stat().st_size if html else 0,
    )


def _state(folder: Path, failed: bool, html: Path | None) -> str:
    if _running(folder):
        return "running"
    return "failed" if failed else "done" if html else "stopped"


def _moment(told: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(told)
    with suppress(ValueError):
        return datetime.strptime(told, STAMP).replace(tzinfo=UTC)
    return None


def _json(path: Path) -> dict[str, Any]:
    """Return what a file of the report says; nothing where it is gone or someone changed it."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
