"""Chapters on fairness in reports about something else: a study's model, and rivals side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset import impossible
from workbench.dataset.customers import customers
from workbench.errors import InputError
from workbench.evaluation import format_p, format_percent
from workbench.fairness import NOT_ADVICE, Fairness, Grouping, judge, ratio
from workbench.fairness.attributes import groupable, grouped
from workbench.reports.block import Block, as_is, prose, table, whole
from workbench.reports.rivals import Rivals, rivals_chapter
from workbench.reports.shown import Shown, model_chapter
from workbench.study import StudyModel

NOTHING = "The portfolio protects no column that makes groups, so nothing is said of groups here."


@model_chapter
def fairness(shown: Shown, model: StudyModel) -> Block:
    """Tell approvals and errors of the chosen model by protected group, in one table."""
    study, dataset = shown.study, shown.dataset
    offered = groupable(study.portfolio)
    if not offered:
        return Block((prose(NOTHING),))
    if dataset is None:
        return Block((prose("Not computed: the data of this study are no longer kept.", kind="notice"),))
    at = np.flatnonzero(study.samples.mask(model.reported))
    groups: list[Grouping] = []
    said = []
    for one in offered:
        source = dataset.protected if one.name in dataset.protected else dataset.frame
        try:
            groups.append(grouped(source[one.name].iloc[at].reset_index(drop=True), one))
        except (InputError, KeyError) as error:
            why = str(error) if isinstance(error, InputError) else "It is not kept with the data."
            said.append(why if one.shown in why else f"{one.shown}: {why}")
    if not groups:
        return Block((prose(*said, kind="notice"),))
    cut_off = float(model.policy["approve_below"])
    found = judge(
        model.p_bad[at], groups[:4], cut_off, bad=study.rows["outcome"].to_numpy()[at],
        weight=None if dataset.weight is None else dataset.weight[at],
        customer=None if dataset.group is None else customers(dataset.group)[at],
        impossible=impossible(dataset.portfolio, dataset.frame, dataset.date)[at],
    )  # fmt: skip
    told = prose(
        f"On the {model.reported} sample, approving below a PD of {format_percent(cut_off)}; approved is the "
        "decision approve. A ratio is a group's approval rate over the comparator's.",
        *said,
    )
    more = "The report fairness_report looks at every cut-off, intersections, calibration and proxies."
    return Block((told, _groups(found), prose(found.sentence), prose(more, NOT_ADVICE, kind="caption")))


def _groups(f: Fairness) -> str:
    own = f.groups

    def share(name: str) -> list[str]:
        columns = [name, f"{name}_low", f"{name}_high", f"{name}_reason"]
        return [
            f"{v:.1%} ({100 * low:.1f} to {100 * high:.1f})" if v == v else f"not defined: {why}"
            for v, low, high, why in own[columns].itertuples(index=False)
        ]

    frame = pd.DataFrame(
        {
            "title": own["title"],
            "group": own["group"] + np.where(own["is_reference"], " (comparator)", ""),
            "n": own["n"],
            "n_bad": own["n_bad"].astype(float),
            "approved": share("approval_rate"),
            "air": [_air(line) for line in own.to_dict("records")],
            "q": [format_p(q).replace("p", "q", 1) if q == q else "" for q in own["q_value"]],
            "goods": share("goods_approved"),
            "bads": share("bads_approved"),
        }
    )
    columns = {
        "title": ("attribute", None), "group": ("group", None), "n": ("n", whole), "n_bad": ("bads", whole),
        "approved": ("approved (95%)", None), "air": ("ratio (95%)", None), "q": ("test", None),
        "goods": ("goods approved", None), "bads": ("bads approved", None),
    }  # fmt: skip
    return table(frame, columns, own["is_reference"].tolist())


def _air(line: Mapping[str, Any]) -> str:
    if line["is_reference"] and line["air"] == line["air"]:
        return "1"
    if line["air"] != line["air"]:
        return f"not defined: {line['air_reason']}"
    return ratio(line["air"], line["air_low"], line["air_high"])


@rivals_chapter
def rivals_fairness(rivals: Rivals) -> Block:
    """Tell approvals by protected group of each model, all approving the same share."""
    if not rivals.fairness:
        return Block((prose(NOTHING),))
    first = next(iter(rivals.fairness.values()))
    frame = first.groups[["title", "group", "n"]].assign(n_bad=first.groups["n_bad"].astype(float))
    columns: dict[str, Any] = {
        "title": ("attribute", None), "group": ("group", None), "n": ("n", whole), "n_bad": ("bads", whole),
    }  # fmt: skip
    for name, found in rivals.fairness.items():
        frame[name] = [_air(line) for line in found.groups.to_dict("records")]
        columns[name] = (f"ratio, {name}", None)
    odds = pd.DataFrame(
        {
            "model": name,
            "attribute": found.grouping(line.by).title,
            "odds": f"{line.value:.3f} ({line.low:.3f} to {line.high:.3f})"
            if line.value == line.value
            else f"not defined: {line.reason}",
            "between": line.between,
        }
        for name, found in rivals.fairness.items()
        for line in found.measures[found.measures["measure"] == "equalized_odds_difference"].itertuples()
    )
    heads = {
        "model": ("model", None), "attribute": ("attribute", as_is),
        "odds": ("equalized odds difference (95%)", as_is), "between": ("between", None),
    }  # fmt: skip
    told = prose(
        f"Each model approves the safest {rivals.comparison.approval.approval:.0%} by its own PD, and "
        "whoever has the same PD as the last of them.",
        "A ratio is a group's approval rate over the comparator's, with its 95% interval.",
    )
    return Block(
        (
            told, table(frame, columns, first.groups["is_reference"].tolist()), table(odds, heads),
            prose(NOT_ADVICE, kind="caption"),
        )
    )  # fmt: skip
