"""Arguments and options that several verbs share, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.desk import Desk
    from workbench.intake import ReadOptions

RULES = "home_ownership = RENT and annual_inc > 50000"
"""An example of a segment, of a portfolio that is shipped."""
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV, Parquet or Excel file; or sql:NAME/TABLE, rows of a configured database.",
        show_default=False,
    ),
]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model id such as taiwan_cards-7, or PORTFOLIO@champion, or PORTFOLIO@latest.",
        show_default=False,
    ),
]
PortfolioName = Annotated[
    str,
    typer.Option(
        "--portfolio",
        "-P",
        metavar="P",
        help="A portfolio's name, name@version, or a TOML file.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]
Delimiter = Annotated[
    str, typer.Option(help="What stands between the columns of a CSV.", show_default="found out")
]
Decimal = Annotated[str, typer.Option(help="Decimal sign of a CSV, . or ,", show_default="found out")]
Encoding = Annotated[str, typer.Option(help="Such as utf-8 or cp1252.", show_default="found out")]
Sheet = Annotated[
    str, typer.Option(metavar="NAME", help="Sheet of an Excel file.", show_default="the one with data")
]
Acknowledge = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE:COLUMN", help="Accept a finding that blocks; give a --why for it.", show_default=False
    ),
]
Why = Annotated[
    list[str] | None,
    typer.Option(metavar="W", help="The reason; one for each --acknowledge, in order.", show_default=False),
]


def reading(data: Path | str, delimiter: str, decimal: str, encoding: str, sheet: str) -> ReadOptions:
    """Return how a file is to be read; what is empty is found out.

    Raises
    ------
    InputError
        ``SHEET`` where a sheet is named of a file that has none.
    """
    from workbench.intake import ReadOptions

    if sheet and not Path(data).suffix.lower().startswith(".xls"):
        what = f"is no Excel file, so it has no sheet {sheet!r}"
        raise InputError("SHEET", what, Path(data).name, "Leave the sheet out.")

    tab = delimiter.replace("\\t", "\t")
    return ReadOptions(delimiter=tab, decimal=decimal, encoding=encoding, sheet=sheet)


def require_share(option: str, given: float) -> None:
    """Refuse what is not a share that can be approved, such as a percentage.

    Raises
    ------
    InputError
        ``APPROVAL``
    """
    from workbench.policy import not_a_share

    if problem := not_a_share(given):
        what, meant = problem
        raise InputError("APPROVAL", f"{option} {what}", remedy=meant)


def open_desk() -> Desk:
    """Return the desk of the configured home, for the operating system's user."""
    from workbench.settings import rest_waiting_threads

    rest_waiting_threads()
    from workbench import desk

    return desk.open()


def with_force(
    findings: Sequence[str] | None, reasons: Sequence[str] | None, force: bool, deploy: bool
) -> tuple[tuple[tuple[str, str, str], ...], str]:
    """Return the acknowledged findings and the reason for forcing, which is the last --why.

    Raises
    ------
    InputError
        ``ACKNOWLEDGE`` as in `acknowledged`; ``FORCE`` where nothing is deployed, or no reason is left.

    Examples
    --------
    >>> with_force(["CONSTANT:key"], ["it is a code", "simpler"], True, True)
    ((('CONSTANT', 'key', 'it is a code'),), 'simpler')
    """
    given = list(reasons or ())
    if force and not (deploy and len(given) > len(findings or ()) and given[-1].strip()):
        what = "--force goes with --deploy and a reason of its own"
        raise InputError("FORCE", what, remedy="Give --deploy --force --why REASON, that --why last.")
    why = given.pop() if force and given else ""
    return acknowledged(findings, given), why


def acknowledged(
    findings: Sequence[str] | None, reasons: Sequence[str] | None
) -> tuple[tuple[str, str, str], ...]:
    """Return (code, column, why) for each acknowledged finding.

    Raises
    ------
    InputError
        ``ACKNOWLEDGE`` where a finding is not CODE:COLUMN or has no reason of its own.

    Examples
    --------
    >>> acknowledged(["LEAKAGE_NAME:recoveries"], ["known before the decision"])
    (('LEAKAGE_NAME', 'recoveries', 'known before the decision'),)
    """
    findings, reasons = list(findings or ()), [reason.strip() for reason in reasons or ()]
    if len(findings) != len(reasons) or not all(reasons):
        raise InputError(
            "ACKNOWLEDGE",
            f"--acknowledge is given {len(findings)} times and --why {sum(map(bool, reasons))} times",
            remedy="Give one --why for each --acknowledge, in the same order.",
        )
    for finding in findings:
        if not finding.partition(":")[0].isupper():
            raise InputError(
                "ACKNOWLEDGE",
                f"{finding!r} is not CODE:COLUMN",
                remedy="Write it as in the list of findings, such as LEAKAGE_NAME:recoveries.",
            )
    return tuple(
        (finding.partition(":")[0], finding.partition(":")[2], why)
        for finding, why in zip(findings, reasons, strict=True)
    )
