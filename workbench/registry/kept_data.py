"""The data sets and studies of a registry: what models are made from, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.registry import acknowledgements, datasets, readings, removal, studies
from workbench.registry.rows import AcknowledgementRow, DatasetRow, Removal, StudyRow
from workbench.registry.store import Store

if TYPE_CHECKING:
    from workbench.dataset import Dataset
    from workbench.portfolio import Portfolio


class KeptData:
    """The part of `workbench.registry.registry.Registry` that keeps data sets and studies.

    Parameters
    ----------
    store : Store
        The database and the folders.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def save_dataset(self, dataset: Dataset, *, who: str = "", when: datetime | None = None) -> DatasetRow:
        """Keep a data set once; the same rows again are found by their fingerprint.

        Each file the rows were read from is a reading of its own, with what was refused of it. A data set
        or a reading kept for the first time is a line in the trail where `who` is given; `when` is now where
        it is not.
        """
        return datasets.save(self.store, dataset, who, when or datetime.now(UTC))

    def load_dataset(self, sha256: str, portfolio: Portfolio, reading: str = "") -> Dataset:
        """Return a kept data set, verified.

        Parameters
        ----------
        reading : str
            Which of the files it was read from; the last one where empty. Refused rows are that file's.

        Raises
        ------
        MissingError
            ``NO_DATASET``, ``NO_READING``.
        InputError
            ``SCHEMA_MISMATCH`` where the portfolio has characteristics that were not kept.
        ArtifactError
            ``ARTIFACT_MISSING``, ``ARTIFACT_DIGEST``.
        """
        return datasets.load(self.store, sha256, portfolio, reading)

    def reading_of(self, dataset: Dataset) -> str:
        """Return the digest of the reading a data set is: its file, the rows kept and those refused."""
        return readings.digest_of(dataset)

    def first_reading(self, sha256: str) -> str:
        """Return the digest of the reading a data set was first kept with; ``NO_READING`` where none is."""
        return readings.first(self.store, sha256)

    def acknowledge(
        self, dataset: Dataset, code: str, column: str, *, why: str, who: str, when: datetime
    ) -> None:
        """Keep the reason why a finding does not stop training on this reading under this portfolio.

        Reasons are added and never changed; the last one given to a finding counts.

        Raises
        ------
        InputError
            ``NO_REASON``.
        MissingError
            ``NO_DATASET`` where the data set is not kept as it was read.
        """
        acknowledgements.give(self.store, dataset, code, column, why, who, when)

    def acknowledged(self, dataset: Dataset) -> tuple[AcknowledgementRow, ...]:
        """Return the reason that counts for each acknowledged finding of a reading under its portfolio."""
        return acknowledgements.given(self.store, dataset)

    def datasets(self, portfolio: str | None = None) -> list[DatasetRow]:
        """Return the data sets that are kept, newest first."""
        return datasets.list_datasets(self.store, portfolio)

    def save_study(
        self,
        study_id: str,
        files: Mapping[str, bytes],
        *,
        portfolio: Portfolio,
        dataset_sha256: str,
        spec: Mapping[str, Any],
        who: str,
        when: datetime,
        summary: Mapping[str, Any] | None = None,
        job_id: str | None = None,
    ) -> StudyRow:
        """Keep the files of a study; the same study again is found and nothing is written.

        A job that is run again gets the study that it kept the first time.

        Raises
        ------
        InputError
            ``STUDY`` where another study has that id, or the id cannot be one.
        MissingError
            ``NO_DATASET``.
        """
        row = StudyRow(
            study_id=study_id,
            portfolio=portfolio.name,
            portfolio_version=portfolio.version,
            dataset_sha256=dataset_sha256,
            spec=spec,
            summary=summary or {},
            manifest_sha256="",
            created_at=when,
            created_by=who,
            job_id=job_id,
        )
        return studies.save(self.store, row, files)

    def load_study(self, study_id: str) -> dict[str, bytes]:
        """Return the files of a study, verified; ``NO_STUDY`` where there is none."""
        return studies.load(self.store, study_id)

    def study(self, study_id: str) -> StudyRow:
        """Return the row of a study; ``NO_STUDY`` where there is none."""
        return studies.row(self.store, study_id)

    def studies(self, portfolio: str | None = None) -> list[StudyRow]:
        """Return the studies that are kept, newest first."""
        return studies.list_studies(self.store, portfolio)

    # deleting

    def removal(self, kind: str, name: str) -> Removal:
        """Return what deleting a data set, a study or a model means; nothing is changed.

        Raises
        ------
        InputError
            ``KIND``.
        MissingError
            ``NO_DATASET``, ``NO_STUDY``, ``NO_MODEL``.
        """
        return removal.plan(self.store, kind, name)

    def remove(self, kind: str, name: str, *, who: str, when: datetime, why: str) -> Removal:
        """Delete a data set, a study or a model: its rows go, its files stay in quarantine for a while.

        Raises
        ------
        GateError
            ``HAS_MODELS``, ``HAS_STUDIES``, ``CHAMPION``, ``PREVIOUS_CHAMPION``; nothing is changed.
        InputError
            ``NO_REASON``.
        """
        return removal.delete_kept(self.store, kind, name, who, when, why)

    def set_aside(
        self, kind: str, path: Path, *, when: datetime, about: Mapping[str, Any], size: int
    ) -> None:
        """Move a folder of the home that no row accounts for, such as a report, to quarantine."""
        removal.delete_folder(self.store, kind, path, when, dict(about), size)

    def purge(self, now: datetime, grace: timedelta, only: str = "") -> list[str]:
        """Remove for good what was deleted longer than `grace` ago, and `only` at once; returns the names."""
        return removal.purge(self.store, now, grace, only)
