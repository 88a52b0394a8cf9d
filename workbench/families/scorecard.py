"""The points card: whole points by bin, from a logistic regression on WoE. The rounded card is the model."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from workbench.binning import TRENDS, BinSpec
from workbench.families.evidence import Choice, select
from workbench.families.family import Family, FitRows, FitSpec, Fitted, Scalar, spread
from workbench.families.ranges import Range, settled
from workbench.features import Encoder
from workbench.portfolio import Points, Portfolio
from workbench.run import Run

FILE = "scorecard.json"
_BINS = BinSpec()
DEFAULTS: tuple[tuple[str, Scalar], ...] = (
    ("min_iv", 0.02),
    ("max_correlation", 0.7),
    ("max_p_value", 0.157),  # what AIC asks of one coefficient
    ("max_characteristics", 15),
    ("trend", _BINS.trend),
    ("max_bins", _BINS.max_bins),
    ("min_share", _BINS.min_share),
    ("min_bads", _BINS.min_bads),
)
RANGES = (
    ("min_iv", Range(0, 10)),
    ("max_correlation", Range(0, 1)),
    ("max_p_value", Range(0, 1)),
    ("max_characteristics", Range(1, 1_000)),
    ("trend", Range(words=TRENDS)),
    ("max_bins", Range(2, _BINS.fine)),
    ("min_share", Range(0, 0.5)),
    ("min_bads", Range(1, 1_000_000)),
)
BIN_PARAMETERS = ("trend", "max_bins", "min_share", "min_bads")


@dataclass(frozen=True)
class Term:
    """One characteristic of the card.

    Attributes
    ----------
    column : int
        Its place among the encoder's columns.
    coefficient, standard_error : float
        Log-odds of bad for a WoE higher by 1; before rounding.
    points : tuple of int
        By bin, in the order of `Bins`.
    """

    name: str
    column: int
    coefficient: float
    standard_error: float
    points: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Whole points by characteristic and bin; the log-odds follow from their sum.

    A sum beyond the scale's ends (`Points.ends`, PDs of .0001 and .9999) counts as the end, so that
    points and PD always tell the same.

    Attributes
    ----------
    scale : Points
    intercept : float
        Of the regression, before rounding; it is spread evenly over the characteristics.
    terms : tuple of Term
        The strongest characteristic first.
    choices : tuple of Choice
        Why each characteristic is in the card or not.
    """

    scale: Points
    intercept: float
    terms: tuple[Term, ...]
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        lookup = tuple((term.column, term.points) for term in self.terms)
        object.__setattr__(self, "_lookup", lookup)
        object.__setattr__(self, "_line", (self.scale.offset, self.scale.factor, *self.scale.ends))

    def points(self, x: np.ndarray) -> np.ndarray:
        """Return the card's points of each row of bin numbers; shape (n,), int64."""
        total = np.zeros(len(x), np.int64)
        for column, points in self._lookup:
            total += np.array(points, np.int64)[x[:, column].astype(np.intp)]
        return np.clip(total, self._line[2], self._line[3])

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return the log-odds of bad that the card's points stand for; shape (n,)."""
        offset, factor = self._line[:2]
        return (offset - self.points(x)) / factor

    def margin_of_one(self, x: list[float]) -> float:
        """Return the log-odds of bad that one applicant's points stand for."""
        offset, factor, low, high = self._line
        total = 0
        for column, points in self._lookup:
            total += points[int(x[column])]
        return (offset - min(max(total, low), high)) / factor

    def to_files(self) -> dict[str, bytes]:
        """Return the card as one JSON file."""
        return {FILE: self.canonical()}

    def canonical(self) -> bytes:
        """Return the JSON, floats by repr."""
        values = {
            "scale": self.scale.model_dump(),
            "intercept": self.intercept,
            "terms": [asdict(term) for term in self.terms],
            "choices": [asdict(choice) for choice in self.choices],
        }
        return json.dumps(values, allow_nan=False, sort_keys=True).encode()


def read(files: dict[str, bytes]) -> Scorecard:
    """Return the card that `Scorecard.to_files` wrote."""
    values = json.loads(files[FILE])
    return Scorecard(
        scale=Points(**values["scale"]),
        intercept=values["intercept"],
        terms=tuple(Term(**{**term, "points": tuple(term["points"])}) for term in values["terms"]),
        choices=tuple(Choice(**choice) for choice in values["choices"]),
    )


def bin_spec(params: tuple[tuple[str, Scalar], ...]) -> BinSpec:
    """Return the bins that the family's parameters ask for."""
    asked = {name: value for name, value in settled(DEFAULTS, params).items() if name in BIN_PARAMETERS}
    return replace(_BINS, **asked)


def fit(
    encoder: Encoder, development: FitRows, validation: FitRows | None, spec: FitSpec, run: Run
) -> Scorecard:
    """Choose characteristics, fit a logistic regression on their WoE, turn it into whole points.

    The validation sample is not used, nor the seed.

    Raises
    ------
    InputError
        ``NO_PREDICTOR`` or ``NOT_CONVERGED``.

    References
    ----------
    Siddiqi, N. (2017). Intelligent Credit Scoring, 2nd ed. Wiley. doi:10.1002/9781119282396
    """
    params = settled(DEFAULTS, spec.params)
    run.step("choosing characteristics", 0.0)
    woe = np.empty(development.x.shape, order="F")
    for j, bins in enumerate(encoder.bins):
        woe[:, j] = np.array(bins.woe)[development.x[:, j].astype(np.intp)]
    chosen, fitted, choices = select(
        encoder.bins, woe, development.bad, development.weight, min_iv=float(params["min_iv"]),
        max_correlation=float(params["max_correlation"]), max_p_value=float(params["max_p_value"]),
        most=int(params["max_characteristics"]),
    )  # fmt: skip
    run.step("choosing characteristics", 1.0)
    terms = tuple(
        Term(encoder.bins[j].name, j, float(c), float(e), ())
        for j, c, e in zip(chosen, fitted.coefficients, fitted.standard_errors, strict=True)
    )
    return _pointed(encoder, Scorecard(spec.points, fitted.intercept, terms, choices))


