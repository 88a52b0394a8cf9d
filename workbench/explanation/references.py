"""Whom applicants are held against: groups of development applicants, no row of whom is written to files."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.policy import Policy

ALL, NEAR = "all", "near cut-off"
NEAR_SHARE, NEAR_LEAST = 0.10, 100
"""Of the approved, the share next to the cut-off, and how many at the least."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A group of development applicants.

    Attributes
    ----------
    name : {"all", "near cut-off"}
    words : str
        Who they are, as it can be shown.
    n : int
    p_low, p_high : float
        Between which PDs they lie.
    kept : dict of str to array
        What the model's values need of them: means, or counts by leaf pattern; of trees too deep for these
        some of their rows, while they are at hand.
    """

    name: str
    words: str
    n: int
    p_low: float
    p_high: float
    kept: dict[str, np.ndarray] = field(default_factory=dict)


def groups(p_bad: np.ndarray, policy: Policy, weighted: bool = False) -> dict[str, tuple[np.ndarray, str]]:
    """Return the reference groups among development applicants with these PDs: positions, and in words.

    Near the cut-off are, of those approved, the 10% with the highest PDs, and at least 100 or all;
    there is no such group where the policy approves nobody.
    """
    weighs = ", by their weights" if weighted else ""
    found = {ALL: (np.arange(len(p_bad)), f"all {len(p_bad):,} development applicants{weighs}")}
    approved = np.flatnonzero(p_bad < policy.approve_below)
    if len(approved):
        most = min(len(approved), max(NEAR_LEAST, round(NEAR_SHARE * len(approved))))
        least = np.partition(p_bad[approved], len(approved) - most)[len(approved) - most]
        near = approved[p_bad[approved] >= least]
        words = (
            f"the {len(near):,} development applicants approved with a PD from {least:.2%} up to the cut-off "
            f"{policy.approve_below:.2%}{weighs}"
        )
        found[NEAR] = (near, words)
    return found
