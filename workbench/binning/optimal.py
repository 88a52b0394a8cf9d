"""The merge of neighbouring fine bins with the greatest IV, found exactly by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.binning.values import BinSpec

U_SHAPE_GAIN, U_SHAPE_SHARE = 0.02, 0.10
_SIGNS = {"auto": (1, -1), "rising": (1,), "falling": (-1,), "peak": (1,), "valley": (-1,)}


@dataclass(frozen=True, eq=False)
class Fine:
    """Fine bins in order, and the totals of everything, bins that stand apart included.

    Attributes
    ----------
    goods, bads : array of float, shape (P,)
        Mass in each fine bin.
    n_good, n_bad : array of int, shape (P,)
        Rows in each fine bin.
    total_goods, total_bads : float
        Mass over all rows, missing and special codes too: shares are of these.
    """

    goods: np.ndarray
    bads: np.ndarray
    n_good: np.ndarray
    n_bad: np.ndarray
    total_goods: float
    total_bads: float


@dataclass(frozen=True)
class Merged:
    """The best merge: the first fine bin of each bin (0 comes first), its trend and IV."""

    starts: tuple[int, ...]
    trend: str
    iv: float


@dataclass(frozen=True, eq=False)
class _Table:
    """Best IVs by (layer, direction, phase, first fine bin of the last bin, its last fine bin)."""

    best: np.ndarray
    before: np.ndarray


def merge(fine: Fine, spec: BinSpec = BinSpec()) -> Merged:  # noqa: B008  frozen
    """Merge neighbouring fine bins so that the IV is greatest under the trend and the least sizes.

    Each bin costs what chance alone would bring it, `BinSpec.chance` times.

    Notes
    -----
    ``best[i, j]`` is the greatest IV of bins over fine bins 0..j whose last one is i..j: its own
    IV plus the greatest ``best[h, i - 1]`` whose bad rate is lower (rising) or higher (falling).
    A peak has two phases, rising and then falling; a valley is a peak of the opposite rates. The
    number of bins is a dimension of its own only where the best merge without it has too many.
    Where the rows do not suffice for a single bin of the least size, there is one bin.
    """
    iv, rate = _spans(fine, spec)
    signs, two_phases = _SIGNS[spec.trend], spec.trend not in ("rising", "falling")
    if not np.isfinite(iv).any():
        return Merged((0,), "one bin", 0.0)
    worth = iv - spec.chance * (1 / fine.n_good.sum() + 1 / fine.n_bad.sum())
    answer = _choose(_solve(worth, rate, signs, two_phases, 0), spec)
    if len(answer) > spec.max_bins:
        answer = _choose(_solve(worth, rate, signs, two_phases, spec.max_bins), spec)
    if not answer:
        return Merged((0,), "one bin", 0.0)
    ends = (*(start - 1 for start in answer[1:]), len(rate) - 1)
    rates = np.array([rate[i, j] for i, j in zip(answer, ends, strict=True)])
    total = float(sum(iv[i, j] for i, j in zip(answer, ends, strict=True)))
    return Merged(answer, trend_of(rates), total)


def trend_of(rates: np.ndarray) -> str:
    """Return how bad rates run: rising, falling, peak, valley, "one bin", else "mixed".

    Examples
    --------
    >>> trend_of(np.array([0.1, 0.3, 0.2])), trend_of(np.array([0.3]))
    ('peak', 'one bin')
    """
    steps = np.sign(np.diff(rates))
    if not len(steps):
        return "one bin"
    turns = int((steps[1:] != steps[:-1]).sum())
    if turns == 0:
        return "rising" if steps[0] > 0 else "falling"
    return "mixed" if turns > 1 else "peak" if steps[0] > 0 else "valley"


def _spans(fine: Fine, spec: BinSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return the IV and the bad rate of fine bins i..j taken together; -inf where that is too small."""

    def over(x: np.ndarray) -> np.ndarray:
        below = np.concatenate([[0.0], np.cumsum(x)])
        return below[1:] - below[:-1, None]

    goods, bads = over(fine.goods), over(fine.bads)
    total = fine.total_goods + fine.total_bads
    large = (goods + bads >= (spec.min_share - 1e-12) * total) & (goods > 0) & (bads > 0)
    large &= (over(fine.n_bad) >= spec.min_bads) & (over(fine.n_good) >= spec.min_bads)
    large &= np.tri(len(goods), dtype=bool).T
    g = np.where(large, goods, 1.0) / fine.total_goods
    b = np.where(large, bads, 1.0) / fine.total_bads
    iv = np.where(large, (g - b) * np.log(g / b), -np.inf)
    return iv, np.where(large, bads, 1.0) / np.where(large, goods + bads, 1.0)


def _solve(
    worth: np.ndarray, rate: np.ndarray, signs: tuple[int, ...], two_phases: bool, most: int
) -> _Table:
    """Fill the table; with `most` bins at most, layer m holds merges into m + 1 bins, else there is one."""
    p, layers = len(worth), most or 1
    best = np.full((layers, len(signs), 2, p, p), -np.inf)
    before = np.full(best.shape, -1, dtype=np.int32)
    best[0, :, 0, 0, :] = worth[0]
    directions = np.array(signs)[:, None, None]
    for i in range(1, p):
        ends = np.flatnonzero(np.isfinite(worth[i]))
        starts = np.flatnonzero(np.isfinite(worth[:i, i - 1]))
        if not len(ends) or not len(starts):
            continue
        step = directions * (rate[i, ends] - rate[starts, i - 1][:, None])
        held = best[:, :, :, starts, i - 1]
        phases = ((0, held[:, :, 0], step > 0),)
        if two_phases:
            phases += ((1, held.max(axis=2), step < 0),)
        for phase, values, allowed in phases:
            reached = np.where(allowed, values[..., None], -np.inf)
            arg = reached.argmax(axis=2)
            gained = np.take_along_axis(reached, arg[:, :, None], axis=2)[:, :, 0] + worth[i, ends]
            from_phase = 0 if phase == 0 else np.take_along_axis(held.argmax(axis=2), arg, axis=2)
            came = (from_phase * p + starts[arg]).astype(np.int32)
            if most:
                best[1:, :, phase, i, ends] = gained[:-1]
                before[1:, :, phase, i, ends] = came[:-1]
            else:
                best[:, :, phase, i, ends] = gained
                before[:, :, phase, i, ends] = came
    return _Table(best, before)


def _choose(table: _Table, spec: BinSpec) -> tuple[int, ...]:
    """Return the starts of the best merge; none where no merge is large enough."""
    last = table.best[..., -1]
    monotone, turning = last[:, :, 0], last[:, :, 1]
    one, two = float(monotone.max()), float(turning.max())
    phase = 0
    if spec.trend == "auto":
        phase = int(two >= one + max(U_SHAPE_GAIN, U_SHAPE_SHARE * one)) if np.isfinite(one) else 0
    elif two > one:
        phase = 1
    at = np.unravel_index(int(last[:, :, phase].argmax()), monotone.shape)
    if not np.isfinite(last[at[0], at[1], phase, at[2]]):
        return ()
    return _trace(table, int(at[0]), int(at[1]), phase, int(at[2]))


def _trace(table: _Table, layer: int, direction: int, phase: int, start: int) -> tuple[int, ...]:
    p = table.best.shape[-1]
    starts, end = [start], p - 1
    while (came := int(table.before[layer, direction, phase, start, end])) >= 0:
        layer -= table.best.shape[0] > 1
        end, phase, start = start - 1, came // p, came % p
        starts.append(start)
    return tuple(reversed(starts))
