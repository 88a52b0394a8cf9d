"""Database and store belong together: both keep the same name, and no other pair is worked on.

Opening a store clears away what killed programs left. With the database of another store, that would be
what living programs are just putting in place elsewhere.
"""

from __future__ import annotations

import os
import shlex
import uuid
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from workbench.errors import ArtifactError
from workbench.registry.artifacts import STAGE_PREFIX, sync_folder, write_file
from workbench.registry.engine import Database
from workbench.registry.tables import StoreTable

FILE = "store.id"


def refuse_other(database: Database, folder: Path) -> None:
    """Refuse a folder that is not the store of this database; one that is new to both gets its name.

    Raises
    ------
    ArtifactError
        ``STORE``.
    """
    known = _known(database)
    name = _name(folder) if known is not None else _name(folder) or _named(folder)
    if known is None:
        # another program may open the same new database with a folder of its own
        with suppress(IntegrityError), database.write() as session:
            if session.get(StoreTable, 1) is None:
                session.add(StoreTable(one=1, name=name))
        known = _known(database)
    if name == known:
        return
    path = shlex.quote(str(folder / FILE))
    raise ArtifactError(
        "STORE",
        "the database belongs to another folder of models and data",
        str(folder),
        "Name that folder in WORKBENCH_STORE. If this is it, restored without its file "
        f"{FILE}, run: echo {known} > {path}",
    )


def _known(database: Database) -> str | None:
    with database.read() as session:
        return session.scalar(select(StoreTable.name))


def _name(folder: Path) -> str | None:
    with suppress(FileNotFoundError):
        return (folder / FILE).read_text().strip()
    return None


def _named(folder: Path) -> str:
    """Give the folder a name, or return the one that another program gave it meanwhile."""
    staged = folder / f"{STAGE_PREFIX}{uuid.uuid4().hex}"
    write_file(staged, f"{uuid.uuid4().hex}\n".encode())
    try:
        with suppress(FileExistsError):
            os.link(staged, folder / FILE)
    finally:
        staged.unlink()
    sync_folder(folder)
    return _name(folder) or ""
