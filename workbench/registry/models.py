"""Model versions: registered whole, loaded verified."""

from __future__ import annotations

import difflib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.errors import ArtifactError, InputError, MissingError, Problem
from workbench.registry import card
from workbench.registry.artifacts import canonical_json, manifest, publish_folder, read_folder, sha256
from workbench.registry.golden import GOLDEN, Golden, environment
from workbench.registry.rows import OUT_OF_USE, Model, ModelRow
from workbench.registry.store import Store, acknowledge, announce
from workbench.registry.tables import Counter, DatasetTable, ModelTable, StageTable, StudyTable
from workbench.registry.trail import add_line

log = logging.getLogger(__name__)
METADATA, CARD = "metadata.json", "model_card.md"
_IN_RANGE = ("auc", "ks", "brier")
_REPORTED = ("out-of-time", "hold-out", "validation", "development")


@dataclass(frozen=True, eq=False)
class Registration:
    """All that is registered with a model; see `workbench.registry.registry.Registry.register`."""

    metrics: Mapping[str, Any]
    samples: Mapping[str, Mapping[str, Any]]
    gate: Mapping[str, Any]
    dataset_sha256: str
    spec: Mapping[str, Any]
    study_id: str | None
    golden: pd.DataFrame | Golden
    who: str
    when: datetime
    job_id: str | None = None
    reported: str = ""

    @property
    def spec_sha256(self) -> str:
        """Digest of what was asked."""
        return sha256(canonical_json(self.spec))

    @property
    def reported_sample(self) -> str:
        """The sample whose metrics are shown first."""
        return self.reported or next((name for name in _REPORTED if name in self.samples), "")


def register(store: Store, model: Model, asked: Registration) -> ModelRow:
    """Keep a model as the next version of its portfolio, or find that the very same is kept already."""
    _refuse_impossible(asked)
    found = _find_same(store, model, asked)
    if found is not None:
        return _again(store, found, asked)
    with store.publishing():
        intent, number = _next_number(store, model.portfolio.name, asked)
        model_id = f"{model.portfolio.name}-{number}"
        try:
            with store.taking_back(intent, "models", model_id):
                manifest_sha256 = _publish(store, model, model_id, number, asked)
                row = _table_row(model, asked, number, manifest_sha256)
                return _acknowledge(store, row, asked, intent)
        except IntegrityError:
            # another program registered the same model between our question and our row
            found = _find_same(store, model, asked)
            if found is None:
                raise
    return _again(store, found, asked)


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


def _refuse_impossible(asked: Registration) -> None:
    canonical_json([asked.metrics, asked.samples, asked.gate])
    if asked.when.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be kept; give datetime.now(UTC)")
    for name in _IN_RANGE:
        value = asked.metrics.get(name)
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{name} is {value}, outside 0 to 1")


def _find_same(store: Store, model: Model, asked: Registration) -> ModelRow | None:
    """Look for what this job registered, or else for the same content of the same spec and data."""
    same = select(ModelTable).where(
        ModelTable.portfolio == model.portfolio.name,
        ModelTable.digest == model.digest,
        ModelTable.spec_sha256 == asked.spec_sha256,
        ModelTable.dataset_sha256 == asked.dataset_sha256,
    )
    with store.database.read() as session:
        found = None
        if asked.job_id is not None:
            of_job = select(ModelTable).where(
                ModelTable.job_id == asked.job_id, ModelTable.family == model.family
            )
            found = session.scalars(of_job).one_or_none()
        found = found or session.scalars(same).one_or_none()
        return None if found is None else row_of(found)


def _again(store: Store, row: ModelRow, asked: Registration) -> ModelRow:
    """Say in the trail that the same model came out again; a step a job runs twice says nothing."""
    read_folder(store.folder("models") / row.model_id, row.manifest_sha256)
    if asked.job_id is None or asked.job_id != row.job_id:
        with store.database.write() as session:
            add_line(
                session,
                who=asked.who,
                when=asked.when,
                action="trained again",
                portfolio=row.portfolio,
                model_id=row.model_id,
                detail={"job_id": asked.job_id, "study_id": asked.study_id},
                sentence=f"{asked.who} trained {row.model_id} again: identical, so no new version was made.",
            )
    return replace(row, again=True)


