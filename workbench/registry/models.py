"""Model versions: found by what people call them, loaded verified."""

from __future__ import annotations

import difflib
import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.errors import InputError, MissingError, Problem
from workbench.registry.artifacts import read_folder
from workbench.registry.golden import GOLDEN, Golden
from workbench.registry.rows import OUT_OF_USE, ModelRow
from workbench.registry.store import Store
from workbench.registry.tables import Counter, ModelTable

log = logging.getLogger(__name__)


def load(store: Store, row: ModelRow) -> tuple[Any, tuple[Problem, ...]]:
    """Return the verified model and notes on where it was registered.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_MISSING``, ``ARTIFACT_DIGEST``, ``GOLDEN_ROWS``.
    """
    folder = store.folder("models") / row.model_id
    files, parts = read_folder(folder, row.manifest_sha256)
    model = store.reader({name: files[name] for name in sorted(parts)})
    golden = Golden.from_bytes(files[GOLDEN])
    notes = golden.differences(store.score(model, golden.frame), row.model_id)
    for note in notes:
        log.warning("%s", note.sentence())
    return model, notes


def golden(store: Store, row: ModelRow) -> Golden:
    """Return a version's golden rows, verified."""
    files, _ = read_folder(store.folder("models") / row.model_id, row.manifest_sha256)
    return Golden.from_bytes(files[GOLDEN])


def beside(store: Store, row: ModelRow) -> dict[str, bytes]:
    """Return the files of a version that its reader is not given, verified."""
    files, parts = read_folder(store.folder("models") / row.model_id, row.manifest_sha256)
    return {name: content for name, content in files.items() if name not in parts}


def resolve(store: Store, reference: str) -> ModelRow:
    """Return the row of ``taiwan_cards-7``, ``taiwan_cards@champion`` or ``taiwan_cards@latest``.

    Raises
    ------
    MissingError
        ``NO_MODEL``, ``NO_CHAMPION``.
    """
    with store.database.read() as session:
        return row_of(find(session, reference))


def find(session: Session, reference: str) -> ModelTable:
    """Return the table row of a reference, in the caller's transaction."""
    portfolio, at, which = reference.partition("@")
    if not at:
        found = session.get(ModelTable, reference)
    elif which == "champion":
        champion = select(ModelTable).where(ModelTable.portfolio == portfolio, ModelTable.stage == "champion")
        found = session.scalars(champion).one_or_none()
        if found is None and _has_models(session, portfolio):
            raise MissingError(
                "NO_CHAMPION",
                f"the portfolio {portfolio} has no champion",
                remedy=f"Promote a version, or take {portfolio}@latest.",
            )
    elif which == "latest":
        newest = select(ModelTable).where(
            ModelTable.portfolio == portfolio, ModelTable.stage.not_in(OUT_OF_USE)
        )
        found = session.scalars(newest.order_by(ModelTable.version.desc()).limit(1)).one_or_none()
    else:
        raise InputError(
            "MODEL_REFERENCE",
            f"{reference!r} does not name a model",
            remedy="Write a model id, PORTFOLIO@champion or PORTFOLIO@latest.",
        )
    if found is None:
        raise _no_model(session, reference)
    return found


def list_models(store: Store, portfolio: str | None, stage: str | None) -> list[ModelRow]:
    """Return versions, newest first."""
    query = select(ModelTable).order_by(ModelTable.created_at.desc(), ModelTable.version.desc())
    if portfolio is not None:
        query = query.where(ModelTable.portfolio == portfolio)
    if stage is not None:
        query = query.where(ModelTable.stage == stage)
    with store.database.read() as session:
        return [row_of(found) for found in session.scalars(query)]


def row_of(found: ModelTable) -> ModelRow:
    """Return the plain value of a table row."""
    names = ModelRow.__dataclass_fields__.keys() - {"again"}
    return ModelRow(**{name: getattr(found, name) for name in names})


def _has_models(session: Session, portfolio: str) -> bool:
    query = select(ModelTable.model_id).where(ModelTable.portfolio == portfolio).limit(1)
    return session.scalar(query) is not None


def _no_model(session: Session, reference: str) -> MissingError:
    portfolio, at, _ = reference.partition("@")
    known = list(session.scalars(select(ModelTable.model_id)))
    if at:
        portfolios = sorted({model_id.rpartition("-")[0] for model_id in known})
        what = (
            f"no version of {portfolio} is in use"
            if portfolio in portfolios
            else f"{portfolio} has no models"
        )
        near = [] if portfolio in portfolios else difflib.get_close_matches(portfolio, portfolios)
    else:
        what = f"there is no model {reference}"
        near = difflib.get_close_matches(reference, known)
    remedy = f"Did you mean {near[0]}?" if near else "List them with workbench models."
    return MissingError("NO_MODEL", what, remedy=remedy)


def lock_portfolio(session: Session, portfolio: str) -> Counter:
    """Return the portfolio's counter, locked until the transaction ends."""
    counter = session.get(Counter, portfolio, with_for_update=True)
    if counter is None:
        if session.bind.dialect.name == "postgresql":  # type: ignore[union-attr]
            from sqlalchemy.dialects.postgresql import insert

            session.execute(insert(Counter).values(portfolio=portfolio, last=0).on_conflict_do_nothing())
            return session.get_one(Counter, portfolio, with_for_update=True)
        counter = Counter(portfolio=portfolio, last=0)
        session.add(counter)
    return counter
