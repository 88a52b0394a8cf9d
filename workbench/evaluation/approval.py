"""Several scores at the same approval rate: who is swapped, and what it does to the bad rate."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Z95, wilson
from workbench.evaluation.paired import holm, mcnemar, one_sided, pairs_frame
from workbench.evaluation.rates import customer_codes, rates

BLOCKS = 1_000
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
    p_bad : array, shape (k, n)
    goods, bads : array, shape (k, replicates, bins)
        Resampled weights by rank, safest first; whole groups are resampled where rows come in groups.
    group : array of int, shape (n,), optional
        Customer, where one has several rows.
    """

    names: tuple[str, ...]
    bad: np.ndarray
    weight: np.ndarray | None
    rank: np.ndarray
    p_bad: np.ndarray
    goods: np.ndarray
    bads: np.ndarray
    group: np.ndarray | None

    @property
    def grouped(self) -> bool:
        """Whether customers have several rows."""
        return self.group is not None

    def at(self, approval: float) -> AtApproval:
        """Return what happens where each model approves its safest `approval` of the applicants."""
        approved = self.rank < approval
        rates, tests = self._models(approved, approval), self._tests(approved, approval)
        return AtApproval(float(approval), rates, tests, self._swap(approved))

    def _of(self, mask: np.ndarray) -> tuple[int, int, float, float, float]:
        """Return rows, bad rows, weight, weight of bads and squared weight of a mask."""
        n, n_bad = int(np.count_nonzero(mask)), int(np.count_nonzero(mask & self.bad))
        if self.weight is None:
            return n, n_bad, float(n), float(n_bad), float(n)
        inside = self.weight[mask]
        return (
            n,
            n_bad,
            float(inside.sum()),
            float(self.weight[mask & self.bad].sum()),
            float(inside @ inside),
        )

    def _rate(self, mask: np.ndarray) -> tuple[int, int, float, float, float, float]:
        """Return rows, bad rows, weight, bad rate and its Wilson interval."""
        n, n_bad, weight, bads, squared = self._of(mask)
        if not weight:
            return n, n_bad, weight, NAN, NAN, NAN
        trials = weight**2 / squared
        low, high = wilson(bads / weight * trials, trials)
        return n, n_bad, weight, bads / weight, float(low), float(high)

    def _models(self, approved: np.ndarray, approval: float) -> pd.DataFrame:
        whole = float(len(self.bad)) if self.weight is None else float(self.weight.sum())
        lines = []
        for i, name in enumerate(self.names):
            n, n_bad, weight, rate, low, high = self._rate(approved[i])
            if self.grouped and np.isfinite(rate):
                spread = float(self._drawn(i, approval).std())
                low, high = max(rate - Z95 * spread, 0.0), min(rate + Z95 * spread, 1.0)
            cut = float(self.p_bad[i][approved[i]].max()) if n else NAN
            lines.append((name, n, weight / whole if whole else NAN, n_bad, rate, low, high, cut))
        columns = ["model", "n_approved", "approval_rate", "n_bad", "bad_rate", "low", "high", "cut_off"]
        return pd.DataFrame(lines, columns=columns)

    def _drawn(self, model: int, approval: float) -> np.ndarray:
        """Return the resampled bad rates among the approved; the bin on the border counts in proportion."""
        bads = self.bads[model]
        applicants = self.goods[model] + bads
        reached = np.cumsum(applicants, axis=1)
        wanted = approval * reached[:, -1:]
        at = (reached >= wanted).argmax(axis=1)[:, None]
        border = np.take_along_axis(applicants, at, 1)
        over = np.take_along_axis(reached, at, 1) - wanted
        inside = np.take_along_axis(np.cumsum(bads, axis=1), at, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return ((inside - np.take_along_axis(bads, at, 1) * over / border) / wanted)[:, 0]

    def _tests(self, approved: np.ndarray, approval: float) -> pd.DataFrame:
        n, n_bad = len(self.bad), int(self.bad.sum())
        why = one_sided(n, n_bad) or ("" if 0 < approval < 1 else "everyone has the same decision")
        drawn = [self._drawn(i, approval) for i in range(len(self.names))]
        rates = [self._rate(mask)[3] for mask in approved]
        pairs = list(combinations(range(len(self.names)), 2))
        differences = [NAN if why else rates[j] - rates[i] for i, j in pairs]
        # the same decisions leave no doubt, whatever the draws say of scores within a bin
        moved = [not (approved[i] == approved[j]).all() for i, j in pairs]
        errors = [
            NAN if why else m * float((drawn[j] - drawn[i]).std())
            for m, (i, j) in zip(moved, pairs, strict=True)
        ]
        frame = pairs_frame(list(self.names), differences, errors, why or "too few approved")
        found = [self._mcnemar(approved[i], approved[j]) for i, j in pairs]
        frame["mcnemar"], frame["mcnemar_p"], frame["mcnemar_reason"] = zip(*found, strict=True)
        frame["mcnemar_adjusted"] = holm(frame["mcnemar_p"].to_numpy(float))
        return frame

    def _mcnemar(self, first: np.ndarray, second: np.ndarray) -> tuple[float, float, str]:
        if self.weight is not None or self.grouped:
            what = "weighted" if self.weight is not None else "of one customer"
            return NAN, NAN, f"not defined for rows that are {what}: read the bootstrap"
        right_a, right_b = first != self.bad, second != self.bad
        b = int(np.count_nonzero(right_a & ~right_b))
        c = int(np.count_nonzero(right_b & ~right_a))
        return *mcnemar(np.array([[0, b], [c, 0]])), ""

    def _swap(self, approved: np.ndarray) -> pd.DataFrame:
        whole = len(self.bad)
        lines = []
        for i, j in combinations(range(len(self.names)), 2):
            a, b = approved[i], approved[j]
            lows, highs = self._between(a, b)
            for k, mask in enumerate((a & b, ~a & b, a & ~b, ~(a | b))):
                n, n_bad, _, rate, low, high = self._rate(mask)
                part, share = PARTS[k], n / whole if whole else NAN
                low, high = (lows[k], highs[k]) if self.grouped else (low, high)
                lines.append((self.names[i], self.names[j], part, n, share, n_bad, rate, low, high))
        columns = ["a", "b", "part", "n", "share", "n_bad", "bad_rate", "low", "high"]
        return pd.DataFrame(lines, columns=columns)

    def _between(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the intervals of the parts' bad rates by whole customers; NaN without such."""
        if self.group is None:
            return np.full(len(PARTS), NAN), np.full(len(PARTS), NAN)
        part = np.where(a, np.where(b, 0, 2), np.where(b, 1, 3))
        _, low, high = rates(self.bad, part, len(PARTS), self.weight, self.group)
        return low, high

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


def ranks(
    bad: np.ndarray,
    p_bad: Mapping[str, np.ndarray],
    *,
    weight: np.ndarray | None,
    group: np.ndarray | None,
    seed: int,
    threads: int = 1,
) -> Ranks:
    """Rank applicants by each model and resample them, all models by the same draws.

    Notes
    -----
    Rows, or whole groups where `group` is given, fall at random into at most 1,000 blocks, and blocks are
    resampled: the same spread as resampling rows, at a cost that does not grow with them.
    """
    bad = np.asarray(bad) == 1
    n, names = len(bad), tuple(p_bad)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(n)
    size = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    block = _blocks(n, group, rng)
    times = rng.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=REPLICATES).astype(float)
    # blocks beyond the number of rows are empty; leave them out, or whole draws would be
    used = int(block.max()) + 1 if n else 0
    if used < BLOCKS:
        times = rng.multinomial(used, np.full(used, 1 / max(used, 1)), size=REPLICATES).astype(float)
    scores = np.stack([np.asarray(p, dtype=float) for p in p_bad.values()])
    rank = np.empty((len(names), n))
    drawn = np.empty((2, len(names), REPLICATES, BINS))

    def place(i: int) -> None:
        score = scores[i]
        order = shuffled[np.argsort(score[shuffled], kind="stable")]
        reached = np.cumsum(size[order])
        rank[i, order] = (reached - size[order] / 2) / (reached[-1] if n else 1.0)
        cell = block * BINS + np.minimum((rank[i] * BINS).astype(np.int64), BINS - 1)
        for side, mask in enumerate((~bad, bad)):
            counts = np.bincount(cell[mask], size[mask], used * BINS).reshape(used, BINS)
            drawn[side, i] = times @ counts

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(place, range(len(names))))
    codes = customer_codes(group)
    return Ranks(names, bad, None if weight is None else size, rank, scores, drawn[0], drawn[1], codes)


def _blocks(n: int, group: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return the block of each row; rows of one group share one."""
    if group is None:
        return rng.permutation(n) % BLOCKS
    codes, found = pd.factorize(np.asarray(group), use_na_sentinel=False)
    return (rng.permutation(len(found)) % BLOCKS)[codes]
