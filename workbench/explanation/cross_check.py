"""Exact values of trees held against those of `shap`, before a model that is explained by them is kept."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import ArtifactError
from workbench.explanation.attributions import INTERVENTIONAL, PATH_DEPENDENT, Kind
from workbench.explanation.by_trees import ByTrees
from workbench.explanation.explainer import Explainer
from workbench.explanation.tree_sum import TreeSum
from workbench.families.lightgbm import Trees
from workbench.families.random_forest import Forest, as_rows
from workbench.families.xgboost import Boosted

TOLERANCE = 1e-6
"""Largest difference of a value, where margins are of the size of 1."""
SINGLE = 1e-5
"""The same where `shap` hands over to an engine that adds up in single precision."""
ROWS = 32
HELD = 100
"""Reference rows that `shap` takes as they are: of more it draws as many."""


@dataclass(frozen=True)
class CrossCheck:
    """What came of a comparison with `shap`.

    Attributes
    ----------
    rows : int
        Rows given.
    compared : int
        Of them, those that `shap` sends the way of the model at every test of every tree: it rounds
        thresholds to single precision and knows no missing values of a forest. The others are proved by
        adding up alone; by the definition it is `shap` that is wrong on them.
    largest : dict of str to float
        Largest difference of a value, by kind.
    closed : bool
        Whether there is nothing to compare: values are a closed form.
    """

    rows: int
    compared: int
    largest: dict[Kind, float]
    closed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what is kept of the comparison with the explainer, as plain values."""
        return {"rows": self.rows, "compared": self.compared, "largest": dict(self.largest)}

    def sentence(self) -> str:
        """Return the comparison in one sentence."""
        if self.closed:
            return "There is nothing to compare: the values are a closed form."
        if not self.rows:
            return "No row was given to compare with shap."
        left = self.rows - self.compared
        why = "shap rounds thresholds and knows no missing values of a forest"
        if not self.largest:
            return f"None of {self.rows} rows could be compared with shap's values, as {why}; all add up."
        found = " and ".join(f"{kind} ones within {most:.1e}" for kind, most in self.largest.items())
        rest = f"; the other {left} are proved by adding up alone, as {why}" if left else ""
        return f"Values agree with shap's on {self.compared} of {self.rows} rows, {found}{rest}."


def cross_check(explainer: Explainer, raw: np.ndarray, most: int = ROWS) -> CrossCheck:
    """Compare values of trees with those of `shap`, interventional ones against the rows themselves.

    Where they are many, the first `HELD` of them are the reference. Path-dependent values of trees too deep
    for tables are `shap`'s own.

    Parameters
    ----------
    raw : array, shape (n, characteristics)
        As `Encoder.raw` has them.
    most : int
        How many of them are compared, evenly spaced.

    Raises
    ------
    ArtifactError
        ``CROSS_CHECK`` where a value differs by more than 1e-6 of the margin; by more than 1e-5 where the
        engine that `shap` hands over to adds up in single precision.
    """
    method = explainer.way
    if not isinstance(method, TreeSum) or not len(raw):
        return CrossCheck(len(raw), 0, {}, not isinstance(method, TreeSum))
    rows = raw[np.unique(np.linspace(0, len(raw) - 1, min(most, len(raw))).astype(int))]
    x = explainer.model.encoder.encode(rows)
    margin = method.margin(x)
    allowed = TOLERANCE * np.maximum(1.0, np.abs(margin))[:, None]
    theirs = _Shap(method)
    same = same_ways(method, x) & (np.abs(theirs.margin(x) - margin) <= allowed[:, 0])
    largest: dict[Kind, float] = {}
    if same.any():
        others = x[same][:HELD]
        own = method.values(x[same], method.learn(others, None), INTERVENTIONAL)
        found = np.abs(own - theirs.interventional(x[same], others))
        largest[INTERVENTIONAL] = _within(found, allowed[same], INTERVENTIONAL, explainer)
    engine = not isinstance(method.fitted, Forest)
    if isinstance(method, ByTrees) and PATH_DEPENDENT in method.kinds and (engine or same.any()):
        # the engines' own values, to which shap hands over, are of the leaves that the engines send rows to
        held = slice(None) if engine else same
        found = np.abs(method.values(x[held], {}, PATH_DEPENDENT) - theirs.path_dependent(x[held]))
        wide = SINGLE / TOLERANCE if isinstance(method.fitted, Boosted) else 1.0
        largest[PATH_DEPENDENT] = _within(found, wide * allowed[held], PATH_DEPENDENT, explainer)
    return CrossCheck(len(rows), int(same.sum()), largest)


