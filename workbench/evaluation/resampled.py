"""Rows drawn again: in blocks of whole customers, and in many random splits that share rows."""

from __future__ import annotations

import math

import numpy as np

from workbench.evaluation.measure import NAN

BLOCKS = 1_000


def blocks_of(code: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the block of each row, whole customers at random into at most `BLOCKS` of them; shape (n,).

    Parameters
    ----------
    code : array of int, shape (n,)
        Customer of each row, from 0.
    """
    return (rng.permutation(int(code.max(initial=-1)) + 1) % BLOCKS)[code]


def times_drawn(blocks: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each block is in samples of as many, drawn with replacement.

    Returns
    -------
    array, shape (replicates, blocks)
    """
    return rng.multinomial(blocks, np.full(blocks, 1 / max(blocks, 1)), size=replicates).astype(float)


def drawn_again(counts: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Return sums over blocks drawn with replacement, as many as there are.

    Resampling blocks spreads as resampling what they hold, at a cost that does not grow with it.

    Parameters
    ----------
    counts : array, shape (blocks, cells)

    Returns
    -------
    array, shape (replicates, cells)
    """
    return times_drawn(len(counts), replicates, rng) @ counts


def nadeau_bengio(
    difference: np.ndarray, n_development: float, n_held_out: float
) -> tuple[float, float, float]:
    """Return t, the one-sided p-value that the first model is better, and the corrected standard error.

    Parameters
    ----------
    difference : array, shape (splits,)
        Measure of the first model less that of the second, on the held-out rows of each split.
    n_development, n_held_out : float
        Rows in the parts of a split.

    Returns
    -------
    t, p_value, standard_error : float
        NaN with fewer than two splits, or where the differences do not vary.

    Notes
    -----
    Splits share most of their development rows, so their differences go together, and a plain t-test
    over them finds too much. The variance is multiplied by ``1 / splits + n_held_out / n_development``
    instead of ``1 / splits``; there are ``splits - 1`` degrees of freedom. A study splits once and a
    comparison is on the same rows, by DeLong: this is for splits repeated in a notebook.

    References
    ----------
    Nadeau and Bengio (2003), doi:10.1023/A:1024068626366.

    Examples
    --------
    >>> t, p_value, _ = nadeau_bengio(np.array([0.02, 0.03, 0.01, 0.02]), 700, 300)
    >>> round(t, 3), round(p_value, 3)
    (2.974, 0.029)
    """
    from scipy import stats

    d = np.asarray(difference, dtype=float)
    splits = len(d)
    variance = float(d.var(ddof=1)) if splits > 1 else NAN
    if not variance > 0:
        return NAN, NAN, NAN
    error = math.sqrt((1 / splits + n_held_out / n_development) * variance)
    t = float(d.mean()) / error
    return t, float(stats.t.sf(t, splits - 1)), error
