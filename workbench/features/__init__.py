"""From typed characteristics to the numbers a family fits on, and the same for one applicant."""

from __future__ import annotations

from workbench.features.columns import FLAG_WORDS, Column, LevelColumn, NumberColumn
from workbench.features.encoder import Encoded, Encoder, learn, relative_weight
from workbench.features.program import Program

__all__ = [
    "FLAG_WORDS",
    "Column",
    "Encoded",
    "Encoder",
    "LevelColumn",
    "NumberColumn",
    "Program",
    "learn",
    "relative_weight",
]
