"""Verbs on portfolios: list them, show one, draft one from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output
from workbench.errors import InputError, Problem

if TYPE_CHECKING:
    from workbench.portfolio import Portfolio
    from workbench.proposal import Proposal

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
    as_json: options.Json = False,
) -> None:
    """Show what a portfolio declares, column by column."""
    portfolio = options.open_desk().shelf.find(name)
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
    bad: Annotated[
        str,
        typer.Option(
            metavar="COLUMN[=VALUE]",
            help="The outcome's column and its bad value (several: VALUE,VALUE); 1 where none is given.",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option(help="The portfolio's name.", show_default="the file's")] = "",
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    as_json: options.Json = False,
) -> None:
    """Draft a portfolio from a file; every guess is for you to check and edit."""
    if out.exists():
        raise InputError("FILE_EXISTS", "is there already", str(out), "Give another --out, or move it away.")
    desk = options.open_desk()
    read = desk.read(Path(data), None, options.reading(delimiter, decimal, encoding))
    column, _, values = bad.partition("=")
    proposal = desk.propose(read, name or _name_from(Path(data)), (column, tuple((values or "1").split(","))))
    if proposal.portfolio is None:
        raise _no_draft(proposal, data)
    from workbench.portfolio import to_toml

    out.write_text(to_toml(proposal.portfolio), encoding="utf-8")
    if as_json:
        output.document(
            _entry(proposal.portfolio)
            | {"out": out, "guesses": _guesses(proposal), "questions": list(proposal.questions)}
        )
        return
    rows = [(g["column"], g["role"], g["kind"], "; ".join(g["reasons"])) for g in _guesses(proposal)]
    output.table(f"Guessed from {Path(data).name}", ("column", "role", "kind", "because"), rows)
    for question in proposal.questions:
        output.note(f"To settle in {out.name}: {question}")
    output.note(f"Written to {out}. Check it, then: workbench check {data} --portfolio {out}")


def _no_draft(proposal: Proposal, data: str) -> InputError:
    """Return why there is no draft, with the remedy of just that."""
    found = proposal.obstacle or Problem("OUTCOME", "it is not said which rows are bad")
    asks_bad = found.code == "OUTCOME"
    remedy = "Give --bad COLUMN=VALUE with a value that the column has." if asks_bad else found.remedy
    return InputError(found.code, found.what.rstrip("?"), data, remedy)


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
    return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()
