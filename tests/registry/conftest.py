from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.tiny import WHEN, made_dataset, open_tiny
from workbench.registry.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry in an empty home, with one data set kept."""
    opened = open_tiny(tmp_path / "home")
    opened.save_dataset(made_dataset(), who="ana", when=WHEN)
    return opened


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The address of an empty database of its own on the tests' PostgreSQL server."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from sqlalchemy.engine import URL

    name = f"wb_{uuid.uuid4().hex}"
    parts = {key: str(value) for key, value in conninfo_to_dict(postgres).items()}
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        url = URL.create("postgresql+psycopg", database=name, query=parts | {"dbname": name})
        yield url.render_as_string(hide_password=False)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """The registry of `registry`, once on each database."""
    postgres = request.param == "postgresql"
    opened = open_tiny(
        tmp_path / "home", **{"database_url": request.getfixturevalue("postgres_url")} if postgres else {}
    )
    opened.save_dataset(made_dataset(), who="ana", when=WHEN)
    yield opened
    opened.close()
