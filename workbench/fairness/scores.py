"""What needs no cut-off: how the scores of groups differ, and how true they are in each."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from workbench.evaluation.discrimination import delong, delong_of
from workbench.evaluation.measure import NAN, Z95
from workbench.evaluation.rates import rates
from workbench.fairness.counts import BAD, NO_OUTCOME
from workbench.fairness.grouping import Grouping
from workbench.fairness.measures import FEWEST_ROWS, TOO_FEW_ROWS

BINS = 10
HISTOGRAM = 40
FEWEST = 5
"""Goods, and bads, below which no AUC of a group is shown."""


def discrimination(
    p_bad: np.ndarray, outcome: np.ndarray, groups: Grouping, weight: np.ndarray | None = None,
    customer: np.ndarray | None = None, order: np.ndarray | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the AUC of each group with DeLong's 95% interval: auc, auc_low, auc_high, auc_reason."""
    lines = []
    known = outcome != NO_OUTCOME
    # safest first within each group, so that nobody is sorted twice
    order = np.argsort(p_bad) if order is None else order
    order = order[np.argsort(groups.code[order], kind="stable")]
    ends = np.concatenate(([0], np.cumsum(np.bincount(groups.code, minlength=len(groups.labels)))))
    for a, b in zip(ends[:-1], ends[1:], strict=True):
        at = order[a:b]
        at = at[known[at]]
        bad = outcome[at] == BAD
        if reason := _too_few(bad, known.any()):
            lines.append((NAN, NAN, NAN, reason))
            continue
        if weight is None and customer is None:
            aucs, covariance = delong_of(*_placed(p_bad[at], bad))
        else:
            aucs, covariance = delong(
                bad, p_bad[at][None], None if weight is None else weight[at],
                group=None if customer is None else customer[at],
            )  # fmt: skip
        error = math.sqrt(float(covariance[0, 0]))
        auc = float(aucs[0])
        lines.append((auc, max(auc - Z95 * error, 0.0), min(auc + Z95 * error, 1.0), ""))
    return pd.DataFrame(lines, columns=["auc", "auc_low", "auc_high", "auc_reason"])


