"""An extract as the report on its quality shows it: what was read, what was found, what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING

from workbench.reports.block import Block

if TYPE_CHECKING:
    import pandas as pd

    from workbench.checks import Checks
    from workbench.dataset import Dataset
    from workbench.evaluation import Measure
    from workbench.extract import Against, Months
    from workbench.profile import Profile


@dataclass(frozen=True, eq=False)
class Examined:
    """A data set under its portfolio, looked at from all sides.

    Attributes
    ----------
    checks : Checks
        With the reasons that were given to findings on these data.
    profile : Profile
        Over all rows with a known outcome.
    holdings : DataFrame
        As from `workbench.extract.holdings`.
    months : Months, optional
        None without dates.
    against : Against, optional
        The extract before this one; None where there is none.
    before_name : str
        What the extract before is called, or why none is compared.
    columns : tuple of str, optional
        Columns of the file; None where only what was kept of it is known.
    kept_at : datetime, optional
        When it was first kept, UTC; None where it was only read.
    bad_rate : Measure
        Over rows with a known outcome.
    """

    dataset: Dataset
    checks: Checks
    profile: Profile
    holdings: pd.DataFrame
    bad_rate: Measure
    months: Months | None
    against: Against | None = None
    before_name: str = ""
    columns: tuple[str, ...] | None = None
    kept_at: datetime | None = None

    @property
    def n_refused(self) -> int:
        """Rows of the file that were refused."""
        return self.dataset.rows_in - self.dataset.n


def extract_chapter(tell: Callable[[Examined], Block]) -> Callable[[Examined | None], Block]:
    """Let a chapter be asked where there is no extract, and then show nothing."""

    @wraps(tell)
    def told(of: Examined | None) -> Block:
        return Block() if of is None else tell(of)

    return told
