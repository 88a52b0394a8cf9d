"""What setting one characteristic does to the PD: partial dependence, ICE, accumulated local effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.evaluation.measure import Z95
from workbench.explanation.measured import mean_and_error
from workbench.explanation.rows import Cut, Rows, cut, number_words
from workbench.features.columns import LevelColumn
from workbench.training import TrainedModel

GRID, APPLICANTS = 20, 1000
"""Places at which a characteristic is set, and applicants whose curves are drawn through them."""
STEADY = 1e-6
"""Changes of a PD that count as none."""
PARTIAL = ("place", "label", "at", "mean_p_bad", "q10", "q25", "q50", "q75", "q90", "n")
LOCAL = ("place", "label", "at", "effect", "low", "high", "n")
MONOTONE = (
    "characteristic", "title", "declared", "fitted", "rising", "falling", "largest_rise", "largest_fall",
    "kept", "n", "reason",
)  # fmt: skip
NO_ORDER = "not defined: its values have no order"
ONE_VALUE = "not defined: the rows hold one value only"
NO_VALUE = "not defined: every value is missing"
NO_BAND = "its 95% band is not defined: a step holds one row, or the rows of one customer"
FITTED = {
    (True, True): "both", (True, False): "rises", (False, True): "falls", (False, False): "level",
}  # fmt: skip
"""Whether a PD rises somewhere, and falls somewhere -> in a word."""
DECLARED = {1: "rises", -1: "falls", 0: ""}


@dataclass(frozen=True, eq=False)
class Effects:
    """How the PD follows one characteristic while the others stay as they are.

    Attributes
    ----------
    characteristic, title : str
    n, n_all : int
        Applicants whose curves are in `partial`, and rows there were; `local` is of all of them.
    partial : DataFrame
        place, label, at (NaN where it is no number), mean_p_bad (partial dependence); q10 to q90 (of the
        applicants' own curves, ICE); n.
    local : DataFrame
        place, label, at, effect (accumulated local effect on the PD, its weighted mean is 0), low, high
        (95%), n (rows in the step that ends there). Empty where it is not defined.
    reason : str
        Why `local`, or its low and high, are not defined; empty where they are.

    References
    ----------
    Friedman (2001), doi:10.1214/aos/1013203451; Goldstein et al. (2015), doi:10.1080/10618600.2014.907095;
    Apley and Zhu (2020), doi:10.1111/rssb.12377.
    """

    characteristic: str
    title: str
    n: int
    n_all: int
    partial: pd.DataFrame
    local: pd.DataFrame
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the effects as plain values; what is not defined is None."""
        frames = {name: records(frame) for name, frame in (("partial", self.partial), ("local", self.local))}
        plain = ("characteristic", "title", "n", "n_all", "reason")
        return {name: getattr(self, name) for name in plain} | frames

    def sentence(self) -> str:
        """Return over how much the PD moves, and on how many applicants it was seen."""
        mean = self.partial["mean_p_bad"]
        if mean.empty:
            return f"{self.title}: {self.reason}."
        of = f"{self.n:,} applicants" + (f", evenly taken from {self.n_all:,}" if self.n < self.n_all else "")
        return (
            f"Set to each of its values in turn, {self.title} moves the mean PD between {mean.min():.1%} and "
            f"{mean.max():.1%} ({of})."
        )


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the lines of a frame as plain values; NaN is None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {k: v.item() if isinstance(v, np.generic) else v for k, v in line.items()}
        for line in plain.to_dict(orient="records")
    ]


def pd_of(model: TrainedModel, rows: int, threads: int = 1) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives raw rows their PD, by the quickest engine for `rows` of them altogether."""
    engine = model.many
    engine.prepare(rows)

    def p_bad(raw: np.ndarray) -> np.ndarray:
        margin = engine.margin(model.encoder.encode(raw), threads)
        return np.asarray(model.calibrator.p_bad(margin), dtype=float)

    return p_bad


def column_of(model: TrainedModel, characteristic: str) -> int:
    """Return the place of a characteristic among the columns of raw rows.

    Raises
    ------
    InputError
        ``CHARACTERISTIC`` where the model has none of that name.
    """
    names = [column.name for column in model.encoder.columns]
    if characteristic not in names:
        raise InputError(
            "CHARACTERISTIC", f"the model has no characteristic {characteristic!r}", "characteristic",
            f"Take one of {', '.join(names)}.",
        )  # fmt: skip
    return names.index(characteristic)


def effects(model: TrainedModel, rows: Rows, characteristic: str, *, threads: int = 1) -> Effects:
    """Return what one characteristic does to the PD of these rows.

    Raises
    ------
    InputError
        ``CHARACTERISTIC``.
    """
    j = column_of(model, characteristic)
    column, about = model.encoder.columns[j], model.portfolio.characteristic(characteristic)
    found = cut(rows.raw[:, j], column, about, GRID)
    some = rows.take(rows.spread(APPLICANTS))
    p_bad = pd_of(model, len(some) * len(found) + 2 * len(rows), threads)
    curves = curves_of(p_bad, some.raw, j, _representatives(rows.raw[:, j], found))
    quantiles = np.quantile(curves, (0.1, 0.25, 0.5, 0.75, 0.9), axis=0)
    names = ("q10", "q25", "q50", "q75", "q90")
    partial = pd.DataFrame(
        {"place": np.arange(len(found)), "label": found.labels, "at": found.at}
        | {"mean_p_bad": np.average(curves, axis=0, weights=some.weights)}
        | dict(zip(names, quantiles, strict=True)) | {"n": len(some)},
        columns=list(PARTIAL),
    )  # fmt: skip
    local, reason = pd.DataFrame(columns=list(LOCAL)), NO_ORDER
    if not isinstance(column, LevelColumn):
        local, reason = _accumulated(p_bad, rows, j, found)
    return Effects(characteristic, about.shown, len(some), len(rows), partial, local, reason)


def curves_of(
    p_bad: Callable[[np.ndarray], np.ndarray], raw: np.ndarray, j: int, grid: np.ndarray
) -> np.ndarray:
    """Return each applicant's PD with one characteristic set to each place; shape (n, places)."""
    repeated = np.repeat(raw, len(grid), axis=0)
    repeated[:, j] = np.tile(grid, len(raw))
    return p_bad(repeated).reshape(len(raw), len(grid))


