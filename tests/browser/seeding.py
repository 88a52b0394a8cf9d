"""A machine that has trained already, made without the app."""

from __future__ import annotations

from pathlib import Path

from workbench import desk
from workbench.desk import TrainRequest
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec


def seed(home: Path, data: Path) -> None:
    """Train both families of Taiwan cards on `data`, as the app would."""
    settings = Settings(home=home, threads=1)
    opened = desk.open(settings)
    dataset = opened.build(data, opened.portfolio("taiwan_cards"))
    spec = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("70/30"))
    request = TrainRequest(portfolio="taiwan_cards@1", spec=spec, dataset_sha256=dataset.sha256)
    opened.train(request, Run(threads=1))
