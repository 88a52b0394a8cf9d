"""The verb that makes data to try the workbench with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(epilog="Example: workbench generate counterparty --rows 5000 --seed 42 --out parties.csv")(
        generate
    )


def generate(
    name: Annotated[
        str,
        typer.Argument(metavar="P", help="A shipped portfolio that can be made.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="A .csv, .parquet or .xlsx to write.", show_default=False),
    ],
    rows: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many.", show_default="portfolio")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same rows and seed: the same file, byte for byte.")] = 42,
    as_json: options.Json = False,
) -> None:
    """Make data of a shipped portfolio, dated over 24 months, to try the workbench with."""
    desk = options.open_desk()
    answer = desk.generate(name, out, rows, seed)
    needs = desk.portfolio(name).requirements
    if answer["replaced"]:
        output.note(f"Replaced {out}, which was there already.")
    if as_json:
        output.document(answer)
        return
    bad_rate = output.figure("bad_rate", answer["bad_rate"])
    output.line(f"{out}: {output.counted(answer['rows'], 'made row')}, {answer['n_bad']:,} bad ({bad_rate})")
    if answer["rows"] < needs.rows or min(answer["n_bad"], answer["rows"] - answer["n_bad"]) < needs.bads:
        output.note(
            f"Training asks for at least {needs.rows:,} rows, with {needs.bads:,} bads and as many goods: "
            "make more with --rows."
        )
        return
    output.note(f"Next: workbench train {out} --portfolio {name}")
