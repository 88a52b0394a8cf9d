"""One applicant's PD taken apart: from the reference's, characteristic by characteristic, to their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset import DAYS_A_MONTH
from workbench.explanation.attributions import PROBABILITY, Attributions
from workbench.explanation.reasons import p_bad_at
from workbench.features.columns import Column, LevelColumn
from workbench.portfolio import P_HIGH, P_LOW
from workbench.training import TrainedModel

MOST = 8
BASE, PART, REST, CALIBRATION, END = "base", "characteristic", "rest", "calibration", "applicant"


@dataclass(frozen=True, eq=False)
class Waterfall:
    """The steps from the reference to the applicant, on the model's own margin.

    Attributes
    ----------
    steps : DataFrame
        step ("base", "characteristic", "rest", "calibration", "applicant"), characteristic (empty but for
        "characteristic"), title, value (the applicant's, in words), contribution (positive raises the
        risk), start, end. Steps add up: each starts where the one before ends. The last but one is what
        calibration does to the margin, exact for one applicant whatever the calibration is.
    unit : str
        "log-odds of bad", or of a forest "probability of bad".
    reference : str
        Whom the applicant is held against, in words.
    kind, method : str
        As of the attributions.
    p_base, p_bad : float
        Calibrated PDs: at the reference's mean margin, and the applicant's.
    estimated : bool
        Whether the values are estimates.
    """

    steps: pd.DataFrame
    unit: str
    reference: str
    kind: str
    method: str
    p_base: float
    p_bad: float
    estimated: bool

    @property
    def shares(self) -> bool:
        """Whether values are changes of a probability, which are read as percentages."""
        return self.unit == PROBABILITY

    def sentence(self) -> str:
        """Return what weighs most, in one sentence."""
        parts = self.steps[self.steps["step"] == PART]
        raised, lowered = parts[parts["contribution"] > 0], parts[parts["contribution"] < 0]
        told = []
        if len(raised):
            told.append(f"{raised.iloc[0]['title']} raises the risk most")
        if len(lowered):
            told.append(f"{lowered.iloc[0]['title']} lowers it most")
        said = " and ".join(told) if told else "Nothing sets this applicant apart"
        step = float(self.steps.loc[self.steps["step"] == CALIBRATION, "contribution"].sum())
        if abs(step) > parts["contribution"].abs().max():
            said += f"; calibration {'raises' if step > 0 else 'lowers'} it more than any of them"
        return said

    def to_json(self) -> dict[str, Any]:
        """Return the steps as plain values."""
        plain = ("unit", "reference", "kind", "method", "p_base", "p_bad", "estimated")
        return {name: getattr(self, name) for name in plain} | {"steps": self.steps.to_dict(orient="records")}


def waterfall(
    model: TrainedModel, found: Attributions, raw: np.ndarray, i: int = 0, most: int = MOST
) -> Waterfall:
    """Return the steps of the row at position `i`.

    Parameters
    ----------
    raw : array, shape (n, characteristics)
        The rows that `found` holds the values of.
    most : int
        Characteristics shown one by one, the heaviest first; the others are one step.
    """
    values = found.values[i]
    order = np.argsort(-np.abs(np.round(values, 9)), kind="stable")
    shown, others = order[:most], order[most:]
    columns, portfolio = model.encoder.columns, model.portfolio
    lines: list[tuple[str, str, str, str, float]] = []
    for j in shown:
        declared = portfolio.characteristic(found.characteristics[j])
        told = value_in_words(model, columns[j], float(raw[i, j]))
        lines.append((PART, declared.name, declared.shown, told, float(values[j])))
    if len(others):
        rest = float(values[others].sum())
        lines.append((REST, "", f"{len(others)} other{'' if len(others) == 1 else 's'}", "", rest))
    margin, end = float(found.margin[i]), _on_scale(found.unit, float(found.p_bad[i]))
    lines.append((CALIBRATION, "", "Calibration", "", end - margin))
    steps = pd.DataFrame(lines, columns=["step", "characteristic", "title", "value", "contribution"])
    ends = found.base + np.cumsum(steps["contribution"].to_numpy())
    steps = steps.assign(start=np.append(found.base, ends[:-1]), end=ends)
    first = _edge(BASE, "Reference", found.base)
    last = _edge(END, "This applicant", end)
    return Waterfall(
        steps=pd.concat([first, steps, last], ignore_index=True), unit=found.unit, reference=found.reference,
        kind=found.kind, method=found.method,
        p_base=float(p_bad_at(model.calibrator, found.unit, [found.base])[0]),
        p_bad=float(found.p_bad[i]), estimated=found.estimated,
    )  # fmt: skip


def _edge(step: str, title: str, at: float) -> pd.DataFrame:
    names = ["step", "characteristic", "title", "value", "contribution", "start", "end"]
    return pd.DataFrame([(step, "", title, "", 0.0, at, at)], columns=names)


def _on_scale(unit: str, p_bad: float) -> float:
    p = min(max(p_bad, P_LOW), P_HIGH)
    return p_bad if unit == PROBABILITY else float(np.log(p / (1 - p)))


def value_in_words(model: TrainedModel, column: Column, raw: float) -> str:
    """Return a raw value as people say it: the attribute's label, the number, the day, "missing"."""
    declared = model.portfolio.characteristic(column.name)
    if np.isnan(raw):
        return "missing"
    if isinstance(column, LevelColumn):
        return declared.label(column.levels[int(raw)]) if raw >= 0 else "not seen in development"
    if raw in column.special:
        labels = {special.value: special.label for special in declared.special}
        return labels.get(f"{raw:g}") or f"code {raw:g}"
    if column.date:
        return f"{raw:,.0f} months before" if model.encoder.date else _day(raw)
    if declared.format == "percent":
        return f"{100 * raw:,.4g}%"
    return f"{raw:,.0f}" if abs(raw) >= 1e4 else f"{raw:,.4g}"


def _day(months: float) -> str:
    day = np.datetime64("2000-01-01") + np.timedelta64(round(months * DAYS_A_MONTH), "D")
    return str(day)
