"""What the drift report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import json

from workbench import charts
from workbench.drift import ACTIONS
from workbench.evaluation import format_metric, format_percent
from workbench.reports.block import (
    Block,
    as_is,
    chance,
    decimals,
    heading,
    listing,
    percent,
    points_of,
    prose,
    signed,
    table,
    tiles,
)
from workbench.reports.looked import Looked, drift_chapter
from workbench.reports.packages import packages

DRAWN = 4
LISTED = 40
BANDS = (
    "The no-drift band is where the PSI of 99 in 100 unchanged extracts of this size lies; 0.10 and 0.25 are "
    "the rule of thumb of the field, a convention."
)


def opening(of: Looked | None) -> Block:
    """Tell what was asked, the verdict with its first cause, and four figures."""
    if of is None:
        said = "There is nothing to look at yet: no later extract was named and none is kept."
        return Block((prose(said, "Name one with -p model=MODEL -p data=FILE.", kind="notice"),))
    d = of.drift
    asked = prose(
        f"Asked: is {of.model.model_id} ({of.model.family}, {of.model.stage}) of {of.portfolio.shown} "
        f"({of.portfolio.identity}) still the model that was approved, on {of.name}?"
    )
    rest = f"{d.n:,} of {of.rows:,} rows are held against {d.n_development:,} of the development sample."
    return Block((asked, prose(d.sentence(), rest, kind="lede"), tiles(_figures(of)), _minded(of)))


def _minded(of: Looked) -> str:
    told = of.drift
    against = f"Scores and performance are held against the {told.score.reference}, not fitted on."
    return prose(BANDS, against, *told.notes, kind="caption")


def _figures(of: Looked) -> list[tuple[str, str, str]]:
    d = of.drift
    line = d.score.stability.iloc[0]
    found = [("Score PSI", _psi(line["psi"]), f"no-drift band to {_psi(line['psi_99'])}, n {d.n:,}")]
    for name, title in (("approval_rate", "Approval rate"), ("mean_p_bad", "Mean PD")):
        before = format_percent(d.score.value(name, "reference"))
        value = format_percent(d.score.value(name))
        moved = d.score.measures.set_index("measure").loc[name]
        low, high = (f"{100 * moved[end]:+.2f}" for end in ("low", "high"))
        change = f"{100 * moved['difference']:+.2f} points (95%: {low} to {high})"
        found.append((title, value, f"{change} on {before} of the {d.score.reference}, n {d.n:,}"))
    if d.performance.reason:
        return [*found, ("AUC", "not measured", d.performance.reason)]
    auc = d.performance.measures.set_index("measure").loc["auc"]
    shown = format_metric("auc", auc["extract"], auc["low"], auc["high"], auc["reason"])
    return [*found, ("AUC", shown, f"n {d.performance.n:,}, {d.performance.n_bad:,} bad")]


def _psi(value: float) -> str:
    return "not defined" if value != value else f"{value:.3f}".replace("0.", ".", 1)


@drift_chapter
def causes(of: Looked) -> Block:
    """List the triggers that fired, red ones first, characteristics by their effect on the model."""
    found = of.drift.verdict.findings
    if found.empty:
        return Block((prose(f"None of {of.drift.verdict.looked_at:,} triggers fired."),))
    told = found.assign(limits=[f"{a:g} / {r:g}" for a, r in zip(found["amber"], found["red"], strict=True)])
    columns = {
        "colour": ("colour", as_is), "title": ("trigger", as_is), "value": ("value", decimals(3)),
        "limits": ("amber / red", as_is), "q_value": ("q", chance), "sentence": ("what", None),
    }  # fmt: skip
    why = (
        "A trigger needs an effect beyond its limit and a test: q is adjusted for all that was looked at, so "
        "that about 5 in 100 stable extracts raise anything."
    )
    return Block((table(told, columns), prose(why, kind="caption")))


@drift_chapter
def characteristics(of: Looked) -> Block:
    """Tell how each characteristic moved, and draw those that moved the most."""
    d = of.drift
    lines = d.characteristics
    limits = d.triggers.of("characteristic")
    moved = "points" in lines
    columns = {
        "title": ("characteristic", None),
        "psi": ("PSI", decimals(3)), "psi_99": ("no drift, 99%", decimals(3)),
        **({"points": ("points moved", signed(1))} if moved else {}),
        "ks": ("KS", decimals(3)), "wasserstein": ("Wasserstein, SD", decimals(3)),
        "jensen_shannon": ("Jensen-Shannon", decimals(3)), "cramers_v": ("Cramer's V", decimals(3)),
        "missing": ("missing", percent), "missing_development": ("missing before", percent),
        "unseen": ("unseen", percent), "q_value": ("q", chance),
    }  # fmt: skip
    parts = [
        charts.psi_bars(lines, limits.amber, limits.red),
        prose(
            f"PSI of each characteristic on bins frozen at development; {of.basis}. {BANDS}", kind="caption"
        ),
    ]
    if d.months["month"].nunique() > 1 if len(d.months) else False:
        parts += [
            charts.psi_by_month(d.months, lines["characteristic"].tolist()),
            prose(f"The same by month; {of.basis} in all.", kind="caption"),
        ]
    parts.append(table(lines.head(LISTED), columns))
    left = len(lines) - LISTED
    order = "how far they moved the score" if moved else "PSI"
    more = f"{left:,} more are left out." if left > 0 else ""
    parts.append(
        prose(f"Sorted by {order}; effects first, then q (Benjamini and Hochberg).", more, kind="caption")
    )
    beyond = lines[lines["psi"] > lines["psi_99"]]
    for line in beyond.head(DRAWN).itertuples():
        bins = d.bins[d.bins["characteristic"] == line.characteristic]
        title = f"{line.title} on the development bins"
        parts.append(charts.two_distributions(bins, title, "extract", "development"))
        said = f"{line.moved[:1].upper()}{line.moved[1:]}." if line.moved else ""
        parts.append(
            prose(f"PSI {_psi(line.psi)}, no-drift band to {_psi(line.psi_99)}.", said, kind="caption")
        )
    return Block(tuple(parts))


@drift_chapter
def scores(of: Looked) -> Block:
    """Tell how scores and approvals moved."""
    d = of.drift.score
    line = d.stability.iloc[0]
    told = d.measures.assign(unit=d.measures["measure"].map({"mean_points": "points"}).fillna("share"))
    for name in ("reference", "extract", "difference", "low", "high"):
        told[name] = [
            f"{v:.1f}" if unit == "points" else percent(v)
            for v, unit in zip(told[name], told["unit"], strict=True)
        ]
    columns = {
        "title": ("", None), "reference": (d.reference, as_is), "extract": ("extract", as_is),
        "difference": ("difference", as_is), "low": ("from", as_is), "high": ("to", as_is),
        "p_value": ("p", chance),
    }  # fmt: skip
    note = f"PSI {_psi(line['psi'])}, no-drift band to {_psi(line['psi_99'])}"
    parts = [
        charts.two_distributions(d.bins, "Points", "extract", d.reference, note),
        prose(
            f"Points on bins frozen on the {d.reference}; {note}; n {of.drift.n:,}. {BANDS}", kind="caption"
        ),
        table(told, columns),
        prose(f"Against the {d.reference}; 95% intervals of the differences.", kind="caption"),
    ]
    if len(d.months) > 1:
        parts += [
            charts.scores_by_month(d.months, d.value("approval_rate", "reference"), d.reference),
            prose(f"Approval rate and mean PD by month; n {of.drift.n:,} in all.", kind="caption"),
        ]
    return Block(tuple(parts))


@drift_chapter
def performance(of: Looked) -> Block:
    """Tell how the model does where outcomes are known, or why that is not told."""
    p = of.drift.performance
    if p.reason:
        return Block((prose(f"Performance is not measured: {p.reason}.", kind="notice"),))
    columns = {
        "title": ("", None), "reference": ("when approved", decimals(3)), "extract": ("now", decimals(3)),
        "low": ("from", decimals(3)), "high": ("to", decimals(3)), "p_value": ("p", chance),
        "p_ecb": ("ECB's p", chance),
        **({"reason": ("not defined, because", None)} if p.measures["reason"].any() else {}),
    }  # fmt: skip
    before = f"n {p.n_reference:,}, {p.n_bad_reference:,} bad of the {p.reference}"
    counts = f"n {p.n:,}, {p.n_bad:,} bad, against {before}"
    tests = "p of AUC and Gini: that it fell (DeLong, one-sided); of bads over expected: Jeffreys, two-sided."
    return Block(
        (
            table(p.measures, columns),
            prose(f"{counts}; 95% intervals. {tests}", kind="caption"),
            charts.grades(p.grades, p.n, p.n_bad),
            prose(f"Bad rate of each band against its PD; {counts}. Jeffreys' test at 5%.", kind="caption"),
        )
    )


@drift_chapter
def plain(of: Looked) -> Block:
    """Tell what the plain rules of the field say, and how often they would cry wolf."""
    told = of.drift.plain.assign(says=of.drift.plain["fires"].map({True: "alarm", False: "no alarm"}))
    columns = {
        "rule": ("rule", None), "says": ("it says", as_is), "raised_by": ("found", as_is),
        "basis": ("at", as_is),
        "chance": ("how often it would, unchanged", percent),
    }  # fmt: skip
    said = "The verdict does not use these rules; they are shown for who knows them."
    return Block((table(told, columns), prose(said, kind="caption")))


@drift_chapter
def advice(of: Looked) -> Block:
    """Tell what to do, and the limits that were used."""
    verdict = of.drift.verdict
    steps = [
        f"{'Then: ' if i else ''}{action['words']}: {action['because']}"
        for i, action in enumerate(verdict.actions)
    ]
    rows = of.drift.triggers.rows
    limits = [
        f"{row.title}, {row.measure}: amber from {row.amber:g} (q below {row.amber_q:g}), "
        f"red from {row.red:g} "
        f"(q below {row.red_q:g}); {row.source}. {ACTIONS[row.action]}."
        for row in rows
    ]
    said = points_of(steps) if steps else prose("Nothing needs to be done; look again with the next extract.")
    return Block((said, heading("The limits"), points_of(limits)))


@drift_chapter
def made(of: Looked) -> Block:
    """Tell how the look was made, so that it can be made again."""
    told = {
        "extract": f"{of.name}, sha256 {of.source_sha256}",
        "rows": f"{of.rows:,} in, {of.refused:,} refused",
        "portfolio": of.portfolio.identity,
        "model": f"{of.model.model_id}, {of.model.family}, kept {of.model.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "development data": of.model.dataset_sha256,
        "asked": json.dumps(of.model.spec, sort_keys=True, ensure_ascii=False),
        "digest": of.model.digest,
        "manifest": of.model.manifest_sha256,
        "triggers": f"version {of.drift.triggers.version}",
        "report drawn with": packages(),
    }
    return Block((listing(told),))
