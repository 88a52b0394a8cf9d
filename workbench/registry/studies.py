"""Studies: what a run asked, found and scored, kept so that it can be shown again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.errors import InputError, MissingError
from workbench.registry.artifacts import manifest, publish_folder, read_folder, sha256, taken
from workbench.registry.rows import StudyRow
from workbench.registry.store import Store, acknowledge, announce
from workbench.registry.tables import DatasetTable, StudyTable

_STUDY_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,120}$")


def save(store: Store, row: StudyRow, files: Mapping[str, bytes]) -> StudyRow:
    """Keep the files and the row of a study."""
    if not _STUDY_ID.match(row.study_id):
        raise InputError(
            "STUDY", f"{row.study_id!r} cannot name a study", remedy="Use small letters, digits, - and _."
        )
    content = manifest("study", row.study_id, files)
    row = replace(row, manifest_sha256=sha256(content))
    with store.keeping():
        with store.database.write() as session:
            if row.job_id is not None:
                of_job = select(StudyTable).where(StudyTable.job_id == row.job_id)
                found = session.scalars(of_job).one_or_none()
                if found is not None:
                    return _row_of(found)
            found = session.get(StudyTable, row.study_id)
            if found is not None:
                return _the_same(_row_of(found), row)
            if session.get(DatasetTable, row.dataset_sha256) is None:
                raise _no_dataset(row.dataset_sha256)
            # what lies there unknown to this database is not announced: it would go if this program died
            if (store.folder("studies") / row.study_id).exists():
                raise taken(store.folder("studies") / row.study_id)
            intent = announce(session, "studies", row.study_id, row.created_at)
        with store.taking_back(intent, "studies", row.study_id):
            publish_folder(store.folder("studies") / row.study_id, files, content)
            return store.database.write_steadily(
                lambda session: _add(session, row, intent), lambda session: _added(session, row)
            )


def _add(session: Session, row: StudyRow, intent: int) -> StudyRow:
    acknowledge(session, intent, row.study_id)
    session.add(StudyTable(**{name: getattr(row, name) for name in StudyRow.__dataclass_fields__}))
    return row


def _added(session: Session, row: StudyRow) -> StudyRow | None:
    found = session.get(StudyTable, row.study_id)
    return row if found is not None and found.manifest_sha256 == row.manifest_sha256 else None


def load(store: Store, study_id: str) -> dict[str, bytes]:
    """Return the verified files of a study."""
    return read_folder(store.folder("studies") / study_id, row(store, study_id).manifest_sha256)[0]


def row(store: Store, study_id: str) -> StudyRow:
    """Return the row of a study."""
    with store.database.read() as session:
        found = session.get(StudyTable, study_id)
        if found is None:
            raise MissingError(
                "NO_STUDY", f"there is no study {study_id}", remedy="Look at the list of studies."
            )
        return _row_of(found)


def list_studies(store: Store, portfolio: str | None) -> list[StudyRow]:
    """Return studies, newest first."""
    query = select(StudyTable).order_by(StudyTable.created_at.desc(), StudyTable.study_id.desc())
    if portfolio is not None:
        query = query.where(StudyTable.portfolio == portfolio)
    with store.database.read() as session:
        return [_row_of(found) for found in session.scalars(query)]


def _row_of(found: StudyTable) -> StudyRow:
    return StudyRow(**{name: getattr(found, name) for name in StudyRow.__dataclass_fields__})


def _the_same(found: StudyRow, row: StudyRow) -> StudyRow:
    if found.manifest_sha256 == row.manifest_sha256:
        return found
    raise InputError("STUDY", f"another study is called {row.study_id}", remedy="Give this one another id.")


def _no_dataset(digest: str) -> MissingError:
    return MissingError(
        "NO_DATASET",
        f"the data set {digest[:12]} is not kept",
        remedy="Keep the data set first, then its study.",
    )
