"""Files that come in, read and looked up apart from this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench import intake
from workbench.dataset import Table
from workbench.desk import sourced
from workbench.intake import Limits, ReadOptions
from workbench.portfolio import Portfolio
from workbench.registry.artifacts import make_folder
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def read(
    desk: Desk, path: Path, portfolio: Portfolio | None, options: ReadOptions | None, name: str,
    run: Run | None,
) -> Table:  # fmt: skip
    """Read a file, or the rows of a source; see `Desk.read`."""
    make_folder(place := desk.settings.home / "reading")
    with sourced.at_hand(desk, path, run) as file:
        table = intake.read_apart(
            file, place, name=name, portfolio=portfolio, options=options or ReadOptions(),
            limits=_limits(desk), run=run,
        )  # fmt: skip
    return sourced.told(table, path)


def sheets(desk: Desk, path: Path, name: str) -> tuple[str, ...]:
    """Return the sheets of an Excel file; see `Desk.sheets`."""
    return intake.sheets_apart(path, name=name, limits=_limits(desk))


def columns(desk: Desk, path: Path, options: ReadOptions | None, name: str) -> tuple[str, ...]:
    """Return the columns of a file; see `Desk.columns`."""
    return intake.columns_apart(path, name=name, options=options or ReadOptions(), limits=_limits(desk))


def _limits(desk: Desk) -> Limits:
    return Limits(desk.settings.read_memory_mb, desk.settings.read_seconds)
