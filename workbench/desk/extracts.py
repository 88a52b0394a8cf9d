"""What a report on data quality is about: a file as it is read now, or data that are kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import extract
from workbench.dataset import Dataset, build
from workbench.errors import InputError, MissingError
from workbench.profile import profile
from workbench.reports.examined import Examined
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.portfolio import Portfolio
    from workbench.registry import DatasetRow

EXAMPLE = ("german_credit", "german_labelled.csv")
LEAST_DIGITS = 6
TRIED = 5
NONE_BEFORE = "No extract of this portfolio was kept before this one."


def extract_shown(
    desk: Desk, *, dataset: str = "", data: str = "", portfolio: str = "", before: str = ""
) -> Examined | None:
    """Look at a file, or at a kept data set, from all sides; nothing is kept and nothing is trained.

    Parameters
    ----------
    dataset : str
        Fingerprint of a kept data set, or how it begins. Where neither it nor `data` is named: the data set
        kept last; where none is kept, the German credit data of the folder that ``WORKBENCH_PUBLIC_DATA``
        names.
    data, portfolio : str
        A file and the portfolio it is read under. A portfolio beside `dataset` is that to see it under.
    before : str
        The extract to compare with: a fingerprint; the one kept before it under the same portfolio where
        empty.

    Returns
    -------
    Examined or None
        None where there is nothing to look at.

    Raises
    ------
    InputError
        ``PARAMETER`` where the parameters contradict each other, and what `desk.build` raises.
    MissingError
        ``NO_DATASET``.
    """
    if dataset and data:
        raise InputError("PARAMETER", "a kept data set and a file were both named", remedy="Name one.")
    if data and not portfolio:
        raise InputError("PARAMETER", "portfolio was not named", remedy="Name data and portfolio together.")
    found = _shown(desk, dataset, data, portfolio)
    if found is None:
        return None
    shown, columns, kept_at = found
    earlier, name = _before(desk, shown, before, kept_at)
    run = Run(desk.settings.threads)
    return Examined(
        dataset=shown,
        checks=desk.check(shown, run, desk.acknowledged(shown)),
        profile=profile(shown, run),
        holdings=extract.holdings(shown),
        bad_rate=extract.bad_rate(shown),
        months=extract.by_month(shown, run),
        against=None if earlier is None else extract.against(shown, earlier),
        before_name=name,
        columns=columns,
        kept_at=kept_at,
    )


def _shown(
    desk: Desk, dataset: str, data: str, portfolio: str
) -> tuple[Dataset, tuple[str, ...] | None, datetime | None] | None:
    """Return what is looked at, the columns of its file, when it was kept; None where there is nothing."""
    if not (dataset or data) and not desk.registry.datasets():
        file = desk.settings.public_data and desk.settings.public_data.joinpath(*EXAMPLE)
        if not file or not file.exists():
            return None
        data, portfolio = str(file), EXAMPLE[0]
    if data:
        declared = desk.portfolio(portfolio)
        table = desk.read(Path(data), declared)
        return build(table, declared), tuple(map(str, table.frame.columns)), None
    row = _row(desk, dataset)
    declared = desk.portfolio(portfolio or f"{row.portfolio}@{row.portfolio_version}")
    return desk.dataset(row.sha256, declared), None, row.created_at


def _row(desk: Desk, named: str) -> DatasetRow:
    rows = desk.registry.datasets()
    found = [row for row in rows if row.sha256.startswith(named)] if named else rows[:1]
    if len(found) == 1 and (not named or len(named) >= LEAST_DIGITS):
        return found[0]
    what = f"{len(found)} data sets begin like this" if len(found) > 1 else "no data set of this name is kept"
    raise MissingError(
        "NO_DATASET", what, named[:80], f"Give its fingerprint, or at least the first {LEAST_DIGITS} digits."
    )


def _before(desk: Desk, shown: Dataset, named: str, kept_at: datetime | None) -> tuple[Dataset | None, str]:
    """Return the extract before, and what it is called; or None and why there is none."""
    if named:
        row = _row(desk, named)
        return desk.dataset(row.sha256, _portfolio_of(desk, row, shown.portfolio)), row.name
    same = [row for row in desk.registry.datasets(shown.portfolio.name) if row.sha256 != shown.sha256]
    earlier = [row for row in same if kept_at is None or row.created_at < kept_at]
    for row in earlier[:TRIED]:
        found = desk.dataset(row.sha256, _portfolio_of(desk, row, shown.portfolio))
        # the same file read otherwise is no extract before; data that were made have no file
        if not shown.source.sha256 or found.source.sha256 != shown.source.sha256:
            return found, row.name
    return None, NONE_BEFORE


def _portfolio_of(desk: Desk, row: DatasetRow, other: Portfolio) -> Portfolio:
    """Return the portfolio a data set was kept under."""
    if row.portfolio == other.name and row.portfolio_version == other.version:
        return other
    return desk.portfolio(f"{row.portfolio}@{row.portfolio_version}")
