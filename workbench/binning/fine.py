"""Fine bins: close cuts through a number, levels of a category by bad rate."""

from __future__ import annotations

import numpy as np

RARE_ROWS = 20


def number_cuts(values: np.ndarray, most: int) -> np.ndarray:
    """Return rising cuts for at most about `most` fine bins; a bin holds its lower cut.

    Up to `most` distinct values have a fine bin each. Otherwise cuts lie at quantiles, and a value
    that fills more than one is cut off on both sides.

    Parameters
    ----------
    values : array, shape (n,)
        In order.

    Examples
    --------
    >>> number_cuts(np.array([1.0, 2.0, 2.0, 3.0]), 10).tolist()
    [2.0, 3.0]
    """
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    if len(starts) < most:
        return values[starts]
    levels, repeats = np.unique(values[(np.arange(1, most) * len(values)) // most], return_counts=True)
    heavy = levels[(repeats > 1) | (levels == values[0])]
    after = np.searchsorted(values, heavy, side="right")
    above = values[after[after < len(values)]]
    return np.unique(np.concatenate([levels[levels > values[0]], above]))


def level_order(
    goods: np.ndarray, bads: np.ndarray, n: np.ndarray, rare_share: float, most: int
) -> tuple[list[np.ndarray], int]:
    """Return levels (positions) grouped into fine bins from the lowest bad rate to the highest.

    Parameters
    ----------
    goods, bads : array, shape (levels,)
        Mass of each level.
    n : array of int, shape (levels,)
        Rows of each level; levels without rows are left out.
    rare_share : float
        Levels with a smaller share, or fewer than 20 rows, are one fine bin.
    most : int
        Neighbours are taken together until there are no more fine bins than this.

    Returns
    -------
    groups : list of array
    other : int
        The group of rare levels; -1 where there is none.
    """
    mass = goods + bads
    seen = np.flatnonzero(n > 0)
    rare = seen[(n[seen] < RARE_ROWS) | (mass[seen] < rare_share * mass.sum())]
    if len(rare) == len(seen):
        return ([seen] if len(seen) else []), (0 if len(seen) else -1)
    groups = [np.array([level]) for level in seen[~np.isin(seen, rare)]]
    groups += [rare] if len(rare) else []
    rates = np.array([bads[g].sum() / mass[g].sum() for g in groups])
    order = np.argsort(rates, kind="stable")
    size = np.array([mass[g].sum() for g in groups])[order]
    if len(groups) > most:
        cell = np.minimum((np.cumsum(size) - size / 2) / size.sum() * most, most - 1).astype(int)
    else:
        cell = np.arange(len(groups))
    made = [np.concatenate([groups[k] for k in order[cell == c]]) for c in np.unique(cell)]
    other = next((k for k, g in enumerate(made) if len(rare) and rare[0] in g), -1)
    return made, other
