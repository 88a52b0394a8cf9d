"""The verb that checks a file before anything trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output, remedies

if TYPE_CHECKING:
    from workbench.checks import Checks
    from workbench.dataset import Dataset

Refused = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the refused rows with their reasons: .csv, .parquet or .xlsx.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(epilog="Example: workbench check taiwan.csv --portfolio taiwan_cards")(check)


def check(
    data: options.Data,
    portfolio: options.PortfolioName,
    acknowledge: options.Acknowledge = None,
    why: options.Why = None,
    refused: Refused = None,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Check a file before anything trains on it; exit status 1 where a finding blocks."""
    from workbench.checks import settle
    from workbench.dataset import build, refused_rows
    from workbench.desk import tables

    accepted = {(code, column): reason for code, column, reason in options.acknowledged(acknowledge, why)}
    desk = options.open_desk()
    declared = desk.portfolio(portfolio)
    if refused:
        tables.check_target(refused, source=Path(data))
    table = desk.read(Path(data), declared, options.reading(data, delimiter, decimal, encoding, sheet))
    dataset = build(table, declared)
    if refused:
        tables.write(refused_rows(table, dataset), refused, keys=[declared.row_key])
    with output.watched(desk.settings.threads) as run:
        settled = settle(desk.check(dataset, run), accepted, declared)
    for told in settled.notes:
        output.note(told)
    blocking = settled.checks.blocking()
    if as_json:
        document = _checked(dataset, settled.checks, table.frame.shape[1])
        output.document(
            document | {"notes": [*dataset.source.notes, *settled.notes], "refused_file": refused}
        )
    else:
        _show_checks(dataset, settled.checks)
        codes = ", ".join(finding.named for finding in blocking)
        output.note(f"Training is blocked by {codes}." if blocking else "Nothing blocks training.")
        lifted = remedies.of_blocks([(f.code, f.column) for f in blocking])
        output.note(lifted) if lifted else None
    if refused:
        output.note(f"The refused rows are written to {refused}.")
    if blocking:
        raise typer.Exit(1)


def _checked(dataset: Dataset, checks: Checks, columns: int) -> dict[str, Any]:
    return {
        "portfolio": dataset.portfolio.identity,
        "dataset_sha256": dataset.sha256,
        "rows": dataset.rows_in,
        "kept": dataset.n,
        "refused": dataset.rows_in - dataset.n,
        "columns": columns,
        "bad_rate": dataset.bad_rate,
        "blocking": len(checks.blocking()),
    } | checks.to_json()


def _show_checks(dataset: Dataset, checks: Checks) -> None:
    refused, known = dataset.rows_in - dataset.n, int(dataset.known.sum())
    output.line(
        f"{dataset.source.name}: {output.counted(dataset.rows_in, 'row')}, {dataset.n:,} kept, "
        f"{refused:,} refused; {dataset.n_bad:,} bad "
        f"({output.figure('bad_rate', dataset.bad_rate)} of {known:,} that ended good or bad)"
    )
    for told in dataset.source.notes:
        output.note(f"{dataset.source.name}: {told}.")
    rows = [(f.level, f.code, f.column, f.rows, f"{f.message} {f.remedy}".strip()) for f in checks.findings]
    if rows:
        output.table("Findings", ("level", "code", "column", "rows", "what, and what to do"), rows)
    else:
        output.line("No findings.")
