from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS, Databases
from tests.registry.tiny import WHEN, made_dataset, open_tiny
from workbench.registry.registry import Registry


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, databases: Databases) -> Iterator[dict[str, str]]:
    """The settings of an empty database, once of each kind."""
    with databases.new(request.param) as named:
        yield named


@pytest.fixture
def registry(where: dict[str, str], tmp_path: Path) -> Iterator[Registry]:
    """A registry in an empty home, with one data set kept, once on each database."""
    opened = open_tiny(tmp_path / "home", **where)
    opened.save_dataset(made_dataset(), who="ana", when=WHEN)
    yield opened
    opened.close()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Registry:
    """The same on SQLite alone, for what only a file can show."""
    opened = open_tiny(tmp_path / "home")
    opened.save_dataset(made_dataset(), who="ana", when=WHEN)
    return opened


@pytest.fixture
def on_postgresql(databases: Databases, tmp_path: Path) -> Iterator[Registry]:
    """The same on PostgreSQL alone, for what only a server can show."""
    with databases.new("postgresql") as named:
        opened = open_tiny(tmp_path / "server", **named)
        opened.save_dataset(made_dataset(), who="ana", when=WHEN)
        yield opened
        opened.close()
