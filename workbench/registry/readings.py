"""Readings: which rows of a file became a data set, and which were refused; one for each file read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workbench.dataset import REFUSED_COLUMNS, Dataset
from workbench.errors import MissingError
from workbench.registry.artifacts import publish_file, read_file, sha256
from workbench.registry.parquet import from_parquet, to_parquet
from workbench.registry.store import Store, reading_files
from workbench.registry.tables import ReadingTable


def digest_of(dataset: Dataset) -> str:
    """Return what tells readings apart: the file's bytes, the rows kept of it and those refused.

    The file's name does not count, so that a copy of a file is no other reading.
    """
    digest = hashlib.sha256(json.dumps(["reading 1", dataset.source.sha256, dataset.n]).encode())
    digest.update(np.ascontiguousarray(dataset.record, "<i8").tobytes())
    refused = dataset.refused[list(REFUSED_COLUMNS)].astype(str)
    for name in refused:
        digest.update(json.dumps(refused[name].tolist()).encode())
    return digest.hexdigest()


def find(session: Session, dataset_sha256: str, reading_sha256: str = "") -> ReadingTable:
    """Return a reading of a data set; the last one where none is named.

    Raises
    ------
    MissingError
        ``NO_READING``.
    """
    query = select(ReadingTable).where(ReadingTable.dataset_sha256 == dataset_sha256)
    if reading_sha256:
        query = query.where(ReadingTable.sha256 == reading_sha256)
    found = session.scalars(query.order_by(ReadingTable.turn.desc()).limit(1)).one_or_none()
    if found is None:
        raise MissingError(
            "NO_READING",
            f"the data set {dataset_sha256[:12]} was not read from the file asked for",
            remedy="Read the file again.",
        )
    return found


def first(store: Store, dataset_sha256: str) -> str:
    """Return the digest of the reading a data set was first kept with."""
    oldest = (
        select(ReadingTable.sha256)
        .where(ReadingTable.dataset_sha256 == dataset_sha256)
        .order_by(ReadingTable.created_at, ReadingTable.turn)
    )
    with store.database.read() as session:
        return session.scalar(oldest.limit(1)) or find(session, dataset_sha256).sha256


def make_last(session: Session, dataset: Dataset, reading_sha256: str) -> None:
    """Make a reading that is kept the last one, under the name its file has now."""
    last = find(session, dataset.sha256)
    source = plain_source(dataset)
    if last.sha256 == reading_sha256 and last.source == source:
        return
    session.execute(
        update(ReadingTable)
        .where(ReadingTable.dataset_sha256 == dataset.sha256, ReadingTable.sha256 == reading_sha256)
        .values(turn=_next_turn(session, dataset.sha256), name=dataset.source.name, source=source)
        .execution_options(synchronize_session="fetch")
    )


def write(store: Store, dataset: Dataset, reading_sha256: str, when: datetime) -> ReadingTable:
    """Put a reading's files in place and return the row that accounts for them; `add` gives it its turn."""
    folder = store.folder("datasets")
    record_file, refused_file = reading_files(dataset.sha256, reading_sha256)
    record = to_parquet(pd.DataFrame({"record": np.asarray(dataset.record, np.int64)}))
    publish_file(folder / record_file, record)
    refused = to_parquet(dataset.refused.reset_index(drop=True)) if len(dataset.refused) else None
    if refused is not None:
        publish_file(folder / refused_file, refused)
    return ReadingTable(
        dataset_sha256=dataset.sha256,
        sha256=reading_sha256,
        name=dataset.source.name,
        refused=dataset.rows_in - dataset.n,
        record_sha256=sha256(record),
        refused_sha256=None if refused is None else sha256(refused),
        source=plain_source(dataset),
        created_at=when,
    )


def add(session: Session, row: ReadingTable) -> None:
    """Add a reading as the last one of its data set."""
    row.turn = _next_turn(session, row.dataset_sha256)
    session.add(row)


def load(store: Store, found: ReadingTable) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the records kept and the rows refused of a reading, verified."""
    folder = store.folder("datasets")
    record_file, refused_file = reading_files(found.dataset_sha256, found.sha256)
    record = from_parquet(read_file(folder / record_file, digest=found.record_sha256))["record"].to_numpy()
    if found.refused_sha256 is None:
        return record, pd.DataFrame(columns=list(REFUSED_COLUMNS))
    return record, from_parquet(read_file(folder / refused_file, digest=found.refused_sha256))


def plain_source(dataset: Dataset) -> dict[str, Any]:
    """Return where a data set was read from as plain values."""
    return asdict(dataset.source) | {"notes": list(dataset.source.notes)}


def _next_turn(session: Session, dataset_sha256: str) -> int:
    last = select(func.max(ReadingTable.turn)).where(ReadingTable.dataset_sha256 == dataset_sha256)
    return (session.scalar(last) or 0) + 1
