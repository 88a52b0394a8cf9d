"""Verbs on models: list, show, evaluate, score, promote, and the store's health."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output, policies

if TYPE_CHECKING:
    from workbench.desk import Desk

Reason = Annotated[
    str, typer.Option("--why", metavar="W", help="The reason, kept in the trail.", show_default=False)
]

Needed = Annotated[
    str,
    typer.Option("--why", metavar="W", help="Required: kept in the trail.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("models", epilog="Example: workbench models --portfolio taiwan_cards")(list_models)
    app.command(epilog="Example: workbench show taiwan_cards@latest")(show)
    app.command(epilog="Example: workbench evaluate taiwan_cards-1 next_quarter.csv --json")(evaluate)
    app.command(epilog="Example: workbench compare taiwan_cards-1 taiwan_cards-2 --json")(compare)
    app.command(epilog="Example: workbench score taiwan_cards@latest applicants.csv --out scored.csv")(score)
    app.command(epilog="Example: workbench promote taiwan_cards-1")(promote)
    app.command(epilog="Example: workbench candidate taiwan_cards-2")(candidate)
    app.command(epilog='Example: workbench reject taiwan_cards-3 --why "Too few bads in May"')(reject)
    app.command(epilog="Example: workbench retire taiwan_cards@champion")(retire)
    app.command(epilog='Example: workbench rollback taiwan_cards --why "Unstable since May"')(rollback)
    app.command(epilog="Example: workbench fsck --json")(fsck)


def list_models(
    portfolio: Annotated[
        str,
        typer.Option("--portfolio", "-P", metavar="P", help="Only of this portfolio.", show_default=False),
    ] = "",
    as_json: options.Json = False,
) -> None:
    """List the registered models, newest first."""
    desk = options.open_desk()
    declared = desk.portfolio(portfolio) if portfolio else None
    models = [output.plain(row) for row in desk.models(declared.name if declared else None)]
    if declared and "@" in portfolio:
        models = [m for m in models if m["portfolio_version"] == declared.version]
    if as_json:
        output.document({"models": models})
        return
    rows = [
        (
            m["model_id"],
            m["family"],
            m["stage"],
            output.estimate(m["metrics"], "auc"),
            output.estimate(m["metrics"], "ks"),
            m["metrics"].get("n"),
            m["metrics"].get("n_bad"),
            when(m["created_at"]),
        )
        for m in models
    ]
    if rows:
        output.table(
            "Models",
            ("model", "family", "stage", "AUC (95%)", "KS x 100 (95%)", "n", "bads", "registered"),
            rows,
        )
    else:
        of = f" of {portfolio}" if portfolio else ""
        output.note(f"No models{of} yet. Train one: workbench train DATA --portfolio {portfolio or 'P'}")


def show(model: options.Model, as_json: options.Json = False) -> None:
    """Show one model: what it is, how good, what is decided with it, from what it was made."""
    desk = options.open_desk()
    shown = output.plain(desk.show(model))
    decided = policies.told(desk, shown["model_id"])
    if as_json:
        output.document(shown | decided)
        return
    metrics = shown.get("metrics") or {}
    simple = [
        (key.replace("_", " "), when(value) if key == "created_at" else value)
        for key, value in shown.items()
        if not isinstance(value, dict | list | bool) and value is not None
    ]
    gate = shown.get("gate") or {}
    simple += [(key.replace("_", " "), gate[key]) for key in ("reason", "note") if gate.get(key)]
    output.table(str(shown.get("model_id", model)), ("", ""), simple)
    policies.show(decided)
    output.line()
    _show_metrics(f"Metrics of the {shown.get('reported') or 'reported'} sample", metrics)


def evaluate(
    model: options.Model,
    data: options.Data,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Measure a model on labelled rows; a note says where it was developed on some of them."""
    desk = options.open_desk()
    measured, dataset = desk.evaluate(
        model, Path(data), options.reading(data, delimiter, decimal, encoding, sheet)
    )
    metrics = output.plain(measured.to_json())
    seen = desk.seen(model, dataset)
    output.refused(dataset.rows_in, dataset.n, dataset.source.name)
    if as_json:
        told = {"model_id": desk.registry.resolve(model).model_id, "dataset_sha256": dataset.sha256}
        told |= {"contains_development": seen.contains_development, "note": seen.note}
        told |= {"rows": dataset.rows_in, "refused": dataset.rows_in - dataset.n}
        output.document(told | {"metrics": metrics, "n": metrics["n"], "n_bad": metrics["n_bad"]})
        return
    _show_metrics(f"{model} on {Path(data).name}", metrics)
    if seen.note:
        output.note(seen.note)


