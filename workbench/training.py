"""One model: encode, fit, calibrate, and what the result knows of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench import calibrator as calibrators
from workbench import drivers, families
from workbench.calibrator import Calibrator
from workbench.checks import customers_of, folds
from workbench.dataset import BAD, Dataset
from workbench.errors import InputError
from workbench.families.family import Family, FitRows, FitSpec, Fitted, Scalar
from workbench.families.many_rows import ManyRows
from workbench.families.parameters import require_known
from workbench.features import Encoder, Program, learn, relative_weight
from workbench.policy import Policy
from workbench.portfolio import Points, Portfolio, from_values
from workbench.run import Run, seed_for
from workbench.sampling import Samples

FOLDS = 5
WEIGHTS = ("none", "balanced")
MODEL_FILE, IMPORTANCE_FILE = "model.json", "importance.json"


@dataclass(frozen=True)
class TrainSpec:
    """What one model was asked: family, calibration, seed, the family's parameters and weights.

    Attributes
    ----------
    weights : {"none", "balanced"}
        Balanced fits on bads as heavy in sum as goods. That leaves the ranking much as it is and makes
        the family's own PDs far too high, so it is refused without calibration.
    """

    family: str
    calibration: str = "auto"
    seed: int = 42
    params: tuple[tuple[str, Scalar], ...] = ()
    weights: str = "none"

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise InputError(
                "WEIGHTS", f"{self.weights!r} is no way to weigh", remedy=f"Take {' or '.join(WEIGHTS)}."
            )
        if self.weights == "balanced" and self.calibration == "none":
            raise InputError(
                "WEIGHTS", "balanced weights make PDs far too high, and nothing would bring them back",
                remedy="Take another calibration than none, or no weights.",
            )  # fmt: skip

    @classmethod
    def of(
        cls, portfolio: Portfolio, family: str, calibration: str = "auto", seed: int = 42,
        params: tuple[tuple[str, Scalar], ...] = (), weights: str = "",
    ) -> TrainSpec:  # fmt: skip
        """Return the spec in which the portfolio says what was not asked for.

        The portfolio's calibration stands for "auto", its weights for "", and its parameters of the
        family for those that `params` does not name. The spec carries them, so that a kept model tells them.

        Raises
        ------
        InputError
            ``FAMILY``; ``FAMILY_PARAMETER`` where the family has no such parameter; ``WEIGHTS``.
        """
        asked = portfolio.calibration if calibration == "auto" else calibration
        chosen = tuple((dict(portfolio.parameters(family)) | dict(params)).items())
        require_known(families.find(family), chosen)
        return cls(family, asked, seed, chosen, weights or portfolio.weights)

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
        ``column, characteristic, detail, coefficient, effect`` sorted by size, and for a scorecard
        ``standard_error, p_value``; empty for trees.
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

    @cached_property
    def card(self) -> pd.DataFrame:
        """Points by bin, see `families.scorecard.card`; empty where the family has none."""
        make = families.find(self.family).card
        return make(self.portfolio, self.encoder, self.fitted) if make else pd.DataFrame()

    @cached_property
    def selection(self) -> pd.DataFrame:
        """Why each characteristic is in the card or not; empty where the family does not choose."""
        make = families.find(self.family).selection
        return make(self.portfolio, self.fitted) if make else pd.DataFrame()

    @cached_property
    def many(self) -> ManyRows:
        """The quickest way to the margins of many rows, the same to the last bit."""
        return ManyRows(self.fitted)

    def margin(self, raw: np.ndarray) -> np.ndarray:
        """Return the margin of raw rows (`Encoder.raw`); shape (n,)."""
        return self.many.margin(self.encoder.encode(raw))

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
        told = {
            "importance": self.importance.to_dict(orient="records"),
            "coefficients": self.coefficients.to_dict(orient="records"),
        }
        own = self.fitted.to_files()
        return own | {MODEL_FILE: _json(values), IMPORTANCE_FILE: _json(told)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TrainedModel:
        """Return the model that `to_files` wrote; other files are ignored."""
        values = json.loads(files[MODEL_FILE])
        told = json.loads(files[IMPORTANCE_FILE])
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
            importance=pd.DataFrame(told["importance"], columns=IMPORTANCE_COLUMNS),
            coefficients=_coefficient_frame(told["coefficients"]),
            log_loss=values["log_loss"],
            p_bad_uncalibrated=values["p_bad_uncalibrated"],
            p_bad_mean=values["p_bad_mean"],
        )


IMPORTANCE_COLUMNS = ["characteristic", "title", "importance", "share", "effect", "detail"]
COEFFICIENT_COLUMNS = ["column", "characteristic", "detail", "coefficient", "effect"]
PRECISION_COLUMNS = ["standard_error", "p_value"]


def _coefficient_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    precise = [name for name in PRECISION_COLUMNS if records and name in records[0]]
    return pd.DataFrame(records, columns=[*COEFFICIENT_COLUMNS, *precise])


def _json(values: Any) -> bytes:
    return json.dumps(values, allow_nan=False, sort_keys=True, indent=1).encode()


def train(dataset: Dataset, samples: Samples, spec: TrainSpec, run: Run) -> TrainedModel:
    """Train one model on the development sample and calibrate it on rows it was not fitted on.

    Raises
    ------
    InputError
        ``FAMILY``, ``FAMILY_PARAMETER``, ``CALIBRATION``, ``TOO_FEW_BADS`` or what the family's fit
        raises.

    Notes
    -----
    Linear algebra runs on one thread: how many there are would show in the last bits of a sum.
    With a calibration sample that one calibrates, else the validation sample; with neither,
    margins of five folds of development, each scored by a model that did not see it.
    """
    with one_thread():
        return _train(dataset, samples, spec, run)


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which linear algebra runs on one thread, whatever the door allows."""
    # SciPy brings linear algebra of its own, which can be held back only once it is loaded
    import scipy.linalg.blas  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def _train(dataset: Dataset, samples: Samples, spec: TrainSpec, run: Run) -> TrainedModel:
    family = families.find(spec.family)
    require_known(family, spec.params)
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
    encoder = _learn(dataset, development, family, spec)
    run.step(f"fitting {family.title} on {len(development):,} development rows", start)
    fitting = run.part(start, 0.95, f"{family.title}: ")
    x = _encoded(encoder, dataset, development)
    stop = None if validation is None else _encoded(encoder, dataset, validation)
    fitted = _fit(family, encoder, x, stop, replace(spec, params=params), dataset.portfolio.points, fitting)
    many = ManyRows(fitted)
    if validation is not None:
        _require_both(dataset, held, held_sample)
        many.prepare(dataset.n)  # a study scores every row afterwards
        margin = many.margin(_encoded(encoder, dataset, held).x)
    run.step("calibrating", 0.95)
    bad, weight = _outcome(dataset, held)
    seed, customer = seed_for(spec.seed, "halves"), customers_of(dataset, held)
    calibrator = _calibrator(family, spec, FitRows(margin, bad, weight), held_sample, customer)
    p_bad = calibrator.p_bad(margin)
    held_out = calibrators.cross_fitted(calibrator.method, margin, bad, weight, seed, customer)
    if family.fold and calibrator.method == "sigmoid":
        fitted = family.fold(encoder, fitted, calibrator.slope, calibrator.intercept)
        calibrator, many = calibrator.folded(), ManyRows(fitted)
    run.step("measuring what drives the model", 0.97)
    importance, coefficients = drivers.measure(
        dataset.portfolio, family, encoder, fitted, many, x, dataset, development
    )
    model = TrainedModel(
        portfolio=dataset.portfolio, spec=spec, encoder=encoder, fitted=fitted, calibrator=calibrator,
        policy=Policy.guess(p_bad, weight), n_development=len(development),
        n_bad_development=int(x.bad.sum()), importance=importance, coefficients=coefficients,
        log_loss=_log_loss(bad, held_out, weight), p_bad_mean=float(np.average(p_bad, weights=weight)),
        p_bad_uncalibrated=float(np.average(calibrators.expit(margin), weights=weight)),
    )  # fmt: skip
    model.__dict__["many"] = many
    return model


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


