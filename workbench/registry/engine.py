"""The database: one way to write, one way to read, and its errors in words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from workbench.errors import InputError, MissingError
from workbench.registry.outages import AWAY, LOST, in_words

if TYPE_CHECKING:
    from sqlalchemy.sql import Executable

WAL_SINCE = (3, 51, 3)
_ADVISORY_LOCK = 7_301_944
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
_CONNECT_SECONDS, _LOOK_SECONDS = 10, 0.2
_ADDRESS = "Write it like postgresql://user@host/workbench, or leave it out."

T = TypeVar("T")


class Database:
    """A database with a writer and a reader of its own.

    On SQLite every write transaction starts with ``BEGIN IMMEDIATE``: a plain ``BEGIN`` reads first and
    finds out too late that another process wrote meanwhile, and updates are lost. The reader cannot write.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of a SQLite file or a PostgreSQL database.
    busy_seconds : float
        How long a transaction waits for its turn.

    Raises
    ------
    InputError
        ``SETTINGS`` where `url` is no address of a SQLite file or a PostgreSQL database.
    """

    def __init__(self, url: str, busy_seconds: float = 30.0) -> None:
        try:
            self.url: URL = make_url(url)
            _refuse_other(self.url)
            self._writer = _engine(self.url, busy_seconds, writes=True)
            self._reader = _engine(self.url, busy_seconds, writes=False)
        except ArgumentError:  # its words may hold the password
            what = "WORKBENCH_DATABASE_URL is no address of a database that can be used"
            raise InputError("SETTINGS", what, remedy=_ADDRESS) from None
        self.busy_seconds = busy_seconds

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.kind == "sqlite"

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.url.get_backend_name()

    def prepare(self) -> None:
        """Make the file readable by its owner alone, choose its journal and bring the tables up to date."""
        if self.is_sqlite and self.url.database:
            _own_file(Path(self.url.database))
        with self._in_words():
            if self.is_sqlite:
                self._choose_journal()
            self._migrate()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session whose transaction is committed at the end, or undone whole.

        Raises
        ------
        BusyError
            ``BUSY`` where another program kept the database for `busy_seconds`.
        ArtifactError
            ``DISK_FULL``.
        """
        with self._in_words(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def write_steadily(self, work: Callable[[Session], T], kept: Callable[[Session], T | None]) -> T:
        """Run `work` in a write transaction, and once more where the connection broke and it was not kept.

        A connection that breaks at the commit leaves open whether it was made. So `kept` is asked first,
        in the transaction that would repeat it: None says that it was not.

        Raises
        ------
        MissingError
            ``DATABASE_LOST`` or ``NO_DATABASE`` where the database stays away for `busy_seconds`.
        """
        deadline = time.monotonic() + self.busy_seconds
        again = False
        while True:
            try:
                with self.write() as session:
                    found = kept(session) if again else None
                    return work(session) if found is None else found
            except MissingError as away:
                # a database that was away from the start is said at once
                again = again or away.code == LOST
                if away.code not in (LOST, AWAY) or not again or time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one moment and cannot write."""
        with self._in_words(), Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        self._writer.dispose()
        self._reader.dispose()

    def revision(self) -> str | None:
        """Return the revision the tables are at; None for an empty database."""
        from sqlalchemy import inspect, text

        with self._in_words(), self._reader.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def _in_words(self) -> Any:
        return in_words(self.url, self.busy_seconds)

    def _choose_journal(self) -> None:
        connection = self._writer.raw_connection()
        try:
            wanted = "wal" if _sqlite_version() >= WAL_SINCE else "delete"
            current = connection.cursor().execute("PRAGMA journal_mode").fetchone()[0]
            if current != wanted:
                connection.cursor().execute(f"PRAGMA journal_mode={wanted}")
        finally:
            connection.close()

    def _migrate(self) -> None:
        from workbench.registry.migrations import HEAD, upgrade

        if self.revision() == HEAD:
            return
        with self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            upgrade(connection)


def change_one(session: Session, statement: Executable, what: str) -> None:
    """Run an UPDATE or DELETE that must touch exactly one row.

    Raises
    ------
    MissingError
        ``CONFLICT`` where it touched none: someone else changed `what` meanwhile; nothing is kept.
    """
    touched = session.execute(statement).rowcount  # type: ignore[attr-defined]
    if touched != 1:
        raise MissingError(
            "CONFLICT",
            f"{what} was changed by someone else meanwhile",
            remedy="Look at it again, then repeat.",
        )


def _refuse_other(url: URL) -> None:
    if url.drivername not in _DRIVERS:
        what = f"WORKBENCH_DATABASE_URL names {url.drivername}; only SQLite and PostgreSQL can be used"
        raise InputError("SETTINGS", what, remedy=_ADDRESS)


def _sqlite_version() -> tuple[int, ...]:
    import sqlite3

    return sqlite3.sqlite_version_info


def _own_file(path: Path) -> None:
    # journals take the mode of the file they belong to, whatever the umask
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.close(handle)


def _engine(url: URL, busy_seconds: float, *, writes: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        # no pool: a connection must not cross a fork, and opening a file costs a fraction of a millisecond
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": busy_seconds}
        )
        event.listen(engine, "connect", _sqlite_reader if not writes else _sqlite_writer)
        event.listen(engine, "begin", _begin_immediate if writes else _begin)
        return engine
    given = _postgres_options(url, busy_seconds, writes=writes)
    return create_engine(
        url, pool_pre_ping=True, pool_timeout=busy_seconds, hide_parameters=True, connect_args=given
    )


def _postgres_options(url: URL, busy_seconds: float, *, writes: bool) -> dict[str, Any]:
    """Return what a connection asks of the server: to give up waiting, and to notice that we are gone."""
    wait = int(busy_seconds * 1000)
    told = {
        "lock_timeout": wait,
        "statement_timeout": max(60_000, 2 * wait),
        # a program that was stopped amid a change would hold up all others for as long
        "idle_in_transaction_session_timeout": max(5_000, wait // 2),
        "default_transaction_read_only": "off" if writes else "on",
        # whatever the server's own setting: what is acknowledged outlives a crash
        "synchronous_commit": "on",
    }
    own = str(url.query.get("options", ""))
    options = " ".join([own, *(f"-c {name}={value}" for name, value in told.items())]).strip()
    alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    return {"options": options, "connect_timeout": _CONNECT_SECONDS, "application_name": "workbench"} | alive


def _sqlite_writer(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    level = "FULL" if _sqlite_version() >= WAL_SINCE else "EXTRA"
    for pragma in (f"synchronous={level}", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_reader(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
