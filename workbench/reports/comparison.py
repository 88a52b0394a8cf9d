"""What the comparison report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from workbench import charts
from workbench.evaluation import format_difference, format_figure, format_metric, format_percent
from workbench.reports.block import (
    Block,
    as_is,
    decimals,
    heading,
    listing,
    points_of,
    prose,
    samples_table,
    table,
    tiles,
    whole,
)
from workbench.reports.fairness_chapters import rivals_fairness
from workbench.reports.packages import packages
from workbench.reports.paired import approved, swap_table, swapped, tested
from workbench.reports.rivals import Rivals, rivals_chapter

GRANTED = (
    "Outcomes are known only of loans that were granted: whom an earlier policy declined is not in these "
    "rows, so the bad rate of those swapped in says nothing of such applicants."
)


fairness = rivals_fairness
"""The chapter on protected groups, under the name the notebook calls it by."""


def opening(rivals: Rivals | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to do where nothing can be compared."""
    if rivals is None:
        return Block(
            (
                prose(
                    "There is nothing to compare yet: no portfolio has two models that were judged on the "
                    "same rows.",
                    "Train two on the same data with the same samples, or name them: -p models=ONE,OTHER.",
                    kind="notice",
                ),
            )
        )
    c, a, b = rivals.comparison, rivals.reference, rivals.challenger
    asked = prose(
        f"Asked: is {' or '.join(name for name in c.names if name != a)} better than {a}{rivals.role} for "
        f"{rivals.portfolio.shown} ({rivals.portfolio.identity}) on the {rivals.rows}?"
    )
    answer = prose(c.verdict, _moved(rivals), kind="lede")
    caption = prose(
        f"The best of the others, {b}, and {a}: all on the same rows, each figure with its 95% interval.",
        kind="caption",
    )
    return Block((asked, answer, tiles(_quoted(rivals)), caption))


def _moved(rivals: Rivals) -> str:
    """Say who would be decided otherwise."""
    c = rivals.comparison
    parts = swapped(c, rivals.reference, rivals.challenger).set_index("part")
    into, out = parts.loc["swapped in"], parts.loc["swapped out"]
    return (
        f"Of {c.n:,} applicants {int(into['n']):,} would be approved that are not now, and {int(out['n']):,} "
        f"no longer; {int(into['n_bad']):,} of the first and {int(out['n_bad']):,} of the second ended bad."
    )


def _quoted(rivals: Rivals) -> list[tuple[str, str, str]]:
    c, a, b = rivals.comparison, rivals.reference, rivals.challenger
    gap, at = c.pair(a, b), c.approval.models.set_index("model").loc[b]
    between = f"{format_difference(gap['low'])} to {format_difference(gap['high'])}"
    figures = [
        (f"AUC, {name}", format_figure("auc", m.value), f"{_range('auc', m.low, m.high)}, {rivals.basis}")
        for name, m in ((b, c.evaluations[b].measure("auc")), (a, c.evaluations[a].measure("auc")))
    ]
    figures.append(("Difference", format_difference(gap["difference"]), f"{between}, {rivals.basis}"))
    spread = f"{format_percent(at['low'])} to {format_percent(at['high'])}"
    counts = f"n {int(at['n_approved']):,}, {int(at['n_bad']):,} bad"
    title = f"Bad rate at {c.approval.approval:.0%} approved, {b}"
    return [*figures, (title, format_percent(at["bad_rate"]), f"{spread}, {counts}")]


def _range(metric: str, low: float, high: float) -> str:
    return f"{format_figure(metric, low)} to {format_figure(metric, high)}" if low == low else "no interval"


