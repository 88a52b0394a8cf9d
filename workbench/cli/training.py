"""The verb that trains on a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.run import Cancelled

if TYPE_CHECKING:
    from workbench.dataset import Dataset
    from workbench.desk import Desk
    from workbench.sampling import SamplingSpec


class Sampling(StrEnum):
    """How samples are drawn."""

    random = "random"
    grouped = "grouped"
    out_of_time = "out-of-time"


class Calibration(StrEnum):
    """How margins become PDs."""

    auto = "auto"
    isotonic = "isotonic"
    sigmoid = "sigmoid"
    none = "none"


class Weights(StrEnum):
    """Whether the rarer outcome is given more weight in the fit."""

    none = "none"
    balanced = "balanced"


Family = Annotated[
    list[str] | None,
    typer.Option(
        metavar="F",
        help="logistic, scorecard, random_forest, xgboost or lightgbm; may be given again.",
        show_default="the portfolio's",
    ),
]
SamplingKind = Annotated[
    Sampling | None, typer.Option(help="How samples are drawn.", show_default="portfolio")
]
Split = Annotated[str, typer.Option(help="Shares, such as 70/30 or 70/15/15.", show_default="portfolio")]
FirstDay = Annotated[
    str, typer.Option(metavar="DATE", help="First day of the out-of-time sample.", show_default=False)
]
CalibrationKind = Annotated[Calibration, typer.Option(help="How margins become PDs.")]
WeightKind = Annotated[
    Weights | None,
    typer.Option(
        help="balanced fits on bads as heavy in sum as goods; PDs are calibrated afterwards.",
        show_default="portfolio",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Same data, same call, same seed: the same models.", show_default="portfolio"),
]

Deploy = Annotated[
    bool, typer.Option("--deploy", help="Make the best the champion if it beats the present one.")
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="With --deploy and a last --why: even if it is not better. Never past the gate."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(
        epilog="Example: workbench train taiwan.csv --portfolio taiwan_cards --family lightgbm --split 70/30"
    )(train)


def train(
    data: options.Data,
    portfolio: options.PortfolioName,
    family: Family = None,
    sampling: SamplingKind = None,
    split: Split = "",
    out_of_time_from: FirstDay = "",
    acknowledge: options.Acknowledge = None,
    why: options.Why = None,
    calibration: CalibrationKind = Calibration.auto,
    weights: WeightKind = None,
    seed: Seed = None,
    deploy: Deploy = False,
    force: Force = False,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Train, calibrate, evaluate and register models.

    Exit status 1 where every model failed, or --deploy was asked for and refused. A portfolio given as
    a TOML file is saved under the version it states, so that its models can always be traced to it.
    Where that version is saved already and says something else, nothing is trained: raise the version
    in the file.
    """
    accepted, reason = options.with_force(acknowledge, why, force, deploy)
    read = options.reading(data, delimiter, decimal, encoding, sheet)
    desk = options.open_desk()
    dataset = desk.build(Path(data), desk.portfolio(portfolio), read)
    output.refused(dataset.rows_in, dataset.n, dataset.source.name)
    accepted, notes = _settled(desk, dataset, accepted)
    from workbench.study import StudySpec

    seed = dataset.portfolio.sampling.seed if seed is None else seed
    spec = StudySpec(
        families=tuple(dict.fromkeys(family or dataset.portfolio.families)),
        sampling=_sampling(dataset, sampling, split, out_of_time_from, seed),
        calibration=calibration.value,
        seed=seed,
        acknowledged=accepted,
        weights=weights.value if weights else "",
    )
    request = dataclasses.replace(desk.request(dataset, spec), deploy=deploy, force=force, why=reason)
    try:
        with output.watched(desk.settings.threads) as run:
            outcome = desk.train(request, run).to_json()
    except (KeyboardInterrupt, Cancelled) as stop:
        for told in getattr(stop, "__notes__", ()):
            output.note(told)
        raise
    outcome |= {"rows": dataset.rows_in, "refused": dataset.rows_in - dataset.n, "notes": notes}
    output.document(outcome) if as_json else _show_outcome(outcome)
    if not _good(outcome):
        raise typer.Exit(1)


def _good(outcome: Mapping[str, Any]) -> bool:
    """Return whether a model passed its gate, and the best was deployed where that was asked for."""
    if outcome["deployment"] and not outcome["deployment"]["promoted"]:
        return False
    return any(m["gate"].get("passed") for m in outcome["models"] if not m.get("error"))


def _settled(
    desk: Desk, dataset: Dataset, accepted: tuple[tuple[str, str, str], ...]
) -> tuple[tuple[tuple[str, str, str], ...], list[str]]:
    """Return the reasons of findings that are there, and a note on each that is not needed."""
    if not accepted:
        return (), []
    from workbench.checks import settle

    asked = {(code, column): why for code, column, why in accepted}
    with output.watched(desk.settings.threads) as run:
        settled = settle(desk.check(dataset, run), asked, dataset.portfolio)
    for told in settled.notes:
        output.note(told)
    kept = settled.checks.acknowledged
    return tuple((code, column, why) for (code, column), why in kept.items()), list(settled.notes)


def _sampling(
    dataset: Dataset, kind: Sampling | None, split: str, out_of_time_from: str, seed: int
) -> SamplingSpec:
    """What was asked for; what was not asked for is the portfolio's."""
    from workbench import sampling

    if kind is None and not split and not out_of_time_from:
        return dataclasses.replace(sampling.suggest(dataset), seed=seed)
    default = dataset.portfolio.sampling
    word = kind.value if kind else "out-of-time" if out_of_time_from else default.kind or "random"
    first_day = out_of_time_from or ("" if split or word == "random" else default.out_of_time)
    return sampling.SamplingSpec.from_split(split or default.split, word, seed, first_day)


def _show_outcome(outcome: Mapping[str, Any]) -> None:
    models: Sequence[Mapping[str, Any]] = outcome["models"]
    rows = []
    for model in models:
        metrics, gate = model.get("metrics") or {}, model.get("gate") or {}
        verdict = model.get("error") or gate.get("reason", "")
        rows.append(
            (
                model.get("model_id") or "–",
                model["family"],
                output.estimate(metrics, "auc"),
                output.estimate(metrics, "ks"),
                output.estimate(metrics, "brier"),
                metrics.get("n"),
                metrics.get("n_bad"),
                verdict,
            )
        )
    headings = ("model", "family", "AUC (95%)", "KS x 100 (95%)", "Brier (95%)", "n", "bads", "gate")
    output.table("Models, on the sample they are reported on", headings, rows)
    for model in models:
        told = model.get("calibration") or {}
        if told.get("weights") == "balanced":
            output.line(
                f"{model['family']}: fitted on balanced weights; mean PD of the {told['sample']} sample "
                f"{output.figure('mean_p_bad', told['p_bad_uncalibrated'])} before calibration, "
                f"{output.figure('mean_p_bad', told['p_bad_mean'])} after."
            )
    if outcome["choice"]:
        output.line(f"{outcome['choice']}.")
    if outcome.get("deployment"):
        told = outcome["deployment"]
        output.line(f"{'Deployed' if told['promoted'] else 'Not deployed'}: {told['reason']}.")
    if outcome.get("best"):
        output.note(f"Best: {outcome['best']}. Study: {outcome.get('study_id', '')}.")
