"""Data sets: rows kept once by their fingerprint; protected columns and what was refused of a file apart."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.dataset import Dataset, Source
from workbench.errors import InputError, MissingError
from workbench.registry import readings
from workbench.registry.artifacts import publish_file, read_file, sha256
from workbench.registry.parquet import from_parquet, to_parquet
from workbench.registry.rows import DatasetRow
from workbench.registry.store import Store, acknowledge, announce, rows_files
from workbench.registry.tables import DatasetTable, ProtectedTable, Publishing, ReadingTable, TrailTable
from workbench.registry.trail import add_line

if TYPE_CHECKING:
    from workbench.portfolio import Portfolio

_ROLES = ("@outcome", "@row_key", "@date", "@weight", "@group")


def save(store: Store, dataset: Dataset, who: str, when: datetime) -> DatasetRow:
    """Keep a data set, or the protected part and the reading that it does not have yet."""
    reading = readings.digest_of(dataset)
    with store.keeping():
        with store.database.write() as session:
            known, part = _kept(session, dataset)
            read = session.get(ReadingTable, (dataset.sha256, reading))
            if read is not None:
                readings.make_last(session, dataset, reading)
                if who and not _told(session, dataset):
                    _tell(session, dataset, who, when)
            if read is not None and (part is not None or not dataset.protected_sha256):
                return _row_of(session, session.get_one(DatasetTable, dataset.sha256))
            intent = _announce(store, session, dataset.sha256, when)
            first = session.scalar(_parts(dataset.sha256).limit(1)) is None
        protected_file = f"{dataset.sha256}.protected.parquet"
        if not first:
            protected_file = f"{dataset.sha256}.{dataset.protected_sha256[:16]}.protected.parquet"
        with store.taking_back(intent, "datasets", dataset.sha256):
            rows = [_write_rows(store, dataset, when)] if known is None else []
            rows += [] if part is not None else _write_protected(store, dataset, when, protected_file)
            added = readings.write(store, dataset, reading, when) if read is None else None

            def add(session: Session) -> DatasetRow:
                if intent is not None:
                    acknowledge(session, intent, dataset.sha256)
                session.add_all(rows)
                session.flush()
                if added is not None:
                    readings.add(session, added)
                    session.flush()
                if read is None and who:
                    _tell(session, dataset, who, when)
                return _row_of(session, session.get_one(DatasetTable, dataset.sha256))

            return store.database.write_steadily(
                add, lambda session: _added(session, dataset, reading, intent)
            )


def _announce(store: Store, session: Session, digest: str, when: datetime) -> int | None:
    """Announce the files of a data set, but not where some lie there that this database does not know.

    They are those of a newer database, and would go if this program died. What it adds to them before it
    dies is found by `fsck`.
    """
    dead = session.scalar(select(Publishing).where(Publishing.kind == "datasets", Publishing.name == digest))
    if dead is None and store.there("datasets", digest) - rows_files(session, "datasets", digest):
        return None
    return announce(session, "datasets", digest, when)


def _added(session: Session, dataset: Dataset, reading: str, intent: int | None) -> DatasetRow | None:
    """Return the row where it was added, and with it the announcement taken back."""
    if intent is not None and session.get(Publishing, intent) is not None:
        return None
    _, part = _kept(session, dataset)
    whole = part is not None or not dataset.protected_sha256 or not len(dataset.protected.columns)
    if not whole or session.get(ReadingTable, (dataset.sha256, reading)) is None:
        return None
    return _row_of(session, session.get_one(DatasetTable, dataset.sha256))


def load(store: Store, digest: str, portfolio: Portfolio, reading: str = "") -> Dataset:
    """Return a kept data set as `portfolio` sees it, with what was refused in a reading, or in the last."""
    with store.database.read() as session:
        found = session.get(DatasetTable, digest)
        if found is None:
            raise MissingError(
                "NO_DATASET", f"the data set {digest[:12]} is not kept", remedy="Read the file again."
            )
        parts = list(session.scalars(_parts(digest)))
        read = readings.find(session, digest, reading)
    names = [c.name for c in portfolio.characteristics]
    content = read_file(store.folder("datasets") / f"{digest}.parquet", digest=found.file_sha256)
    kept = from_parquet(content)
    absent = [name for name in names if name not in kept]
    if absent:
        raise InputError(
            "SCHEMA_MISMATCH",
            f"the data set {digest[:12]} was kept without {', '.join(absent)}",
            remedy=f"Read the file again with the portfolio {portfolio.identity}.",
        )
    protected, protected_sha256 = _load_protected(store, parts, portfolio, len(kept))
    record, refused = readings.load(store, read)
    return Dataset(
        portfolio=portfolio,
        frame=kept[names],
        row_key=kept["@row_key"].rename(portfolio.row_key or "record"),
        date=kept["@date"].rename(portfolio.date) if "@date" in kept else None,
        record=record,
        refused=refused,
        source=Source(**(read.source | {"notes": tuple(read.source["notes"])})),
        outcome=kept["@outcome"].to_numpy(np.int8),
        weight=kept["@weight"].to_numpy(float) if "@weight" in kept else None,
        group=kept["@group"].rename(portfolio.group) if "@group" in kept else None,
        protected=protected,
        sha256=digest,
        protected_sha256=protected_sha256,
    )


def list_datasets(store: Store, portfolio: str | None) -> list[DatasetRow]:
    """Return data sets, newest first."""
    query = select(DatasetTable).order_by(DatasetTable.created_at.desc(), DatasetTable.sha256)
    if portfolio is not None:
        query = query.where(DatasetTable.portfolio == portfolio)
    with store.database.read() as session:
        return [_row_of(session, found) for found in session.scalars(query)]


def _parts(digest: str) -> Any:
    query = select(ProtectedTable).where(ProtectedTable.dataset_sha256 == digest)
    return query.order_by(ProtectedTable.created_at.desc(), ProtectedTable.sha256)


def _kept(session: Session, dataset: Dataset) -> tuple[DatasetTable | None, ProtectedTable | None]:
    known = session.get(DatasetTable, dataset.sha256)
    part = session.get(ProtectedTable, (dataset.sha256, dataset.protected_sha256))
    return known, part


def _told(session: Session, dataset: Dataset) -> bool:
    """Return whether the trail, or the data set itself, says that its portfolio has read it."""
    if session.get_one(DatasetTable, dataset.sha256).portfolio == dataset.portfolio.name:
        return True
    lines = select(TrailTable.detail).where(
        TrailTable.portfolio == dataset.portfolio.name, TrailTable.action == "data kept"
    )
    return any(detail["dataset_sha256"] == dataset.sha256 for detail in session.scalars(lines))


def _tell(session: Session, dataset: Dataset, who: str, when: datetime) -> None:
    add_line(
        session,
        who=who,
        when=when,
        action="data kept",
        portfolio=dataset.portfolio.name,
        detail={
            "dataset_sha256": dataset.sha256,
            "rows": dataset.n,
            "file_sha256": dataset.source.sha256,
            "name": dataset.source.name,
        },
        sentence=f"{who} read {dataset.source.name or 'data'} for {dataset.portfolio.name}: "
        f"{dataset.n:,} rows kept, {dataset.rows_in - dataset.n:,} refused.",
    )


def _write_rows(store: Store, dataset: Dataset, when: datetime) -> DatasetTable | ProtectedTable:
    """Put the rows' file in place and return the row that accounts for it."""
    content = to_parquet(_columns(dataset))
    publish_file(store.folder("datasets") / f"{dataset.sha256}.parquet", content)
    return _table_row(dataset, when, sha256(content))