@rivals_chapter
def rows(rivals: Rivals) -> Block:
    """Tell which rows all are judged on, and which versions are judged."""
    c = rivals.comparison
    told = prose(
        f"All models are judged on the same {c.n:,} rows, the {rivals.rows}; {c.n_bad:,} of them ended bad "
        f"({format_percent(c.n_bad / c.n)}).",
        "None of the models was fitted on any of them.",
        ""
        if rivals.role
        else f"None is the champion; the others are held against {rivals.reference}, the {c.role}.",
        "Rows carry sampling weights, which every figure uses." if rivals.weighted else "",
        " ".join(rivals.notes),
    )
    frame = pd.DataFrame(
        {
            "name": name,
            "model_id": row.model_id,
            "stage": row.stage,
            "trained": f"{row.created_at:%Y-%m-%d}",
            "development": (row.samples.get("development") or {}).get("n"),
            "fit": rivals.fit.get(name),
            "gate": "passed" if row.gate.get("passed") else "not passed",
        }
        for name, row in rivals.models.items()
    )
    columns = {
        "name": ("model", None),
        "model_id": ("version", as_is),
        "stage": ("stage", as_is),
        "trained": ("trained", as_is),
        "development": ("development rows", whole),
        "fit": ("fit, s", lambda v: "under .1" if v < 0.05 else decimals(1)(v)),
        "gate": ("gate", as_is),
    }
    return Block((told, table(frame, columns, (frame["name"] == rivals.reference).tolist())))


@rivals_chapter
def measures(rivals: Rivals) -> Block:
    """Tell every measure side by side with its interval, baselines below."""
    c = rivals.comparison
    named = ("auc", "ks", "average_precision", "brier", "log_loss", "ece", "calibration_slope")
    short = {"ks": "KS x 100", "average_precision": "avg. precision", "calibration_slope": "slope"}
    frame = pd.DataFrame(
        {"model": name} | {metric: _shown(e, metric) for metric in named} for name, e in c.evaluations.items()
    )
    titles = dict(zip(c.models["model"], _bad_rates(c), strict=True))
    frame["bad_rate"] = frame["model"].map(titles)
    first = {"model": ("model", None)} | {m: (short.get(m, m.upper()), as_is) for m in named[:3]}
    second = {"model": ("model", None)} | {
        "brier": ("Brier", as_is),
        "log_loss": ("log loss", as_is),
        "ece": ("ECE", as_is),
        "calibration_slope": ("slope", None),
    }
    first["bad_rate"] = (f"bad rate at {c.approval.approval:.0%}", as_is)
    marked = (frame["model"] == rivals.reference).tolist()
    own = {name: c.evaluations[name] for name in c.names}
    told = prose(
        f"95% intervals in brackets; {rivals.reference} is marked. Any model must beat the last rows.",
        "Intervals of two models may overlap although their difference is beyond noise: on the same rows "
        "what one finds hard the other does too. The tests below look at the difference itself.",
    )
    return Block(
        (told, heading("Who is risky"), table(frame, first, marked),
         heading("How high the risk is"), table(frame, second, marked), charts.roc(own))
    )  # fmt: skip


def _shown(e: Any, metric: str) -> str:
    m = e.measure(metric)
    return format_metric(metric, m.value, m.low, m.high, m.reason)


def _bad_rates(c: Any) -> list[str]:
    ends = ("bad_rate_approved", "bad_rate_approved_low", "bad_rate_approved_high")
    numbers = zip(*(c.models[end] for end in ends), strict=True)
    return [
        f"{format_percent(v)} ({format_percent(low)} to {format_percent(high)})"
        if low == low
        else format_percent(v)
        for v, low, high in numbers
    ]


@rivals_chapter
def tests(rivals: Rivals) -> Block:
    """Tell whether each difference is more than noise."""
    c = rivals.comparison
    parts: list[Any] = [prose(c.note()), *tested(c, rivals.reference)]
    if len(c.names) > 2:
        parts.append(charts.differences(c))
    return Block(tuple(parts))


@rivals_chapter
def calibration(rivals: Rivals) -> Block:
    """Tell whose PDs are as high as what then happened."""
    c = rivals.comparison
    own = {name: c.evaluations[name] for name in c.names}
    told = [
        f"{name}: mean PD {e.shown('mean_p_bad')} against a bad rate of {e.shown('bad_rate')}; slope "
        f"{e.shown('calibration_slope')}, 1 where PDs are spread as they should be."
        for name, e in own.items()
    ]
    return Block((points_of(told), charts.calibration(own)))


