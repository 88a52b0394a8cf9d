"""Bins frozen on development rows: later rows are counted in the same ones, whatever they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.portfolio import Characteristic, numeric_codes

MISSING_LABEL, UNSEEN_LABEL = "missing", "not seen in development"
TOP_CATEGORIES = 20
MOST_BINS = 10


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one characteristic as development left them.

    Attributes
    ----------
    category : bool
        Values are attributes, else numbers.
    cuts : array, shape (k - 1,)
        Rising; a bin of numbers holds its lower cut and not its upper one.
    codes : tuple of float
        Special codes of a number, a bin each after the ordinary ones.
    levels : tuple of (str, int)
        Attributes that development saw, and the bin of each.
    labels : tuple of str
        Of all bins in order: ordinary ones, special codes, missing, not seen in development.
    """

    name: str
    category: bool
    cuts: np.ndarray
    codes: tuple[float, ...]
    levels: tuple[tuple[str, int], ...]
    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.labels)

    @property
    def missing(self) -> int:
        """Place of the bin of missing values."""
        return self.size - 2

    @property
    def unseen(self) -> int:
        """Place of the bin of attributes that development did not see; always empty for numbers."""
        return self.size - 1

    @cached_property
    def _level_bins(self) -> dict[str, int]:
        return dict(self.levels)

    def place(self, values: pd.Series) -> np.ndarray:
        """Return the bin of each value; shape (n,)."""
        if self.category:
            known = self._level_bins
            table = [known.get(str(level), self.unseen) for level in values.cat.categories]
            return np.array([*table, self.missing])[values.cat.codes.to_numpy()]
        x = values.to_numpy(dtype=float)
        at = np.searchsorted(self.cuts, x, side="right")
        for i, code in enumerate(self.codes):
            at[x == code] = self.missing - len(self.codes) + i
        at[np.isnan(x)] = self.missing
        return at

    def count_sorted(self, ordinary: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Return the rows in each bin, of sorted numbers that are neither missing nor special.

        Parameters
        ----------
        weight : array, shape (n + 1,), optional
            Running sum of the weights of the same numbers, from 0.
        """
        at = np.concatenate([[0], np.searchsorted(ordinary, self.cuts), [len(ordinary)]])
        counts = np.zeros(self.size)
        counts[: len(at) - 1] = np.diff(at if weight is None else weight[at])
        return counts


def learn(values: pd.Series, about: Characteristic, most: int = MOST_BINS) -> Bins:
    """Return the bins of a characteristic on development rows.

    Parameters
    ----------
    values : Series, shape (n,)
        Numbers as float with NaN where missing, or a category of str.

    Examples
    --------
    >>> found = learn(pd.Series([1.0, 1.0, 2.0, 3.0, np.nan]), Characteristic(name="late"))
    >>> found.labels
    ('1', '2', '3 or more', 'missing', 'not seen in development')
    >>> found.place(pd.Series([0.0, 2.0, 9.0, np.nan])).tolist()
    [0, 1, 2, 3]
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _learn_category(values, about)
    codes = numeric_codes(about)
    x = values.to_numpy(dtype=float)
    apart = np.isnan(x)
    for code in codes:
        apart |= x == code
    inside = x[~apart] if apart.any() else x
    distinct = few_distinct(inside, most) if len(inside) else np.zeros(0)
    if distinct is None:
        cuts = quantile_cuts(inside, most)
        words = [shown(v) for v in cuts]
        between = [f"{low} to below {high}" for low, high in zip(words, words[1:], strict=False)]
        ordinary = [f"below {words[0]}", *between, f"{words[-1]} or more"]
    else:
        cuts = distinct[1:]
        ordinary = [shown(v) for v in distinct] or ["any value"]
        if len(ordinary) > 2:
            ordinary[-1] += " or more"
    labels = (*ordinary, *codes.values(), MISSING_LABEL, UNSEEN_LABEL)
    return Bins(about.name, False, cuts, tuple(codes), (), labels)


def _learn_category(values: pd.Series, about: Characteristic) -> Bins:
    codes = values.cat.codes.to_numpy()
    names = [str(level) for level in values.cat.categories]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    common = [i for i in np.argsort(-counts, kind="stable")[:TOP_CATEGORIES].tolist() if counts[i]]
    declared = {a.value: i for i, a in enumerate(about.attributes)}
    order = sorted(common, key=lambda i: declared.get(names[i], len(declared)))
    labels = [about.label(names[i]) for i in order]
    levels = {names[i]: at for at, i in enumerate(order)}
    rest = [name for i, name in enumerate(names) if counts[i] and name not in levels]
    if rest:
        levels |= dict.fromkeys(rest, len(order))
        labels.append(f"other ({len(rest):,} values)")
    every = (*labels, MISSING_LABEL, UNSEEN_LABEL)
    return Bins(about.name, True, np.zeros(0), (), tuple(levels.items()), every)


def few_distinct(x: np.ndarray, limit: int) -> np.ndarray | None:
    """Return the distinct values, sorted, or None where there are more than `limit`."""
    if len(pd.unique(x[:: max(1, len(x) // 2000)])) > limit:
        return None
    distinct = pd.unique(x)
    return np.sort(distinct) if len(distinct) <= limit else None


def quantile_cuts(x: np.ndarray, n_bins: int) -> np.ndarray:
    """Return rising cuts; a value that fills a whole bin is cut off on both sides."""
    # a fixed stride keeps a million rows fast, and cuts need not be exact
    part = x[:: max(1, len(x) // 200_000)]
    levels = np.quantile(part, np.arange(1, n_bins) / n_bins, method="higher")
    values, repeats = np.unique(levels, return_counts=True)
    lowest = x.min()
    heavy = values[(repeats > 1) | (values == lowest)]
    after = [above.min() for v in heavy if len(above := x[x > v])]
    return np.unique(np.concatenate([values[values > lowest], after]))


def shown(value: float) -> str:
    """Return a number as the label of a bin writes it.

    Examples
    --------
    >>> shown(1234.0), shown(0.12345678)
    ('1,234', '0.123457')
    """
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    return f"{float(f'{value:.6g}'):,}".removesuffix(".0")
