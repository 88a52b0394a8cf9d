"""The store: the database and the folders beside it, and how something new is announced and acknowledged."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from workbench.errors import ArtifactError, BusyError, MissingError
from workbench.registry import quarantine
from workbench.registry.artifacts import (
    STAGE_PREFIX,
    discard,
    make_folder,
    read_folder,
    remove,
    store_lock,
)
from workbench.registry.belonging import refuse_other
from workbench.registry.engine import Database, change_one
from workbench.registry.rows import Reader, Score
from workbench.registry.tables import (
    DatasetTable,
    ModelTable,
    ProtectedTable,
    Publishing,
    ReadingTable,
    StudyTable,
)
from workbench.registry.trail import add_line

KINDS = ("models", "datasets", "studies")
_GROUP_WRITES, _OTHERS_WRITE = 0o020, 0o002


@dataclass(frozen=True, eq=False)
class Store:
    """Where everything is kept, and how models of it are read and scored.

    Parameters
    ----------
    home : Path
        Folder that holds ``models``, ``datasets``, ``studies`` and ``quarantine``.
    reader, score : callable
        Make a model of its files; give the PDs of typed rows.
    """

    home: Path
    database: Database
    reader: Reader
    score: Score

    def folder(self, kind: str) -> Path:
        """Return the folder of ``models``, ``datasets``, ``studies`` or ``quarantine``."""
        return self.home / kind

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Hold the store's lock while files are put in place; publishers do not wait for each other."""
        with store_lock(self.home, alone=False, seconds=self.database.busy_seconds):
            yield

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Hold the lock for what is named by its content or its caller, so that two may want one name."""
        seconds = self.database.busy_seconds
        with store_lock(self.home, ".lock-keeping", alone=True, seconds=seconds), self.publishing():
            yield

    def prepare(self) -> None:
        """Make the folders, bring the database up to date, clear away what killed programs left."""
        make_folder(self.home)
        _refuse_foreign(self.home)
        for kind in KINDS:
            make_folder(self.folder(kind))
        self.database.prepare()
        refuse_other(self.database, self.home)
        self.sweep()

    def sweep(self) -> None:
        """Clear away staged files, and files announced but never acknowledged, of programs that died."""
        with store_lock(self.home, alone=True, seconds=0) as held:
            if not held:
                return
            for kind in (*KINDS, "quarantine"):
                for stale in self.folder(kind).glob(f"{STAGE_PREFIX}*"):
                    discard(stale)
            with self.database.read() as session:
                left = list(session.scalars(select(Publishing)))
            for p in left:
                if not (p.manifest_sha256 and self._mended(p)) and not self._deleted(p):
                    self.withdraw(p.id, p.kind, p.name)

    def _mended(self, left: Publishing) -> bool:
        """End the mending of a version whose files are whole already; False where they are not."""
        manifest_sha256 = left.manifest_sha256 or ""
        try:
            read_folder(self.folder(left.kind) / left.name, manifest_sha256)
        except ArtifactError:
            return False
        end_mending(self, left.id, left.name, manifest_sha256, left.who, left.at)
        return True

    def _deleted(self, left: Publishing) -> bool:
        """End a deletion whose rows are gone: its files go to the quarantine that was made for them."""
        target = quarantine.place(self.folder("quarantine"), left.at, left.name)
        if not (target / quarantine.RECORD).is_file():
            return False
        with self.database.write() as session:
            files = self.there(left.kind, left.name) - rows_files(session, left.kind, left.name)
            quarantine.move(target, left.kind, [self.folder(left.kind) / file for file in files])
            session.execute(delete(Publishing).where(Publishing.id == left.id))
        return True

    def there(self, kind: str, name: str) -> set[str]:
        """Return the names in the folder of `kind` that belong to `name`, whoever put them there."""
        return {path.name for path in self.folder(kind).glob(f"{name}*") if _belongs(path.name, name)}

    def withdraw(self, intent: int | None, kind: str, name: str, before: Set[str] = frozenset()) -> None:
        """Take back what was announced and not acknowledged: its files first, then the announcement.

        `before` are files that were there before the publication began: they are not its own, and stay.
        `intent` is None where nothing was announced.
        """
        with self.database.write() as session:
            for file in self.there(kind, name) - rows_files(session, kind, name) - before:
                remove(self.folder(kind) / file)
            if intent is not None:
                session.execute(delete(Publishing).where(Publishing.id == intent))

    @contextmanager
    def taking_back(self, intent: int | None, kind: str, name: str) -> Iterator[None]:
        """Withdraw the announcement, and what the body put in place, where it does not come to its end."""
        before, done = self.there(kind, name), False
        try:
            yield
            done = True
        finally:
            if not done:
                # if the database is out of reach too, the next program to start sweeps
                with suppress(BusyError, ArtifactError, MissingError):
                    self.withdraw(intent, kind, name, before)


def announce(
    session: Session, kind: str, name: str, when: datetime, who: str = "", manifest_sha256: str | None = None
) -> int:
    """Say what is about to be put in place, so that what a killed program left can be told from a loss.

    `manifest_sha256` is given where a row is there already and only its files are put in place again.
    """
    row = Publishing(kind=kind, name=name, at=when, who=who, manifest_sha256=manifest_sha256)
    session.add(row)
    session.flush()
    return row.id


def acknowledge(session: Session, intent: int, name: str) -> None:
    """Take the announcement back in the transaction that adds the row.

    Raises
    ------
    MissingError
        ``CONFLICT`` where it was swept meanwhile; nothing is kept.
    """
    change_one(session, delete(Publishing).where(Publishing.id == intent), name)


def end_mending(
    store: Store, intent: int, model_id: str, manifest_sha256: str, who: str, when: datetime
) -> None:
    """Bring the row of a damaged version up to date with the files that took their place."""
    with store.database.write() as session:
        acknowledge(session, intent, model_id)
        found = session.get_one(ModelTable, model_id)
        before, found.manifest_sha256 = found.manifest_sha256, manifest_sha256
        add_line(
            session,
            who=who,
            when=when,
            action="mended",
            portfolio=found.portfolio,
            model_id=model_id,
            detail={"before": before, "now": manifest_sha256},
            sentence=f"{who} trained {model_id} again: identical, and its files, which were "
            "damaged or missing, were put in place again.",
        )


def rows_files(session: Session, kind: str, name: str = "") -> set[str]:
    """Return the names in the folder of `kind` that rows account for, or one `name` of it."""
    if kind == "models":
        query = select(ModelTable.model_id)
        return set(session.scalars(query.where(ModelTable.model_id == name) if name else query))
    if kind == "studies":
        query = select(StudyTable.study_id)
        return set(session.scalars(query.where(StudyTable.study_id == name) if name else query))
    query = select(DatasetTable.sha256)
    parts = select(ProtectedTable.file)
    read = select(ReadingTable)
    if name:
        query = query.where(DatasetTable.sha256 == name)
        parts = parts.where(ProtectedTable.dataset_sha256 == name)
        read = read.where(ReadingTable.dataset_sha256 == name)
    found = set(session.scalars(parts)) | {f"{sha}.parquet" for sha in session.scalars(query)}
    for row in session.scalars(read):
        record, refused = reading_files(row.dataset_sha256, row.sha256)
        found |= {record, refused} if row.refused_sha256 else {record}
    return found


def reading_files(dataset_sha256: str, reading_sha256: str) -> tuple[str, str]:
    """Return the names of a reading's two files: the records kept and the rows refused."""
    start = f"{dataset_sha256}.{reading_sha256[:16]}"
    return f"{start}.record.parquet", f"{start}.refused.parquet"


def _belongs(file: str, name: str) -> bool:
    # models and studies are folders of that very name; a data set is several files that start with it
    return file == name or file.startswith(f"{name}.")


def _refuse_foreign(home: Path) -> None:
    about = home.stat()
    if about.st_uid != os.geteuid() and os.geteuid() != 0:
        what = "belongs to another user"
    elif not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        what = "cannot be written to"
    elif about.st_mode & _OTHERS_WRITE:
        what = "can be written to by other users, who could exchange a model"
    else:
        if about.st_mode & _GROUP_WRITES and about.st_uid == os.geteuid():
            # many systems let the group write to what a clone makes
            home.chmod(stat.S_IMODE(about.st_mode) & ~_GROUP_WRITES)
        return
    raise ArtifactError(
        "STORE",
        f"the folder of models and data {what}",
        str(home),
        "Give it to the user who runs the workbench alone (chmod 700), or name another in WORKBENCH_HOME.",
    )
