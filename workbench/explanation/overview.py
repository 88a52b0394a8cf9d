"""What drives a model over all rows of a sample or segment: one Result, drawn and told from its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.explanation import marks, measured
from workbench.explanation.attributions import (
    INTERVENTIONAL,
    PATH_DEPENDENT,
    PROBABILITY,
    WALKED,
    Attributions,
    Kind,
)
from workbench.explanation.directions import direction
from workbench.explanation.effects import monotonicity, records
from workbench.explanation.explainer import Explainer
from workbench.explanation.references import ALL
from workbench.explanation.rows import Cut, Rows, cut
from workbench.run import Run

PAIRED = 2000
"""Rows on which pairs are measured at most: their values come by the square of the characteristics."""
PAIRED_DEEP = 50
"""The same of trees so deep that a row's pairs take tenths of a second."""
SLOW, PAIRED_SLOW = 300, 10
"""Rows explained, and paired, at most where each is explained by itself, at hundredths of a second."""
ROW_BY_ROW = (
    "its trees are too deep for tables, and row by row it takes up to a minute. Asked for, it rests on "
    f"{SLOW} rows, evenly taken."
)
FRAMES = (
    "importance", "swarm", "dependence", "cells", "scales", "pairs", "grouped", "monotonicity",
)  # fmt: skip
FIRST = 3
NEAR = 500
"""Rows that are looked at for the one that lies nearest to a mark."""


