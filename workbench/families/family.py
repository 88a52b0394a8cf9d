"""What every family offers, in one shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.binning import BinSpec
from workbench.families.ranges import Ranges, Scalar
from workbench.features import Encoder
from workbench.features.encoder import EncodingKind
from workbench.portfolio import Points, Portfolio
from workbench.run import Run


class Fitted(Protocol):
    """A fitted model: the family's own margin from what its encoder made."""

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return the margin of each row of `x`; shape (n,), log-odds of bad."""
        ...

    def margin_of_one(self, x: list[float]) -> float:
        """Return the margin of one applicant, equal to `margin` to the last bit."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """Return the model in the family's own format, by file name."""
        ...

    def canonical(self) -> bytes:
        """Return what was learned, the same bytes for the same model; the digest is made of it."""
        ...


@dataclass(frozen=True)
class FitSpec:
    """What a fit is asked: a seed, the family's parameters (defaults where not given), a points scale."""

    seed: int = 42
    params: tuple[tuple[str, Scalar], ...] = ()
    points: Points = Points()


@dataclass(frozen=True, eq=False)
class FitRows:
    """Encoded rows to fit on, or to stop early by."""

    x: np.ndarray
    bad: np.ndarray
    weight: np.ndarray | None

    def balanced(self) -> FitRows:
        """Return the rows with bads as heavy as goods in sum, their total weight as before.

        The ratio is that of ``scale_pos_weight`` = goods / bads; the total stays, so that settings that
        count weight in a leaf mean what they meant.
        """
        weight = np.ones(len(self.bad)) if self.weight is None else self.weight
        bads = float(weight @ self.bad)
        goods = float(weight.sum()) - bads
        if not (bads > 0 and goods > 0):
            return self
        half = (goods + bads) / 2
        return FitRows(self.x, self.bad, weight * np.where(self.bad > 0, half / bads, half / goods))


def no_coefficients(encoder: Encoder, fitted: Fitted) -> pd.DataFrame:
    """Return an empty frame: trees have no coefficients."""
    return pd.DataFrame(columns=["column", "characteristic", "detail", "coefficient"])


def shares(taken: np.ndarray) -> np.ndarray:
    """Return what splits on each characteristic took away as shares of it all; zeros where nothing was."""
    return taken / taken.sum() if taken.sum() > 0 else taken


FitFunction = Callable[[Encoder, FitRows, "FitRows | None", FitSpec, Run], Fitted]


@dataclass(frozen=True)
class Family:
    """One kind of model and what an analyst should know of it.

    Attributes
    ----------
    encoding : {"ordered", "linear", "binned"}
        What its encoder makes.
    fit : callable
        (encoder, development rows, validation rows or None, FitSpec, Run) -> Fitted.
    read : callable
        The files that `Fitted.to_files` wrote -> Fitted.
    importance : callable
        (encoder, fitted, encoded development rows with their weights) -> array, one a
        characteristic, not negative.
    coefficients : callable
        (encoder, fitted) -> frame ``column, characteristic, detail, coefficient``; empty where
        the family has none. It may add ``standard_error`` and ``p_value``.
    ranges : tuple of (str, Range)
        How far each parameter of `defaults` may go.
    rounds : str
        The parameter that folds choose where there is no validation sample; empty for none.
    bin_spec : callable, optional
        (parameters) -> BinSpec, of a family whose encoding is binned.
    fold : callable, optional
        (encoder, fitted, slope, intercept) -> Fitted whose margin is slope * margin + intercept, as
        nearly as the model can say it: of a family that takes calibration into itself.
    card : callable, optional
        (portfolio, encoder, fitted) -> frame of points by bin, see `scorecard.card`.
    selection : callable, optional
        (portfolio, fitted) -> frame ``characteristic, title, iv, chosen, reason``.
    """

    name: str
    title: str
    purpose: str
    strengths: str
    limits: str
    when: str
    importance_title: str
    encoding: EncodingKind
    defaults: tuple[tuple[str, Scalar], ...]
    ranges: Ranges
    fit: FitFunction
    read: Callable[[dict[str, bytes]], Fitted]
    importance: Callable[[Encoder, Fitted, FitRows], np.ndarray]
    coefficients: Callable[[Encoder, Fitted], pd.DataFrame] = no_coefficients
    rounds: str = ""
    bin_spec: Callable[[tuple[tuple[str, Scalar], ...]], BinSpec] | None = None
    fold: Callable[[Encoder, Fitted, float, float], Fitted] | None = None
    card: Callable[[Portfolio, Encoder, Fitted], pd.DataFrame] | None = None
    selection: Callable[[Portfolio, Fitted], pd.DataFrame] | None = None


def spread(part: np.ndarray, weight: np.ndarray | None) -> float:
    """Return the standard deviation of a characteristic's part in what a model says; rows may weigh."""
    if weight is None:
        return float(part.std())
    return float(np.sqrt(np.average((part - np.average(part, weights=weight)) ** 2, weights=weight)))


def directions(encoder: Encoder) -> list[int]:
    """Return what the portfolio declares of each column: 1 risk rises with it, -1 falls, 0 nothing."""
    return [getattr(column, "monotone", 0) for column in encoder.columns]
