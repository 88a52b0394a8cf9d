"""Draws that every made portfolio needs: flags, categories and bads by their chance, bounded numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd


def chance(log_odds: np.ndarray | float) -> np.ndarray:
    """Return the probability that log-odds stand for.

    Examples
    --------
    >>> float(chance(0.0))
    0.5
    """
    return 1.0 / (1.0 + np.exp(-np.asarray(log_odds, dtype=float)))


def flags(rng: np.random.Generator, log_odds: np.ndarray) -> np.ndarray:
    """Return 1 with the probability of each row's log-odds, else 0; shape (n,), int64."""
    return (rng.random(len(log_odds)) < chance(log_odds)).astype(np.int64)


def attributes(rng: np.random.Generator, names: tuple[str, ...], preference: np.ndarray) -> np.ndarray:
    """Return one of `names` for each row.

    Parameters
    ----------
    preference : array, shape (n, len(names))
        Log-odds up to a constant a row; the probabilities are their softmax.
    """
    weight = np.exp(preference - preference.max(axis=1, keepdims=True))
    reach = np.cumsum(weight, axis=1)
    drawn = rng.random(len(preference)) * reach[:, -1]
    place = (drawn[:, None] >= reach).sum(axis=1)
    return np.array(names, dtype=object)[np.minimum(place, len(names) - 1)]


def within(values: np.ndarray, low: float, high: float, digits: int = 0) -> np.ndarray:
    """Return values cut to a range and rounded; whole numbers where `digits` is 0.

    Examples
    --------
    >>> within(np.array([-1.0, 2.46]), 0, 10).tolist(), within(np.array([2.46]), 0, 10, 1).tolist()
    ([0, 2], [2.5])
    """
    kept = np.round(np.clip(values, low, high), digits)
    return kept if digits else kept.astype(np.int64)


def with_gaps(rng: np.random.Generator, values: np.ndarray, share: float | np.ndarray) -> pd.Series:
    """Return `values` with about `share` of them missing; whole numbers stay whole.

    Parameters
    ----------
    share : float or array, shape (n,)
        Probability that a value is missing, of all rows or of each.
    """
    return absent(values, rng.random(len(values)) < share)


def absent(values: np.ndarray, missing: np.ndarray) -> pd.Series:
    """Return `values`, missing where `missing` is true; whole numbers stay whole."""
    series = pd.Series(values, dtype="Int64" if values.dtype.kind == "i" else None)
    return series.mask(missing)
