"""How well scores set bads apart from goods: AUC, Gini, KS, average precision and their curves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, Z95, Measure, normal, undefined
from workbench.evaluation.resampled import blocks_of, drawn_again
from workbench.evaluation.tally import Tally, tally, totals

BOOTSTRAP_BINS = 500
REPLICATES = 500
RISKIEST = ("precision_at_10pct_recall", "lift_top_decile")
CURVE_POINTS = 400


def delong(
    bad: np.ndarray,
    scores: np.ndarray,
    weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUC of each score and the covariance of the AUCs on the same rows.

    Parameters
    ----------
    bad : array, shape (n,)
        1 bad, 0 good.
    scores : array, shape (k, n)
        Higher is riskier.
    weight : array, shape (n,), optional
        Sampling weights. The covariance then is that of the linearised weighted AUC, each row counted
        with its squared weight; with equal weights it is DeLong's.
    group : array, shape (n,), optional
        Customer, or whatever else holds rows together. The covariance then counts whole groups, so that
        rows of one customer do not pass for independent ones; groups of one row each change nothing.
    threads : int
        Scores ranked at a time; the result does not hang on it.

    Returns
    -------
    aucs : array, shape (k,)
    covariance : array, shape (k, k)
        Both NaN without goods or without bads; the covariance also with one good or one bad only.

    References
    ----------
    DeLong et al. (1988), doi:10.2307/2531595; the sorted form: Sun and Xu (2014),
    doi:10.1109/LSP.2014.2337313; rows in groups: Obuchowski (1997), doi:10.2307/2533958.

    Examples
    --------
    >>> aucs, covariance = delong(np.array([0, 0, 1, 1]), np.array([[0.1, 0.4, 0.35, 0.8]]))
    >>> float(aucs[0]), float(covariance[0, 0])
    (0.75, 0.125)
    """
    scores = np.atleast_2d(np.asarray(scores, dtype=float))
    weight = np.ones(scores.shape[1]) if weight is None else np.asarray(weight, dtype=float)
    kept = weight > 0
    is_bad, weight = np.asarray(bad)[kept] == 1, weight[kept]
    size = len(scores)
    grouped = None if group is None else np.asarray(group)[kept]
    rows = np.empty((size, len(is_bad)))

    def place(i: int) -> None:
        rows[i] = placed(tally(is_bad, scores[i][kept], weight), is_bad)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(place, range(size)))
    return delong_of(is_bad, rows, weight, grouped)


