"""What a use case is asked and what it tells, as values that fit into a queue, a page or a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.errors import InputError
from workbench.intake import ReadOptions
from workbench.study import StudySpec


@dataclass(frozen=True)
class ScoreRequest:
    """Score a file with a model.

    Attributes
    ----------
    model : str
        A model's id.
    path, name : str
        Where the bytes are, and what to call them.
    rename : mapping
        A name that the model asks for -> the column of the file that holds it.
    reasons : int
        How many principal reasons each row that is not approved gets.
    """

    model: str
    path: str
    name: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    rename: Mapping[str, str] = field(default_factory=dict)
    reasons: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain values."""
        options = asdict(self.options) | {"missing": list(self.options.missing)}
        return {
            "model": self.model, "path": self.path, "name": self.name, "options": options,
            "rename": dict(self.rename), "reasons": self.reasons,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ScoreRequest:
        """Return the request that `to_json` gave."""
        options = values["options"]
        read = ReadOptions(**{**options, "missing": tuple(options["missing"])})
        reasons = values.get("reasons", 0)  # a job that was queued before reasons could be asked for
        return cls(values["model"], values["path"], values["name"], read, values["rename"], reasons)


@dataclass(frozen=True)
class DriftRequest:
    """Hold an extract against the development sample of a model.

    Attributes
    ----------
    model : str
        A model's id.
    path, name : str
        Where the bytes are, and what to call them.
    dataset_sha256 : str
        Fingerprint of a kept data set, instead of a file.
    """

    model: str
    path: str = ""
    name: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    dataset_sha256: str = ""

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.dataset_sha256):
            raise InputError("NO_DATA", "no extract was named, or two", remedy="Name a file or a data set.")

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain values."""
        return asdict(self) | {"options": asdict(self.options) | {"missing": list(self.options.missing)}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DriftRequest:
        """Return the request that `to_json` gave."""
        options = values["options"]
        read = ReadOptions(**{**options, "missing": tuple(options["missing"])})
        return cls(**{**values, "options": read})


@dataclass(frozen=True)
class TrainRequest:
    """Train a study of a portfolio on data that are kept, or on a file.

    Attributes
    ----------
    portfolio : str
        A name, ``name@version`` or a TOML file.
    dataset_sha256 : str
        Fingerprint of a kept data set; where empty, `path` is read, checked and kept.
    reading_sha256 : str
        Which of the files the data set was read from, for its refused rows; the last one where empty.
    options : ReadOptions
        How the file is written, where that has to be said.
    job_id : str, optional
        The job that runs it, so that a step run twice registers once.
    deploy : bool
        Promote the best model where it passes the gate and beats the champion beyond noise.
    force, why
        Promote it although it does not beat the champion, and the reason; never past the gate.
    """

    portfolio: str
    spec: StudySpec
    dataset_sha256: str = ""
    path: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    job_id: str | None = None
    deploy: bool = False
    force: bool = False
    why: str = ""
    reading_sha256: str = ""

    def __post_init__(self) -> None:
        if not self.dataset_sha256 and not self.path:
            raise InputError("NO_DATA", "no data were named", remedy="Name a kept data set or a file.")
        if self.force and not (self.deploy and self.why.strip()):
            raise InputError(
                "NO_REASON",
                "forcing needs deploying and a reason",
                remedy="Say why; it is kept in the trail.",
            )

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain values."""
        return {
            "portfolio": self.portfolio,
            "spec": self.spec.to_json(),
            "dataset_sha256": self.dataset_sha256,
            "path": self.path,
            "options": asdict(self.options) | {"missing": list(self.options.missing)},
            "job_id": self.job_id,
            "deploy": self.deploy,
            "force": self.force,
            "why": self.why,
            "reading_sha256": self.reading_sha256,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainRequest:
        """Return the request that `to_json` wrote."""
        options = values["options"]
        return cls(
            portfolio=values["portfolio"],
            spec=StudySpec.from_json(values["spec"]),
            dataset_sha256=values["dataset_sha256"],
            path=values["path"],
            options=ReadOptions(**{**options, "missing": tuple(options["missing"])}),
            job_id=values["job_id"],
            deploy=values.get("deploy", False),
            force=values.get("force", False),
            why=values.get("why", ""),
            reading_sha256=values.get("reading_sha256", ""),
        )


@dataclass(frozen=True)
class TrainedLine:
    """One family's outcome: its version in the registry, or why there is none.

    Attributes
    ----------
    known : bool
        True where the same model stood in the registry already.
    calibration : dict
        How PDs were calibrated: method, sample, weights, and the mean PD of the calibration rows before
        (``p_bad_uncalibrated``) and after (``p_bad_mean``).
    """

    family: str
    model_id: str | None
    metrics: dict[str, Any]
    samples: dict[str, dict[str, Any]]
    gate: dict[str, Any]
    reported: str
    known: bool = False
    error: str = ""
    calibration: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """Whether a trained model became the champion, and why.

    Attributes
    ----------
    promoted : bool
    code : str
        Of the refusal, such as ``NOT_BETTER``; empty where it was promoted.
    reason : str
        With the figures, without a full stop.
    """

    model_id: str | None
    promoted: bool
    code: str
    reason: str


@dataclass(frozen=True)
class TrainOutcome:
    """What a training told.

    Attributes
    ----------
    best : str, optional
        Model id of the best by log loss on its calibration rows.
    deployment : Deployment, optional
        Where it was asked for.
    choice : str
        By what the best was chosen, with every model's figure.
    """

    study_id: str
    portfolio: str
    dataset_sha256: str
    models: tuple[TrainedLine, ...]
    best: str | None
    sentence: str
    seconds: float
    deployment: Deployment | None = None
    choice: str = ""

    @property
    def failed(self) -> bool:
        """True where no family could be trained."""
        return all(line.model_id is None for line in self.models)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain values."""
        return asdict(self) | {"models": [asdict(line) for line in self.models]}
