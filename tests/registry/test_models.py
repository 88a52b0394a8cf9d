"""Registered whole, loaded verified, numbered once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.registry.tiny import PORTFOLIO, WHEN, LineModel, made_frame, register, reopened, score_line
from workbench import intake
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.portfolio import from_values
from workbench.registry import registration
from workbench.registry.registry import Registry

LOADS = "import pickle, sys; pickle.loads(bytes.fromhex(sys.argv[1]))"


def test_a_registered_model_comes_back_and_scores_the_same(registry: Registry) -> None:
    model = LineModel(0.3, -1.0)
    row = register(registry, model)
    assert row.model_id == "cards-1" and row.stage == "trained" and row.reported == "hold-out"
    for reference in ("cards-1", "cards@latest"):
        loaded = registry.load(reference)
        assert np.array_equal(score_line(loaded, made_frame()), score_line(model, made_frame()))
    assert registry.verify("cards-1") == ()
    assert registry.fsck() == []


def test_the_same_model_again_is_the_same_version_and_one_more_line(registry: Registry) -> None:
    first = register(registry, LineModel(0.3), job_id="j1")
    lines = len(registry.trail())
    again = register(registry, LineModel(0.3), who="ben")
    assert again.model_id == first.model_id and again.again and not first.again
    assert len(registry.models()) == 1
    trail = registry.trail()
    assert len(trail) == lines + 1
    assert trail[0].sentence == "ben trained cards-1 again: identical, so no new version was made."
    assert register(registry, LineModel(0.3), spec={"seed": 1}).model_id == "cards-2"


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"requirements": {"auc": 0.99}}, {"points": {"base": 700.0}}],
)
def test_another_portfolio_makes_another_version_of_the_same_model(
    registry: Registry, change: dict[str, object]
) -> None:
    """What was learned may be equal and the gate, or the points, not."""
    first = register(registry, LineModel(0.3))
    other = from_values(PORTFOLIO.to_json() | change, "test")
    again = register(registry, LineModel(0.3, portfolio=other), passed=False)
    assert (again.model_id, again.again, again.gate["passed"]) == ("cards-2", False, False)
    assert first.gate["passed"] and registry.resolve("cards-1").gate["passed"]
    assert register(registry, LineModel(0.3)).model_id == "cards-1"


def test_a_step_that_a_job_runs_twice_registers_once(registry: Registry) -> None:
    first = register(registry, LineModel(0.3), job_id="j1")
    lines = len(registry.trail())
    assert register(registry, LineModel(0.31), job_id="j1").model_id == first.model_id
    assert len(registry.trail()) == lines
    assert register(registry, LineModel(0.3, family="lightgbm"), job_id="j1").model_id == "cards-2"


def test_numbers_are_never_given_twice(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    with pytest.raises(ArtifactError) as refused:
        register(registry, LineModel(0.2), golden=wrong_golden())
    assert refused.value.code == "GOLDEN_ROWS"
    assert register(registry, LineModel(0.2)).model_id == "cards-3"
    assert registry.fsck() == []


def wrong_golden() -> object:
    from workbench.registry.golden import Golden, environment

    return Golden(made_frame(), np.full(64, 0.5), environment())


def test_what_is_not_kept_is_said(registry: Registry) -> None:
    with pytest.raises(MissingError, match="data set"):
        register(registry, LineModel(0.1), dataset_sha256="a" * 64)
    with pytest.raises(MissingError) as absent:
        registry.load("cards-9")
    assert absent.value.code == "NO_MODEL"
    register(registry, LineModel(0.1))
    with pytest.raises(MissingError) as absent:
        registry.load("cards@champion")
    assert absent.value.code == "NO_CHAMPION"
    with pytest.raises(MissingError, match="Did you mean cards"):
        registry.resolve("card@latest")
    with pytest.raises(InputError):
        registry.resolve("cards@newest")


def test_files_are_the_owners_alone_whatever_the_umask(registry: Registry) -> None:
    before = os.umask(0)
    try:
        register(registry, LineModel(0.1))
    finally:
        os.umask(before)
    home = registry.store.home
    for path in [home, *home.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_metadata_and_card_say_what_the_model_is(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    folder = registry.store.home / "models" / "cards-1"
    known = json.loads((folder / "metadata.json").read_text())
    assert known["metrics"]["auc_roc"] == 0.7 and known["metrics"]["precision_at_10pct_recall"] is None
    assert known["metrics"]["precision_at_10pct_recall_reason"] == "not measured"
    assert "auc_roc_reason" not in known["metrics"]
    assert known["training_date"] == "2026-11-21" and known["model_version"] == 1
    assert known["feature_names"] == ["income", "status", "since"]
    assert known["training_metrics"]["auc_roc"] == 0.75
    card = (folder / "model_card.md").read_text()
    assert "| AUC | .700 | .680 to .720 | .750 |" in card
    assert "60 applicants, 12 bads" in card and "within 12 months" in card


def test_a_metric_that_cannot_be_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="outside 0 to 1"):
        register(registry, LineModel(0.1), metrics={"auc": 1.2})
    with pytest.raises(ValueError):
        register(registry, LineModel(0.1), metrics={"auc": float("nan")})
    with pytest.raises(ValueError, match="time zone"):
        register(registry, LineModel(0.1), when=WHEN.replace(tzinfo=None))
    assert registry.models() == [] and registry.fsck() == []


def _damage(folder: Path, how: str) -> None:
    target = folder / "line.json"
    content = target.read_bytes()
    if how == "flipped":
        target.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif how == "cut":
        target.write_bytes(content[:-1])
    elif how == "longer":
        target.write_bytes(content + b" ")
    elif how == "exchanged":
        target.write_bytes((folder.parent / "cards-2" / "line.json").read_bytes())
    elif how == "linked":
        target.unlink()
        target.symlink_to(folder.parent / "cards-2" / "line.json")
    elif how == "whole folder":
        for path in folder.iterdir():
            path.write_bytes((folder.parent / "cards-2" / path.name).read_bytes())
    elif how == "manifest":
        (folder / "manifest.json").write_bytes(b"{}")
    elif how == "folder replaced by file":
        target.unlink()
        target.mkdir()


@pytest.mark.parametrize(
    "how",
    [
        "flipped",
        "cut",
        "longer",
        "exchanged",
        "linked",
        "whole folder",
        "manifest",
        "folder replaced by file",
    ],
)
def test_damage_is_refused_before_anything_is_parsed(
    registry: Registry, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(registry, LineModel(0.1))
    register(registry, LineModel(0.2))
    registry.promote("cards-2", who="ana", when=WHEN)
    _damage(registry.store.home / "models" / "cards-1", how)
    object.__setattr__(registry.store, "reader", lambda files: pytest.fail("was parsed"))
    with pytest.raises(ArtifactError) as refused:
        registry.load("cards-1")
    assert refused.value.code == "ARTIFACT_DIGEST"
    with pytest.raises(ArtifactError):
        registry.promote("cards-1", who="ana", when=WHEN, force=True, why="test")
    assert registry.resolve("cards@champion").model_id == "cards-2"
    assert [p.code for p in registry.fsck()] == ["ARTIFACT_DIGEST"]


def test_every_single_flipped_bit_of_a_model_file_is_refused(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    target = registry.store.home / "models" / "cards-1" / "line.json"
    content = target.read_bytes()
    for place in range(len(content)):
        target.write_bytes(
            content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]
        )
        with pytest.raises(ArtifactError):
            registry.load("cards-1")
    target.write_bytes(content)
    registry.load("cards-1")


def test_code_in_the_place_of_a_model_is_not_run(registry: Registry, tmp_path: Path) -> None:
    register(registry, LineModel(0.1))
    marker, folder = tmp_path / "was run", registry.store.home / "models" / "cards-1"
    code = f"cos\nsystem\n(S'touch \"{marker}\"'\ntR.".encode()
    assert subprocess.run([sys.executable, "-c", LOADS, code.hex()], check=False).returncode == 0
    assert marker.exists(), "the code does what it says where it is loaded"
    marker.unlink()
    (folder / "line.json").write_bytes(code)
    (folder / "model.joblib").write_bytes(code)
    for ask in (registry.load, lambda model_id: registry.promote(model_id, who="ana", when=WHEN)):
        with pytest.raises(ArtifactError) as refused:
            ask("cards-1")
        assert refused.value.code == "ARTIFACT_DIGEST"
    assert registry.fsck()
    with pytest.raises(InputError) as brought:
        intake.read(folder / "model.joblib")
    assert brought.value.code == "UNKNOWN_FORMAT"
    assert not marker.exists()


def test_missing_files_are_said(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    (registry.store.home / "models" / "cards-1" / "golden.json").unlink()
    with pytest.raises(ArtifactError) as refused:
        registry.load("cards-1")
    assert refused.value.code == "ARTIFACT_MISSING"


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_training_a_damaged_model_again_mends_it(registry: Registry, how: str) -> None:
    before = register(registry, LineModel(0.1))
    register(registry, LineModel(0.2))
    registry.promote("cards-1", who="ana", when=WHEN)
    folder = registry.store.home / "models" / "cards-1"
    if how == "gone":
        shutil.rmtree(folder)
    else:
        _damage(folder, how)
    mended = register(registry, LineModel(0.1), who="ben", when=WHEN + timedelta(days=1))
    assert mended.model_id == "cards-1" and mended.manifest_sha256 != before.manifest_sha256
    assert registry.load("cards@champion") == LineModel(0.1)
    assert registry.trail(limit=1)[0].action == "mended"
    assert registry.fsck() == []
    assert (registry.store.home / "quarantine").exists() == (how == "flipped")


def test_two_that_mend_the_same_version_mend_it_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(registry, LineModel(0.1))
    _damage(registry.store.home / "models" / "cards-1", "flipped")
    other, real, turn = reopened(registry), registration._damage, iter(range(9))

    def late(store: object, row: object) -> object:
        """Let another program mend it between our look and our lock."""
        found = real(store, row)
        if next(turn) == 0:
            register(other, LineModel(0.1), who="ben", when=WHEN + timedelta(days=1))
        return found

    monkeypatch.setattr(registration, "_damage", late)
    again = register(registry, LineModel(0.1), when=WHEN + timedelta(days=2))
    assert again.manifest_sha256 == registry.resolve("cards-1").manifest_sha256
    assert registry.load("cards-1") == LineModel(0.1)
    assert [line.action for line in registry.trail()].count("mended") == 1
    assert registry.fsck() == []


@pytest.mark.parametrize("place", ["workbench.registry.registration.end_mending", "publish_folder"])
def test_killed_while_mending_it_is_mended_or_still_damaged(
    registry: Registry, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after its files were put in place, the row follows at the next start."""
    register(registry, LineModel(0.1))
    _damage(registry.store.home / "models" / "cards-1", "flipped")
    where = place if "." in place else f"workbench.registry.registration.{place}"
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(where, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        register(registry, LineModel(0.1), who="ben", when=WHEN + timedelta(days=1))
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    again = reopened(registry)
    if "end" in place:
        assert again.fsck() == [] and again.load("cards-1") == LineModel(0.1)
        assert again.trail(limit=1)[0].sentence.startswith("ben trained cards-1 again")
    else:
        assert [p.code for p in again.fsck()] == ["ARTIFACT_MISSING"]
        register(again, LineModel(0.1))
        assert again.fsck() == []


def test_fsck_sees_what_was_put_beside(registry: Registry) -> None:
    register(registry, LineModel(0.1))
    (registry.store.home / "models" / "cards-1" / "extra.joblib").write_bytes(b"x")
    (registry.store.home / "models" / "cards-7").mkdir()
    assert sorted(p.code for p in registry.fsck()) == ["NO_ROW", "UNLISTED_FILE"]
