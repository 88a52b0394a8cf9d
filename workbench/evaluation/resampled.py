"""Two models over many random splits of the same rows: the splits share rows, and the test knows it."""

from __future__ import annotations

import math

import numpy as np

from workbench.evaluation.measure import NAN


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
    instead of ``1 / splits``; there are ``splits - 1`` degrees of freedom.

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
