"""The registry: the one way to keep models, data sets and studies, and to get them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.errors import Problem
from workbench.registry import fsck, models, registration, stages, trail
from workbench.registry.engine import Database
from workbench.registry.golden import Golden
from workbench.registry.kept_data import KeptData
from workbench.registry.rows import Challenge, Model, ModelRow, Reader, Score, StageRow, TrailRow
from workbench.registry.store import Store

if TYPE_CHECKING:
    from workbench.settings import Settings


class Registry(KeptData):
    """Models, data sets and studies of one home; made by `workbench.registry.open`.

    Everything is put in place whole and verified before it is read. Who acts and when are arguments.

    Parameters
    ----------
    store : Store
        The database and the folders.
    """

    # models

    def register(
        self,
        model: Model,
        *,
        metrics: Mapping[str, Any],
        samples: Mapping[str, Mapping[str, Any]],
        gate: Mapping[str, Any],
        dataset_sha256: str,
        spec: Mapping[str, Any],
        study_id: str | None,
        golden: pd.DataFrame | Golden,
        who: str,
        when: datetime,
        job_id: str | None = None,
        reported: str = "",
        beside: Mapping[str, bytes] | None = None,
    ) -> ModelRow:
        """Keep a model as the next version of its portfolio.

        The files are written beside their place, waited for, read back, their golden rows scored, and
        renamed; then the row and its trail line are added in one transaction. A model with the same
        digest, spec, data set and portfolio is kept once: the row found is returned with ``again=True``
        and the trail has one more line. A job that registers a family twice gets the row of the first time.

        Parameters
        ----------
        model : Model
            Its portfolio, family, digest and files.
        metrics : mapping
            Flat metrics of the reported sample; undefined ones None.
        samples : mapping
            Flat metrics by sample name.
        gate : mapping
            ``passed`` and ``reason``, with a ``note`` where there is one.
        dataset_sha256, study_id
            A data set and a study that are kept already.
        golden : DataFrame or Golden
            Typed rows, scored now, or rows with their PDs; see `golden_rows`.
        reported : str
            The sample `metrics` are of; out-of-time, else hold-out, where empty.
        beside : mapping of str to bytes, optional
            Files kept in the model's folder that its reader is not given; see `beside`.

        Raises
        ------
        MissingError
            ``NO_DATASET``, ``NO_STUDY``.
        ArtifactError
            ``GOLDEN_ROWS`` or ``ARTIFACT_DIGEST`` where it does not read back as it was; ``DISK_FULL``.
            Nothing is kept.
        BusyError
            ``BUSY``; nothing is kept.
        """
        asked = registration.Registration(
            metrics=metrics,
            samples=samples,
            gate=gate,
            dataset_sha256=dataset_sha256,
            spec=spec,
            study_id=study_id,
            golden=golden,
            who=who,
            when=when,
            job_id=job_id,
            reported=reported,
            beside=beside or {},
        )
        return registration.register(self.store, model, asked)

    def load(self, reference: str) -> Any:
        """Return the model a reference names, verified.

        The manifest is checked against the database, every file against the manifest, and only then is
        anything parsed; the golden rows must score as they did.

        Parameters
        ----------
        reference : str
            ``taiwan_cards-7``, ``taiwan_cards@champion`` or ``taiwan_cards@latest``.

        Raises
        ------
        MissingError
            ``NO_MODEL``, ``NO_CHAMPION``.
        ArtifactError
            ``ARTIFACT_MISSING``, ``ARTIFACT_DIGEST``, ``GOLDEN_ROWS``.
        """
        return models.load(self.store, self.resolve(reference))[0]

    def verify(self, reference: str) -> tuple[Problem, ...]:
        """Load a model and return notes: ``ENV_MISMATCH`` where it was registered on another machine."""
        return models.load(self.store, self.resolve(reference))[1]

    def golden(self, reference: str) -> Golden:
        """Return the golden rows of a version with the PDs it gave them when it was registered."""
        return models.golden(self.store, self.resolve(reference))

    def beside(self, reference: str) -> dict[str, bytes]:
        """Return the files of a version that its reader is not given, verified."""
        return models.beside(self.store, self.resolve(reference))

    def resolve(self, reference: str) -> ModelRow:
        """Return the row a reference names, without reading its files."""
        return models.resolve(self.store, reference)

    def models(self, portfolio: str | None = None, stage: str | None = None) -> list[ModelRow]:
        """Return versions, newest first, of one portfolio or stage where they are given."""
        return models.list_models(self.store, portfolio, stage)

    # stages

    def promote(
        self,
        reference: str,
        *,
        who: str,
        when: datetime,
        force: bool = False,
        why: str = "",
        challenge: Challenge | None = None,
    ) -> ModelRow:
        """Make a version the champion; the one before is retired in the same transaction.

        The gate must have been passed and the files must verify; `force`, with a reason in `why`,
        overrides only that a new champion must be found better than the one before.
        Promoting the champion changes nothing.

        Parameters
        ----------
        challenge : Challenge, optional
            How it does against the present champion; not needed where there is none. It is kept in the
            trail, whether it led to the promotion, to a refusal, or was overridden.

        Raises
        ------
        GateError
            ``GATE``, ``STAGE`` (retired and rejected ones), ``NOT_BETTER``, ``NOT_COMPARED`` (with the
            champion of this moment); the champion stays.
        MissingError
            ``NO_MODEL``.
        ArtifactError
            As in `load`.
        """
        return stages.promote(self.store, reference, who, when, force, why, challenge)

    def candidate(self, reference: str, *, who: str, when: datetime, why: str = "") -> ModelRow:
        """Propose a trained version, or one that was retired, as the next champion."""
        return stages.move(self.store, reference, "candidate", who, when, why)

    def reject(self, reference: str, *, who: str, when: datetime, why: str) -> ModelRow:
        """Turn a version down for good; needs a reason."""
        return stages.move(self.store, reference, "rejected", who, when, why)

    def retire(self, reference: str, *, who: str, when: datetime, why: str = "") -> ModelRow:
        """Take a version out of use; a portfolio whose champion is retired has none."""
        return stages.move(self.store, reference, "retired", who, when, why)

    def roll_back(self, portfolio: str, *, who: str, when: datetime, why: str) -> ModelRow:
        """Make the champion before the present one champion again; the present one is retired.

        Raises
        ------
        GateError
            ``NO_PREVIOUS`` where none was champion before.
        InputError
            ``NO_REASON``.
        ArtifactError
            As in `load`.
        """
        return stages.roll_back(self.store, portfolio, who, when, why)

    def previous_champion(self, portfolio: str) -> ModelRow:
        """Return the version that `roll_back` would make champion again; `GateError` where there is none."""
        return stages.previous_champion(self.store, portfolio)

    def history(self, model_id: str) -> list[StageRow]:
        """Return the stages a version went through, oldest first."""
        return stages.history(self.store, model_id)

    # the whole

    def trail(
        self, portfolio: str | None = None, limit: int = 50, *, model_id: str | None = None
    ) -> list[TrailRow]:
        """Return who did what and when, newest first."""
        return trail.read_trail(self.store, portfolio, model_id, limit)

    def tell(
        self,
        model_id: str | None,
        action: str,
        *,
        who: str,
        when: datetime,
        sentence: str,
        detail: Mapping[str, Any],
        portfolio: str = "",
    ) -> None:
        """Write into the trail what was done with a version, such as an export, or with a portfolio."""
        trail.tell(
            self.store, model_id, who=who, when=when, action=action, sentence=sentence, detail=detail,
            portfolio=portfolio,
        )  # fmt: skip

    def fsck(self) -> list[Problem]:
        """Compare files and database in both directions; nothing is changed.

        ``ORPHAN`` and ``STALE_STAGE`` are harmless: nobody was ever told that they are kept.
        """
        return fsck.fsck(self.store)

    def quarantine(self, *, who: str, when: datetime) -> list[str]:
        """Move files that no row accounts for to ``quarantine``; returns their names."""
        return fsck.quarantine(self.store, who, when)

    def close(self) -> None:
        """Let go of the database."""
        self.store.database.close()


def open_registry(
    settings: Settings, *, reader: Reader | None = None, score: Score | None = None
) -> Registry:
    """Return the registry in ``settings.store``; `reader` and `score` are those of `workbench.training`."""
    database = Database(settings.database_url, settings.busy_seconds)
    store = Store(settings.store, database, reader or _read_model, score or _score_model)
    store.prepare()
    return Registry(store)


def _read_model(files: dict[str, bytes]) -> Any:
    from workbench.training import TrainedModel

    return TrainedModel.from_files(files)


def _score_model(model: Any, frame: pd.DataFrame) -> np.ndarray:
    return model.p_bad(frame, frame[model.encoder.date] if model.encoder.date else None)
