"""What the registry tells: models, data sets, studies and the trail, as plain frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from workbench.portfolio import Portfolio

STAGES = ("trained", "candidate", "champion", "retired", "rejected")
OUT_OF_USE = ("retired", "rejected")


class Model(Protocol):
    """What the registry asks of a trained model."""

    @property
    def portfolio(self) -> Portfolio:
        """The portfolio it was trained for."""

    @property
    def family(self) -> str:
        """The kind of model."""

    @property
    def digest(self) -> str:
        """sha256 of the learned content; equal for models that score alike."""

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files, by name."""


Reader = Callable[[dict[str, bytes]], Any]
"""Makes a model of its files again."""

Score = Callable[[Any, "pd.DataFrame"], "np.ndarray"]
"""Gives the PDs of typed rows, in order."""


class Plain:
    """What can be told as plain values."""

    def to_json(self: Any) -> dict[str, Any]:
        """Return it as plain values, times in ISO."""
        values = asdict(self)
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        }


@dataclass(frozen=True)
class DatasetRow(Plain):
    """A data set that is kept.

    Attributes
    ----------
    sha256 : str
        Fingerprint of schema and rows.
    rows, refused, n_bad : int
        Rows kept, records refused when it was read, rows that ended bad.
    bad_rate : float, optional
        None where no outcome is known.
    date_from, date_to : str, optional
        First and last date, ISO.
    protected_sha256 : str
        Fingerprint of the protected part kept last beside it; empty where there is none.
    reading_sha256 : str
        The last file it was read from; `name` and `refused` are of that one.
    """

    sha256: str
    portfolio: str
    portfolio_version: int
    name: str
    rows: int
    refused: int
    n_bad: int
    bad_rate: float | None
    date_from: str | None
    date_to: str | None
    created_at: datetime
    protected_sha256: str = ""
    reading_sha256: str = ""


@dataclass(frozen=True)
class AcknowledgementRow(Plain):
    """A finding someone took note of: `why` it does not stop training on one reading of a data set."""

    portfolio: str
    portfolio_version: int
    dataset_sha256: str
    reading_sha256: str
    code: str
    column: str
    why: str
    who: str
    at: datetime


@dataclass(frozen=True)
class StudyRow(Plain):
    """A study that is kept: what was asked (`spec`) and what came out in short (`summary`)."""

    study_id: str
    portfolio: str
    portfolio_version: int
    dataset_sha256: str
    spec: Mapping[str, Any]
    summary: Mapping[str, Any]
    manifest_sha256: str
    created_at: datetime
    created_by: str
    job_id: str | None = None


@dataclass(frozen=True)
class ModelRow(Plain):
    """A model version.

    Attributes
    ----------
    model_id : str
        ``<portfolio>-<version>``; a number is given once and never again.
    stage : str
        One of `STAGES`.
    metrics : mapping
        Flat metrics of the `reported` sample; ``samples`` has those of every sample by name.
    gate : mapping
        ``passed``, ``reason`` and ``note``.
    digest, manifest_sha256 : str
        sha256 of the learned content, and of the manifest of its files.
    again : bool
        True where `Registry.register` found this version there already.
    """

    model_id: str
    portfolio: str
    version: int
    portfolio_version: int
    family: str
    stage: str
    reported: str
    metrics: Mapping[str, Any]
    samples: Mapping[str, Mapping[str, Any]]
    gate: Mapping[str, Any]
    spec: Mapping[str, Any]
    dataset_sha256: str
    study_id: str | None
    digest: str
    manifest_sha256: str
    created_at: datetime
    created_by: str
    job_id: str | None = None
    again: bool = False


@dataclass(frozen=True)
class Challenge:
    """How a version does against the champion on the same rows: what a promotion rests on.

    Attributes
    ----------
    champion : str
        Model id of the champion it was compared with.
    better : bool
        It beats that champion beyond noise.
    sentence : str
        With the figures, without a full stop.
    detail : mapping
        The figures, and which rows they rest on, as plain values.
    note : str
        What to mind of those rows, such as how many were left out; without a full stop.
    """

    champion: str
    better: bool
    sentence: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class StageRow(Plain):
    """One move of a version from one stage to the next."""

    model_id: str
    before: str
    stage: str
    at: datetime
    who: str
    why: str = ""


@dataclass(frozen=True)
class TrailRow(Plain):
    """One line of the trail: who did what and when, told in `sentence`."""

    seq: int
    at: datetime
    who: str
    action: str
    portfolio: str
    model_id: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""


REMOVABLE = {"dataset": "datasets", "study": "studies", "model": "models"}
"""What can be deleted, and the folder it lies in."""

NOUNS = {
    "dataset": "data set",
    "study": "study",
    "model": "model",
    "report": "report",
    "batch": "scored file",
    "look": "look at an extract",
}


@dataclass(frozen=True)
class Removal(Plain):
    """What deleting something means, told before it is done.

    Attributes
    ----------
    kind : {"dataset", "study", "model", "report", "batch", "look"}
    name : str
        Its whole name.
    portfolio : str
    size : int
        Bytes that come free.
    along : tuple of str
        What goes with it, in words.
    refusal, remedy : str
        Why it cannot be deleted, and what to do; empty where it can.
    code : str
        Of the refusal.
    """

    kind: str
    name: str
    portfolio: str
    size: int
    along: tuple[str, ...] = ()
    refusal: str = ""
    remedy: str = ""
    code: str = ""

    @property
    def words(self) -> str:
        """What it is, in words."""
        return f"the {NOUNS[self.kind]} {self.name[:12] if self.kind == 'dataset' else self.name}"
