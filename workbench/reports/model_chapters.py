"""Chapters of the training report on the models: side by side, and the chosen one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import charts
from workbench.evaluation import format_figure, format_metric, format_percent, words_for_auc
from workbench.families import FAMILIES
from workbench.reports.block import (
    Block,
    as_is,
    decimals,
    heading,
    percent,
    points_of,
    prose,
    significant,
    table,
    whole,
)
from workbench.reports.card import card_parts
from workbench.reports.importances import importance_table
from workbench.reports.shown import Shown, chapter, model_chapter
from workbench.reports.side_by_side import compared_parts
from workbench.study import StudyModel

if TYPE_CHECKING:
    from workbench.explanation import Overview

TOP_DRIVERS = 20
TOP_COEFFICIENTS = 30


@chapter
def models(shown: Shown) -> Block:
    """Tell the models and the baselines side by side, on the same rows."""
    study = shown.study
    frame = study.table()
    chosen = shown.chosen.title if shown.chosen else ""
    frame["gate"] = ["" if p is None else "passed" if p else "not passed" for p in frame["gate_passed"]]
    measured = {m.title: m.evaluation for m in study.models if not m.error}
    measured |= {name: by[study.reported] for name, by in study.baselines.items()}
    told = ("auc", "ks", "average_precision", "brier", "log_loss", "ece", "calibration_slope")
    for name in told:
        frame[name] = [measured[model].shown(name) for model in frame["model"]]
    first = {
        "model": ("model", None),
        "auc": ("AUC (95%)", as_is),
        "ks": ("KS x 100 (95%)", as_is),
        "average_precision": ("avg. precision (95%)", as_is),
        "gate": ("gate", as_is),
    }
    second = {
        "model": ("model", None),
        "brier": ("Brier (95%)", as_is),
        "log_loss": ("log loss (95%)", as_is),
        "ece": ("ECE", as_is),
        "calibration_slope": ("slope (95%)", None),
    }
    basis = frame.iloc[0] if len(frame) else None
    said = prose(
        ""
        if basis is None
        else f"All on the same {basis['n']:,} applicants of the {study.reported} sample, "
        f"{basis['n_bad']:,} of them bad.",
        "The last rows are what any model must beat. The best is chosen by log loss on rows it was not "
        "fitted on, never by the sample quoted here.",
    )
    failed = [f"{m.title} could not be trained: {m.error}" for m in study.models if m.error]
    drawn = {m.title: m.evaluation for m in study.models if not m.error}
    marked = (frame["model"] == chosen).tolist()
    parts = [said, heading("Who is risky"), table(frame, first, marked)]
    parts += [heading("How high the risk is"), table(frame, second, marked)]
    if failed:
        parts.append(points_of(failed))
    if not drawn:
        return Block(tuple(parts))
    return Block((*parts, charts.roc(drawn), *compared_parts(shown)))


@model_chapter
def discrimination(shown: Shown, model: StudyModel) -> Block:
    """Tell how well the chosen model sets bads apart, on every sample."""
    import pandas as pd

    study, measured = shown.study, model.evaluation
    frame = pd.DataFrame(
        {
            "sample": name,
            "n": e.n,
            "n_bad": e.n_bad,
            **{metric: e.shown(metric) for metric in ("auc", "gini", "ks")},
        }
        for name, e in model.evaluations.items()
    )
    columns = {
        "sample": ("sample", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "auc": ("AUC (95%)", as_is),
        "gini": ("Gini (95%)", as_is),
        "ks": ("KS x 100 (95%)", as_is),
    }
    told = prose(
        measured.sentence(study.portfolio.kind),
        "The development sample flatters a model that was fitted on it; a large fall from it to the others "
        "is overfitting.",
    )
    marked = (frame["sample"] == model.reported).tolist()
    return Block(
        (told, table(frame, columns, marked), charts.ks(measured), charts.gains({model.title: measured}))
    )


@model_chapter
def calibration(shown: Shown, model: StudyModel) -> Block:
    """Tell whether the PDs are as high as what then happened."""
    e = model.evaluation
    weighed = model.calibration.get("weights") == "balanced"
    told = prose(
        f"Mean PD {e.shown('mean_p_bad')} against a bad rate of {e.shown('bad_rate')} ({e.counts()}).",
        "It was fitted on balanced weights, which make its own PDs too high: their mean on the calibration "
        f"rows was {model.calibration['p_bad_uncalibrated']:.1%}, and "
        f"{model.calibration['p_bad_mean']:.1%} after calibration."
        if weighed
        else "",
        f"Calibration slope {e.shown('calibration_slope')}, 1 where PDs are spread as they should be; "
        f"intercept {e.shown('calibration_intercept')}, 0 where their level is right.",
        f"Calibration error {e.shown('ece')}; with PDs that were exactly right it would be "
        f"{e.shown('ece_null')} by chance alone.",
    )
    return Block((told, charts.calibration({model.title: e})))


@model_chapter
def deciles(shown: Shown, model: StudyModel) -> Block:
    """Tell the table by tenths of applicants, riskiest first."""
    e = model.evaluation
    columns = {
        "decile": ("decile", whole),
        "p_low": ("PD from", format_percent),
        "p_high": ("to", format_percent),
        "n": ("rows", whole),
        "bads": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "mean_p_bad": ("mean PD", percent),
        "cumulative_bads": ("bads so far", percent),
        "lift": ("lift", decimals(2)),
        "ks": ("KS x 100", lambda v: format_figure("ks", v)),
        "points_low": ("points from", whole),
        "points_high": ("to", whole),
    }
    told = prose(f"Tenths of the {model.reported} sample ({e.counts()}), decile 1 the riskiest.")
    return Block((told, table(e.tenths, columns), charts.deciles(e)))


@model_chapter
def decisions(shown: Shown, model: StudyModel) -> Block:
    """Tell what the policy would decide, and what is right and wrong at its cut-off."""
    import pandas as pd

    e = model.evaluation
    columns = {
        "decision": ("decision", None),
        "n": ("rows", whole),
        "goods": ("goods", whole),
        "bads": ("bads", whole),
    }
    named = ("approval_rate", "approved_or_referred_rate", "bad_rate_approved", "recall", "precision")
    named += ("specificity", "accuracy", "f1")
    frame = pd.DataFrame(
        {"metric": e.metrics.set_index("metric").loc[name, "title"], "value": e.shown(name)} for name in named
    )
    told = prose(
        f"The cut-off is a PD of {format_percent(e.cut_off)} ({e.cut_off_source}); "
        "from there on an applicant counts as flagged, and only approved ones count as approved.",
        f"{e.counts()[0].upper()}{e.counts()[1:]}.",
    )
    measures = {"metric": ("measure", None), "value": ("value (95%)", None)}
    return Block((told, table(e.confusion, columns), table(frame, measures), *bands(model)))


def bands(model: StudyModel) -> list[str]:
    """Return the bad rate by band of the policy, under a heading."""
    frame = model.evaluation.bands
    if frame.empty:  # kept before evaluations had bands
        return []
    columns = {
        "band": ("band", as_is),
        "p_low": ("PD from", format_percent),
        "p_high": ("to below", format_percent),
        "n": ("rows", whole),
        "goods": ("goods", whole),
        "bads": ("bads", whole),
        "mean_p_bad": ("mean PD", percent),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
    }
    told = prose(f"The policy's bands on the {model.reported} sample, the safest first.")
    return [heading("Bad rate by band"), told, table(frame, columns)]


@model_chapter
def drivers(shown: Shown, model: StudyModel) -> Block:
    """Tell what drives the chosen model and in which direction."""
    columns = {
        "title": ("characteristic", None),
        "share": ("share of importance", percent),
        "effect": ("higher values", None),
        "detail": ("detail", None),
    }
    whole_of = [] if shown.overview is None else _overall(shown.overview)
    frame = model.importance.head(TOP_DRIVERS)
    left = len(model.importance) - len(frame)
    told = prose(
        f"Importance is here the {FAMILIES[model.family].importance_title}. It says how much the model leans "
        "on a characteristic, not that it causes anything; exact values may order them otherwise.",
        f"The {TOP_DRIVERS} largest; {left} smaller ones are left out." if left > 0 else "",
        f"Not explained while it was trained: {model.unexplained}" if model.unexplained else "",
    )
    drawn = [heading("As the family measures it"), told] if whole_of else [told, charts.importance(frame)]
    parts = [*whole_of, *drawn, table(frame, columns)]
    if len(model.card):
        parts += card_parts(model)
    elif len(model.coefficients):
        parts += [heading("Coefficients"), *_coefficients(shown, model)]
    return Block(tuple(parts))


def _overall(told: Overview) -> list[Any]:
    """Return what drives the model over all rows of the reported sample, exact, with intervals."""
    said = prose(
        told.sentence(),
        f"{told.kind.capitalize()} values by {told.method}"
        + (f" against {told.reference}" if told.reference else "")
        + f", on {told.rows_told} of the {told.sample} sample, {told.bads}.",
        "They say how much the model leans on a characteristic, not that it causes anything.",
    )
    parts: list[Any] = [said, charts.swarm(told), importance_table(told, TOP_DRIVERS)]
    wrong = told.against_declared()
    if len(wrong):
        parts.append(prose(f"Against what is declared: {', '.join(wrong['title'])}.", kind="notice"))
    return parts


def _coefficients(shown: Shown, model: StudyModel) -> list[str]:
    portfolio = shown.study.portfolio
    frame = model.coefficients.head(TOP_COEFFICIENTS).copy()
    known = [portfolio.characteristic(name) for name in frame["characteristic"]]
    frame["title"] = [c.shown for c in known]
    frame["detail"] = [
        f"= {c.label(told.removeprefix('= '))}" if told.startswith("= ") else told
        for c, told in zip(known, frame["detail"], strict=True)
    ]
    columns = {
        "title": ("characteristic", None),
        "detail": ("where it applies", None),
        "coefficient": ("coefficient", significant),
        "effect": ("effect on the risk", None),
    }
    left = len(model.coefficients) - len(frame)
    told = prose(
        "Log-odds of bad for a standard deviation more of a number, or for having the value named.",
        f"The {len(frame)} largest; {left} smaller ones are left out." if left else "",
    )
    return [told, table(frame, columns)]


@model_chapter
def limits(shown: Shown, model: StudyModel) -> Block:
    """Tell what speaks against relying on all this, and what was not computed."""
    study, e = shown.study, model.evaluation
    checks = study.checks
    found = [model.gate.note] if model.gate.note else []
    if model.reported != "out-of-time":
        found.append(
            "Measured on applicants of the same time as those it was fitted on; "
            "later ones are harder to tell apart."
        )
    if model.policy.get("provisional"):
        source = str(model.policy.get("source", "")).removeprefix("provisional: ")
        found.append(f"The policy is provisional until someone sets one: it {source}.")
    found += [
        f"{f.message.rstrip('.')}; accepted because: {checks.reason(f)}."
        for f in checks.findings
        if checks.reason(f)
    ]
    found += [
        f"{row.title} is not defined: {row.reason}."
        for row in e.metrics.itertuples()
        if row.reason and row.value != row.value
    ]
    if e.n_bad < 100:
        found.append(f"Only {e.n_bad:,} bads on the {model.reported} sample: every figure is uncertain.")
    found.append("Not computed here: whether applicants have changed since.")
    return Block((points_of(found),))


def quoted(model: StudyModel, kind: str) -> list[tuple[str, str, str]]:
    """Return the four figures a report opens with: what, figure with interval, rows it rests on."""
    e = model.evaluation
    auc = e.measure("auc")
    figures = [(f"AUC, {words_for_auc(auc.value, kind).partition(' by ')[0].partition(':')[0]}", "auc")]
    figures += [
        ("KS x 100", "ks"),
        ("Mean PD", "mean_p_bad"),
        ("Bad rate among approved", "bad_rate_approved"),
    ]
    told = []
    for title, metric in figures:
        m = e.measure(metric)
        spread = format_metric(metric, m.value, m.low, m.high, m.reason).partition(" (")[2].rstrip(")")
        told.append(
            (
                title,
                format_figure(metric, m.value),
                f"{spread + ', ' if spread else ''}n {m.n:,}, {m.n_bad:,} bad",
            )
        )
    return told