def load() -> None:
    """Load what values are held against, which takes a second."""
    import shap  # noqa: F401


def same_ways(method: TreeSum, x: np.ndarray) -> np.ndarray:
    """Return which rows go the same way at every test where values and thresholds are rounded; shape (n,).

    A row that is mixed with another one can come to any of the tests, so that all of them count.
    """
    ensemble, filled = method.ensemble, method.fitted.filled(x)
    inner = ensemble.left >= 0
    feature, threshold = ensemble.feature[inner], ensemble.threshold[inner]
    if ensemble.single:
        filled = filled.astype(np.float32).astype(float)
    value = filled[:, feature]
    rounded, limit = value.astype(np.float32), threshold.astype(np.float32)
    same = ((value <= threshold) == (rounded <= limit)) & ((value < threshold) == (rounded < limit))
    missing = np.isnan(value).any(axis=1) & isinstance(method.fitted, Forest)
    return (same | np.isnan(value)).all(axis=1) & ~missing


def _within(found: np.ndarray, allowed: np.ndarray, kind: Kind, explainer: Explainer) -> float:
    wrong = ~(found <= allowed)
    if wrong.any():
        j = int(np.argmax(np.where(wrong, found, 0.0).max(axis=0)))
        raise ArtifactError(
            "CROSS_CHECK",
            f"{kind} values by {explainer.method} differ from shap's by {float(np.nanmax(found)):.3g} "
            f"({explainer.characteristics[j]}), so that they are not used",
            explainer.model.family,
            "Report this as a fault of the explanation.",
        )
    return float(found.max(initial=0.0))


class _Shap:
    """What `shap` says of a model of trees."""

    def __init__(self, method: TreeSum) -> None:
        fitted: Any = method.fitted
        self._fitted = fitted
        self._model = fitted.estimator if isinstance(fitted, Forest) else fitted.booster
        self._made: dict[bytes, Any] = {}
        assert isinstance(fitted, Forest | Trees | Boosted)

    def margin(self, x: np.ndarray) -> np.ndarray:
        """Return the margin as shap's own walk through the trees has it; shape (n,)."""
        rows = self._rows(x)
        return self._of_bad(np.asarray(self._explainer(rows).model.predict(rows)))

    def interventional(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the values of rows held against others; shape (n, columns)."""
        rows = self._rows(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return self._of_bad(
                np.asarray(self._explainer(self._rows(others)).shap_values(rows, check_additivity=False)), 1
            )

    def path_dependent(self, x: np.ndarray) -> np.ndarray:
        """Return the values as the trees saw columns together; shape (n, columns)."""
        if not isinstance(self._fitted, Forest):
            # shap hands over to it
            return self._fitted.engine_values(x)
        rows = self._rows(x)
        return self._of_bad(np.asarray(self._explainer(None).shap_values(rows, check_additivity=False)), 1)

    def _explainer(self, background: np.ndarray | None) -> Any:
        import shap

        asked = "tree_path_dependent" if background is None else "interventional"
        # most often all rows can be compared, and the trees are read once for their margins and values
        key = b"" if background is None else background.tobytes()
        if key not in self._made:
            self._made[key] = shap.TreeExplainer(self._model, background, feature_perturbation=asked)
        return self._made[key]

    def _rows(self, x: np.ndarray) -> np.ndarray:
        return as_rows(x, self._fitted.fill).astype(float) if isinstance(self._fitted, Forest) else x

    def _of_bad(self, found: np.ndarray, least: int = 0) -> np.ndarray:
        """Return the part of bads where both outcomes are told."""
        return found[..., -1] if isinstance(self._fitted, Forest) and found.ndim > 1 + least else found