def _write_protected(
    store: Store, dataset: Dataset, when: datetime, file: str
) -> list[DatasetTable | ProtectedTable]:
    """Put the file of the protected part, if there is one, in place and return its row."""
    if not dataset.protected_sha256 or not len(dataset.protected.columns):
        return []
    content = to_parquet(dataset.protected.reset_index(drop=True))
    publish_file(store.folder("datasets") / file, content)
    return [
        ProtectedTable(
            dataset_sha256=dataset.sha256,
            sha256=dataset.protected_sha256,
            file=file,
            file_sha256=sha256(content),
            columns={"names": [str(name) for name in dataset.protected.columns]},
            created_at=when,
        )
    ]


def _table_row(dataset: Dataset, when: datetime, file_sha256: str) -> DatasetTable:
    rate = dataset.bad_rate
    dates = None if dataset.date is None else dataset.date.dropna()
    dated = dates is not None and len(dates) > 0
    return DatasetTable(
        sha256=dataset.sha256,
        portfolio=dataset.portfolio.name,
        portfolio_version=dataset.portfolio.version,
        n=dataset.n,
        n_bad=dataset.n_bad,
        bad_rate=None if np.isnan(rate) else rate,
        date_from=dates.min().date().isoformat() if dated else None,
        date_to=dates.max().date().isoformat() if dated else None,
        file_sha256=file_sha256,
        created_at=when,
    )


def _columns(dataset: Dataset) -> pd.DataFrame:
    """Return characteristics and roles side by side; roles are called @outcome, @record and so on."""
    taken = [name for name in _ROLES if name in dataset.frame]
    if taken:
        raise InputError("COLUMN_NAME", f"a column cannot be called {taken[0]}", remedy="Rename the column.")
    roles = {"@outcome": dataset.outcome, "@row_key": dataset.row_key.to_numpy()}
    roles |= {"@date": None if dataset.date is None else dataset.date.to_numpy()}
    roles |= {
        "@weight": dataset.weight,
        "@group": None if dataset.group is None else dataset.group.to_numpy(),
    }
    given = {name: values for name, values in roles.items() if values is not None}
    return pd.concat([dataset.frame.reset_index(drop=True), pd.DataFrame(given)], axis=1)


def _load_protected(
    store: Store, parts: list[ProtectedTable], portfolio: Portfolio, n: int
) -> tuple[pd.DataFrame, str]:
    wanted = [c.name for c in portfolio.protected]
    part = next((part for part in parts if set(wanted) <= set(part.columns["names"])), None)
    if not wanted or part is None:
        return pd.DataFrame(index=pd.RangeIndex(n)), ""
    content = read_file(store.folder("datasets") / part.file, digest=part.file_sha256)
    return from_parquet(content)[wanted], part.sha256


def _row_of(session: Session, found: DatasetTable) -> DatasetRow:
    part = session.scalar(_parts(found.sha256).limit(1))
    read = readings.find(session, found.sha256)
    return DatasetRow(
        sha256=found.sha256,
        portfolio=found.portfolio,
        portfolio_version=found.portfolio_version,
        name=read.name,
        rows=found.n,
        refused=read.refused,
        n_bad=found.n_bad,
        bad_rate=found.bad_rate,
        date_from=found.date_from,
        date_to=found.date_to,
        created_at=found.created_at,
        protected_sha256=part.sha256 if part is not None else "",
        reading_sha256=read.sha256,
    )
