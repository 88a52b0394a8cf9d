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
from workbench.explanation.reasons import MOST, SOURCES, Reason, Reasoner, ReasonRows, Reasons
from workbench.explanation.references import ALL, NEAR, Reference

__all__ = [
    "ALL",
    "Flips",
    "INTERVENTIONAL",
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
    "learn",
]
