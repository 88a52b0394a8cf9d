"""Who a model treats differently, as a fairness report shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pandas as pd

from workbench.fairness import Fairness
from workbench.portfolio import Portfolio
from workbench.registry import ModelRow
from workbench.reports.block import Block


@dataclass(frozen=True, eq=False)
class Grouped:
    """What a fairness report is about.

    Attributes
    ----------
    fairness : Fairness
    row : ModelRow
        Whose decisions they are.
    portfolio : Portfolio
    rows : str
        Which rows: "hold-out sample of taiwan.csv".
    notes : tuple of str
        What to mind of them.
    proxies : DataFrame
        As `fairness.proxies`, with title.
    dataset_sha256 : str
        Of the kept data set; empty for a file.
    asked : mapping
        What was asked, as the call gave it.
    """

    fairness: Fairness
    row: ModelRow
    portfolio: Portfolio
    rows: str
    notes: tuple[str, ...]
    proxies: pd.DataFrame
    dataset_sha256: str
    asked: Mapping[str, Any]


def grouped_chapter(tell: Callable[[Grouped], Block]) -> Callable[[Grouped | None], Block]:
    """Let a chapter be asked where nothing could be looked at, and then show nothing."""

    @wraps(tell)
    def told(looked: Grouped | None) -> Block:
        return Block() if looked is None else tell(looked)

    return told
