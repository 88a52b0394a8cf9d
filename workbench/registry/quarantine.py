"""The quarantine of what was deleted: a record of what it was, made first, and the files it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.errors import ArtifactError
from workbench.registry.artifacts import canonical_json, make_folder, remove, sync_folder, write_file
from workbench.registry.outages import disk_full, is_disk_full

RECORD = "deleted.json"


def place(root: Path, when: datetime, name: str) -> Path:
    """Return the quarantine of what is called `name` and was deleted at a moment."""
    return root / f"{when.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{name[:40]}"


def begin(root: Path, kind: str, when: datetime, about: dict[str, Any]) -> Path:
    """Make a quarantine with the record of what will be in it; nothing is moved yet.

    Raises
    ------
    ArtifactError
        ``DISK_FULL``; nothing is left of it.
    """
    target = place(root, when, about["name"])
    if target.exists():
        raise FileExistsError(f"{target} holds something that was deleted at the same moment")
    try:
        make_folder(target / kind)
        write_file(target / RECORD, canonical_json(about | {"at": when.isoformat(), "folder": kind}))
        sync_folder(target)
        sync_folder(root)
    except (OSError, ArtifactError) as error:
        remove(target)
        if isinstance(error, OSError) and is_disk_full(error):
            raise disk_full(str(root)) from error
        raise
    return target


def move(target: Path, kind: str, paths: Iterable[Path]) -> None:
    """Move files or folders to a quarantine that was begun."""
    parents = set()
    for path in paths:
        if path.exists():
            shutil.move(path, target / kind / path.name)  # a report may lie on another disk
            parents.add(path.parent)
    for folder in (*parents, target / kind, target):
        sync_folder(folder)


def purge(root: Path, now: datetime, grace: timedelta, only: str = "") -> list[str]:
    """Remove for good what was deleted longer than `grace` ago, and `only` at once; returns the names."""
    gone = []
    for record in sorted(root.glob(f"*/{RECORD}")):
        with suppress(FileNotFoundError):  # another program removed it meanwhile
            about = json.loads(record.read_text("utf-8"))
            if now - datetime.fromisoformat(about["at"]) >= grace or only and about["name"] == only:
                remove(record.parent)
                gone.append(about["name"])
    return gone
