"""Findings about what could not have been known when the application was decided."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from workbench.checks.joint import Joint
from workbench.checks.names import decision_name, follows_default, leakage_name
from workbench.checks.single import Known, as_numbers, missing_auc
from workbench.checks.values import BLOCK_AUC, WARN_AUC, Finding, counted, said
from workbench.dataset import BAD, GOOD, Dataset
from workbench.evaluation import format_figure, format_metric, format_percent

SOME_LATE = 0.01
LEAST_GROUP = 30
MISSING_AUC = 0.60
_WHY = (
    "A model that has seen the outcome is perfect in development and useless on the day of the application."
)
_LEAVE_OUT = "Leave the column out, or acknowledge with a reason that it is known at the application."
_FIND_OUT = "Leave the column out, unless it is known at the application."


def by_name(dataset: Dataset) -> Iterator[Finding]:
    """Find columns named like something that is known only after the outcome."""
    application = dataset.portfolio.kind == "application"
    for name in dataset.frame.columns:
        what = leakage_name(name)
        if what and (application or follows_default(name)):
            yield Finding(
                "block" if application else "warn",
                "LEAKAGE_NAME",
                name,
                int(dataset.frame[name].notna().sum()),
                f"By its name {name} holds {what}, known only after the outcome.",
                _WHY,
                _LEAVE_OUT if application else _FIND_OUT,
                _typical(dataset, name),
                acknowledgeable=application,
                fix="leave_out",
            )
    decided = [name for name in dataset.frame.columns if application and decision_name(name)]
    if decided:
        yield Finding(
            "note",
            "PRIOR_DECISION",
            message=f"Named like the result of an earlier decision: {', '.join(decided)}.",
            why="A price, grade or limit repeats the policy it came from, and changes when the policy does.",
            remedy="Keep them only if they are known before this model is asked.",
        )


def by_date(dataset: Dataset) -> Iterator[Finding]:
    """Find dates that lie after the application."""
    if dataset.date is None:
        return
    applied = as_numbers(dataset.date)
    for name in dataset.frame.columns:
        if dataset.frame[name].dtype.kind != "M":
            continue
        when = as_numbers(dataset.frame[name])
        both = ~np.isnan(when) & ~np.isnan(applied)
        late = both & (when > applied)
        n = int(late.sum())
        if not n:
            continue
        share = n / int(both.sum())
        first = int(np.flatnonzero(late)[0])
        many = share > SOME_LATE
        yield Finding(
            "block" if many else "warn",
            "LEAKAGE_DATE",
            name,
            n,
            f"{name} lies after {dataset.portfolio.date} in {counted(n)} ({share:.0%} of those with both).",
            _WHY,
            _LEAVE_OUT if many else "Correct those dates, or find out why they are late.",
            f"record {int(dataset.record[first]):,}: {when[first] - applied[first]:,.0f} days later",
            acknowledgeable=many,
            fix="leave_out",
        )


def by_single_auc(dataset: Dataset, auc: pd.DataFrame) -> Iterator[Finding]:
    """Find characteristics that rank goods and bads too well alone."""
    for row in auc.itertuples():
        if not row.auc > WARN_AUC:
            continue
        blocks = row.auc > BLOCK_AUC
        yield Finding(
            "block" if blocks else "warn",
            "LEAKAGE_SINGLE",
            row.characteristic,
            row.n,
            f"{row.characteristic} alone has an AUC of {format_metric('auc', row.auc, row.low, row.high)} "
            f"on {counted(row.n)} with {counted(row.n_bad, 'bad', 'bads')}.",
            _WHY,
            _LEAVE_OUT if blocks else _FIND_OUT,
            _typical(dataset, row.characteristic),
            acknowledgeable=blocks,
            fix="leave_out",
        )


def by_missing(dataset: Dataset, known: Known, missing: dict[str, np.ndarray]) -> Iterator[Finding]:
    """Find characteristics whose being there or not says how it ended."""
    overall = float(np.average(known.bad, weights=known.weight)) if len(known.bad) else 0.0
    for name, everywhere in missing.items():
        absent = everywhere[known.rows].astype(np.int64)
        n = int(absent.sum())
        if min(n, len(absent) - n) < LEAST_GROUP:
            continue
        rate = [np.average(known.bad[absent == v], weights=known.weight[absent == v]) for v in (0, 1)]
        auc = missing_auc(absent, known)
        # few rows with nearly all of one outcome move no AUC
        telling = max(rate) > max(0.5, 3 * overall)
        if auc > MISSING_AUC or telling:
            yield Finding(
                "warn",
                "MISSING_PREDICTS",
                name,
                n,
                f"Whether {name} is missing tells the outcome: bad rate {format_percent(rate[1])} "
                f"where it is missing, {format_percent(rate[0])} where it is not.",
                "It may be filled only after the outcome, or by a process that will change.",
                "Find out when and by whom the column is filled; leave it out if that is after the decision.",
                fix="leave_out",
            )


def together(dataset: Dataset, joint: Joint) -> Iterator[Finding]:
    """Find whether all characteristics together rank goods and bads too well."""
    if joint.auc is None or not joint.auc > WARN_AUC:
        return
    application = dataset.portfolio.kind == "application"
    limit = format_figure("auc", WARN_AUC)
    blocks = application and joint.auc > BLOCK_AUC
    names = joint.guilty
    message = f"All characteristics together have an AUC of {_together(joint)} in a quick booster"
    if names:
        left = joint.removal["auc"].iloc[-1]
        steps = joint.removal.set_index("without")["auc"]
        order = ", ".join(f"{name} ({format_figure('auc', steps[name])})" for name in names)
        message += f"; taken away in turn, it falls to {format_figure('auc', left)}: {order}"
    yield Finding(
        "block" if blocks else "warn" if application else "note",
        "LEAKAGE_JOINT",
        message=f"{message}.",
        why=f"{_WHY} On applications an AUC above {limit} is nearly always such a leak."
        if application
        else "On such portfolios a high AUC can be real, since recent behaviour is known.",
        remedy=_joint_remedy(len(names), blocks),
        acknowledgeable=blocks,
        fix="leave_out" if names else "",
        value="\n".join(names),
    )


def _joint_remedy(n_guilty: int, blocks: bool) -> str:
    """Return what to do; no single column is to blame where none could be named."""
    if not n_guilty:
        start = "Look for columns that are filled only after the decision, and leave them out"
    else:
        start = "Leave that column out" if n_guilty == 1 else "Leave these columns out"
    known = "what is in the data is known at the application"
    return f"{start}, or acknowledge with a reason that {known}." if blocks else f"{start}, unless {known}."


def _together(joint: Joint) -> str:
    first = joint.removal.iloc[0]
    rows = f"on {counted(first['n'])} with {counted(first['n_bad'], 'bad', 'bads')}"
    return f"{format_metric('auc', first['auc'], first['low'], first['high'])} {rows}"


def nothing_found(found: list[Finding], auc: pd.DataFrame, joint: Joint) -> Iterator[Finding]:
    """Say so where there is no leakage suspect, with the best single characteristic."""
    if any(f.code.startswith("LEAKAGE_") for f in found) or not len(auc) or auc["auc"].isna().all():
        return
    best = auc.iloc[0]
    message = f"No leakage suspect. Best single characteristic: {best['characteristic']}, "
    message += f"AUC {format_metric('auc', best['auc'], best['low'], best['high'])}"
    if joint.auc is not None:
        message += f"; all together {_together(joint)}"
    yield Finding(
        "note",
        "LEAKAGE_NONE",
        str(best["characteristic"]),
        message=f"{message}.",
        why=f"One alone above {format_figure('auc', WARN_AUC)} would be suspect.",
    )


def _typical(dataset: Dataset, name: str) -> str:
    """Return what the column typically holds for goods and for bads."""
    values = dataset.frame[name]
    words = []
    for outcome, word in ((GOOD, "goods"), (BAD, "bads")):
        present = values[dataset.outcome == outcome].dropna()
        if not len(present):
            words.append(f"no value for {word}")
        elif isinstance(values.dtype, pd.CategoricalDtype):
            counts = present.value_counts()
            words.append(f"{word} mostly {counts.index[0]}" if counts.iloc[0] > len(present) / 20 else "")
        elif values.dtype.kind == "M":
            words.append(f"{word} typically {present.median().date().isoformat()}")
        else:
            words.append(f"{word} typically {said(float(present.median()))}")
    return ", ".join(word for word in words if word)
