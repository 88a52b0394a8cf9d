"""The use cases: read, check, train, evaluate, score, promote. Every door calls these and nothing below."""

from __future__ import annotations

from workbench.desk.comparing import Compared
from workbench.desk.desk import Desk, open
from workbench.desk.monitored import Monitored
from workbench.desk.requests import (
    Deployment,
    DriftRequest,
    ScoreRequest,
    TrainedLine,
    TrainOutcome,
    TrainRequest,
)
from workbench.desk.treated import FairnessRequest, Treated

__all__ = [
    "Compared",
    "Deployment",
    "Desk",
    "DriftRequest",
    "Monitored",
    "FairnessRequest",
    "ScoreRequest",
    "TrainOutcome",
    "TrainRequest",
    "TrainedLine",
    "Treated",
    "open",
]
