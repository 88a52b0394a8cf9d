"""When made applications arrive: evenly over a fixed window of 24 months, in order."""

from __future__ import annotations

import numpy as np

FIRST, DAYS = np.datetime64("2024-01-01", "s"), 731
"""1 January 2024 to 31 December 2025."""


def application_dates(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the date of each application, earliest first, and how far into the window it lies.

    Returns
    -------
    dates : array of datetime64[s], shape (rows,)
    elapsed : array of float, shape (rows,)
        0 on the first day, 1 on the last; what drifts, drifts along it.

    Examples
    --------
    >>> dates, elapsed = application_dates(np.random.default_rng(1), 3)
    >>> bool((np.diff(elapsed) >= 0).all()), str(dates.min())[:4]
    (True, '2024')
    """
    day = np.sort(rng.integers(0, DAYS, rows))
    return FIRST + (day * 86_400).astype("timedelta64[s]"), day / (DAYS - 1)


def keys(prefix: str, rows: int) -> np.ndarray:
    """Return one text key a row, in order.

    Examples
    --------
    >>> keys("CP", 2).tolist()
    ['CP0000001', 'CP0000002']
    """
    return np.char.add(prefix, np.char.mod("%07d", np.arange(1, rows + 1)))
