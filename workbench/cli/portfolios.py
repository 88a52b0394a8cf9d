"""Verbs on portfolios: list them, show one, draft one from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.errors import InputError, Problem

if TYPE_CHECKING:
    from workbench.dataset import Table
    from workbench.portfolio import Portfolio
    from workbench.proposal import Proposal

Bad = Annotated[
    str,
    typer.Option(
        metavar="COLUMN[=VALUE[,VALUE]]",
        help="The outcome's column and its bad value (several: VALUE,VALUE); 1 where none is given.",
        show_default=False,
    ),
]
Good = Annotated[
    str,
    typer.Option(
        metavar="VALUE[,VALUE]",
        help="Its good values; the others are neither.",
        show_default="the one left, or what sounds good",
    ),
]
Indeterminate = Annotated[
    str,
    typer.Option(
        metavar="VALUE[,VALUE]",
        help="Its values that are neither, and left out of fitting; the others are good.",
        show_default=False,
    ),
]

portfolio_app = typer.Typer(help="Show a portfolio, or draft one from a file.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("portfolios", epilog="Example: workbench portfolios --json")(list_portfolios)
    app.add_typer(portfolio_app, name="portfolio")


def list_portfolios(as_json: options.Json = False) -> None:
    """List the portfolios: shipped ones and those saved here."""
    shelf = options.open_desk().shelf
    found = [(entry, shelf.find(entry.name)) for entry in shelf.names()]
    if as_json:
        rows = [_entry(portfolio) | {"shipped": entry.shipped} for entry, portfolio in found]
        output.document({"portfolios": rows})
        return
    rows = [
        (
            p.identity,
            p.title,
            p.kind,
            len(p.characteristics),
            p.outcome.column,
            "shipped" if e.shipped else "saved",
        )
        for e, p in found
    ]
    output.table("Portfolios", ("portfolio", "title", "kind", "characteristics", "outcome", "from"), rows)


@portfolio_app.command("show", epilog="Example: workbench portfolio show taiwan_cards")
def show(
    name: Annotated[
        str, typer.Argument(metavar="P", help="Name, name@version, or a TOML file.", show_default=False)
    ],
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Write it as the file it stands in, to be edited.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show what a portfolio declares, column by column."""
    portfolio = options.open_desk().shelf.find(name)
    if as_toml and not as_json:
        from workbench.portfolio import to_toml

        output.line(to_toml(portfolio).rstrip())
        return
    if as_json:
        output.document(portfolio.to_json() | {"identity": portfolio.identity})
        return
    output.line(f"{portfolio.shown} ({portfolio.identity}), {portfolio.kind}")
    if portfolio.description:
        output.line(portfolio.description)
    _show_columns(portfolio)


