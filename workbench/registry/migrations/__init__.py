"""Brings the tables from any earlier revision to `HEAD`, from code: no file outside the package is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

HEAD = "0003"
"""The newest revision; a test holds it against the files in ``versions``."""


def config(connection: Connection | None = None) -> Config:
    """Return the alembic configuration; `connection` is the one to migrate."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection) -> None:
    """Bring the tables to `HEAD` inside the transaction of `connection`."""
    from alembic import command

    command.upgrade(config(connection), "head")
