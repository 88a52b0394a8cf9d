"""What each characteristic says about bad, alone: its AUC, counted from bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset import BAD, Dataset
from workbench.dataset.customers import customers, deal
from workbench.run import Run, seed_for

N_BINS = 256
N_FOLDS = 5
EXACT_FROM = 0.85
Measured = tuple[float, float, float]
"""An AUC with its 95% interval."""
_PRIOR_ROWS = 20.0
_Z = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Known:
    """The rows with a known outcome, as every measure of this room takes them.

    Attributes
    ----------
    rows : array of int
        Positions in the data set.
    bad : array of int8
        1 bad, 0 good, of those rows.
    weight : array of float
    fold : array of int
        0 to `N_FOLDS` - 1, stratified by outcome; the rows of one customer share a fold.
    customer : array of int, optional
        Whose row each is; None where each row stands alone.
    """

    rows: np.ndarray
    bad: np.ndarray
    weight: np.ndarray
    fold: np.ndarray
    customer: np.ndarray | None = None

    @classmethod
    def of(cls, dataset: Dataset, seed: int) -> Known:
        """Return the rows of `dataset` whose outcome is known, with their folds."""
        rows = np.flatnonzero(dataset.known)
        bad = (dataset.outcome[rows] == BAD).astype(np.int8)
        weight = np.ones(len(rows)) if dataset.weight is None else dataset.weight[rows]
        customer = customers_of(dataset, rows)
        fold = folds(bad, N_FOLDS, seed_for(seed, "checks", "folds"), customer)
        return cls(rows, bad, weight, fold, customer)


def customers_of(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return a number for the customer of each of some rows; None where each row stands alone."""
    if dataset.group is None:
        return None
    customer = customers(dataset.group)[rows]
    return customer if len(np.unique(customer)) < len(customer) else None


def folds(bad: np.ndarray, n_folds: int, seed: int, customer: np.ndarray | None = None) -> np.ndarray:
    """Return a fold for each row, each outcome spread evenly; shape (n,).

    Where `customer` says whose row each is, all rows of a customer fall into one fold: what is learnt from
    some of them would be judged on the others as if they were new. Folds beyond the number of customers
    stay empty.
    """
    rng = np.random.default_rng(seed)
    if customer is not None:
        return deal(customer, bad == 1, [1 / n_folds] * n_folds, rng)
    fold = np.zeros(len(bad), dtype=np.int64)
    for outcome in (0, 1):
        rows = np.flatnonzero(bad == outcome)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % n_folds
    return fold


def single_aucs(dataset: Dataset, known: Known, run: Run) -> pd.DataFrame:
    """Return the AUC of each characteristic alone, the largest first.

    Numbers and dates are ranked in whichever direction is better, with missing values at the end
    that suits; a few hundred quantile bins, all distinct values where the result is suspect.
    Categories are ranked by a bad rate learnt on other folds, so that a column of names does not
    seem to know the outcome.

    Returns
    -------
    DataFrame
        `characteristic`, `auc`, `low`, `high`, `n`, `n_bad`.
    """
    rows = []
    names = list(dataset.frame.columns)
    n_bad = int(known.bad.sum())
    for i, name in enumerate(names):
        run.step(f"What {name} says alone", i / max(1, len(names)))
        values = dataset.frame[name]
        if len(known.rows) < len(values):
            values = values.iloc[known.rows]
        if isinstance(values.dtype, pd.CategoricalDtype):
            measured = _category_auc(values.cat.codes.to_numpy(), len(values.cat.categories), known)
        else:
            measured = _number_auc(as_numbers(values), known)
        rows.append((name, *measured, len(known.bad), n_bad))
    table = pd.DataFrame(rows, columns=["characteristic", "auc", "low", "high", "n", "n_bad"])
    return table.sort_values("auc", ascending=False, kind="stable").reset_index(drop=True)


def as_numbers(values: pd.Series) -> np.ndarray:
    """Return numbers as they are and dates as days since 1970; NaN where missing."""
    if values.dtype.kind != "M":
        return values.to_numpy(np.float64)
    days = values.to_numpy("datetime64[D]").astype(np.float64)
    return np.where(values.isna().to_numpy(), np.nan, days)


def auc_of(
    bad: np.ndarray, score: np.ndarray, weight: np.ndarray, customer: np.ndarray | None = None
) -> Measured:
    """Return the weighted AUC of a score with its interval, NaN without goods or bads."""
    bins = np.unique(score, return_inverse=True)[1]
    goods = np.bincount(bins, weight * (1 - bad))
    bads = np.bincount(bins, weight * bad)
    measured = _auc_of_counts(goods, bads)
    return measured if customer is None else _of_customers(measured, goods, bads, bins, bad, weight, customer)


def mean_over_folds(measured: Sequence[Measured]) -> Measured:
    """Return the mean of AUCs on folds, with the interval of a mean of independent ones."""
    if any(math.isnan(auc) for auc, _, _ in measured):
        return math.nan, math.nan, math.nan
    half = math.sqrt(sum(((high - low) / 2) ** 2 for _, low, high in measured)) / len(measured)
    auc = float(np.mean([auc for auc, _, _ in measured]))
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def missing_auc(missing: np.ndarray, known: Known) -> float:
    """Return the AUC of knowing only whether a value is missing, 0.5 to 1."""
    goods = np.bincount(missing, known.weight * (1 - known.bad), 2)
    bads = np.bincount(missing, known.weight * known.bad, 2)
    auc = _auc_of_counts(goods, bads)[0]
    return max(auc, 1 - auc)


