"""Regulation B on age: a scored age may never count against the elderly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN
from workbench.evaluation.words import format_percent

ADULT_FROM = 18
ROUNDING = 1e-9
ENOUGH = 500
"""Elderly applicants, evenly spaced among all, that tell which age is most favoured."""
SOURCE = "12 CFR 1002.6(b)(2)(ii) and 1002.2(v), Regulation B"


@dataclass(frozen=True, eq=False)
class Elderly:
    """What their age does to the elderly, everything else about them as it is.

    Attributes
    ----------
    characteristic : str
        The column whose age is scored.
    n : int
        Elderly applicants; 0 where there are none, and nothing can be said.
    worse : int
        Those with a higher PD at their own age than at the age most favoured among the others.
    most_favoured : int
        The age below `since` with the lowest mean PD of these applicants.
    mean_p_bad, mean_favoured : float
        Mean PD of the elderly at their own age, and at the most favoured one.
    largest : float
        Largest rise in PD of one of them.
    by_age : DataFrame
        age, mean_p_bad, elderly: mean PD of the same applicants, were all of them of that age.
    since : int
        Age from which an applicant is elderly.
    """

    characteristic: str
    n: int
    worse: int
    most_favoured: int
    mean_p_bad: float
    mean_favoured: float
    largest: float
    by_age: pd.DataFrame
    since: int

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        if not self.n:
            return (
                f"{self.characteristic} is scored, and none of these applicants is {self.since} or over: "
                f"whether it counts against the elderly was not seen ({SOURCE})."
            )
        if self.worse:
            return (
                f"{self.characteristic} counts against {self.worse:,} of {self.n:,} elderly applicants: at "
                f"{self.most_favoured} their PD would be lower, by up to {format_percent(self.largest)}. "
                f"{SOURCE} lets age be scored only if that never happens."
            )
        return (
            f"{self.characteristic} counts against none of these {self.n:,} elderly applicants: none would "
            f"have a lower PD at {self.most_favoured}, the age most favoured below {self.since} "
            f"({SOURCE}). "
            "Others who apply were not seen."
        )

    def to_json(self) -> dict[str, object]:
        """Return it as plain values."""
        names = ("mean_p_bad", "mean_favoured", "largest")
        values = {name: None if np.isnan(getattr(self, name)) else getattr(self, name) for name in names}
        counted = {
            name: getattr(self, name) for name in ("characteristic", "n", "worse", "most_favoured", "since")
        }
        return counted | values | {"sentence": self.sentence, "source": SOURCE}


def elderly(
    characteristic: str, age: np.ndarray, p_bad_at: Callable[[np.ndarray, float | None], np.ndarray],
    *, since: int, to: int = 90,
) -> Elderly:  # fmt: skip
    """Return whether age is a negative value for anyone of `since` or over.

    A negative value is one less favourable than that of the class, among those not elderly, which is most
    favoured by age. So each elderly applicant's PD is held against what it would be at that age.

    Parameters
    ----------
    characteristic : str
    age : array, shape (n,)
        NaN where not known: not elderly to this check.
    p_bad_at : callable
        Given positions of rows, and an age or None for their own, returns their PDs.
    since : int
        Age from which an applicant is elderly, as the profile of the jurisdiction says.
    to : int
        Oldest age that is looked at.

    Examples
    --------
    >>> rises = lambda rows, age: np.full(len(rows), (age or 70) / 1e3)
    >>> found = elderly("Age", np.array([30.0, 70.0]), rises, since=62)
    >>> found.worse, found.most_favoured
    (1, 18)
    """
    rows = np.flatnonzero(np.asarray(age, dtype=float) >= since)
    if not len(rows):
        empty = pd.DataFrame({"age": [], "mean_p_bad": [], "elderly": []})
        return Elderly(characteristic, 0, 0, 0, NAN, NAN, NAN, empty, since)
    ages = np.arange(ADULT_FROM, to + 1)
    some = rows[:: max(len(rows) // ENOUGH, 1)]
    means = np.array([p_bad_at(some, float(one)).mean() for one in ages])
    by_age = pd.DataFrame({"age": ages, "mean_p_bad": means, "elderly": ages >= since})
    favoured = int(ages[: since - ADULT_FROM][means[: since - ADULT_FROM].argmin()])
    own, other = p_bad_at(rows, None), p_bad_at(rows, float(favoured))
    rise = own - other
    return Elderly(
        characteristic, len(rows), int((rise > ROUNDING).sum()), favoured, float(own.mean()),
        float(other.mean()), float(max(rise.max(), 0.0)), by_age, since,
    )  # fmt: skip
