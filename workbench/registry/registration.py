"""Registering a model: published whole, or found to be kept already."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.errors import ArtifactError, MissingError
from workbench.registry import card
from workbench.registry.artifacts import (
    canonical_json,
    make_folder,
    manifest,
    publish_folder,
    read_folder,
    sha256,
    sync_folder,
)
from workbench.registry.golden import GOLDEN, Golden, environment
from workbench.registry.models import lock_portfolio, row_of
from workbench.registry.rows import Model, ModelRow
from workbench.registry.store import Store, acknowledge, announce, end_mending
from workbench.registry.tables import DatasetTable, ModelTable, StageTable, StudyTable
from workbench.registry.trail import add_line

if TYPE_CHECKING:
    from workbench.portfolio import Portfolio

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
    beside: Mapping[str, bytes] = field(default_factory=dict)

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
        return _again(store, model, found, asked)
    with store.publishing():
        intent, number = _next_number(store, model.portfolio.name, asked)
        model_id = f"{model.portfolio.name}-{number}"
        try:
            with store.taking_back(intent, "models", model_id):
                files, content = _files(store, model, model_id, number, asked)
                manifest_sha256 = _publish(store, model, model_id, files, content)
                return _acknowledge(store, model, asked, (number, manifest_sha256), intent)
        except IntegrityError:
            # another program registered the same model between our question and our row
            found = _find_same(store, model, asked)
            if found is None:
                raise
    return _again(store, model, found, asked)


def _refuse_impossible(asked: Registration) -> None:
    canonical_json([asked.metrics, asked.samples, asked.gate])
    if asked.when.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be kept; give datetime.now(UTC)")
    for name in _IN_RANGE:
        value = asked.metrics.get(name)
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{name} is {value}, outside 0 to 1")


def _find_same(store: Store, model: Model, asked: Registration) -> ModelRow | None:
    """Look for what this job registered, or else for the same content of the same spec, data and portfolio.

    The portfolio counts with all it says: what it requires decides the gate, its points decide scores.
    """
    same = select(ModelTable).where(
        ModelTable.portfolio == model.portfolio.name,
        ModelTable.portfolio_version == model.portfolio.version,
        ModelTable.portfolio_sha256 == portfolio_sha256(model.portfolio),
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


def _again(store: Store, model: Model, row: ModelRow, asked: Registration) -> ModelRow:
    """Say in the trail that the same model came out again; a step a job runs twice says nothing."""
    if _damage(store, row) is not None:
        with store.keeping():
            # whoever else trains it again may have mended it while we waited
            with store.database.read() as session:
                row = row_of(session.get_one(ModelTable, row.model_id))
            damage = _damage(store, row)
            if damage is not None:
                return _mend(store, model, row, asked, damage)
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


def portfolio_sha256(portfolio: Portfolio) -> str:
    """Return the digest of everything a portfolio says."""
    return sha256(canonical_json(portfolio.to_json()))


def _damage(store: Store, row: ModelRow) -> ArtifactError | None:
    try:
        read_folder(store.folder("models") / row.model_id, row.manifest_sha256)
    except ArtifactError as damage:
        return damage
    return None


def _mend(store: Store, model: Model, row: ModelRow, asked: Registration, damage: ArtifactError) -> ModelRow:
    """Put the files of a damaged version in place again, where the very same model was trained again.

    What is left of the damaged files is moved to the quarantine, for whoever looks into it. The manifest to
    come is announced first: whoever opens the store after a kill finds the files whole and ends the work.
    The caller holds the lock for keeping.
    """
    if model.digest != row.digest:
        raise damage
    files, content = _files(store, model, row.model_id, row.version, asked)
    manifest_sha256 = sha256(content)
    with store.database.write() as session:
        intent = announce(session, "models", row.model_id, asked.when, asked.who, manifest_sha256)
    with store.taking_back(intent, "models", row.model_id):
        _set_aside(store, row, asked.when)
        _publish(store, model, row.model_id, files, content)
        end_mending(store, intent, row.model_id, manifest_sha256, asked.who, asked.when)
    return replace(row, manifest_sha256=manifest_sha256, again=True)


def _set_aside(store: Store, row: ModelRow, when: datetime) -> None:
    damaged = store.folder("models") / row.model_id
    if not damaged.exists():
        return
    aside = store.folder("quarantine") / f"{when:%Y%m%dT%H%M%SZ}" / "models"
    make_folder(aside)
    os.rename(damaged, aside / f"{row.model_id}-{row.manifest_sha256[:12]}-{secrets.token_hex(4)}")
    sync_folder(aside)
    sync_folder(damaged.parent)


def _next_number(store: Store, portfolio: str, asked: Registration) -> tuple[int, int]:
    def number(session: Session) -> tuple[int, int]:
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
        # a database restored from a backup knows less than lies in the store: what is there keeps its number
        while os.path.lexists(store.folder("models") / f"{portfolio}-{counter.last}"):
            counter.last += 1
        intent = announce(session, "models", f"{portfolio}-{counter.last}", asked.when)
        return intent, counter.last

    # a number that was given and not used is never used: the next one does as well
    return store.database.write_steadily(number, lambda _: None)


def _files(
    store: Store, model: Model, model_id: str, number: int, asked: Registration
) -> tuple[dict[str, bytes], bytes]:
    """Return the files of a model's folder, and their manifest."""
    own = model.to_files()
    reserved = {METADATA, CARD, GOLDEN} & (
        own.keys() | asked.beside.keys()
    ) | own.keys() & asked.beside.keys()
    if reserved:
        raise ValueError(f"a model's own files cannot be called {', '.join(sorted(reserved))}")
    golden = _golden(store, model, asked.golden)
    facts = card.facts(model, model_id, number, asked)
    files = (
        own
        | dict(asked.beside)
        | {
            METADATA: canonical_json(facts),
            CARD: card.model_card(model, facts, asked).encode(),
            GOLDEN: golden.to_bytes(),
        }
    )
    return files, manifest("model", model_id, files, frozenset(own))


