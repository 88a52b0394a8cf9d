"""The scores of an extract against those of rows the model was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.drift import characteristics
from workbench.drift.characteristics import Known
from workbench.drift.months import by_month
from workbench.drift.rows import Rows, difference, mean
from workbench.policy import DECISIONS, Policy
from workbench.portfolio import Characteristic, Points

MEASURES = ("measure", "title", "reference", "extract", "difference", "low", "high", "p_value")
MONTHS = (
    "month",
    "n",
    "mean_points",
    "mean_p_bad",
    "approval_rate",
    "psi",
    "psi_expected",
    "psi_95",
    "psi_99",
)
TITLES = {
    "mean_points": "Mean points", "mean_p_bad": "Mean PD", "approval_rate": "Approval rate",
    "refer_rate": "Refer rate", "decline_rate": "Decline rate",
}  # fmt: skip
POINTS = Characteristic(name="points", title="Points")


@dataclass(frozen=True, eq=False)
class ScoreDrift:
    """How scores moved.

    Attributes
    ----------
    stability : DataFrame
        One line, of the points, with the columns of `characteristics.compare`: n_development is the number of
        reference rows.
    bins : DataFrame
        Both distributions on bins frozen on the reference, as from `characteristics.compare`.
    measures : DataFrame
        One line for mean_points, mean_p_bad, approval_rate, refer_rate and decline_rate: reference,
        extract, difference with low and high (95%) and p_value.
    months : DataFrame
        month, n, mean_points, mean_p_bad, approval_rate, psi, psi_expected, psi_95, psi_99; empty without
        dates.
    reference : str
        What the extract is held against.
    """

    stability: pd.DataFrame
    bins: pd.DataFrame
    measures: pd.DataFrame
    months: pd.DataFrame
    reference: str

    def value(self, measure: str, column: str = "extract") -> float:
        """Return one figure of `measures`."""
        return float(self._lines[measure][column])

    @cached_property
    def _lines(self) -> dict[str, dict[str, Any]]:
        return {line["measure"]: line for line in self.measures.to_dict("records")}

    @property
    def psi(self) -> float:
        """PSI of the points."""
        return float(self.stability["psi"].iloc[0])


@dataclass(frozen=True, eq=False)
class Scored:
    """What the scores of some rows are by themselves.

    Attributes
    ----------
    rows : Rows
    points : DataFrame
        points, rounded.
    exact : array, shape (n,)
        Points before they are rounded.
    approved : array of bool, shape (n,)
    means : dict of str to (float, float)
        Measure of `ScoreDrift.measures` -> mean and standard error.
    """

    rows: Rows
    points: pd.DataFrame
    exact: np.ndarray
    approved: np.ndarray
    means: dict[str, tuple[float, float]]

    @cached_property
    def known(self) -> tuple[Known, ...]:
        """What is held of the points, for others to be compared with."""
        return characteristics.know(self.points, (POINTS,), self.rows.weight, self.rows.code)


def scored(rows: Rows, policy: Policy, scale: Points) -> Scored:
    """Return the scores of rows by themselves."""
    exact, decided = scale.exact(rows.p_bad), rows.decided(policy)
    asked = [exact, rows.p_bad, *((decided == code).astype(float) for code in range(len(DECISIONS)))]
    means = {name: mean(values, rows.weight, rows.code) for name, values in zip(TITLES, asked, strict=True)}
    return Scored(rows, pd.DataFrame({"points": np.rint(exact)}), exact, decided == 0, means)


def compare(extract: Scored, reference: Scored) -> ScoreDrift:
    """Compare the scores of an extract with those of a reference.

    Parameters
    ----------
    reference : Scored
        Rows the model was not fitted on: a model that fits its development rows closely scores them more
        surely than any later ones, which would pass for drift.
    """
    own = (extract.rows.weight, extract.rows.code)
    line, bins = characteristics.compare(reference.known, extract.points, *own)
    lines = []
    for name, title in TITLES.items():
        now, before = extract.means[name], reference.means[name]
        lines.append((name, title, before[0], now[0], *difference(now, before)))
    months = pd.DataFrame(columns=list(MONTHS))
    if extract.rows.month is not None:
        cells, _ = by_month(reference.known, extract.points, extract.rows.month, *own)
        months = _months(cells, extract.rows, extract.exact, extract.approved)
    return ScoreDrift(line, bins, pd.DataFrame(lines, columns=list(MEASURES)), months, reference.rows.words)


def _months(cells: pd.DataFrame, rows: Rows, points: np.ndarray, approved: np.ndarray) -> pd.DataFrame:
    weight = np.ones(rows.n) if rows.weight is None else rows.weight
    told = pd.DataFrame({"month": rows.month, "w": weight})
    for name, values in (("mean_points", points), ("mean_p_bad", rows.p_bad), ("approval_rate", approved)):
        told[name] = weight * values
    sums = told.groupby("month").sum()
    found = sums.div(sums.pop("w"), axis=0).reset_index()
    found["month"] = np.datetime_as_string(found["month"].to_numpy("datetime64[M]"))
    return cells.merge(found, on="month", how="left")[list(MONTHS)]
