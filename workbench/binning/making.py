"""From typed values and their outcome to bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.binning.closer import Ordered, place_closer
from workbench.binning.fine import level_order, number_cuts
from workbench.binning.optimal import Fine, merge
from workbench.binning.values import Bins, BinSpec, woe_of
from workbench.dataset import BAD, Dataset, months
from workbench.errors import InputError
from workbench.portfolio import Characteristic, numeric_codes
from workbench.run import Run

_DECLARED = {"rises": "rising", "falls": "falling"}


@dataclass(frozen=True, eq=False)
class Binning:
    """The bins of several characteristics.

    Attributes
    ----------
    characteristics : DataFrame
        One line a characteristic, the largest IV first: `characteristic`, `title`, `iv`,
        `iv_by_chance`, `trend`, `n_bins` (filled ones), `n`, `n_bad`.
    bins : DataFrame
        One line a bin that has rows, in the same order: `characteristic` and the columns of `Bins.table`.
    values : tuple of Bins
        In the same order.
    """

    characteristics: pd.DataFrame
    bins: pd.DataFrame
    values: tuple[Bins, ...]

    def of(self, characteristic: str) -> pd.DataFrame:
        """Return the bins of one characteristic."""
        return self.bins[self.bins["characteristic"] == characteristic].reset_index(drop=True)

    def to_json(self) -> list[dict[str, Any]]:
        """Return characteristics with their bins as plain values."""
        told = self.characteristics.to_dict(orient="records")
        return [
            line | {"bins": self.of(line["characteristic"]).drop(columns="characteristic").to_dict("records")}
            for line in told
        ]


@dataclass(frozen=True, eq=False)
class _Rows:
    bad: np.ndarray
    weight: np.ndarray | None

    def count(self, index: np.ndarray, k: int) -> np.ndarray:
        """Return goods and bads (mass), then rows of each, in each of `k` cells; shape (4, k)."""
        cell = index * 2 + self.bad
        rows = np.bincount(cell, minlength=2 * k).reshape(k, 2)
        mass = rows if self.weight is None else np.bincount(cell, self.weight, 2 * k).reshape(k, 2)
        return np.concatenate([mass.T, rows.T]).astype(float)

    def within(self, mask: np.ndarray) -> np.ndarray:
        """Return the same of the rows in a mask; shape (4,)."""
        if not mask.any():
            return np.zeros(4)
        weight = None if self.weight is None else self.weight[mask]
        return _Rows(self.bad[mask], weight).count(np.zeros(int(mask.sum()), np.int64), 1)[:, 0]

    def ordered(self, x: np.ndarray, mask: np.ndarray) -> Ordered:
        """Return the values in a mask in order."""
        if mask.all():
            return Ordered.of(x, self.bad, self.weight)
        return Ordered.of(x[mask], self.bad[mask], None if self.weight is None else self.weight[mask])


def measure(
    dataset: Dataset,
    run: Run,
    *,
    rows: np.ndarray | None = None,
    characteristics: tuple[str, ...] | None = None,
    spec: BinSpec = BinSpec(),  # noqa: B008  frozen
) -> Binning:
    """Bin characteristics over rows with a known outcome.

    Parameters
    ----------
    rows : array of bool, shape (n,), optional
        Rows to bin on, such as the development sample; all where not given.
    characteristics : tuple of str, optional
        By column name; all where not given.

    Raises
    ------
    InputError
        ``UNKNOWN_CHARACTERISTIC``; ``TOO_FEW_BADS`` where there are no goods or no bads.
    """
    portfolio = dataset.portfolio
    known = dataset.known if rows is None else dataset.known & rows
    at = np.flatnonzero(known)
    frame = dataset.frame.iloc[at]
    date = None if dataset.date is None else dataset.date.iloc[at]
    bad = dataset.outcome[at] == BAD
    weight = None if dataset.weight is None else dataset.weight[at]
    if not 0 < bad.sum() < len(bad):
        raise InputError(
            "TOO_FEW_BADS", f"bins need goods and bads; there are {int(bad.sum()):,} bads "
            f"among {len(bad):,} rows", remedy="Bring rows of both.",
        )  # fmt: skip
    chosen = [c for c in portfolio.characteristics if characteristics is None or c.name in characteristics]
    offered = {c.name for c in chosen}
    for name in characteristics or ():
        if name not in offered:
            names = ", ".join(c.name for c in portfolio.characteristics)
            raise InputError(
                "UNKNOWN_CHARACTERISTIC",
                f"{name!r} is no characteristic of {portfolio.identity}",
                remedy=f"Take one of: {names}.",
            )
    made = []
    for i, about in enumerate(chosen):
        run.step(f"bins of {about.shown}", i / len(chosen))
        made.append((about, bin_characteristic(about, frame[about.name], date, bad, weight, spec)))
    made.sort(key=lambda pair: -pair[1].iv)
    tables = [bins.table(about).assign(characteristic=about.name) for about, bins in made]
    bins = pd.concat(tables, ignore_index=True)
    bins = bins[bins["n"] > 0].reset_index(drop=True)
    return Binning(
        pd.DataFrame([_line(about, bins) for about, bins in made]),
        bins[["characteristic", *(c for c in bins if c != "characteristic")]],
        tuple(bins for _, bins in made),
    )


def bin_characteristic(
    about: Characteristic,
    values: pd.Series,
    date: pd.Series | None,
    bad: np.ndarray,
    weight: np.ndarray | None,
    spec: BinSpec = BinSpec(),  # noqa: B008  frozen
) -> Bins:
    """Bin one characteristic.

    Parameters
    ----------
    about : Characteristic
        Its declared direction, special codes and fill are kept to.
    values : Series
        Typed, as in `Dataset.frame`.
    date : Series, optional
        Application dates: a date becomes months before it.
    bad : array of bool, shape (n,)
        With goods and bads.
    """
    rows = _Rows(np.asarray(bad).astype(np.int8), weight)
    if about.kind in ("category", "flag"):
        return _squared(*_bin_levels(about, values, rows, spec), rows)
    x = months(values, date) if about.kind == "date" else values.to_numpy(dtype=float)
    if about.fill is not None:
        x = np.where(np.isnan(x), float(about.fill), x)
    bins = _bin_numbers(about, x, rows, replace(spec, trend=_DECLARED.get(about.monotone, spec.trend)))
    return bins if weight is None else _squared(bins, bins.of_numbers(x), rows)


def _squared(bins: Bins, at: np.ndarray, rows: _Rows) -> Bins:
    """Return the bins with the squared weights of the rows that lie in bin `at` of them."""
    if rows.weight is None:
        return bins
    goods, bads = _Rows(rows.bad, rows.weight**2).count(at, len(bins.n))[:2]
    return replace(bins, goods_squared=tuple(goods.tolist()), bads_squared=tuple(bads.tolist()))


def _bin_numbers(about: Characteristic, x: np.ndarray, rows: _Rows, spec: BinSpec) -> Bins:
    special = tuple(numeric_codes(about))
    missing = np.isnan(x)
    masks = [x == code for code in special] + [missing]
    apart = np.stack([rows.within(mask) for mask in masks], axis=1)
    inside = ~np.logical_or.reduce(masks)
    ordered = rows.ordered(x, inside)
    cuts = number_cuts(ordered.values, spec.fine)
    counts = ordered.counts(cuts)
    totals = counts.sum(axis=1) + apart.sum(axis=1)
    merged = merge(Fine(*counts, totals[0], totals[1]), spec)
    exact = len(cuts) < spec.fine - 1
    cuts = cuts[np.array(merged.starts[1:], dtype=np.intp) - 1]
    if not exact:
        cuts = place_closer(ordered, cuts, spec, totals[0], totals[1])
    values = ordered.values
    return _frozen(
        about.name, "number", merged.trend, np.concatenate([ordered.counts(cuts), apart], axis=1),
        len(cuts) + 1, spec, cuts=tuple(cuts.tolist()), special=special,
        whole=bool(len(values)) and bool((values == np.floor(values)).all()),
    )  # fmt: skip


def _bin_levels(
    about: Characteristic, values: pd.Series, rows: _Rows, spec: BinSpec
) -> tuple[Bins, np.ndarray]:
    """Return the bins, and which of them each row lies in."""
    categories = np.asarray(values.cat.categories, dtype=object)
    codes = values.cat.codes.to_numpy().astype(np.int64)
    if about.fill is not None:
        fill = str(about.fill)
        if fill not in categories:
            categories = np.append(categories, fill)
        codes = np.where(codes < 0, int(np.flatnonzero(categories == fill)[0]), codes)
    # levels sorted as text, so that the order of categories in a file does not matter
    order = np.argsort(categories.astype(str), kind="stable")
    place = np.empty(len(order) + 1, np.int64)
    place[order], place[-1] = np.arange(len(order)), len(order)
    k = len(order)
    counts = rows.count(place[codes], k + 1)
    n = counts[2, :k] + counts[3, :k]
    levels, other = level_order(counts[0, :k], counts[1, :k], n, spec.rare_share, spec.fine)
    parts = np.array([counts[:, g].sum(axis=1) for g in levels]).reshape(-1, 4).T
    starts: tuple[int, ...] = ()
    if levels:
        fine = Fine(*parts, counts[0].sum(), counts[1].sum())
        starts = merge(fine, replace(spec, trend="rising")).starts
    belongs = np.searchsorted(np.array(starts), np.arange(len(levels)), side="right") - 1
    groups = tuple(
        tuple(sorted(str(categories[order[i]]) for m in np.flatnonzero(belongs == b) for i in levels[m]))
        for b in range(len(starts))
    )
    merged = np.add.reduceat(parts, starts, axis=1) if levels else np.zeros((4, 0))
    unseen = np.zeros((4, 0 if other >= 0 else 1))
    counts = np.concatenate([merged, unseen, counts[:, k:]], axis=1)
    bins = _frozen(
        about.name, "level", "by bad rate", counts, len(starts), spec,
        groups=groups, other=int(belongs[other]) if other >= 0 else -1,
    )  # fmt: skip
    return bins, bins.of_levels(tuple(str(level) for level in categories))[codes]


def _frozen(
    name: str, kind: str, trend: str, counts: np.ndarray, ordinary: int, spec: BinSpec,
    **where: Any,
) -> Bins:  # fmt: skip
    goods, bads, n_good, n_bad = counts
    n = (n_good + n_bad).astype(int)
    few = (n_good < spec.min_bads) | (n_bad < spec.min_bads)
    thin = few & (np.arange(len(n)) >= ordinary) | (goods <= 0) | (bads <= 0)
    woe = woe_of(goods, bads, thin, float((goods + bads).sum() / n.sum()))
    return Bins(
        name=name, kind=kind, trend=trend, n=tuple(n.tolist()), n_bad=tuple(n_bad.astype(int).tolist()),
        goods=tuple(goods.tolist()), bads=tuple(bads.tolist()), woe=tuple(woe.tolist()),
        thin=tuple(thin.tolist()), **where,
    )  # fmt: skip


def _line(about: Characteristic, bins: Bins) -> dict[str, object]:
    return {
        "characteristic": about.name, "title": about.shown, "iv": bins.iv,
        "iv_by_chance": bins.iv_by_chance, "trend": bins.trend, "n_bins": sum(n > 0 for n in bins.n),
        "n": sum(bins.n), "n_bad": sum(bins.n_bad),
    }  # fmt: skip
