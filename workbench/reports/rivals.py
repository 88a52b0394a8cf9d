"""The models that a comparison report holds side by side, with what the registry knows of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from workbench.evaluation import Comparison
from workbench.reports.block import Block

if TYPE_CHECKING:
    import pandas as pd

    from workbench.fairness import Fairness
    from workbench.portfolio import Portfolio
    from workbench.registry import ModelRow


@dataclass(frozen=True, eq=False)
class Rivals:
    """Models compared on the same rows.

    Attributes
    ----------
    models : mapping of str to ModelRow
        By the names that `comparison` uses.
    rows : str
        What the rows are: "hold-out sample of loans.csv".
    notes : tuple of str
        What to mind of them.
    dataset_sha256, positions_sha256 : str
        Which rows of which data.
    weighted : bool
        Whether rows have sampling weights.
    months : mapping of str to DataFrame
        By model, as `evaluation.slices.by_month`; empty where the portfolio has no date.
    fit : mapping of str to float
        Seconds the fit took, where they were kept.
    fairness : mapping of str to Fairness
        By model, where all approve the same share; empty where nothing protected makes groups.
    """

    portfolio: Portfolio
    comparison: Comparison
    models: Mapping[str, ModelRow]
    rows: str
    notes: tuple[str, ...]
    dataset_sha256: str
    positions_sha256: str
    weighted: bool
    months: Mapping[str, pd.DataFrame]
    fit: Mapping[str, float]
    fairness: Mapping[str, Fairness]

    @property
    def reference(self) -> str:
        """The model in use, or the first trained."""
        return self.comparison.reference

    @property
    def challenger(self) -> str:
        """The best of the others."""
        return self.comparison.best

    @property
    def role(self) -> str:
        """What the reference is, set off by commas; empty where it is no champion."""
        return ", the champion," if self.models[self.reference].stage == "champion" else ""

    @property
    def basis(self) -> str:
        """Rows and bads, as they stand under a figure."""
        return f"n {self.comparison.n:,}, {self.comparison.n_bad:,} bad"


def rivals_chapter(tell: Callable[[Rivals], Block]) -> Callable[[Rivals | None], Block]:
    """Let a chapter be asked where there is nothing to compare, and then show nothing."""

    @wraps(tell)
    def told(rivals: Rivals | None) -> Block:
        return Block() if rivals is None else tell(rivals)

    return told
