"""Applicants by group, decision and outcome: the one table that every rate is read off."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.evaluation.rates import informative
from workbench.fairness.grouping import Grouping

GOOD, BAD, NO_OUTCOME = 0, 1, 2
OUTCOMES = 3
NAN = float("nan")


@dataclass(frozen=True)
class Rate:
    """A share read off the table: which cells are counted, of which cells.

    Attributes
    ----------
    name, title : str
    part, whole : tuple of (decision, outcome)
        Cells; decision 0 is approved, 1 is not.
    of : str
        What the whole is, in words: "goods".
    event : str
        What is counted, in words: "approvals".
    """

    name: str
    title: str
    part: tuple[tuple[int, int], ...]
    whole: tuple[tuple[int, int], ...]
    of: str
    event: str


_EVERYONE = tuple((d, o) for d in (0, 1) for o in range(OUTCOMES))
RATES = {
    rate.name: rate
    for rate in (
        Rate("approval_rate", "Approved", _EVERYONE[:3], _EVERYONE, "applicants", "approvals"),
        Rate("goods_approved", "Goods approved", ((0, GOOD),), ((0, GOOD), (1, GOOD)), "goods", "approvals"),
        Rate("bads_approved", "Bads approved", ((0, BAD),), ((0, BAD), (1, BAD)), "bads", "approvals"),
        Rate("good_of_approved", "Goods among approved", ((0, GOOD),), ((0, GOOD), (0, BAD)),
             "approved with an outcome", "goods"),
        Rate("bad_rate", "Bad rate", ((0, BAD), (1, BAD)), tuple((d, o) for d in (0, 1) for o in (GOOD, BAD)),
             "applicants with an outcome", "bads"),
    )
}  # fmt: skip
"""Only `approval_rate` can be told without outcomes."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Rows by group, decision and outcome, at one cut-off or at several.

    Attributes
    ----------
    rows : array of int, shape (..., groups, 2, 3)
        Decision 0 approved, 1 not; outcome good, bad, not known.
    weight, square : array, same shape
        Sums of the sampling weights and of their squares; the rows themselves without weights.
    alike : dict of str to array, shape (groups,)
        By rate: how many independent rows one weighted row is worth, where customers have several rows.
    """

    rows: np.ndarray
    weight: np.ndarray
    square: np.ndarray
    alike: dict[str, np.ndarray] = field(default_factory=dict)

    def n(self, rate: Rate) -> np.ndarray:
        """Return the rows a rate rests on; shape (..., groups)."""
        return _over(self.rows, rate.whole)

    def events(self, rate: Rate) -> np.ndarray:
        """Return the rows a rate counts; shape (..., groups)."""
        return _over(self.rows, rate.part)

    def share(self, rate: Rate) -> np.ndarray:
        """Return the rate of each group, weighted; NaN for one without rows."""
        whole = _over(self.weight, rate.whole)
        return np.divide(_over(self.weight, rate.part), whole, out=np.full(whole.shape, NAN), where=whole > 0)

    def overall(self, rate: Rate) -> np.ndarray:
        """Return the rate of everyone; shape (...)."""
        part, whole = (_over(self.weight, cells).sum(axis=-1) for cells in (rate.part, rate.whole))
        return np.divide(part, whole, out=np.full(whole.shape, NAN), where=whole > 0)

    def trials(self, rate: Rate) -> np.ndarray:
        """Return how many independent, equally weighted rows tell as much of each group's rate."""
        whole, square = _over(self.weight, rate.whole), _over(self.square, rate.whole)
        plain = np.divide(whole**2, square, out=np.zeros(whole.shape), where=square > 0)
        return plain * self.alike.get(rate.name, 1.0)

    def pooled(self, rate: Rate, groups: np.ndarray) -> tuple[float, float]:
        """Return the rate of several groups taken as one, and how many independent rows tell as much.

        Parameters
        ----------
        groups : array of bool, shape (groups,)
            Which; at one cut-off. Their customers are taken to be as alike as in the groups themselves.
        """
        part, whole, square = (
            float(_over(table, cells)[groups].sum())
            for table, cells in (
                (self.weight, rate.part), (self.weight, rate.whole), (self.square, rate.whole)
            )
        )  # fmt: skip
        if not (whole > 0 and square > 0):
            return NAN, 0.0
        plain = Counts(self.rows, self.weight, self.square).trials(rate)[groups]
        alike = float(self.trials(rate)[groups].sum() / plain.sum())
        return part / whole, whole**2 / square * alike

    @property
    def size(self) -> np.ndarray:
        """Weight of each group; shape (..., groups)."""
        return self.weight.sum(axis=(-1, -2))


def _over(table: np.ndarray, cells: tuple[tuple[int, int], ...]) -> np.ndarray:
    return sum(table[..., d, o] for d, o in cells)  # type: ignore[return-value]


def outcome_codes(bad: np.ndarray | None, n: int) -> np.ndarray:
    """Return 0 good, 1 bad, 2 not known for each row; anything but 0 and 1 is not known; int8."""
    if bad is None:
        return np.full(n, NO_OUTCOME, np.int8)
    bad = np.asarray(bad)
    if bad.dtype == bool:
        return bad.astype(np.int8)
    return np.where(bad == 1, np.int8(BAD), np.where(bad == 0, np.int8(GOOD), np.int8(NO_OUTCOME)))


def count(
    approved: np.ndarray,
    outcome: np.ndarray,
    groups: Grouping,
    weight: np.ndarray | None = None,
    customer: np.ndarray | None = None,
) -> Counts:
    """Return the table of rows by group, decision and outcome: one pass over the rows.

    Parameters
    ----------
    approved : array of bool, shape (n,)
        The decision was `approve`; referred is not approved.
    outcome : array of int8, shape (n,)
        As from `outcome_codes`.
    weight : array, shape (n,), optional
        Sampling weights.
    customer : array of int, shape (n,), optional
        Whose row each is, as from `evaluation.rates.customer_codes`: intervals then count customers.
    """
    size = len(groups.labels)
    cell = groups.code.astype(np.int32)
    cell *= 2 * OUTCOMES
    cell += outcome
    cell += np.int32(OUTCOMES) * ~np.asarray(approved, dtype=bool)
    shape = (size, 2, OUTCOMES)
    rows = np.bincount(cell, minlength=2 * OUTCOMES * size).reshape(shape)
    if weight is None:
        kept = square = rows.astype(float)
    else:
        kept = np.bincount(cell, weight, 2 * OUTCOMES * size).reshape(shape)
        square = np.bincount(cell, weight**2, 2 * OUTCOMES * size).reshape(shape)
    counts = Counts(rows, kept, square)
    if customer is None:
        return counts
    return Counts(rows, kept, square, _alike(counts, approved, outcome, groups, weight, customer))


def _alike(
    counts: Counts, approved: np.ndarray, outcome: np.ndarray, groups: Grouping,
    weight: np.ndarray | None, customer: np.ndarray,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return by rate what share of a group's rows are as good as independent."""
    cell = (~approved).astype(np.int8) * OUTCOMES + outcome
    found = {}
    for rate in RATES.values():
        within = np.isin(cell, [d * OUTCOMES + o for d, o in rate.whole])
        event = np.isin(cell[within], [d * OUTCOMES + o for d, o in rate.part])
        _, trials = informative(
            event, groups.code[within], len(groups.labels),
            None if weight is None else weight[within], customer[within],
        )  # fmt: skip
        plain = counts.trials(rate)
        found[rate.name] = np.divide(trials, plain, out=np.ones(len(plain)), where=plain > 0)
    return found
