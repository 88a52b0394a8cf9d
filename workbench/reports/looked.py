"""An extract held against development as the drift report shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from workbench.reports.block import Block

if TYPE_CHECKING:
    from workbench.drift import Drift
    from workbench.portfolio import Portfolio
    from workbench.registry import ModelRow


@dataclass(frozen=True, eq=False)
class Looked:
    """One look at an extract.

    Attributes
    ----------
    model : ModelRow
    name : str
        What the extract is called.
    source_sha256 : str
        Digest of its bytes, or fingerprint of the kept data set.
    rows, refused : int
        Rows of the extract, and how many of them could not be used.
    """

    model: ModelRow
    portfolio: Portfolio
    name: str
    source_sha256: str
    rows: int
    refused: int
    drift: Drift

    @property
    def basis(self) -> str:
        """Rows, as they stand under a figure."""
        return f"n {self.drift.n:,} against {self.drift.n_development:,}"


def drift_chapter(tell: Callable[[Looked], Block]) -> Callable[[Looked | None], Block]:
    """Let a chapter be asked where there is no extract, and then show nothing."""

    @wraps(tell)
    def told(of: Looked | None) -> Block:
        return Block() if of is None else tell(of)

    return told