def _learn(dataset: Dataset, rows: np.ndarray, family: Family, spec: TrainSpec) -> Encoder:
    bin_spec = family.bin_spec(spec.params) if family.bin_spec else None
    return learn(dataset, rows, family.encoding, bin_spec)


def _calibrator(
    family: Family, spec: TrainSpec, held: FitRows, sample: str, customer: np.ndarray | None
) -> Calibrator:
    """Fit the calibrator on margins `held.x`; of a family that takes it into itself always a sigmoid."""
    curved = bool(family.fold) and spec.calibration == "isotonic"
    asked = "sigmoid" if curved else spec.calibration
    seed = seed_for(spec.seed, "calibration")
    made = calibrators.fit(asked, held.x, held.bad, held.weight, sample=sample, seed=seed, customer=customer)
    if curved:
        why = "isotonic was asked for; points that add up can only be moved and stretched"
        made = replace(made, note=f"{made.note}; {why}" if made.note else why)
    return made


def _fit(
    family: Family, encoder: Encoder, rows: FitRows, stop: FitRows | None, spec: TrainSpec, scale: Points,
    run: Run,
) -> Fitted:  # fmt: skip
    if spec.weights == "balanced":
        rows, stop = rows.balanced(), stop and stop.balanced()
    return family.fit(encoder, rows, stop, FitSpec(spec.seed, spec.params, scale), run)


def _out_of_fold(
    dataset: Dataset, rows: np.ndarray, family: Family, spec: TrainSpec, run: Run
) -> tuple[np.ndarray, int]:
    """Return the out-of-fold margin of each development row, and the rounds the folds chose (0: none).

    The encoder is learned anew in each fold: its codes look at the outcome. A customer's rows share a fold.
    """
    bad, _ = _outcome(dataset, rows)
    fold = folds(bad, FOLDS, seed_for(spec.seed, "folds"), customers_of(dataset, rows))
    margin = np.empty(len(rows))
    stopped: list[tuple[Any, FitRows, int]] = []
    for k in range(FOLDS):
        inside, outside = rows[fold != k], rows[fold == k]
        if not len(outside):
            continue  # fewer customers than folds
        _require_both(dataset, inside, "development (four of five folds)")
        encoder = _learn(dataset, inside, family, spec)
        held = _encoded(encoder, dataset, outside)
        part = run.part(k / FOLDS, (k + 1) / FOLDS, f"{family.title}, fold {k + 1} of {FOLDS}: ")
        both = 0 < held.bad.sum() < len(held.bad)
        stop = held if family.rounds and both else None
        x = _encoded(encoder, dataset, inside)
        fitted = _fit(family, encoder, x, stop, spec, dataset.portfolio.points, part)
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
