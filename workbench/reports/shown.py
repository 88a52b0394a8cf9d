"""The study that a training report shows, with what the registry knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING

from workbench.errors import MissingError
from workbench.reports.block import Block

if TYPE_CHECKING:
    from workbench.dataset import Dataset
    from workbench.explanation import Overview
    from workbench.registry import ModelRow
    from workbench.study import Study, StudyModel


@dataclass(frozen=True, eq=False)
class Shown:
    """A kept study and the model in it that the report describes.

    Attributes
    ----------
    made_at : datetime
        When the study was kept, UTC.
    registered : mapping of str to ModelRow
        By family: the version each model of the study has in the registry.
    family : str
        Family of the model described; the study's best where empty.
    dataset : Dataset, optional
        The rows the study was made from; None where they are no longer kept.
    overview : Overview, optional
        What drives the model described over all rows of the reported sample, where its training kept it.
    """

    study_id: str
    study: Study
    made_at: datetime
    registered: Mapping[str, ModelRow]
    family: str = ""
    dataset: Dataset | None = None
    overview: Overview | None = None

    def __post_init__(self) -> None:
        trained = [m.family for m in self.study.models if not m.error]
        if self.family and self.family not in trained:
            raise MissingError(
                "NO_MODEL",
                f"the study has no model of the family {self.family!r}",
                self.study_id,
                f"Take one of: {', '.join(trained) or 'none was trained'}.",
            )

    @property
    def chosen(self) -> StudyModel | None:
        """The model described; None where none could be trained."""
        family = self.family or self.study.best
        return self.study.model(family) if family else None


def chapter(tell: Callable[[Shown], Block]) -> Callable[[Shown | None], Block]:
    """Let a chapter be asked without a study, and then show nothing."""

    @wraps(tell)
    def told(shown: Shown | None) -> Block:
        return Block() if shown is None else tell(shown)

    return told


def model_chapter(tell: Callable[[Shown, StudyModel], Block]) -> Callable[[Shown | None], Block]:
    """Let a chapter on the chosen model be asked without a study or a model, and then show nothing."""

    @wraps(tell)
    def told(shown: Shown | None) -> Block:
        chosen = None if shown is None else shown.chosen
        return Block() if shown is None or chosen is None else tell(shown, chosen)

    return told
