"""What the environment says, and what is said when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.settings import Settings, available_cores


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WORKBENCH_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults(tmp_path: Path) -> None:
    settings = Settings.from_env()
    assert settings.home == tmp_path / "artifacts" and settings.public_data is None
    assert settings.database_url == f"sqlite:///{tmp_path}/artifacts/workbench.db"
    assert 1 <= settings.threads <= max(1, available_cores() - 1) and settings.max_upload_mb == 500


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 6), ("250000 100000", 2), ("50000 100000", 1), ("", 6)]
)
def test_threads_are_no_more_than_the_cores_the_process_may_use(
    quota: str, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr("workbench.settings._CGROUP_CPU", tmp_path / "cpu.max")
    assert available_cores() == cores
    assert Settings(threads=64).threads == cores
    assert Settings().threads == max(1, cores - 1)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", "elsewhere")
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", "postgresql://ana:secret@db/w")
    monkeypatch.setenv("WORKBENCH_THREADS", "")
    settings = Settings.from_env()
    assert settings.home == tmp_path / "elsewhere"
    assert settings.database_url == "postgresql+psycopg://ana:secret@db/w"
    assert "secret" not in repr(settings)


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_THREADS", "many")
    monkeypatch.setenv("WORKBENCH_MAX_UPLOAD_MB", "0")
    with pytest.raises(InputError) as refused:
        Settings.from_env()
    assert refused.value.code == "SETTINGS"
    assert "WORKBENCH_THREADS" in str(refused.value) and "WORKBENCH_MAX_UPLOAD_MB" in str(refused.value)
