"""How sure a difference between two groups is: intervals, tests, and what would have been seen."""

from __future__ import annotations

import numpy as np

from workbench.evaluation.measure import Z95, wilson

NAN = float("nan")
Z80 = 0.8416212335729143
FISHER_UP_TO = 1_000


def katz(
    share: np.ndarray, trials: np.ndarray, base: np.ndarray, base_trials: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ratio of two shares with its 95% interval on the logarithm.

    Where nobody is approved the ratio is 0 and the interval's upper end that of Wilson's upper end. Where
    everyone is in both groups the logarithm has no spread, and Wilson's lower ends give the interval.

    References
    ----------
    Katz et al. (1978), doi:10.2307/2530610.

    Examples
    --------
    >>> [round(float(x), 3) for x in katz(110 / 190, 190, 590 / 810, 810)]
    [0.795, 0.699, 0.904]
    >>> [round(float(x), 3) for x in katz(1.0, 40, 1.0, 60)]
    [1.0, 0.912, 1.064]
    """
    share, trials, base, base_trials = np.broadcast_arrays(*map(_array, (share, trials, base, base_trials)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = share / base
        spread = np.sqrt((1 - share) / (trials * share) + (1 - base) / (base_trials * base))
        low, high = ratio * np.exp(-Z95 * spread), ratio * np.exp(Z95 * spread)
        none = (share == 0) & (base > 0)
        high = np.where(none, wilson(0.0, trials)[1] / base, high)
        low = np.where(none, 0.0, low)
        every = (share > 1 - 1e-12) & (base > 1 - 1e-12)
        low = np.where(every, wilson(trials, trials)[0], low)
        high = np.where(every, 1 / wilson(base_trials, base_trials)[0], high)
    ratio = np.where(base > 0, ratio, NAN)
    shown = np.isfinite(ratio)
    return ratio, np.where(shown, low, NAN), np.where(shown, high, NAN)


def two_sd(share: np.ndarray, trials: np.ndarray, base: np.ndarray, base_trials: np.ndarray) -> np.ndarray:
    """Return the difference of two shares in standard deviations, pooled; beyond 2 is the two-SD rule."""
    share, trials, base, base_trials = map(_array, (share, trials, base, base_trials))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (share * trials + base * base_trials) / (trials + base_trials)
        return (share - base) / np.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / base_trials))


def newcombe(
    share: np.ndarray, trials: np.ndarray, base: np.ndarray, base_trials: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the difference of two shares with its 95% interval.

    References
    ----------
    Newcombe (1998), method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Examples
    --------
    >>> [round(float(x), 4) for x in newcombe(56 / 70, 70, 48 / 80, 80)]
    [0.2, 0.0524, 0.3339]
    """
    share, trials, base, base_trials = map(_array, (share, trials, base, base_trials))
    low, high = wilson(share * trials, trials)
    base_low, base_high = wilson(base * base_trials, base_trials)
    gap = share - base
    below = np.sqrt((share - low) ** 2 + (base_high - base) ** 2)
    above = np.sqrt((high - share) ** 2 + (base - base_low) ** 2)
    return gap, gap - below, gap + above


def difference_test(
    events: np.ndarray, trials: np.ndarray, base_events: np.ndarray, base_trials: np.ndarray,
    *, whole: bool = True,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the p-value of two shares being the same, and which test gave it.

    Parameters
    ----------
    events, trials, base_events, base_trials : array, any one shape
        Fisher's exact test where both groups together are at most 1,000 rows or fewer than 5 are expected
        in a cell; chi-squared with Yates' correction otherwise.
    whole : bool
        The numbers are rows. Of weighted rows, or several a customer, they are not: chi-squared then.

    Returns
    -------
    p_value : array
    test : array of str
        "fisher", "chi-squared", or "" where there is no p-value.

    Examples
    --------
    >>> p, test = difference_test([110], [190], [590], [810])
    >>> f"{p[0]:.3g}", test[0]
    ('9.94e-05', 'fisher')
    """
    from scipy.special import chdtrc
    from scipy.stats import fisher_exact

    k, n, k0, n0 = np.broadcast_arrays(*map(_array, (events, trials, base_events, base_trials)))
    table = np.stack([k, n - k, k0, n0 - k0])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (k + k0) / (n + n0)
        expected = np.stack([n * share, n * (1 - share), n0 * share, n0 * (1 - share)])
        off = np.abs(table[0] - expected[0])
        statistic = (off - np.minimum(0.5, off)) ** 2 * (1 / expected).sum(axis=0)
        p_value = chdtrc(1, statistic)
    defined = (n > 0) & (n0 > 0) & (share > 0) & (share < 1)
    p_value = np.where(defined, p_value, np.where((n > 0) & (n0 > 0), 1.0, NAN))
    few = defined & ((n + n0 <= FISHER_UP_TO) | (expected.min(axis=0) < 5))
    test = np.where(np.isfinite(p_value), "chi-squared", "").astype(object)
    if whole:
        for at in zip(*np.nonzero(few), strict=True):
            p_value[at] = fisher_exact(np.rint(table[:, *at]).reshape(2, 2)).pvalue
            test[at] = "fisher"
    return p_value, test


def detectable(trials: np.ndarray, base: np.ndarray, base_trials: np.ndarray) -> np.ndarray:
    """Return the ratio of shares that would be seen: in 80% of samples of these sizes, at 5% two-sided.

    A true ratio nearer to 1 than this is more likely than 20% to be missed. NaN where even a share of 0
    would be.

    Parameters
    ----------
    trials : array
        Rows of the group.
    base, base_trials : array
        Share and rows of the group it is compared with.

    Examples
    --------
    >>> round(float(detectable(190, 590 / 810, 810)), 2)
    0.86
    """
    trials, base, base_trials = np.broadcast_arrays(*map(_array, (trials, base, base_trials)))
    low, high = np.zeros(base.shape), np.array(base, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(40):
            middle = (low + high) / 2
            seen = _beyond(middle, trials, base, base_trials) >= 0
            low, high = np.where(seen, middle, low), np.where(seen, high, middle)
        ratio = low / base
        possible = _beyond(np.zeros(base.shape), trials, base, base_trials) >= 0
    return np.where(possible & (base > 0), ratio, NAN)


def _beyond(share: np.ndarray, trials: np.ndarray, base: np.ndarray, base_trials: np.ndarray) -> np.ndarray:
    """Return by how much the difference exceeds what 80% power needs."""
    pooled = (share * trials + base * base_trials) / (trials + base_trials)
    under_none = np.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / base_trials))
    under_this = np.sqrt(share * (1 - share) / trials + base * (1 - base) / base_trials)
    return (base - share) - Z95 * under_none - Z80 * under_this


def _array(value: np.ndarray | float) -> np.ndarray:
    return np.asarray(value, dtype=float)
