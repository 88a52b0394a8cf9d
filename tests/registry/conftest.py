from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.tiny import WHEN, made_dataset, open_tiny
from workbench.registry.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry in an empty home, with one data set kept."""
    opened = open_tiny(tmp_path / "home")
    opened.save_dataset(made_dataset(), who="ana", when=WHEN)
    return opened