def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL MODEL [...]", help="Two to six models.", show_default=False)
    ],
    on: Annotated[
        Path | None, typer.Option("--on", metavar="DATA", help="Labelled rows.", show_default="kept rows")
    ] = None,
    approval: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share every model approves, 0.01 to 0.99, for swaps and bad rates."
        ),
    ] = 0.70,
    segment: Annotated[
        str,
        typer.Option(
            metavar="RULES",
            help=f"Of these rows only: '{options.RULES}'.",
            show_default="all rows",
        ),
    ] = "",
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Compare models on the same rows, with tests of the differences."""
    options.require_share("--approval", approval)
    desk = options.open_desk()
    read = options.reading(on or "", delimiter, decimal, encoding, sheet)
    with output.watched(desk.settings.threads) as run:
        told = desk.compare(models, run, on, read, approval=approval, segment=segment).to_json()
    if as_json:
        output.document(told)
    else:
        _tell_comparison(told, approval)


def _tell_comparison(told: dict[str, Any], approval: float) -> None:
    """Print a comparison: the models, their differences, the verdict and what to mind."""
    title = f"On the same rows: {told['rows']} (n {told['n']:,}, {told['n_bad']:,} bad)"
    measures = ("auc", "ks", "brier", "bad_rate_approved")
    lines = [
        (line["model"], line.get("family") or line["kind"], *(output.estimate(line, m) for m in measures))
        for line in told["models"]
    ]
    headings = ("model", "family", "AUC (95%)", "KS x 100 (95%)", "Brier (95%)")
    output.table(title, (*headings, f"bad rate at {approval:.0%} approvals"), lines)
    output.line()
    output.table(
        "Is the difference in AUC more than noise? (b less a)",
        ("a", "b", "difference", "from", "to (95%)", "z", "p", "p adjusted"), map(_test, told["tests"]),
    )  # fmt: skip
    output.line(told["verdict"])
    for text in (told["note"], *told["notes"]):
        output.note(text)


def _test(told: dict[str, Any]) -> tuple[str, ...]:
    from workbench.evaluation import format_difference, format_p

    def number(name: str) -> float:
        return math.nan if told[name] is None else told[name]

    differences = (format_difference(number(name)) for name in ("difference", "low", "high"))
    z = number("z")
    p_values = (format_p(number(name)).removeprefix("p ") for name in ("p_value", "p_adjusted"))
    return (told["a"], told["b"], *differences, "–" if math.isnan(z) else f"{z:.2f}", *p_values)


def score(
    model: options.Model,
    data: options.Data,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="CSV, Parquet or Excel; or sql:NAME/TABLE, a table.", show_default=False
        ),
    ],
    reasons: Annotated[
        int,
        typer.Option(
            metavar="K",
            help="Give each row that is not approved its 1 to 4 principal reasons.",
            show_default=False,
        ),
    ] = 0,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Score a file: one row out for each row in, in the same order; exit status 1 where none has a PD."""
    read = options.reading(data, delimiter, decimal, encoding, sheet)
    told = output.plain(options.open_desk().score_file(model, Path(data), out, read, reasons=reasons))
    if told["replaced"]:
        output.note(f"Replaced {out}, which was there already.")
    if told["resumed"]:
        output.note(f"Took up an earlier run, which had scored {output.counted(told['resumed'], 'row')}.")
    for note in told["notes"]:
        output.note(note)
    unscored = told["rows"] - told["scored"]
    if unscored:
        output.note(f"{output.counted(unscored, 'row')} not scored: the column error in {out} says why.")
    output.document(told) if as_json else _show_scored(told, unscored)
    if not told["scored"]:
        raise typer.Exit(1)


def _show_scored(told: dict[str, Any], unscored: int) -> None:
    decisions = ", ".join(f"{n:,} {decision}" for decision, n in told["decisions"].items())
    output.line(
        f"{told['model_id']}: {output.counted(told['rows'], 'row')}, {told['scored']:,} scored "
        f"({decisions}; {told['flagged']:,} flagged), {unscored:,} not scored. Written to {told['out']}"
    )


