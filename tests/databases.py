"""Databases for the tests: a new SQLite file, or a copy of a prepared one on the tests' PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import URL

from workbench.settings import Settings

KINDS = ("sqlite", "postgresql")


class Databases:
    """Empty databases, quickly: the tables are made once and the database that has them is copied.

    Parameters
    ----------
    server : callable
        Returns the connection string of a PostgreSQL server, which is started by the first call.
    """

    def __init__(self, server: Callable[[], str]) -> None:
        self._server = server
        self._templates: dict[bool, str] = {}

    @contextmanager
    def new(self, kind: str, *, tables: bool = True, queue: bool = False) -> Iterator[dict[str, str]]:
        """Yield the settings that name a database of `kind`, its tables made; gone afterwards.

        `queue` says whether the tables of jobs are in it too.
        """
        if kind == "sqlite":
            yield {}
            return
        name = self._created(self._template(queue) if tables else "template1")
        yield {"database_url": self._url(name)}
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def restart(self) -> None:
        """Kill the server and start it again, as after a crash."""
        where = conninfo_to_dict(self._server())
        folder = Path(str(where["host"]))
        if not (folder / "data").exists():
            pytest.skip("a server that is not the tests' own is not killed")
        control = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1]
        who: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            who |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        command = [
            str(control),
            "-D",
            str(folder / "data"),
            "-w",
            "-m",
            "immediate",
            "-l",
            str(folder / "log"),
        ]
        subprocess.run([*command, "restart"], check=True, stdout=subprocess.DEVNULL, **who)

    def _template(self, queue: bool) -> str:
        if queue not in self._templates:
            from workbench.registry.engine import Database

            name = self._created(self._template(False) if queue else "template1")
            url = Settings(database_url=self._url(name)).database_url
            if queue:
                from dbos import DBOS

                DBOS.migrate(url)
            else:
                database = Database(url)
                database.prepare()
                database.close()
            self._templates[queue] = name
        return self._templates[queue]

    def _created(self, template: str) -> str:
        name = f"wb_{uuid.uuid4().hex}"
        # copied as files it takes half the time; servers before 15 know no other way
        with psycopg.connect(self._server()) as server:
            how = " STRATEGY FILE_COPY" if server.info.server_version >= 150_000 else ""
        self._run("CREATE DATABASE {} TEMPLATE {}" + how, name, template)
        return name

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server(), autocommit=True) as server:
            server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url(self, name: str) -> str:
        parts = {key: str(value) for key, value in conninfo_to_dict(self._server()).items()}
        user, password = parts.pop("user", None), parts.pop("password", None)
        parts.pop("dbname", None)
        # a socket's folder cannot stand where a host does
        query = {key: value for key, value in parts.items() if key == "host" and value.startswith("/")}
        query |= {"port": parts["port"]} if query else {}
        where = {} if query else {"host": parts.get("host"), "port": int(parts.get("port", 5432))}
        url = URL.create("postgresql", user, password, database=name, query=query, **where)
        return url.render_as_string(hide_password=False)
