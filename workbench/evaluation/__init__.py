"""How good scores are: arrays in, values out; no model, no file, so a vendor's scores are judged too."""

from __future__ import annotations

from workbench.evaluation import findings, slices
from workbench.evaluation.agreement import jeffreys
from workbench.evaluation.approval import AtApproval
from workbench.evaluation.comparison import Comparison, bad_rate_at, bad_rate_interval_at, compare, leads
from workbench.evaluation.discrimination import delong
from workbench.evaluation.measure import Measure, wilson
from workbench.evaluation.paired import Beats, beats, benjamini_hochberg, holm, mcnemar
from workbench.evaluation.resampled import nadeau_bengio
from workbench.evaluation.summary import Evaluation, evaluate
from workbench.evaluation.words import (
    TITLES,
    format_difference,
    format_figure,
    format_metric,
    format_p,
    format_percent,
    words_for_auc,
)

__all__ = [
    "TITLES",
    "AtApproval",
    "Beats",
    "Comparison",
    "Evaluation",
    "Measure",
    "bad_rate_at",
    "bad_rate_interval_at",
    "beats",
    "benjamini_hochberg",
    "compare",
    "delong",
    "evaluate",
    "findings",
    "format_difference",
    "format_figure",
    "format_metric",
    "format_p",
    "format_percent",
    "holm",
    "jeffreys",
    "leads",
    "mcnemar",
    "nadeau_bengio",
    "slices",
    "wilson",
    "words_for_auc",
]
