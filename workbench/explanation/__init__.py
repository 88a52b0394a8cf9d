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
from workbench.explanation.references import ALL, NEAR, Reference

__all__ = [
    "ALL",
    "INTERVENTIONAL",
    "NEAR",
    "PATH_DEPENDENT",
    "Attributions",
    "Explainer",
    "Interactions",
    "Kind",
    "Reference",
    "learn",
]
