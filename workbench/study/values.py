"""What a study is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.checks import Checks
from workbench.dataset import Source
from workbench.evaluation import Evaluation, words_for_auc
from workbench.explanation import Explainer, Overview
from workbench.portfolio import Portfolio
from workbench.profile import Profile
from workbench.sampling import Samples, SamplingSpec
from workbench.training import TrainedModel


@dataclass(frozen=True)
class StudySpec:
    """What a study is asked; with the data and the portfolio it decides the result.

    Attributes
    ----------
    families : tuple of str
        Families to train, in this order.
    acknowledged : tuple of (code, column, reason)
        Findings someone has taken note of, and why they do not stop the study.
    weights : {"", "none", "balanced"}
        See `TrainSpec`; empty is as the portfolio says.
    """

    families: tuple[str, ...]
    sampling: SamplingSpec
    calibration: str = "auto"
    seed: int = 42
    acknowledged: tuple[tuple[str, str, str], ...] = ()
    weights: str = ""

    @property
    def reasons(self) -> dict[tuple[str, str], str]:
        """Acknowledged findings as (code, column) -> reason."""
        return {(code, column): why for code, column, why in self.acknowledged}

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        values = asdict(self) | {"sampling": self.sampling.to_json(), "families": list(self.families)}
        if not self.weights:
            # a study that asks for nothing is asked as it was before there were weights
            del values["weights"]
        return values | {"acknowledged": [list(item) for item in self.acknowledged]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StudySpec:
        """Return the spec that `to_json` wrote."""
        return cls(
            families=tuple(values["families"]),
            sampling=SamplingSpec.from_json(values["sampling"]),
            calibration=values["calibration"],
            seed=values["seed"],
            acknowledged=tuple((c, n, w) for c, n, w in values["acknowledged"]),
            weights=values.get("weights", ""),
        )


@dataclass(frozen=True)
class Gate:
    """Whether a model may go on.

    Attributes
    ----------
    passed : bool
        The point estimate of the reported AUC reaches what the portfolio requires.
    reason : str
        With the figures, as a sentence.
    note : str
        Where the interval of the AUC contains the requirement.
    """

    passed: bool
    reason: str
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the gate as plain values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class StudyModel:
    """One family's answer within a study.

    Attributes
    ----------
    model : TrainedModel, optional
        None where training failed, or where a kept study is shown again.
    evaluations : mapping of str to Evaluation
        By sample; `reported` names the one the gate and the registry quote.
    p_bad : array of float, shape (n,)
        PD of every row kept, in order; of a failed model all NaN.
    error : str
        Why there is no model; empty where there is one.
    card, selection : DataFrame
        As in `TrainedModel`; empty where the family has none.
    explainer : Explainer, optional
        None where there is no model, where it was not asked for, or where no exact values can be had:
        `unexplained` then says why.
    overview : Overview, optional
        What drives the model over all rows of the reported sample; None where there is no explainer.
    """

    family: str
    title: str
    model: TrainedModel | None
    evaluations: Mapping[str, Evaluation]
    reported: str
    gate: Gate
    p_bad: np.ndarray
    importance: pd.DataFrame
    coefficients: pd.DataFrame
    calibration: dict[str, Any]
    policy: dict[str, Any]
    digest: str = ""
    error: str = ""
    card: pd.DataFrame = field(default_factory=pd.DataFrame)
    selection: pd.DataFrame = field(default_factory=pd.DataFrame)
    explainer: Explainer | None = None
    overview: Overview | None = None
    unexplained: str = ""

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation on the reported sample."""
        return self.evaluations[self.reported]

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without frames: metrics by sample, gate, calibration, policy."""
        if self.error:
            return {"family": self.family, "error": self.error, "gate": self.gate.to_json()}
        return {
            "family": self.family,
            "title": self.title,
            "digest": self.digest,
            "reported": self.reported,
            "metrics": self.evaluation.to_json(),
            "samples": {name: e.to_json() for name, e in self.evaluations.items()},
            "gate": self.gate.to_json(),
            "calibration": {k: v for k, v in self.calibration.items() if k != "draws"},
            "policy": self.policy,
            "unexplained": self.unexplained,
        }


@dataclass(frozen=True, eq=False)
class Study:
    """One whole run and what came out.

    Attributes
    ----------
    baselines : dict of str to mapping of str to Evaluation
        "everyone the same PD" and "<characteristic> alone", by sample, on the same rows.
    rows : DataFrame
        One line a row kept: ``record, sample, outcome``.
    """

    spec: StudySpec
    portfolio: Portfolio
    dataset_sha256: str
    source: Source
    rows_in: int
    n_refused: int
    checks: Checks
    profile: Profile
    samples: Samples
    rows: pd.DataFrame
    models: tuple[StudyModel, ...]
    baselines: dict[str, Mapping[str, Evaluation]]

    @property
    def reported(self) -> str:
        """The sample that is quoted: out-of-time where there is one, else hold-out."""
        return reported_sample(self.samples.names)

    @property
    def best(self) -> str:
        """Family with the least log loss on its calibration rows; "" where none was trained.

        The reported sample has no say: it is there to judge the choice.
        """
        trained = [m for m in self.models if not m.error]
        return min(trained, key=lambda m: m.calibration["log_loss"]).family if trained else ""

    def model(self, family: str) -> StudyModel:
        """Return one family's answer."""
        return next(m for m in self.models if m.family == family)

    def choice(self) -> str:
        """Return by what the best was chosen, with every model's figure; "" where none was trained."""
        trained = [m for m in self.models if not m.error]
        if not trained:
            return ""
        best = self.model(self.best)
        others = ", ".join(_loss(m) for m in trained if m is not best)
        return f"Best by log loss on {_rows(best)}: {_loss(best)}" + (f" ({others})" if others else "")

    def sentence(self) -> str:
        """Return the answer in two sentences."""
        trained = [m for m in self.models if not m.error]
        if not trained:
            return "No model could be trained. " + " ".join(m.error for m in self.models)
        best = self.model(self.best)
        words = words_for_auc(best.evaluation.value("auc"), self.portfolio.kind)
        return (
            f"{best.title} is the best of {len(trained)} by log loss on {_rows(best)} "
            f"({_losses(best, trained)}): "
            f"AUC {best.evaluation.shown('auc')} on the {best.reported} sample of "
            f"{best.evaluation.n:,} applicants with {best.evaluation.n_bad:,} bads. "
            f"{words[0].upper()}{words[1:].rstrip('.')}. {best.gate.reason}"
        )

    def table(self) -> pd.DataFrame:
        """Return models and baselines side by side on the reported sample, one line each."""
        lines = [(m.title, m.evaluation, m.gate.passed) for m in self.models if not m.error]
        lines += [(name, by[self.reported], None) for name, by in self.baselines.items()]
        records = []
        for title, evaluation, passed in lines:
            record: dict[str, Any] = {"model": title, "n": evaluation.n, "n_bad": evaluation.n_bad}
            for metric in ("auc", "gini", "ks", "average_precision", "brier", "log_loss", "ece"):
                record[metric] = evaluation.value(metric)
            record["auc_low"], record["auc_high"] = evaluation.interval("auc")
            records.append(record | {"gate_passed": passed})
        return pd.DataFrame(records)

    def to_json(self) -> dict[str, Any]:
        """Return the study's summary as plain values."""
        return {
            "portfolio": self.portfolio.identity,
            "dataset_sha256": self.dataset_sha256,
            "rows_in": self.rows_in,
            "rows_kept": len(self.rows),
            "rows_refused": self.n_refused,
            "spec": self.spec.to_json(),
            "reported": self.reported,
            "models": [m.to_json() for m in self.models],
            "baselines": {
                name: {sample: e.to_json() for sample, e in by.items()} for name, by in self.baselines.items()
            },
            "best": self.best or None,
            "checks": self.checks.to_json(),
        }


def _rows(model: StudyModel) -> str:
    sample = model.calibration["sample"]
    return "development rows scored out of fold" if "fold" in sample else f"the {sample} sample"


def _losses(best: StudyModel, trained: list[StudyModel]) -> str:
    others = [_loss(m) for m in trained if m is not best]
    return f"{_figure(best)} against {', '.join(others)}" if others else _figure(best)


def _loss(model: StudyModel) -> str:
    return f"{model.title} {_figure(model)}"


def _figure(model: StudyModel) -> str:
    return f"{model.calibration['log_loss']:.4f}".removeprefix("0")


def reported_sample(names: tuple[str, ...]) -> str:
    """Return the sample that is quoted: out-of-time where there is one, else hold-out."""
    return "out-of-time" if "out-of-time" in names else "hold-out"
