"""Acknowledged findings: who took note of what, when and why, of one reading under one portfolio."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from workbench.dataset import Dataset
from workbench.errors import InputError, MissingError
from workbench.registry import readings
from workbench.registry.rows import AcknowledgementRow
from workbench.registry.store import Store
from workbench.registry.tables import AcknowledgementTable, ReadingTable
from workbench.registry.trail import add_line


def give(store: Store, dataset: Dataset, code: str, column: str, why: str, who: str, when: datetime) -> None:
    """Add a reason and its line of the trail."""
    why = why.strip()
    if not why:
        raise InputError(
            "NO_REASON", "a finding is acknowledged with a reason", code, "Say why; it is kept in the trail."
        )
    portfolio, reading = dataset.portfolio, readings.digest_of(dataset)
    named = f"{code} of {column}" if column else code
    with store.database.write() as session:
        if session.get(ReadingTable, (dataset.sha256, reading)) is None:
            raise MissingError(
                "NO_DATASET",
                f"the data set {dataset.sha256[:12]} is not kept as it was read",
                remedy="Keep the data set first, then give the reason.",
            )
        session.add(
            AcknowledgementTable(
                portfolio=portfolio.name,
                portfolio_version=portfolio.version,
                dataset_sha256=dataset.sha256,
                reading_sha256=reading,
                code=code,
                column=column,
                why=why,
                who=who,
                at=when,
            )
        )
        add_line(
            session,
            who=who,
            when=when,
            action="acknowledged",
            portfolio=portfolio.name,
            detail={
                "portfolio": portfolio.identity,
                "dataset_sha256": dataset.sha256,
                "reading_sha256": reading,
                "code": code,
                "column": column,
                "why": why,
            },
            sentence=f"{who} acknowledged {named} in {dataset.source.name or 'data'} for "
            f"{portfolio.identity}, because: {why.rstrip('.')}.",
        )


def given(store: Store, dataset: Dataset) -> tuple[AcknowledgementRow, ...]:
    """Return the reason that counts for each finding, the newest, in the order they were given."""
    query = select(AcknowledgementTable).where(
        AcknowledgementTable.portfolio == dataset.portfolio.name,
        AcknowledgementTable.portfolio_version == dataset.portfolio.version,
        AcknowledgementTable.dataset_sha256 == dataset.sha256,
        AcknowledgementTable.reading_sha256 == readings.digest_of(dataset),
    )
    with store.database.read() as session:
        found = list(session.scalars(query.order_by(AcknowledgementTable.id)))
    names = AcknowledgementRow.__dataclass_fields__
    rows = [AcknowledgementRow(**{name: getattr(row, name) for name in names}) for row in found]
    return tuple({(row.code, row.column): row for row in rows}.values())
