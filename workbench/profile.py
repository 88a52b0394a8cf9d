"""Each characteristic for goods and bads: bad rate by bin, WoE, IV, missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.binning import effective_rows
from workbench.dataset import BAD, Dataset
from workbench.dataset.customers import customers
from workbench.drift.bins import MISSING_LABEL, TOP_CATEGORIES, few_distinct, quantile_cuts, shown
from workbench.evaluation import wilson
from workbench.evaluation.rates import customer_codes, rates
from workbench.portfolio import Characteristic, numeric_codes
from workbench.run import Run

_IV_WORDS = ((0.02, "useless"), (0.1, "weak"), (0.3, "medium"), (0.5, "strong"))
_SUSPICIOUS = "very strong: was it known then?"


@dataclass(frozen=True, eq=False)
class Profile:
    """What each characteristic says about bad, taken alone.

    Attributes
    ----------
    characteristics : DataFrame
        One row a characteristic, the largest IV first: `characteristic`, `title`, `kind`, `missing`
        (share of rows), `iv` (information value, NaN where there are no goods or no bads),
        `iv_words` (a convention: below .02 useless, .1 weak, .3 medium, .5 strong, above
        suspicious), `iv_by_chance` (what noise in so many bins would have; weighted rows count as
        `binning.effective_rows`), `n_bins`. The AUC of each
        alone is among the checks, where it is measured on rows that did not order the bins.
    bins : DataFrame
        One row a bin, in the order of the characteristics and of their values: `characteristic`,
        `bin` (0, 1, ...), `label`, `n`, `n_bad`, `share` (of rows), `bad_rate` with `low` and
        `high` (95% Wilson interval, whole customers), `woe` (ln of share of goods to share of bads: higher is
        safer), `iv`, `goods_share`, `bads_share`. Shares and rates are weighted.
    """

    characteristics: pd.DataFrame
    bins: pd.DataFrame

    def of(self, characteristic: str) -> pd.DataFrame:
        """Return the bins of one characteristic."""
        return self.bins[self.bins["characteristic"] == characteristic].reset_index(drop=True)

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the two frames by name."""
        return {"characteristics": self.characteristics, "bins": self.bins}

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame]) -> Profile:
        """Return the profile that `to_frames` gave."""
        return cls(frames["characteristics"], frames["bins"])


def profile(
    dataset: Dataset,
    run: Run,
    *,
    rows: np.ndarray | None = None,
    max_bins: int = 10,
    empty_cell: float = 0.5,
) -> Profile:
    """Describe each characteristic for goods and bads, over rows with a known outcome.

    Numbers are cut into at most `max_bins` bins of about equal size; up to that many distinct
    values keep a bin each. Missing values and special codes have bins of their own, categories
    their 20 most common values and the rest together. Nothing is smoothed but empty cells.

    Parameters
    ----------
    rows : array of bool, shape (n,), optional
        Rows to describe, such as the development sample; all where not given.
    max_bins : int
        Bins of a number, apart from missing and special codes.
    empty_cell : float
        Rows that a cell without goods, or without bads, counts as in the WoE and the IV. R's
        scorecard takes 0.99.

    References
    ----------
    Siddiqi, N. (2017). Intelligent Credit Scoring, 2nd ed. Wiley. doi:10.1002/9781119282396
    """
    rows = dataset.known if rows is None else dataset.known & rows
    bad = dataset.outcome[rows] == BAD
    weight = None if dataset.weight is None else dataset.weight[rows]
    code = None if dataset.group is None else customer_codes(customers(dataset.group)[rows])
    chance = _chance_of_a_bin(bad, weight)
    summaries, tables = [], []
    characteristics = dataset.portfolio.characteristics
    for i, characteristic in enumerate(characteristics):
        run.step(f"Profile of {characteristic.shown}", i / len(characteristics))
        values = dataset.frame[characteristic.name]
        bins, labels, missing = cut(values if rows.all() else values[rows], characteristic, max_bins)
        table = _table(bins, labels, bad, weight, empty_cell)
        if code is not None:
            _, table["low"], table["high"] = rates(bad, bins, len(labels), weight, code)
        table.insert(0, "characteristic", characteristic.name)
        tables.append(table)
        summaries.append(_summary(characteristic, table, missing, chance))
    summary = pd.DataFrame(summaries)
    order = np.argsort(-summary["iv"].fillna(-1.0).to_numpy(), kind="stable")
    return Profile(
        summary.iloc[order].reset_index(drop=True),
        pd.concat([tables[i] for i in order], ignore_index=True),
    )


def iv_words(iv: float) -> str:
    """Return the field's word for an information value; a convention, not a test.

    Examples
    --------
    >>> iv_words(0.29), iv_words(0.67)
    ('medium', 'very strong: was it known then?')
    """
    if np.isnan(iv):
        return ""
    return next((words for limit, words in _IV_WORDS if iv < limit), _SUSPICIOUS)


