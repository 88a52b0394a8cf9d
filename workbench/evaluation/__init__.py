"""How good scores are: arrays in, values out; no model, no file, so a vendor's scores are judged too."""

from __future__ import annotations

from workbench.evaluation import findings
from workbench.evaluation.discrimination import delong
from workbench.evaluation.measure import Measure, wilson
from workbench.evaluation.summary import Evaluation, evaluate
from workbench.evaluation.words import TITLES, format_figure, format_metric, format_percent, words_for_auc

__all__ = [
    "TITLES",
    "Evaluation",
    "Measure",
    "delong",
    "evaluate",
    "findings",
    "format_figure",
    "format_metric",
    "format_percent",
    "wilson",
    "words_for_auc",
]