def _next_number(store: Store, portfolio: str, asked: Registration) -> tuple[int, int]:
    with store.database.write() as session:
        if session.get(DatasetTable, asked.dataset_sha256) is None:
            raise MissingError(
                "NO_DATASET",
                f"the data set {asked.dataset_sha256[:12]} is not kept",
                remedy="Keep the data set first, then register the model.",
            )
        if asked.study_id is not None and session.get(StudyTable, asked.study_id) is None:
            raise MissingError(
                "NO_STUDY",
                f"the study {asked.study_id} is not kept",
                remedy="Keep the study first, then register the model.",
            )
        counter = lock_portfolio(session, portfolio)
        counter.last += 1
        intent = announce(session, "models", f"{portfolio}-{counter.last}", asked.when)
        return intent, counter.last


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


def _publish(store: Store, model: Model, model_id: str, number: int, asked: Registration) -> str:
    """Put the model's folder in place after it was read back and scored its golden rows."""
    own = model.to_files()
    reserved = {METADATA, CARD, GOLDEN} & own.keys()
    if reserved:
        raise ValueError(f"a model's own files cannot be called {', '.join(sorted(reserved))}")
    golden = _golden(store, model, asked.golden)
    facts = card.facts(model, model_id, number, asked)
    files = own | {
        METADATA: canonical_json(facts),
        CARD: card.model_card(model, facts, asked).encode(),
        GOLDEN: golden.to_bytes(),
    }
    content = manifest("model", model_id, files, frozenset(own))
    digest = sha256(content)
    publish_folder(
        store.folder("models") / model_id, files, content, _reads_back(store, model.digest, model_id, digest)
    )
    return digest


def _golden(store: Store, model: Model, given: pd.DataFrame | Golden) -> Golden:
    """Score the rows alone: a sum over many rows at once may differ from it in the last bit."""
    frame = (given.frame if isinstance(given, Golden) else given).reset_index(drop=True)
    if not len(frame):
        raise ValueError("a model needs golden rows; give some rows of the hold-out sample")
    p_bad = np.asarray(store.score(model, frame), dtype=float)
    if isinstance(given, Golden):
        given.refuse_other(p_bad, model.family)
    return Golden(frame, p_bad, environment())


def _reads_back(store: Store, digest: str, model_id: str, manifest_sha256: str) -> Callable[[Path], None]:
    """Return the check that a staged folder can be read, is the same model and scores its golden rows."""

    def check(staged: Path) -> None:
        files, parts = read_folder(staged, manifest_sha256)
        model = store.reader({name: files[name] for name in sorted(parts)})
        if model.digest != digest:
            raise ArtifactError(
                "ARTIFACT_DIGEST",
                "does not read back as the model that was trained; it was not registered",
                model_id,
                "Report this as a fault of the model's family.",
            )
        golden = Golden.from_bytes(files[GOLDEN])
        golden.differences(store.score(model, golden.frame), model_id)

    return check


def _acknowledge(store: Store, row: ModelTable, asked: Registration, intent: int) -> ModelRow:
    """Add the row, its first stage and its line of the trail in one transaction."""
    sentence = f"{asked.who} trained {row.model_id} ({card.family_title(row.family)}); the gate was "
    sentence += "passed." if row.gate_passed else f"not passed: {card.why(asked.gate)}"
    moved = StageTable(
        model_id=row.model_id, before="", stage=row.stage, at=asked.when, who=asked.who, why=""
    )
    detail = {"digest": row.digest, "manifest_sha256": row.manifest_sha256, "auc": row.auc}
    with store.database.write() as session:
        session.add(row)
        session.flush()
        session.add(moved)
        acknowledge(session, intent, row.model_id)
        add_line(
            session,
            who=asked.who,
            when=asked.when,
            action="trained",
            portfolio=row.portfolio,
            model_id=row.model_id,
            detail=detail | {"dataset_sha256": row.dataset_sha256, "job_id": row.job_id},
            sentence=sentence,
        )
    return row_of(row)


def _table_row(model: Model, asked: Registration, number: int, manifest_sha256: str) -> ModelTable:
    portfolio = model.portfolio
    return ModelTable(
        model_id=f"{portfolio.name}-{number}",
        portfolio=portfolio.name,
        version=number,
        portfolio_version=portfolio.version,
        family=model.family,
        stage="trained",
        reported=asked.reported_sample,
        metrics=dict(asked.metrics),
        samples={name: dict(values) for name, values in asked.samples.items()},
        **{name: asked.metrics.get(name) for name in _IN_RANGE},
        gate=dict(asked.gate),
        gate_passed=int(bool(asked.gate.get("passed"))),
        spec=dict(asked.spec),
        spec_sha256=asked.spec_sha256,
        dataset_sha256=asked.dataset_sha256,
        study_id=asked.study_id,
        digest=model.digest,
        manifest_sha256=manifest_sha256,
        created_at=asked.when,
        created_by=asked.who,
        job_id=asked.job_id,
    )
