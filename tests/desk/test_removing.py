"""Room and deleting where several machines share a store: reports lie there, uploads in the home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.databases import Databases
from workbench.desk.desk import Desk
from workbench.jobs import tasks
from workbench.reports import shelf
from workbench.settings import Settings

KEY = "20260301T120000000000Z-training"
WHEN = datetime(2020, 1, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def apart(databases: Databases, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose store is not its home, with one report."""
    with databases.new("postgresql") as named:
        settings = Settings(home=tmp_path / "home", store=tmp_path / "shared", quarantine_days=1, **named)
        desk = Desk(settings, "ana", lambda: WHEN)
        folder = shelf.folder_of(settings.store) / KEY
        folder.mkdir(parents=True)
        (folder / shelf.PARAMETERS).write_text('{"study": "one"}')
        (folder / "training_report.html").write_text("<p>one")
        yield desk
        desk.registry.close()


def test_a_report_is_found_and_deleted_where_it_lies_and_goes_only_in_its_time(apart: Desk) -> None:
    uses = {use.kind: use for use in apart.disk()}
    assert (uses["reports"].count, uses["reports"].size) == (1, len('{"study": "one"}<p>one'))
    assert uses["reports"].where == str(apart.settings.store / "reports")
    assert apart.removal("report", KEY).size == uses["reports"].size
    apart.delete("report", KEY, "done with it")
    (kept,) = (apart.settings.store / "quarantine").glob(f"*/reports/{KEY}")
    later = Desk(apart.settings, "ana", lambda: WHEN + timedelta(days=2))
    assert {use.kind: use for use in later.disk()}["reports"].count == 0
    assert kept.exists(), "looking removes nothing"
    tasks.tidy(apart.settings)
    assert not kept.exists() and apart.registry.trail(limit=1)[0].action == "deleted"
    later.registry.close()