def _number_auc(x: np.ndarray, known: Known) -> Measured:
    missing = np.isnan(x)
    present = x[~missing] if missing.any() else x
    if not 0 < known.bad.sum() < len(known.bad):
        return math.nan, math.nan, math.nan
    if not len(present):
        return 0.5, 0.5, 0.5
    part = present[:: max(1, len(present) // 100_000)]
    edges = np.unique(np.quantile(part, np.arange(1, N_BINS) / N_BINS))
    measured = _best_order(np.searchsorted(edges, x, side="right"), len(edges) + 1, missing, known)
    if measured[0] < EXACT_FROM:
        return measured
    distinct, place = np.unique(present, return_inverse=True)
    bins = np.full(len(x), len(distinct))
    bins[~missing] = place
    return _best_order(bins, len(distinct), missing, known)


def _best_order(bins: np.ndarray, n_bins: int, missing: np.ndarray, known: Known) -> Measured:
    """Rank rising or falling, missing values last or first, whichever says most."""
    cell = np.where(missing, n_bins, bins) * 2 + known.bad
    table = np.bincount(cell, known.weight, 2 * (n_bins + 1)).reshape(-1, 2)
    orders = [table]
    if missing.any():
        orders.append(np.roll(table, 1, axis=0))
    measured = [_auc_of_counts(order[:, 0], order[:, 1]) for order in orders]
    measured += [(1 - auc, 1 - high, 1 - low) for auc, low, high in measured]
    best = max(range(len(measured)), key=lambda i: measured[i][0])
    if known.customer is None:
        return measured[best]
    turned = best % len(orders)
    place = (cell // 2 + turned) % (n_bins + 1)
    goods, bads = orders[turned].T
    return _of_customers(measured[best], goods, bads, place, known.bad, known.weight, known.customer)


def _category_auc(codes: np.ndarray, n_levels: int, known: Known) -> Measured:
    """Rank by the bad rate of the level on the other folds; compare within a fold only.

    Across folds a level's rate and the fold's own rate would be tied to each other.
    """
    n = n_levels + 1
    level = np.where(codes < 0, n_levels, codes)
    cell = (known.fold * n + level) * 2 + known.bad
    table = np.bincount(cell, known.weight, N_FOLDS * n * 2).reshape(N_FOLDS, n, 2)
    others = table.sum(axis=0) - table
    measured = []
    for k, (inside, outside) in enumerate(zip(table, others, strict=True)):
        prior = outside[:, 1].sum() / max(outside.sum(), 1e-12)
        rate = (outside[:, 1] + _PRIOR_ROWS * prior) / (outside.sum(axis=1) + _PRIOR_ROWS)
        place = np.unique(rate, return_inverse=True)[1]
        goods, bads = np.bincount(place, inside[:, 0]), np.bincount(place, inside[:, 1])
        found = _auc_of_counts(goods, bads)
        if known.customer is not None:
            rows = known.fold == k
            own = (known.bad[rows], known.weight[rows], known.customer[rows])
            found = _of_customers(found, goods, bads, place[level[rows]], *own)
        measured.append(found)
    return mean_over_folds(measured)


def _auc_of_counts(goods: np.ndarray, bads: np.ndarray) -> Measured:
    """Return AUC and DeLong's interval from goods and bads by rising value; ties count half."""
    n_good, n_bad = goods.sum(), bads.sum()
    if n_good <= 0 or n_bad <= 0:
        return math.nan, math.nan, math.nan
    beaten = (goods.cumsum() - goods / 2) / n_good
    beating = 1 - (bads.cumsum() - bads / 2) / n_bad
    auc = float(bads @ beaten / n_bad)
    variance = bads @ (beaten - auc) ** 2 / n_bad**2 + goods @ (beating - auc) ** 2 / n_good**2
    half = _Z * math.sqrt(float(variance))
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def _of_customers(
    measured: Measured, goods: np.ndarray, bads: np.ndarray, place: np.ndarray,
    bad: np.ndarray, weight: np.ndarray, customer: np.ndarray,
) -> Measured:  # fmt: skip
    """Return an AUC of counts with an interval by whole customers; `place` is the count of each row."""
    n_good, n_bad = goods.sum(), bads.sum()
    if math.isnan(measured[0]):
        return measured
    beaten = (goods.cumsum() - goods / 2) / n_good
    beating = 1 - (bads.cumsum() - bads / 2) / n_bad
    rising = float(bads @ beaten / n_bad)
    pull = weight * np.where(bad == 1, (beaten[place] - rising) / n_bad, (beating[place] - rising) / n_good)
    code, found = pd.factorize(customer)
    if len(found) < 2:
        return measured[0], math.nan, math.nan
    summed = np.bincount(code, pull)
    half = _Z * math.sqrt(float(summed @ summed) * len(found) / (len(found) - 1))
    return measured[0], max(0.0, measured[0] - half), min(1.0, measured[0] + half)
