"""What if: the PD of one applicant over the range of each characteristic, the others held as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation import format_percent
from workbench.features.columns import IMPOSSIBLE, Column, LevelColumn
from workbench.policy import DECISIONS
from workbench.portfolio import Characteristic
from workbench.scoring import points
from workbench.training import TrainedModel

STEPS = 48
COLUMNS = ("value", "label", "p_bad", "points", "decision", "given")


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The PD over the values of one characteristic.

    Attributes
    ----------
    characteristic, title, unit : str
    ordered : bool
        Whether the values are numbers that stand on an axis; else they are attributes.
    curve : DataFrame
        value (float: the number, NaN of an attribute, a code or a missing value), label (str), p_bad, points,
        decision (as scoring has it: no approval where a value lies outside its declared range, this one or
        another), given (whether it is the applicant's own value). Numbers first, rising; then special
        codes and what a missing value gives, where the model takes one.
    p_bad : float
        With the applicant's own value.
    protected : bool
        Whether the characteristic is protected: its curve is to be looked at, never an advice.
    """

    characteristic: str
    title: str
    unit: str
    ordered: bool
    curve: pd.DataFrame
    p_bad: float
    protected: bool

    @property
    def lowest(self) -> pd.Series:
        """The line of the lowest PD; the first of them where several are."""
        return self.curve.loc[self.curve["p_bad"].idxmin()]

    @property
    def highest(self) -> pd.Series:
        """The line of the highest PD; the first of them where several are."""
        return self.curve.loc[self.curve["p_bad"].idxmax()]

    def reaching(self, decision: str) -> pd.Series | None:
        """Return the line of the other value nearest to the applicant's own whose decision is no worse.

        Of numbers the nearest one; of attributes the one whose PD is nearest. A missing value or a code is
        never one. None where no other value in the range reaches the decision.
        """
        own = self.curve.loc[self.curve["given"], "value"]
        numbers = self.curve["value"].notna() if self.ordered else self.curve["label"].ne("missing")
        other = numbers & ~self.curve["given"].astype(bool)
        reached = self.curve[
            other & self.curve["decision"].map(DECISIONS.index).le(DECISIONS.index(decision))
        ]
        if reached.empty:
            return None
        near = self.ordered and len(own) and not np.isnan(own.iloc[0])
        away = reached["value"] - own.iloc[0] if near else reached["p_bad"] - self.p_bad
        return reached.loc[away.abs().idxmin()]

    def sentence(self) -> str:
        """Return what the curve shows, in one sentence."""
        low, high = self.lowest, self.highest
        if high["p_bad"] - low["p_bad"] < 5e-4:
            return f"{self.title} does not move the PD of this applicant"
        return (
            f"{self.title} moves the PD from {format_percent(low['p_bad'])} ({low['label']}) to "
            f"{format_percent(high['p_bad'])} ({high['label']})"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the curve as plain values; a value that is no number is None."""
        rows = self.curve.astype(object).where(self.curve.notna(), None).to_dict(orient="records")
        return {"characteristic": self.characteristic, "p_bad": self.p_bad, "curve": rows}


def sensitivities(
    model: TrainedModel, raw: np.ndarray, characteristics: Sequence[str] = ()
) -> tuple[Sensitivity, ...]:
    """Return the PD of one applicant over the range of characteristics, one after the other.

    Parameters
    ----------
    raw : array, shape (characteristics,) or (1, characteristics)
        As `Encoder.raw` gives it.
    characteristics : sequence of str
        All of them where empty.

    Notes
    -----
    The range of a number is the usual one of development (0.5th to 99.5th percentile), with the
    applicant's own value. Values are set one at a time: some may not occur together with the others.
    """
    row = np.asarray(raw, dtype=float).reshape(-1)
    asked = [
        (j, column)
        for j, column in enumerate(model.encoder.columns)
        if not characteristics or column.name in characteristics
    ]
    listed = [_values(model.portfolio.characteristic(c.name), c, row[j]) for j, c in asked]
    changed = np.repeat(row[None, :], sum(len(values) for values, _ in listed), axis=0)
    at = 0
    for (j, _), (values, _) in zip(asked, listed, strict=True):
        changed[at : at + len(values), j] = values
        at += len(values)
    p_bad = np.asarray(model.calibrator.p_bad(model.margin(np.vstack([changed, row]))), dtype=float)
    impossible = (model.encoder.flags(changed) == IMPOSSIBLE).any(axis=1)
    decided = np.maximum(model.policy.decision_codes(p_bad[:-1]), impossible)
    told, at = [], 0
    for (j, column), (values, labels) in zip(asked, listed, strict=True):
        part = slice(at, at + len(values))
        answer = p_bad[part], decided[part]
        told.append(_sensitivity(model, column, values, labels, answer, row[j], float(p_bad[-1])))
        at = part.stop
    return tuple(told)


def _values(declared: Characteristic, column: Column, given: float) -> tuple[np.ndarray, list[str]]:
    """Return the raw values to try, and what each is called."""
    absent = [np.nan] if declared.missing == "model" else []
    if isinstance(column, LevelColumn):
        places = {one.value: place for place, one in enumerate(declared.attributes)}
        order = sorted(range(len(column.levels)), key=lambda k: places.get(column.levels[k], len(places)))
        levels = np.array(order, dtype=float)
        strange = [given] if given < 0 else []
        labels = [declared.label(column.levels[k]) for k in order]
        return (
            np.array([*levels, *strange, *absent]),
            labels + ["not seen in development"] * len(strange) + ["missing"] * len(absent),
        )
    numbers = _grid(column.usual_low, column.usual_high, given, column.special, declared)
    codes = {s.value: s.label for s in declared.special}
    called = [codes.get(f"{code:g}") or f"code {code:g}" for code in column.special]
    return (
        np.array([*numbers, *column.special, *absent]),
        [_said(number) for number in numbers] + called + ["missing"] * len(absent),
    )


def _said(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1e6 else f"{number:,.6g}"


def _grid(
    low: float, high: float, given: float, special: tuple[float, ...], declared: Characteristic
) -> np.ndarray:
    """Return numbers to try, a round step apart, within what the portfolio declares, and the one given."""
    known = not np.isnan(given) and given not in special
    if known:
        low, high = min(low, given), max(high, given)
    if high > low:
        step = _round_step((high - low) / STEPS)
        if float(low).is_integer() and float(high).is_integer():
            step = max(step, 1.0)
        # rounded, so that a tenth and two tenths are not a third of a millionth apart from what is typed
        grid = np.round(np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step, 10)
        grid = np.clip(grid, declared.low, declared.high)
    else:
        grid = np.array([low])
    grid = grid[~np.isin(grid, special)]
    return np.unique(np.append(grid, given)) if known else np.unique(grid)


def _round_step(size: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the next above a size.

    Examples
    --------
    >>> _round_step(0.03), _round_step(7.0), _round_step(20.0)
    (0.05, 10.0, 20.0)
    """
    power = 10.0 ** np.floor(np.log10(size))
    return float(next(power * k for k in (1, 2, 5, 10) if power * k >= size * (1 - 1e-12)))


def _sensitivity(
    model: TrainedModel, column: Column, values: np.ndarray, labels: list[str],
    answer: tuple[np.ndarray, np.ndarray], given: float, now: float,
) -> Sensitivity:  # fmt: skip
    """Return the curve of one characteristic; `answer` has the PD and the decision of each value."""
    p_bad, decided = answer
    declared = model.portfolio.characteristic(column.name)
    ordered = not isinstance(column, LevelColumn)
    number = ordered & ~np.isnan(values) & ~np.isin(values, () if not ordered else column.special)
    own = np.isnan(values) if np.isnan(given) else values == given
    curve = pd.DataFrame(
        {
            "value": np.where(number, values, np.nan), "label": labels, "p_bad": p_bad,
            "points": points(model.portfolio.points, p_bad),
            "decision": np.array(DECISIONS, dtype=object)[decided], "given": own,
        },
        columns=list(COLUMNS),
    )  # fmt: skip
    unit = declared.unit
    if declared.kind == "date":
        unit = "months before the application" if model.encoder.date else "months since January 2000"
    return Sensitivity(
        column.name, declared.shown, unit, bool(ordered), curve, now, "protected" in declared.tags
    )
