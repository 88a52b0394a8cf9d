"""What attributions of many rows come to: importance, dependence beside what was seen, pairs, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from workbench.evaluation.measure import Z95
from workbench.evaluation.rates import rates
from workbench.explanation.attributions import Attributions, Interactions
from workbench.explanation.rows import FEWEST, MOST_LEVELS, OTHER, Cut, Rows
from workbench.portfolio import Portfolio

IMPORTANCE = ("characteristic", "title", "importance", "low", "high", "share", "mean", "n", "n_bad", "reason")
DEPENDENCE = (
    "characteristic", "bin", "label", "at", "from", "to", "n", "n_known", "n_bad", "weight", "mean", "q10",
    "q90", "mean_p_bad", "bad_rate", "low", "high", "reason",
)  # fmt: skip
PAIRS = ("first", "second", "first_title", "second_title", "strength", "low", "high", "n")
GROUPED = ("by", "group", "characteristic", "importance", "low", "high", "mean", "n", "n_bad", "reason")
NO_INTERVAL = "no interval: too few rows for one"
FEW_ROWS = f"not told: fewer than {FEWEST} rows"
UNKNOWN = "bad rate not defined: no outcome is known here"
FEW = 2


def mean_and_error(values: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean of each column and its standard error, between customers where there are any.

    Parameters
    ----------
    values : array, shape (n, k)

    Returns
    -------
    mean, error : array, shape (k,)
        The error is NaN with fewer than two rows or customers, and means are NaN without rows.
    """
    width = values.shape[1]
    if not len(values):
        return np.full(width, np.nan), np.full(width, np.nan)
    w = rows.weights / rows.weights.sum()
    mean = w @ values
    pull = w[:, None] * (values - mean)
    if rows.code is not None:
        order = np.argsort(rows.code, kind="stable")
        starts = np.flatnonzero(np.diff(rows.code[order], prepend=-1))
        pull = np.add.reduceat(pull[order], starts, axis=0)
    count = len(pull)
    if count < FEW:
        return mean, np.full(width, np.nan)
    return mean, np.sqrt((pull**2).sum(axis=0) * count / (count - 1))


def importance(held: Attributions, rows: Rows, portfolio: Portfolio) -> pd.DataFrame:
    """Return the mean absolute value of each characteristic with its 95% interval, the largest first.

    Returns
    -------
    DataFrame
        characteristic, title, importance, low, high (in the unit of the values), share (of the sum over
        characteristics), mean (signed: above 0 the rows are riskier in it than the reference), n, n_bad,
        reason (why the interval is not defined). The interval is that of other applicants drawn like
        these, held against the same model.
    """
    size, error = mean_and_error(np.abs(held.values), rows)
    mean, _ = mean_and_error(held.values, rows)
    whole = size.sum()
    found = pd.DataFrame(
        {
            "characteristic": held.characteristics,
            "title": [portfolio.characteristic(name).shown for name in held.characteristics],
            "importance": size, "low": np.maximum(size - Z95 * error, 0.0), "high": size + Z95 * error,
            "share": size / whole if whole > 0 else np.zeros(len(size)),
            "mean": mean, "n": len(rows), "n_bad": int(rows.bad.sum()),
            "reason": np.where(np.isnan(error), NO_INTERVAL, ""),
        },
        columns=list(IMPORTANCE),
    )  # fmt: skip
    return found.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def dependence(name: str, cut: Cut, value: np.ndarray, p_bad: np.ndarray, rows: Rows) -> pd.DataFrame:
    """Return one characteristic's values, PDs and outcomes by bin.

    Parameters
    ----------
    value : array, shape (n,)
        Its attributions.

    Returns
    -------
    DataFrame
        characteristic, bin, label, at, from, to (of a bin of numbers, else NaN), n, n_known (outcome known),
        n_bad, weight; mean, q10, q90 of the attributions; mean_p_bad of the rows whose outcome is known, or
        of all where none is; bad_rate, low, high (95% Wilson, on as many rows as those there are as
        informative); reason (why the bad rate is not defined, or that the bin has too few rows to be told,
        which leaves all but its n and weight empty).
    """
    cells, w, known = len(cut), rows.weights, rows.known
    weight = np.bincount(cut.code, w, cells)
    order = np.lexsort((value, cut.code))
    parts = np.split(order, np.cumsum(np.bincount(cut.code, minlength=cells))[:-1])
    ends = [_quantiles(value[part], w[part], (0.1, 0.9)) for part in parts]
    code = None if rows.code is None else rows.code[known]
    seen, low, high = rates(
        rows.bad[known].astype(int), cut.code[known], cells,
        None if rows.weight is None else rows.weight[known], code,
    )  # fmt: skip
    n_known = np.bincount(cut.code[known], minlength=cells)
    beside = known if known.any() else np.ones(len(rows), bool)
    whole = np.bincount(cut.code[beside], w[beside], cells)
    expected = np.bincount(cut.code[beside], (w * p_bad)[beside], cells)
    found = pd.DataFrame(
        {
            "characteristic": name, "bin": np.arange(cells), "label": cut.labels,
            "at": cut.at, "from": cut.low, "to": cut.high,
            "n": np.bincount(cut.code, minlength=cells), "n_known": n_known,
            "n_bad": np.bincount(cut.code[rows.bad], minlength=cells), "weight": weight,
            "mean": np.bincount(cut.code, w * value, cells) / weight,
            "q10": [low for low, _ in ends], "q90": [high for _, high in ends],
            "mean_p_bad": np.divide(expected, whole, out=np.full(cells, np.nan), where=whole > 0),
            "bad_rate": seen, "low": low, "high": high, "reason": np.where(n_known > 0, "", UNKNOWN),
        },
        columns=list(DEPENDENCE),
    )  # fmt: skip
    few = found["n"] < FEWEST
    if few.any():
        untold = ["n_known", "n_bad", "mean", "q10", "q90", "mean_p_bad", "bad_rate", "low", "high"]
        found[untold] = found[untold].astype(float)
        found.loc[few, untold] = np.nan
        found.loc[few, "reason"] = FEW_ROWS
    return found


