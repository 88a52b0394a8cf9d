"""What was asked of bins, and one characteristic's bins with their WoE, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation import wilson
from workbench.portfolio import Characteristic, numeric_codes

TRENDS = ("auto", "rising", "falling", "peak", "valley")
THIN_ROWS = 20.0


@dataclass(frozen=True)
class BinSpec:
    """What bins are asked for.

    Attributes
    ----------
    trend : {"auto", "rising", "falling", "peak", "valley"}
        How the bad rate may run from low to high values. Auto takes the better of rising and
        falling, and a peak or a valley only where that adds an IV worth a characteristic of its own.
    max_bins : int
        Most bins, apart from missing and special codes.
    min_share : float
        Least share of all rows (weighted) in a bin.
    min_bads : int
        Least number of bads, and of goods, in a bin.
    chance : float
        IV that one more bin must bring, in multiples of what it brings where there is nothing to
        find (1 / goods + 1 / bads); 0 takes every gain.
    fine : int
        Most fine bins that the best merge is looked for in; its cuts are then placed closer.
    rare_share : float
        Levels of a category with a smaller share of rows, or fewer than 20 rows, are taken together.
    """

    trend: str = "auto"
    max_bins: int = 10
    min_share: float = 0.05
    min_bads: int = 10
    chance: float = 1.0
    fine: int = 50
    rare_share: float = 0.01

    def __post_init__(self) -> None:
        wrong = []
        if self.trend not in TRENDS:
            wrong.append(f"trend {self.trend!r} is none of {', '.join(TRENDS)}")
        if self.max_bins < 2 or not self.max_bins <= self.fine <= 200:
            wrong.append("max_bins is 2 at least, and fine is from max_bins to 200")
        if not (0 <= self.min_share <= 0.5 and 0 <= self.rare_share <= 0.5 and self.min_bads >= 1):
            wrong.append("min_share and rare_share are from 0 to 0.5, min_bads is 1 at least")
        if not 0 <= self.chance <= 100:
            wrong.append("chance is from 0 to 100")
        if wrong:
            raise InputError("BINS", "; ".join(wrong), remedy="Ask for bins within these limits.")


def woe_of(goods: np.ndarray, bads: np.ndarray, thin: np.ndarray, row: float = 1.0) -> np.ndarray:
    """Return the weight of evidence of each bin, ln(share of goods / share of bads): higher is safer.

    Parameters
    ----------
    goods, bads : array, shape (k,)
        Mass in each bin; both totals are positive.
    thin : array of bool, shape (k,)
        Bins with too few rows to be believed as they are: 20 rows with the odds of everyone are
        added to them, which draws the WoE towards 0. An empty bin has a WoE of 0.
    row : float
        Mass of one row.

    Examples
    --------
    >>> woe_of(np.array([60.0, 40.0]), np.array([20.0, 80.0]), np.array([False, False])).round(4).tolist()
    [1.0986, -0.6931]
    """
    total_goods, total_bads = goods.sum(), bads.sum()
    added = np.where(thin, THIN_ROWS * row / (total_goods + total_bads), 0.0)
    return np.log((goods / total_goods + added) / (bads / total_bads + added))


def effective_rows(mass: np.ndarray | float, squared: np.ndarray | float) -> np.ndarray:
    """Return how many rows of equal weight tell as much: (sum of weights)^2 / sum of squared weights.

    Without any mass it is 0.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley.

    Examples
    --------
    >>> float(effective_rows(np.sum([3.0, 3.0, 3.0]), np.sum([9.0, 9.0, 9.0])))
    3.0
    """
    mass, squared = np.asarray(mass, dtype=float), np.asarray(squared, dtype=float)
    return np.divide(mass**2, squared, out=np.zeros(np.broadcast(mass, squared).shape), where=squared > 0)


@dataclass(frozen=True)
class Bins:
    """One characteristic's bins: where they are cut, what fell into them, their WoE.

    The bins stand in this order. A number: ordinary bins from low to high (a bin holds its lower
    cut and not its upper one), one for each special code, missing. A category: groups from the
    highest WoE to the lowest, unseen attributes where no group takes them, missing.

    Attributes
    ----------
    kind : {"number", "level"}
    trend : str
        How the bad rate runs over the ordinary bins of a number: "rising", "falling", "peak",
        "valley", or "one bin"; of a category "by bad rate".
    cuts : tuple of float
        Rising; one fewer than there are ordinary bins.
    whole : bool
        All values are whole numbers, which only labels make use of.
    special : tuple of float
        Codes with a bin of their own.
    groups : tuple of tuple of str
        Levels in each bin of a category.
    other : int
        The group that rare and unseen attributes fall into; -1 for none.
    n, n_bad : tuple of int
        Rows in each bin.
    goods, bads : tuple of float
        Mass in each bin; the same as rows where there are no weights.
    woe : tuple of float
        ln(share of goods / share of bads), as it is used.
    thin : tuple of bool
        Bins whose WoE was drawn towards 0, see `woe_of`.
    goods_squared, bads_squared : tuple of float
        Sum of squared weights in each bin; empty where there are no weights.
    """

    name: str
    kind: str
    trend: str
    n: tuple[int, ...]
    n_bad: tuple[int, ...]
    goods: tuple[float, ...]
    bads: tuple[float, ...]
    woe: tuple[float, ...]
    thin: tuple[bool, ...]
    cuts: tuple[float, ...] = ()
    whole: bool = False
    special: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    other: int = -1
    goods_squared: tuple[float, ...] = ()
    bads_squared: tuple[float, ...] = ()

    @property
    def ordinary(self) -> int:
        """Number of bins apart from special codes, unseen attributes and missing."""
        return len(self.cuts) + 1 if self.kind == "number" else len(self.groups)

    @property
    def missing(self) -> int:
        """Index of the bin of missing values, which is the last."""
        return len(self.woe) - 1

    @cached_property
    def iv(self) -> float:
        """Information value: the sum over bins of (share of goods - share of bads) times WoE."""
        return float(self._ivs().sum())

    @property
    def iv_by_chance(self) -> float:
        """What the same number of filled bins would have where there is nothing to find.

        Weighted rows count as `effective_rows` of goods and of bads.
        """
        n, n_bad = float(sum(self.n)), float(sum(self.n_bad))
        n_good = n - n_bad
        if self.goods_squared:
            n_good = float(effective_rows(sum(self.goods), sum(self.goods_squared)))
            n_bad = float(effective_rows(sum(self.bads), sum(self.bads_squared)))
        return (sum(k > 0 for k in self.n) - 1) * (1 / n_good + 1 / n_bad)

    @property
    def effective(self) -> np.ndarray:
        """How many rows of equal weight each bin is worth, see `effective_rows`; shape (k,)."""
        if not self.goods_squared:
            return np.asarray(self.n, dtype=float)
        mass = np.asarray(self.goods) + np.asarray(self.bads)
        return effective_rows(mass, np.asarray(self.goods_squared) + np.asarray(self.bads_squared))

    def of_numbers(self, x: np.ndarray) -> np.ndarray:
        """Return the bin of each number, NaN being missing; shape (n,)."""
        at = np.searchsorted(np.asarray(self.cuts), x, side="right")
        for k, code in enumerate(self.special):
            at[x == code] = self.ordinary + k
        at[np.isnan(x)] = self.missing
        return at

    def of_levels(self, levels: tuple[str, ...]) -> np.ndarray:
        """Return the bin of each level, then of unseen attributes, then of missing; shape (k + 2,)."""
        unseen = self.other if self.other >= 0 else self.ordinary
        place = {level: k for k, group in enumerate(self.groups) for level in group}
        return np.array([*(place.get(level, unseen) for level in levels), unseen, self.missing])

    def labels(self, about: Characteristic) -> list[str]:
        """Return each bin in words, attributes and special codes by their labels."""
        if self.kind == "level":
            told = [self._group_label(k, about) for k in range(self.ordinary)]
            return [*told, *(["any other"] if self.other < 0 else []), "missing"]
        codes = numeric_codes(about)
        return [*self._ranges(), *(codes.get(c, f"code {c:g}") for c in self.special), "missing"]

    def table(self, about: Characteristic) -> pd.DataFrame:
        """Return one line a bin.

        Returns
        -------
        DataFrame
            `bin` (0, 1, ...), `label`, `n`, `n_bad`, `share` (of rows), `bad_rate` with `low` and
            `high` (95% Wilson interval of `effective` rows; NaN without rows), `woe`, `iv`,
            `goods_share`, `bads_share`, `thin`. Shares and rates are weighted.
        """
        goods, bads = np.asarray(self.goods), np.asarray(self.bads)
        mass = goods + bads
        rate = np.divide(bads, mass, out=np.full(len(mass), np.nan), where=mass > 0)
        interval = [
            wilson(r * n, n) if n else (np.nan, np.nan)
            for r, n in zip(rate.tolist(), self.effective.tolist(), strict=True)
        ]
        low, high = np.array(interval, dtype=float).T
        return pd.DataFrame(
            {
                "bin": np.arange(len(mass)),
                "label": np.array(self.labels(about), dtype=object),
                "n": self.n,
                "n_bad": self.n_bad,
                "share": mass / mass.sum(),
                "bad_rate": rate,
                "low": low,
                "high": high,
                "woe": self.woe,
                "iv": self._ivs(),
                "goods_share": goods / goods.sum(),
                "bads_share": bads / bads.sum(),
                "thin": self.thin,
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return the bins as plain values."""
        # without weights nothing is said of them, so that models made before keep their digest
        told = asdict(self)
        squares = ("goods_squared", "bads_squared")
        return {k: v for k, v in told.items() if k not in squares or self.goods_squared}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Bins:
        """Return the bins that `to_json` wrote."""
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**{**plain, "groups": tuple(tuple(group) for group in values["groups"])})

    def _ivs(self) -> np.ndarray:
        goods, bads = np.asarray(self.goods), np.asarray(self.bads)
        return (goods / goods.sum() - bads / bads.sum()) * np.asarray(self.woe)

    def _ranges(self) -> list[str]:
        if not self.cuts:
            return ["any value"]
        between = [self._range(low, high) for low, high in zip(self.cuts, self.cuts[1:], strict=False)]
        return [f"below {_said(self.cuts[0])}", *between, f"{_said(self.cuts[-1])} or more"]

    def _range(self, low: float, high: float) -> str:
        if not self.whole:
            return f"{_said(low)} to below {_said(high)}"
        return _said(low) if high - low == 1 else f"{_said(low)} to {_said(high - 1)}"

    def _group_label(self, k: int, about: Characteristic) -> str:
        named = [about.label(level) for level in self.groups[k]]
        return ", ".join([*named, *(["any other"] if k == self.other else [])])


def _said(value: float) -> str:
    if abs(value) < 1e15 and value == int(value):
        return f"{int(value):,}"
    return f"{float(f'{value:.6g}'):,}".removesuffix(".0")