@dataclass(frozen=True, eq=False)
class Overview:
    """What drives a model, over all rows given.

    Attributes
    ----------
    kind, method, unit, reference, n_reference, base, estimated
        As in `Attributions`.
    sample : str
        Which rows, in words: "hold-out".
    n, n_known, n_bad : int
        Rows, those whose outcome is known, and bads among them.
    weighted, by_customer : bool
        Whether rows count by their weights, and whether intervals count whole customers.
    n_all : int
        Rows that there are: `n` of them, evenly taken, are explained where trees are too deep for all.
    n_paired : int
        Rows that `pairs` rests on: all, or as many evenly taken from them.
    importance : DataFrame
        See `measured.importance`; with `direction`, which way it pushes in words, and `partner`, the
        characteristic it acts most with (empty where it acts by itself).
    swarm, cells : DataFrame
        See `marks.swarm` and `marks.cells`: all rows in few marks.
    scales : DataFrame
        characteristic, shade, label: what the shades of `swarm` and `cells` stand for.
    dependence : DataFrame
        See `measured.dependence`.
    pairs : DataFrame
        See `measured.pairs`.
    grouped : DataFrame
        See `measured.by_groups`: by month, and by each category tagged as segment.
    monotonicity : DataFrame
        See `effects.monotonicity`.
    """

    kind: Kind
    method: str
    unit: str
    reference: str
    n_reference: int
    base: float
    estimated: bool
    sample: str
    n: int
    n_known: int
    n_bad: int
    weighted: bool
    by_customer: bool
    n_paired: int
    importance: pd.DataFrame
    swarm: pd.DataFrame
    dependence: pd.DataFrame
    cells: pd.DataFrame
    scales: pd.DataFrame
    pairs: pd.DataFrame
    grouped: pd.DataFrame
    monotonicity: pd.DataFrame
    n_all: int = 0

    @property
    def rows_told(self) -> str:
        """How many rows are explained, in words."""
        return self._told(self.n)

    @property
    def paired_told(self) -> str:
        """On how many rows pairs are measured, in words, and by which values where these are others."""
        return self._told(self.n_paired) + (f", {PATH_DEPENDENT} values" if self.method == WALKED else "")

    def _told(self, n: int) -> str:
        there = max(self.n, self.n_all)
        if n < there:
            return f"{n:,} rows, evenly taken from {there:,}"
        return f"all {n:,} rows" if n != 1 else "the one row"

    @property
    def bads(self) -> str:
        """How many of the rows ended bad, in words."""
        if not self.n_known:
            return "outcomes not known"
        return f"{self.n_bad:,} bad{'' if self.n_bad == 1 else 's'}"

    @property
    def shares(self) -> bool:
        """Whether values are changes of a probability, which are read as percentages."""
        return self.unit == PROBABILITY

    def sized(self, size: float, digits: int = 3) -> str:
        """Return a value's size in words: of a probability as a percentage."""
        return f"{100 * size:.{max(digits - 1, 1)}f}%" if self.shares else f"{size:.{digits}f}"

    def title(self, characteristic: str) -> str:
        """Return what a characteristic is called."""
        return str(self._line(characteristic)["title"])

    def direction(self, characteristic: str) -> str:
        """Return which way a characteristic pushes, in words."""
        return str(self._line(characteristic)["direction"])

    def partners(self, characteristic: str) -> pd.DataFrame:
        """Return with which others a characteristic acts, the strongest first.

        Returns
        -------
        DataFrame
            characteristic, title, strength, low, high, n.
        """
        here = self.pairs[(self.pairs["first"] == characteristic) | (self.pairs["second"] == characteristic)]
        other = here["first"] == characteristic
        return pd.DataFrame(
            {
                "characteristic": np.where(other, here["second"], here["first"]),
                "title": np.where(other, here["second_title"], here["first_title"]),
            }
            | {name: here[name].to_numpy() for name in ("strength", "low", "high", "n")}
        )

    def _line(self, characteristic: str) -> pd.Series:
        found = self.importance[self.importance["characteristic"] == characteristic]
        if found.empty:
            raise InputError(
                "CHARACTERISTIC", f"the model has no characteristic {characteristic!r}", "characteristic",
                f"Take one of {', '.join(self.importance['characteristic'])}.",
            )  # fmt: skip
        return found.iloc[0]

    def sentence(self) -> str:
        """Return what drives the model most, and which way."""
        acting = self.importance[self.importance["importance"] > 0]
        if acting.empty:
            return "No characteristic changes the score of any of these rows."
        first = acting.iloc[:FIRST]
        named = list(first["title"])
        listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
        rows = self.rows_told
        if self.n_all <= self.n:
            rows = f"these {self.n:,} rows" if self.n != 1 else "this row"
        return (
            f"{listed} make up {first['share'].sum():.0%} of what moves the score of {rows}; "
            f"{first['title'].iloc[0]}: {first['direction'].iloc[0]}."
        )

    def against_declared(self) -> pd.DataFrame:
        """Return the lines of `monotonicity` in which the fitted model goes against what is declared."""
        return self.monotonicity[self.monotonicity["kept"] == False]  # noqa: E712 - None is neither

    def about(self) -> dict[str, Any]:
        """Return what the overview is of, without its frames."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in FRAMES}

    def to_json(self) -> dict[str, Any]:
        """Return the overview as plain values, without its marks; what is not defined is None."""
        told = [name for name in FRAMES if name not in ("swarm", "cells", "scales")]
        return self.about() | {name: records(getattr(self, name)) for name in told}

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames by name."""
        return {name: getattr(self, name) for name in FRAMES}

    @classmethod
    def from_frames(cls, about: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> Overview:
        """Return the overview that `about` and `to_frames` told."""
        return cls(**about, **{name: frames[name] for name in FRAMES})


def overview(
    explainer: Explainer,
    rows: Rows,
    *,
    sample: str = "",
    kind: Kind | None = None,
    reference: str = ALL,
    run: Run | None = None,
) -> Overview:
    """Return what drives a model over all rows given, or over some of them where each takes long.

    Parameters
    ----------
    kind : Kind, optional
        The first of the explainer's where not given.

    Raises
    ------
    InputError
        ``NO_ROWS``; ``KIND`` and ``REFERENCE`` as in `Explainer.attributions`.
    """
    run = run or Run(explainer.threads)
    if not len(rows):
        raise InputError(
            "NO_ROWS", "there is no row to explain", remedy="Take a sample or segment with rows."
        )
    n_all, kind = len(rows), kind or explainer.kinds[0]
    rows = rows.take(at) if len(at := told_of(explainer, rows)) < n_all else rows
    run.step(f"explaining {len(rows):,} rows", 0.0)
    held = explainer.attributions(rows.raw, kind=kind, reference=reference)
    run.step("looking for what acts together", 0.5)
    paired = PAIRED_SLOW if explainer.slow else PAIRED_DEEP if explainer.deep else PAIRED
    part = rows.take(rows.spread(paired))
    portfolio = explainer.model.portfolio
    by_pair = PATH_DEPENDENT if explainer.slow else kind
    acting = explainer.interactions(part.raw, kind=by_pair, reference=reference)
    pairs = measured.pairs(acting, part, portfolio)
    run.step("setting each characteristic to its values in turn", 0.7)
    monotone = monotonicity(explainer.model, rows, threads=run.threads)
    run.step("gathering", 0.9)
    frames = _by_characteristic(explainer, held, rows, pairs)
    size = measured.importance(held, rows, portfolio)
    return Overview(
        kind=held.kind, method=held.method, unit=held.unit, reference=held.reference,
        n_reference=held.n_reference, base=float(held.base), estimated=held.estimated, sample=sample,
        n=len(rows), n_known=int(rows.known.sum()), n_bad=int(rows.bad.sum()),
        weighted=rows.weight is not None, by_customer=rows.code is not None, n_paired=len(part),
        importance=_described(size, explainer, frames["dependence"], pairs), pairs=pairs,
        grouped=measured.grouped(held, rows), monotonicity=monotone, n_all=n_all, **frames,
    )  # fmt: skip


def _described(
    size: pd.DataFrame, explainer: Explainer, dependence: pd.DataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Return how much each characteristic moves with what it is told by: its direction and its partner."""
    says, first = {}, {}
    for column in explainer.model.encoder.columns:
        own = dependence[dependence["characteristic"] == column.name]
        says[column.name] = direction(own, column, explainer.model.portfolio.characteristic(column.name))
        first[column.name] = (_partners(pairs, column.name) or [""])[0]
    names = size["characteristic"]
    return size.assign(direction=names.map(says), partner=names.map(first))


def told_of(explainer: Explainer, rows: Rows) -> np.ndarray:
    """Return the positions of the rows to explain: all, or some evenly taken where each takes long."""
    return rows.spread(SLOW) if explainer.slow else np.arange(len(rows))


def _partners(pairs: pd.DataFrame, name: str) -> list[str]:
    """Return with which others a characteristic acts most."""
    here = pairs[(pairs["first"] == name) | (pairs["second"] == name)].head(marks.PARTNERS)
    return [b if a == name else a for a, b in zip(here["first"], here["second"], strict=True)]


def _by_characteristic(
    explainer: Explainer, held: Attributions, rows: Rows, pairs: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    columns, portfolio = explainer.model.encoder.columns, explainer.model.portfolio
    w = rows.weights
    shades = {c.name: marks.ranks(rows.raw[:, j], c, w) for j, c in enumerate(columns)}
    wide = float(np.ptp(held.values)) / marks.WIDE
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in ("swarm", "dependence", "cells", "scales")}
    for j, column in enumerate(columns):
        name, raw, value = column.name, rows.raw[:, j], held.values[:, j]
        about = portfolio.characteristic(name)
        found: Cut = cut(raw, column, about)
        frames["dependence"].append(measured.dependence(name, found, value, held.p_bad, rows))
        frames["swarm"].append(marks.swarm(name, value, shades[name], w, wide))
        others = [shades[other] for other in _partners(pairs, name)]
        frames["cells"].append(marks.cells(name, raw, found, value, w, others))
        frames["scales"].append(marks.scale(raw, column, about, shades[name]))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}


def nearest(
    explainer: Explainer, rows: Rows, name: str, place: int, at: float | None, value: float, *,
    kind: Kind = INTERVENTIONAL, reference: str = ALL,
) -> int:  # fmt: skip
    """Return the position among `rows` of one that lies by a mark of `Overview.cells`, and was explained.

    A mark holds no row, so that what is kept is of no one; the rows themselves tell it.

    Parameters
    ----------
    place, at, value
        Bin, mean value (None where it is no number) and mean attribution of the mark.
    """
    columns = [column.name for column in explainer.model.encoder.columns]
    j = columns.index(name)
    told = told_of(explainer, rows)
    raw = rows.raw[told, j]
    found = cut(raw, explainer.model.encoder.columns[j], explainer.model.portfolio.characteristic(name))
    if at is None:
        near = np.flatnonzero(found.code == place)
        near = near[np.unique(np.linspace(0, len(near) - 1, NEAR).round().astype(np.intp))]
    else:
        number = ~np.isnan(np.array(found.at))[found.code]
        near = np.argsort(np.where(number, np.abs(raw - at), np.inf), kind="stable")[:NEAR]
        near = near[number[near]]
    held = explainer.attributions(rows.raw[told[near]], kind=kind, reference=reference)
    return int(told[near[np.abs(held.values[:, j] - value).argmin()]])
