"""What drives a fitted model: how much it leans on each characteristic, and which way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.families.family import Family, FitRows, Fitted
from workbench.families.many_rows import ManyRows
from workbench.features import Encoder, LevelColumn
from workbench.portfolio import Portfolio

EFFECT_ROWS = 400
STEPS = (0.1, 0.3, 0.5, 0.7, 0.9)


def measure(
    portfolio: Portfolio, family: Family, encoder: Encoder, fitted: Fitted, many: ManyRows, x: FitRows,
    dataset: Dataset, development: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return importances and coefficients, sorted by size, each with what it does to the risk.

    Parameters
    ----------
    many : ManyRows
        What scores many rows with `fitted`.
    x : FitRows
        The encoded development rows.
    development : array of int
        Positions of the development rows in `dataset`.

    Returns
    -------
    importance, coefficients : DataFrame
        See `training.TrainedModel`.
    """
    size = family.importance(encoder, fitted, x)
    part = np.linspace(0, len(development) - 1, min(EFFECT_ROWS, len(development))).astype(int)
    some, weight = development[part], None if x.weight is None else x.weight[part]
    date = None if dataset.date is None else dataset.date.iloc[some]
    raw = encoder.raw(dataset.frame.iloc[some], date)
    effects = [_effect(portfolio, encoder, many, raw, weight, j) for j in range(len(encoder.columns))]
    frame = pd.DataFrame(
        {
            "characteristic": [c.name for c in encoder.columns],
            "title": [portfolio.characteristic(c.name).shown for c in encoder.columns],
            "importance": size,
            "share": size / size.sum() if size.sum() > 0 else size,
            "effect": [effect for effect, _ in effects],
            "detail": [detail for _, detail in effects],
        }
    )
    coefficients = family.coefficients(encoder, fitted)
    signs = np.sign(coefficients["coefficient"].to_numpy(dtype=float))
    effect = np.select([signs > 0, signs < 0], ["raises", "lowers"], default="no effect")
    coefficients.insert(coefficients.columns.get_loc("coefficient") + 1, "effect", effect)
    order = coefficients["coefficient"].abs().sort_values(ascending=False, kind="stable").index
    frame = frame.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)
    return frame, coefficients.loc[order].reset_index(drop=True)


def _effect(
    portfolio: Portfolio, encoder: Encoder, many: ManyRows, raw: np.ndarray, weight: np.ndarray | None, j: int
) -> tuple[str, str]:
    """Say what characteristic `j` does to the risk: mean margin with it set to each of some values."""
    column = encoder.columns[j]
    characteristic = portfolio.characteristic(column.name)
    if isinstance(column, LevelColumn):
        common = np.argsort(-np.asarray(column.shares), kind="stable")[:12]
        grid = np.sort(common).astype(float)
    else:
        grid = _grid(raw[:, j], weight)
    if len(grid) < 2:
        return "no effect", "one value only"
    stacked = np.repeat(raw, len(grid), axis=0)
    stacked[:, j] = np.tile(grid, len(raw))
    margins = many.margin(encoder.encode(np.asfortranarray(stacked))).reshape(len(raw), len(grid))
    means = np.average(margins, axis=0, weights=weight)
    steps = np.diff(means)
    if np.allclose(means, means[0], atol=1e-12):
        return "no effect", "the model does not use it"
    if isinstance(column, LevelColumn):
        worst, best = column.levels[int(grid[means.argmax()])], column.levels[int(grid[means.argmin()])]
        return "mixed", (f"highest risk: {characteristic.label(worst)}; lowest: {characteristic.label(best)}")
    if (steps >= -1e-9).all():
        return "raises", "risk rises with the value"
    if (steps <= 1e-9).all():
        return "lowers", "risk falls as the value rises"
    word = "raises" if means[-1] > means[0] else "lowers"
    return word, "from low to high values, though not steadily"


def _grid(x: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return values that a number is set to, from its low ones to its high ones; empty for none."""
    there = ~np.isnan(x)
    if weight is not None:
        there &= weight > 0
    given = x[there]
    if not len(given):
        return np.zeros(0)
    if weight is None:
        grid = np.unique(np.quantile(given, STEPS))
    else:
        grid = np.unique(np.quantile(given, STEPS, method="inverted_cdf", weights=weight[there]))
    return grid if len(grid) > 1 else np.unique([given.min(), np.median(given), given.max()])