def cut(values: pd.Series, about: Characteristic, max_bins: int = 10) -> tuple[np.ndarray, list[str], float]:
    """Return the bin of each row, the bins' labels, and the share of rows that is missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        bins, labels = _cut_category(values, about)
        missing = values.cat.codes.to_numpy() < 0
    elif values.dtype.kind == "M":
        missing = values.isna().to_numpy()
        days = values.to_numpy("datetime64[D]").astype(np.float64)
        bins, labels = _cut_number(days, missing, max_bins, _day)
    else:
        bins, labels, missing = _cut_coded_number(values.to_numpy(np.float64), about, max_bins)
    if missing.any():
        bins[missing] = len(labels)
        labels.append(MISSING_LABEL)
    return bins, labels, float(missing.mean()) if len(missing) else 0.0


def _cut_coded_number(
    x: np.ndarray, about: Characteristic, max_bins: int
) -> tuple[np.ndarray, list[str], np.ndarray]:
    missing = np.isnan(x)
    apart = missing.copy()
    codes = []
    for code, label in numeric_codes(about).items():
        is_code = x == code
        if is_code.any():
            codes.append((is_code, label))
            apart |= is_code
    bins, labels = _cut_number(x, apart, max_bins, shown)
    for is_code, label in codes:
        bins[is_code] = len(labels)
        labels.append(label)
    return bins, labels, missing


def _cut_number(
    x: np.ndarray, apart: np.ndarray, max_bins: int, say: Callable[[float], str]
) -> tuple[np.ndarray, list[str]]:
    """Cut the values that are not `apart`; a bin holds its lower cut and not its upper one."""
    inside = x[~apart] if apart.any() else x
    if not len(inside):
        return np.zeros(len(x), dtype=np.int64), []
    distinct = few_distinct(inside, max_bins)
    if distinct is not None:
        return np.searchsorted(distinct, x).clip(0, len(distinct) - 1), [say(v) for v in distinct]
    cuts = quantile_cuts(inside, max_bins)
    words = [say(v) for v in cuts]
    between = [f"{low} to below {high}" for low, high in zip(words, words[1:], strict=False)]
    return np.searchsorted(cuts, x, side="right"), [f"below {words[0]}", *between, f"{words[-1]} or more"]


def _cut_category(values: pd.Series, about: Characteristic) -> tuple[np.ndarray, list[str]]:
    codes = values.cat.codes.to_numpy().astype(np.int64)
    levels = [str(level) for level in values.cat.categories]
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    common = np.argsort(-counts, kind="stable")[:TOP_CATEGORIES]
    common = common[counts[common] > 0]
    declared = {a.value: i for i, a in enumerate(about.attributes)}
    order = sorted(common.tolist(), key=lambda i: declared.get(levels[i], len(declared)))
    labels = [about.label(levels[i]) for i in order]
    place = np.full(len(levels) + 1, len(order))
    place[order] = np.arange(len(order))
    others = int((counts > 0).sum()) - len(order)
    if others:
        labels.append(f"other ({others:,} values)")
    return place[codes], labels


def _table(
    bins: np.ndarray, labels: list[str], bad: np.ndarray, weight: np.ndarray | None, empty_cell: float
) -> pd.DataFrame:
    k = len(labels)
    cell = bins * 2 + bad
    count = np.bincount(cell, minlength=2 * k).reshape(k, 2)
    mass = count if weight is None else np.bincount(cell, weight, 2 * k).reshape(k, 2)
    mass = mass.astype(float)
    squares = mass if weight is None else np.bincount(cell, weight**2, 2 * k).reshape(k, 2)
    totals = mass.sum(axis=0)
    filled = np.where(mass == 0, empty_cell * totals.sum() / max(1, len(bins)), mass)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = mass / totals
        smoothed = np.where(totals > 0, filled / filled.sum(axis=0), np.nan)
        woe = np.log(smoothed[:, 0] / smoothed[:, 1])
        rate = mass[:, 1] / mass.sum(axis=1)
    effective = effective_rows(mass.sum(axis=1), squares.sum(axis=1))
    interval = [_interval(r, n) for r, n in zip(rate.tolist(), effective.tolist(), strict=True)]
    low, high = np.array(interval, dtype=float).reshape(-1, 2).T
    table = pd.DataFrame({"bin": np.arange(k), "label": np.array(labels, dtype=object)})
    table["n"] = count.sum(axis=1)
    table["n_bad"] = count[:, 1]
    table["share"] = mass.sum(axis=1) / totals.sum()
    table["bad_rate"], table["low"], table["high"] = rate, low, high
    table["woe"] = np.where(np.isfinite(woe), woe, np.nan)
    table["iv"] = (smoothed[:, 0] - smoothed[:, 1]) * table["woe"]
    table["goods_share"], table["bads_share"] = shares[:, 0], shares[:, 1]
    return table


def _interval(rate: float, n: float) -> tuple[float, float]:
    return wilson(rate * n, n) if n > 0 else (float("nan"), float("nan"))


def _chance_of_a_bin(bad: np.ndarray, weight: np.ndarray | None) -> float:
    """Return the IV that one more bin brings where there is nothing to find; NaN for one outcome."""
    w = np.ones(len(bad)) if weight is None else weight
    rows = [float(effective_rows(w[part].sum(), (w[part] ** 2).sum())) for part in (~bad, bad)]
    return sum(1 / n for n in rows) if all(rows) else float("nan")


def _summary(about: Characteristic, table: pd.DataFrame, missing: float, chance: float) -> dict[str, object]:
    iv = float(table["iv"].sum(min_count=1)) if np.isfinite(chance) else float("nan")
    return {
        "characteristic": about.name,
        "title": about.shown,
        "kind": about.kind,
        "missing": missing,
        "iv": iv,
        "iv_words": iv_words(iv),
        "iv_by_chance": (len(table) - 1) * chance,
        "n_bins": len(table),
    }


def _day(value: float) -> str:
    return str(np.datetime64(int(value), "D"))
