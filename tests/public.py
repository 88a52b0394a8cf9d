"""Where the public data lie; a test that needs them skips without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def public(name: str) -> Path:
    """Return the path of a public file, or skip the test that asks."""
    folder = os.environ.get("WORKBENCH_PUBLIC_DATA", "")
    path = Path(folder) / name
    if not folder or not path.exists():
        pytest.skip(f"WORKBENCH_PUBLIC_DATA names no folder with {name}")
    return path
