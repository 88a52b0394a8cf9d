"""Does the store hold what the database says, and nothing else? Both directions; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from workbench.errors import ArtifactError, BusyError, Problem
from workbench.registry.artifacts import (
    MANIFEST,
    STAGE_PREFIX,
    make_folder,
    read_file,
    read_folder,
    store_lock,
    sync_folder,
)
from workbench.registry.rows import OUT_OF_USE
from workbench.registry.store import KINDS, Store, reading_files, rows_files
from workbench.registry.tables import (
    Counter,
    DatasetTable,
    ModelTable,
    ProtectedTable,
    Publishing,
    ReadingTable,
    StageTable,
    StudyTable,
)
from workbench.registry.trail import add_line

HARMLESS = ("ORPHAN", "STALE_STAGE")
"""Codes of what killed programs leave: nobody was told it is kept; opening the registry clears it."""

_PATIENCE = 3.0
_WORDS = {"models": "model", "datasets": "data set", "studies": "study"}


def harmless(problem: Problem) -> bool:
    """Whether a problem is only something to clear away, not something lost or changed."""
    return problem.code in HARMLESS


def fsck(store: Store) -> list[Problem]:
    """Return everything that is wrong, losses first."""
    problems = [*_database(store), *_folders(store), *_dataset_files(store), *_left_over(store)]
    return sorted(problems, key=harmless)


def quarantine(store: Store, who: str, when: datetime) -> list[str]:
    """Move what no row accounts for to ``quarantine/<moment>/`` and say so in the trail."""
    with store_lock(store.home, alone=True, seconds=store.database.busy_seconds):
        found = _unaccounted(store)
        if not found:
            return []
        moment = when.strftime("%Y%m%dT%H%M%SZ")
        for kind, name in found:
            folder = store.folder("quarantine") / moment / kind
            make_folder(folder)
            os.rename(store.folder(kind) / name, folder / name)
            sync_folder(folder)
            sync_folder(store.folder(kind))
    names = [f"{kind}/{name}" for kind, name in found]
    with store.database.write() as session:
        add_line(
            session,
            who=who,
            when=when,
            action="quarantined",
            portfolio="",
            detail={"files": names, "folder": f"quarantine/{moment}"},
            sentence=f"{who} moved {len(names)} files no row accounts for to quarantine/{moment}.",
        )
    return names


def _database(store: Store) -> Iterator[Problem]:
    with store.database.read() as session:
        if store.database.is_sqlite:
            for (line,) in session.execute(text("PRAGMA quick_check")):
                if line != "ok":
                    yield Problem(
                        "DATABASE", line, str(store.database.url.database), "Restore it from a backup."
                    )
            for table, *_ in session.execute(text("PRAGMA foreign_key_check")):
                yield Problem(
                    "DATABASE", "a row refers to one that is gone", table, "Restore it from a backup."
                )
        yield from _champions(session)
        yield from _numbers(session)
        yield from _stage_history(session)


def _champions(session: Session) -> Iterator[Problem]:
    champions = session.execute(
        select(ModelTable.portfolio, func.count(), func.min(ModelTable.gate_passed))
        .where(ModelTable.stage == "champion")
        .group_by(ModelTable.portfolio)
    )
    for portfolio, count, passed in champions:
        if count > 1:
            yield Problem("CHAMPION", f"has {count} champions", portfolio, "Retire all but one.")
        if not passed:
            yield Problem("CHAMPION", "has a champion that did not pass its gate", portfolio, "Retire it.")


def _numbers(session: Session) -> Iterator[Problem]:
    newest = session.execute(
        select(ModelTable.portfolio, func.max(ModelTable.version)).group_by(ModelTable.portfolio)
    )
    for portfolio, version in newest:
        counter = session.get(Counter, portfolio)
        if counter is None or counter.last < version:
            yield Problem(
                "COUNTER",
                f"version {version} exists but the counter stands at {counter.last if counter else 0}",
                portfolio,
                "Restore the database from a backup.",
            )


def _stage_history(session: Session) -> Iterator[Problem]:
    last = select(StageTable.model_id, func.max(StageTable.id).label("id")).group_by(StageTable.model_id)
    last = last.subquery()
    query = (
        select(ModelTable.model_id, ModelTable.stage, StageTable.stage)
        .outerjoin(last, last.c.model_id == ModelTable.model_id)
        .outerjoin(StageTable, StageTable.id == last.c.id)
    )
    for model_id, stage, told in session.execute(query):
        if stage != told:
            what = f"is {stage}, but its history ends with {told or 'nothing'}"
            yield Problem("STAGE", what, model_id, "Look into who changed the database by hand.")


def _folders(store: Store) -> Iterator[Problem]:
    """Check every model's and study's folder against its manifest, and that against the database."""
    with store.database.read() as session:
        models = list(
            session.execute(select(ModelTable.model_id, ModelTable.manifest_sha256, ModelTable.stage))
        )
        studies = list(session.execute(select(StudyTable.study_id, StudyTable.manifest_sha256)))
    listed = [("models", name, digest, stage) for name, digest, stage in models]
    listed += [("studies", name, digest, "") for name, digest in studies]
    for kind, name, digest, stage in listed:
        folder = store.folder(kind) / name
        try:
            files, _ = read_folder(folder, digest)
        except ArtifactError as error:
            in_use = f" ({stage})" if stage and stage not in OUT_OF_USE else ""
            for problem in error.problems:
                yield Problem(problem.code, problem.what + in_use, problem.where, problem.remedy)
            continue
        for extra in sorted({path.name for path in folder.iterdir()} - files.keys() - {MANIFEST}):
            yield Problem("UNLISTED_FILE", "is not in the manifest", str(folder / extra), "Take it away.")


def _dataset_files(store: Store) -> Iterator[Problem]:
    with store.database.read() as session:
        rows = session.execute(select(DatasetTable.sha256, DatasetTable.file_sha256))
        expected = [(f"{sha}.parquet", file_sha256) for sha, file_sha256 in rows]
        for read in session.scalars(select(ReadingTable)):
            record, refused = reading_files(read.dataset_sha256, read.sha256)
            expected.append((record, read.record_sha256))
            if read.refused_sha256:
                expected.append((refused, read.refused_sha256))
        expected += [
            tuple(r) for r in session.execute(select(ProtectedTable.file, ProtectedTable.file_sha256))
        ]
    for name, digest in expected:
        try:
            read_file(store.folder("datasets") / name, digest=digest)
        except ArtifactError as error:
            yield Problem(
                error.code, error.problems[0].what, error.problems[0].where, "Restore it from a backup."
            )


def _left_over(store: Store) -> Iterator[Problem]:
    found, announced = _unaccounted(store), set()
    if found:
        # a program may be between its files and its row: with the lock held alone, none is
        alone = False
        with suppress(BusyError), store_lock(store.home, alone=True, seconds=_PATIENCE):
            found, alone = _unaccounted(store), True
        with store.database.read() as session:
            announced = {(p.kind, p.name) for p in session.scalars(select(Publishing))}
            kept = {kind: rows_files(session, kind) for kind in KINDS}
        if not alone:
            found = [(kind, name) for kind, name in found if name not in kept[kind]]
            found = [(kind, name) for kind, name in found if not name.startswith(STAGE_PREFIX)]
            found = [(kind, name) for kind, name in found if not _is_of(kind, name, announced)]
    for kind, name in found:
        where = str(store.folder(kind) / name)
        if name.startswith(STAGE_PREFIX):
            yield Problem(
                "STALE_STAGE", "was left by a program that died", where, "It goes at the next start."
            )
        elif _is_of(kind, name, announced):
            what = f"a {_WORDS[kind]} whose program died before it was registered"
            yield Problem("ORPHAN", what, where, "It goes at the next start.")
        else:
            yield Problem(
                "NO_ROW",
                f"a {_WORDS[kind]} that the database does not know",
                where,
                "Restore the newer database if this one is older; else run: workbench fsck --quarantine",
            )


def _is_of(kind: str, name: str, announced: set[tuple[str, str]]) -> bool:
    # a data set is several files that start with its name
    return (kind, name.partition(".")[0] if kind == "datasets" else name) in announced


def _unaccounted(store: Store) -> list[tuple[str, str]]:
    """Return kind and name of everything in the folders that no row accounts for."""
    found = {kind: set(_names(store.folder(kind))) for kind in KINDS}
    with store.database.read() as session:
        return [(kind, name) for kind in KINDS for name in sorted(found[kind] - rows_files(session, kind))]


def _names(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir() if path.name not in (".gitkeep", ".gitignore"))
