"""From a family's margin to a calibrated PD, kept as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from workbench.dataset.customers import deal
from workbench.errors import InputError
from workbench.evaluation.rates import customer_codes
from workbench.evaluation.resampled import blocks_of, drawn_again

Method = Literal["sigmoid", "isotonic", "none"]
ISOTONIC_BADS, ISOTONIC_ASKED_BADS = 1_000, 200
DRAWS, CELLS = 200, 200
FLOOR = 1e-4


def expit(z: np.ndarray | float) -> Any:
    """Return 1 / (1 + exp(-z)) without overflow; one formula for one value and for many."""
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0, e) / (1.0 + e)


@dataclass(frozen=True, eq=False)
class Calibrator:
    """A rising map from margin (log-odds of bad as the family sees it) to PD.

    Attributes
    ----------
    method : {"sigmoid", "isotonic", "none"}
    slope, intercept : float
        Of a sigmoid: PD = expit(slope * margin + intercept); 1 and 0 for none.
    knots, values : tuple of float
        Of an isotonic: PDs at rising margins, straight lines between.
    n, n_bad : int
        Rows it was fitted on.
    sample : str
        Which rows: "development, out-of-fold", "validation" or "calibration".
    draws : tuple of tuple of float
        Bootstrap draws: (slope, intercept) of a sigmoid, PDs at the knots of an isotonic.
    note : str
        Why this method and no other, where that needs saying.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    n: int = 0
    n_bad: int = 0
    sample: str = ""
    draws: tuple[tuple[float, ...], ...] = ()
    note: str = ""

    def p_bad(self, margin: np.ndarray) -> np.ndarray:
        """Return calibrated PDs; shape as `margin`."""
        if self.method == "isotonic":
            return np.interp(margin, self.knots, self.values)
        return expit(self.slope * np.asarray(margin, dtype=float) + self.intercept)

    def interval(self, margin: float, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of one PD from calibration uncertainty alone; NaN without draws."""
        if not self.draws:
            return float("nan"), float("nan")
        draws = np.asarray(self.draws)
        if self.method == "isotonic":
            at = int(np.clip(np.searchsorted(self.knots, margin) - 1, 0, len(self.knots) - 2))
            left, right = self.knots[at], self.knots[at + 1]
            share = float(np.clip((margin - left) / (right - left), 0.0, 1.0)) if right > left else 0.0
            p = draws[:, at] * (1 - share) + draws[:, at + 1] * share
        else:
            p = expit(draws[:, 0] * margin + draws[:, 1])
        low, high = np.quantile(p, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def folded(self) -> Calibrator:
        """Return what is left of a sigmoid when a model takes it into its own margin.

        The PD then follows from the margin alone; the draws tell the same uncertainty about it.
        """
        a, b = self.slope, self.intercept
        draws = tuple((s / a, i - s * b / a) for s, i in self.draws) if a > 0 else ()
        told = f"part of the points: log-odds times {a:.3f} {'plus' if b >= 0 else 'minus'} {abs(b):.3f}"
        note = f"{told}; {self.note}" if self.note else told
        return replace(self, slope=1.0, intercept=0.0, draws=draws, note=note)

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Calibrator:
        """Return the calibrator that `to_json` wrote."""
        rows = tuple(tuple(row) for row in values["draws"])
        return cls(
            **{**values, "knots": tuple(values["knots"]), "values": tuple(values["values"]), "draws": rows}
        )


def choose(asked: str, n_bad: int) -> tuple[Method, str]:
    """Return the method for `n_bad` bads, and a note where it is not simply what was asked.

    Parameters
    ----------
    asked : {"auto", "sigmoid", "isotonic", "none"}
    """
    if asked == "isotonic":
        if n_bad < ISOTONIC_ASKED_BADS:
            return (
                "sigmoid",
                f"isotonic was asked for and needs {ISOTONIC_ASKED_BADS} bads; there are {n_bad:,}",
            )
        if n_bad < ISOTONIC_BADS:
            return "isotonic", f"isotonic on {n_bad:,} bads overfits easily; {ISOTONIC_BADS:,} are advised"
        return "isotonic", ""
    if asked in ("auto", "sigmoid"):
        return "sigmoid", ""
    if asked == "none":
        return "none", "PDs are the family's own, uncalibrated"
    raise InputError(
        "CALIBRATION", f"{asked!r} is no calibration", remedy="Take auto, sigmoid, isotonic or none."
    )


def fit(
    asked: str, margin: np.ndarray, bad: np.ndarray, weight: np.ndarray | None, *, sample: str, seed: int,
    customer: np.ndarray | None = None,
) -> Calibrator:  # fmt: skip
    """Fit a calibrator on margins of rows the model was not fitted on.

    Parameters
    ----------
    margin : array, shape (n,)
    bad : array, shape (n,)
        1 bad, 0 good; both must occur.
    weight : array, shape (n,), optional
    sample : str
        Which rows these are, in words.
    customer : array of int, shape (n,), optional
        Whose row each is; whole customers are then drawn again.

    Notes
    -----
    The sigmoid is Platt's, with his smoothed goals. Uncertainty is a bootstrap over cells of
    margin quantile by outcome, which agrees with one over rows at a fraction of its cost.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines".
    """
    n_bad = int(bad.sum())
    method, note = choose(asked, n_bad)
    base = {"n": len(margin), "n_bad": n_bad, "sample": sample, "note": note}
    if method == "none":
        return Calibrator("none", **base)
    w = np.ones(len(margin)) if weight is None else weight
    cells = _cells(margin, bad, w)
    counts = _drawn(cells, np.random.default_rng(seed), customer_codes(customer))
    if method == "isotonic":
        knots, values = _isotonic(margin, bad, w)
        draws = [_isotonic_at(cells, row, knots) for row in counts]
        return Calibrator(
            "isotonic", knots=tuple(knots), values=tuple(values), draws=tuple(map(tuple, draws)), **base
        )
    slope, intercept = _sigmoid(margin, bad, w)
    pairs = [_sigmoid(cells.margin, cells.bad, cells.scale * row) for row in counts]
    return Calibrator("sigmoid", slope=slope, intercept=intercept, draws=tuple(pairs), **base)


def cross_fitted(
    method: Method, margin: np.ndarray, bad: np.ndarray, weight: np.ndarray | None, seed: int,
    customer: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Return PDs of rows that had no part in their own calibration: each half by a map of the other.

    Parameters
    ----------
    customer : array of int, shape (n,), optional
        Whose row each is; all rows of a customer are in one half.

    Returns
    -------
    array, shape (n,)
        For judging a model by its calibration rows; the map itself is fitted on all of them.
    """
    w = np.ones(len(margin)) if weight is None else weight
    half = np.zeros(len(margin), bool)
    rng = np.random.default_rng(seed)
    if customer is not None:
        half = deal(customer, bad > 0, [0.5, 0.5], rng) == 1
    else:
        for value in (0, 1):
            at = np.flatnonzero(bad == value)
            half[rng.permutation(at)[: len(at) // 2]] = True
    out = np.empty(len(margin))
    for fit_on in (half, ~half):
        out[~fit_on] = _map(method, margin[fit_on], bad[fit_on], w[fit_on]).p_bad(margin[~fit_on])
    return out


def _map(method: Method, margin: np.ndarray, bad: np.ndarray, weight: np.ndarray) -> Calibrator:
    if method == "isotonic":
        knots, values = _isotonic(margin, bad, weight)
        return Calibrator("isotonic", knots=tuple(knots), values=tuple(values))
    if method == "none":
        return Calibrator("none")
    slope, intercept = _sigmoid(margin, bad, weight)
    return Calibrator("sigmoid", slope=slope, intercept=intercept)


@dataclass(frozen=True, eq=False)
class _Cells:
    margin: np.ndarray
    bad: np.ndarray
    rows: np.ndarray
    scale: np.ndarray  # weight of a row in the cell
    of: np.ndarray  # cell of each row fitted on


def _cells(margin: np.ndarray, bad: np.ndarray, weight: np.ndarray) -> _Cells:
    edges = np.unique(np.quantile(margin, np.linspace(0, 1, CELLS + 1)[1:-1]))
    cell = np.searchsorted(edges, margin, side="right") * 2 + (bad > 0)
    size = 2 * (len(edges) + 1)
    rows = np.bincount(cell, minlength=size)
    mass = np.bincount(cell, weights=weight, minlength=size)
    held = rows > 0
    centre = np.bincount(cell, weights=margin * weight, minlength=size)[held] / mass[held]
    outcome = (np.arange(size) % 2)[held].astype(float)
    of = (np.cumsum(held) - 1)[cell]
    return _Cells(centre, outcome, rows[held], mass[held] / rows[held], of)


def _drawn(cells: _Cells, rng: np.random.Generator, code: np.ndarray | None) -> np.ndarray:
    """Return rows in each cell of samples drawn again; shape (draws, cells)."""
    if code is None:
        return rng.multinomial(cells.rows.sum(), cells.rows / cells.rows.sum(), size=DRAWS)
    block, size = blocks_of(code, rng), len(cells.rows)
    blocks = int(block.max()) + 1
    counts = np.bincount(block * size + cells.of, minlength=blocks * size).reshape(blocks, size)
    return drawn_again(counts.astype(float), DRAWS, rng)


def _sigmoid(margin: np.ndarray, bad: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Platt's sigmoid by Newton's method with step halving; slope never negative."""
    n_bad, n_good = float(weight @ bad), float(weight @ (1 - bad))
    goal = np.where(bad > 0, (n_bad + 1) / (n_bad + 2), 1 / (n_good + 2))
    a, b = 1.0, 0.0

    def loss(a: float, b: float) -> float:
        z = a * margin + b
        return float(weight @ (np.logaddexp(0, z) - goal * z))

    at = loss(a, b)
    for _ in range(100):
        p = expit(a * margin + b)
        r, v = weight * (p - goal), weight * p * (1 - p)
        g0, g1 = float(r @ margin), float(r.sum())
        h00, h01, h11 = float(v @ margin**2) + 1e-10, float(v @ margin), float(v.sum()) + 1e-10
        det = h00 * h11 - h01 * h01
        if abs(g0) + abs(g1) < 1e-9 * (1 + weight.sum()) or det <= 0:
            break
        da, db = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        if g0 * da + g1 * db < 1e-12 * (1 + abs(at)):
            break  # what is left to gain is below rounding, where halving the step would search in vain
        step = 1.0
        while step > 1e-8 and loss(a - step * da, b - step * db) > at:
            step /= 2
        if step <= 1e-8:
            break
        a, b = a - step * da, b - step * db
        at = loss(a, b)
    # a falling map would turn the ranking round; a constant PD says honestly that nothing was learned
    if a < 0:
        share = (n_bad + 1) / (n_bad + n_good + 2)
        return 0.0, float(np.log(share / (1 - share)))
    return float(a), float(b)


def _isotonic(margin: np.ndarray, bad: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=FLOOR, y_max=1 - FLOOR, out_of_bounds="clip")
    model.fit(margin, bad, sample_weight=weight)
    return model.X_thresholds_.astype(float), model.y_thresholds_.astype(float)


def _isotonic_at(cells: _Cells, rows: np.ndarray, knots: np.ndarray) -> np.ndarray:
    x, y = _isotonic(cells.margin, cells.bad, cells.scale * np.maximum(rows, 1e-9))
    return np.interp(knots, x, y)
