"""The verb that tries what happens when things go wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(epilog="Example: workbench selftest --faults")(selftest)


def selftest(
    faults: Annotated[
        bool, typer.Option("--faults", help="Kills, damaged files, full disks, crowds, bad files.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="1,000 kills and over 10,000 damaged files; takes long.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Try, in a temporary folder, what must never lose or bend anything; exit status 1 where it did."""
    from workbench.selftest import EFFORTS, try_faults
    from workbench.settings import Settings

    if not faults:
        raise InputError("CALL", "it is not said what to try", remedy="Give --faults.")
    settings = Settings.from_env()
    with (
        tempfile.TemporaryDirectory(prefix="workbench-selftest-") as folder,
        output.watched(settings.threads) as run,
    ):
        tally = try_faults(Path(folder), EFFORTS["long" if long else "short"], run)
    if as_json:
        output.document(tally.to_json())
    else:
        output.line(tally.sentence())
        for detail in tally.details:
            output.note(detail)
    if not tally.ok:
        raise typer.Exit(1)
