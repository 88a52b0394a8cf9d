"""Data sets: the rows a model was made from, kept once by their fingerprint; protected columns apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.dataset import REFUSED_COLUMNS, Dataset, Source
from workbench.errors import InputError, MissingError
from workbench.registry.artifacts import publish_file, read_file, sha256
from workbench.registry.rows import DatasetRow
from workbench.registry.store import Store, acknowledge, announce
from workbench.registry.tables import DatasetTable, ProtectedTable
from workbench.registry.trail import add_line

if TYPE_CHECKING:
    from workbench.portfolio import Portfolio

_ROLES = ("@outcome", "@record", "@row_key", "@date", "@weight", "@group")
_LEVELS = b"workbench.levels"


def save(store: Store, dataset: Dataset, who: str, when: datetime) -> DatasetRow:
    """Keep a data set, or the protected part that it does not have yet."""
    with store.keeping():
        with store.database.write() as session:
            known, part = _kept(session, dataset)
            if known is not None and (part is not None or not dataset.protected_sha256):
                return _row_of(session, known)
            intent = announce(session, "datasets", dataset.sha256, when)
            first = session.scalar(_parts(dataset.sha256).limit(1)) is None
        protected_file = f"{dataset.sha256}.protected.parquet"
        if not first:
            protected_file = f"{dataset.sha256}.{dataset.protected_sha256[:16]}.protected.parquet"
        with store.taking_back(intent, "datasets", dataset.sha256):
            rows = _write_files(store, dataset, when, protected_file, is_new=known is None)
            with store.database.write() as session:
                acknowledge(session, intent, dataset.sha256)
                session.add_all(rows)
                session.flush()
                if known is None and who:
                    _tell(session, dataset, who, when)
                return _row_of(session, session.get_one(DatasetTable, dataset.sha256))


def load(store: Store, digest: str, portfolio: Portfolio) -> Dataset:
    """Return a kept data set as `portfolio` sees it."""
    with store.database.read() as session:
        found = session.get(DatasetTable, digest)
        if found is None:
            raise MissingError(
                "NO_DATASET", f"the data set {digest[:12]} is not kept", remedy="Read the file again."
            )
        parts = list(session.scalars(_parts(digest)))
    names = [c.name for c in portfolio.characteristics]
    content = read_file(store.folder("datasets") / f"{digest}.parquet", digest=found.file_sha256)
    kept = _from_parquet(content)
    absent = [name for name in names if name not in kept]
    if absent:
        raise InputError(
            "SCHEMA_MISMATCH",
            f"the data set {digest[:12]} was kept without {', '.join(absent)}",
            remedy=f"Read the file again with the portfolio {portfolio.identity}.",
        )
    protected, protected_sha256 = _load_protected(store, parts, portfolio, len(kept))
    return Dataset(
        portfolio=portfolio,
        frame=kept[names],
        row_key=kept["@row_key"].rename(portfolio.row_key or "record"),
        date=kept["@date"].rename(portfolio.date) if "@date" in kept else None,
        record=kept["@record"].to_numpy(),
        refused=_load_refused(store, found),
        source=Source(**(found.source | {"notes": tuple(found.source["notes"])})),
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


def _tell(session: Session, dataset: Dataset, who: str, when: datetime) -> None:
    add_line(
        session,
        who=who,
        when=when,
        action="data kept",
        portfolio=dataset.portfolio.name,
        detail={"dataset_sha256": dataset.sha256, "rows": dataset.n, "file_sha256": dataset.source.sha256},
        sentence=f"{who} read {dataset.source.name or 'data'} for {dataset.portfolio.name}: "
        f"{dataset.n:,} rows kept, {dataset.rows_in - dataset.n:,} refused.",
    )


def _write_files(
    store: Store, dataset: Dataset, when: datetime, protected_file: str, *, is_new: bool
) -> list[DatasetTable | ProtectedTable]:
    """Put the files in place and return the rows that account for them."""
    folder = store.folder("datasets")
    rows: list[DatasetTable | ProtectedTable] = []
    if is_new:
        content = _to_parquet(_columns(dataset))
        publish_file(folder / f"{dataset.sha256}.parquet", content)
        refused = None
        if len(dataset.refused):
            refused_content = _to_parquet(dataset.refused.reset_index(drop=True))
            publish_file(folder / f"{dataset.sha256}.refused.parquet", refused_content)
            refused = sha256(refused_content)
        rows.append(_table_row(dataset, when, sha256(content), refused))
    if dataset.protected_sha256 and len(dataset.protected.columns):
        content = _to_parquet(dataset.protected.reset_index(drop=True))
        publish_file(folder / protected_file, content)
        rows.append(
            ProtectedTable(
                dataset_sha256=dataset.sha256,
                sha256=dataset.protected_sha256,
                file=protected_file,
                file_sha256=sha256(content),
                columns={"names": [str(name) for name in dataset.protected.columns]},
                created_at=when,
            )
        )
    return rows


def _table_row(
    dataset: Dataset, when: datetime, file_sha256: str, refused_sha256: str | None
) -> DatasetTable:
    rate = dataset.bad_rate
    dates = None if dataset.date is None else dataset.date.dropna()
    dated = dates is not None and len(dates) > 0
    return DatasetTable(
        sha256=dataset.sha256,
        portfolio=dataset.portfolio.name,
        portfolio_version=dataset.portfolio.version,
        name=dataset.source.name,
        n=dataset.n,
        n_bad=dataset.n_bad,
        refused=dataset.rows_in - dataset.n,
        bad_rate=None if np.isnan(rate) else rate,
        date_from=dates.min().date().isoformat() if dated else None,
        date_to=dates.max().date().isoformat() if dated else None,
        file_sha256=file_sha256,
        refused_sha256=refused_sha256,
        source=asdict(dataset.source) | {"notes": list(dataset.source.notes)},
        created_at=when,
    )


def _columns(dataset: Dataset) -> pd.DataFrame:
    """Return characteristics and roles side by side; roles are called @outcome, @record and so on."""
    taken = [name for name in _ROLES if name in dataset.frame]
    if taken:
        raise InputError("COLUMN_NAME", f"a column cannot be called {taken[0]}", remedy="Rename the column.")
    roles = {"@outcome": dataset.outcome, "@record": dataset.record, "@row_key": dataset.row_key.to_numpy()}
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
    return _from_parquet(content)[wanted], part.sha256


def _load_refused(store: Store, found: DatasetTable) -> pd.DataFrame:
    if found.refused_sha256 is None:
        return pd.DataFrame(columns=list(REFUSED_COLUMNS))
    path = store.folder("datasets") / f"{found.sha256}.refused.parquet"
    return _from_parquet(read_file(path, digest=found.refused_sha256))


def _to_parquet(frame: pd.DataFrame) -> bytes:
    """Return the frame as Parquet; the order of category levels, which Parquet forgets, beside it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    levels = {
        str(name): [str(level) for level in frame[name].cat.categories]
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(
        (table.schema.metadata or {}) | {_LEVELS: json.dumps(levels).encode()}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _from_parquet(content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    levels = json.loads(table.schema.metadata[_LEVELS])
    frame = table.to_pandas()
    for name in frame.columns:
        if name in levels:
            frame[name] = frame[name].astype(pd.CategoricalDtype(pd.Index(levels[name], dtype="str")))
        elif pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
            frame[name] = frame[name].astype("datetime64[s]")
    return frame


def _row_of(session: Session, found: DatasetTable) -> DatasetRow:
    part = session.scalar(_parts(found.sha256).limit(1))
    return DatasetRow(
        sha256=found.sha256,
        portfolio=found.portfolio,
        portfolio_version=found.portfolio_version,
        name=found.name,
        rows=found.n,
        refused=found.refused,
        n_bad=found.n_bad,
        bad_rate=found.bad_rate,
        date_from=found.date_from,
        date_to=found.date_to,
        created_at=found.created_at,
        protected_sha256=part.sha256 if part is not None else "",
    )
