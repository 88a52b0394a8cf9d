"""Who is treated differently: arrays in, values out; no model, no file, so vendors are judged too."""

from __future__ import annotations

from workbench.fairness.decided import tables
from workbench.fairness.grouping import UNKNOWN, Grouping, crossed, grouping
from workbench.fairness.judging import MOST_ATTRIBUTES, judge
from workbench.fairness.regb import Elderly, elderly
from workbench.fairness.screens import NOT_ADVICE, PROFILES, Profile
from workbench.fairness.summary import Fairness
from workbench.fairness.words import ratio

__all__ = [
    "MOST_ATTRIBUTES",
    "NOT_ADVICE",
    "PROFILES",
    "UNKNOWN",
    "Elderly",
    "Fairness",
    "Grouping",
    "Profile",
    "crossed",
    "elderly",
    "grouping",
    "judge",
    "ratio",
    "tables",
]