def delong_of(
    is_bad: np.ndarray, placed: np.ndarray, weight: np.ndarray | None = None, group: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `delong` returns, of scores whose rows were placed before.

    Parameters
    ----------
    is_bad : array of bool, shape (n,)
    placed : array, shape (k, n)
        What `placed` gives for each score.
    weight : array, shape (n,), optional
        All above 0.
    """
    size = len(placed)
    if is_bad.all() or not is_bad.any():
        return np.full(size, NAN), np.full((size, size), NAN)
    counts_groups = group is not None and pd.Series(group).duplicated().any()
    pulls = np.empty_like(placed) if counts_groups else None
    covariance, aucs = np.zeros((size, size)), np.empty(0)
    for side in (np.flatnonzero(~is_bad), np.flatnonzero(is_bad)):
        share = np.full(len(side), 1 / len(side)) if weight is None else weight[side] / weight[side].sum()
        of_side = np.take(placed, side, axis=1)
        aucs = of_side @ share
        of_side -= aucs[:, None]
        of_side *= share
        if pulls is not None:
            pulls[:, side] = of_side
        covariance += of_side @ of_side.T * (len(side) / (len(side) - 1) if len(side) > 1 else NAN)
    return aucs, covariance if pulls is None else _of_groups(pulls, group)


def _of_groups(pulls: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the covariance of sums whose terms come in independent groups."""
    codes, names = pd.factorize(group, use_na_sentinel=False)
    count = len(names)
    if count < 2:
        return np.full((len(pulls), len(pulls)), NAN)
    summed = np.stack([np.bincount(codes, pull, count) for pull in pulls])
    return summed @ summed.T * (count / (count - 1))


def placed(tallied: Tally, is_bad: np.ndarray) -> np.ndarray:
    """Return for each bad the share of goods that score lower, for each good the share of bads higher."""
    if tallied.undefined:
        return np.full(tallied.n, NAN)
    of_bads, of_goods = placements(tallied)
    if len(of_bads) < tallied.n:
        of_bads, of_goods = np.repeat(of_bads, tallied.rows), np.repeat(of_goods, tallied.rows)
    found = np.empty(tallied.n)
    found[tallied.order] = np.where(is_bad[tallied.order], of_bads, of_goods)
    return found


def placements(tallied: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Return, at each distinct score, the share of goods below and the share of bads above; ties half.

    Returns
    -------
    of_bads, of_goods : array, shape (k,)
        Their weighted means over bads and over goods both are the AUC.
    """
    goods, bads = np.cumsum(tallied.goods), np.cumsum(tallied.bads)
    of_bads = 1.0 - (goods - tallied.goods / 2) / goods[-1]
    of_goods = (bads - tallied.bads / 2) / bads[-1]
    return of_bads, of_goods


def auc(tallied: Tally) -> Measure:
    """Return the AUC, the chance that a bad scores riskier than a good, with DeLong's interval.

    Notes
    -----
    The interval is normal and clipped to 0 and 1. It is that of `delong` for one score.
    """
    reason = tallied.undefined
    if reason:
        return undefined("auc", reason, tallied.n, tallied.n_bad)
    of_bads, of_goods = placements(tallied)
    value = float(of_bads @ tallied.bads / tallied.bads.sum())
    variance = 0.0
    sides = (
        (of_bads, tallied.bads, tallied.bads_squared, tallied.n_bad),
        (of_goods, tallied.goods, tallied.goods_squared, tallied.n - tallied.n_bad),
    )
    for placed, weight, squared, count in sides:
        correction = count / (count - 1) if count > 1 else NAN
        variance += float(squared @ (placed - value) ** 2) / float(weight.sum()) ** 2 * correction
    return normal("auc", value, variance**0.5, tallied.n, tallied.n_bad, 0.0, 1.0)


def gini(of_auc: Measure) -> Measure:
    """Return the Gini, ``2 AUC - 1``, from the AUC and its interval."""
    return of_auc._replace(
        name="gini", value=2 * of_auc.value - 1, low=2 * of_auc.low - 1, high=2 * of_auc.high - 1
    )


def rank_measures(tallied: Tally, seed: int) -> list[Measure]:
    """Return what the order of the scores gives, with intervals from one bootstrap.

    Returns
    -------
    list of Measure
        KS, the score at which it occurs, average precision, and what `riskiest` gives.
    """
    reason = tallied.undefined
    n, n_bad = tallied.n, tallied.n_bad
    if reason:
        names = ("ks", "ks_at", "average_precision", *RISKIEST)
        return [undefined(name, reason, n, n_bad) for name in names]
    distance = _distances(tallied.goods, tallied.bads)
    ks = float(distance.max())
    precision = float(_average_precision(tallied.goods, tallied.bads))
    drawn = _bootstrap(tallied, seed)
    low, high = np.quantile(_average_precision(*drawn), [0.025, 0.975])
    at = float(tallied.score[distance.argmax()])
    return [
        _ks(tallied, ks, _greatest_distance(*drawn)),
        Measure("ks_at", at, NAN, NAN, n, n_bad, "no interval: it is a place, not an estimate"),
        _rank_measure("average_precision", tallied, precision, float(low), float(high)),
        *riskiest(tallied, drawn),
    ]


def riskiest(tallied: Tally, drawn: tuple[np.ndarray, np.ndarray]) -> list[Measure]:
    """Return precision at 10% recall and the lift of the riskiest tenth, with intervals from what was drawn.

    Notes
    -----
    Precision at 10% recall is that of the strictest cut-off that catches a tenth of the bads. Lift is the
    bad rate of the riskiest tenth of applicants over that of all; applicants who share a score on the
    border count in proportion.
    """
    measures = zip(RISKIEST, (_precision_at_recall, _lift), strict=True)
    return [_drawn_measure(name, tallied, drawn, measure) for name, measure in measures]


def _drawn_measure(
    name: str, tallied: Tally, drawn: tuple[np.ndarray, np.ndarray], measure: Callable[..., np.ndarray]
) -> Measure:
    value = float(measure(tallied.goods, tallied.bads))
    low, high = np.quantile(measure(*drawn), [0.025, 0.975])
    low, high = min(float(low), value), max(float(high), value)
    if not low < high:
        return Measure(
            name, value, NAN, NAN, tallied.n, tallied.n_bad, "no interval: the rows show no spread"
        )
    return Measure(name, value, low, high, tallied.n, tallied.n_bad)


def _precision_at_recall(goods: np.ndarray, bads: np.ndarray, recall: float = 0.10) -> np.ndarray:
    caught, flagged = np.cumsum(bads, axis=-1), np.cumsum(goods + bads, axis=-1)
    # the last bits of a sum must not move the cut-off
    at = (caught >= recall * caught[..., -1:] * (1 - 1e-12)).argmax(axis=-1)[..., None]
    return (np.take_along_axis(caught, at, -1) / np.take_along_axis(flagged, at, -1))[..., 0]


def _lift(goods: np.ndarray, bads: np.ndarray, top: float = 0.10) -> np.ndarray:
    caught, flagged = np.cumsum(bads, axis=-1), np.cumsum(goods + bads, axis=-1)
    wanted = top * flagged[..., -1:]
    at = (flagged >= wanted).argmax(axis=-1)[..., None]
    over = np.take_along_axis(flagged, at, -1) - wanted
    own = np.take_along_axis(bads, at, -1)
    weight = np.take_along_axis(goods + bads, at, -1)
    whole = np.take_along_axis(caught, at, -1) - own * over / weight
    return (whole / caught[..., -1:] / top)[..., 0]


def _distances(goods: np.ndarray, bads: np.ndarray) -> np.ndarray:
    goods, bads = np.cumsum(goods, axis=-1), np.cumsum(bads, axis=-1)
    return np.abs(bads / bads[..., -1:] - goods / goods[..., -1:])


def _greatest_distance(goods: np.ndarray, bads: np.ndarray) -> np.ndarray:
    return _distances(goods, bads).max(axis=-1)


def _average_precision(goods: np.ndarray, bads: np.ndarray) -> np.ndarray:
    caught, flagged = np.cumsum(bads, axis=-1), np.cumsum(goods + bads, axis=-1)
    precision = np.divide(caught, flagged, out=np.zeros_like(caught), where=flagged > 0)
    return (bads * precision).sum(axis=-1) / caught[..., -1]


def _bootstrap(tallied: Tally, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return resampled weights of goods and bads in narrow score bins, each (replicates, bins).

    A bin's weight is drawn with the mean and the variance that resampling its rows would give it; where
    customers have several rows, whole customers are resampled.
    """
    start = tallied.equal_mass(BOOTSTRAP_BINS)
    rng = np.random.default_rng(seed)
    drawn = _by_row(tallied, start, rng) if tallied.customers is None else _by_customer(tallied, start, rng)
    whole = (drawn[0].sum(axis=1) > 0) & (drawn[1].sum(axis=1) > 0)
    return drawn[0][whole], drawn[1][whole]


def _by_row(tallied: Tally, start: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    drawn = []
    for weight, squared in ((tallied.goods, tallied.goods_squared), (tallied.bads, tallied.bads_squared)):
        total, square = totals(weight, start), totals(squared, start)
        scale = np.divide(square, total, out=np.ones_like(total), where=total > 0)
        drawn.append(rng.poisson(total / scale, size=(REPLICATES, len(start))) * scale)
    return drawn


def _by_customer(tallied: Tally, start: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    own, bins = tallied.customers, len(start)
    block = blocks_of(own.code, rng)
    cell = (block * 2 + own.is_bad) * bins + tallied.cell(start)[own.at]
    blocks = int(block.max()) + 1
    counts = np.bincount(cell, own.weight, blocks * 2 * bins).reshape(blocks, 2 * bins)
    drawn = drawn_again(counts, REPLICATES, rng)
    return [drawn[:, :bins], drawn[:, bins:]]


def _rank_measure(name: str, tallied: Tally, value: float, low: float, high: float) -> Measure:
    if not low < high:
        return Measure(
            name, value, NAN, NAN, tallied.n, tallied.n_bad, "no interval: the rows show no spread"
        )
    low, high = max(min(low, value), 0.0), min(max(high, value), 1.0)
    return Measure(name, value, low, high, tallied.n, tallied.n_bad)


def _ks(tallied: Tally, value: float, drawn: np.ndarray) -> Measure:
    """Return KS with its interval.

    A maximum comes out too high in a sample, and higher again in a resample. The lower bound is brought
    down by twice what resampling adds; simulated, the interval then holds the truth 93 to 95 times of 100,
    the plain percentiles only 70 to 90.
    """
    spread, added = float(drawn.std()), max(float(drawn.mean()) - value, 0.0)
    return _rank_measure("ks", tallied, value, value - 2 * added - Z95 * spread, value + Z95 * spread)


def curves(tallied: Tally) -> dict[str, pd.DataFrame]:
    """Return the ROC, KS, gains and precision-recall curves, thinned for drawing; empty where undefined.

    The first and last points and the point of the greatest distance are always kept.
    """
    columns = {
        "roc": ["share_goods", "share_bads", "p_bad"],
        "ks_curve": ["p_bad", "cumulative_goods", "cumulative_bads", "distance"],
        "gains": ["share_applicants", "share_bads", "lift"],
        "precision_recall": ["recall", "precision", "p_bad"],
    }
    if tallied.undefined:
        return {name: pd.DataFrame(columns=names, dtype=float) for name, names in columns.items()}
    at = _kept(tallied)
    goods, bads = np.cumsum(tallied.goods), np.cumsum(tallied.bads)
    share_goods, share_bads = goods[at] / goods[-1], bads[at] / bads[-1]
    share, p_bad = (goods + bads)[at] / (goods[-1] + bads[-1]), tallied.score[at]
    values = {
        "roc": [_from(0.0, share_goods), _from(0.0, share_bads), _from(NAN, p_bad)],
        "ks_curve": [p_bad, share_goods, share_bads, share_bads - share_goods],
        "gains": [_from(0.0, share), _from(0.0, share_bads), _from(NAN, share_bads / share)],
        "precision_recall": [share_bads, bads[at] / (goods + bads)[at], p_bad],
    }
    return {name: pd.DataFrame(dict(zip(columns[name], values[name], strict=True))) for name in columns}


def _from(first: float, rest: np.ndarray) -> np.ndarray:
    return np.concatenate(([first], rest))


def _kept(tallied: Tally) -> np.ndarray:
    """Return positions of the points drawn: evenly spaced along the curve, its corners kept."""
    size = len(tallied.score)
    if size <= CURVE_POINTS:
        return np.arange(size)
    length = np.cumsum(tallied.goods / tallied.goods.sum() + tallied.bads / tallied.bads.sum())
    even = np.searchsorted(length, np.linspace(0.0, length[-1], CURVE_POINTS - 3))
    corners = [0, int(_distances(tallied.goods, tallied.bads).argmax()), size - 1]
    return np.unique(np.concatenate((np.minimum(even, size - 1), corners)))
