"""Chapters of the training report on where the chosen model is wrong: months, segments, applicants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench import charts
from workbench.dataset import BAD
from workbench.dataset.customers import customers
from workbench.evaluation import (
    format_difference,
    format_figure,
    format_metric,
    format_p,
    format_percent,
    slices,
)
from workbench.reports.block import Block, as_is, heading, percent, prose, table, whole
from workbench.reports.shown import Shown, model_chapter
from workbench.study import StudyModel

if TYPE_CHECKING:
    from workbench.portfolio import Portfolio

SEGMENTS, QUIET, SURE = 12, 6, 5
MONTHS = 24


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows a model is judged on, as they stand in the data; `position` is theirs among the rows kept."""

    position: np.ndarray
    bad: np.ndarray
    p_bad: np.ndarray
    record: np.ndarray
    frame: pd.DataFrame
    date: pd.Series | None
    weight: np.ndarray | None
    group: np.ndarray | None


def judged(shown: Shown, model: StudyModel) -> Judged | None:
    """Return the rows of the reported sample whose outcome is known; None where the data are not kept."""
    study, dataset = shown.study, shown.dataset
    if dataset is None:
        return None
    outcome = study.rows["outcome"].to_numpy()
    at = np.flatnonzero(study.samples.mask(model.reported) & (outcome >= 0))
    group = None if dataset.group is None else customers(dataset.group)[at]
    return Judged(
        position=at, bad=(outcome[at] == BAD).astype(np.int8), p_bad=model.p_bad[at],
        record=study.rows["record"].to_numpy()[at], frame=dataset.frame.iloc[at].reset_index(drop=True),
        date=None if dataset.date is None else dataset.date.iloc[at].reset_index(drop=True),
        weight=None if dataset.weight is None else dataset.weight[at], group=group,
    )  # fmt: skip


@model_chapter
def errors(shown: Shown, model: StudyModel) -> Block:
    """Tell in which months and segments the model is off, and where it was surest and wrong."""
    rows = judged(shown, model)
    if rows is None:
        told = "Not computed: the data of this study are no longer kept, so no row can be put into a segment."
        return Block((prose(told, kind="notice"),))
    return Block((*_segments(shown.study.portfolio, model, rows), *_sure(model, rows), *_months(model, rows)))


def _segments(portfolio: Portfolio, model: StudyModel, rows: Judged) -> list[str]:
    cells = slices.segments(rows.frame)
    frame = slices.worst_slices(rows.bad, rows.p_bad, cells, weight=rows.weight, group=rows.group)
    worse = int(frame["worse"].sum())
    told = prose(
        f"Every characteristic cut into segments, numbers by quarters: {len(frame)} segments of "
        f"{slices.LEAST} rows and more on the {model.reported} sample ({model.evaluation.counts()}).",
        "In none of them the PDs or the ranking are off by more than chance."
        if not worse
        else f"In {worse} of them the PDs or the ranking are off by more than chance: they are marked.",
        "A q value below 5% counts; it is a p value that knows how many segments were looked at.",
    )
    if frame.empty:
        return [told]
    head = frame.head(SEGMENTS if worse else QUIET).copy()
    known = [portfolio.characteristic(name) for name in head["characteristic"]]
    head["segment"] = [f"{c.shown}: {c.label(s)}" for c, s in zip(known, head["segment"], strict=True)]
    head["rate"] = [
        format_metric("bad_rate", *told)
        for told in zip(head["bad_rate"], head["low"], head["high"], strict=True)
    ]
    head["auc"] = [_auc(row) for row in head.itertuples()]
    head["least_q"] = head[["q_value", "auc_q"]].min(axis=1)
    columns = {
        "segment": ("segment", None),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "mean_p_bad": ("mean PD", percent),
        "rate": ("bad rate (95%)", as_is),
        "auc": ("AUC (95%)", as_is),
        "auc_elsewhere": ("elsewhere", lambda v: format_figure("auc", v)),
        "least_q": ("q", lambda v: format_p(v).removeprefix("p ")),
    }
    listed = prose(f"The {len(head)} of them that are surest, the surest first.")
    return [heading("Worst segments"), told, listed, table(head, columns, head["worse"].tolist())]


def _sure(model: StudyModel, rows: Judged) -> list[str]:
    frame = slices.confident_errors(rows.bad, rows.p_bad, SURE)
    frame["record"] = rows.record[frame["row"].to_numpy(int)]
    columns = {
        "error": ("how it ended", None),
        "record": ("row of the file", whole),
        "p_bad": ("PD", format_percent),
    }
    told = prose(
        f"Of each kind the {SURE} applicants of the {model.reported} sample the model was surest of. Some "
        "are plain luck; what they have in common, or an error in the data, is worth a look into the file.",
    )
    return [heading("Surest and wrong"), told, table(frame, columns)]


def _months(model: StudyModel, rows: Judged) -> list[object]:
    if rows.date is None:
        return [prose("By month nothing is told: the portfolio has no date.", kind="caption")]
    frame = slices.by_month(rows.bad, rows.p_bad, rows.date, weight=rows.weight, group=rows.group)
    gap = frame["bad_rate"] - frame["mean_p_bad"]
    outside = int(((frame["mean_p_bad"] < frame["low"]) | (frame["mean_p_bad"] > frame["high"])).sum())
    columns = {
        "month": ("month", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "mean_p_bad": ("mean PD", percent),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
        "told": ("AUC (95%)", as_is),
        "gap": ("gap, points", lambda v: f"{100 * v:+.1f}"),
    }
    last = frame.assign(gap=gap, told=[_auc(row) for row in frame.itertuples()]).tail(MONTHS)
    left = len(frame) - len(last)
    told = prose(
        f"In {outside} of {len(frame)} months the mean PD lies outside the 95% interval of the bad rate; "
        "by chance it would be about one in twenty. The gap is the bad rate less the mean PD.",
        f"The last {MONTHS} months are listed; {left} earlier ones are drawn only." if left else "",
    )
    auc = format_difference(float(frame["auc"].max() - frame["auc"].min()))
    note = prose(f"The AUC of the months lies within {auc}.", kind="caption") if len(frame) > 1 else ""
    return [
        heading("By month"), told, charts.auc_by_month({model.title: frame}), note, table(last, columns)
    ]  # fmt: skip


def _auc(row: Any) -> str:
    return format_metric("auc", row.auc, row.auc_low, row.auc_high, getattr(row, "reason", ""))
