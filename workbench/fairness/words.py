"""What can and cannot be concluded, in words; never that something is fair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.evaluation.words import format_difference, format_p, format_percent
from workbench.fairness.grouping import UNKNOWN
from workbench.fairness.measures import NO_OUTCOMES, NOBODY

if TYPE_CHECKING:
    from workbench.fairness.summary import Fairness

ALPHA = 0.05
SCREEN = "This is a screen, not a finding: it does not say why."
ACCEPTED = (
    "Errors and calibration rest on applicants whose outcome is known, which are those accepted at the time."
)


def ratio(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Return a ratio as screens print it.

    Examples
    --------
    >>> ratio(0.7948, 0.6991, 0.9036), ratio(1.034), ratio(0.9968)
    ('.79 (.70 to .90)', '1.03', '.997')
    """
    text = format_difference(value, 2)
    if text == "1.00" and abs(value - 1) >= 5e-4:
        text = format_difference(value)
    if math.isnan(low) or math.isnan(high):
        return text
    return f"{text} ({format_difference(low, 2)} to {format_difference(high, 2)})"


def verdict(found: Fairness, by: str) -> str:
    """Return what an attribute's approvals show, in two or three sentences."""
    to = found.comparators[by]
    title = found.grouping(by).title
    if to.at < 0:
        return f"{title}: nothing can be concluded, as {to.why}."
    gaps = found.gaps
    own = gaps[(gaps["by"] == by) & (gaps["measure"] == "approval_rate") & (gaps["group"] != UNKNOWN)]
    told = own[np.isfinite(own["ratio"].to_numpy(dtype=float))]
    if told.empty:
        if _nobody(found):
            return f"{title}: nothing can be concluded about approvals, as {NOBODY}."
        few = "; ".join(f"{g}: {r}" for g, r in zip(own["group"], own["reason"], strict=True))
        return f"{title}: nothing can be concluded about approvals ({few})."
    sure = told[(told["q_value"] < ALPHA) & (told["ratio"] < 1)]
    one = (sure if len(sure) else told).sort_values("ratio").iloc[0]
    shown = ratio(float(one["ratio"]), float(one["ratio_low"]), float(one["ratio_high"]))
    named = f"{title}: {one['group']}"
    if len(sure):
        value, interval = shown.split(" ", 1)
        first = f"{named} is approved {value} times as often as {to.group} {interval[:-1]}, {_q(one)})."
        others = "" if len(sure) == 1 else f" So are {_counted(len(sure) - 1)} less often than {to.group}."
        return f"{first}{others} {_power(one, seen=True)} {SCREEN}"
    ahead = told[(told["q_value"] < ALPHA) & (told["ratio"] > 1)]
    if len(ahead):
        one = ahead.sort_values("ratio").iloc[-1]
        value, interval = ratio(*map(float, one[["ratio", "ratio_low", "ratio_high"]])).split(" ", 1)
        return (
            f"{title}: {one['group']} is approved {value} times as often as {to.group} "
            f"{interval[:-1]}, {_q(one)}), so it is the comparator that is behind. {SCREEN}"
        )
    return (
        f"{title}: no group is shown to be approved less often than {to.group} (lowest: {one['group']}, "
        f"{shown}, {_q(one)}). That is not evidence of none. {_power(one, seen=False)}"
    )


def sentence(found: Fairness) -> str:
    """Return what every attribute's approvals show; that it is a screen, once."""
    told = [verdict(found, by) for by in found.by]
    said = " ".join(one.removesuffix(SCREEN).strip() for one in told)
    return f"{said} {SCREEN}" if any(one.endswith(SCREEN) for one in told) else said


def without_ratio(found: Fairness, by: str) -> str:
    """Return why no group of an attribute has a ratio to the comparator; for where none has."""
    to, groups = found.comparators[by], found.of(by)
    if to.at < 0:
        return to.why
    reasons = dict.fromkeys(groups.loc[~groups["is_reference"].astype(bool), "air_reason"])
    return NOBODY if _nobody(found) else f"no other group has one ({'; '.join(reasons)})"


def limits(found: Fairness) -> tuple[str, ...]:
    """Return what cannot be concluded, and why: one sentence each."""
    said = []
    for by, to in found.comparators.items():
        groups, title = found.of(by), found.grouping(by).title
        if to.at >= 0:
            said.append(f"{title}: others are compared with {to.group}, {to.why}.")
        small = groups[~groups["approval_rate_reason"].isin(["", NOBODY]) & (groups["group"] != UNKNOWN)]
        said += [
            f"{title}: {g} is too small to tell ({r})."
            for g, r in zip(small["group"], small["approval_rate_reason"], strict=True)
        ]
        unknown = groups[groups["group"] == UNKNOWN]
        if len(unknown):
            n, share = int(unknown["n"].iloc[0]), float(unknown["share"].iloc[0])
            said.append(f"{title} is not known of {n:,} applicants ({format_percent(share)}).")
    if _nobody(found):
        said.append(f"{NOBODY.capitalize()}: what rests on approvals is not defined.")
    said.append(_outcomes(found))
    tests = int(np.isfinite(found.gaps["p_value"].to_numpy(dtype=float)).sum())
    if tests > 1:
        said.append(f"q-values hold the share of false alarms over these {tests} tests (Benjamini-Hochberg).")
    if found.customers:
        said.append("Customers have several rows: intervals and tests count customers.")
    if found.weighted:
        said.append("Rates are weighted; tests are those of as many rows as are as informative.")
    said.append("No measure here says that a model is fair, and not all of them can hold at once.")
    return tuple(said)


def _nobody(found: Fairness) -> bool:
    return bool((found.groups["approval_rate_reason"] == NOBODY).any())


def _outcomes(found: Fairness) -> str:
    if not found.n_known:
        return f"Errors, calibration and AUC by group are not defined: {NO_OUTCOMES}."
    missing = found.n - found.n_known
    without = f" {missing:,} applicants have none." if missing else ""
    return f"{ACCEPTED}{without}"


def _counted(n: int) -> str:
    return "1 more group" if n == 1 else f"{n} more groups"


def _q(one: pd.Series) -> str:
    return format_p(float(one["q_value"])).replace("p ", "q ", 1)


def _power(one: pd.Series, *, seen: bool) -> str:
    at = float(one["detectable"])
    if math.isnan(at):
        return "These groups are too small to show any ratio."
    if seen:
        return f"At these sizes a ratio below {ratio(at)} would be seen."
    return f"At these sizes a ratio above {ratio(at)} would often be missed (80% power)."
