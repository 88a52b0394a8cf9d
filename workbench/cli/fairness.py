"""The verb on fairness: who is treated differently by a model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli import options, output
from workbench.errors import InputError

Rows = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV, Parquet or Excel file; or sql:NAME/TABLE, rows of a configured database.",
        show_default="the rows held out from the model",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(epilog="Example: workbench fairness taiwan_cards@latest extract.csv --by SEX --json")(
        fairness
    )


def fairness(
    model: options.Model,
    data: Rows = "",
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A protected column; several may be given.", show_default="all"),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="none, us_federal, new_jersey, eu or uk: what is shown first.")
    ] = "none",
    against: Annotated[
        str, typer.Option(metavar="WHOM", help="declared: the portfolio's reference group; or highest.")
    ] = "declared",
    cut_off: Annotated[
        float | None,
        typer.Option(metavar="PD", help="Approve below this PD, 0 to 1.", show_default="the model's policy"),
    ] = None,
    sample: Annotated[
        str, typer.Option(metavar="NAME", help="Without DATA: a sample, or all.", show_default="held out")
    ] = "",
    segment: Annotated[
        str,
        typer.Option(metavar="RULES", help=f'Only these rows: "{options.RULES}".', show_default="all rows"),
    ] = "",
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Compare approvals, errors and calibration by protected group, with intervals and tests."""
    if against not in ("declared", "highest"):
        raise InputError("AGAINST", f"--against {against!r} is neither declared nor highest",
                         remedy="Give one of them.")  # fmt: skip
    if cut_off is not None and not 0 <= cut_off <= 1:
        raise InputError("CUT_OFF", f"--cut-off {cut_off:g} is no PD between 0 and 1",
                         remedy="Give 0.25 for 25%.")  # fmt: skip
    if data and sample:
        raise InputError("SAMPLE", "--sample goes without DATA: a file has no samples",
                         remedy="Leave one of them out.")  # fmt: skip
    desk = options.open_desk()
    from workbench.desk import FairnessRequest

    read = options.reading(data, delimiter, decimal, encoding, sheet)
    asked = FairnessRequest(model, tuple(by or ()), data, sample, cut_off, profile, against, segment, read)
    with output.watched(desk.settings.threads) as run:
        told = desk.fairness(asked, run).to_json()
    if as_json:
        output.document(told)
        return
    _show(told)


def _show(told: dict[str, Any]) -> None:
    """Write tables and sentences for people."""
    from workbench.evaluation import format_p
    from workbench.fairness import ratio

    def share(line: dict[str, Any], name: str) -> str:
        value, reason = line[name], line.get(f"{name}_reason", "")
        if value is None:
            return f"not defined: {reason}"
        low, high = line[f"{name}_low"], line[f"{name}_high"]
        return f"{value:.1%} ({100 * low:.1f} to {100 * high:.1f})"

    def air(line: dict[str, Any]) -> str:
        if line["air"] is None:
            return f"not defined: {line.get('air_reason', '')}"
        ends = (line["air_low"], line["air_high"])
        return ratio(line["air"]) if None in ends else ratio(line["air"], *ends)

    title = f"{told['model_id']} on {told['rows']} (n {told['n']:,}), approving below {told['cut_off']:.4f}"
    headings = (
        "attribute", "group", "n", "bads", "approved (95%)", "ratio (95%)", "test", "goods approved (95%)",
        "bads approved (95%)",
    )  # fmt: skip
    lines = [
        (
            one["title"],
            one["group"] + (" (reference)" if one["is_reference"] else ""),
            one["n"],
            _bads(one),
            share(one, "approval_rate"),
            air(one),
            "" if one["q_value"] is None else format_p(one["q_value"]).replace("p", "q", 1),
            share(one, "goods_approved"),
            share(one, "bads_approved"),
        )
        for one in told["groups"]
    ]
    output.table(title, headings, lines)
    output.line()
    measures = [
        (one["by"], one["title"], _figure(one), one["between"])
        if one["value"] is not None
        else (one["by"], one["title"], f"not defined: {one['reason']}", "")
        for one in told["measures"]
    ]
    output.table("Measures", ("attribute", "measure", "value (95%)", "between"), measures)
    output.line()
    output.line(told["sentence"])
    for note in (*(one["sentence"] for one in told["age"]), *told["notes"], *told["limits"], told["note"]):
        output.note(note)


def _bads(line: dict[str, Any]) -> int | str:
    return f"not defined: {line['n_bad_reason']}" if line["n_bad"] is None else int(line["n_bad"])


def _figure(line: dict[str, Any]) -> str:
    """Return a measure with its interval."""
    ends = (line["low"], line["high"])
    return f"{line['value']:.4f}" + ("" if None in ends else f" ({ends[0]:.4f} to {ends[1]:.4f})")
