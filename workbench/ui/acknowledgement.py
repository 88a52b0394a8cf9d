"""Reasons given to findings, kept beside the data they were given for, so that a reload finds them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from workbench.ui import cache


def of(sha256: str) -> dict[tuple[str, str], str]:
    """Return the acknowledged findings of a data set: (code, column) -> reason."""
    path = _path(sha256)
    if not path.is_file():
        return {}
    return {(code, column): why for code, column, why in json.loads(path.read_text("utf-8"))}


def give(sha256: str, code: str, column: str, why: str) -> None:
    """Keep a reason; the study that trains on the data records it."""
    values = of(sha256) | {(code, column): why}
    path = _path(sha256)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".part-", delete=False, encoding="utf-8"
    ) as target:
        json.dump([[*key, reason] for key, reason in sorted(values.items())], target)
    os.replace(target.name, path)


def _path(sha256: str) -> Path:
    # the name comes from the address, so nothing but a digest may become a path
    name = "".join(c for c in sha256 if c in "0123456789abcdef")
    return Path(cache.desk().settings.home) / "acknowledged" / f"{name}.json"
