"""``workbench explain``: what drives a model, and why one applicant has their PD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.desk import Desk
    from workbench.desk.sample_rows import SampleRows
    from workbench.explanation import Explainer, Overview
    from workbench.intake import ReadOptions

SHOWN = 15
METHODS = ("shap", "lime")
Rows = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A CSV, Parquet or Excel file.", show_default="the rows held out from the model"
    ),
]

Kind = Annotated[
    str,
    typer.Option(
        help="interventional, or of trees path-dependent.",
        show_default="interventional where the model has such values",
    ),
]


def explain(
    model: options.Model,
    data: Rows = "",
    row: Annotated[
        str, typer.Option(metavar="KEY", help="One applicant, by the row key.", show_default="all rows")
    ] = "",
    method: Annotated[
        str, typer.Option(help="shap: exact values; lime, with --row: LIME beside them.")
    ] = "shap",
    kind: Kind = "",
    against: Annotated[
        str, typer.Option(metavar="WHOM", help='Reference group: all or "near cut-off" of development.')
    ] = "all",
    sample: Annotated[
        str, typer.Option(metavar="NAME", help="Without DATA: a sample.", show_default="held out")
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
    """Tell what drives a model, or with --row why one applicant has their PD.

    The JSON of all rows holds a line for each row and characteristic.
    """
    _require_call(data, row, method, kind, sample)
    from workbench.desk import explanation_documents, overviews

    desk = options.open_desk()
    read = options.reading(data, delimiter, decimal, encoding, sheet)
    with output.watched(desk.settings.threads) as run:
        run.step("loading the rows", 0.0)
        found = _rows(desk, model, data, sample, read, segment)
        run.step("preparing the explanation", 0.2)
        explainer = desk.explainer(found.row.model_id)
        if row:
            told = _one(desk, found, explainer, row, method, kind, against)
        else:
            picked = found.segment(segment)
            whole = overviews.of(
                found, explainer, picked, run.part(0.4, 1.0), kind=kind or None, against=against
            )
            told = explanation_documents.of_rows(found, explainer, picked, whole, against) if as_json else {}
    if as_json:
        output.document(told)
    elif row:
        _show_one(told)
    else:
        _show(whole)


def _require_call(data: str, row: str, method: str, kind: str, sample: str) -> None:
    """Refuse what cannot be asked for, before anything is loaded."""
    from workbench.explanation import INTERVENTIONAL, PATH_DEPENDENT

    if method not in METHODS:
        raise InputError(
            "METHOD", f"--method {method!r} is neither shap nor lime", remedy="Give one of them."
        )
    if method == "lime" and not row:
        raise InputError("METHOD", "LIME is of one applicant", remedy="Say which: --row KEY.")
    if kind not in ("", INTERVENTIONAL, PATH_DEPENDENT):
        what = f"--kind {kind!r} is neither {INTERVENTIONAL} nor {PATH_DEPENDENT}"
        raise InputError("KIND", what, remedy="Give one of them.")
    if data and sample:
        raise InputError("SAMPLE", "--sample goes without DATA: a file has no samples",
                         remedy="Leave one of them out.")  # fmt: skip


def _rows(desk: Desk, model: str, data: str, sample: str, read: ReadOptions, segment: str) -> SampleRows:
    from workbench.desk import sample_rows

    sample_rows.require_rules(desk, model, segment)
    if not data:
        return sample_rows.sample_rows(desk, model, sample)
    found = sample_rows.file_rows(desk, model, data, read)
    output.refused(found.dataset.rows_in, found.dataset.n, found.dataset.source.name)
    return found


def _one(
    desk: Desk, found: SampleRows, explainer: Explainer, key: str, method: str, kind: str, against: str
) -> dict[str, Any]:
    from workbench.desk import explanation_documents

    if method == "lime":
        return explanation_documents.of_lime(desk, found, explainer, key, against)
    return explanation_documents.of_one(found, explainer, key, kind or None, against)  # type: ignore[arg-type]


def _show(told: Overview) -> None:
    output.line(told.sentence())
    held = f" against {told.reference}" if told.reference else ""
    rows = f"{told.rows_told} ({told.sample}), {told.bads}"
    output.table(
        f"{told.kind.capitalize()} values by {told.method} on {rows}{held}",
        ("characteristic", f"mean size, {told.unit}", "low", "high", "share", "direction"),
        [
            (line.title, line.importance, line.low, line.high, f"{line.share:.1%}", line.direction)
            for line in told.importance.head(SHOWN).itertuples()
        ],
    )
    _say_rest(len(told.importance))
    if len(told.pairs):
        output.line()
        output.table(
            f"Pairs that act together, on {told.paired_told}",
            ("first", "second", "strength", "low", "high"),
            [
                (p.first_title, p.second_title, p.strength, p.low, p.high)
                for p in told.pairs.head(5).itertuples()
            ],
        )
    for line in told.against_declared().itertuples():
        output.note(f"{line.title}: the PD goes against what is declared ({line.declared}).")


def _say_rest(lines: int) -> None:
    if lines > SHOWN:
        output.note(f"{lines - SHOWN} more characteristics; --json has them all.")


def _show_one(told: dict[str, Any]) -> None:
    held = f" against {told['reference']}" if told["reference"] else ""
    head = f"Row {told['row']}: PD {told['p_bad']:.4f}, margin {told['margin']:.4f}, base {told['base']:.4f}"
    if told["method"] == "lime":
        output.line(told["sentence"])
        if told["warning"]:
            output.note(told["warning"])
        headings = ("characteristic", "value", "LIME", "low", "high", f"exact, {told['unit']}")
        cells = ("title", "words", "attribution", "low", "high", "exact")
    else:
        head += f"; {told['kind']} values by {told['method']}"
        headings, cells = ("characteristic", "value", told["unit"]), ("title", "words", "attribution")
    lines = [tuple(one[name] for name in cells) for one in told["attributions"]]
    output.table(head + held, headings, lines)


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: workbench explain taiwan_cards@champion --row 1042 --json")(explain)
