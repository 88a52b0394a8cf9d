"""Rows that lie in another database as if they were a file, and scores that go to one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import intake
from workbench.dataset import Table
from workbench.errors import InputError
from workbench.registry.artifacts import make_folder
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.settings import Source

PREFIX = "sql:"


def is_source(path: Path) -> bool:
    """Return whether `path` is the address of rows in a database, ``sql:NAME`` or ``sql:NAME/TABLE``."""
    return str(path).startswith(PREFIX)


@contextmanager
def at_hand(desk: Desk, path: Path, run: Run | None) -> Iterator[Path]:
    """Yield a file that can be read: `path` itself, or one with the rows that it stands for.

    The latter is gone afterwards, however this program ends.

    Raises
    ------
    InputError, MissingError, BusyError
        As `registry.sources.fetch`; ``SOURCE`` where none of that name is configured.
    """
    if not is_source(path):
        yield path
        return
    from workbench.registry import sources

    source, table = _named(desk, path)
    if not table and not source.query:
        raise InputError(
            "SOURCE", "names no table, and no query is configured", str(path),
            f"Name a table, as in {path}/TABLE, or set {source.query_variable}.",
        )  # fmt: skip
    make_folder(place := desk.settings.home / "reading")
    with intake.private_folder(place) as folder:
        file = folder / (re.sub(r"[^\w.-]", "_", "-".join(filter(None, (source.name, table)))) + ".parquet")
        sources.fetch(source, table, file, run or Run(), desk.settings.read_seconds)
        yield file


def told(table: Table, path: Path) -> Table:
    """Return the table under the address that its rows were asked for by."""
    return replace(table, source=replace(table.source, name=str(path))) if is_source(path) else table


@contextmanager
def to_hand(desk: Desk, out: Path) -> Iterator[tuple[Path, bool]]:
    """Yield a file to write scores to, and whether it replaces what is there.

    The file is `out` itself, or one whose rows then go to the table that `out` stands for.

    Raises
    ------
    InputError
        ``SOURCE`` where no table is named; ``OUT_TABLE`` where the one that is there holds no scores.
    """
    if not is_source(out):
        yield out, out.exists()
        return
    from workbench.registry import sources

    source, table = _named(desk, out)
    if not table:
        what = "names no table that scores could go to"
        raise InputError("SOURCE", what, str(out), f"Name one, as in {out}/scores.")
    there = sources.is_target(source, table, desk.settings.read_seconds)
    make_folder(place := desk.settings.home / "reading")
    with intake.private_folder(place) as folder:
        yield (file := folder / "scored.parquet"), there
        sources.put(source, table, file, desk.settings.read_seconds)


def _named(desk: Desk, path: Path) -> tuple[Source, str]:
    name, _, table = str(path).removeprefix(PREFIX).partition("/")
    return desk.settings.source(name), table
