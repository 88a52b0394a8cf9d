"""The path of a study, step by step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from workbench import checks as checking
from workbench import explanation, families, profile, sampling, training
from workbench.checks import Checks, customers_of, folds
from workbench.dataset import BAD, Dataset
from workbench.errors import GateError, InputError, Problem, WorkbenchError
from workbench.evaluation import Evaluation, evaluate, format_figure
from workbench.explanation import Rows
from workbench.features import Encoder, LevelColumn, learn
from workbench.portfolio import Portfolio
from workbench.run import Run, seed_for
from workbench.sampling import Samples
from workbench.scoring import points
from workbench.study.aside import Aside
from workbench.study.values import Gate, Study, StudyModel, StudySpec, reported_sample
from workbench.training import COEFFICIENT_COLUMNS, IMPORTANCE_COLUMNS, TrainedModel, TrainSpec

SAME_PD = "Everyone the same PD"
SINGLE_BINS = 10
SMOOTHING_ROWS = 20.0
GROWN = "ordered"
"""How families encode whose fit is trees growing in an engine."""


def run(dataset: Dataset, spec: StudySpec, circumstances: Run, *, explain: bool = False) -> Study:
    """Check, sample, train each family, calibrate, evaluate; on request explain each model.

    Parameters
    ----------
    explain : bool
        Whether to learn what explains each model, and what drives it over the reported sample; it changes
        nothing else.

    Raises
    ------
    GateError
        ``CHECKS``: findings that block and are not acknowledged, each named.
    InputError
        Where the data cannot be sampled as asked, or a family does not exist.

    Notes
    -----
    Linear algebra runs on one thread, in the evaluations too: how many there are would show in the last
    bits of a sum, and a study that is run again, behind another door, has to come out identical.
    """
    with training.one_thread():
        return _run(dataset, spec, circumstances, explain)


def _run(dataset: Dataset, spec: StudySpec, circumstances: Run, explain: bool) -> Study:
    for name in spec.families:
        TrainSpec.of(dataset.portfolio, name, spec.calibration, weights=spec.weights)
    if not spec.families:
        raise InputError("FAMILY", "no family was chosen", remedy="Choose at least one.")
    # with the same seed as wherever else the data are checked: what was shown is what decides
    found = checking.check(dataset, circumstances.part(0.0, 0.15), acknowledged=spec.reasons)
    stop_where_blocked(found)
    circumstances.step("drawing samples", 0.15)
    samples = sampling.draw(dataset, spec.sampling)
    if reported_sample(samples.names) not in samples.names:
        raise InputError(
            "SAMPLING",
            "no sample is kept to judge the models on",
            remedy="Give a hold-out share, or take out-of-time sampling.",
        )
    circumstances.step("profiling characteristics on development", 0.17)
    described = profile.profile(take(dataset, samples.mask("development")), circumstances.part(0.17, 0.2))
    models = _models(dataset, samples, spec, circumstances.part(0.2, 0.95), explain)
    circumstances.step("measuring the baselines", 0.96)
    return Study(
        spec=spec, portfolio=dataset.portfolio, dataset_sha256=dataset.sha256, source=dataset.source,
        rows_in=dataset.rows_in, n_refused=dataset.rows_in - dataset.n, checks=found, profile=described,
        samples=samples, models=models, baselines=_baselines(dataset, samples, spec.seed),
        rows=pd.DataFrame(
            {"record": dataset.record, "sample": samples.assignment, "outcome": dataset.outcome}
        ),
    )  # fmt: skip


def stop_where_blocked(found: Checks) -> None:
    """Raise a GateError that names every finding that blocks and is not acknowledged."""
    blocking = found.blocking()
    if blocking:
        raise GateError.of(
            [Problem(finding.code, finding.message, finding.column, finding.remedy) for finding in blocking]
        )


def take(dataset: Dataset, mask: np.ndarray) -> Dataset:
    """Return the rows of `dataset` where `mask` is true; fingerprints are dropped."""
    rows = np.flatnonzero(mask)

    def of(series: pd.Series | None) -> pd.Series | None:
        return None if series is None else series.iloc[rows].reset_index(drop=True)

    return replace(
        dataset, frame=dataset.frame.iloc[rows].reset_index(drop=True), row_key=of(dataset.row_key),
        date=of(dataset.date), record=dataset.record[rows], outcome=dataset.outcome[rows],
        weight=None if dataset.weight is None else dataset.weight[rows], group=of(dataset.group),
        protected=_taken(dataset.protected, rows), sha256="", protected_sha256="",
    )  # fmt: skip


def _taken(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    return frame.iloc[rows].reset_index(drop=True) if len(frame.columns) else frame


def _models(
    dataset: Dataset, samples: Samples, spec: StudySpec, part: Run, explain: bool
) -> tuple[StudyModel, ...]:
    """Return the trained models; each is explained beside the fit of a later one where a core is spare."""
    found, told, last = [], [], len(spec.families) - 1
    fits, closing = part.part(0.0, 0.9), part.part(0.9, 1.0)
    with Aside(part) as aside:
        if explain:
            aside.do(lambda _: explanation.load_check(), fits)
        for i, name in enumerate(spec.families):
            own = fits.part(i / len(spec.families), (i + 1) / len(spec.families))
            if families.find(name).encoding == GROWN:
                aside.begin()
            found.append(_model(dataset, samples, spec, name, own.part(0.0, 0.9)))
            model, here = found[-1].model, own.part(0.9, 1.0, f"{found[-1].title}: ")
            work = partial(_explained, dataset, samples, model) if explain and model is not None else _nothing
            # no fit is left beside which the last could be explained
            told.append(aside.do(work, here, beside=i < last))
        ends = [(i + 1) / len(found) for i in range(len(found))]
        return tuple(
            replace(one, **waited(closing.part(end - 1 / len(found), end, f"{one.title}: ")))
            for one, waited, end in zip(found, told, ends, strict=True)
        )


def _model(dataset: Dataset, samples: Samples, spec: StudySpec, name: str, part: Run) -> StudyModel:
    family = families.find(name)
    seed = seed_for(spec.seed, "family", name)
    train_spec = TrainSpec.of(dataset.portfolio, name, spec.calibration, seed, weights=spec.weights)
    try:
        model = training.train(dataset, samples, train_spec, part)
    except WorkbenchError as error:
        return _failed(name, family.title, str(error), dataset.n)
    p_bad = model.p_bad(dataset.frame, dataset.date)
    evaluations = _evaluations(dataset, samples, p_bad, model, spec.seed)
    reported = reported_sample(samples.names)
    return StudyModel(
        family=name, title=family.title, model=model, evaluations=evaluations, reported=reported,
        gate=judge(dataset.portfolio, evaluations[reported], reported), p_bad=p_bad,
        importance=model.importance, coefficients=model.coefficients,
        calibration=_calibration(model, evaluations), policy=model.policy.to_json(), digest=model.digest,
        card=model.card, selection=model.selection,
    )  # fmt: skip


def _nothing(part: Run) -> dict[str, Any]:
    """Stand for the explanation that is not asked for, or of a model that there is not."""
    return {}


def _explained(dataset: Dataset, samples: Samples, model: TrainedModel, part: Run) -> dict[str, Any]:
    """Return the explainer of a model and what drives it over the reported sample, or why there is none."""
    part.step("learning what explains the model", 0.0)
    rows = Rows.of(model, dataset, np.flatnonzero(samples.mask("development")))
    try:
        explainer = explanation.learn(model, rows.raw, weight=rows.weight, threads=part.threads)
    except InputError as why:
        return {"unexplained": str(why)}
    kept: dict[str, Any] = {"explainer": explainer}
    if explainer.slow:
        # row by row, a few hundred rows take longer than the fit
        return kept | {"unexplained": explanation.ROW_BY_ROW}
    sample = reported_sample(samples.names)
    held = Rows.of(model, dataset, np.flatnonzero(samples.mask(sample)))
    told = explanation.overview(explainer, held, sample=sample, run=part.part(0.3, 1.0))
    return kept | {"overview": told}


def _failed(name: str, title: str, error: str, n: int) -> StudyModel:
    return StudyModel(
        family=name, title=title, model=None, evaluations={}, reported="",
        gate=Gate(False, f"not trained: {error}"), p_bad=np.full(n, np.nan),
        importance=pd.DataFrame(columns=IMPORTANCE_COLUMNS),
        coefficients=pd.DataFrame(columns=COEFFICIENT_COLUMNS), calibration={}, policy={}, error=error,
    )  # fmt: skip


def _calibration(model: TrainedModel, evaluations: dict[str, Evaluation]) -> dict[str, object]:
    values = {k: v for k, v in model.calibrator.to_json().items() if k not in ("draws", "knots", "values")}
    return values | {
        "log_loss": model.log_loss,
        "p_bad_uncalibrated": model.p_bad_uncalibrated,
        "p_bad_mean": model.p_bad_mean,
        "weights": model.spec.weights,
    }


def _evaluations(
    dataset: Dataset, samples: Samples, p_bad: np.ndarray, model: TrainedModel, seed: int
) -> dict[str, Evaluation]:
    scored = points(dataset.portfolio.points, p_bad)
    group = customers_of(dataset, np.arange(dataset.n))
    out = {}
    for name in samples.names:
        mask = samples.mask(name)
        if name == "indeterminate":
            continue
        out[name] = evaluate(
            (dataset.outcome[mask] == BAD).astype(np.int8), p_bad[mask],
            weight=None if dataset.weight is None else dataset.weight[mask],
            policy=model.policy, points=scored[mask], group=None if group is None else group[mask],
            seed=seed_for(seed, "evaluation", name),
        )  # fmt: skip
    return out


def judge(portfolio: Portfolio, evaluation: Evaluation, sample: str) -> Gate:
    """Return whether the AUC on the reported sample reaches what the portfolio requires."""
    least = portfolio.requirements.auc
    auc, (low, high) = evaluation.value("auc"), evaluation.interval("auc")
    if not np.isfinite(auc):
        return Gate(False, f"The gate could not be judged: the AUC on the {sample} sample is not defined.")
    figures = f"AUC {evaluation.shown('auc')} on the {sample} sample, {f'{least:.2f}'.lstrip('0')} required"
    note = ""
    if low <= least <= high:
        interval = f"{format_figure('auc', low)} to {format_figure('auc', high)}"
        note = f"The interval {interval} contains the requirement: more bads would tell."
    word = "Gate passed" if auc >= least else "Gate not passed"
    return Gate(bool(auc >= least), f"{word}: {figures}.", note)


def _baselines(dataset: Dataset, samples: Samples, seed: int) -> dict[str, dict[str, Evaluation]]:
    """Return what any model must beat: one PD for all, and the best single characteristic."""
    development = np.flatnonzero(samples.mask("development"))
    weight = np.ones(dataset.n) if dataset.weight is None else dataset.weight
    bad = (dataset.outcome == BAD).astype(float)
    overall = float(np.average(bad[development], weights=weight[development]))
    encoder = learn(dataset, development, "ordered")
    raw = encoder.raw(dataset.frame, dataset.date)
    name, p_single = _best_single(
        encoder, raw, bad, weight, development, seed, customers_of(dataset, development)
    )
    title = f"{dataset.portfolio.characteristic(name).shown} alone"
    group = customers_of(dataset, np.arange(dataset.n))
    out: dict[str, dict[str, Evaluation]] = {}
    for label, p_bad in ((SAME_PD, np.full(dataset.n, overall)), (title, p_single)):
        out[label] = {}
        for sample in samples.names:
            mask = samples.mask(sample)
            if sample != "indeterminate":
                out[label][sample] = evaluate(
                    bad[mask].astype(np.int8), p_bad[mask],
                    weight=None if dataset.weight is None else weight[mask],
                    group=None if group is None else group[mask], seed=seed_for(seed, "baseline", sample),
                )  # fmt: skip
    return out


def _best_single(
    encoder: Encoder, raw: np.ndarray, bad: np.ndarray, weight: np.ndarray, rows: np.ndarray, seed: int,
    customer: np.ndarray | None,
) -> tuple[str, np.ndarray]:  # fmt: skip
    """Return the characteristic whose binned bad rates lose least on the other half of development."""
    own = seed_for(seed, "halves")
    if customer is None:
        half = np.random.default_rng(own).random(len(rows)) < 0.5
    else:
        half = folds(bad[rows], 2, own, customer) == 0
    best, best_loss, best_cells = "", np.inf, np.zeros(0, np.intp)
    for j, column in enumerate(encoder.columns):
        cells = _cells(column, raw[:, j], rows)
        loss = 0.0
        for fit_on, judge_on in ((rows[half], rows[~half]), (rows[~half], rows[half])):
            rates = _rates(cells, bad, weight, fit_on)
            p = np.clip(rates[cells[judge_on]], 1e-6, 1 - 1e-6)
            y, w = bad[judge_on], weight[judge_on]
            loss -= float(w @ (y * np.log(p) + (1 - y) * np.log1p(-p)))
        if loss < best_loss:
            best, best_loss, best_cells = column.name, loss, cells
    return best, _rates(best_cells, bad, weight, rows)[best_cells]


def _cells(column: object, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the bin of each row: levels as they are, numbers by development quantiles, missing last."""
    missing = np.isnan(values)
    if isinstance(column, LevelColumn):
        last = len(column.levels)
        return np.where(missing, last + 1, np.where(values < 0, last, values)).astype(np.intp)
    given = values[rows][~missing[rows]]
    edges = np.unique(np.quantile(given, np.arange(1, SINGLE_BINS) / SINGLE_BINS)) if len(given) else []
    return np.where(missing, len(edges) + 1, np.searchsorted(edges, values, side="right")).astype(np.intp)


def _rates(cells: np.ndarray, bad: np.ndarray, weight: np.ndarray, rows: np.ndarray) -> np.ndarray:
    size = int(cells.max()) + 1
    n = np.bincount(cells[rows], weights=weight[rows], minlength=size)
    b = np.bincount(cells[rows], weights=(weight * bad)[rows], minlength=size)
    overall = b.sum() / n.sum()
    return (b + SMOOTHING_ROWS * overall) / (n + SMOOTHING_ROWS)
