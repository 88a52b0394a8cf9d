"""Which workers of several machines live, told by locks that the database server keeps for them.

The server drops a lock with its connection, when a worker or its whole machine dies, so nothing goes stale.
A worker that only stands still, or is cut off, may come back: what it registers then is found to be there
already, for a version carries its job's id.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.jobs import places

if TYPE_CHECKING:
    import psycopg

_KIND = 7_301_945
# the server finds a machine that went away without a word after half a minute
_ALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
_HELD = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Presence:
    """Says on PostgreSQL that this worker lives, and finds out who else does.

    Parameters
    ----------
    url : str
        The queue's database.
    name : str
        This worker's name.
    patience : float
        Seconds that another worker's lock must have been gone before its jobs are taken over: a server
        that was started again has no locks until the living have come back.
    """

    def __init__(self, url: str, name: str, patience: float = 20.0) -> None:
        self._address = _plain(url)
        self._name, self._patience = name, patience
        self._connection: psycopg.Connection | None = None
        self._gone_since: dict[str, float] = {}

    def gone(self, others: Iterable[str]) -> list[str]:
        """Renew the own lock where it was lost; return those of `others` that have long held none."""
        import psycopg

        try:
            held = self._look()
        except psycopg.OperationalError:
            # the server is away: nobody can be told from anybody
            self.close()
            self._gone_since.clear()
            return []
        now = time.monotonic()
        absent = {name for name in others if name != self._name and _key(name) not in held}
        self._gone_since = {name: self._gone_since.get(name, now) for name in absent}
        return [name for name, since in self._gone_since.items() if now - since >= self._patience]

    def close(self) -> None:
        """Let go of the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _look(self) -> set[int]:
        import psycopg

        if self._connection is None:
            self._connection = psycopg.connect(
                self._address, autocommit=True, connect_timeout=10, options=_ALIVE,
                application_name=f"workbench {self._name}",
            )  # fmt: skip
        held = {key for (key,) in self._connection.execute(_HELD, [_KIND])}
        if _key(self._name) not in held:
            self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [_KIND, _key(self._name)])
        return held


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Keep other machines from bringing the same queue up to date meanwhile."""
    import psycopg

    if url.startswith("sqlite"):
        yield
        return
    try:
        connection = psycopg.connect(_plain(url), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise places.no_database(url) from error
    with connection:
        connection.execute("SELECT pg_advisory_lock(%s, 0)", [_KIND])
        yield


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _key(name: str) -> int:
    return zlib.crc32(name.encode()) & 0x7FFFFFFF
