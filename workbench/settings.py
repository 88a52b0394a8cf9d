"""Where things are kept and how much the machine may be asked for, as the environment says."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workbench.errors import InputError, Problem

PREFIX = "WORKBENCH_"
_CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
_SHARE_OF_A_JOB = 0.8


def available_cores() -> int:
    """Return how many cores this process may use: its affinity, capped by the container's quota.

    A fit with more threads than cores is slower than with one, so the machine's count is not asked.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_CPU.read_text().split()
    except (OSError, ValueError):
        return cores
    if quota == "max":
        return cores
    return max(1, min(cores, int(quota) // int(period)))


def memory_of_a_job() -> int:
    """Return the megabytes one job may take: most of the machine's, or of the container's where that is less.

    A job that asks for more is told so; without a cap the system would end a process of its own choice.
    """
    all_of_it = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        all_of_it = min(all_of_it, int(_CGROUP_MEMORY.read_text()))
    return max(1, int(all_of_it * _SHARE_OF_A_JOB) >> 20)


def rest_waiting_threads() -> None:
    """Let threads that wait for work sleep; to be called before anything heavy is loaded.

    They would spin otherwise, and a fit beside one busy process would take many times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@dataclass(frozen=True)
class Source:
    """A database that rows come from, or scores go to.

    Attributes
    ----------
    name : str
    url : str
        SQLAlchemy URL; never shown, for it may hold a password.
    query : str
        What ``sql:NAME`` alone stands for; empty where only tables are named.
    """

    name: str
    url: str = field(repr=False)
    query: str = ""

    @property
    def variable(self) -> str:
        """The variable of the environment that holds the URL."""
        return f"{PREFIX}SOURCE_{self.name.upper()}"

    @property
    def query_variable(self) -> str:
        """The variable of the environment that holds the query."""
        return f"{self.variable}_QUERY"

    def told(self, table: str) -> str:
        """Return how people name it, or a table of it."""
        return f"sql:{self.name}" + (f"/{table}" if table else "")


class Settings(BaseSettings):
    """What the environment says; every name is written ``WORKBENCH_<NAME>``.

    Attributes
    ----------
    home : Path
        Folder of models, datasets, studies and the database; made when first written to.
    store : Path
        Folder of models, datasets, studies, portfolios and reports where several machines share them;
        `home` otherwise.
    database_url : str
        SQLAlchemy URL; a SQLite file in `home` where it is not given.
    threads : int
        Threads one computation may use, no more than there are cores; one core is left to the pages.
    max_upload_mb : int
        Largest file the browser may send.
    session_uploads : int
        Files one session of the app may have brought at a time.
    uploads_mb : int
        Room for all files that were brought and lie in the home.
    quarantine_days : int
        How long what was deleted can still be brought back by hand.
    job_memory_mb : int
        Memory each process of a job may take; most of the machine's where it is not given.
    read_memory_mb, read_seconds : int, float
        What the process that parses a file may take before it is ended.
    busy_seconds : float
        How long a write waits for its turn before it says so.
    public_data : Path, optional
        Folder of the public data sets that tests use.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=True)

    home: Path = Path("artifacts")
    store: Path = Field(default=None, validate_default=False)  # type: ignore[assignment]
    database_url: str = Field(default="", repr=False)
    threads: int = Field(default_factory=lambda: max(1, available_cores() - 1), ge=1)
    max_upload_mb: int = Field(default=500, ge=1)
    session_uploads: int = Field(default=3, ge=1)
    uploads_mb: int = Field(default=5000, ge=1)
    quarantine_days: int = Field(default=30, ge=0)
    job_memory_mb: int = Field(default_factory=memory_of_a_job, ge=256)
    read_memory_mb: int = Field(default=4096, ge=256)
    read_seconds: float = Field(default=600.0, gt=0)
    busy_seconds: float = Field(default=30.0, gt=0)
    public_data: Path | None = None

    @field_validator("home", "store", "public_data")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # a page, a worker and a notebook may run in different folders and must mean the same place
        return value.expanduser().absolute() if value is not None else None

    @field_validator("threads")
    @classmethod
    def _no_more_than_cores(cls, value: int) -> int:
        # a fit on twice as many threads as there are cores takes several times as long
        return min(value, available_cores())

    @model_validator(mode="before")
    @classmethod
    def _blank_is_absent(cls, values: dict[str, object]) -> dict[str, object]:
        return {key: value for key, value in values.items() if value != ""}

    @model_validator(mode="after")
    def _database(self) -> Settings:
        url = self.database_url or f"sqlite:///{self.home / 'workbench.db'}"
        url = _with_driver(url)
        object.__setattr__(self, "database_url", url)
        object.__setattr__(self, "store", self.store or self.home)
        if self.store != self.home and url.startswith("sqlite"):
            raise ValueError(
                "WORKBENCH_STORE, a folder that machines share, needs PostgreSQL in WORKBENCH_DATABASE_URL"
            )
        return self

    @property
    def threads_waited_for(self) -> int:
        """Threads of a step that a person watches: every core, unless `threads` was given.

        The core that a long computation leaves to the pages is theirs while a page waits for its own.
        """
        return self.threads if "threads" in self.model_fields_set else max(self.threads, available_cores())

    def source(self, name: str) -> Source:
        """Return a configured source of rows, by the environment or by ``sources.toml`` in the home.

        Raises
        ------
        InputError
            ``SOURCE`` where there is none of that name, or where others can read the file.
        """
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            what = f"{name!r} is no name of a source: letters, digits and _ only"
            raise InputError("SOURCE", what, remedy="Write it like sql:NAME or sql:NAME/TABLE.")
        asked = Source(name, "")
        kept = _kept_source(self.home / "sources.toml", name)
        url = os.environ.get(asked.variable) or kept.get("url", "")
        if not url:
            raise InputError(
                "SOURCE", "no source of that name is configured", asked.told(""),
                f"Set {asked.variable} to its SQLAlchemy URL, or name it in sources.toml in the home.",
            )  # fmt: skip
        return Source(name, _with_driver(url), os.environ.get(asked.query_variable) or kept.get("query", ""))

    @classmethod
    def from_env(cls) -> Settings:
        """Return the settings the environment gives.

        Raises
        ------
        InputError
            ``SETTINGS``, with the name of every variable that cannot be used.
        """
        try:
            return cls()
        except ValidationError as error:
            raise InputError.of([_problem(item) for item in error.errors()]) from None


def _with_driver(url: str) -> str:
    for bare in ("postgres://", "postgresql://"):
        if url.startswith(bare):
            return "postgresql+psycopg://" + url.removeprefix(bare)
    return url


def _kept_source(path: Path, name: str) -> dict[str, str]:
    """Return what ``sources.toml`` says of a source; empty where it says nothing."""
    if not path.is_file():
        return {}
    if path.stat().st_mode & 0o077:
        what = "others can read it, and it holds addresses with passwords"
        raise InputError("SOURCE", what, str(path), f"Run: chmod 600 {path}")
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # its words may hold the password
        raise InputError("SOURCE", "is no TOML", str(path), 'Write [NAME], url = "..." below it.') from None
    kept = next((values for key, values in told.items() if key.lower() == name.lower()), {})
    return {key: str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}


def _problem(item: object) -> Problem:
    where = "_".join(str(step) for step in item["loc"]).upper()  # type: ignore[index]
    name = PREFIX + where if where else ""
    what = item["msg"].removeprefix("Value error, ")  # type: ignore[index]
    return Problem("SETTINGS", what[0].lower() + what[1:], name, "Correct the variable and start again.")
