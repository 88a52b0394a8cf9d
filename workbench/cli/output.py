"""What a verb says: one JSON document or a table on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from workbench.cli import remedies
from workbench.errors import GateError, WorkbenchError
from workbench.run import Run


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: NaN and infinities become None, frames lists of rows.

    Examples
    --------
    >>> plain({"auc": float("nan"), "sizes": (1, 2)})
    {'auc': None, 'sizes': [1, 2]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path | Enum):
        return str(value)
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return plain(value.to_dict("records"))
    if hasattr(value, "to_json"):
        return plain(value.to_json())
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def document(value: Any) -> None:
    """Write the one JSON document of a verb to standard output."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def note(text: str) -> None:
    """Write a line for people to standard error."""
    sys.stderr.write(f"{text}\n")


def line(text: str = "") -> None:
    """Write a line of the answer to standard output."""
    sys.stdout.write(f"{text}\n")


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table to standard output; numbers stand to the right, nothing is cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[shown(value) for value in row] for row in rows]
    numeric = [all(_is_number(row[i]) for row in cells) and bool(cells) for i in range(len(headings))]
    drawn = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, right in zip(headings, numeric, strict=True):
        drawn.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    people = sys.stdout.isatty()
    # a pipe has no width; wrapping there would cut words
    console = Console(highlight=False, force_terminal=people, width=None if people else 200)
    with console.capture() as drawing:
        console.print(drawn)
    line("\n".join(row.rstrip() for row in drawing.get().rstrip().splitlines()))


def shown(value: Any) -> str:
    """Return one cell as people read it.

    Examples
    --------
    >>> shown(0.77419), shown(30000), shown(float("nan")), shown(True)
    ('0.7742', '30,000', '–', 'yes')
    """
    if value is None or isinstance(value, float) and not math.isfinite(value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def counted(n: int, one: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "problem"), counted(1200, "row")
    ('1 problem', '1,200 rows')
    """
    return f"{n:,} {one}{'' if n == 1 else 's'}"


def figure(name: str, value: float | None) -> str:
    """Return one number as all screens show it; a dash where there is none.

    Examples
    --------
    >>> figure("auc", 0.7742), figure("bad_rate", 0.2212), figure("brier", None)
    ('.774', '22.1%', '–')
    """
    from workbench.evaluation import format_figure

    return "–" if value is None or math.isnan(value) else format_figure(name, value)


def estimate(metrics: Mapping[str, Any], name: str) -> str:
    """Return one metric with its interval as people read it; a dash where it was not measured.

    Examples
    --------
    >>> estimate({"auc": 0.7742, "auc_low": 0.763, "auc_high": 0.785}, "auc")
    '.774 (.763 to .785)'
    """
    from workbench.evaluation import format_metric

    if name not in metrics:
        return "–"
    numbers = (metrics.get(name + end) for end in ("", "_low", "_high"))
    value, low, high = (math.nan if number is None else float(number) for number in numbers)
    return format_metric(name, value, low, high, metrics.get(f"{name}_reason", ""))


def failed(error: WorkbenchError, as_json: bool) -> None:
    """Tell an error: a line a problem on standard error and, where JSON was asked for, the document too."""
    problems = [remedies.here(problem) for problem in error.problems]
    for problem in problems:
        told = problem.where in problem.what.split()  # a finding's column stands in its message
        sentence = replace(problem, where="").sentence() if told else problem.sentence()
        note(f"workbench: {sentence} [{problem.code}]")
    if isinstance(error, GateError):
        lifted = remedies.of_blocks([(problem.code, problem.where) for problem in problems])
        if lifted:
            note(lifted)
    if as_json:
        document(type(error).of(problems).to_json())


def refused(rows: int, kept: int, name: str) -> None:
    """Tell on standard error how many rows of a file could not be used, where there are any."""
    if rows > kept:
        which = "Which ones and why: workbench check DATA --portfolio P --refused FILE."
        note(f"{name}: {rows - kept:,} of {counted(rows, 'row')} refused. {which}")


@contextmanager
def watched(threads: int) -> Iterator[Run]:
    """Yield a `Run` whose progress is drawn on standard error: a bar for people, lines for a log."""
    if not sys.stderr.isatty():
        yield Run(threads=threads, watch=_Lines())
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield Run(
            threads=threads, watch=lambda what, done: progress.update(task, description=what, completed=done)
        )


class _Lines:
    """Progress for a log: a line for each twentieth of the way."""

    def __init__(self) -> None:
        self.next = 0.0

    def __call__(self, what: str, done: float) -> None:
        if done >= self.next:
            note(f"{done:4.0%} {what}")
            self.next = done + 0.05


def _is_number(cell: str) -> bool:
    return cell == "–" or cell.lstrip("-").replace(",", "").replace(".", "", 1).rstrip("%").isdigit()
