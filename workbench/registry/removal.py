"""Deleting what is kept: what stands in the way, what goes along, and the quarantine before it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from workbench.errors import GateError, InputError, MissingError, WorkbenchError
from workbench.registry import models, quarantine, stages
from workbench.registry.artifacts import remove
from workbench.registry.outages import LOST
from workbench.registry.quarantine import RECORD as RECORD
from workbench.registry.rows import NOUNS, REMOVABLE, Removal
from workbench.registry.store import Store, acknowledge, announce, rows_files
from workbench.registry.tables import (
    AcknowledgementTable,
    DatasetTable,
    ModelTable,
    ProtectedTable,
    ReadingTable,
    StageTable,
    StudyTable,
    TrailTable,
)
from workbench.registry.trail import add_line


def plan(store: Store, kind: str, name: str) -> Removal:
    """Return what deleting something means; nothing is changed.

    Raises
    ------
    InputError
        ``KIND``.
    MissingError
        ``NO_DATASET``, ``NO_STUDY``, ``NO_MODEL``.
    """
    with store.database.read() as session:
        return _plan(store, session, kind, name)


def delete_kept(store: Store, kind: str, name: str, who: str, when: datetime, why: str) -> Removal:
    """Take the rows of something away and move its files to quarantine.

    The quarantine is made first. The rows go in one transaction with the line in the trail, and the files are
    announced in it, so that where the program dies in between the next start moves them there.

    Raises
    ------
    GateError
        With the code of the refusal; nothing is changed.
    InputError
        ``NO_REASON``.
    ArtifactError
        ``DISK_FULL``; nothing is changed.
    """
    why = why.strip()
    if not why:
        raise InputError("NO_REASON", "deleting needs a reason", remedy="Say why; it is kept in the trail.")
    with store.keeping():
        found = _not_refused(plan(store, kind, name))
        about = {"kind": kind, "name": found.name, "who": who, "why": why}
        with _begun(store, REMOVABLE[kind], when, about) as target, store.database.write() as session:
            if found.portfolio:
                models.lock_portfolio(session, found.portfolio)
            found = _not_refused(_plan(store, session, kind, found.name))
            files = sorted(rows_files(session, REMOVABLE[kind], found.name))
            kept = _row(session, kind, found.name)
            _delete_rows(session, kind, found.name)
            intent = announce(session, REMOVABLE[kind], found.name, when, who)
            add_line(
                session, who=who, when=when, action="deleted", portfolio=found.portfolio,
                model_id=found.name if kind == "model" else None,
                detail={"kind": kind, "name": found.name, "why": why, "row": kept, "bytes": found.size},
                sentence=f"{who} deleted {found.words}, because: {why.rstrip('.')}.",
            )  # fmt: skip
        folder = store.folder(REMOVABLE[kind])
        quarantine.move(target, REMOVABLE[kind], [folder / file for file in files])
        with store.database.write() as session:
            acknowledge(session, intent, found.name)
    return found


@contextmanager
def _begun(store: Store, kind: str, when: datetime, about: dict[str, Any]) -> Iterator[Path]:
    """Begin the quarantine before rows go, for the disk may be full; take it away where they stay."""
    target = quarantine.begin(store.folder("quarantine"), kind, when, about)
    try:
        yield target
    except WorkbenchError as error:
        if error.code != LOST:  # else the rows may be gone, and the next start moves the files here
            remove(target)
        raise


def delete_folder(
    store: Store, kind: str, path: Path, when: datetime, about: dict[str, Any], size: int
) -> None:
    """Move a folder that no row accounts for to quarantine, with a line in the trail."""
    with _begun(store, kind, when, about) as target, store.database.write() as session:
        what = f"the {NOUNS[about['kind']]} {about['name']}"
        add_line(
            session, who=about["who"], when=when, action="deleted", portfolio="",
            detail=about | {"bytes": size},
            sentence=f"{about['who']} deleted {what}, because: {about['why'].rstrip('.')}.",
        )  # fmt: skip
    quarantine.move(target, kind, [path])


def purge(store: Store, now: datetime, grace: timedelta, only: str = "") -> list[str]:
    """Remove for good what was deleted longer than `grace` ago, and `only` at once; returns the names."""
    if not any(store.folder("quarantine").glob(f"*/{RECORD}")):
        return []
    with store.keeping():  # what is just being deleted is not moved yet
        return quarantine.purge(store.folder("quarantine"), now, grace, only)


def _not_refused(found: Removal) -> Removal:
    if found.refusal:
        raise GateError(found.code, found.refusal, found.name, found.remedy)
    return found


def _plan(store: Store, session: Session, kind: str, name: str) -> Removal:
    if kind == "dataset":
        return _of_dataset(store, session, name)
    if kind == "study":
        return _of_study(store, session, name)
    if kind == "model":
        return _of_model(store, session, name)
    known = ", ".join(REMOVABLE)
    raise InputError("KIND", f"{kind!r} is nothing that can be deleted", remedy=f"Take one of: {known}.")


def _of_dataset(store: Store, session: Session, name: str) -> Removal:
    starts = session.scalars(
        select(DatasetTable).where(DatasetTable.sha256.startswith(name, autoescape=True))
    )
    found = list(starts.all()) if len(name) >= 8 else []
    if len(found) != 1:
        what = f"there is no data set {name}" if not found else f"several data sets begin with {name}"
        raise MissingError("NO_DATASET", what, remedy="Give its fingerprint, 8 characters or more.")
    sha = found[0].sha256
    made = _names(session, select(ModelTable.model_id).where(ModelTable.dataset_sha256 == sha))
    studies = _names(session, select(StudyTable.study_id).where(StudyTable.dataset_sha256 == sha))
    counts = [
        (_count(session, ReadingTable, ReadingTable.dataset_sha256 == sha), "reading of a file"),
        (_count(session, ProtectedTable, ProtectedTable.dataset_sha256 == sha), "protected part"),
        (_count(session, AcknowledgementTable, AcknowledgementTable.dataset_sha256 == sha),
         "reason for a finding"),
    ]  # fmt: skip
    along = tuple(_counted(n, what) for n, what in counts if n)
    size = _size(store.folder("datasets") / file for file in rows_files(session, "datasets", sha))
    removal = Removal("dataset", sha, found[0].portfolio, size, along)
    return _refused(removal, made, studies)


def _of_study(store: Store, session: Session, name: str) -> Removal:
    found = session.get(StudyTable, name)
    if found is None:
        raise MissingError("NO_STUDY", f"there is no study {name}", remedy="Look at the list of studies.")
    made = _names(session, select(ModelTable.model_id).where(ModelTable.study_id == name))
    size = _size([store.folder("studies") / name])
    return _refused(Removal("study", name, found.portfolio, size), made, [])


def _of_model(store: Store, session: Session, name: str) -> Removal:
    found = models.find(session, name)
    moves = _count(session, StageTable, StageTable.model_id == found.model_id)
    along = (f"{_counted(moves, 'stage')} in its history; the trail keeps its lines",) if moves else ()
    size = _size([store.folder("models") / found.model_id])
    removal = Removal("model", found.model_id, found.portfolio, size, along)
    if found.stage == "champion":
        what = f"{found.model_id} is the champion of {found.portfolio}"
        return _with(removal, "CHAMPION", what, "Promote another version first, or retire it.")
    if found.model_id in _before_the_champion(session, found.portfolio):
        what = f"{found.model_id} was champion before the present one, and a roll-back needs it"
        return _with(removal, "PREVIOUS_CHAMPION", what, "Keep it until another champion has followed.")
    return removal


def _before_the_champion(session: Session, portfolio: str) -> set[str]:
    """Return whom the champion took the place of, as the trail tells, and whom a roll-back brings."""
    champion = session.scalars(
        select(ModelTable.model_id).where(ModelTable.portfolio == portfolio, ModelTable.stage == "champion")
    ).one_or_none()
    lines = select(TrailTable.detail).where(
        TrailTable.model_id == champion, TrailTable.action.in_((stages.PROMOTED, stages.ROLLED_BACK))
    )
    told = {detail.get("retired") for detail in session.scalars(lines)} if champion else set()
    return {name for name in (*told, stages.previous(session, portfolio)) if name}


def _refused(removal: Removal, made: list[str], studies: list[str]) -> Removal:
    if made:
        what = f"{_listed(made)} {'was' if len(made) == 1 else 'were'} made from it"
        return _with(removal, "HAS_MODELS", what, "Delete those models first; what a model rests on is kept.")
    if studies:
        return _with(removal, "HAS_STUDIES", f"{_listed(studies)} rest on it", "Delete those studies first.")
    return removal


def _with(removal: Removal, code: str, refusal: str, remedy: str) -> Removal:
    return replace(removal, code=code, refusal=refusal, remedy=remedy)


def _listed(names: list[str], most: int = 6) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _names(session: Session, query: Any) -> list[str]:
    return sorted(session.scalars(query))


def _counted(n: int, one: str) -> str:
    first, _, rest = one.partition(" ")
    return f"{n:,} {first}{'' if n == 1 else 's'} {rest}".rstrip()


def _count(session: Session, table: Any, condition: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(table).where(condition)) or 0)


def _size(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        total += sum(file.stat().st_size for file in inside if file.is_file())
    return total


def _row(session: Session, kind: str, name: str) -> dict[str, Any]:
    """Return the row as plain values, for the trail."""
    table: Any = {"dataset": DatasetTable, "study": StudyTable, "model": ModelTable}[kind]
    found = session.get_one(table, name)
    row = {column.key: getattr(found, column.key) for column in table.__mapper__.column_attrs}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def _delete_rows(session: Session, kind: str, name: str) -> None:
    if kind == "model":
        session.execute(delete(StageTable).where(StageTable.model_id == name))
        session.execute(delete(ModelTable).where(ModelTable.model_id == name))
    elif kind == "study":
        session.execute(delete(StudyTable).where(StudyTable.study_id == name))
    else:
        for table in (AcknowledgementTable, ReadingTable, ProtectedTable):
            session.execute(delete(table).where(table.dataset_sha256 == name))
        session.execute(delete(DatasetTable).where(DatasetTable.sha256 == name))
    session.expire_all()
