"""Verbs on models: list, show, evaluate, score, promote, and the store's health."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import options, output


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("models", epilog="Example: workbench models --portfolio taiwan_cards")(list_models)
    app.command(epilog="Example: workbench show taiwan_cards@latest")(show)
    app.command(epilog="Example: workbench evaluate taiwan_cards-1 next_quarter.csv --json")(evaluate)
    app.command(epilog="Example: workbench compare taiwan_cards-1 taiwan_cards-2 --json")(compare)
    app.command(epilog="Example: workbench score taiwan_cards@latest applicants.csv --out scored.csv")(score)
    app.command(epilog="Example: workbench promote taiwan_cards-1")(promote)
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
    models = [output.plain(row) for row in options.open_desk().models(portfolio or None)]
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
            str(m["created_at"])[:16].replace("T", " ") + " UTC",
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
        output.note("No models yet. Train one: workbench train DATA --portfolio P")


def show(model: options.Model, as_json: options.Json = False) -> None:
    """Show one model: what it is, how good, from what it was made."""
    shown = output.plain(options.open_desk().show(model))
    if as_json:
        output.document(shown)
        return
    metrics = shown.get("metrics") or {}
    simple = [
        (key.replace("_", " "), value)
        for key, value in shown.items()
        if not isinstance(value, dict | list | bool) and value is not None
    ]
    output.table(str(shown.get("model_id", model)), ("", ""), simple)
    _show_metrics(f"Metrics of the {shown.get('reported') or 'reported'} sample", metrics)


def evaluate(
    model: options.Model,
    data: options.Data,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    as_json: options.Json = False,
) -> None:
    """Measure a model on labelled rows; a note says where it was developed on some of them."""
    desk = options.open_desk()
    measured, dataset = desk.evaluate(model, Path(data), options.reading(delimiter, decimal, encoding))
    metrics = output.plain(measured.to_json())
    seen = desk.seen(model, dataset)
    if as_json:
        told = {"model_id": desk.registry.resolve(model).model_id, "dataset_sha256": dataset.sha256}
        told |= {"contains_development": seen.contains_development, "note": seen.note}
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
        float, typer.Option(min=0.01, max=0.99, help="Share every model approves, for swaps and bad rates.")
    ] = 0.70,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    as_json: options.Json = False,
) -> None:
    """Compare models on the same rows, with tests of the differences."""
    desk = options.open_desk()
    read = options.reading(delimiter, decimal, encoding)
    with output.watched(desk.settings.threads) as run:
        told = desk.compare(models, run, on, read, approval=approval).to_json()
    if as_json:
        output.document(told)
        return
    title = f"On the same rows: {told['rows']} (n {told['n']:,}, {told['n_bad']:,} bad)"
    measures = ("auc", "ks", "brier", "bad_rate_approved")
    lines = [
        (line["model"], line.get("family") or line["kind"], *(output.estimate(line, m) for m in measures))
        for line in told["models"]
    ]
    headings = ("model", "family", "AUC (95%)", "KS x 100 (95%)", "Brier (95%)")
    output.table(title, (*headings, f"bad rate at {approval:.0%} approvals"), lines)
    tests = [
        (t["a"], t["b"], t["difference"], t["low"], t["high"], t["z"], t["p_value"], t["p_adjusted"])
        for t in told["tests"]
    ]
    output.table(
        "Is the difference in AUC more than noise? (b less a)",
        ("a", "b", "difference", "from", "to (95%)", "z", "p", "p adjusted"), tests,
    )  # fmt: skip
    output.line(told["verdict"])
    for text in (told["note"], *told["notes"]):
        output.note(text)


def score(
    model: options.Model,
    data: options.Data,
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV, Parquet or Excel.", show_default=False)],
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    as_json: options.Json = False,
) -> None:
    """Score a file: one row out for each row in, in the same order."""
    read = options.reading(delimiter, decimal, encoding)
    told = output.plain(options.open_desk().score_file(model, Path(data), out, read))
    if as_json:
        output.document(told)
        return
    output.line(
        f"{output.counted(told['rows'], 'row')} scored, {told['refused']:,} refused; written to {told['out']}"
    )


def promote(
    model: options.Model,
    force: Annotated[
        bool,
        typer.Option("--force", help="Although it is not better than the champion; never past the gate."),
    ] = False,
    why: Annotated[
        str, typer.Option(metavar="W", help="The reason, kept in the trail.", show_default=False)
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Make a model the champion of its portfolio; exit status 1 where its gate says no."""
    desk = options.open_desk()
    row = desk.promote(model, force=force, why=why)
    told = output.plain(row)
    if as_json:
        output.document(told | {"champion": told["model_id"]})
        return
    output.line(f"{told['model_id']} is now the champion of {told['portfolio']}.")


def rollback(
    portfolio: Annotated[str, typer.Argument(metavar="P", help="A portfolio's name.", show_default=False)],
    why: Annotated[
        str, typer.Option(metavar="W", help="The reason, kept in the trail.", show_default=False)
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Make the champion before the present one champion again; exit status 1 where there was none."""
    told = output.plain(options.open_desk().roll_back(portfolio, why))
    if as_json:
        output.document(told | {"champion": told["model_id"]})
        return
    output.line(f"{told['model_id']} is the champion of {told['portfolio']} again.")


def fsck(as_json: options.Json = False) -> None:
    """Compare the store with the database and every file with its digest; exit status 1 on a problem."""
    problems = [
        {"code": p.code, "what": p.what, "where": p.where, "remedy": p.remedy}
        for p in options.open_desk().fsck()
    ]
    if as_json:
        output.document({"ok": not problems, "problems": problems})
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


def _show_metrics(title: str, metrics: dict[str, Any]) -> None:
    from workbench.evaluation import TITLES

    rows = [(shown, output.estimate(metrics, name)) for name, shown in TITLES.items() if name in metrics]
    size = f" (n {metrics.get('n') or 0:,}, {metrics.get('n_bad') or 0:,} bad)"
    output.table(title + size, ("measure", "value (95% interval)"), rows)