def _quantiles(ordered: np.ndarray, weight: np.ndarray, at: Sequence[float]) -> tuple[float, ...]:
    share = np.cumsum(weight)
    places = np.searchsorted(share, np.array(at) * share[-1])
    return tuple(float(v) for v in ordered[np.minimum(places, len(ordered) - 1)])


def pairs(held: Interactions, rows: Rows, portfolio: Portfolio) -> pd.DataFrame:
    """Return how strongly each pair acts together, the strongest first.

    Returns
    -------
    DataFrame
        first, second, first_title, second_title, strength (mean absolute value of what the two add together
        beyond what each adds by itself), low, high (95%), n. Pairs that do nothing together are left out.
    """
    names = held.characteristics
    first, second = np.triu_indices(len(names), 1)
    # each of the two halves stands on one side of the diagonal
    size, error = mean_and_error(2 * np.abs(held.values[:, first, second]), rows)
    titles = [portfolio.characteristic(name).shown for name in names]
    found = pd.DataFrame(
        {
            "first": [names[i] for i in first], "second": [names[j] for j in second],
            "first_title": [titles[i] for i in first], "second_title": [titles[j] for j in second],
            "strength": size, "low": np.maximum(size - Z95 * error, 0.0), "high": size + Z95 * error,
            "n": len(rows),
        },
        columns=list(PAIRS),
    )  # fmt: skip
    acting = found[found["strength"] > 1e-9]
    return acting.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def by_groups(held: Attributions, rows: Rows, by: str, groups: np.ndarray) -> pd.DataFrame:
    """Return importance and mean value of each characteristic in each group of rows.

    Parameters
    ----------
    by : str
        What the groups are of, such as "month".
    groups : array of str, shape (n,)
        Rows of the empty group are left out; all but the 20 commonest are one group, "other".

    Returns
    -------
    DataFrame
        by, group, characteristic, importance, low, high, mean, n, n_bad, reason.
    """
    names, code = np.unique(groups, return_inverse=True)
    found = []
    for i, name in enumerate(names):
        at = np.flatnonzero(code == i)
        part = rows.take(at)
        size, error = mean_and_error(np.abs(held.values[at]), part)
        mean, _ = mean_and_error(held.values[at], part)
        found.append(
            pd.DataFrame(
                {
                    "by": by, "group": str(name), "characteristic": held.characteristics,
                    "importance": size, "low": np.maximum(size - Z95 * error, 0.0),
                    "high": size + Z95 * error, "mean": mean, "n": len(at), "n_bad": int(part.bad.sum()),
                    "reason": np.where(np.isnan(error), NO_INTERVAL, ""),
                }
            )
        )  # fmt: skip
    return (
        pd.concat(found, ignore_index=True)[list(GROUPED)] if found else pd.DataFrame(columns=list(GROUPED))
    )


def grouped(held: Attributions, rows: Rows) -> pd.DataFrame:
    """Return `by_groups` of months and of every category that the portfolio tags as segment."""
    found = []
    if rows.month is not None:
        dated = ~np.isnat(rows.month)
        inside = _only(held, dated)
        found.append(by_groups(inside, rows.take(dated), "month", rows.month[dated].astype(str)))
    if rows.segments is not None:
        for name in rows.segments:
            groups = rows.segments[name].to_numpy(object)
            common = rows.segments[name].value_counts().head(MOST_LEVELS).index
            kept = np.where(np.isin(groups.astype(str), common.astype(str)), groups, OTHER)
            found.append(by_groups(held, rows, name, kept.astype(str)))
    found = [frame for frame in found if len(frame)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(GROUPED))


def _only(held: Attributions, rows: np.ndarray) -> Attributions:
    return replace(held, values=held.values[rows], margin=held.margin[rows], p_bad=held.p_bad[rows])
