"""Deleting: what stands in the way is said, what goes leaves a line, and no crash turns it into a loss."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.registry.tiny import WHEN, LineModel, made_dataset, register, reopened
from workbench.errors import ArtifactError, GateError, InputError, MissingError
from workbench.registry import removal
from workbench.registry.fsck import harmless
from workbench.registry.outages import disk_full
from workbench.registry.registry import Registry
from workbench.registry.rows import Challenge
from workbench.registry.tables import Publishing

BY = {"who": "ben", "when": WHEN, "why": "tried out"}


def promoted(registry: Registry, model_id: str, over: str = "") -> None:
    better = Challenge(over, True, "better") if over else None
    registry.promote(model_id, who="ana", when=WHEN, challenge=better)


def refused(registry: Registry, kind: str, name: str) -> str:
    """Return the code of the refusal; it is shown before and nothing changes."""
    shown = registry.removal(kind, name)
    with pytest.raises(GateError) as caught:
        registry.remove(kind, name, **BY)
    assert caught.value.code == shown.code and shown.refusal in str(caught.value)
    assert shown.remedy in str(caught.value)
    assert not registry.fsck()
    return shown.code


def test_what_a_model_rests_on_and_champions_are_refused(registry: Registry) -> None:
    first, second, third = (register(registry, LineModel(-n / 10)).model_id for n in (1, 2, 3))
    assert refused(registry, "dataset", "d" * 8) == "HAS_MODELS"
    promoted(registry, first)
    assert refused(registry, "model", first) == "CHAMPION"
    promoted(registry, second, first)
    assert refused(registry, "model", first) == "PREVIOUS_CHAMPION"
    assert refused(registry, "model", "cards@champion") == "CHAMPION"
    promoted(registry, third, second)
    assert refused(registry, "model", second) == "PREVIOUS_CHAMPION"
    registry.remove("model", first, **BY)
    assert registry.previous_champion("cards").model_id == second
    registry.roll_back("cards", who="ana", when=WHEN, why="unstable")
    assert registry.resolve("cards@champion").model_id == second
    with pytest.raises(GateError) as none:
        registry.remove("model", third, **BY) and registry.previous_champion("cards")
    assert none.value.code == "PREVIOUS_CHAMPION"


def test_a_deleted_version_is_in_the_trail_and_in_quarantine_and_its_number_is_not_given_again(
    registry: Registry,
) -> None:
    model_id = register(registry, LineModel(-0.1)).model_id
    told = registry.removal("model", model_id)
    assert told.size > 0 and told.along and not told.refusal
    registry.remove("model", model_id, **BY)
    with pytest.raises(MissingError):
        registry.resolve(model_id)
    line = registry.trail(limit=1)[0]
    assert (line.action, line.model_id, line.who) == ("deleted", model_id, "ben")
    assert line.detail["row"]["digest"] == LineModel(-0.1).digest and "tried out" in line.sentence
    assert not registry.fsck()
    (record,) = (registry.store.home / "quarantine").glob(f"*/{removal.RECORD}")
    assert (record.parent / "models" / model_id / "line.json").exists()
    assert register(registry, LineModel(-0.1)).version == 2
    assert registry.purge(WHEN + timedelta(days=29), timedelta(days=30)) == []
    assert registry.purge(WHEN + timedelta(days=30), timedelta(days=30)) == [model_id]
    assert not record.parent.exists()


def test_a_data_set_goes_with_its_readings_and_reasons(registry: Registry) -> None:
    kept = made_dataset()
    registry.acknowledge(kept, "CONSTANT", "income", why="it is a code", who="ana", when=WHEN)
    told = registry.removal("dataset", "d" * 64)
    assert set(told.along) == {"1 reading of a file", "1 protected part", "1 reason for a finding"}
    registry.remove("dataset", "d" * 64, **BY)
    assert registry.datasets() == [] and not list((registry.store.home / "datasets").iterdir())
    assert not registry.fsck()
    registry.save_dataset(kept, who="ana", when=WHEN)
    assert len(registry.datasets()) == 1, "the same rows can be kept again"


@pytest.mark.parametrize("kind", ["dataset", "study", "model", "report", "../x"])
def test_what_is_not_there_or_cannot_be_deleted_is_said(registry: Registry, kind: str) -> None:
    with pytest.raises((MissingError, InputError)) as caught:
        registry.removal(kind, "nothing-1")
    assert caught.value.code in {"NO_DATASET", "NO_STUDY", "NO_MODEL", "KIND"}
    with pytest.raises(InputError, match="needs a reason"):
        registry.remove("dataset", "d" * 64, who="ben", when=WHEN, why=" ")
    assert len(registry.datasets()) == 1


def test_a_name_is_no_pattern(registry: Registry) -> None:
    for name in ("%" * 8, "_" * 64, "d" * 7):
        with pytest.raises(MissingError):
            registry.removal("dataset", name)


def test_a_program_that_dies_between_rows_and_files_leaves_nothing_lost(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = register(registry, LineModel(-0.2)).model_id
    gone = register(registry, LineModel(-0.1)).model_id

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", dies)
    with pytest.raises(KeyboardInterrupt):
        registry.remove("model", gone, **BY)
    monkeypatch.undo()
    assert registry.fsck() and all(map(harmless, registry.fsck()))
    again = reopened(registry)
    assert not again.fsck()
    assert [row.model_id for row in again.models()] == [kept]
    with again.store.database.read() as session:
        assert not list(session.scalars(select(Publishing)))
    assert (_quarantined(again)[0] / "models" / gone / "line.json").exists()


@pytest.mark.parametrize("full", ["quarantine.write_file", "quarantine.make_folder", "removal.announce"])
def test_what_cannot_be_set_aside_is_not_deleted(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    model_id = register(registry, LineModel(-0.1)).model_id

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room") if "folder" in full else disk_full("here")

    monkeypatch.setattr(f"workbench.registry.{full}", no_room)
    with pytest.raises(ArtifactError) as caught:
        registry.remove("model", model_id, **BY)
    assert caught.value.code == "DISK_FULL"
    monkeypatch.undo()
    again = reopened(registry)
    assert again.load(model_id) == LineModel(-0.1) and again.fsck() == [] and not _quarantined(again)
    assert again.trail(limit=1)[0].action == "trained"


def test_a_record_that_goes_meanwhile_is_nothing_to_purge(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.remove("model", register(registry, LineModel(-0.1)).model_id, **BY)
    (folder,) = _quarantined(registry)
    real = Path.read_text

    def late(path: Path, *rest: str) -> str:
        shutil.rmtree(folder)
        return real(path, *rest)

    monkeypatch.setattr(Path, "read_text", late)
    assert registry.purge(WHEN, timedelta(0)) == []


def _quarantined(registry: Registry) -> list[Path]:
    return list((registry.store.home / "quarantine").glob("*"))
