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

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.errors import ArtifactError, WorkbenchError
from workbench.registry.artifacts import STAGE_PREFIX, sync_folder, write_file
from workbench.registry.engine import Database
from workbench.registry.outages import LOST
from workbench.registry.tables import Base, StoreTable

FILE = "store.id"


def refuse_other(database: Database, folder: Path) -> None:
    """Refuse a folder that is not the store of this database; where both are new they get one name.

    A database that holds something and has no name is older than names, and takes that of its folder. An
    empty one does not: the folder is another database's, and what it holds would be cleared away as unknown.

    Raises
    ------
    ArtifactError
        ``STORE``.
    """
    known = _known(database)
    if known is None:
        _name_both(database, folder)
        known = _known(database)
    if _name(folder) == known:
        return
    path = shlex.quote(str(folder / FILE))
    raise ArtifactError(
        "STORE",
        "the database belongs to another folder of models and data",
        str(folder),
        "Name that folder in WORKBENCH_STORE. If this is it, restored without its file "
        f"{FILE}, run: echo {known} > {path}",
    )


def _name_both(database: Database, folder: Path) -> None:
    """Give database and folder one name, unless another program does so meanwhile."""
    new = False
    try:
        # another program may open the same new database, with this folder or one of its own
        with suppress(IntegrityError), database.write() as session:
            if not database.is_sqlite:
                session.execute(text("LOCK TABLE stores IN EXCLUSIVE MODE"))
            if session.get(StoreTable, 1) is None:
                name = _name(folder)
                if name is not None and _is_empty(session):
                    raise _of_another(folder)
                new = name is None
                session.add(StoreTable(one=1, name=name or _named(folder)))
    except WorkbenchError as error:
        if new and error.code != LOST:  # else the next program would find a folder that has its database
            (folder / FILE).unlink(missing_ok=True)
        raise


def _is_empty(session: Session) -> bool:
    tables = (table for table in Base.metadata.sorted_tables if table is not StoreTable.__table__)
    return all(session.execute(select(table).limit(1)).first() is None for table in tables)


def _of_another(folder: Path) -> ArtifactError:
    return ArtifactError(
        "STORE",
        "the database is empty, and the folder of models and data belongs to another",
        str(folder),
        "Name that database in WORKBENCH_DATABASE_URL, or restore it from a backup; or name a new folder in "
        f"WORKBENCH_STORE or WORKBENCH_HOME. To begin anew here, move away what it holds, {FILE} included.",
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
