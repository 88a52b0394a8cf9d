"""A PostgreSQL server that goes away, and comes back, while it is worked with."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from tests.databases import Databases
from tests.registry.tiny import PORTFOLIO, WHEN, LineModel, made_dataset, open_tiny, place, register, reopened
from workbench.cli import examination
from workbench.errors import MissingError
from workbench.registry.registry import Registry
from workbench.settings import Settings


@pytest.fixture
def registry(on_postgresql: Registry) -> Registry:
    return on_postgresql


def server(registry: Registry) -> psycopg.Connection:
    url = str(place(registry)["database_url"]).replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def break_all(registry: Registry) -> None:
    """End every connection of this database but the one that asks."""
    with server(registry) as database:
        database.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def break_at_commit(registry: Registry, monkeypatch: pytest.MonkeyPatch, turn: int, *, after: bool) -> None:
    """Break the connection at the commit of that turn, before the server has made it or after."""
    dialect, turns = registry.store.database._writer.dialect, iter(range(1, 1000))
    real = dialect.do_commit

    def commit(connection: Any) -> None:
        breaks = next(turns) == turn
        if breaks and not after:
            break_all(registry)
        real(connection)
        if breaks:
            break_all(registry)
            connection.cursor().execute("SELECT 1")

    monkeypatch.setattr(dialect, "do_commit", commit)


def test_connections_that_were_broken_meanwhile_are_made_again(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    break_all(registry)
    assert [row.model_id for row in registry.models()] == ["cards-1"]
    assert registry.promote("cards-1", who="ana", when=WHEN).stage == "champion"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("turn", [1, 2])
def test_a_registration_whose_commit_is_unknown_is_looked_up(
    registry: Registry, turn: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_at_commit(registry, monkeypatch, turn, after=after)
    row = register(registry, LineModel(0.1))
    assert not row.again and [found.model_id for found in registry.models()] == [row.model_id]
    assert [line.action for line in registry.trail(model_id=row.model_id)] == ["trained"]
    assert registry.load(row.model_id) == LineModel(0.1)
    assert reopened(registry).fsck() == []


@pytest.mark.parametrize("after", [False, True])
def test_data_and_studies_whose_commit_is_unknown_are_looked_up(
    registry: Registry, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = "b" * 64
    with monkeypatch.context() as patch:
        break_at_commit(registry, patch, 2, after=after)
        kept = registry.save_dataset(made_dataset(50, sha=sha), who="ana", when=WHEN)
    with monkeypatch.context() as patch:
        break_at_commit(registry, patch, 2, after=after)
        study = registry.save_study(
            "one", {"a": b"1"}, portfolio=PORTFOLIO, dataset_sha256=sha, spec={}, who="ana", when=WHEN
        )
    assert sorted(row.sha256 for row in registry.datasets()) == [sha, "d" * 64] and kept.rows == 50
    assert registry.studies() == [study] and registry.load_study("one") == {"a": b"1"}
    assert [line.action for line in registry.trail()].count("data kept") == 2
    assert reopened(registry).fsck() == []


@pytest.mark.parametrize("after", [False, True])
def test_a_promotion_whose_commit_is_unknown_is_looked_up(
    registry: Registry, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slope in (0.1, 0.2, 0.3):
        register(registry, LineModel(slope))
    registry.promote("cards-1", who="ana", when=WHEN)
    acts: list[Callable[[], Any]] = [
        lambda: registry.promote("cards-2", who="ana", when=WHEN, force=True, why="drill"),
        lambda: registry.roll_back("cards", who="ana", when=WHEN, why="drill"),
        lambda: registry.retire("cards-3", who="ana", when=WHEN),
    ]
    for act, champion in zip(acts, ("cards-2", "cards-1", "cards-1"), strict=True):
        with monkeypatch.context() as patch:
            break_at_commit(registry, patch, 1, after=after)
            act()
        assert registry.resolve("cards@champion").model_id == champion
    told = [line.action for line in registry.trail() if line.action in ("promoted", "rolled back", "retired")]
    assert sorted(told) == ["promoted", "promoted", "retired", "retired", "retired", "rolled back"]
    assert registry.fsck() == []


def test_a_server_started_again_amid_work_loses_and_doubles_nothing(
    registry: Registry, databases: Databases
) -> None:
    """What was asked for and not acknowledged is asked for again, as a queue does, by its job."""
    done: dict[str, str] = {}
    told: list[str] = []

    def work(who: int) -> None:
        here = reopened(registry)
        for i in range(12):
            while (job := f"j{who}-{i}") not in done:
                try:
                    done[job] = register(here, LineModel(who + i / 100), job_id=job).model_id
                except MissingError as away:
                    told.append(away.code)
                    time.sleep(0.05)
        here.close()

    workers = [threading.Thread(target=work, args=(who,)) for who in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(2):
        time.sleep(0.4)
        databases.restart()
    for worker in workers:
        worker.join(60)
    print(f"36 registrations over 2 restarts: {len(told)} told that the server was away")
    assert set(told) <= {"NO_DATABASE", "DATABASE_LOST"}
    assert {row.job_id: row.model_id for row in registry.models()} == done and len(done) == 36
    trained = [line.model_id for line in registry.trail(limit=1000) if line.action == "trained"]
    assert sorted(trained) == sorted(done.values())
    assert reopened(registry).fsck() == []


def test_a_program_that_stands_still_amid_a_change_does_not_hold_up_the_others(registry: Registry) -> None:
    with registry.store.database.write() as session:
        options = {
            name: session.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "synchronous_commit",
            )
        }
    assert options == {
        "lock_timeout": "30s", "statement_timeout": "1min", "idle_in_transaction_session_timeout": "15s",
        "synchronous_commit": "on",
    }  # fmt: skip


def _with(registry: Registry, **parts: Any) -> str:
    url = registry.store.database.url.set(**parts)
    return url.render_as_string(hide_password=False).replace("+psycopg", "")


def test_every_form_of_the_address_is_taken_and_its_password_never_shown(registry: Registry) -> None:
    """The tests' server asks for no password; one that is given must appear nowhere all the same."""
    canary = "s3cr:t/c@nary"
    encoded = "s3cr%3At%2Fc%40nary"
    address = _with(registry, username="wb", password=canary)
    assert encoded in address
    written = io.StringIO()
    listener = logging.StreamHandler(written)
    logging.getLogger().addHandler(listener)
    try:
        for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
            settings = Settings(
                home=registry.store.home, database_url=address.replace("postgresql", scheme, 1)
            )
            opened = open_tiny(settings.home, database_url=settings.database_url)
            assert opened.models() == []
            written.write(repr((settings, opened.store, opened.store.database._writer)))
            opened.close()
        away = Settings(home=registry.store.home, database_url=address.replace("port=", "port=1"))
        check = examination.database(away)
        written.write(json.dumps(vars(check)))
        assert not check.ok
    finally:
        logging.getLogger().removeHandler(listener)
    assert canary not in written.getvalue() and encoded not in written.getvalue()