def _placed(p_bad: np.ndarray, bad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows that come safest first as `delong_of` takes them; see `discrimination.placed`."""
    start = np.flatnonzero(np.concatenate(([True], p_bad[1:] != p_bad[:-1])))
    rows = np.diff(start, append=len(p_bad))
    bads = np.add.reduceat(bad, start, dtype=np.int64)
    goods = rows - bads
    below = np.cumsum(goods) - goods / 2
    above = bads.sum() - (np.cumsum(bads) - bads / 2)
    shares = np.where(bad, np.repeat(below / goods.sum(), rows), np.repeat(above / bads.sum(), rows))
    return bad, shares[None]


def _too_few(bad: np.ndarray, any_outcome: bool) -> str:
    if not any_outcome:
        return "no outcomes"
    n_bad = int(bad.sum())
    for n, what in ((n_bad, "bads"), (len(bad) - n_bad, "goods")):
        if n == 0:
            return f"no {what} in this group"
        if n < FEWEST:
            return f"fewer than {FEWEST} {what} in this group"
    return ""


def calibration(
    p_bad: np.ndarray, outcome: np.ndarray, groups: Grouping, weight: np.ndarray | None = None,
    customer: np.ndarray | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return PD against bad rate within each group: over the whole, and by band of PD.

    Returns
    -------
    whole : DataFrame
        One row a group: mean_p_bad (of applicants with an outcome), calibration_gap (mean PD less bad
        rate) with low and high (95%, Wilson of the bad rate), reason.
    bins : DataFrame
        by, group, bin (1 safest; tenths of everyone's PDs, the same for all groups), n, n_bad, mean_p_bad,
        bad_rate, low, high.
    """
    size, known = len(groups.labels), outcome != NO_OUTCOME
    every = bool(known.all())
    p, bad = (p_bad, outcome == BAD) if every else (p_bad[known], outcome[known] == BAD)
    code = groups.code if every else groups.code[known]
    w, who = (None if x is None else x[known] for x in (weight, customer))
    mean, (rate, low, high) = _means(p, code, size, w), rates(bad, code, size, w, who)
    whole = pd.DataFrame({"mean_p_bad": mean, "calibration_gap": mean - rate})
    whole["calibration_gap_low"], whole["calibration_gap_high"] = mean - high, mean - low
    reason = "no applicants with an outcome in this group" if known.any() else "no outcomes"
    whole["calibration_gap_reason"] = np.where(np.isfinite(rate), "", reason)
    if not len(p):
        return whole, pd.DataFrame(columns=_BIN_COLUMNS)
    every = max(len(p) // 100_000, 1)
    edges = np.unique(np.quantile(p[::every], np.linspace(0, 1, BINS + 1)[1:-1]))
    cell = code.astype(np.int32) * (len(edges) + 1) + np.searchsorted(edges, p, side="right")
    cells = size * (len(edges) + 1)
    rate, low, high = rates(bad, cell, cells, w, who)
    bins = pd.DataFrame(
        {
            "by": groups.by, "group": np.repeat(groups.labels, len(edges) + 1),
            "bin": np.tile(np.arange(1, len(edges) + 2), size), "n": np.bincount(cell, minlength=cells),
            "n_bad": np.bincount(cell, bad, cells), "mean_p_bad": _means(p, cell, cells, w),
            "bad_rate": rate, "low": low, "high": high,
        }
    )  # fmt: skip
    return whole, bins[bins["n"] > 0].reset_index(drop=True)


_BIN_COLUMNS = ["by", "group", "bin", "n", "n_bad", "mean_p_bad", "bad_rate", "low", "high"]


def _means(p: np.ndarray, cell: np.ndarray, cells: int, weight: np.ndarray | None) -> np.ndarray:
    whole = np.bincount(cell, weight, cells).astype(float)
    total = np.bincount(cell, p if weight is None else weight * p, cells)
    return np.divide(total, whole, out=np.full(cells, NAN), where=whole > 0)


def distribution(p_bad: np.ndarray, groups: Grouping, weight: np.ndarray | None = None) -> pd.DataFrame:
    """Return how the PDs of each group are spread.

    Returns
    -------
    DataFrame
        by, group, p_low, p_high, n (applicants in the bin), share (of the group, in the bin). Bins of fewer
        than `FEWEST_ROWS` applicants stand together with their neighbours: all lines of such a run say the
        run's n, and an even part of its share. Groups smaller than that are not told.
    """
    size = len(groups.labels)
    if not len(p_bad):
        return pd.DataFrame(columns=["by", "group", "p_low", "p_high", "n", "share"])
    every = max(len(p_bad) // 100_000, 1)
    top = float(max(np.quantile(p_bad[::every], 0.995), 1e-3))
    edges = np.linspace(0, top, HISTOGRAM + 1)
    place = np.minimum((p_bad * (HISTOGRAM / top)).astype(np.int32), HISTOGRAM - 1)
    cell = groups.code.astype(np.int32) * HISTOGRAM + place
    n = np.bincount(cell, minlength=size * HISTOGRAM)
    kept = (n if weight is None else np.bincount(cell, weight, size * HISTOGRAM)).reshape(size, HISTOGRAM)
    whole = kept.sum(axis=1, keepdims=True)
    share = np.divide(kept, whole, out=np.zeros(kept.shape), where=whole > 0).ravel()
    run = _runs(n.reshape(size, HISTOGRAM))
    enough = np.repeat(n.reshape(size, HISTOGRAM).sum(axis=1) >= FEWEST_ROWS, HISTOGRAM)
    found = pd.DataFrame(
        {
            "by": groups.by, "group": np.repeat(groups.labels, HISTOGRAM),
            "p_low": np.tile(edges[:-1], size), "p_high": np.tile(edges[1:], size),
            "n": np.bincount(run, n).astype(np.int64)[run],
            "share": (np.bincount(run, share) / np.bincount(run))[run],
        }
    )  # fmt: skip
    return found[enough].reset_index(drop=True)


def _runs(n: np.ndarray) -> np.ndarray:
    """Return which run of neighbouring bins each bin of each group is in; flat, counted on over groups."""
    out, last = np.zeros(n.shape, np.intp), -1
    for group, counts in enumerate(n):
        first, held = last + 1, FEWEST_ROWS
        for place, count in enumerate(counts.tolist()):
            # bins without anyone tell of no one and stand by themselves, but in the midst of a run
            if held >= FEWEST_ROWS or held == 0:
                last, held = last + 1, 0
            out[group, place] = last
            held += count
        if 0 < held < FEWEST_ROWS and last > first:
            full = [at for at in range(first, last) if counts[out[group] == at].sum()]
            into = full[-1] if full else last
            out[group, out[group] > into] = into
            last = into
    return out.ravel()


def without_cut_off(
    p: np.ndarray, outcome: np.ndarray, groups: Grouping, weight: np.ndarray | None,
    customer: np.ndarray | None, order: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return `discrimination` with the whole of `calibration`, and its bins; too few rows are not told."""
    whole, bins = calibration(p, outcome, groups, weight, customer)
    found = pd.concat([discrimination(p, outcome, groups, weight, customer, order), whole], axis=1)
    n = np.bincount(groups.code, minlength=len(groups.labels))
    known = np.bincount(groups.code[outcome != NO_OUTCOME], minlength=len(groups.labels))
    for name in ("auc", "calibration_gap"):
        few = (known < FEWEST_ROWS) & (found[f"{name}_reason"] == "")
        few |= (n < FEWEST_ROWS) & known.any()
        told = [c for c in found if c.startswith(name) and not c.endswith("reason")]
        found.loc[few, told] = NAN
        found.loc[few, f"{name}_reason"] = TOO_FEW_ROWS
    found.loc[known < FEWEST_ROWS, "mean_p_bad"] = NAN
    bins = of_enough(bins)
    bins.loc[bins["n"] < FEWEST_ROWS, ["n_bad", "mean_p_bad", "bad_rate", "low", "high"]] = NAN
    return found, bins


def of_enough(parts: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of groups that are large enough to be told; each line has a share of its rows, n."""
    whole = parts.groupby("group")["n"].transform("sum")
    return parts[whole >= FEWEST_ROWS].reset_index(drop=True)
