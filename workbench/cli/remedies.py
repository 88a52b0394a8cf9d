"""What an error or a finding asks for, as it is done from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.errors import Problem

_FORCE = "Add --force --why REASON if it should replace the champion all the same."
HERE = {
    "DELIMITER": "{remedy} The option is --delimiter.",
    "DECIMAL": "{remedy} The option is --decimal.",
    "ENCODING": "{remedy} The option is --encoding.",
    "SHEET": "{remedy} The option is --sheet.",
    "NOT_BETTER": _FORCE,
    "NOT_COMPARED": _FORCE,
    "NO_GROUP": "{remedy} The option is --sampling random.",
    "NO_DATE": "{remedy} The option is --sampling random.",
    "NO_STUDY": "The study of a model stands in workbench show MODEL.",
    "NO_JOB": "The jobs: workbench jobs.",
    "NO_CHARACTERISTIC": "Take a file with columns that were known at the application, beside the outcome.",
    "NO_REASON": "Add --why REASON; it is kept in the trail.",
    "OUTCOME": "{remedy} The options are --bad COLUMN=VALUE[,VALUE], --good and --indeterminate.",
}
"""Error code -> its remedy here; ``{remedy}`` stands for what the error says itself."""
LEAVE_OUT = (
    "To leave a column out: the page Data does it with a button; or move it to left_out in the portfolio's "
    "file, which workbench portfolio show P --toml > P.toml writes, and give that file as --portfolio. "
)


def here(problem: Problem) -> Problem:
    """Return a problem whose remedy names the option or the verb that carries it out.

    Examples
    --------
    >>> here(Problem("SHEET", "2 sheets hold data", "loans.xlsx", "Say which sheet to read.")).remedy
    'Say which sheet to read. The option is --sheet.'
    """
    words = HERE.get(problem.code, "{remedy}")
    return replace(problem, remedy=words.format(remedy=problem.remedy).strip())


def of_blocks(codes: Sequence[tuple[str, str]]) -> str:
    """Return how findings that block, named by code and column, are lifted; empty where none can be."""
    from workbench.checks.values import ABOUT_A_COLUMN, ABOUT_ALL

    first = next(
        (f"{c}:{column}" if column else c for c, column in codes if c in ABOUT_A_COLUMN | ABOUT_ALL), ""
    )
    if not first:
        return ""
    several = "; once for each" if len(codes) > 1 else ""
    columns = any(code in ABOUT_A_COLUMN and code != "NON_FINITE" for code, _ in codes)
    leave = LEAVE_OUT if columns else ""
    return f"{leave}To acknowledge: --acknowledge {first} --why REASON{several}."
