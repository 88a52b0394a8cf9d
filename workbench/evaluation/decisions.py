"""What a cut-off does: who is approved, what is caught, and the table by tenths of applicants."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Measure, proportion, undefined, wilson
from workbench.evaluation.tally import NO_BADS, NO_GOODS, NO_ROWS, Tally, totals
from workbench.policy import Policy

CUT_OFF_MEASURES = (
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "approval_rate",
    "approved_or_referred_rate",
    "bad_rate_approved",
)
BAND_COLUMNS = (
    "band",
    "p_low",
    "p_high",
    "n",
    "goods",
    "bads",
    "bad_rate",
    "low",
    "high",
    "mean_p_bad",
)
DECILE_COLUMNS = (
    "decile",
    "p_low",
    "p_high",
    "n",
    "share",
    "goods",
    "bads",
    "bad_rate",
    "odds",
    "cumulative_goods",
    "cumulative_bads",
    "ks",
    "lift",
    "cumulative_bad_rate",
    "cumulative_approval",
    "mean_p_bad",
    "actual_minus_expected",
    "points_low",
    "points_high",
)


def bad_rate(tallied: Tally) -> Measure:
    """Return the share of bads with its Wilson interval."""
    squared = float((tallied.goods_squared + tallied.bads_squared).sum())
    bads, whole = float(tallied.bads.sum()), float(tallied.weight.sum())
    return proportion("bad_rate", bads, whole, squared, tallied.n, tallied.n_bad, tallied.undefined)


def at_cut_off(tallied: Tally, cut_off: float, decline_from: float) -> list[Measure]:
    """Return the measures at a cut-off; flagged means not approved, PD at or above it.

    Parameters
    ----------
    cut_off : float
        PD below which an applicant is approved; NaN where none was given.
    decline_from : float
        PD from which an applicant is declined; NaN without a policy.

    Notes
    -----
    Wilson intervals. F1 is a rising function of the share caught among all that are bad or flagged
    (``F1 = 2J / (1 + J)``), so its interval is that share's.
    """
    if np.isnan(cut_off):
        why = "no cut-off was given"
        return [undefined(name, why, tallied.n, tallied.n_bad) for name in CUT_OFF_MEASURES]
    flagged = _Cells(tallied, tallied.score >= cut_off)
    passed = _Cells(tallied, tallied.score < cut_off)
    whole = _Cells(tallied, np.ones(len(tallied.score), dtype=bool))
    caught, missed = flagged.bads, passed.bads
    right = caught + passed.goods
    n, n_bad = tallied.n, tallied.n_bad
    union, union_squared = flagged.weight + missed, flagged.squared + passed.bads_squared
    union_rows = flagged.n + passed.n_bad
    of_union = proportion("f1", caught, union, union_squared, union_rows, n_bad, "nobody is bad or flagged")
    return [
        whole.share("accuracy", right, NO_ROWS),
        flagged.share("precision", caught, "nobody is flagged"),
        proportion("recall", caught, whole.bads, whole.bads_squared, n_bad, n_bad, NO_BADS),
        proportion("specificity", passed.goods, whole.goods, whole.goods_squared, n - n_bad, 0, NO_GOODS),
        of_union._replace(value=_f1(of_union.value), low=_f1(of_union.low), high=_f1(of_union.high)),
        whole.share("approval_rate", passed.weight, NO_ROWS),
        _approved_or_referred(tallied, whole, cut_off, decline_from),
        passed.share("bad_rate_approved", missed, "nobody is approved"),
    ]


class _Cells:
    """Sums over the distinct scores in a mask."""

    def __init__(self, tallied: Tally, mask: np.ndarray) -> None:
        self.goods = float(tallied.goods[mask].sum())
        self.bads = float(tallied.bads[mask].sum())
        self.goods_squared = float(tallied.goods_squared[mask].sum())
        self.bads_squared = float(tallied.bads_squared[mask].sum())
        self.n = int(tallied.rows[mask].sum())
        self.n_bad = int(tallied.rows_bad[mask].sum())
        self.weight = self.goods + self.bads
        self.squared = self.goods_squared + self.bads_squared

    def share(self, name: str, part: float, reason: str) -> Measure:
        return proportion(name, part, self.weight, self.squared, self.n, self.n_bad, reason)


def _f1(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def _approved_or_referred(tallied: Tally, whole: _Cells, cut_off: float, decline_from: float) -> Measure:
    name = "approved_or_referred_rate"
    if np.isnan(decline_from):
        return undefined(name, "no policy was given", tallied.n, tallied.n_bad)
    kept = _Cells(tallied, tallied.score < max(cut_off, decline_from))
    return whole.share(name, kept.weight, NO_ROWS)


def confusion(tallied: Tally, cut_off: float, decline_from: float) -> pd.DataFrame:
    """Return decision, goods, bads (sums of weights) and n (rows); empty without a cut-off."""
    if np.isnan(cut_off):
        return pd.DataFrame({"decision": [], "goods": [], "bads": [], "n": []})
    score = tallied.score
    if np.isnan(decline_from):
        masks = {"approve": score < cut_off, "not approved": score >= cut_off}
    else:
        upper = max(cut_off, decline_from)
        masks = {
            "approve": score < cut_off,
            "refer": (score >= cut_off) & (score < upper),
            "decline": score >= upper,
        }
    cells = {decision: _Cells(tallied, mask) for decision, mask in masks.items()}
    rows = [{"decision": d, "goods": c.goods, "bads": c.bads, "n": c.n} for d, c in cells.items()]
    return pd.DataFrame(rows)


def bands(tallied: Tally, policy: Policy | None) -> pd.DataFrame:
    """Return what each band of a policy holds, safest first; empty without a policy.

    Returns
    -------
    DataFrame
        band, p_low (PD from), p_high (PD below), n (rows), goods, bads (sums of weights), bad_rate with
        low, high (Wilson 95%), mean_p_bad. A band without applicants has a line, its rates NaN.
    """
    if policy is None:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in BAND_COLUMNS})
    k = len(policy.bands)
    code = policy.band_codes(tallied.score)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(code, values, k)

    goods, bads = summed(tallied.goods), summed(tallied.bads)
    weight, squared = goods + bads, summed(tallied.goods_squared + tallied.bads_squared)
    some = weight > 0
    rate = np.divide(bads, weight, out=np.full(k, NAN), where=some)
    trials = np.divide(weight**2, squared, out=np.zeros(k), where=some)
    low, high = wilson(np.where(some, rate, 0.0) * trials, trials)
    mean = np.divide(summed(tallied.score * tallied.weight), weight, out=np.full(k, NAN), where=some)
    return pd.DataFrame(
        {
            "band": np.array(policy.bands, dtype=object),
            "p_low": [0.0, *policy.band_edges],
            "p_high": [*policy.band_edges, 1.0],
            "n": summed(tallied.rows).astype(np.int64),
            "goods": goods,
            "bads": bads,
            "bad_rate": rate,
            "low": low,
            "high": high,
            "mean_p_bad": mean,
        }
    )


def deciles(tallied: Tally, points: np.ndarray | None = None) -> pd.DataFrame:
    """Return the table by tenths of applicants, riskiest first.

    Parameters
    ----------
    points : array, shape (n,), optional
        Points of the rows as they were given to `tally`.

    Returns
    -------
    DataFrame
        decile (1 riskiest), p_low, p_high, n (rows), share, goods, bads (sums of weights), bad_rate,
        odds (goods to one bad, NaN without bads), cumulative_goods, cumulative_bads (shares of all goods
        and bads in this and riskier deciles), ks (their distance), lift, cumulative_bad_rate (of this and
        riskier deciles), cumulative_approval (share approved if this and riskier deciles are not),
        mean_p_bad, actual_minus_expected, points_low, points_high (NaN without points). One score stays
        in one decile, so ties may give fewer than ten.
    """
    if not tallied.n:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in DECILE_COLUMNS})
    start = tallied.equal_mass(10)
    last = np.append(start[1:], len(tallied.score)) - 1
    goods, bads = totals(tallied.goods, start), totals(tallied.bads, start)
    weight = goods + bads
    rate, whole = bads / weight, weight.sum()
    all_goods, all_bads = _share_of(np.cumsum(goods)), _share_of(np.cumsum(bads))
    mean = totals(tallied.score * tallied.weight, start) / weight
    frame = pd.DataFrame(
        {
            "decile": np.arange(1, len(start) + 1),
            "p_low": tallied.score[last],
            "p_high": tallied.score[start],
            "n": totals(tallied.rows, start),
            "share": weight / whole,
            "goods": goods,
            "bads": bads,
            "bad_rate": rate,
            "odds": np.divide(goods, bads, out=np.full(len(bads), NAN), where=bads > 0),
            "cumulative_goods": all_goods,
            "cumulative_bads": all_bads,
            "ks": np.abs(all_bads - all_goods),
            "lift": rate / (bads.sum() / whole) if bads.sum() > 0 else np.full(len(bads), NAN),
            "cumulative_bad_rate": np.cumsum(bads) / np.cumsum(weight),
            "cumulative_approval": np.clip(1 - np.cumsum(weight) / whole, 0.0, 1.0),
            "mean_p_bad": mean,
            "actual_minus_expected": rate - mean,
        }
    )
    low, high = _points_range(tallied, points, start)
    return frame.assign(points_low=low, points_high=high)[list(DECILE_COLUMNS)]


def _share_of(running: np.ndarray) -> np.ndarray:
    return running / running[-1] if running[-1] > 0 else np.full(len(running), NAN)


def _points_range(
    tallied: Tally, points: np.ndarray | None, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if points is None:
        return np.full(len(start), NAN), np.full(len(start), NAN)
    points = np.asarray(points, dtype=float)
    points = points if tallied.kept is None else points[tallied.kept]
    ranked, first = points[tallied.order], tallied.start[start]
    return np.minimum.reduceat(ranked, first), np.maximum.reduceat(ranked, first)
