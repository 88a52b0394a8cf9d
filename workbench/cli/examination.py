"""What ``workbench doctor`` looks at: one function a question."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.settings import Settings

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_COMMAND = re.compile(r"(?:[Mm]ake it|run): (.+)$")
WAL_IS_SAFE_FROM = (3, 51, 3)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name, detail : str
        What was looked at, and what was found.
    ok, optional : bool
        An optional check that is not ok is a note, never a problem.
    mend : str
        The command that mends it, to be pasted as it stands; empty where all is well.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""
    optional: bool = False


def examine() -> list[Check]:
    """Look at everything and return what was found, problems and notes alike."""
    found = [python(), *packages()]
    if not all(check.ok for check in found):  # without its packages the rest cannot even be asked
        return found
    from workbench.settings import Settings

    settings = Settings.from_env()
    return [
        *found,
        *home(settings),
        database(settings),
        sqlite(),
        threads(settings),
        worker(settings),
        browser(),
    ]


def python() -> Check:
    """Python is one the pinned packages were resolved for."""
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    mend = "" if good else "python3.12 -m venv .venv && .venv/bin/pip install -r requirements.txt"
    return Check("python", good, f"{version} at {sys.executable}", mend)


def packages(requirements: Path = ROOT / "requirements.txt") -> list[Check]:
    """Every pinned package is installed in its pinned version."""
    from importlib.metadata import PackageNotFoundError, version

    mend = f"{shlex.quote(sys.executable)} -m pip install -r {shlex.quote(str(requirements))}"
    if not requirements.exists():
        return [
            Check(
                "packages",
                True,
                "no requirements.txt beside the package; versions not compared",
                optional=True,
            )
        ]
    wrong, count = [], 0
    for name, pin in pins(requirements):
        count += 1
        try:
            installed = version(name)
        except PackageNotFoundError:
            wrong.append(Check(name, False, f"missing, {pin} is required", mend))
            continue
        if installed != pin:
            wrong.append(Check(name, False, f"{installed} is installed, {pin} is required", mend))
    return wrong or [Check("packages", True, f"{count} installed as pinned")]


def pins(requirements: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, version) of each pinned package that this Python and platform need."""
    from importlib.util import find_spec

    if find_spec("packaging") is None:
        yield "packaging", "any version"
        return
    from packaging.requirements import Requirement

    for line in requirements.read_text(encoding="utf-8").splitlines():
        if "==" not in line or line.startswith("#"):
            continue
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            yield wanted.name, str(wanted.specifier).removeprefix("==")


def home(settings: Settings) -> list[Check]:
    """The home, and the store where machines share one, can be written and is nobody else's to read."""
    found = _folder("home", settings.home.absolute())
    if settings.store != settings.home:
        found += _folder("store", settings.store.absolute())
    return found


def _folder(name: str, folder: Path) -> list[Check]:
    if not folder.exists():
        return [Check(name, True, f"{folder} is made at first use", optional=True)]
    quoted = shlex.quote(str(folder))
    writable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    mode = stat.S_IMODE(folder.stat().st_mode)
    free = shutil.disk_usage(folder).free / 2**30
    return [
        Check(name, writable, str(folder), "" if writable else f"sudo chown -R $(id -u) {quoted}"),
        Check(
            f"{name} is private",
            mode & 0o077 == 0,
            f"mode {mode:04o}",
            "" if mode & 0o077 == 0 else f"chmod 700 {quoted}",
        ),
        Check(
            "disk", free > 1, f"{free:.1f} GiB free", "" if free > 1 else f"du -sh {quoted}/*", optional=True
        ),
    ]


def database(settings: Settings) -> Check:
    """The database answers and has every migration; opening it applies what is missing."""
    from workbench import registry

    if not settings.home.exists() and settings.database_url.startswith("sqlite"):
        return Check("database", True, "is made at first use", optional=True)
    try:
        count = len(registry.open(settings).models())
    except WorkbenchError as error:
        return Check("database", False, str(error), _mend_database(error, settings))
    models = "1 model" if count == 1 else f"{count:,} models"
    return Check("database", True, f"answers, migrated, {models}")


def _mend_database(error: WorkbenchError, settings: Settings) -> str:
    """Return the command for a database that cannot be used; the error names one where it knows it."""
    from urllib.parse import urlsplit

    if command := _COMMAND.search(error.problems[0].remedy):
        return command[1]
    if error.code != "NO_DATABASE" or settings.database_url.startswith("sqlite"):
        return "workbench fsck"
    parts = urlsplit(settings.database_url)
    if parts.hostname in (None, "localhost", "127.0.0.1", "::1"):
        return "sudo systemctl start postgresql"
    port = f" -p {parts.port}" if parts.port else ""
    return f"pg_isready -h {parts.hostname}{port}" + (f" -U {parts.username}" if parts.username else "")


def sqlite() -> Check:
    """Which SQLite this is, and the journal that follows from it."""
    wal = sqlite3.sqlite_version_info >= WAL_IS_SAFE_FROM
    journal = "WAL, synchronous FULL" if wal else "DELETE, synchronous EXTRA (WAL is safe from 3.51.3)"
    return Check("sqlite", True, f"{sqlite3.sqlite_version}; journal {journal}", optional=True)


def threads(settings: Settings) -> Check:
    """Threads that a fit takes against the cores there are."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    detail = f"{settings.threads} of {cores} cores for a fit; OMP_NUM_THREADS {wanted or 'not set'}"
    good = settings.threads <= cores and not (wanted.isdigit() and int(wanted) > cores)
    return Check(
        "threads",
        good,
        detail,
        "" if good else f"export OMP_NUM_THREADS={cores} WORKBENCH_THREADS={cores}",
        True,
    )


def worker(settings: Settings) -> Check:
    """Whether a background worker lives; the app starts one when it needs it."""
    from workbench import jobs

    alive = settings.home.exists() and jobs.worker_alive(settings)
    detail = "alive" if alive else "none alive; the app starts one when a job is asked for"
    return Check("worker", alive, detail, "" if alive else "workbench worker", optional=True)


def browser() -> Check:
    """A Chromium for the browser tests; nothing else needs one."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    mend = "sudo apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
    return Check(
        "chromium", path is not None, path or "absent; only browser tests need it", "" if path else mend, True
    )
