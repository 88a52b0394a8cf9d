"""Which of several models is better, in one sentence: by how much, and whether it could be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.evaluation.approval import AtApproval
from workbench.evaluation.paired import turned
from workbench.evaluation.summary import Evaluation
from workbench.evaluation.words import format_difference, format_figure, format_percent

CHAMPION = "champion"


def best(reference: str, names: tuple[str, ...], evaluations: Mapping[str, Evaluation]) -> str:
    """Return the model with the highest AUC among those that are not the reference."""
    others = [name for name in names if name != reference]
    return max(others, key=lambda name: np.nan_to_num(evaluations[name].value("auc"), nan=-1.0))


def verdict(
    reference: str,
    role: str,
    evaluations: Mapping[str, Evaluation],
    tests: pd.DataFrame,
    at: AtApproval,
    names: tuple[str, ...],
) -> str:
    """Return the answer: on the best of the others against a champion, else on the model that leads."""
    other = best(reference, names, evaluations)
    if role == CHAMPION:
        return _against(reference, other, tests, at)
    aucs = [np.nan_to_num(evaluations[name].value("auc"), nan=-1.0) for name in (reference, other)]
    first, second = (reference, other) if aucs[0] > aucs[1] else (other, best(other, names, evaluations))
    if len(names) == 2 or turned(tests, second, first)["reason"]:
        return _against(second, first, tests, at)
    told = _lead(first, evaluations[first].value("auc"), tests, names)
    return f"{told}; against {second}, {_rates(second, first, at)}."


def _lead(leader: str, auc: float, tests: pd.DataFrame, names: tuple[str, ...]) -> str:
    """Say how far the model with the highest AUC is ahead of each of several others."""
    others = [name for name in names if name != leader]
    behind = [name for name in others if turned(tests, name, leader)["beyond_noise"]]
    level = [name for name in others if name not in behind]
    told = f"{leader} leads with an AUC of {format_figure('auc', auc)}"
    if not level:
        return f"{told}: better than every other beyond noise"
    if not behind:
        return f"{told}; no other differs from it beyond noise"
    return f"{told}: better beyond noise than {_listed(behind)}, not than {_listed(level)}"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _against(reference: str, best: str, tests: pd.DataFrame, at: AtApproval) -> str:
    line = turned(tests, reference, best)
    if line["reason"]:
        return f"{best} and {reference} cannot be told apart: {line['reason']}."
    rates = _rates(reference, best, at)
    if not line["beyond_noise"]:
        between = " to ".join(format_difference(line[end]) for end in ("low", "high"))
        return (
            f"{best} is not better than {reference} beyond noise: the AUC differs by "
            f"{format_difference(line['difference'])} ({between}); {rates}."
        )
    first, second = (best, reference) if line["difference"] > 0 else (reference, best)
    line = turned(tests, second, first)
    between = " to ".join(format_difference(line[end]) for end in ("low", "high"))
    rates = _rates(second, first, at)
    return f"{first} is better than {second} by {format_difference(line['difference'])} ({between}); {rates}."


def _rates(a: str, b: str, at: AtApproval) -> str:
    """Say what happens to the bad rate at the approval rate, going from `a` to `b`."""
    before, after = at.bad_rate(a), at.bad_rate(b)
    if math.isnan(before) or math.isnan(after):
        return f"at {at.approval:.0%} approvals the bad rate is not defined"
    alike = format_percent(before) == format_percent(after)
    verb = "stays" if alike else "falls" if after < before else "rises"
    told = f"from {format_percent(before)} to {format_percent(after)}"
    told = f"at {format_percent(after)}" if verb == "stays" else told
    noise = "" if bool(turned(at.tests, a, b)["beyond_noise"]) or verb == "stays" else ", within noise"
    return f"at {at.approval:.0%} approvals the bad rate {verb} {told}{noise}"
