"""Several scores at the same approval rate: who is swapped, and what it does to the bad rate."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from workbench.evaluation.discrimination import placed
from workbench.evaluation.measure import NAN, wilson
from workbench.evaluation.paired import holm, mcnemar, one_sided, pairs_frame
from workbench.evaluation.rates import customer_codes, rates
from workbench.evaluation.resampled import blocks_of, times_drawn
from workbench.evaluation.tally import Tally, tally

BINS = 400
REPLICATES = 500
PARTS = ("approved by both", "swapped in", "swapped out", "approved by neither")


@dataclass(frozen=True, eq=False)
class AtApproval:
    """Several scores, each approving the same share of the same applicants.

    Attributes
    ----------
    approval : float
        Share approved, 0 to 1.
    models : DataFrame
        model, n_approved (rows), approval_rate, n_bad (rows), bad_rate (of the approved, weighted), low,
        high (95%), cut_off (highest PD approved).
    tests : DataFrame
        a, b, difference (bad rate of b less that of a), low, high, z, p_value, p_adjusted, beyond_noise,
        reason: bootstrap; then mcnemar (statistic), mcnemar_p, mcnemar_adjusted (Holm), mcnemar_reason.
    swap : DataFrame
        a, b, part (one of `PARTS`, seen from a to b), n, share, n_bad, bad_rate, low, high. Bad rates
        are known only where outcomes are: of applicants who were accepted at the time.
    """

    approval: float
    models: pd.DataFrame
    tests: pd.DataFrame
    swap: pd.DataFrame

    def bad_rate(self, model: str) -> float:
        """Return the bad rate among those the model approves."""
        return float(self.models.loc[self.models["model"] == model, "bad_rate"].iloc[0])

    def swapped(self, a: str, b: str) -> pd.DataFrame:
        """Return the lines of `swap` for a pair in the order the models were given."""
        return self.swap[(self.swap["a"] == a) & (self.swap["b"] == b)]


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where each model ranks each applicant: all that an approval rate needs.

    Attributes
    ----------
    names : tuple of str
    bad : array of bool, shape (n,)
    weight : array, shape (n,), optional
    rank : array, shape (k, n)
        Share of applicants safer than this one; ties fall at random, alike for all models.
    p_bad : tuple of array, shape (n,)
        Of each model.
    goods, bads : array, shape (k, replicates, bins)
        Resampled weights by rank, safest first; whole groups are resampled where rows come in groups.
    group : array of int, shape (n,), optional
        Customer, where one has several rows.
    """

    names: tuple[str, ...]
    bad: np.ndarray
    weight: np.ndarray | None
    rank: np.ndarray
    p_bad: tuple[np.ndarray, ...]
    goods: np.ndarray
    bads: np.ndarray
    group: np.ndarray | None

    @property
    def grouped(self) -> bool:
        """Whether customers have several rows."""
        return self.group is not None

    @cached_property
    def _reached(self) -> tuple[np.ndarray, np.ndarray]:
        """Resampled weights of all applicants and of bads up to each rank, safest first."""
        return np.cumsum(self.goods + self.bads, axis=2), np.cumsum(self.bads, axis=2)

    def at(self, approval: float) -> AtApproval:
        """Return what happens where each model approves its safest `approval` of the applicants."""
        decided = _decided(self.rank < approval, self.bad, self.weight)
        drawn = [self._drawn(i, approval) for i in range(len(self.names))]
        return AtApproval(
            float(approval), self._models(decided, approval), self._tests(decided, drawn, approval),
            self._swap(decided, approval),
        )  # fmt: skip

    def _models(self, decided: Decided, approval: float) -> pd.DataFrame:
        whole = float(len(self.bad)) if self.weight is None else float(self.weight.sum())
        lines = []
        for i, name in enumerate(self.names):
            n, n_bad, weight, rate, low, high = decided.rate(decided.approved[i])
            if self.grouped:
                part = (self.rank[i] >= approval).astype(np.int8)
                low, high = (float(end[0]) for end in rates(self.bad, part, 2, self.weight, self.group)[1:])
            cut = float(np.where(self.rank[i] < approval, self.p_bad[i], -np.inf).max()) if n else NAN
            lines.append((name, n, weight / whole if whole else NAN, n_bad, rate, low, high, cut))
        columns = ["model", "n_approved", "approval_rate", "n_bad", "bad_rate", "low", "high", "cut_off"]
        return pd.DataFrame(lines, columns=columns)

    def _drawn(self, model: int, approval: float) -> np.ndarray:
        """Return the resampled bad rates among the approved; the bin on the border counts in proportion."""
        reached, inside = (values[model] for values in self._reached)
        wanted = approval * reached[:, -1]
        at = (reached >= wanted[:, None]).argmax(axis=1)
        row = np.arange(len(at))
        bads, over = self.bads[model][row, at], reached[row, at] - wanted
        with np.errstate(invalid="ignore", divide="ignore"):
            return (inside[row, at] - bads * over / (self.goods[model][row, at] + bads)) / wanted

    def _tests(self, decided: Decided, drawn: list[np.ndarray], approval: float) -> pd.DataFrame:
        n, n_bad = len(self.bad), int(self.bad.sum())
        why = one_sided(n, n_bad) or ("" if 0 < approval < 1 else "everyone has the same decision")
        approved = decided.approved
        of_approved = [decided.rate(cells)[3] for cells in approved]
        pairs = list(combinations(range(len(self.names)), 2))
        differences = [NAN if why else of_approved[j] - of_approved[i] for i, j in pairs]
        # the same decisions leave no doubt, whatever the draws say of scores within a bin
        moved = [decided.rows[approved[i] != approved[j]].any() for i, j in pairs]
        errors = [
            NAN if why else float(m) * float((drawn[j] - drawn[i]).std())
            for m, (i, j) in zip(moved, pairs, strict=True)
        ]
        frame = pairs_frame(list(self.names), differences, errors, why or "too few approved")
        found = [self._mcnemar(decided, i, j) for i, j in pairs]
        frame["mcnemar"], frame["mcnemar_p"], frame["mcnemar_reason"] = zip(*found, strict=True)
        frame["mcnemar_adjusted"] = holm(frame["mcnemar_p"].to_numpy(float))
        return frame

    def _mcnemar(self, decided: Decided, first: int, second: int) -> tuple[float, float, str]:
        if self.weight is not None or self.grouped:
            what = "weighted" if self.weight is not None else "of one customer"
            return NAN, NAN, f"not defined for rows that are {what}: read the bootstrap"
        right_a, right_b = (decided.approved[i] != decided.bad for i in (first, second))
        b, c = int(decided.rows[right_a & ~right_b].sum()), int(decided.rows[right_b & ~right_a].sum())
        return *mcnemar(np.array([[0, b], [c, 0]])), ""

    def _swap(self, decided: Decided, approval: float) -> pd.DataFrame:
        whole = len(self.bad)
        lines = []
        for i, j in combinations(range(len(self.names)), 2):
            a, b = decided.approved[i], decided.approved[j]
            ends = self._between(i, j, approval)
            for part, cells, own in zip(PARTS, (a & b, ~a & b, a & ~b, ~(a | b)), ends, strict=True):
                n, n_bad, _, rate, low, high = decided.rate(cells)
                low, high = own or (low, high)
                share = n / whole if whole else NAN
                lines.append((self.names[i], self.names[j], part, n, share, n_bad, rate, low, high))
        columns = ["a", "b", "part", "n", "share", "n_bad", "bad_rate", "low", "high"]
        return pd.DataFrame(lines, columns=columns)

    def _between(self, first: int, second: int, approval: float) -> list[tuple[float, float] | None]:
        """Return the intervals of the parts' bad rates by whole customers; None without such."""
        if self.group is None:
            return [None] * len(PARTS)
        a, b = self.rank[first] < approval, self.rank[second] < approval
        part = np.where(a, np.where(b, 0, 2), np.where(b, 1, 3))
        _, low, high = rates(self.bad, part, len(PARTS), self.weight, self.group)
        return list(zip(low, high, strict=True))

    def ks_errors(self) -> list[float]:
        """Return the standard error of each pair's difference of KS, pairs as `itertools.combinations`."""
        if one_sided(len(self.bad), int(self.bad.sum())):
            return [NAN] * (len(self.names) * (len(self.names) - 1) // 2)
        drawn = []
        for goods, bads in zip(self.goods, self.bads, strict=True):
            good, bad = np.cumsum(goods, axis=1), np.cumsum(bads, axis=1)
            with np.errstate(invalid="ignore"):
                drawn.append(np.abs(bad / bad[:, -1:] - good / good[:, -1:]).max(axis=1))
        return [float(np.nanstd(b - a)) for a, b in combinations(drawn, 2)]


@dataclass(frozen=True, eq=False)
class Decided:
    """Applicants counted by what each model decides and how they ended: every count is a sum of these cells.

    Attributes
    ----------
    approved : array of bool, shape (k, cells)
        Whether a model approves the applicants of a cell.
    bad : array of bool, shape (cells,)
    rows : array of int, shape (cells,)
    weight, squared : array, shape (cells,)
        Sums of weights and of their squares.
    """

    approved: np.ndarray
    bad: np.ndarray
    rows: np.ndarray
    weight: np.ndarray
    squared: np.ndarray

    def rate(self, cells: np.ndarray) -> tuple[int, int, float, float, float, float]:
        """Return rows, bad rows, weight, bad rate and its Wilson interval of the cells in a mask."""
        bads = cells & self.bad
        n, n_bad, weight = int(self.rows[cells].sum()), int(self.rows[bads].sum()), self.weight[cells].sum()
        if not n:
            return n, n_bad, 0.0, NAN, NAN, NAN
        rate, trials = float(self.weight[bads].sum() / weight), weight**2 / self.squared[cells].sum()
        low, high = wilson(rate * trials, trials)
        return n, n_bad, float(weight), rate, float(low), float(high)


def _decided(approved: np.ndarray, bad: np.ndarray, weight: np.ndarray | None) -> Decided:
    """Count applicants in one pass: the decisions and the outcome of each are the bits of its cell."""
    size = 2 << len(approved)
    code = bad.astype(np.min_scalar_type(size - 1))
    for bit, decision in enumerate(approved, 1):
        code |= decision.astype(code.dtype) << code.dtype.type(bit)
    cells = np.arange(size)
    rows = np.bincount(code, minlength=size)
    sums = (rows.astype(float),) * 2
    if weight is not None:
        sums = tuple(np.bincount(code, w, minlength=size) for w in (weight, weight**2))
    decisions = np.stack([(cells >> bit & 1).astype(bool) for bit in range(1, len(approved) + 1)])
    return Decided(decisions, (cells & 1).astype(bool), rows, *sums)


def ranks(
    bad: np.ndarray,
    p_bad: Mapping[str, np.ndarray],
    *,
    weight: np.ndarray | None,
    group: np.ndarray | None,
    seed: int,
    threads: int = 1,
) -> tuple[Ranks, np.ndarray]:
    """Rank applicants by each model, sorted once, and resample them, all models by the same draws.

    Returns
    -------
    ranks : Ranks
    placed : array, shape (k, n)
        Of each score, for each bad the share of goods below, for each good the share of bads above; see
        `discrimination.placed`.

    Notes
    -----
    Rows, or whole groups where `group` is given, fall at random into at most 1,000 blocks, and blocks are
    resampled: the same spread as resampling rows, at a cost that does not grow with them.
    """
    bad = np.asarray(bad) == 1
    n, names = len(bad), tuple(p_bad)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(n)
    size = None if weight is None else np.asarray(weight, dtype=float)
    code = customer_codes(group)
    block = blocks_of(np.arange(n) if code is None else code, rng).astype(np.int32)
    used = int(block.max(initial=-1)) + 1
    times = times_drawn(used, REPLICATES, rng)
    scores = tuple(np.asarray(p, dtype=float) for p in p_bad.values())
    rank, pulls = np.empty((2, len(names), n))
    drawn = np.empty((2, len(names), REPLICATES, BINS))
    shuffle = _Shuffle(shuffled)

    def place(i: int) -> None:
        tallied = tally(bad, scores[i], size)
        pulls[i] = placed(tallied, bad)
        order = shuffle.safest_first(tallied)
        reached = np.arange(1.0, n + 1) if size is None else np.cumsum(size[order])
        half = 0.5 if size is None else size[order] / 2
        middle = (reached - half) / (reached[-1] if n else 1.0)
        rank[i, order] = middle
        cell = np.minimum((middle * BINS).astype(np.int32), BINS - 1) + BINS * bad[order].astype(np.int32)
        cell = cell * np.int32(used) + block[order]
        counts = np.bincount(cell, None if size is None else size[order], 2 * BINS * used)
        for side, counted in enumerate(counts.reshape(2, BINS, used).astype(float)):
            drawn[side, i] = times @ counted.T

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(place, range(len(names))))
    return Ranks(names, bad, size, rank, scores, drawn[0], drawn[1], code), pulls


class _Shuffle:
    """An order by which ties fall at random, alike for all models."""

    def __init__(self, shuffled: np.ndarray) -> None:
        self._shuffled = shuffled

    @cached_property
    def _at(self) -> np.ndarray:
        at = np.empty(len(self._shuffled), dtype=np.int64)
        at[self._shuffled] = np.arange(len(at))
        return at

    def safest_first(self, tallied: Tally) -> np.ndarray:
        """Return the order of the rows from the lowest score to the highest."""
        order, n = tallied.order[::-1], len(tallied.order)
        if len(tallied.score) == n:
            return order
        # of numbers whose high digits are the score's place and whose low ones the shuffled place
        base = np.repeat(np.arange(len(tallied.score)) * n, tallied.rows[::-1])
        return self._shuffled[np.sort(base + self._at[order]) - base]
