"""The trail: one line for every change, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.registry.rows import TrailRow
from workbench.registry.tables import TrailTable

if TYPE_CHECKING:
    from workbench.registry.store import Store


def add_line(
    session: Session,
    *,
    who: str,
    when: datetime,
    action: str,
    portfolio: str,
    sentence: str,
    model_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the trail; `sentence` tells it in plain words."""
    session.add(
        TrailTable(
            at=when,
            who=who,
            action=action,
            portfolio=portfolio,
            model_id=model_id,
            detail=dict(detail or {}),
            sentence=sentence,
        )
    )


def tell(
    store: Store, model_id: str | None, *, who: str, when: datetime, action: str, sentence: str,
    detail: Mapping[str, Any], portfolio: str = "",
) -> None:  # fmt: skip
    """Add a line on something done with a version, or a portfolio, that changed nothing in the store."""
    portfolio = portfolio or (model_id or "").rpartition("-")[0]
    with store.database.write() as session:
        add_line(
            session, who=who, when=when, action=action, portfolio=portfolio, model_id=model_id,
            sentence=sentence, detail=detail,
        )  # fmt: skip


def read_trail(store: Store, portfolio: str | None, model_id: str | None, limit: int) -> list[TrailRow]:
    """Return the newest lines first, of one portfolio or model where they are given."""
    query = select(TrailTable).order_by(TrailTable.seq.desc()).limit(limit)
    if portfolio is not None:
        query = query.where(TrailTable.portfolio == portfolio)
    if model_id is not None:
        query = query.where(TrailTable.model_id == model_id)
    with store.database.read() as session:
        return [
            TrailRow(r.seq, r.at, r.who, r.action, r.portfolio, r.model_id, r.detail, r.sentence)
            for r in session.scalars(query)
        ]
