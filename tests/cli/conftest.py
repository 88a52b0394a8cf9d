"""A shop with an empty home, and one where models are trained already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Answer, Place, place


@pytest.fixture
def shop(tmp_path: Path) -> Place:
    """A place of this test's own."""
    return place(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Answer]:
    """A place with trained models, and what ``train`` answered."""
    here = place(tmp_path_factory.mktemp("trained"))
    answer = here.call("train", here.data, "--portfolio", here.portfolio, "--seed", "7", "--json")
    return here, answer