def test_what_is_wrong_with_the_server_is_told_with_the_command_that_mends_it(
    registry: Registry, tmp_path: Path
) -> None:
    def found(database_url: str) -> examination.Check:
        return examination.database(Settings(home=tmp_path / "home", database_url=database_url))

    gone = found(_with(registry, database="nosuch"))
    assert not gone.ok and "has no database nosuch" in gone.detail
    assert gone.mend.startswith("createdb -h /") and gone.mend.endswith(" nosuch")
    away = found("postgresql://ana:secret@127.0.0.1:1/workbench")
    assert not away.ok and "does not answer" in away.detail and "secret" not in str(away)
    assert away.mend == "sudo systemctl start postgresql"
    far = found("postgresql://ana:secret@nosuch.invalid/workbench")
    assert far.mend == "pg_isready -h nosuch.invalid -U ana"
    with server(registry) as database:
        database.execute("CREATE ROLE reader LOGIN")
        database.execute("CREATE DATABASE others OWNER wb")
    try:
        refused = found(_with(registry, username="reader", database="others"))
        assert "may not do this" in refused.detail and "GRANT CREATE ON SCHEMA public" in refused.mend
    finally:
        with server(registry) as database:
            database.execute("DROP DATABASE others WITH (FORCE)")
            database.execute("DROP ROLE reader")
