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

__all__ = [
    "Compared",
    "Deployment",
    "Desk",
    "DriftRequest",
    "Monitored",
    "ScoreRequest",
    "TrainOutcome",
    "TrainRequest",
    "TrainedLine",
    "open",
]