@rivals_chapter
def swap(rivals: Rivals) -> Block:
    """Tell who is decided otherwise where each model approves the same share."""
    c, a, b = rivals.comparison, rivals.reference, rivals.challenger
    at = c.approval
    own = {name: c.evaluations[name] for name in c.names}
    return Block(
        (*approved(c, a, b), heading("Who is swapped"), charts.swap_set(at, a, b),
         swap_table(c, a, b), prose(GRANTED, kind="caption"),
         charts.bad_rates(own, at.approval))
    )  # fmt: skip


@rivals_chapter
def stability(rivals: Rivals) -> Block:
    """Tell each model on its own samples, and all by month where rows have a date."""
    frame = pd.DataFrame(
        {"model": name, "sample": sample} | {m: _kept(values, m) for m in ("n", "n_bad", "auc", "ks")}
        for name, row in rivals.models.items()
        for sample, values in (row.samples or {row.reported: row.metrics}).items()
    )
    told = prose(
        "Each version on its own samples, as the registry keeps them. A large fall from development to the "
        "others is overfitting; development flatters every model."
    )
    if not rivals.months:
        by_month = prose("By month nothing is told: the portfolio has no date.", kind="caption")
        return Block((told, samples_table(frame), by_month))
    return Block((told, samples_table(frame), charts.auc_by_month(rivals.months)))


def _kept(values: Any, metric: str) -> Any:
    if metric in ("n", "n_bad"):
        return values.get(metric)
    numbers = (values.get(f"{metric}{end}") for end in ("", "_low", "_high"))
    return format_metric(
        metric, *(float("nan") if v is None else v for v in numbers), values.get(f"{metric}_reason") or ""
    )


@rivals_chapter
def verdict(rivals: Rivals) -> Block:
    """Tell the verdict once more, what speaks for waiting, and what was not computed."""
    c, b = rivals.comparison, rivals.challenger
    row, gap = rivals.models[b], c.pair(rivals.reference, b)
    better = bool(gap["beyond_noise"]) and gap["difference"] > 0
    step = (
        f"{b} may be promoted: it is ahead beyond noise and has passed its gate."
        if better and row.gate.get("passed")
        else f"{b} is ahead beyond noise, but has not passed its gate: {row.gate.get('reason', '')}"
        if better
        else f"On these rows nothing speaks for replacing {rivals.reference}; promoting {b} needs a reason "
        "of another kind, which is kept in the trail."
    )
    found = [
        "Money: what a swap earns or loses is not computed here, for no amounts or margins enter; a bad loan "
        "counts as one, whatever its size.",
        GRANTED,
    ]
    if c.n_bad < 100:
        found.append(f"Only {c.n_bad:,} bads: small differences cannot be seen on these rows.")
    if len(c.names) > 2:
        found.append("The best of the others was picked on these rows, which flatters it a little.")
    return Block((prose(c.verdict, kind="lede"), prose(step), heading("What to mind"), points_of(found)))


@rivals_chapter
def made(rivals: Rivals) -> Block:
    """Tell how the comparison was made, so that it can be made again."""
    told = {
        "data set": rivals.dataset_sha256,
        "rows": f"{rivals.comparison.n:,}, positions sha256 {rivals.positions_sha256}",
        "portfolio": rivals.portfolio.identity,
        "models": ", ".join(row.model_id for row in rivals.models.values()),
        "approval": f"{rivals.comparison.approval.approval:g}",
    }
    for row in rivals.models.values():
        told[row.model_id] = (
            f"{row.family}, kept {row.created_at:%Y-%m-%d %H:%M:%S} UTC, seed {row.spec.get('seed', '')}, "
            f"digest {row.digest}, manifest {row.manifest_sha256}; asked: "
            f"{json.dumps(row.spec, sort_keys=True, ensure_ascii=False)}"
        )
    return Block((listing(told | {"report drawn with": packages()}),))
