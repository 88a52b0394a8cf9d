"""``workbench drift``: an extract against what a model was developed on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workbench.cli import options, output

if TYPE_CHECKING:
    from workbench.desk import Monitored

SHOWN = 12


def drift(
    model: options.Model,
    data: options.Data,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Hold an extract against the development sample of a model; exit status 1 where the verdict is red.

    Outcomes are used where they are known; rows without one count for everything else.
    """
    from workbench.desk import DriftRequest

    desk = options.open_desk()
    reading = options.reading(data, delimiter, decimal, encoding, sheet)
    request = DriftRequest(desk.registry.resolve(model).model_id, str(Path(data)), options=reading)
    with output.watched(desk.settings.threads) as run:
        found = desk.drift(request, run=run)
    output.refused(found.rows, found.rows - found.refused, found.name)
    if as_json:
        output.document(found.to_json())
    else:
        _show(found)
    if found.drift.verdict.colour == "red":
        raise typer.Exit(1)


def _show(found: Monitored) -> None:
    told = found.drift
    output.line(told.sentence())
    for note in told.notes:
        output.note(note)
    moved = "points" in told.characteristics
    output.line()
    headings = ("characteristic", "PSI", "no drift, 99%", "KS", "missing", "at dev.", "q")
    output.table(
        f"{found.name}: {told.n:,} rows against {told.n_development:,} development rows of {found.model_id}",
        (*headings, "points") if moved else headings,
        [
            (
                line.title, line.psi, line.psi_99, line.ks, _share(line.missing),
                _share(line.missing_development), _chance(line.q_value), *((line.points,) if moved else ()),
            )
            for line in told.characteristics.head(SHOWN).itertuples()
        ],
    )  # fmt: skip
    if len(told.characteristics) > SHOWN:
        output.note(f"{len(told.characteristics) - SHOWN} more characteristics; --json has them all.")
    output.line()
    output.table(
        f"Scores against the {told.score.reference}: PSI {told.score.psi:.4f}",
        ("", "reference", "extract", "difference", "p"),
        [
            (m.title, m.reference, m.extract, m.difference, _chance(m.p_value))
            for m in told.score.measures.itertuples()
        ],
    )
    output.line()
    if told.performance.reason:
        output.line(f"Performance is not measured: {told.performance.reason}.")
        return
    p = told.performance
    output.table(
        f"Where outcomes are known: {p.n:,} rows, {p.n_bad:,} bads, against {p.n_reference:,} rows of the "
        f"{p.reference} with {p.n_bad_reference:,}",
        ("", "reference", "extract", "low", "high", "p", "ECB's p"),
        [
            (m.title, m.reference, m.extract, m.low, m.high, _chance(m.p_value), _chance(m.p_ecb))
            for m in p.measures.itertuples()
        ],
    )


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"


def _chance(p_value: float) -> str:
    """Return a p or q value: one too small for four digits is not 0."""
    return "–" if math.isnan(p_value) else "<0.0001" if p_value < 1e-4 else f"{p_value:.4f}"


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: workbench drift taiwan_cards@champion october.csv")(drift)
