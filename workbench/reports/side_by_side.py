"""The models of one study against each other, as a training report shows them: the same rows, tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench import charts
from workbench.evaluation import Comparison, compare
from workbench.reports.block import heading, prose, samples_table
from workbench.reports.error_chapters import judged
from workbench.reports.paired import approved, swap_table, tested

if TYPE_CHECKING:
    from workbench.reports.shown import Shown

MOST = 6
SEED = 42
GONE = "Not tested: the data of this study are no longer kept, and with them their weights and customers."


def compared(shown: Shown) -> Comparison | None:
    """Return the models on the reported sample; None with fewer than two, or where their data are gone."""
    models = [m for m in shown.study.models if not m.error]
    first = shown.chosen
    if len(models) < 2 or first is None:
        return None
    rows = judged(shown, first)
    if rows is None:
        return None
    study, at = shown.study, rows.position
    others = [m for m in models if m.family != first.family]
    both = [first, *others[: MOST - 1]]
    return compare(
        rows.bad, {m.title: m.p_bad[at] for m in both}, reference=first.title, role="the model shown",
        weight=rows.weight, group=rows.group, evaluations={m.title: m.evaluation for m in both},
        baselines={name: by[study.reported] for name, by in study.baselines.items()}, seed=SEED,
    )  # fmt: skip


def compared_parts(shown: Shown) -> list[Any]:
    """Return what the page Compare shows of these models: tests, equal approval, samples side by side."""
    trained = [m for m in shown.study.models if not m.error]
    if len(trained) < 2:
        return [prose("One model alone: there is nothing to compare it with but the last rows.")]
    parts: list[Any] = [heading("From sample to sample"), *_samples(shown)]
    c = compared(shown)
    if c is None:
        return [*parts, prose(GONE, kind="notice")]
    a, b = c.reference, c.best
    parts += [heading("More than noise?"), prose(c.verdict, kind="lede"), prose(c.note()), *tested(c, a)]
    at = c.approval
    parts += [heading(f"The same {at.approval:.0%} approved"), *approved(c, a, b)]
    return [*parts, charts.swap_set(at, a, b), swap_table(c, a, b)]


def _samples(shown: Shown) -> list[Any]:
    frame = pd.DataFrame(
        {
            "model": m.title,
            "sample": name,
            "n": e.n,
            "n_bad": e.n_bad,
            "auc": e.shown("auc"),
            "ks": e.shown("ks"),
        }
        for m in shown.study.models
        if not m.error
        for name, e in m.evaluations.items()
    )
    told = prose(
        "Development flatters whatever was fitted on it; how far a model falls from there to the others is "
        "overfitting, or, to later applicants, change."
    )
    return [told, samples_table(frame, (frame["sample"] == shown.study.reported).tolist())]
