"""What the fairness report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.charts import fairness as charts
from workbench.evaluation import format_p, format_percent
from workbench.fairness import NOT_ADVICE, Fairness, ratio
from workbench.fairness.words import without_ratio
from workbench.reports.block import Block, as_is, heading, listing, points_of, prose, table, tiles, whole
from workbench.reports.grouped import Grouped, grouped_chapter
from workbench.reports.packages import packages

STRONGEST = 12


def opening(looked: Grouped | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to do where there is nothing to look at."""
    if looked is None:
        told = (
            "There is nothing to look at yet: no model is kept whose portfolio protects a column that makes "
            "groups.",
            "Give a column the role protected on the page Data, a number bands too, and train.",
        )
        return Block((prose(*told, kind="notice"),))
    f = looked.fairness
    titles = ", ".join(f.grouping(by).title for by in f.by)
    asked = prose(
        f"Asked: who is treated differently by {looked.row.model_id} ({looked.row.family}), by {titles}, on "
        f"the {looked.rows}, approving below a PD of {format_percent(f.cut_off)} ({f.source})?"
    )
    caption = prose(NOT_ADVICE, "The groups with the lowest ratio. Intervals are of 95%.", kind="caption")
    return Block((asked, prose(f.sentence, kind="lede"), tiles(_quoted(f)), caption))


def _quoted(f: Fairness) -> list[tuple[str, str, str]]:
    low, high = f.approval_interval
    spread = f"{100 * low:.1f} to {100 * high:.1f}%, n {f.n:,}{_bads(f.n_bad)}"
    figures = [("Approved", format_percent(f.approval_rate), spread)]
    for by in f.by[:3]:
        own = f.of(by)
        own = own[own["air"].notna() & ~own["is_reference"]]
        if own.empty:
            figures.append((f"Ratio, {f.grouping(by).title}", "not defined", without_ratio(f, by)))
            continue
        one = own.loc[own["air"].idxmin()]
        bads = None if pd.isna(one["n_bad"]) else int(one["n_bad"])
        spread = f"{ratio(one['air_low'])} to {ratio(one['air_high'])}, n {one['n']:,}{_bads(bads)}"
        figures.append((f"Ratio, {one['group']}", ratio(one["air"]), spread))
    return figures


def _bads(n: int | None) -> str:
    return "" if n is None else f", {n:,} bad"


@grouped_chapter
def profile(looked: Grouped) -> Block:
    """Tell which jurisdiction's measures come first, as of when, and what a scored age does."""
    p = looked.fairness.profile
    screens = [f"{one.words.capitalize()}: {one.source}." for one in p.screens]
    parts: list[Any] = [
        prose(f"{p.shown}. Law changes after that date are not in here."),
        points_of([*p.says, *screens, *(f"Source: {s}" for s in p.sources)]),
        prose(NOT_ADVICE, kind="caption"),
    ]
    for one in looked.fairness.elderly:
        parts += [heading("Age and the elderly"), charts.by_age(one), prose(one.sentence)]
    return Block(tuple(parts))


@grouped_chapter
def groups(looked: Grouped) -> Block:
    """Tell approvals by group: ratio, interval, test, shortfall; then the measures of the literature."""
    parts: list[Any] = []
    for by in looked.fairness.by:
        parts += [heading(looked.fairness.grouping(by).title), charts.ratios(looked.fairness, by)]
        parts += [approvals(looked.fairness, by), prose(looked.fairness.verdict(by))]
    parts += [heading("Measures"), *measures(looked.fairness)]
    parts.append(
        prose(
            "Each between the two groups it names, groups that are too small left out. The extremes of many "
            "groups lie farther apart by chance alone.",
            kind="caption",
        )
    )
    return Block(tuple(parts))


def approvals(f: Fairness, by: str) -> str:
    """Return approvals by group of one attribute as a table."""
    own = f.of(by)
    frame = own[["group", "n"]].assign(
        group=own["group"] + np.where(own["is_reference"], " (comparator)", ""),
        n_bad=own["n_bad"].astype(float), approved=_shares(own, "approval_rate"), air=_airs(own),
        sd=[_number(v, "{:.1f}") for v in own["standard_deviations"]],
        q=[format_p(q).replace("p", "q", 1) if q == q else "" for q in own["q_value"]],
        shortfall=[_number(v, "{:,.0f}") for v in own["shortfall"]],
        smd=[_number(v, "{:+.2f}") for v in own["smd_p_bad"].mask(own["is_reference"].astype(bool))],
        seen=[ratio(v) if v == v else "" for v in own["detectable_air"]],
    )  # fmt: skip
    columns = {
        "group": ("group", None), "n": ("n", whole), "n_bad": ("bads", whole),
        "approved": ("approved (95%)", None), "air": ("ratio (95%)", None), "sd": ("in SD", None),
        "q": ("test", None), "shortfall": ("short-fall", None), "smd": ("SMD of PD", None),
        "seen": ("would be seen", None),
    }  # fmt: skip
    return table(frame, columns, own["is_reference"].tolist())


