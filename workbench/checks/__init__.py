"""Findings on a data set, before anything trains."""

from __future__ import annotations

from workbench.checks import leakage, quality, ranges
from workbench.checks.acknowledging import Settled, settle
from workbench.checks.joint import look_together
from workbench.checks.names import leakage_name
from workbench.checks.single import Known, customers_of, folds, single_aucs
from workbench.checks.values import BLOCK_AUC, WARN_AUC, Checks, Finding, ordered
from workbench.dataset import Acknowledged, Dataset
from workbench.run import Run

__all__ = [
    "BLOCK_AUC",
    "WARN_AUC",
    "Checks",
    "Finding",
    "Settled",
    "check",
    "customers_of",
    "folds",
    "leakage_name",
    "settle",
]


def check(dataset: Dataset, run: Run, *, acknowledged: Acknowledged | None = None, seed: int = 42) -> Checks:
    """Look for what would make a model of these data wrong.

    Rows refused, too few of them, constants, identifiers, copies, codes among numbers, and above
    all what could not have been known at the application: by name, by date, by what a
    characteristic says alone, and by what all say together.

    Parameters
    ----------
    acknowledged : mapping, optional
        (code, column) -> why a block does not stop this data set.
    seed : int
        For the folds and the rows of the joint look; it never changes the data.

    Raises
    ------
    Cancelled
        Where the caller asked to stop.
    """
    run.step("Rows and values", 0.0)
    missing = {name: dataset.frame[name].isna().to_numpy() for name in dataset.frame.columns}
    found = [*quality.rows_and_outcome(dataset), *quality.refused_rows(dataset)]
    found += quality.unreadable_protected(dataset)
    found += [*quality.completeness(dataset, missing), *quality.duplicates(dataset)]
    run.step("Identifiers, ranges and codes", 0.1)
    found += [*quality.identifiers(dataset, missing), *ranges.numbers_as_text(dataset)]
    found += [*ranges.declared_values(dataset), *ranges.special_codes(dataset)]
    known = Known.of(dataset, seed)
    found += [*leakage.by_name(dataset), *leakage.by_date(dataset)]
    auc = single_aucs(dataset, known, run.part(0.2, 0.5))
    found += leakage.by_single_auc(dataset, auc)
    suspects = {f.column for f in found if f.code.startswith("LEAKAGE_")}
    rest = {name: absent for name, absent in missing.items() if name not in suspects}
    found += leakage.by_missing(dataset, known, rest)
    joint = look_together(dataset, known, run.part(0.5, 1.0), seed)
    found += leakage.together(dataset, joint)
    found += leakage.nothing_found(found, auc, joint)
    return Checks(ordered(found), auc, joint.auc, joint.removal, dict(acknowledged or {}))