def _publish(store: Store, model: Model, model_id: str, files: Mapping[str, bytes], content: bytes) -> str:
    """Put the model's folder in place after it was read back and scored its golden rows."""
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


def _acknowledge(
    store: Store, model: Model, asked: Registration, published: tuple[int, str], intent: int
) -> ModelRow:
    """Add the row, its first stage and its line of the trail in one transaction."""
    number, manifest_sha256 = published

    def add(session: Session) -> ModelRow:
        row = _table_row(model, asked, number, manifest_sha256)
        session.add(row)
        session.flush()
        session.add(
            StageTable(
                model_id=row.model_id, before="", stage=row.stage, at=asked.when, who=asked.who, why=""
            )
        )
        acknowledge(session, intent, row.model_id)
        _tell(session, row, asked)
        return row_of(row)

    def added(session: Session) -> ModelRow | None:
        # the digest of the files, the moment among them, is this registration's alone
        kept = session.get(ModelTable, f"{model.portfolio.name}-{number}")
        return row_of(kept) if kept is not None and kept.manifest_sha256 == manifest_sha256 else None

    return store.database.write_steadily(add, added)


def _tell(session: Session, row: ModelTable, asked: Registration) -> None:
    sentence = f"{asked.who} trained {row.model_id} ({card.family_title(row.family)}); the gate was "
    sentence += "passed." if row.gate_passed else f"not passed: {card.why(asked.gate)}"
    detail = {"digest": row.digest, "manifest_sha256": row.manifest_sha256, "auc": row.auc}
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


def _table_row(model: Model, asked: Registration, number: int, manifest_sha256: str) -> ModelTable:
    portfolio = model.portfolio
    return ModelTable(
        model_id=f"{portfolio.name}-{number}",
        portfolio=portfolio.name,
        version=number,
        portfolio_version=portfolio.version,
        portfolio_sha256=portfolio_sha256(portfolio),
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
