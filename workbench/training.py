"""One model: encode, fit, calibrate, and what the result knows of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench import calibrator as calibrators
from workbench import families
from workbench.calibrator import Calibrator
from workbench.checks import folds
from workbench.dataset import BAD, Dataset
from workbench.errors import InputError
from workbench.families.family import Family, FitRows, FitSpec, Fitted, Scalar
from workbench.features import Encoder, LevelColumn, Program, learn, relative_weight
from workbench.policy import Policy
from workbench.portfolio import Portfolio, from_values
from workbench.run import Run, seed_for
from workbench.sampling import Samples

FOLDS = 5
EFFECT_ROWS = 400
STEPS = (0.1, 0.3, 0.5, 0.7, 0.9)
MODEL_FILE, IMPORTANCE_FILE = "model.json", "importance.json"


@dataclass(frozen=True)
class TrainSpec:
    """What one model was asked: family, calibration, seed and the family's parameters."""

    family: str
    calibration: str = "auto"
    seed: int = 42
    params: tuple[tuple[str, Scalar], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        return asdict(self) | {"params": [list(p) for p in self.params]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainSpec:
        """Return the spec that `to_json` wrote."""
        return cls(**{**values, "params": tuple((k, v) for k, v in values["params"])})


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A fitted, calibrated model of a portfolio with everything scoring needs.

    Attributes
    ----------
    importance : DataFrame
        Sorted by size: ``characteristic, title, importance, share, effect, detail``; effect is
        "raises" or "lowers" (what a higher value does to the risk), "mixed" for a category, "no effect".
    coefficients : DataFrame
        ``column, characteristic, detail, coefficient, effect`` sorted by size; empty for trees.
    log_loss : float
        On the calibration rows, each half calibrated on the other; families are ranked by it, never by
        the reported sample.
    p_bad_uncalibrated : float
        Mean of the family's own PDs on the calibration rows, beside `p_bad_mean` after calibration.
    """

    portfolio: Portfolio
    spec: TrainSpec
    encoder: Encoder
    fitted: Fitted
    calibrator: Calibrator
    policy: Policy
    n_development: int
    n_bad_development: int
    importance: pd.DataFrame
    coefficients: pd.DataFrame
    log_loss: float
    p_bad_uncalibrated: float
    p_bad_mean: float

    @property
    def family(self) -> str:
        """Name of the family."""
        return self.spec.family

    @cached_property
    def digest(self) -> str:
        """sha256 of what was learned: encoder, trees or coefficients, calibrator."""
        encoder = json.dumps(self.encoder.to_json(), allow_nan=False, sort_keys=True).encode()
        calibrator = json.dumps(self.calibrator.to_json(), allow_nan=False, sort_keys=True).encode()
        parts = (self.family.encode(), encoder, self.fitted.canonical(), calibrator)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def margin(self, raw: np.ndarray) -> np.ndarray:
        """Return the margin of raw rows (`Encoder.raw`); shape (n,)."""
        return self.fitted.margin(self.encoder.encode(raw))

    def p_bad(self, frame: pd.DataFrame, date: pd.Series | None = None) -> np.ndarray:
        """Return the calibrated PD of each typed row; shape (n,)."""
        return self.calibrator.p_bad(self.margin(self.encoder.raw(frame, date)))

    def program(self) -> Program:
        """Return the encoder compiled for one applicant."""
        return Program(self.encoder, self.portfolio)

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files: the family's own format and plain JSON."""
        values = {
            "portfolio": self.portfolio.to_json(),
            "spec": self.spec.to_json(),
            "encoder": self.encoder.to_json(),
            "calibrator": self.calibrator.to_json(),
            "policy": self.policy.to_json(),
            "n_development": self.n_development,
            "n_bad_development": self.n_bad_development,
            "log_loss": self.log_loss,
            "p_bad_uncalibrated": self.p_bad_uncalibrated,
            "p_bad_mean": self.p_bad_mean,
        }
        drivers = {
            "importance": self.importance.to_dict(orient="records"),
            "coefficients": self.coefficients.to_dict(orient="records"),
        }
        own = self.fitted.to_files()
        return own | {MODEL_FILE: _json(values), IMPORTANCE_FILE: _json(drivers)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TrainedModel:
        """Return the model that `to_files` wrote; other files are ignored."""
        values = json.loads(files[MODEL_FILE])
        drivers = json.loads(files[IMPORTANCE_FILE])
        spec = TrainSpec.from_json(values["spec"])
        return cls(
            portfolio=from_values(values["portfolio"], MODEL_FILE),
            spec=spec,
            encoder=Encoder.from_json(values["encoder"]),
            fitted=families.find(spec.family).read(dict(files)),
            calibrator=Calibrator.from_json(values["calibrator"]),
            policy=Policy.from_json(values["policy"]),
            n_development=values["n_development"],
            n_bad_development=values["n_bad_development"],
            importance=pd.DataFrame(drivers["importance"], columns=IMPORTANCE_COLUMNS),
            coefficients=pd.DataFrame(drivers["coefficients"], columns=COEFFICIENT_COLUMNS),
            log_loss=values["log_loss"],
            p_bad_uncalibrated=values["p_bad_uncalibrated"],
            p_bad_mean=values["p_bad_mean"],
        )


IMPORTANCE_COLUMNS = ["characteristic", "title", "importance", "share", "effect", "detail"]
COEFFICIENT_COLUMNS = ["column", "characteristic", "detail", "coefficient", "effect"]


def _json(values: Any) -> bytes:
    return json.dumps(values, allow_nan=False, sort_keys=True, indent=1).encode()


def train(dataset: Dataset, samples: Samples, spec: TrainSpec, run: Run) -> TrainedModel:
    """Train one model on the development sample and calibrate it on rows it was not fitted on.

    Raises
    ------
    InputError
        ``FAMILY``, ``CALIBRATION``, ``TOO_FEW_BADS`` or what the family's fit raises.

    Notes
    -----
    Linear algebra runs on one thread: how many there are would show in the last bits of a sum.
    With a calibration sample that one calibrates, else the validation sample; with neither,
    margins of five folds of development, each scored by a model that did not see it.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        return _train(dataset, samples, spec, run)


def _train(dataset: Dataset, samples: Samples, spec: TrainSpec, run: Run) -> TrainedModel:
    family = families.find(spec.family)
    rows = {name: np.flatnonzero(samples.mask(name)) for name in ("development", "validation", "calibration")}
    development = rows["development"]
    _require_both(dataset, development, "development")
    calibrators.choose(spec.calibration, 0)
    validation = rows["validation"] if len(rows["validation"]) else None
    params = spec.params
    if validation is None:
        margin, rounds = _out_of_fold(dataset, development, family, spec, run.part(0.0, 0.75))
        if family.rounds and rounds:
            params = (*(p for p in params if p[0] != family.rounds), (family.rounds, rounds))
        held, held_sample, start = development, "development, out-of-fold", 0.75
    else:
        held_sample = "calibration" if len(rows["calibration"]) else "validation"
        held, start = rows[held_sample], 0.0
    encoder = learn(dataset, development, family.encoding)
    run.step(f"fitting {family.title} on {len(development):,} development rows", start)
    fitting = run.part(start, 0.95, f"{family.title}: ")
    x = _encoded(encoder, dataset, development)
    fitted = family.fit(
        encoder, x, _optional(encoder, dataset, validation), FitSpec(spec.seed, params), fitting
    )
    if validation is not None:
        _require_both(dataset, held, held_sample)
        margin = fitted.margin(_encoded(encoder, dataset, held).x)
    run.step("calibrating", 0.95)
    bad, weight = _outcome(dataset, held)
    calibrator = calibrators.fit(
        spec.calibration, margin, bad, weight, sample=held_sample, seed=seed_for(spec.seed, "calibration")
    )
    p_bad = calibrator.p_bad(margin)
    held_out = calibrators.cross_fitted(calibrator.method, margin, bad, weight, seed_for(spec.seed, "halves"))
    run.step("measuring what drives the model", 0.97)
    importance, coefficients = _drivers(dataset.portfolio, family, encoder, fitted, x, dataset, development)
    return TrainedModel(
        portfolio=dataset.portfolio, spec=spec, encoder=encoder, fitted=fitted, calibrator=calibrator,
        policy=Policy.guess(p_bad, weight), n_development=len(development),
        n_bad_development=int(x.bad.sum()), importance=importance, coefficients=coefficients,
        log_loss=_log_loss(bad, held_out, weight), p_bad_mean=float(np.average(p_bad, weights=weight)),
        p_bad_uncalibrated=float(np.average(calibrators.expit(margin), weights=weight)),
    )  # fmt: skip


def _log_loss(bad: np.ndarray, p_bad: np.ndarray, weight: np.ndarray | None) -> float:
    p = np.clip(p_bad, 1e-15, 1 - 1e-15)
    return float(np.average(-(bad * np.log(p) + (1 - bad) * np.log1p(-p)), weights=weight))


def _require_both(dataset: Dataset, rows: np.ndarray, sample: str) -> None:
    n_bad = int((dataset.outcome[rows] == BAD).sum())
    if n_bad < 2 or len(rows) - n_bad < 2:
        raise InputError(
            "TOO_FEW_BADS",
            f"the {sample} sample has {n_bad:,} bads among {len(rows):,} rows; "
            "at least 2 bads and 2 goods are needed",
            remedy="Bring more rows, or give that sample a larger share.",
        )


def _outcome(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    return (dataset.outcome[rows] == BAD).astype(float), relative_weight(dataset, rows)


def _encoded(encoder: Encoder, dataset: Dataset, rows: np.ndarray) -> FitRows:
    date = None if dataset.date is None else dataset.date.iloc[rows]
    bad, weight = _outcome(dataset, rows)
    return FitRows(encoder.encode(encoder.raw(dataset.frame.iloc[rows], date)), bad, weight)


def _optional(encoder: Encoder, dataset: Dataset, rows: np.ndarray | None) -> FitRows | None:
    return None if rows is None else _encoded(encoder, dataset, rows)


def _out_of_fold(
    dataset: Dataset, rows: np.ndarray, family: Family, spec: TrainSpec, run: Run
) -> tuple[np.ndarray, int]:
    """Return the out-of-fold margin of each development row, and the rounds the folds chose (0: none).

    The encoder is learned anew in each fold: its codes look at the outcome.
    """
    bad, _ = _outcome(dataset, rows)
    fold = folds(bad, FOLDS, seed_for(spec.seed, "folds"))
    margin = np.empty(len(rows))
    stopped: list[tuple[Any, FitRows, int]] = []
    for k in range(FOLDS):
        inside, outside = rows[fold != k], rows[fold == k]
        _require_both(dataset, inside, "development (four of five folds)")
        encoder = learn(dataset, inside, family.encoding)
        held = _encoded(encoder, dataset, outside)
        part = run.part(k / FOLDS, (k + 1) / FOLDS, f"{family.title}, fold {k + 1} of {FOLDS}: ")
        both = 0 < held.bad.sum() < len(held.bad)
        stop = held if family.rounds and both else None
        fitted = family.fit(
            encoder, _encoded(encoder, dataset, inside), stop, FitSpec(spec.seed, spec.params), part
        )
        if stop is None:
            margin[fold == k] = fitted.margin(held.x)
        else:
            stopped.append((fitted, held, k))
    if not stopped:
        return margin, 0
    # each fold's own best round was chosen by the rows it holds out; the number common to all hardly was
    rounds = int(np.median([fitted.trees for fitted, _, _ in stopped]))
    for fitted, held, k in stopped:
        margin[fold == k] = fitted.margin_at(held.x, rounds)
    return margin, rounds


def _drivers(
    portfolio: Portfolio, family: Family, encoder: Encoder, fitted: Fitted, x: FitRows,
    dataset: Dataset, development: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return importances and coefficients, sorted by size, each with what it does to the risk."""
    size = family.importance(encoder, fitted, x.x)
    some = development[np.linspace(0, len(development) - 1, min(EFFECT_ROWS, len(development))).astype(int)]
    date = None if dataset.date is None else dataset.date.iloc[some]
    raw = encoder.raw(dataset.frame.iloc[some], date)
    effects = [_effect(portfolio, encoder, fitted, raw, j) for j in range(len(encoder.columns))]
    frame = pd.DataFrame(
        {
            "characteristic": [c.name for c in encoder.columns],
            "title": [portfolio.characteristic(c.name).shown for c in encoder.columns],
            "importance": size,
            "share": size / size.sum() if size.sum() > 0 else size,
            "effect": [effect for effect, _ in effects],
            "detail": [detail for _, detail in effects],
        }
    )
    coefficients = family.coefficients(encoder, fitted)
    signs = np.sign(coefficients["coefficient"].to_numpy(dtype=float))
    coefficients = coefficients.assign(
        effect=np.select([signs > 0, signs < 0], ["raises", "lowers"], default="no effect")
    )
    order = coefficients["coefficient"].abs().sort_values(ascending=False, kind="stable").index
    frame = frame.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)
    return frame, coefficients.loc[order].reset_index(drop=True)


def _effect(
    portfolio: Portfolio, encoder: Encoder, fitted: Fitted, raw: np.ndarray, j: int
) -> tuple[str, str]:
    """Say what characteristic `j` does to the risk: mean margin with it set to each of some values."""
    column = encoder.columns[j]
    characteristic = portfolio.characteristic(column.name)
    if isinstance(column, LevelColumn):
        common = np.argsort(-np.asarray(column.shares), kind="stable")[:12]
        grid = np.sort(common).astype(float)
    else:
        given = raw[:, j][~np.isnan(raw[:, j])]
        grid = np.unique(np.quantile(given, STEPS)) if len(given) else np.zeros(0)
        if len(given) and len(grid) < 2:
            grid = np.unique([given.min(), np.median(given), given.max()])
    if len(grid) < 2:
        return "no effect", "one value only"
    stacked = np.repeat(raw, len(grid), axis=0)
    stacked[:, j] = np.tile(grid, len(raw))
    means = (
        fitted.margin(encoder.encode(np.asfortranarray(stacked))).reshape(len(raw), len(grid)).mean(axis=0)
    )
    steps = np.diff(means)
    if np.allclose(means, means[0], atol=1e-12):
        return "no effect", "the model does not use it"
    if isinstance(column, LevelColumn):
        worst, best = column.levels[int(grid[means.argmax()])], column.levels[int(grid[means.argmin()])]
        return "mixed", (f"highest risk: {characteristic.label(worst)}; lowest: {characteristic.label(best)}")
    if (steps >= -1e-9).all():
        return "raises", "risk rises with the value"
    if (steps <= 1e-9).all():
        return "lowers", "risk falls as the value rises"
    word = "raises" if means[-1] > means[0] else "lowers"
    return word, "from low to high values, though not steadily"