@portfolio_app.command(
    "infer", epilog="Example: workbench portfolio infer loans.csv --bad status=Default --out loans.toml"
)
def infer(
    data: options.Data,
    out: Annotated[Path, typer.Option(metavar="FILE.toml", help="Where the draft goes.", show_default=False)],
    bad: Bad,
    good: Good = "",
    indeterminate: Indeterminate = "",
    name: Annotated[str, typer.Option(help="The portfolio's name.", show_default="the file's")] = "",
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Draft a portfolio from a file; every guess is for you to check and edit."""
    if out.exists():
        raise InputError("FILE_EXISTS", "is there already", str(out), "Give another --out, or move it away.")
    if not out.parent.is_dir():
        raise InputError(
            "OUT_FOLDER", "the folder does not exist", str(out.parent), "Make it, or name another."
        )
    desk = options.open_desk()
    read = desk.read(Path(data), None, options.reading(data, delimiter, decimal, encoding, sheet))
    column, _, values = (bad, "", "") if bad in read.frame else bad.partition("=")
    proposal = desk.propose(
        read,
        name or _name_from(Path(data)),
        (column, _values(read, column, values or "1")),
        good=_values(read, column, good),
        indeterminate=_values(read, column, indeterminate),
    )
    if proposal.portfolio is None:
        raise _no_draft(proposal, read, column)
    from workbench.portfolio import to_toml

    out.write_text(to_toml(proposal.portfolio), encoding="utf-8")
    meanings = _meanings(proposal)
    for told in _said(column, meanings):
        output.note(told)
    if as_json:
        output.document(
            _entry(proposal.portfolio)
            | {"outcome_values": meanings, "out": out}
            | {"guesses": _guesses(proposal), "questions": list(proposal.questions)}
        )
        return
    rows = [(g["column"], g["role"], g["kind"], "; ".join(g["reasons"])) for g in _guesses(proposal)]
    output.table(f"Guessed from {Path(data).name}", ("column", "role", "kind", "because"), rows)
    for question in proposal.questions:
        output.note(f"To settle in {out.name}: {question}")
    output.note(f"Written to {out}. Check it, then: workbench check {data} --portfolio {out}")


def _values(read: Table, column: str, listed: str) -> tuple[str, ...]:
    """Return the values of a list with commas; what is a value of the column as it stands is one."""
    from workbench.dataset import canonical_value, value_counts

    if not listed:
        return ()
    if column in read.frame and canonical_value(listed) in value_counts(read, column):
        return (listed,)
    return tuple(value.strip() for value in listed.split(",") if value.strip())


def _no_draft(proposal: Proposal, read: Table, column: str) -> InputError:
    """Return why there is no draft, with the columns there are where none is called so."""
    found = proposal.obstacle or Problem("OUTCOME", "it is not said which rows are bad")
    what = found.what.rstrip("?.")
    if column not in read.frame:
        shown = [str(name) for name in read.frame.columns[:20]]
        more = len(read.frame.columns) - len(shown)
        what = f"there is no column {column}; there are {', '.join(shown)}"
        what += f" and {more:,} more" if more else ""
    return InputError(found.code, what, read.source.name, found.remedy)


def _meanings(proposal: Proposal) -> list[dict[str, Any]]:
    """Return each value of the outcome with its rows and what it is taken for."""
    outcome = proposal.portfolio.outcome
    taken = dict.fromkeys(outcome.bad, "bad") | dict.fromkeys(outcome.good, "good")
    counts = zip(proposal.outcome_values["value"], proposal.outcome_values["n"], strict=True)
    return [{"value": v, "rows": int(n), "taken_as": taken.get(v, "indeterminate")} for v, n in counts]


def _said(column: str, meanings: list[dict[str, Any]]) -> Iterator[str]:
    for meaning in ("bad", "good", "indeterminate"):
        values = [m for m in meanings if m["taken_as"] == meaning]
        if values:
            listed = ", ".join(f"{m['value']!r} ({output.counted(m['rows'], 'row')})" for m in values)
            taken = "indeterminate, and left out of fitting" if meaning == "indeterminate" else meaning
            yield f"In {column}, taken as {taken}: {listed}."


def _entry(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "name": portfolio.name,
        "version": portfolio.version,
        "title": portfolio.shown,
        "kind": portfolio.kind,
        "description": portfolio.description,
        "outcome": portfolio.outcome.column,
        "characteristics": [c.name for c in portfolio.characteristics],
    }


def _guesses(proposal: Proposal) -> list[dict[str, Any]]:
    return [
        {"column": g.column, "role": g.role, "kind": g.kind, "reasons": list(g.reasons)}
        for g in proposal.guesses
    ]


def _name_from(path: Path) -> str:
    letters = "".join(c if c.isascii() and c.isalnum() else "_" for c in path.name.split(".")[0].lower())
    return (letters if letters[:1].isalpha() else f"p_{letters}")[:63]


def _show_columns(portfolio: Portfolio) -> None:
    outcome = portfolio.outcome
    output.line(f"Outcome: {outcome.column}; bad is {', '.join(outcome.bad)}")
    for role, names in portfolio.columns_by_role().items():
        if role not in ("outcome", "characteristic", "protected"):
            output.line(f"{role.capitalize()}: {', '.join(names)}")
    rows = [
        (c.name, c.shown, c.kind, c.unit, _allowed(c), "protected" if c in portfolio.protected else c.group)
        for c in (*portfolio.characteristics, *portfolio.protected)
    ]
    output.table("Characteristics", ("column", "title", "kind", "unit", "allowed", "group"), rows)


def _allowed(characteristic: Any) -> str:
    if characteristic.attributes:
        return ", ".join(a.value for a in characteristic.attributes)
    low, high = characteristic.low, characteristic.high
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:,.10g}'} to {'' if high is None else f'{high:,.10g}'}".strip()
