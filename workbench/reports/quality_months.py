"""Chapters of the report on data quality about time: months against each other, and the extract before."""

from __future__ import annotations

import math

import pandas as pd

from workbench import charts
from workbench.evaluation import format_metric, format_percent
from workbench.extract import FAR, MOVED
from workbench.portfolio import number_words
from workbench.proposal import difference
from workbench.reports.block import Block, as_is, decimals, heading, percent, points_of, prose, table, whole
from workbench.reports.examined import Examined, extract_chapter

APART = 12
KINDS = {
    "missing": ("Missing in some months, not in others", "share (95%)"),
    "special codes": ("Special codes in some months", "share (95%)"),
    "values": ("Values that are spread otherwise", "PSI"),
}
LAST_MONTHS = 48
NO_DATE = "Not computed: the portfolio names no date, or no row has one, so rows cannot be put into months."
CONVENTION = (
    f"By convention a population stability index (PSI) below {MOVED:g} is stable, to {FAR:g} a moderate "
    "change, above it a large one. How high it gets by chance depends on the rows, so both are shown."
)


@extract_chapter
def outcome(of: Examined) -> Block:
    """Tell the bad rate by month with its interval."""
    if of.months is None:
        return Block((prose(NO_DATE, kind="notice"),))
    months, rate = of.months.outcome, of.bad_rate
    frame = months.tail(LAST_MONTHS)
    empty = months.loc[months["n"] == 0, "month"].tolist()
    early = [m for m in months.itertuples() if m.known and (m.high < rate.value or m.low > rate.value)]
    told = prose(
        f"{len(months)} months from {months['month'].iloc[0]} to {months['month'].iloc[-1]}.",
        f"In {len(early)} of them the interval leaves out the bad rate of all, {format_percent(rate.value)}; "
        f"about {(months['known'] > 0).sum() / 20:.0f} would by chance."
        if rate.value == rate.value
        else "",
        f"No row at all in {', '.join(empty[:12])}{' and others' if len(empty) > 12 else ''}."
        if empty
        else "",
        f"{of.months.undated:,} rows have no date and are in no month." if of.months.undated else "",
        "A fall in the last months often means that the outcome is not known yet.",
    )
    columns = {
        "month": ("month", as_is),
        "n": ("rows", whole),
        "known": ("with a known outcome", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
    }
    left = len(months) - len(frame)
    caption = (
        [prose(f"The last {len(frame)}; {left} earlier ones are in the figure.", kind="caption")]
        if left
        else []
    )
    return Block((told, charts.outcome_by_month(months, rate.value), table(frame, columns), *caption))


@extract_chapter
def months(of: Examined) -> Block:
    """Tell whether the months are alike: missing values, special codes, values."""
    if of.months is None:
        return Block((prose(NO_DATE, kind="notice"),))
    cells, found = of.months.cells, of.months.apart
    basis = f"{cells['n'].min():,} to {cells['n'].max():,} rows a month"
    parts: list[object] = [
        prose(
            "Each month is held against the others that are alike. A column that is suddenly empty, "
            "or a code that comes up, is most often a change of the system the extract was taken from.",
            CONVENTION,
        ),
        charts.month_cells(
            cells, "missing_share", "Share missing by month", basis, most=_most(cells["missing_share"])
        ),
    ]
    if cells["special"].any():
        most = _most(cells["special_share"])
        parts.append(charts.month_cells(cells, "special_share", "Special codes by month", basis, most=most))
    parts.append(charts.month_cells(cells, "psi", "Unlike the other months (PSI)", basis, most=FAR))
    return Block((*parts, heading("What stands out"), *_apart(found, len(cells))))


def _most(values: pd.Series) -> float:
    top = float(values.max())
    return top if top > 0 else 1.0


def _apart(found: pd.DataFrame, looked: int) -> list[str]:
    if found.empty:
        return [
            prose(f"Nothing: none of {looked:,} characteristics and months is apart by more than chance.")
        ]
    apart = len(found[["characteristic", "month"]].drop_duplicates())
    parts = [
        prose(
            f"{apart:,} of {looked:,} characteristics and months are apart by more than chance (q below 5%, "
            "which knows how many were looked at). Of each characteristic the month that is farthest is told."
        )
    ]
    for what, (title, measure) in KINDS.items():
        lines = found[found["what"] == what]
        if len(lines):
            parts += [heading(title), *_farthest(lines, measure)]
    return parts


def _farthest(lines: pd.DataFrame, measure: str) -> list[str]:
    """Return one line a characteristic: how many months are apart, from when to when, and the farthest."""
    grouped = lines.groupby("characteristic", sort=False)
    head = grouped.first().join(grouped["month"].agg(months="size", first="min", last="max"))
    head["span"] = [a if a == b else f"{a} to {b}" for a, b in zip(head["first"], head["last"], strict=True)]
    head["told"] = [_told(row) for row in head.itertuples()]
    head["others"] = [
        f"below {row.elsewhere:.3f} by chance" if row.what == "values" else format_percent(row.elsewhere)
        for row in head.itertuples()
    ]
    columns = {
        "title": ("characteristic", None),
        "months": ("months", whole),
        "span": ("between", None),
        "month": ("farthest", as_is),
        "n": ("rows", whole),
        "told": (measure, as_is),
        "others": ("alike months", None),
    }
    left = len(head) - APART
    more = (
        [prose(f"The {APART} largest; {left} smaller ones are left out.", kind="caption")] if left > 0 else []
    )
    return [table(head.head(APART), columns), *more]


def _told(row: object) -> str:
    if row.what == "values":
        return f"{row.value:.3f}"
    return f"{format_percent(row.value)} ({format_percent(row.low)} to {format_percent(row.high)})"


@extract_chapter
def against(of: Examined) -> Block:
    """Tell what changed since the extract before."""
    a = of.against
    if a is None:
        return Block(
            (prose(f"Not computed: {of.before_name[:1].lower()}{of.before_name[1:]}", kind="notice"),)
        )
    frame = pd.DataFrame(
        [
            (name, d.n, d.rows_in - d.n, m.n_bad, _rate(m), _span(d))
            for name, d, m in (
                (f"{of.dataset.source.name}, this one", of.dataset, a.bad_rate),
                (f"{of.before_name}, before it", a.before, a.bad_rate_before),
            )
        ],
        columns=["name", "n", "refused", "n_bad", "bad_rate", "span"],
    )
    columns = {
        "name": ("extract", None),
        "n": ("rows kept", whole),
        "refused": ("refused", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate (95%)", as_is),
        "span": ("dates", as_is),
    }
    parts = [table(frame, columns), prose(*_columns_changed(of))]
    sentences = difference(a.before.portfolio, of.dataset.portfolio)
    if a.before.portfolio.identity != of.dataset.portfolio.identity and sentences:
        parts += [heading("The portfolio changed in between"), points_of(sentences)]
    return Block((*parts, heading("Characteristic by characteristic"), *_changes(of)))


def _rate(m: object) -> str:
    return format_metric("bad_rate", m.value, m.low, m.high, m.reason)


def _span(dataset: object) -> str:
    dates = None if dataset.date is None else dataset.date.dropna()
    return (
        f"{dates.min():%Y-%m-%d} to {dates.max():%Y-%m-%d}"
        if dates is not None and len(dates)
        else "no dates"
    )


def _columns_changed(of: Examined) -> list[str]:
    a = of.against
    assert a is not None
    told = [f"New characteristics: {', '.join(a.new)}." if a.new else "No characteristic is new"]
    told[0] += "" if a.new else (" and none is gone." if not a.gone else ".")
    told += [f"Gone: {', '.join(a.gone)}."] if a.gone else []
    told += (
        [f"{a.shared:,} rows have a row key that the extract before has too."] if a.shared is not None else []
    )
    return told


def _changes(of: Examined) -> list[str]:
    a = of.against
    assert a is not None
    frame = a.changes.copy()
    if frame.empty:
        return [prose("Not computed: the two have no characteristic in common.", kind="notice")]
    moved = int(frame["apart"].sum())
    told = prose(
        f"{moved} of {len(frame)} are spread otherwise than before, by a PSI of {MOVED:g} and more that is "
        "beyond chance; they are marked."
        if moved
        else f"None of {len(frame)} is spread otherwise than before by a PSI of {MOVED:g} and more.",
        CONVENTION,
    )
    columns = {
        "title": ("characteristic", None),
        "missing_before": ("missing before", percent),
        "missing": ("now", percent),
        "middle_before": ("median before", _median),
        "middle": ("now", _median),
        "psi": ("PSI", decimals(3)),
        "psi_chance": ("by chance below", decimals(3)),
    }
    n, before = int(frame["n"].iloc[0]), int(frame["n_before"].iloc[0])
    caption = prose(
        f"On {n:,} rows now and {before:,} before; 95 in 100 PSIs are lower by chance.", kind="caption"
    )
    return [told, table(frame, columns, frame["apart"].tolist()), caption]


def _median(value: float) -> str:
    if math.isnan(value):
        return "–"
    return number_words(value)
