"""Verbs that prove a model or hand it on: replay and export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output


class Form(StrEnum):
    """In what form a model is handed on."""

    native = "native"
    joblib = "joblib"
    sql = "sql"
    excel = "excel"


To = Annotated[
    Form,
    typer.Option(
        help="native: a folder, the family's own file and JSON; joblib: {model, scaler, feature_columns}, "
        "not of a scorecard; of a scorecard alone, sql: one statement for SQLite and PostgreSQL; excel: a "
        "file with live formulas.",
        show_default=False,
    ),
]
Out = Annotated[
    Path, typer.Option(metavar="PATH", help="What to write; must not be there yet.", show_default=False)
]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command(epilog="Example: workbench replay taiwan_cards-1")(replay)
    app.command(epilog="Example: workbench export taiwan_cards-1 --to joblib --out taiwan.joblib")(export)


def replay(model: options.Model, as_json: options.Json = False) -> None:
    """Train a model again from what was kept; exit status 1 where it comes out otherwise."""
    desk = options.open_desk()
    with output.watched(desk.settings.threads) as run:
        told = desk.replay(model, run)
    if as_json:
        output.document(told.to_json())
    else:
        output.line(told.sentence())
        if told.differences:
            rows = [(d.what, str(d.kept), str(d.again)) for d in told.differences]
            output.table("Differences", ("what", "kept", "again"), rows)
        for note in told.notes:
            output.note(f"It {note}.")
    if not told.identical:
        raise typer.Exit(1)


def export(model: options.Model, to: To, out: Out, as_json: options.Json = False) -> None:
    """Hand a model on, after another process scored the same with it."""
    told = options.open_desk().export(model, to.value, out)
    if as_json:
        output.document(told.to_json())
        return
    output.line(
        f"Written to {told.path}; {told.rows_checked:,} rows score the same "
        f"(largest difference {told.max_difference:.1g})."
    )
    for note in told.notes:
        output.note(f"Note: {note}.")
