"""Every cut-off at once: applicants sorted by PD within their group, goods and bads accumulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.fairness.counts import OUTCOMES, Counts, count
from workbench.fairness.grouping import Grouping


@dataclass(frozen=True, eq=False)
class Sweep:
    """What any cut-off approves of each group, without another pass over the rows.

    Attributes
    ----------
    groups : Grouping
    p_bad : array, shape (n,)
        PDs, rising within each group, group after group; infinite for who is approved at no cut-off.
    start : array of int, shape (groups + 1,)
        Where each group begins.
    rows : array of int32, shape (3, n + 1)
        Rows of each outcome before each place, over all groups.
    weight, square : array, shape (3, n + 1), or None
        The same of sampling weights and their squares; None without weights.
    customers : tuple or None
        (PD, outcome, weight, customer) of the rows in their own order, where customers have several.
    """

    groups: Grouping
    p_bad: np.ndarray
    start: np.ndarray
    rows: np.ndarray
    weight: np.ndarray | None
    square: np.ndarray | None
    customers: tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray] | None = None

    def counts(self, cut_off: np.ndarray | float, alike: dict[str, np.ndarray] | None = None) -> Counts:
        """Return the table at one cut-off, or at several (then with their axis first).

        Parameters
        ----------
        cut_off : float or array, shape (k,)
            PD below which an applicant is approved.
        alike : dict, optional
            As in `Counts`; measured at the cut-off itself where it is one, customers have several rows
            and none is given.
        """
        cuts = np.atleast_1d(np.asarray(cut_off, dtype=float))
        end = np.stack(
            [
                np.searchsorted(self.p_bad[a:b], cuts, side="left") + a
                for a, b in zip(self.start[:-1], self.start[1:], strict=True)
            ],
            axis=1,
        )
        tables = [
            None if kept is None else self._between(kept, end)
            for kept in (self.rows, self.weight, self.square)
        ]
        rows, weight, square = tables
        if np.ndim(cut_off) == 0:
            rows, weight, square = (None if t is None else t[0] for t in tables)
            if self.customers is not None and alike is None:
                return self._with_customers(float(cut_off))
        assert rows is not None
        weight = rows.astype(float) if weight is None else weight
        return Counts(rows, weight, weight if square is None else square, alike or {})

    def grid(self, points: int = 200) -> np.ndarray:
        """Return cut-offs to draw: quantiles of the PDs of everyone, rising."""
        p = self.p_bad[np.isfinite(self.p_bad)]
        if not len(p):
            return np.zeros(0)
        every = max(len(p) // 20_000, 1)
        return np.unique(np.quantile(p[::every], np.linspace(0.01, 1, points)))

    def _between(self, reached: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return sums below and above the cut-offs; shape (k, groups, 2, 3)."""
        first, last = reached[:, self.start[:-1]], reached[:, self.start[1:]]
        at = reached[:, end]
        below, above = at - first[:, None, :], last[:, None, :] - at
        return np.moveaxis(np.stack([below, above]), (0, 1), (2, 3))

    def _with_customers(self, cut_off: float) -> Counts:
        assert self.customers is not None
        p_bad, outcome, weight, customer = self.customers
        return count(p_bad < cut_off, outcome, self.groups, weight, customer)


def sweep(
    p_bad: np.ndarray,
    outcome: np.ndarray,
    groups: Grouping,
    weight: np.ndarray | None = None,
    customer: np.ndarray | None = None,
    order: np.ndarray | None = None,
) -> Sweep:
    """Return the sorted, accumulated rows that every cut-off is read off.

    Parameters
    ----------
    p_bad : array, shape (n,)
        Infinite for who is approved at no cut-off.
    outcome : array of int8, shape (n,)
        As from `counts.outcome_codes`.
    order : array of int, shape (n,), optional
        Positions of the rows by rising PD, where they were sorted before.
    """
    order = np.argsort(p_bad) if order is None else order
    # a stable sort of small whole numbers is one pass over them
    at = order[np.argsort(groups.code[order], kind="stable")]
    start = np.concatenate(([0], np.cumsum(np.bincount(groups.code, minlength=len(groups.labels)))))
    of = outcome[at]
    rows = np.zeros((OUTCOMES, len(at) + 1), np.int32)
    sums = None if weight is None else np.zeros((2, OUTCOMES, len(at) + 1))
    for one in range(OUTCOMES):
        inside = of == one
        np.cumsum(inside, out=rows[one, 1:])
        if sums is not None and weight is not None:
            own = np.where(inside, weight[at], 0.0)
            np.cumsum(own, out=sums[0, one, 1:])
            np.cumsum(own**2, out=sums[1, one, 1:])
    return Sweep(
        groups, p_bad[at], start, rows, None if sums is None else sums[0], None if sums is None else sums[1],
        None if customer is None else (p_bad, outcome, weight, customer),
    )  # fmt: skip
