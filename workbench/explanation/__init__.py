"""Why a model says what it says: exact Shapley values of every family, against a reference that is named."""

from __future__ import annotations

from workbench.explanation.attributions import (
    INTERVENTIONAL,
    PATH_DEPENDENT,
    Attributions,
    Interactions,
    Kind,
)
from workbench.explanation.explainer import Explainer, learn
from workbench.explanation.flips import Flips, flips
from workbench.explanation.lime import Lime, lime
from workbench.explanation.reasons import MOST, SOURCES, Reason, Reasoner, ReasonRows, Reasons
from workbench.explanation.references import ALL, NEAR, Reference
from workbench.explanation.waterfall import Waterfall, waterfall
from workbench.explanation.what_if import Sensitivity, sensitivities

__all__ = [
    "ALL",
    "Flips",
    "INTERVENTIONAL",
    "Lime",
    "MOST",
    "NEAR",
    "PATH_DEPENDENT",
    "Attributions",
    "Explainer",
    "Interactions",
    "Kind",
    "Reason",
    "ReasonRows",
    "Reasoner",
    "Reasons",
    "Reference",
    "SOURCES",
    "flips",
    "Sensitivity",
    "Waterfall",
    "learn",
    "lime",
    "sensitivities",
    "waterfall",
]
