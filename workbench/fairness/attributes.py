"""Which of a portfolio's protected attributes make groups, and the groups of a column of one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.fairness.grouping import Grouping, grouping
from workbench.portfolio import Characteristic, Portfolio


def protected(portfolio: Portfolio) -> tuple[Characteristic, ...]:
    """Return what a portfolio protects: kept apart, or given to the model for a reason."""
    scored = tuple(c for c in portfolio.characteristics if "protected" in c.tags)
    return (*portfolio.protected, *scored)


def groupable(portfolio: Portfolio) -> tuple[Characteristic, ...]:
    """Return the protected attributes whose values are groups: categories, flags, numbers with bands."""
    return tuple(c for c in protected(portfolio) if c.bands or c.kind in ("category", "flag"))


def grouped(values: pd.Series, attribute: Characteristic) -> Grouping:
    """Return the groups of a protected column, in the portfolio's words and order.

    Raises
    ------
    InputError
        As in `grouping`.

    Examples
    --------
    >>> age = Characteristic(name="age", bands=({"label": "young", "high": 26}, {"label": "old", "low": 26}))
    >>> grouped(pd.Series([25.0, 26.0, np.nan]), age).labels
    ('young', 'old', 'Unknown')
    """
    if attribute.bands:
        order = tuple(band.label for band in attribute.bands)
        labels, reference = _banded(values.to_numpy(dtype=float), attribute), attribute.reference
    else:
        order = tuple(attribute.label(a.value) for a in attribute.attributes)
        labels = values.astype(object).map(attribute.label, na_action="ignore")
        reference = attribute.label(attribute.reference) if attribute.reference else ""
    return grouping(attribute.name, labels, title=attribute.shown, reference=reference, order=order)


def _banded(values: np.ndarray, attribute: Characteristic) -> pd.Series:
    labels = np.full(len(values), None, dtype=object)
    for band in attribute.bands:
        low = -np.inf if band.low is None else band.low
        high = np.inf if band.high is None else band.high
        labels[(values >= low) & (values < high)] = band.label
    return pd.Series(labels)
