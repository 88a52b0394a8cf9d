"""Models, data sets and studies: kept whole, verified before they are read, with a trail of who did what.

`open` gives the `Registry`; everything it tells is one of the frozen rows below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.registry.rows import (
    STAGES,
    AcknowledgementRow,
    Challenge,
    DatasetRow,
    ModelRow,
    Removal,
    StageRow,
    StudyRow,
    TrailRow,
)

if TYPE_CHECKING:
    from workbench.registry.registry import Registry
    from workbench.settings import Settings

__all__ = [
    "STAGES",
    "AcknowledgementRow",
    "Challenge",
    "DatasetRow",
    "ModelRow",
    "Removal",
    "StageRow",
    "StudyRow",
    "TrailRow",
    "open",
]


def open(settings: Settings) -> Registry:
    """Return the registry in ``settings.store``, made and brought up to date where needed.

    Raises
    ------
    ArtifactError
        ``STORE`` where the folder cannot be used; ``DISK_FULL``.
    BusyError
        ``BUSY`` where another program keeps the database.
    """
    from workbench.registry.registry import open_registry

    return open_registry(settings)
