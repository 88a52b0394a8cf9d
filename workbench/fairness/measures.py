"""What a cut-off does to each group: rates with intervals, gaps to a comparator, and the measures of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN, wilson
from workbench.evaluation.words import format_percent
from workbench.fairness import significance
from workbench.fairness.counts import BAD, GOOD, RATES, Counts, Rate
from workbench.fairness.grouping import Grouping

FEWEST_ROWS, FEWEST_EVENTS = 30, 5
NO_OUTCOMES = "no outcomes"
NOBODY = "nobody is approved"
TOO_FEW_ROWS, NO_ROWS = f"fewer than {FEWEST_ROWS} applicants", "no applicants in this group"
ITSELF = "others are compared with this group"
HIGHEST = "the group with the highest approval rate"
CHOSEN = "approving below a PD of"
COMPARED = ("approval_rate", "goods_approved", "bads_approved", "good_of_approved")
"""Rates whose gaps are tested, and which make the family of tests."""


@dataclass(frozen=True)
class Comparator:
    """The group that others are compared with, and why it is that one.

    Attributes
    ----------
    at : int
        Its position among the groups; -1 where no group can be compared with.
    group : str
    why : str
        "the portfolio's reference group", or that it has the highest approval rate.
    """

    at: int
    group: str
    why: str

    def held(self, cut_off: float) -> Comparator:
        """Return it as held at other cut-offs: where its rate chose it, that it was at `cut_off`."""
        if HIGHEST not in self.why or CHOSEN in self.why:
            return self
        return replace(self, why=self.why.replace(HIGHEST, f"{HIGHEST} {CHOSEN} {format_percent(cut_off)}"))


def comparator(groups: Grouping, counts: Counts, against: str = "declared") -> Comparator:
    """Return the group to compare with: the declared one, or the one approved most often.

    Parameters
    ----------
    against : {"declared", "highest"}
        "highest" is the rule of 29 CFR 1607.4(D).
    """
    rate = RATES["approval_rate"]
    enough = (counts.n(rate) >= FEWEST_ROWS) & groups.known
    fit, nobody = enough & (counts.events(rate) > 0), nobody_approved(counts)
    why = HIGHEST
    if against == "declared" and groups.reference in groups.labels:
        at = groups.labels.index(groups.reference)
        if fit[at] or (enough[at] and nobody):
            return Comparator(at, groups.reference, "the portfolio's reference group")
        why += f", as {groups.reference} has too few applicants or none approved"
    elif against == "declared":
        why += ", as the portfolio names no group that is among the applicants"
    if not fit.any():
        return Comparator(
            -1, "", NOBODY if nobody else f"no group has {FEWEST_ROWS} applicants and one approved"
        )
    at = int(np.nanargmax(np.where(fit, counts.share(rate), -1.0)))
    return Comparator(at, groups.labels[at], why)


def nobody_approved(counts: Counts) -> bool:
    """Return whether a cut-off approves no one at all, so that nothing that rests on approvals is defined."""
    return not counts.events(RATES["approval_rate"]).any()


def too_small(counts: Counts, rate: Rate) -> tuple[np.ndarray, np.ndarray]:
    """Return for which groups a rate is not shown; in all of them, and only where there are rows at all.

    A group of fewer than 30 rows tells nothing. Nor does one with fewer than 5 events where fewer than 5
    would be expected at everyone's rate: with more expected, few events are the finding, not a lack of one.

    Returns
    -------
    few_rows, few_events : array of bool, shape (..., groups)
    """
    n, events = counts.n(rate), counts.events(rate)
    expected = n * np.nan_to_num(counts.overall(rate))[..., None]
    few_rows = n < FEWEST_ROWS
    return few_rows, ~few_rows & (np.maximum(events, expected) < FEWEST_EVENTS)


def reasons(counts: Counts, rate: Rate) -> np.ndarray:
    """Return why the rate of each group is not shown; empty where it is; shape (groups,)."""
    few_rows, few_events = too_small(counts, rate)
    n = counts.n(rate)
    reason = np.full(n.shape, "", dtype=object)
    reason[few_events] = f"fewer than {FEWEST_EVENTS} {rate.event}, and fewer expected"
    reason[few_rows] = f"fewer than {FEWEST_ROWS} {rate.of}"
    reason[n == 0] = f"no {rate.of} in this group"
    if rate.name != "bad_rate" and nobody_approved(counts):
        reason[few_events | (rate.name == "good_of_approved")] = NOBODY
    if rate.name != "approval_rate" and not counts.rows[..., [GOOD, BAD]].any():
        reason[:] = NO_OUTCOMES
    return reason


def by_group(groups: Grouping, counts: Counts) -> dict[str, np.ndarray]:
    """Return each group's size and rates with 95% intervals (Wilson); undefined is NaN with a reason.

    Returns
    -------
    dict of str to array, shape (groups,)
        by, title, group, n, n_known, n_bad (NaN without outcomes) and n_bad_reason, n_approved, share; then
        each of `RATES` with _low, _high and _reason; deviation (approval rate less everyone's). Of a group of
        too few rows n and share are told and nothing else; of one with too few approvals also what does not
        rest on them.
    """
    approval, known = RATES["approval_rate"], counts.n(RATES["bad_rate"])
    size, small = len(groups.labels), reasons(counts, approval)
    told, enough = small == "", ~too_small(counts, approval)[0]
    found = {
        "by": _text(groups.by, size),
        "title": _text(groups.title, size),
        "group": np.array(groups.labels, dtype=object),
        "n": counts.n(approval),
        "n_known": np.where(enough, known, NAN),
        "n_bad": np.where(enough & known.any(), counts.events(RATES["bad_rate"]), NAN),
        "n_bad_reason": np.where(enough, "" if known.any() else NO_OUTCOMES, small),
        "n_approved": np.where(told | (small == NOBODY), counts.events(approval), NAN),
        "share": counts.size / max(float(counts.size.sum()), 1e-300),
    }
    for rate in RATES.values():
        reason, trials = reasons(counts, rate), counts.trials(rate)
        shown = enough if rate.name == "bad_rate" else told
        reason = np.where(shown | (reason == NO_OUTCOMES), reason, small)
        share = np.where(reason == "", counts.share(rate), NAN)
        low, high = wilson(share * trials, trials)
        found |= {rate.name: share, f"{rate.name}_low": low, f"{rate.name}_high": high}
        found[f"{rate.name}_reason"] = reason
    found["deviation"] = found["approval_rate"] - float(counts.overall(approval))
    return found


def gaps(
    groups: Grouping, counts: Counts, to: Comparator, of: tuple[str, ...] = COMPARED
) -> dict[str, np.ndarray]:
    """Return how each group's rates differ from the comparator's, with intervals and tests.

    Returns
    -------
    dict of str to array, shape (rates, groups)
        by, group, against, measure (of `COMPARED`), difference, low, high (Newcombe), ratio, ratio_low,
        ratio_high (Katz), standard_deviations, p_value, test, detectable (the ratio that would be seen),
        n, n_bad, reason. In the comparator's own column nothing is defined.
    """
    rates_ = [RATES[name] for name in of]
    reason = np.stack([reasons(counts, rate) for rate in rates_])
    share = np.stack([counts.share(rate) for rate in rates_])
    trials = np.stack([counts.trials(rate) for rate in rates_])
    base, base_trials = np.full((len(of), 1), NAN), np.full((len(of), 1), NAN)
    if to.at < 0:
        reason[reason == ""] = to.why
    else:
        for i, rate in enumerate(rates_):
            why = f"{to.group}: {reason[i, to.at]}" if reason[i, to.at] else ""
            if not why and share[i, to.at] == 0:
                why = f"no {rate.event} in {to.group} to make a ratio with"
            if why:
                reason[i, reason[i] == ""] = why
        base, base_trials = share[:, [to.at]], trials[:, [to.at]]
        reason[:, to.at] = ITSELF
    share = np.where(reason == "", share, NAN)
    told = np.isfinite(share)
    difference, low, high = significance.newcombe(share, trials, base, base_trials)
    ratio, ratio_low, ratio_high = significance.katz(share, trials, base, base_trials)
    p_value, test = significance.difference_test(
        share * trials, np.where(told, trials, 0.0), base * base_trials, base_trials,
        whole=not counts.alike and counts.weight is counts.square,
    )  # fmt: skip
    shape = share.shape
    return {
        "by": _text(groups.by, shape),
        "group": np.broadcast_to(np.array(groups.labels, dtype=object), shape),
        "against": _text(to.group, shape),
        "measure": np.repeat(np.array(of, dtype=object), shape[1]).reshape(shape),
        "difference": difference,
        "low": low,
        "high": high,
        "ratio": ratio,
        "ratio_low": ratio_low,
        "ratio_high": ratio_high,
        "standard_deviations": significance.two_sd(share, trials, base, base_trials),
        "p_value": p_value,
        "test": test,
        "detectable": np.where(told, significance.detectable(trials, base, base_trials), NAN),
        "n": np.stack([counts.n(rate) for rate in rates_]),
        "n_bad": np.where(
            too_small(counts, RATES["approval_rate"])[0], NAN, counts.rows[:, :, BAD].sum(axis=1)
        )
        * np.ones(shape),
        "reason": reason,
    }


def with_itself(counts: Counts, to: Comparator, gaps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the first rate's ratio, difference and reason, the comparator's with itself filled in.

    Its ratio is 1 and its difference 0, but where it has no approvals: then neither is defined.
    """
    ratio, difference, reason = (gaps[name][0].copy() for name in ("ratio", "difference", "reason"))
    if to.at >= 0 and counts.events(RATES["approval_rate"])[to.at]:
        ratio[to.at], difference[to.at] = 1.0, 0.0
    elif to.at >= 0:
        none = f"no approvals in {to.group} to make a ratio with"
        reason[to.at] = NOBODY if nobody_approved(counts) else none
    return {"ratio": ratio, "difference": difference, "reason": reason}


def _text(value: str, shape: int | tuple[int, ...]) -> np.ndarray:
    return np.full(shape, value, dtype=object)


def shortfall(counts: Counts, to: Comparator) -> np.ndarray:
    """Return how many more of each group would be approved at the comparator's rate; shape (groups,)."""
    share = counts.share(RATES["approval_rate"])
    if to.at < 0:
        return np.full(len(share), NAN)
    return (share[to.at] - share) * counts.size


def over_cut_offs(groups: Grouping, counts: Counts, to: Comparator, cut_off: np.ndarray) -> pd.DataFrame:
    """Return the rates and ratios of each group at many cut-offs.

    Returns
    -------
    DataFrame
        by, group, cut_off, approved (share of everyone), approval_rate, air, air_low, air_high,
        goods_approved, bads_approved, good_of_approved. NaN where too few rows tell.
    """
    shape = counts.rows.shape[:2]
    columns: dict[str, object] = {
        "by": groups.by, "group": np.tile(np.array(groups.labels, dtype=object), shape[0]),
        "cut_off": np.repeat(cut_off, shape[1]),
        "approved": np.repeat(counts.overall(RATES["approval_rate"]), shape[1]),
    }  # fmt: skip
    for name in COMPARED:
        rate = RATES[name]
        few_rows, few_events = too_small(counts, rate)
        share = np.where(few_rows | few_events, NAN, counts.share(rate))
        columns[name] = share.ravel()
        if name == "approval_rate":
            air = np.full((3, *shape), NAN)
            if to.at >= 0:
                trials = counts.trials(rate)
                air[:] = significance.katz(share, trials, share[:, [to.at]], trials[:, [to.at]])
                air[1:, :, to.at] = NAN
            columns |= dict(zip(("air", "air_low", "air_high"), air.reshape(3, -1), strict=True))
    return pd.DataFrame(columns)