def fold(encoder: Encoder, fitted: Fitted, slope: float, intercept: float) -> Scorecard:
    """Return the card of slope * log-odds + intercept: calibration becomes part of its points."""
    assert isinstance(fitted, Scorecard)
    terms = tuple(
        replace(t, coefficient=slope * t.coefficient, standard_error=slope * t.standard_error)
        for t in fitted.terms
    )
    moved = slope * fitted.intercept + intercept
    return _pointed(encoder, replace(fitted, intercept=moved, terms=terms))


def _pointed(encoder: Encoder, made: Scorecard) -> Scorecard:
    """Return the card with whole points for its coefficients.

    Points of a bin: ``-factor * (coefficient * WoE + intercept / k) + offset / k`` for k characteristics.
    """
    scale, k = made.scale, len(made.terms)
    base = (scale.offset - scale.factor * made.intercept) / k
    terms = tuple(
        replace(
            term,
            points=tuple(
                math.floor(base - scale.factor * term.coefficient * woe + 0.5)
                for woe in encoder.bins[term.column].woe
            ),
        )
        for term in made.terms
    )
    return replace(made, terms=terms)


def card(portfolio: Portfolio, encoder: Encoder, fitted: Fitted) -> pd.DataFrame:
    """Return the points table, one line a bin, the strongest characteristic first.

    Returns
    -------
    DataFrame
        ``characteristic, title, bin, label, n, n_bad, share, bad_rate, low, high, woe, points, thin``
        of the development sample; `thin` marks bins with too few rows, see `binning.woe_of`.
    """
    assert isinstance(fitted, Scorecard)
    tables = []
    for term in fitted.terms:
        about = portfolio.characteristic(term.name)
        table = encoder.bins[term.column].table(about)
        tables.append(table.assign(characteristic=term.name, title=about.shown, points=term.points))
    return pd.concat(tables, ignore_index=True)[CARD_COLUMNS]


CARD_COLUMNS = [
    "characteristic", "title", "bin", "label", "n", "n_bad", "share", "bad_rate", "low", "high", "woe",
    "points", "thin",
]  # fmt: skip


def selection(portfolio: Portfolio, fitted: Fitted) -> pd.DataFrame:
    """Return why each characteristic is in the card or not: ``characteristic, title, iv, chosen, reason``."""
    assert isinstance(fitted, Scorecard)
    frame = pd.DataFrame([asdict(choice) for choice in fitted.choices])
    frame = frame.rename(columns={"name": "characteristic"})
    frame.insert(1, "title", [portfolio.characteristic(name).shown for name in frame["characteristic"]])
    return frame


def coefficients(encoder: Encoder, fitted: Fitted) -> pd.DataFrame:
    """Return one line a characteristic of the card, calibrated and before rounding.

    ``column, characteristic, detail, coefficient, standard_error, p_value``; the p value is two-sided
    by the normal distribution and does not know that characteristics were chosen.
    """
    assert isinstance(fitted, Scorecard)
    terms = fitted.terms
    return pd.DataFrame(
        {
            "column": [t.name for t in terms],
            "characteristic": [t.name for t in terms],
            "detail": ["WoE"] * len(terms),
            "coefficient": [t.coefficient for t in terms],
            "standard_error": [t.standard_error for t in terms],
            "p_value": [_p_value(t.coefficient, t.standard_error) for t in terms],
        }
    )


def _p_value(coefficient: float, standard_error: float) -> float:
    return math.erfc(abs(coefficient / standard_error) / math.sqrt(2)) if standard_error > 0 else 1.0


def importance(encoder: Encoder, fitted: Fitted, rows: FitRows) -> np.ndarray:
    """Return the standard deviation of each characteristic's points; 0 where it is not in the card."""
    assert isinstance(fitted, Scorecard)
    size = np.zeros(len(encoder.columns))
    for term in fitted.terms:
        points = np.array(term.points, float)[rows.x[:, term.column].astype(np.intp)]
        size[term.column] = spread(points, rows.weight)
    return size


FAMILY = Family(
    name="scorecard",
    title="Scorecard",
    purpose="The bank's own form: each characteristic gives whole points by bin, and the points add up.",
    strengths="Read, checked and used on paper; bends with the data; missing values have points.",
    limits="Sees no interactions; bins need some dozens of bads; ranks a little below trees.",
    when="Where a committee signs every number, or a decision engine takes only points.",
    importance_title="spread of the characteristic's points (standard deviation)",
    encoding="binned",
    defaults=DEFAULTS,
    ranges=RANGES,
    fit=fit,
    read=read,
    importance=importance,
    coefficients=coefficients,
    bin_spec=bin_spec,
    fold=fold,
    card=card,
    selection=selection,
)
