"""Why a model says what it says: exact Shapley values of every family, against a reference that is named."""

from __future__ import annotations

from workbench.explanation.attributions import (
    INTERVENTIONAL,
    PATH_DEPENDENT,
    PROBABILITY,
    Attributions,
    Interactions,
    Kind,
)
from workbench.explanation.cross_check import ROWS as CHECKED
from workbench.explanation.cross_check import CrossCheck, cross_check
from workbench.explanation.cross_check import load as load_check
from workbench.explanation.effects import Effects, effects, monotonicity
from workbench.explanation.explainer import FILE, Explainer, learn
from workbench.explanation.flips import Flips, flips
from workbench.explanation.lime import Lime, lime
from workbench.explanation.overview import ROW_BY_ROW, Overview, nearest, overview, told_of
from workbench.explanation.permutation import Permutation, permutation
from workbench.explanation.reason import Reason, Reasons
from workbench.explanation.reasons import MOST, SOURCES, Reasoner, ReasonRows
from workbench.explanation.references import ALL, NEAR, Reference
from workbench.explanation.rows import Rows
from workbench.explanation.waterfall import Waterfall, waterfall
from workbench.explanation.what_if import Sensitivity, sensitivities

__all__ = [
    "ALL",
    "CHECKED",
    "FILE",
    "Flips",
    "INTERVENTIONAL",
    "Lime",
    "MOST",
    "NEAR",
    "PATH_DEPENDENT",
    "PROBABILITY",
    "Attributions",
    "Effects",
    "CrossCheck",
    "ROW_BY_ROW",
    "Explainer",
    "Interactions",
    "Kind",
    "Overview",
    "Permutation",
    "Reason",
    "ReasonRows",
    "Reasoner",
    "Reasons",
    "Reference",
    "Rows",
    "SOURCES",
    "effects",
    "flips",
    "Sensitivity",
    "Waterfall",
    "cross_check",
    "load_check",
    "learn",
    "lime",
    "monotonicity",
    "nearest",
    "overview",
    "permutation",
    "sensitivities",
    "told_of",
    "waterfall",
]