def _representatives(raw: np.ndarray, found: Cut) -> np.ndarray:
    """Return a value for each bin: what numbers are at, and of any other bin what is in it."""
    n = np.bincount(found.code, minlength=len(found))
    order = np.argsort(found.code, kind="stable")
    inside = raw[order[np.concatenate([[0], np.cumsum(n)[:-1]])]]
    at = np.array(found.at)
    return np.where(np.isnan(at), inside, at)


def _accumulated(
    p_bad: Callable[[np.ndarray], np.ndarray], rows: Rows, j: int, found: Cut
) -> tuple[pd.DataFrame, str]:
    number = ~np.isnan(np.array(found.at))
    bins = int(number.sum())
    if bins <= 1:
        return pd.DataFrame(columns=list(LOCAL)), ONE_VALUE if bins else NO_VALUE
    edges = np.array([found.low[0], *found.high[:bins]])
    inside = np.flatnonzero(number[found.code])
    part, step = rows.take(inside), found.code[inside]
    low, high = part.raw.copy(), part.raw.copy()
    low[:, j], high[:, j] = edges[step], edges[step + 1]
    change = p_bad(high) - p_bad(low)
    told = [
        mean_and_error(change[at, None], part.take(at))
        for at in (np.flatnonzero(step == k) for k in range(bins))
    ]
    mean = np.array([m[0] for m, _ in told])
    error = np.array([e[0] for _, e in told])
    weight = np.bincount(step, part.weights, bins)
    ends = np.concatenate([[0.0], np.cumsum(mean)])
    # the share of rows that a step's change is felt by, so that the weighted mean of the curve is 0
    middle = (ends[1:] + ends[:-1]) / 2
    centre = float(np.average(middle, weights=weight))
    after = (weight.sum() - np.cumsum(weight) + weight / 2) / weight.sum()
    passed = np.tril(np.ones((bins + 1, bins)), -1)
    wide = Z95 * np.sqrt((((passed - after) * error) ** 2).sum(axis=1))  # NaN where a step's error is
    effect = ends - centre
    unknown = NO_BAND if np.isnan(error).any() else ""
    return pd.DataFrame(
        {
            "place": np.arange(bins + 1), "label": [number_words(float(e)) for e in edges], "at": edges,
            "effect": effect, "low": effect - wide, "high": effect + wide,
            "n": np.concatenate([[0], np.bincount(step, minlength=bins)]),
        },
        columns=list(LOCAL),
    ), unknown  # fmt: skip


def monotonicity(model: TrainedModel, rows: Rows, *, threads: int = 1, most: int = 300) -> pd.DataFrame:
    """Return whether the PD rises or falls with each number, as fitted and as the portfolio declares.

    Parameters
    ----------
    most : int
        Applicants whose characteristic is set to each of its values in turn, evenly taken from the rows.

    Returns
    -------
    DataFrame
        characteristic, title, declared ("rises", "falls" or empty), fitted ("rises", "falls", "both",
        "level"), rising and falling (share of applicants whose PD does so somewhere), largest_rise and
        largest_fall (of a PD between two neighbouring values), kept (whether no PD goes against what is
        declared; None where nothing is), n, reason (why it is not defined).
    """
    some, lines = rows.take(rows.spread(most)), []
    p_bad = pd_of(model, len(some) * GRID * rows.raw.shape[1], threads)
    for j, column in enumerate(model.encoder.columns):
        about = model.portfolio.characteristic(column.name)
        line = {"characteristic": column.name, "title": about.shown, "declared": "", "fitted": ""}
        line |= dict.fromkeys(("rising", "falling", "largest_rise", "largest_fall"), np.nan)
        line |= {"kept": None, "n": len(some), "reason": NO_ORDER}
        if not isinstance(column, LevelColumn):
            line["declared"] = DECLARED[column.monotone]
            found = cut(rows.raw[:, j], column, about, GRID)
            at = np.array(found.at)
            line |= _steps(p_bad, some, j, at[~np.isnan(at)], column.monotone)
        lines.append(line)
    return pd.DataFrame(lines, columns=list(MONOTONE))


def _steps(
    p_bad: Callable[[np.ndarray], np.ndarray], some: Rows, j: int, grid: np.ndarray, declared: int
) -> dict[str, Any]:
    if len(grid) <= 1 or not len(some):
        return {"reason": ONE_VALUE if len(grid) else NO_VALUE}
    change = np.diff(curves_of(p_bad, some.raw, j, grid), axis=1)
    rise, fall = abs(float(max(change.max(), 0.0))), abs(float(min(change.min(), 0.0)))
    up, down = rise > STEADY, fall > STEADY
    kept = None if not declared else not (down if declared > 0 else up)
    return {
        "fitted": FITTED[up, down],
        "rising": float(np.average((change > STEADY).any(axis=1), weights=some.weights)),
        "falling": float(np.average((change < -STEADY).any(axis=1), weights=some.weights)),
        "largest_rise": rise, "largest_fall": fall, "kept": kept, "reason": "",
    }  # fmt: skip
