"""Models that add up their characteristics: a logistic regression and a points card, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.explanation.attributions import INTERVENTIONAL, LOG_ODDS, TOLERANCE, Kind
from workbench.families.logistic import Logistic
from workbench.families.scorecard import Scorecard
from workbench.training import TrainedModel

Parts = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Additive:
    """Values of a model whose margin is a constant and one part a characteristic.

    Held against any reference, a characteristic's value is its part less the part's mean there: nothing
    acts together, so every order of setting characteristics gives the same.

    Parameters
    ----------
    constant : float
    parts : callable
        Encoded rows -> what each characteristic adds; shape (n, characteristics).
    """

    constant: float
    parts: Parts
    method: str = "closed form"
    unit: str = LOG_ODDS
    kinds: tuple[Kind, ...] = (INTERVENTIONAL,)
    tolerance: float = TOLERANCE

    def learn(self, x: np.ndarray, weight: np.ndarray | None, threads: int = 1) -> dict[str, np.ndarray]:
        """Return what is kept of reference rows: the mean part of each characteristic."""
        return {"means": np.average(self.parts(x), axis=0, weights=weight)}

    def base(self, kept: dict[str, np.ndarray]) -> float:
        """Return the mean margin of the reference."""
        return self.constant + float(kept["means"].sum())

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return the margin of each row, before a card's scale ends; shape (n,)."""
        return self.constant + self.parts(x).sum(axis=1)

    def values(self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1) -> np.ndarray:
        """Return the values of each row; shape (n, characteristics)."""
        return self.parts(x) - kept["means"]

    def interactions(
        self, x: np.ndarray, kept: dict[str, np.ndarray], kind: Kind, threads: int = 1
    ) -> np.ndarray:
        """Return values by pair: only the diagonal differs from 0; shape (n, k, k)."""
        values = self.values(x, kept, kind)
        return values[:, :, None] * np.eye(values.shape[1])

    def against(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the values of one row held against another; shape (1, characteristics)."""
        return self.parts(x) - self.parts(other)


def additive(model: TrainedModel) -> Additive | None:
    """Return the closed form of a model, or None where it does not add up its characteristics."""
    fitted: Any = model.fitted
    if isinstance(fitted, Logistic):
        return Additive(fitted.intercept, _design_parts(model, fitted))
    if isinstance(fitted, Scorecard):
        return Additive(fitted.scale.offset / fitted.scale.factor, _card_parts(model, fitted))
    return None


def _design_parts(model: TrainedModel, fitted: Logistic) -> Parts:
    names = [column.name for column in model.encoder.columns]
    of = np.array([names.index(e.characteristic) for e in model.encoder.encoded])
    coefficients = np.array(fitted.coefficients)

    def parts(x: np.ndarray) -> np.ndarray:
        out = np.zeros((len(x), len(names)))
        for j, (column, coefficient) in enumerate(zip(of, coefficients, strict=True)):
            out[:, column] += coefficient * x[:, j]
        return out

    return parts


def _card_parts(model: TrainedModel, fitted: Scorecard) -> Parts:
    width, factor = len(model.encoder.columns), fitted.scale.factor
    tables = [(term.column, np.array(term.points, float)) for term in fitted.terms]

    def parts(x: np.ndarray) -> np.ndarray:
        out = np.zeros((len(x), width))
        for column, points in tables:
            out[:, column] = -points[x[:, column].astype(np.intp)] / factor
        return out

    return parts
