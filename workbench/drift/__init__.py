"""Whether what comes in is still what a model was developed on: arrays in, values out."""

from __future__ import annotations

from workbench.drift.characteristics import Known, know
from workbench.drift.making import LEAST_ROWS, Reference, compare, hold
from workbench.drift.performance import Performance
from workbench.drift.rows import Rows
from workbench.drift.score import ScoreDrift
from workbench.drift.triggers import ACTIONS, DEFAULT, Trigger, Triggers
from workbench.drift.values import Drift
from workbench.drift.verdict import AMBER, GREEN, RED, Verdict

__all__ = [
    "ACTIONS",
    "AMBER",
    "DEFAULT",
    "GREEN",
    "LEAST_ROWS",
    "RED",
    "Drift",
    "Known",
    "Performance",
    "Reference",
    "Rows",
    "ScoreDrift",
    "Trigger",
    "Triggers",
    "Verdict",
    "compare",
    "hold",
    "know",
]
