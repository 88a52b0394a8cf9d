"""Yesterday's database over today's store and the reverse, by the commands of the README."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from tests.databases import Databases
from tests.registry.tiny import (
    PORTFOLIO,
    WHEN,
    LineModel,
    made_dataset,
    open_tiny,
    place,
    register,
    reopened,
)
from workbench.errors import ArtifactError
from workbench.registry.registry import Registry
from workbench.registry.tables import StoreTable
from workbench.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def commands(heading: str) -> str:
    """Return the commands that the README gives under a heading, without those of the workbench."""
    block = README.read_text().split(f"### {heading}\n")[1].split("```bash\n")[1].split("```")[0]
    return "\n".join(line for line in block.splitlines() if not line.startswith("workbench "))


def run(registry: Registry, heading: str, backup: Path) -> None:
    """Run the README's commands as they stand there."""
    url = str(place(registry)["database_url"]).replace("postgresql+psycopg", "postgresql")
    script = commands(f"{heading}, {'SQLite' if registry.store.database.is_sqlite else 'PostgreSQL'}")
    given = {"WORKBENCH_HOME": str(registry.store.home), "WORKBENCH_DATABASE_URL": url, "BACKUP": str(backup)}
    done = subprocess.run(
        ["bash", "-euc", script], env=os.environ | given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def drilled(registry: Registry, tmp_path: Path) -> Iterator[tuple[Registry, Path]]:
    """A registry with one version, a backup of it, and one more version since."""
    backup = tmp_path / "backup"
    register(registry, LineModel(0.1))
    registry.promote("cards-1", who="ana", when=WHEN)
    run(registry, "Back up", backup)
    register(registry, LineModel(0.2))
    registry.promote("cards-2", who="ana", when=WHEN, force=True, why="drill")
    yield registry, backup


def test_a_backup_restored_is_yesterday(drilled: tuple[Registry, Path]) -> None:
    registry, backup = drilled
    registry.close()
    run(registry, "Restore", backup)
    restored = reopened(registry)
    assert [p.code for p in restored.fsck()] == []
    assert [row.model_id for row in restored.models()] == ["cards-1"]
    assert restored.load("cards@champion") == LineModel(0.1)
    assert register(restored, LineModel(0.2)).model_id == "cards-2"
    restored.close()


def test_yesterdays_database_over_todays_store_and_the_reverse(drilled: tuple[Registry, Path]) -> None:
    registry, backup = drilled
    home = registry.store.home
    registry.close()
    shutil.copytree(home / "models", home.parent / "today")
    run(registry, "Restore", backup)
    shutil.rmtree(home / "models")
    shutil.copytree(home.parent / "today", home / "models")
    older = reopened(registry)
    assert [(p.code, Path(p.where).name) for p in older.fsck()] == [("NO_ROW", "cards-2")]
    assert older.resolve("cards@champion").model_id == "cards-1"
    assert older.quarantine(who="ana", when=WHEN) == ["models/cards-2"]
    assert older.fsck() == [] and "quarantine/20261121T093000Z" in older.trail(limit=1)[0].sentence
    register(older, LineModel(0.2))
    shutil.rmtree(home / "models")
    shutil.copytree(backup / "store" / "models", home / "models")
    assert [(p.code, Path(p.where).name) for p in older.fsck()] == [("ARTIFACT_MISSING", "cards-2")]
    assert older.load("cards@champion") == LineModel(0.1)
    older.close()


def test_training_on_an_older_database_leaves_the_newer_files(
    drilled: tuple[Registry, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody ran fsck --quarantine first: the version that only the folder knows keeps its number."""
    registry, backup = drilled
    home = registry.store.home
    _study(registry, b"{}")
    registry.close()
    for kind in ("models", "studies"):
        shutil.copytree(home / kind, home.parent / "today" / kind)
    run(registry, "Restore", backup)
    shutil.copytree(home.parent / "today", home, dirs_exist_ok=True)
    older = reopened(registry)
    assert register(older, LineModel(0.3)).model_id == "cards-3"
    with pytest.raises(ArtifactError, match="Restore the newer database") as said:
        _study(older, b"[]")
    assert said.value.code == "ARTIFACT_EXISTS"
    # even where a number that is taken was given, only what this program put there is taken back
    (home / "models" / "cards-4").mkdir()
    monkeypatch.setattr("workbench.registry.registration.os.path.lexists", lambda path: False)
    with pytest.raises(ArtifactError) as said:
        register(older, LineModel(0.4))
    assert said.value.code == "ARTIFACT_EXISTS"
    again = reopened(older)
    assert (home / "models" / "cards-2" / "manifest.json").exists() and (home / "models" / "cards-4").exists()
    assert (home / "studies" / "one" / "a.json").read_bytes() == b"{}"
    assert [p.code for p in again.fsck()] == ["NO_ROW"] * 3
    older.close()
    again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that is forked")
def test_a_data_set_of_a_newer_database_outlives_a_kill_of_who_keeps_it_again(
    drilled: tuple[Registry, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, backup = drilled
    home, again = registry.store.home, made_dataset(50, sha="b" * 64)
    registry.save_dataset(again)
    registry.close()
    newer = {file: file.read_bytes() for file in (home / "datasets").glob("bbb*")}
    run(registry, "Restore", backup)
    older = reopened(registry)
    for file, content in newer.items():
        file.write_bytes(content)
    older.close()
    child = os.fork()
    if child == 0:
        try:
            killed = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
            monkeypatch.setattr(type(older.store.database), "write_steadily", killed)
            reopened(registry).save_dataset(again)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    after = reopened(registry)
    assert {file for file in newer if file.exists()} == set(newer) != set()
    assert {p.code for p in after.fsck()} == {"NO_ROW"}
    assert after.save_dataset(again).sha256 == again.sha256
    assert not [p for p in after.fsck() if "bbb" in p.where]
    after.close()


def _study(registry: Registry, content: bytes) -> None:
    registry.save_study(
        "one", {"a.json": content}, portfolio=PORTFOLIO, dataset_sha256="d" * 64, spec={}, who="ana",
        when=WHEN,
    )  # fmt: skip


def test_a_database_of_another_store_is_refused(
    registry: Registry, tmp_path: Path, where: dict[str, str]
) -> None:
    """What this store's programs are putting in place would be swept away from there."""
    url = str(place(registry)["database_url"])
    with pytest.raises(ArtifactError, match="belongs to another folder") as said:
        open_tiny(tmp_path / "other", database_url=url)
    assert said.value.code == "STORE"
    remedy = str(said.value).partition("run: ")[2]
    subprocess.run(["bash", "-c", remedy], check=True)
    opened = open_tiny(tmp_path / "other", database_url=url)
    assert [p.code for p in opened.fsck()] == ["ARTIFACT_MISSING"] * len(opened.fsck())
    opened.close()


def test_an_empty_database_does_not_take_the_folder_of_another(
    registry: Registry, where: dict[str, str], databases: Databases, tmp_path: Path
) -> None:
    """To it, all that lies there would be what killed programs left."""
    register(registry, LineModel(0.1))
    home, kind = registry.store.home, registry.store.database.kind
    with databases.new(kind) as new:
        named = new if kind == "postgresql" else {"database_url": f"sqlite:///{tmp_path}/other.db"}
        for _ in range(2):
            with pytest.raises(ArtifactError, match="is empty, and the folder") as said:
                open_tiny(home, **named)
            assert said.value.code == "STORE"
    assert registry.load("cards-1") == LineModel(0.1) and registry.fsck() == []
    with registry.store.database.write() as session:  # as an older release left it
        session.execute(delete(StoreTable))
    name = (home / "store.id").read_text().strip()
    adopted = reopened(registry)
    with adopted.store.database.read() as session:
        assert session.scalar(select(StoreTable.name)) == name
    adopted.close()


def test_two_homes_share_a_store(tmp_path: Path, databases: Databases) -> None:
    with databases.new("postgresql") as named:
        shared = named | {"store": tmp_path / "shared"}
        one, two = (open_tiny(tmp_path / name, **shared) for name in ("one", "two"))
        from tests.registry.tiny import made_dataset

        one.save_dataset(made_dataset(), who="ana", when=WHEN)
        register(one, LineModel(0.1))
        assert two.load("cards-1") == LineModel(0.1) and two.fsck() == []
        assert register(two, LineModel(0.2)).model_id == "cards-2" and one.fsck() == []
        assert not (tmp_path / "one" / "models").exists()
        one.close()
        two.close()
    with pytest.raises(ValueError, match="needs PostgreSQL"):
        Settings(home=tmp_path / "one", store=tmp_path / "shared")
