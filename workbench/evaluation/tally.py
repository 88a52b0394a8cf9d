"""Goods and bads at each distinct score, from one sort: everything else in this room is read off it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.evaluation.rates import customer_codes, informative

NO_ROWS = "no rows in this group"
NO_BADS = "no bads in this group"
NO_GOODS = "no goods in this group"


@dataclass(frozen=True, eq=False)
class Customers:
    """Whose row each is, where customers have several; rows riskiest first.

    Attributes
    ----------
    code : array of int, shape (n,)
        Customer of each row, from 0.
    at : array of int, shape (n,)
        Position of the row's score in the tally.
    is_bad : array of bool, shape (n,)
    weight : array, shape (n,)
    """

    code: np.ndarray
    at: np.ndarray
    is_bad: np.ndarray
    weight: np.ndarray

    def squared(self, pull: np.ndarray) -> float:
        """Return the variance of a sum of centred terms, one a row, that come in whole customers."""
        summed = np.bincount(self.code, pull)
        count = len(summed)
        return float(summed @ summed) * count / (count - 1) if count > 1 else math.nan

    def crossed(self, pull: np.ndarray, cell: np.ndarray, cells: int) -> np.ndarray:
        """Return sums of a term by customer and cell of the row's score; shape (customers, cells)."""
        count = int(self.code.max()) + 1
        return np.bincount(self.code * cells + cell[self.at], pull, count * cells).reshape(count, cells)

    def gaps(self, p: np.ndarray, cell: np.ndarray, cells: int) -> np.ndarray:
        """Return bads less expected bads; PDs at each score; shape (customers, cells)."""
        return self.crossed(self.weight * (self.is_bad - p[self.at]), cell, cells)

    def trials(self, cell: np.ndarray, cells: int) -> np.ndarray:
        """Return how many independent rows tell as much of the bad rate of each cell of scores."""
        return informative(self.is_bad, cell[self.at], cells, self.weight, self.code)[1]


@dataclass(frozen=True, eq=False)
class Tally:
    """Weighted goods and bads at each distinct score, riskiest first.

    Attributes
    ----------
    score : array, shape (k,)
        Distinct scores, falling; rows with one score share an entry, so ties are never split.
    goods, bads : array, shape (k,)
        Sums of weights.
    goods_squared, bads_squared : array, shape (k,)
        Sums of squared weights: what sampling errors are made of.
    rows, rows_bad : array of int, shape (k,)
        Rows, whatever their weight.
    order : array of int, shape (n,)
        Positions of the rows, riskiest first.
    start : array of int, shape (k,)
        Where in `order` the rows of each distinct score begin.
    kept : array of int or None
        Positions of the rows with a positive weight, where some had none; `order` counts these.
    weighted : bool
    customers : Customers or None
        None where each row stands alone.
    """

    score: np.ndarray
    goods: np.ndarray
    bads: np.ndarray
    goods_squared: np.ndarray
    bads_squared: np.ndarray
    rows: np.ndarray
    rows_bad: np.ndarray
    order: np.ndarray
    start: np.ndarray
    kept: np.ndarray | None
    weighted: bool
    customers: Customers | None = None

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.order)

    @property
    def n_bad(self) -> int:
        """Rows that ended bad."""
        return int(self.rows_bad.sum())

    @property
    def weight(self) -> np.ndarray:
        """Weight at each distinct score, goods and bads together; shape (k,)."""
        return self.goods + self.bads

    @property
    def undefined(self) -> str:
        """Why nothing that needs both goods and bads is defined here; empty where it is."""
        if self.n == 0:
            return NO_ROWS
        if self.n_bad == 0:
            return NO_BADS
        return NO_GOODS if self.n_bad == self.n else ""

    def equal_mass(self, bins: int) -> np.ndarray:
        """Return where each of at most `bins` groups of about equal weight begins, riskiest first.

        A score belongs to one group only, so heavy ties give fewer groups than asked for.

        Returns
        -------
        array of int, shape (groups,)
            Positions in `score`.
        """
        weight = self.weight
        middle = np.cumsum(weight) - weight / 2
        code = np.floor(bins * middle / weight.sum()) if len(weight) else np.zeros(0)
        return np.flatnonzero(np.diff(code, prepend=-1.0))

    def cell(self, start: np.ndarray) -> np.ndarray:
        """Return the group of each distinct score, where groups begin at `start`; shape (k,)."""
        return np.searchsorted(start, np.arange(len(self.score)), side="right") - 1

    def trials(self, start: np.ndarray) -> np.ndarray:
        """Return how many independent rows tell as much of the bad rate of each group of scores."""
        if self.customers is not None:
            return self.customers.trials(self.cell(start), len(start))
        return totals(self.weight, start) ** 2 / totals(self.goods_squared + self.bads_squared, start)