def _shares(own: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{v:.1%} ({100 * low:.1f} to {100 * high:.1f})" if v == v else f"not defined: {why}"
        for v, low, high, why in own[[name, f"{name}_low", f"{name}_high", f"{name}_reason"]].itertuples(
            index=False
        )
    ]


def _airs(own: pd.DataFrame) -> list[str]:
    return [
        "1" if reference and v == v else ratio(v, low, high) if v == v else f"not defined: {why}"
        for reference, v, low, high, why in own[
            ["is_reference", "air", "air_low", "air_high", "air_reason"]
        ].itertuples(index=False)
    ]


def _number(value: float, form: str) -> str:
    return form.format(value) if not math.isnan(value) else ""


def measures(f: Fairness) -> list[str]:
    """Return the measures of all attributes as a table, and below it those that are not defined."""
    of = f.measures[f.measures["value"].notna()]
    without = f.measures[f.measures["value"].isna()]

    def value(v: float, low: float, high: float) -> str:
        return f"{v:.4f} ({low:.4f} to {high:.4f})" if low == low else f"{v:.4f}"

    frame = of.assign(
        attribute=[f.grouping(by).title for by in of["by"]],
        told=[value(*row) for row in of[["value", "low", "high"]].itertuples(index=False)],
    )
    columns = {
        "attribute": ("attribute", as_is), "title": ("measure", None), "told": ("value (95%)", None),
        "between": ("between", None), "n": ("n", whole), "meaning": ("what it is", None),
    }  # fmt: skip
    untold = [
        f"Not defined for {f.grouping(str(by)).title} ({why}): {', '.join(own['title'])}."
        for (by, why), own in without.groupby(["by", "reason"], sort=False)
    ]
    return [table(frame, columns), *([points_of(untold)] if untold else [])]


@grouped_chapter
def crossings(looked: Grouped) -> Block:
    """Tell approvals by two attributes at once."""
    f = looked.fairness
    if f.intersections.empty:
        return Block((prose("One attribute alone makes no intersections."),))
    parts: list[Any] = []
    for pair in f.crossings:
        cells = f.intersections[f.intersections["by"] == pair]
        parts += [charts.crossing(f, pair)]
        low = cells[(cells["q_value"] < 0.05) & (cells["air"] < 1)].sort_values("air")
        said = [
            f"{one.group}: {ratio(one.air, one.air_low, one.air_high)} of {one.n:,}, "
            f"{format_p(one.q_value).replace('p', 'q', 1)}."
            for one in low.itertuples()
        ]
        parts.append(points_of(said) if said else prose("No cell is shown to be approved less often."))
    parts.append(
        prose("q-values over the cells of a pair (Benjamini-Hochberg). A hatched cell tells its size alone.",
              kind="caption")
    )  # fmt: skip
    return Block(tuple(parts))


@grouped_chapter
def cut_offs(looked: Grouped) -> Block:
    """Tell the ratio at every cut-off: at one it could be chosen to look well."""
    f = looked.fairness
    parts: list[Any] = []
    for by in f.by:
        swept = f.over_cut_offs
        own = swept[(swept["by"] == by) & swept["air"].notna() & (swept["group"] != f.comparators[by].group)]
        parts += [heading(f.grouping(by).title), charts.over_cut_offs(f, by)]
        if len(own):
            worst = own.loc[own["air"].idxmin()]
            shown = ratio(worst["air"], worst["air_low"], worst["air_high"])
            at = f"{format_percent(worst['cut_off'])} ({worst['approved']:.0%} of all approved)"
            parts.append(prose(f"Lowest: {worst['group']}, {shown}, approving below {at}."))
    return Block(tuple(parts))


@grouped_chapter
def errors(looked: Grouped) -> Block:
    """Tell whose goods are declined and whose bads approved."""
    f = looked.fairness
    if not f.n_known:
        return Block((prose("Not defined: no outcomes."),))
    parts: list[Any] = []
    for by in f.by:
        own = f.of(by)
        frame = pd.DataFrame({"group": own["group"]} | {name: _shares(own, name) for name in charts.ERRORS})
        columns: Mapping[str, Any] = {"group": ("group", None)} | {
            name: (f"{title.lower()} (95%)", None) for name, title in charts.ERRORS.items()
        }
        parts += [heading(f.grouping(by).title), charts.errors(f, by), table(frame, columns)]
    parts.append(
        prose("Outcomes are known of applicants who were accepted at the time; of others nobody knows.",
              kind="caption")
    )  # fmt: skip
    return Block(tuple(parts))


