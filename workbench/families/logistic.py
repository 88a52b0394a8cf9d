"""Logistic regression on clipped, standardised numbers and one-hot categories."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.families.family import Family, FitRows, FitSpec, Fitted, spread
from workbench.families.ranges import Range, settled
from workbench.features import Encoder
from workbench.run import Run

FILE = "logistic.json"
DEFAULTS = (("C", 1.0), ("max_iter", 1000))
RANGES = (("C", Range(0, 1_000_000, above=True)), ("max_iter", Range(1, 1_000_000)))


@dataclass(frozen=True, eq=False)
class Logistic:
    """Coefficients and an intercept; margin = intercept + sum of coefficient times column."""

    coefficients: tuple[float, ...]
    intercept: float

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return log-odds of bad; shape (n,). Columns are added in order, as for one applicant."""
        out = np.full(len(x), self.intercept)
        for j, coefficient in enumerate(self.coefficients):
            out += coefficient * x[:, j]
        return out

    def margin_of_one(self, x: list[float]) -> float:
        """Return the log-odds of bad of one applicant."""
        out = self.intercept
        for coefficient, value in zip(self.coefficients, x, strict=True):
            out += coefficient * value
        return out

    def to_files(self) -> dict[str, bytes]:
        """Return the model as one JSON file."""
        return {FILE: self.canonical()}

    def canonical(self) -> bytes:
        """Return the JSON, floats by repr."""
        values = {"coefficients": list(self.coefficients), "intercept": self.intercept}
        return json.dumps(values, allow_nan=False, sort_keys=True).encode()


def read(files: dict[str, bytes]) -> Logistic:
    """Return the model that `Logistic.to_files` wrote."""
    values = json.loads(files[FILE])
    return Logistic(tuple(values["coefficients"]), values["intercept"])


def fit(
    encoder: Encoder, development: FitRows, validation: FitRows | None, spec: FitSpec, run: Run
) -> Logistic:
    """Fit by lbfgs with an l2 penalty; the validation sample is not used.

    Raises
    ------
    InputError
        ``NOT_CONVERGED`` where the iterations did not suffice.
    """
    from scipy import sparse
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    run.step("fitting coefficients", 0.0)
    params = settled(DEFAULTS, spec.params)
    # most columns of a one-hot design are 0; sparse rows make the fit several times faster
    wide = development.x.shape[1] > 2 * len(encoder.columns)
    x = sparse.csr_matrix(development.x) if wide else np.ascontiguousarray(development.x)
    model = LogisticRegression(
        C=params["C"], l1_ratio=0.0, solver="lbfgs", max_iter=params["max_iter"], random_state=spec.seed
    )
    refused = InputError(
        "NOT_CONVERGED", f"the logistic regression did not converge in {params['max_iter']} iterations",
        remedy="Raise max_iter, lower C, or leave out characteristics that repeat each other.",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit(x, development.bad, sample_weight=development.weight)
        except ConvergenceWarning:
            raise refused from None
    # what warnings do is set for all threads: one that loads a library meanwhile may have set it back
    if model.n_iter_.max() >= params["max_iter"]:
        raise refused
    run.step("fitting coefficients", 1.0)
    return Logistic(tuple(float(c) for c in model.coef_[0]), float(model.intercept_[0]))


def coefficients(encoder: Encoder, fitted: Fitted) -> pd.DataFrame:
    """Return one line a design column: ``column, characteristic, detail, coefficient``."""
    assert isinstance(fitted, Logistic)
    return pd.DataFrame(
        {
            "column": [e.name for e in encoder.encoded],
            "characteristic": [e.characteristic for e in encoder.encoded],
            "detail": [e.detail for e in encoder.encoded],
            "coefficient": list(fitted.coefficients),
        }
    )


def importance(encoder: Encoder, fitted: Fitted, rows: FitRows) -> np.ndarray:
    """Return, for each characteristic, the standard deviation of its part of the log-odds."""
    assert isinstance(fitted, Logistic)
    names = [e.characteristic for e in encoder.encoded]
    parts = {column.name: np.zeros(len(rows.x)) for column in encoder.columns}
    for j, name in enumerate(names):
        parts[name] += fitted.coefficients[j] * rows.x[:, j]
    return np.array([spread(parts[column.name], rows.weight) for column in encoder.columns])


FAMILY = Family(
    name="logistic",
    title="Logistic regression",
    purpose="The field's plain benchmark: each characteristic adds to the log-odds of bad.",
    strengths="Every coefficient can be read and defended; steady on few bads; fast.",
    limits="Sees no interactions and no bends unless a characteristic is a category.",
    when="First, always; and where a committee must read the whole model.",
    importance_title="spread of the characteristic's part of the log-odds (standard deviation)",
    encoding="linear",
    defaults=DEFAULTS,
    ranges=RANGES,
    fit=fit,
    read=read,
    importance=importance,
    coefficients=coefficients,
)
