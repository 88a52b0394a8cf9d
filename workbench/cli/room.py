"""Verbs on room: what takes it, and deleting what is not needed any more."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.errors import GateError, InputError


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command(epilog="Example: workbench disk")(disk)
    app.command(epilog='Example: workbench delete model taiwan_cards-3 --why "Tried out, never used"')(delete)


def disk(as_json: options.Json = False) -> None:
    """Say what takes room: files that were brought, data sets, studies, models, reports, scored files."""
    from workbench.desk.removing import room

    uses = [use.to_json() for use in options.open_desk().disk()]
    total = sum(use["size"] for use in uses)
    if as_json:
        output.document({"bytes": total, "uses": uses})
        return
    rows = [(use["title"], use["count"] or None, room(use["size"]), use["where"]) for use in uses]
    output.table("Disk", ("what", "how many", "room", "where"), rows)
    output.note(f"{room(total)}. Make room with: workbench delete dataset|study|model|report|batch|look ID")


def delete(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="dataset, study, model, report, batch or look.", show_default=False
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A model's or a study's id, a report's, a scored file's or a look's folder, a data set's "
            "fingerprint (8 characters or more).",
            show_default=False,
        ),
    ],
    why: Annotated[
        str, typer.Option("--why", metavar="W", help="The reason, kept in the trail.", show_default=False)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Do not keep it in quarantine for a while.")] = False,
    as_json: options.Json = False,
) -> None:
    """Delete a data set, study, model, report, scored file or look; what depends on it is shown first."""
    from workbench.desk.removing import room

    desk = options.open_desk()
    found = desk.removal(kind, name)
    output.note(f"{found.words[0].upper()}{found.words[1:]}: {room(found.size)}.")
    for line in found.along:
        output.note(f"  {line}")
    if found.refusal:
        raise GateError(found.code, found.refusal, found.name, found.remedy)
    if not why.strip():
        raise InputError("NO_REASON", "deleting needs a reason", remedy="Give --why REASON.")
    if not yes:
        if not sys.stdin.isatty():
            what = "nobody is there to be asked whether to delete it"
            raise InputError("NOT_CONFIRMED", what, found.name, "Give --yes.")
        typer.confirm("Delete it?", abort=True, err=True)
    desk.delete(kind, found.name, why, now=now)
    if as_json:
        output.document({"deleted": found.to_json(), "in_quarantine": not now})
        return
    until = "for good" if now else f"; its files stay in quarantine for {desk.settings.quarantine_days} days"
    output.line(f"Deleted {found.name} {until}".replace(" ;", ";") + ".")
