"""Which of the findings somebody acknowledges are there to be acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from workbench.checks.values import ABOUT_A_COLUMN, ABOUT_ALL, Checks
from workbench.dataset import Acknowledged
from workbench.errors import InputError, Problem
from workbench.portfolio import Portfolio


@dataclass(frozen=True, eq=False)
class Settled:
    """The checks with the reasons that count, and notes on those that do not.

    Attributes
    ----------
    checks : Checks
        Its `acknowledged` holds only reasons of findings that are there and block.
    notes : tuple of str
        A sentence on each reason that was not needed, and so is not kept.
    """

    checks: Checks
    notes: tuple[str, ...]


def settle(checks: Checks, asked: Acknowledged, portfolio: Portfolio) -> Settled:
    """Return `checks` with those reasons of `asked` that belong to a finding that blocks.

    A reason for what was found in other data, or does not block in these, is not kept, and a note says
    so: the same call can be made again for next month's data.

    Raises
    ------
    InputError
        ``ACKNOWLEDGE`` where no finding could ever be called so, such as a misspelt column, or where the
        finding cannot be lifted by a reason; with the findings that can be acknowledged.
    """
    found = {(f.code, f.column): f for f in checks.findings}
    problems, notes = [], []
    for code, column in asked:
        named = f"{code}:{column}" if column else code
        finding = found.get((code, column))
        if finding is not None and finding.acknowledgeable:
            continue
        if finding is not None and finding.level == "block":
            problems.append(_problem(f"{named} cannot be acknowledged", checks, finding.remedy))
        elif finding is not None:
            notes.append(f"{named} does not block these data, so its reason is not kept.")
        elif _possible(code, column, portfolio):
            notes.append(f"{named} was not found in these data, so its reason is not kept.")
        else:
            problems.append(_problem(f"there is no finding {named}", checks))
    if problems:
        raise InputError.of(problems)
    kept = {key: why for key, why in asked.items() if key in found and found[key].acknowledgeable}
    return Settled(replace(checks, acknowledged=kept), tuple(notes))


def _possible(code: str, column: str, portfolio: Portfolio) -> bool:
    if code in ABOUT_ALL:
        return not column
    columns: Iterable[str] = (name for names in portfolio.columns_by_role().values() for name in names)
    return code in ABOUT_A_COLUMN and column in set(columns)


def _problem(what: str, checks: Checks, remedy: str = "") -> Problem:
    there = ", ".join(f.named for f in checks.findings if f.acknowledgeable)
    listed = f"Acknowledge one of: {there}." if there else "Nothing in these data needs to be acknowledged."
    return Problem("ACKNOWLEDGE", what, remedy=remedy or listed)
