"""What taking over the jobs of a worker that is gone rests on in DBOS, where it has no public name for it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench import jobs
from workbench.jobs import places
from workbench.settings import Settings


def test_a_job_is_moved_only_while_a_worker_that_is_gone_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbos import DBOS
    from dbos._utils import GlobalParams

    settings = Settings(home=tmp_path)
    job_id = jobs.enqueue("train", {}, settings, who="ann")
    system = jobs.client(settings)._sys_db
    monkeypatch.setattr(
        "dbos._dbos._get_dbos_instance",
        lambda: SimpleNamespace(_sys_db=system, logger=logging.getLogger("taking over")),
    )
    monkeypatch.setattr(GlobalParams, "app_version", places.VERSION)

    def moved(status: str, executor: str) -> bool:
        """Move the job of a worker called gone, and say whether that put it back into the queue."""
        with closing(sqlite3.connect(tmp_path / "jobs.db")) as database, database:
            database.execute("UPDATE workflow_status SET status = ?, executor_id = ?", (status, executor))
        monkeypatch.setattr(system, "get_pending_workflows", lambda *_: late)
        DBOS._recover_pending_workflows(["gone"])
        with closing(sqlite3.connect(tmp_path / "jobs.db")) as database:
            return database.execute("SELECT status FROM workflow_status").fetchall() == [("ENQUEUED",)]

    # what was seen a moment ago, whatever became of the job since
    late = [SimpleNamespace(workflow_id=job_id, shard_key=None)]
    assert moved("PENDING", "gone")
    assert not moved("PENDING", "another"), "taken over by another worker meanwhile"
    assert not moved("CANCELLED", "gone") and not moved("SUCCESS", "gone")
