"""What an error of the database means for the one who asked, in words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from workbench.errors import ArtifactError, BusyError, MissingError, WorkbenchError

AWAY, LOST = "NO_DATABASE", "DATABASE_LOST"
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_FULL, _SQLITE_CANTOPEN = 5, 6, 13, 14
# a lock that was waited for in vain, a deadlock, a serialisation failure, a statement that took too long
_POSTGRES_WAITED = {"55P03", "40P01", "40001", "57014"}
_POSTGRES_FULL = {"53100"}
_POSTGRES_CROWDED = {"53300"}
_POSTGRES_FORBIDDEN = {"42501"}
# the server gives no code for a connection that it refuses, only these words
_REFUSALS = (
    ("password authentication failed", "the database server does not take this user's password"),
    ("no password supplied", "the database server wants a password"),
    ("too many clients", "the database server has no connection left"),
    ("remaining connection slots", "the database server has no connection left"),
    ("starting up", "the database server is still starting"),
    ("shutting down", "the database server is shutting down"),
)


@contextmanager
def in_words(url: URL, busy_seconds: float) -> Iterator[None]:
    """Say what a lock, a full disk or a database that is away means.

    Every other database error is a fault of ours and stays.
    """
    try:
        yield
    except NoConnectionFree as error:
        raise _busy(busy_seconds) from error
    except DBAPIError as error:
        known = _meaning(error, url, busy_seconds)
        if known is None:
            raise
        raise known from error


def _meaning(error: DBAPIError, url: URL, busy_seconds: float) -> WorkbenchError | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    state = getattr(error.orig, "sqlstate", None)
    primary = None if code is None else code & 0xFF
    if primary in (_SQLITE_BUSY, _SQLITE_LOCKED) or state in _POSTGRES_WAITED:
        return _busy(busy_seconds)
    if primary == _SQLITE_FULL or state in _POSTGRES_FULL:
        return disk_full(str(url.database))
    if error.connection_invalidated:
        what = "the connection to the database broke, and whether the change was kept is not known"
        return MissingError(LOST, what, _shown(url), "Look, and repeat it if it is not there.")
    if state in _POSTGRES_FORBIDDEN:
        what = f"the database's user may not do this ({str(error.orig).splitlines()[0]})"
        grant = f"psql {_name(url)} -c 'GRANT CREATE ON SCHEMA public TO \"{url.username}\"'"
        return MissingError("DATABASE_RIGHTS", what, _shown(url), f"Let its owner run: {grant}")
    if primary == _SQLITE_CANTOPEN or state in _POSTGRES_CROWDED:
        return _away(url, "the database does not answer")
    if isinstance(error, OperationalError) and code is state is None:
        return _refused(str(error.orig), url)
    return None


def _refused(said: str, url: URL) -> MissingError:
    """Tell why no connection came about."""
    if f'database "{_name(url)}" does not exist' in said:
        what = f"the database server has no database {_name(url)}"
        make = " ".join(filter(None, ("createdb", *_place(url), _name(url))))
        return MissingError(AWAY, what, _shown(url), f"Make it: {make}")
    for words, what in _REFUSALS:
        if words in said:
            return _away(url, what)
    return _away(url, "the database does not answer")


def _away(url: URL, what: str) -> MissingError:
    return MissingError(AWAY, what, _shown(url), "Start it, or correct WORKBENCH_DATABASE_URL.")


def _busy(seconds: float) -> BusyError:
    what = f"another program kept the database for {seconds:g} s; nothing was changed"
    return BusyError("BUSY", what, remedy="Try again in a moment.")


def _name(url: URL) -> str:
    return str(url.query.get("dbname", url.database))


def _place(url: URL) -> list[str]:
    """Return where the server is as options of its programs."""
    given = {"-h": url.host or url.query.get("host"), "-p": url.port or url.query.get("port")}
    given |= {"-U": url.username or url.query.get("user")}
    return [f"{option} {value}" for option, value in given.items() if value]


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def disk_full(where: str) -> ArtifactError:
    """Return the error of a disk without room; `where` names the place."""
    return ArtifactError(
        "DISK_FULL",
        "the disk is full; nothing was kept of what was being written",
        where,
        "Free some space, then repeat.",
    )


def is_disk_full(error: OSError) -> bool:
    """Whether the system said that there is no room, or no quota, left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
