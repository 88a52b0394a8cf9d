"""One extract of a portfolio, described: what its columns hold, how its months differ, what changed."""

from __future__ import annotations

from workbench.drift.stability import FAR, MOVED
from workbench.extract.against import Against, against, bad_rate
from workbench.extract.holding import holdings
from workbench.extract.months import Months, by_month

__all__ = ["FAR", "MOVED", "Against", "Months", "against", "bad_rate", "by_month", "holdings"]