def tally(
    bad: np.ndarray,
    score: np.ndarray,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> Tally:
    """Return goods and bads at each distinct score.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good.
    score : array, shape (n,)
        Higher is riskier: a PD or anything that rises with risk.
    weight : array, shape (n,), optional
        Sampling weights, not negative; rows of weight 0 count as absent.
    group : array, shape (n,), optional
        Customer, or whatever else holds rows together.

    Raises
    ------
    InputError
        ``SCORES``: arrays of different lengths, an outcome that is neither 0 nor 1, a score or weight
        that is not a finite number, a negative weight.
    """
    bad, score, weight, kept = _checked(bad, score, weight)
    order = np.argsort(-score)
    ranked, is_bad = score[order], bad[order]
    start = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))) if len(ranked) else order
    rows = np.diff(start, append=len(ranked))
    rows_bad = totals(is_bad, start).astype(np.int64)
    if weight is None:
        bads = rows_bad.astype(float)
        goods = (rows - rows_bad).astype(float)
        squares = (goods, bads)
    else:
        weight = weight[order]
        of_bads, of_goods = np.where(is_bad, weight, 0.0), np.where(is_bad, 0.0, weight)
        bads, goods = totals(of_bads, start), totals(of_goods, start)
        squares = (totals(of_goods**2, start), totals(of_bads**2, start))
    customers = None
    if group is not None and len(ranked):
        code = customer_codes(np.asarray(group) if kept is None else np.asarray(group)[kept])
        if code is not None:
            ones = np.ones(len(ranked)) if weight is None else weight
            customers = Customers(code[order], np.repeat(np.arange(len(start)), rows), is_bad, ones)
    return Tally(
        ranked[start],
        goods,
        bads,
        *squares,
        rows,
        rows_bad,
        order,
        start,
        kept,
        weight is not None,
        customers,
    )


def totals(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the sums of `values` over the groups that begin at `start`."""
    if len(start) == len(values):
        return values
    return np.add.reduceat(values, start, dtype=np.int64 if values.dtype == bool else None)


def _checked(
    bad: np.ndarray, score: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    bad, score = np.asarray(bad), np.asarray(score, dtype=float)
    weight = None if weight is None else np.asarray(weight, dtype=float)
    lengths = {len(a) for a in (bad, score, weight) if a is not None}
    if len(lengths) > 1:
        raise InputError("SCORES", f"outcomes, scores and weights have different lengths: {sorted(lengths)}")
    if not np.isfinite(score).all():
        rows = int((~np.isfinite(score)).sum())
        raise InputError("SCORES", f"{rows:,} scores are not finite numbers", remedy="Leave those rows out.")
    is_bad = bad if bad.dtype == bool else bad == 1
    if bad.dtype != bool and not (is_bad | (bad == 0)).all():
        raise InputError(
            "SCORES", "some outcomes are neither 0 (good) nor 1 (bad)", remedy="Leave indeterminates out."
        )
    if weight is None:
        return is_bad, score, None, None
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise InputError("SCORES", "some weights are negative or not finite", remedy="Correct the weights.")
    if (weight > 0).all():
        return is_bad, score, weight, None
    kept = np.flatnonzero(weight > 0)
    return is_bad[kept], score[kept], weight[kept], kept
