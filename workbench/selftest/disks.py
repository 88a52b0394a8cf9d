"""A disk that is full at each write in turn: it is said, and what was begun is gone."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from unittest import mock

from workbench.errors import ArtifactError
from workbench.run import Run
from workbench.selftest import light
from workbench.selftest.forked import Tell, to_its_end
from workbench.selftest.tally import Tally, lost, unclear

MOST = 40


def fill_disk(home: Path, run: Run) -> Tally:
    """Publish again and again, the disk full one write later each time, until a publication succeeds."""
    registry = light.open_light(home)
    registry.save_dataset(light.made_dataset(), who=light.WHO, when=light.WHEN)
    light.publish(registry, light.LightModel(0.1))
    tally = Tally()
    for after in range(MOST):
        run.step(f"no room at write {after + 1}", after / MOST)
        before = _names(home)
        status, told = to_its_end(lambda tell, n=after: _publish(home, n, tell))
        if told == ["kept"]:
            return tally + _still_whole(home)
        tally += Tally(faults=1)
        if status or told != ["DISK_FULL"]:
            tally += unclear(f"no room at write {after + 1} was told as {told or status}")
        if _names(home) != before:
            tally += unclear(f"no room at write {after + 1} left {sorted(_names(home) ^ before)}")
    return tally + unclear(f"a publication takes more than {MOST} writes")


def _publish(home: Path, room: int, tell: Tell) -> None:
    registry = light.open_light(home)
    real, turn = os.write, itertools.count()

    def write(handle: int, content: bytes) -> int:
        if next(turn) >= room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, content)

    try:
        with mock.patch("workbench.registry.artifacts.os.write", write):
            light.publish(registry, light.LightModel(0.2))
    except ArtifactError as error:
        told = error.code
    else:
        told = "kept"
    tell(told)


def _still_whole(home: Path) -> Tally:
    registry = light.open_light(home)
    tally = sum((unclear(f"after a full disk: {p.sentence()}") for p in registry.fsck()), Tally())
    for row in registry.models():
        try:
            registry.load(row.model_id)
        except ArtifactError as error:
            tally += lost(f"after a full disk: {error}")
    return tally


def _names(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*")}