@grouped_chapter
def calibration(looked: Grouped) -> Block:
    """Tell whether a PD means the same in each group, and how well each is ranked."""
    f = looked.fairness
    if not f.n_known:
        return Block((prose("Not defined: no outcomes."), *(charts.pd_by_group(f, by) for by in f.by)))
    parts: list[Any] = []
    for by in f.by:
        own = f.of(by)
        frame = pd.DataFrame(
            {
                "group": own["group"],
                "gap": _shares(own, "calibration_gap"),
                "auc": [
                    f"{v:.3f} ({low:.3f} to {high:.3f})" if v == v else f"not defined: {why}"
                    for v, low, high, why in own[["auc", "auc_low", "auc_high", "auc_reason"]].itertuples(
                        index=False
                    )
                ],
            }
        )
        columns = {
            "group": ("group", None),
            "gap": ("mean PD less bad rate (95%)", None),
            "auc": ("AUC (95%)", None),
        }
        parts += [heading(f.grouping(by).title), charts.calibration_by_group(f, by)]
        parts += [charts.pd_by_group(f, by), table(frame, columns)]
    return Block(tuple(parts))


@grouped_chapter
def proxies(looked: Grouped) -> Block:
    """Tell what of the model's characteristics tells the group."""
    parts: list[Any] = [prose(note) for note in looked.notes if "protected and given" in note]
    for by in looked.fairness.by:
        own = looked.proxies[looked.proxies["by"] == by]
        strong = own.loc[own["strong"], "title"].tolist()
        told = (
            f"Strong (Cramér's V of .30 or more, a convention): {', '.join(strong)}."
            if strong
            else "None is strong (Cramér's V of .30 or more, a convention)."
        )
        frame = own.head(STRONGEST).assign(
            v=[f"{v:.2f}" if v == v else f"not defined: {r}" for v, r in own.head(STRONGEST)[
                ["cramers_v", "reason"]].itertuples(index=False)],
            q=[format_p(q).replace("p", "q", 1) if q == q else "" for q in own["q_value"].head(STRONGEST)],
        )  # fmt: skip
        columns = {
            "title": ("characteristic", None),
            "v": ("Cramér's V", as_is),
            "q": ("test", as_is),
            "n": ("n", whole),
        }
        parts += [heading(looked.fairness.grouping(by).title), prose(told), table(frame, columns)]
    parts.append(prose("A weak link of each can still be a strong one of all together.", kind="caption"))
    return Block(tuple(parts))


@grouped_chapter
def conclusions(looked: Grouped) -> Block:
    """Tell what can and cannot be concluded at these sizes."""
    f = looked.fairness
    told = f.gaps[(f.gaps["measure"] == "approval_rate") & np.isfinite(f.gaps["detectable"].astype(float))]
    power = [
        f"{f.grouping(one.by).title}, {one.group} (n {one.n:,}): a ratio below {ratio(one.detectable)} would "
        "be seen in four of five samples of these sizes."
        for one in told.itertuples()
    ]
    return Block(
        (
            prose(f.sentence, kind="lede"), heading("What would be seen"), points_of(power),
            heading("What cannot be concluded"), points_of([*looked.notes, *f.limits, NOT_ADVICE]),
        )
    )  # fmt: skip


@grouped_chapter
def made(looked: Grouped) -> Block:
    """Tell how it was made, so that it can be made again."""
    row = looked.row
    told = {
        "model": f"{row.model_id}, digest {row.digest}, manifest {row.manifest_sha256}",
        "rows": f"{looked.rows}, n {looked.fairness.n:,}",
        "data set": looked.dataset_sha256 or "a file, scored for this report",
        "portfolio": looked.portfolio.identity,
        "asked": ", ".join(f"{name} {value}" for name, value in looked.asked.items() if value)
        or "nothing more",
        "approving below": repr(looked.fairness.cut_off),
        "compared with": "; ".join(
            f"{by}: {to.group or 'nobody'}, {to.why}" for by, to in looked.fairness.comparators.items()
        ),
        "seed": "none: nothing is sampled",
        "model kept": f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC",
    }
    return Block((listing(told | {"report drawn with": packages()}),))
