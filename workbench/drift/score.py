"""The scores of an extract against those of rows the model was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.drift import characteristics
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
        return float(self.measures.loc[self.measures["measure"] == measure, column].iloc[0])

    @property
    def psi(self) -> float:
        """PSI of the points."""
        return float(self.stability["psi"].iloc[0])


def compare(extract: Rows, reference: Rows, policy: Policy, scale: Points) -> ScoreDrift:
    """Compare the scores of an extract with those of a reference.

    Parameters
    ----------
    reference : Rows
        Rows the model was not fitted on: a model that fits its development rows closely scores them more
        surely than any later ones, which would pass for drift.
    """
    points = [scale.exact(rows.p_bad) for rows in (extract, reference)]
    frames = [pd.DataFrame({"points": np.rint(p)}) for p in points]
    known = characteristics.know(frames[1], (POINTS,), reference.weight, reference.code)
    line, bins = characteristics.compare(known, frames[0], extract.weight, extract.code)
    decided = [rows.decided(policy) for rows in (extract, reference)]
    asked = [("mean_points", "Mean points", points)]
    asked += [("mean_p_bad", "Mean PD", [rows.p_bad for rows in (extract, reference)])]
    titles = ("Approval rate", "Refer rate", "Decline rate")
    names = ("approval_rate", "refer_rate", "decline_rate")
    for code in range(len(DECISIONS)):
        asked.append((names[code], titles[code], [(d == code).astype(float) for d in decided]))
    lines = []
    for name, title, (now, before) in asked:
        means = mean(now, extract.weight, extract.code), mean(before, reference.weight, reference.code)
        lines.append((name, title, means[1][0], means[0][0], *difference(*means)))
    months = pd.DataFrame(columns=list(MONTHS))
    if extract.month is not None:
        cells, _ = by_month(known, frames[0], extract.month, extract.weight, extract.code)
        months = _months(cells, extract, points[0], decided[0] == 0)
    return ScoreDrift(line, bins, pd.DataFrame(lines, columns=list(MEASURES)), months, reference.words)


def _months(cells: pd.DataFrame, rows: Rows, points: np.ndarray, approved: np.ndarray) -> pd.DataFrame:
    weight = np.ones(rows.n) if rows.weight is None else rows.weight
    told = pd.DataFrame({"month": rows.month, "w": weight})
    for name, values in (("mean_points", points), ("mean_p_bad", rows.p_bad), ("approval_rate", approved)):
        told[name] = weight * values
    sums = told.groupby("month").sum()
    found = sums.div(sums.pop("w"), axis=0).reset_index()
    found["month"] = np.datetime_as_string(found["month"].to_numpy("datetime64[M]"))
    return cells.merge(found, on="month", how="left")[list(MONTHS)]