def promote(
    model: options.Model,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Although it is not better than the champion; needs --why; never past the gate."
        ),
    ] = False,
    why: Reason = "",
    as_json: options.Json = False,
) -> None:
    """Make a model the champion of its portfolio; exit status 1 where its gate says no."""
    desk = options.open_desk()
    before = desk.registry.resolve(model).stage
    told = output.plain(desk.promote(model, force=force, why=why))
    kept = before == "champion"
    evidence = "" if kept else _evidence(desk, told["model_id"])
    if as_json:
        output.document(told | {"champion": told["model_id"], "evidence": evidence})
        return
    model_id, of = told["model_id"], told["portfolio"]
    output.line(
        f"{model_id} is the champion of {of} already; nothing was changed."
        if kept
        else f"{model_id} is now the champion of {of}{', by force' if force else ''}."
    )
    if evidence:
        output.line(f"{evidence}.")


def _evidence(desk: Desk, model_id: str) -> str:
    """Return what the last promotion of a model rested on, as the trail keeps it, without a full stop."""
    lines = desk.registry.trail(limit=5, model_id=model_id)
    detail = next((line.detail for line in lines if line.action == "promoted"), {})
    return detail.get("challenge", {}).get("sentence") or "There was no champion to compare it with"


def rollback(
    portfolio: Annotated[str, typer.Argument(metavar="P", help="A portfolio's name.", show_default=False)],
    why: Needed = "",
    as_json: options.Json = False,
) -> None:
    """Make the champion before the present one champion again; exit status 1 where there was none."""
    told = output.plain(options.open_desk().roll_back(portfolio, why))
    if as_json:
        output.document(told | {"champion": told["model_id"]})
        return
    output.line(f"{told['model_id']} is the champion of {told['portfolio']} again.")


def candidate(model: options.Model, why: Reason = "", as_json: options.Json = False) -> None:
    """Propose a version, trained or retired, as the next champion."""
    _moved("candidate", model, why, as_json)


def reject(model: options.Model, why: Needed = "", as_json: options.Json = False) -> None:
    """Turn a version down for good, with a reason."""
    _moved("reject", model, why, as_json)


def retire(model: options.Model, why: Reason = "", as_json: options.Json = False) -> None:
    """Take a version out of use; a portfolio whose champion is retired has none."""
    _moved("retire", model, why, as_json)


def _moved(action: str, model: str, why: str, as_json: bool) -> None:
    desk = options.open_desk()
    row = getattr(desk.registry, action)(model, who=desk.who, when=desk.now(), why=why)
    if as_json:
        champion = next(iter(desk.registry.models(row.portfolio, "champion")), None)
        now = champion.model_id if champion else None
        output.document({"model_id": row.model_id, "stage": row.stage, "champion": now})
        return
    output.line(f"{row.model_id} is {row.stage}.")


def fsck(
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="First move aside the files that no row accounts for.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Compare the store with the database and every file with its digest; exit status 1 on a problem."""
    here = options.open_desk()
    moved = here.registry.quarantine(who=here.who, when=here.now()) if quarantine else []
    for name in moved:
        output.note(f"Moved {name} to the quarantine.")
    problems = [{"code": p.code, "what": p.what, "where": p.where, "remedy": p.remedy} for p in here.fsck()]
    if as_json:
        told = {"ok": not problems, "problems": problems}
        output.document(told | {"quarantined": moved} if quarantine else told)
    else:
        for problem in problems:
            output.line(f"{problem['code']}  {problem['where']}: {problem['what']}. {problem['remedy']}")
        output.note(
            f"{output.counted(len(problems), 'problem')}."
            if problems
            else "Everything stored is what was stored."
        )
    if problems:
        raise typer.Exit(1)


def when(moment: str) -> str:
    """Return a moment of the database as people read it.

    Examples
    --------
    >>> when("2026-11-21T09:30:00.123456+00:00")
    '2026-11-21 09:30 UTC'
    """
    return f"{moment[:16].replace('T', ' ')} UTC"


def _show_metrics(title: str, metrics: dict[str, Any]) -> None:
    from workbench.evaluation import TITLES

    rows = [(shown, output.estimate(metrics, name)) for name, shown in TITLES.items() if name in metrics]
    size = f" (n {metrics.get('n') or 0:,}, {metrics.get('n_bad') or 0:,} bad)"
    output.table(title + size, ("measure", "value (95% interval)"), rows)
