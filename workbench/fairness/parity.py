"""One number an attribute: the measures of the literature, over the groups that are large enough."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench.evaluation.measure import NAN
from workbench.fairness import significance
from workbench.fairness.counts import BAD, RATES, Counts
from workbench.fairness.grouping import Grouping
from workbench.fairness.measures import (
    NO_OUTCOMES,
    NO_ROWS,
    NOBODY,
    TOO_FEW_ROWS,
    Comparator,
    nobody_approved,
    too_small,
)

TITLES = {
    "demographic_parity_difference": "Demographic parity difference",
    "demographic_parity_ratio": "Demographic parity ratio",
    "parity_deviation": "Statistical parity deviation",
    "equal_opportunity_difference": "Equal opportunity difference",
    "equal_opportunity_ratio": "Equal opportunity ratio",
    "equalized_odds_difference": "Equalized odds difference",
    "equalized_odds_ratio": "Equalized odds ratio",
    "predictive_parity_difference": "Predictive parity difference",
    "calibration_gap": "Calibration within groups, largest gap",
    "auc_difference": "AUC, largest difference",
    "smd_p_bad": "Standardised mean difference of PD",
    "smd_points": "Standardised mean difference of points",
}
MEANINGS = {
    "demographic_parity_difference": "highest less lowest share approved",
    "demographic_parity_ratio": "lowest share approved over the highest",
    "parity_deviation": "farthest that a group's share approved lies from everyone's",
    "equal_opportunity_difference": "highest less lowest share of goods approved",
    "equal_opportunity_ratio": "lowest share of goods approved over the highest",
    "equalized_odds_difference": "the larger of the differences for goods and for bads",
    "equalized_odds_ratio": "the smaller of the ratios for goods and for bads",
    "predictive_parity_difference": "highest less lowest share of goods among the approved",
    "calibration_gap": "farthest that a group's mean PD lies from its bad rate",
    "auc_difference": "highest less lowest AUC within a group",
    "smd_p_bad": "farthest mean PD from the comparator's, in standard deviations of everyone",
    "smd_points": "farthest mean points from the comparator's, in standard deviations of everyone",
}
OF_RATE = {
    "demographic_parity": "approval_rate",
    "equal_opportunity": "goods_approved",
    "predictive_parity": "good_of_approved",
}


class Gap(NamedTuple):
    """A measure between two groups: its value, 95% interval, the rows of both, and which they are."""

    value: float
    low: float
    high: float
    n: int
    n_bad: int
    between: str
    reason: str = ""


def measures(groups: Grouping, counts: Counts, fixed: pd.DataFrame, to: Comparator) -> list[tuple]:
    """Return the measures of an attribute.

    Parameters
    ----------
    fixed : DataFrame
        Per group: auc, calibration_gap, smd_p_bad, smd_points with _low, _high and _reason, where made.
    to : Comparator
        Whom the means are held against; itself it has no distance from.

    Returns
    -------
    list of tuple
        The lines of `frame`. The group whose attribute is not known, and groups too small, have no part.
    """
    found = {
        **{f"{m}_difference": _gap(groups, counts, r, ratio=False) for m, r in OF_RATE.items()},
        **{f"{m}_ratio": _gap(groups, counts, r, ratio=True) for m, r in OF_RATE.items()},
    }
    del found["predictive_parity_ratio"]
    found["parity_deviation"] = _deviation(groups, counts)
    for kind, worse in (("difference", max), ("ratio", min)):
        both = [_gap(groups, counts, r, ratio=kind == "ratio") for r in ("goods_approved", "bads_approved")]
        undefined = [one for one in both if one.reason]
        found[f"equalized_odds_{kind}"] = (
            undefined[0] if undefined else worse(both, key=lambda one: one.value)
        )
    known = np.flatnonzero(groups.known)
    if "calibration_gap" in fixed:
        found["calibration_gap"] = _farthest("calibration_gap", fixed.iloc[known], groups, counts)
    for name in ("smd_p_bad", "smd_points"):
        if name in fixed:
            found[name] = _farthest(name, fixed.iloc[known[known != to.at]], groups, counts, to.group)
    if "auc" in fixed:
        found["auc_difference"] = _auc(fixed.iloc[known], groups, counts)
    return [
        (groups.by, name, title, MEANINGS[name], *found[name])
        for name, title in TITLES.items()
        if name in found
    ]


def frame(parts: list[list[tuple]]) -> pd.DataFrame:
    """Return what `measures` gave of several attributes as one frame.

    Returns
    -------
    DataFrame
        by, measure, title, meaning, value, low, high (95%, of the two groups named; the extremes of many
        groups lie farther apart by chance alone), n, n_bad (rows of those), between, reason.
    """
    lines = [line for part in parts for line in part]
    return pd.DataFrame(lines, columns=["by", "measure", "title", "meaning", *Gap._fields])


def over_cut_offs(groups: Grouping, counts: Counts, cut_off: np.ndarray) -> pd.DataFrame:
    """Return the measures of decisions at many cut-offs: by, cut_off and one column each."""
    shares = {}
    for name in ("approval_rate", "goods_approved", "bads_approved", "good_of_approved"):
        few_rows, few_events = too_small(counts, RATES[name])
        hidden = few_rows | few_events | ~groups.known
        share = np.where(hidden, NAN, counts.share(RATES[name]))
        told = (~np.isnan(share)).sum(axis=1) >= 2
        high, low = np.full(len(cut_off), NAN), np.full(len(cut_off), NAN)
        high[told], low[told] = np.nanmax(share[told], axis=1), np.nanmin(share[told], axis=1)
        shares[name] = (high, low)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = {name: high - low for name, (high, low) in shares.items()}
        odds = np.maximum(difference["goods_approved"], difference["bads_approved"])
        ratio = {name: low / high for name, (high, low) in shares.items()}
    return pd.DataFrame(
        {
            "by": groups.by, "cut_off": cut_off,
            "demographic_parity_difference": difference["approval_rate"],
            "demographic_parity_ratio": ratio["approval_rate"],
            "equal_opportunity_difference": difference["goods_approved"],
            "equal_opportunity_ratio": ratio["goods_approved"],
            "equalized_odds_difference": odds,
            "equalized_odds_ratio": np.minimum(ratio["goods_approved"], ratio["bads_approved"]),
            "predictive_parity_difference": difference["good_of_approved"],
        }
    )  # fmt: skip


def _shown(groups: Grouping, counts: Counts, rate: str) -> np.ndarray:
    few_rows, few_events = too_small(counts, RATES[rate])
    return np.flatnonzero(~few_rows & ~few_events & groups.known)


def _undefined(counts: Counts, rate: str) -> Gap:
    outcomes = rate == "approval_rate" or counts.rows[..., : BAD + 1].any()
    few = NOBODY if nobody_approved(counts) else "fewer than two groups are large enough"
    return Gap(NAN, NAN, NAN, 0, 0, "", few if outcomes else NO_OUTCOMES)


def _gap(groups: Grouping, counts: Counts, rate: str, *, ratio: bool) -> Gap:
    shown = _shown(groups, counts, rate)
    if len(shown) < 2:
        return _undefined(counts, rate)
    share, trials = counts.share(RATES[rate])[shown], counts.trials(RATES[rate])[shown]
    high, low = int(share.argmax()), int(share.argmin())
    if ratio:
        value, below, above = significance.katz(share[low], trials[low], share[high], trials[high])
    else:
        value, below, above = significance.newcombe(share[high], trials[high], share[low], trials[low])
    between = _named(groups, shown[[low, high]])
    return Gap(float(value), float(below), float(above), *_rows(counts, shown[[low, high]]), between)


def _deviation(groups: Grouping, counts: Counts) -> Gap:
    """Return the farthest that a group lies from everyone.

    The group is a part of everyone, so that it lies from them the share of the others times as far as it lies
    from the others: (1 - w)(rate - rate of the others). The interval is that of this difference.
    """
    shown = _shown(groups, counts, "approval_rate")
    if not len(shown):
        return _undefined(counts, "approval_rate")
    rate = RATES["approval_rate"]
    away = counts.share(rate)[shown] - float(counts.overall(rate))
    worst = shown[[int(np.abs(away).argmax())]]
    others = np.arange(len(groups.labels)) != worst[0]
    apart = float(counts.size[others].sum() / counts.size.sum())
    share, trials = counts.pooled(rate, others)
    if not apart > 0:
        return Gap(NAN, NAN, NAN, 0, 0, "", f"{groups.labels[worst[0]]} is everyone")
    own = counts.share(rate)[worst], counts.trials(rate)[worst]
    value, low, high = (apart * one for one in significance.newcombe(*own, share, trials))
    if value[0] < 0:
        value, low, high = -value, -high, -low
    return Gap(
        float(value[0]), float(low[0]), float(high[0]), *_rows(counts, worst),
        f"{groups.labels[worst[0]]} and everyone",
    )  # fmt: skip


def _farthest(name: str, fixed: pd.DataFrame, groups: Grouping, counts: Counts, against: str = "") -> Gap:
    values = fixed[name].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        why = "; ".join(dict.fromkeys(fixed[f"{name}_reason"])) or "there is no other group"
        too_small = against and set(fixed[f"{name}_reason"]) <= {TOO_FEW_ROWS, NO_ROWS}
        none = f"no group is large enough to hold against {against}"
        return Gap(NAN, NAN, NAN, 0, 0, "", none if too_small else why)
    one = int(np.nanargmax(np.abs(values)))
    at = fixed.index[[one]].to_numpy()
    low, high = (float(fixed[f"{name}_{end}"].iloc[one]) for end in ("low", "high"))
    return Gap(float(values[one]), low, high, *_rows(counts, at), groups.labels[at[0]])


def _auc(fixed: pd.DataFrame, groups: Grouping, counts: Counts) -> Gap:
    values = fixed["auc"].to_numpy(dtype=float)
    if np.isfinite(values).sum() < 2:
        reason = str(fixed["auc_reason"].iloc[0])
        return Gap(
            NAN, NAN, NAN, 0, 0, "",
            reason if reason == NO_OUTCOMES else "fewer than two groups have an AUC",
        )  # fmt: skip
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    half = np.sqrt(
        sum(((fixed["auc_high"].iloc[i] - fixed["auc_low"].iloc[i]) / 2) ** 2 for i in (low, high))
    )
    value = float(values[high] - values[low])
    at = fixed.index[[low, high]].to_numpy()
    return Gap(value, value - float(half), value + float(half), *_rows(counts, at), _named(groups, at))


def _rows(counts: Counts, at: np.ndarray) -> tuple[int, int]:
    return int(counts.rows[at].sum()), int(counts.rows[at][..., BAD].sum())


def _named(groups: Grouping, at: np.ndarray) -> str:
    return " and ".join(groups.labels[i] for i in dict.fromkeys(at.tolist()))
