"""Records that hold their own digest, for what no row of the database accounts for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from workbench.errors import ArtifactError
from workbench.registry.artifacts import canonical_json, publish_file, sha256


def seal(values: Any) -> bytes:
    """Return plain values as a record that says what its content has to digest to."""
    return canonical_json({"sha256": sha256(canonical_json(values)), "values": values})


def unseal(path: Path, remedy: str) -> Any:
    """Return the values of a record, found to be what was stored.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_DIGEST``, with the remedy given.
    FileNotFoundError
        Where there is no record.
    """
    try:
        record = json.loads(path.read_bytes())
        if record["sha256"] == sha256(canonical_json(record["values"])):
            return record["values"]
    except (ValueError, TypeError, KeyError):
        pass
    raise ArtifactError("ARTIFACT_DIGEST", "is not what was stored", str(path), remedy)


def publish_once(final: Path, content: bytes) -> bool:
    """Put one file in place where none of that name is; False where another writer was first.

    Raises
    ------
    ArtifactError
        ``DISK_FULL``; nothing is left of the file.
    """
    try:
        publish_file(final, content, put=os.link)
    except FileExistsError:
        return False
    return True
