"""The verb on bins: how each characteristic is best cut."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import options, output

if TYPE_CHECKING:
    from workbench.binning import Binning
    from workbench.dataset import Dataset

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--characteristic",
        metavar="C",
        help="A characteristic by its column; may be given again.",
        show_default="all",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command(
        epilog="Example: workbench bins taiwan.csv --portfolio taiwan_cards --characteristic LIMIT_BAL"
    )(bins)


def bins(
    data: options.Data,
    portfolio: options.PortfolioName,
    characteristic: Names = None,
    delimiter: options.Delimiter = "",
    decimal: options.Decimal = "",
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    as_json: options.Json = False,
) -> None:
    """Cut characteristics into the bins with the greatest IV; all rows with a known outcome count."""
    desk = options.open_desk()
    declared = desk.portfolio(portfolio)
    chosen = tuple(characteristic) if characteristic else None
    for name in chosen or ():
        declared.characteristic(name)
    table = desk.read(Path(data), declared, options.reading(data, delimiter, decimal, encoding, sheet))
    from workbench.binning import measure
    from workbench.dataset import build

    dataset = build(table, declared)
    output.refused(dataset.rows_in, dataset.n, dataset.source.name)
    with output.watched(desk.settings.threads) as run:
        binning = measure(dataset, run, characteristics=chosen)
    if as_json:
        output.document(_told(dataset, binning))
    else:
        _show(dataset, binning, each=chosen is not None)


def _told(dataset: Dataset, binning: Binning) -> dict[str, Any]:
    return {
        "portfolio": dataset.portfolio.identity,
        "dataset_sha256": dataset.sha256,
        "n": int(dataset.known.sum()),
        "n_bad": dataset.n_bad,
        "bad_rate": dataset.bad_rate,
        "characteristics": binning.to_json(),
    }


def _show(dataset: Dataset, binning: Binning, each: bool) -> None:
    rows = [
        (line.characteristic, line.title, iv(line.iv), iv(line.iv_by_chance), line.trend, line.n_bins)
        for line in binning.characteristics.itertuples()
    ]
    headings = ("characteristic", "title", "IV", "IV by chance", "trend of the bad rate", "bins")
    n, n_bad = int(dataset.known.sum()), dataset.n_bad
    output.table(f"Bins of {n:,} rows, {n_bad:,} bad", headings, rows)
    if not each:
        output.note("One characteristic's bins: --characteristic C.")
        return
    if dataset.group is not None:
        output.note("Intervals count rows, also where several are of one customer.")
    for line in binning.characteristics.itertuples():
        bins = binning.of(line.characteristic)
        headings = ("bin", "n", "bads", "bad rate (95%)", "WoE", "IV")
        output.line()
        output.table(
            _heading(dataset, line.characteristic, line.title), headings, map(_bin, bins.to_dict("records"))
        )


def _heading(dataset: Dataset, characteristic: str, title: str) -> str:
    """Return the title and the unit of the edges."""
    about = dataset.portfolio.characteristic(characteristic)
    if about.kind == "date":
        dated = dataset.portfolio.date
        return f"{title}, months before {dated}" if dated else f"{title}, months since 2000-01-01"
    return f"{title}, {about.unit}" if about.unit else title


def _bin(told: dict[str, Any]) -> tuple[Any, ...]:
    from workbench.evaluation import format_metric

    bad_rate = format_metric("bad_rate", told["bad_rate"], told["low"], told["high"])
    return told["label"], told["n"], told["n_bad"], bad_rate, f"{told['woe']:.2f}", iv(told["iv"])


def iv(value: float) -> str:
    """Return an information value as screens show it.

    Examples
    --------
    >>> iv(0.0666), iv(1.2), iv(float("nan"))
    ('.067', '1.200', '–')
    """
    return "–" if math.isnan(value) else f"{value:.3f}".replace("0.", ".", 1) if value < 1 else f"{value:.3f}"
