"""Verbs around the work: reports, the background worker and its jobs, and what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import options, output
from workbench.errors import InputError


def _names() -> str:
    """Return the names of the reports there are; the catalogue tells them when one is run."""
    folder = Path(__file__).parents[2] / "notebooks"
    *first, last = sorted(path.stem.removesuffix("_report") for path in folder.glob("*.ipynb")) or ["none"]
    return f"{', '.join(first)} or {last}" if first else last


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command(epilog="Example: workbench report training -p study=taiwan_cards-20261121-093000-5d2c81f0")(
        report
    )
    app.command(epilog="Example: workbench worker")(worker)
    app.command(epilog="Example: workbench jobs --cancel 3f2a")(jobs)
    app.command(epilog="Example: workbench doctor")(doctor)


def report(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=f"{_names()}.", show_default=False),
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="KEY=VALUE", help="May be given again.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where it goes.", show_default="under the home's reports"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Run a report's notebook; the HTML is one file that opens offline."""
    from workbench import desk, reports
    from workbench.settings import Settings

    given = {}
    for pair in parameter or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError("PARAMETER", f"{pair!r} is not KEY=VALUE", remedy="Write it as -p study=NAME.")
        given[key] = value
    settings = Settings.from_env()
    with output.watched(settings.threads) as run:
        made = reports.run(name, given, out, settings, watch=run.watch, who=desk.open(settings).who)
    if as_json:
        output.document({"notebook": made.notebook, "html": made.html, "seconds": made.seconds})
        return
    output.line(str(made.html))
    output.note(f"Done in {made.seconds:.1f} s; the notebook is {made.notebook}")


def worker(
    once: Annotated[bool, typer.Option("--once", help="Leave as soon as the queue is empty.")] = False,
) -> None:
    """Work through the queue until told to stop; one worker a machine."""
    from workbench import jobs as queue
    from workbench.settings import Settings

    output.note("Working; Ctrl-C ends it, and what it was doing is taken up again by the next worker.")
    queue.become_worker(Settings.from_env(), once=once)


def jobs(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    cancel: Annotated[
        str, typer.Option(metavar="JOB", help="Stop this job instead.", show_default=False)
    ] = "",
    as_json: options.Json = False,
) -> None:
    """List what runs, waits and has finished; or stop a job."""
    from workbench import jobs as queue
    from workbench.settings import Settings

    settings = Settings.from_env()
    if cancel:
        queue.cancel(cancel, settings)
    found = [status.to_json() for status in queue.recent(limit, settings)]
    if as_json:
        output.document({"jobs": found})
        return
    rows = [
        (j["job_id"], j["name"], j["state"], j["step"], f"{j['share'] or 0:.0%}", j["created_at"], j["error"])
        for j in found
    ]
    if rows:
        output.table("Jobs", ("job", "what", "state", "step", "done", "asked for (UTC)", "error"), rows)
    else:
        output.note("No jobs.")


def doctor(as_json: options.Json = False) -> None:
    """Say what is installed, what is missing, and the command that mends it; exit status 1 on a problem."""
    from workbench.cli import examination

    found = examination.examine()
    problems = [check for check in found if not check.ok and not check.optional]
    if as_json:
        told = [{"name": c.name, "what": c.detail, "mend": c.mend} for c in problems]
        output.document({"ok": not problems, "problems": told, "checks": [vars(check) for check in found]})
    else:
        rows = [("ok" if c.ok else "note" if c.optional else "MEND", c.name, c.detail, c.mend) for c in found]
        output.table("Doctor", ("", "what", "found", "mend with"), rows)
        output.note(f"{output.counted(len(problems), 'problem')}." if problems else "All is well.")
    if problems:
        raise typer.Exit(1)
