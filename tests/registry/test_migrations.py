"""The migrations make the tables the code declares, from any folder and in a crowd."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.databases import KINDS, Databases
from tests.registry.tiny import open_tiny, reopened
from workbench.errors import InputError
from workbench.registry.migrations import HEAD, config
from workbench.registry.registry import Registry
from workbench.registry.tables import Base


def test_the_tables_are_those_the_code_declares(registry: Registry) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with registry.store.database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_rules_of_the_migration_are_those_of_the_code(on_sqlite: Registry) -> None:
    from sqlalchemy import create_engine, inspect

    declared = create_engine("sqlite://")
    Base.metadata.create_all(declared)
    with on_sqlite.store.database.read() as session:
        migrated, wanted = inspect(session.connection()), inspect(declared)
        for table in wanted.get_table_names():
            for rules in (
                "get_check_constraints",
                "get_unique_constraints",
                "get_indexes",
                "get_foreign_keys",
            ):
                found, expected = getattr(migrated, rules)(table), getattr(wanted, rules)(table)
                assert sorted(map(_told, found)) == sorted(map(_told, expected)), (table, rules)


def _told(rule: dict[str, Any]) -> str:
    where = str(rule.pop("dialect_options", {}).get("sqlite_where", ""))
    return f"{rule} {where}"


def test_head_is_the_newest_revision(registry: Registry) -> None:
    from alembic.script import ScriptDirectory

    assert (
        ScriptDirectory.from_config(config()).get_current_head() == HEAD == registry.store.database.revision()
    )


@pytest.mark.parametrize("url", ["mysql://ana:secret@db/w", "oracle://db/w", "sqlite+aiosqlite:///w.db"])
def test_only_databases_that_were_tried_are_taken(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError) as said:
        open_tiny(tmp_path / "home", database_url=url)
    assert said.value.code == "SETTINGS" and "SQLite and PostgreSQL" in str(said.value)
    assert url.partition(":")[0] in str(said.value) and "secret" not in str(said.value)


def test_a_store_on_postgresql_from_before_gets_the_rule_of_the_trail(
    on_postgresql: Registry,
) -> None:
    from alembic import command

    opened = on_postgresql
    with opened.store.database._writer.begin() as connection:
        command.downgrade(config(connection), "0001")
    with opened.store.database.write() as session:
        session.execute(text("UPDATE trail SET who = 'x'"))
    opened.close()
    later = reopened(opened)
    with pytest.raises(IntegrityError, match="never changed"), later.store.database.write() as session:
        session.execute(text("UPDATE trail SET who = 'x'"))
    later.close()


def _open(home: Path, named: dict[str, str]) -> None:
    open_tiny(home, **named).close()


@pytest.mark.parametrize("kind", KINDS)
def test_many_may_open_an_empty_home_at_once(tmp_path: Path, kind: str, databases: Databases) -> None:
    with databases.new(kind, tables=False) as named:
        _in_a_crowd(tmp_path, named)


def _in_a_crowd(tmp_path: Path, named: dict[str, str]) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_open, args=(tmp_path / "home", named)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 6
    opened = open_tiny(tmp_path / "home", **named)
    assert opened.fsck() == []
    opened.close()


def test_sqlite_is_set_up_to_keep_what_it_acknowledged(on_sqlite: Registry) -> None:
    import sqlite3

    with on_sqlite.store.database.write() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    wal = sqlite3.sqlite_version_info >= (3, 51, 3)
    assert found == {
        "journal_mode": "wal" if wal else "delete",
        "synchronous": 2 if wal else 3,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }


def test_a_home_is_made_only_when_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.settings import Settings

    monkeypatch.chdir(tmp_path)
    Settings.from_env()
    assert os.listdir(tmp_path) == []
