"""Public sets: fetched from where they are published, checked and kept like data that were brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.dataset import Dataset
from workbench.intake.public_sets import fetch, find
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

FOLDER = "fetched"


def keep_public(desk: Desk, name: str, run: Run) -> Dataset:
    """Fetch a public set and keep it; see `Desk.keep_public`."""
    one = find(name)
    portfolio = desk.portfolio(one.portfolio)
    folder = desk.settings.home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = fetch(name, folder, run.part(0.0, 0.8))
    run.step("checking and keeping the rows", 0.8)
    return desk.keep(desk.read(path, portfolio, name=path.name), portfolio)
