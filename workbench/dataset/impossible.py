"""Values that the portfolio says cannot be: whoever has one is never approved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset.dates import months
from workbench.portfolio import Portfolio, numeric_codes


def impossible(portfolio: Portfolio, frame: pd.DataFrame, date: pd.Series | None = None) -> np.ndarray:
    """Return which typed rows hold a number outside its declared range; shape (n,), bool.

    Scoring refers these to a person where their PD alone would approve them. A special code is no number, a
    missing value is what it is filled with, and a date counts as months before the application.
    """
    found = np.zeros(len(frame), dtype=bool)
    for one in portfolio.characteristics:
        if (one.low is None and one.high is None) or one.kind not in ("number", "date"):
            continue
        values = frame[one.name]
        x = months(values, date) if one.kind == "date" else values.to_numpy(dtype=float)
        if one.fill is not None:
            x = np.where(np.isnan(x), float(one.fill), x)
        outside = np.zeros(len(x), dtype=bool)
        if one.low is not None:
            outside |= x < one.low
        if one.high is not None:
            outside |= x > one.high
        found |= outside & ~np.isin(x, list(numeric_codes(one)))
    return found
