"""What the report on data quality says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import pandas as pd

from workbench.checks import Finding
from workbench.evaluation import format_figure, format_metric, format_percent
from workbench.reports.block import (
    Block,
    as_is,
    heading,
    listing,
    percent,
    prose,
    table,
    tiles,
    whole,
)
from workbench.reports.examined import Examined, extract_chapter
from workbench.reports.packages import packages
from workbench.reports.quality_leakage import leakage
from workbench.reports.quality_months import against, months, outcome
from workbench.reports.quality_values import holdings, profiles

__all__ = [
    "against",
    "findings",
    "holdings",
    "leakage",
    "made",
    "months",
    "opening",
    "outcome",
    "profiles",
    "rows",
    "schema",
]

LEVELS = {
    "block": (
        "Stops training",
        "Each must be mended, or accepted with a reason, before anything is trained.",
    ),
    "warn": ("Warnings", "They do not stop training; somebody should know why they are there."),
    "note": ("Notes", "What to know when figures of these data are read."),
}
REFUSED_SHOWN = 20


def opening(of: Examined | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to give where there is no extract."""
    if of is None:
        return Block(
            (
                prose(
                    "There is nothing to look at yet: no data set is kept and no file was named.",
                    "Name one with -p data=FILE -p portfolio=NAME.",
                    kind="notice",
                ),
            )
        )
    d = of.dataset
    asked = prose(
        f"Asked: can {d.source.name} be used to train and judge a model of {d.portfolio.shown} "
        f"({d.portfolio.identity})?"
    )
    return Block(
        (asked, prose(*_answer(of), kind="lede"), tiles(_figures(of)), prose(*_below(of), kind="caption"))
    )


def _answer(of: Examined) -> tuple[str, str]:
    blocking, levels = of.checks.blocking(), [f.level for f in of.checks.findings]
    accepted = sum(1 for f in of.checks.findings if f.level == "block" and of.checks.reason(f))
    if blocking:
        first = (
            f"Not yet: {_several(len(blocking), 'finding')} must be mended or accepted with a reason first."
        )
        return first, f"The first: {blocking[0].message}"
    first = "Yes: no finding stops training."
    if accepted:
        lifted = f"{_several(accepted, 'finding')} that would stop training {_was(accepted)} accepted"
        first = f"Yes: {lifted} with a reason."
    warned = next((f for f in of.checks.findings if f.level == "warn"), None)
    if warned is None:
        return first, f"No finding warns{_unlike(of)}."
    known = f"{_several(levels.count('warn'), 'warning')} to know of{_unlike(of)}"
    return first, f"{known}; the first warning: {warned.message}"


def _unlike(of: Examined) -> str:
    """Return what of the months the answer must not keep back; empty where they are alike."""
    if of.months is None or of.months.apart.empty:
        return ""
    unlike, every = of.months.apart["characteristic"].nunique(), of.months.cells["characteristic"].nunique()
    return f", but {unlike} of {every} characteristics are not alike in all months"


def _several(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _was(n: int) -> str:
    return "was" if n == 1 else "were"


def _figures(of: Examined) -> list[tuple[str, str, str]]:
    d, rate, held = of.dataset, of.bad_rate, of.holdings[~of.holdings["protected"]]
    cells, absent = int(held["n"].sum()), int(held["missing"].sum())
    joint = of.checks.joint.iloc[0] if len(of.checks.joint) else None
    spread = _between(rate.low, rate.high)
    told = [
        ("Rows kept", f"{d.n:,}", f"of {d.rows_in:,} rows in; {of.n_refused:,} refused"),
        ("Bad rate", _percent(rate.value), f"{spread}n {rate.n:,}, {rate.n_bad:,} bad"),
        (
            "Cells missing",
            _percent(absent / cells if cells else float("nan")),
            f"{absent:,} of {cells:,} cells",
        ),
    ]
    if joint is None:
        return [*told, ("AUC of all together", "not computed", "too few rows for it")]
    figure = format_figure("auc", float(joint["auc"]))
    inner = format_metric("auc", joint["auc"], joint["low"], joint["high"]).partition(" (")[2].rstrip(")")
    basis = f"{inner + ', ' if inner else ''}n {int(joint['n']):,}, {int(joint['n_bad']):,} bad"
    return [*told, ("AUC of all together", figure, basis)]


def _below(of: Examined) -> tuple[str, ...]:
    return (
        "Figures with 95% intervals where they have one.",
        "The AUC of all together is that of a quick model, measured on rows it was not fitted on: it shows "
        "what the data hold, and is no promise for a model."
        if len(of.checks.joint)
        else "",
    )


def _percent(value: float) -> str:
    return format_percent(value) if value == value else "not defined"


def _between(low: float, high: float) -> str:
    return f"{format_percent(low)} to {format_percent(high)}, " if low == low else ""


@extract_chapter
def rows(of: Examined) -> Block:
    """Tell rows in, kept and refused, and why those were refused."""
    d = of.dataset
    told = prose(
        f"{d.source.name} held {d.rows_in:,} rows; {d.n:,} were kept and {of.n_refused:,} refused.",
        *(f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in d.source.notes),
        "Rows carry sampling weights: rates use them, counts do not." if d.weight is not None else "",
    )
    outcome = d.portfolio.outcome
    frame = pd.DataFrame(
        [(word, int(n), n / d.n if d.n else float("nan"), values) for word, n, values in (
            ("good", (d.outcome == 0).sum(), " or ".join(outcome.good) or "every other value"),
            ("bad", (d.outcome == 1).sum(), " or ".join(outcome.bad)),
            ("indeterminate", (d.outcome == -1).sum(), " or ".join(outcome.indeterminate) or "none declared"),
        )],
        columns=["word", "n", "share", "values"],
    )  # fmt: skip
    columns = {
        "word": ("outcome", as_is),
        "values": (f"{outcome.column} is", None),
        "n": ("rows", whole),
        "share": ("share of rows kept", percent),
    }
    return Block((told, table(frame, columns), *_refused(of)))


def _refused(of: Examined) -> list[str]:
    lines = of.dataset.refused
    if lines.empty:
        return [prose("No row was refused.")]
    grouped = lines.groupby(["column", "code"], sort=False)
    frame = grouped.agg(
        rows=("record", "nunique"),
        reason=("reason", "first"),
        record=("record", "first"),
        text=("text", "first"),
    ).reset_index()
    frame = frame.sort_values("rows", ascending=False, kind="stable").head(REFUSED_SHOWN)
    frame["example"] = [f"record {r:,}: {t}" for r, t in zip(frame["record"], frame["text"], strict=True)]
    columns = {
        "column": ("column", None),
        "rows": ("rows", whole),
        "reason": ("why they were refused", None),
        "example": ("example, masked", None),
    }
    left = grouped.ngroups - len(frame)
    more = f" The {len(frame)} largest groups; {left} smaller ones are left out." if left else ""
    caption = "A row may be refused for several columns. Record 1 is the first row of data." + more
    return [heading("Why rows were refused"), table(frame, columns), prose(caption, kind="caption")]


@extract_chapter
def schema(of: Examined) -> Block:
    """Tell the columns of the file against those the portfolio declares."""
    portfolio = of.dataset.portfolio
    kinds = {c.name: c for c in (*portfolio.characteristics, *portfolio.protected)}
    lines = []
    for role, names in portfolio.columns_by_role().items():
        for name in names:
            about = kinds.get(name)
            there = "not known" if of.columns is None else "yes" if name in of.columns else "no"
            if of.columns is None and role != "leave out":
                there = "yes"
            title = about.shown if about and about.shown != name else ""
            lines.append((name, title, role, about.kind if about else "", there))
    strangers = [name for name in of.columns or () if not portfolio.role(name)]
    lines += [(name, "", "none: not declared", "", "yes") for name in strangers]
    frame = pd.DataFrame(lines, columns=["column", "title", "role", "kind", "there"])
    columns = {
        "column": ("column", None),
        "title": ("title", None),
        "role": ("role", None),
        "kind": ("read as", None),
        "there": ("in the file", as_is),
    }
    gone = frame.loc[frame["there"] == "no", "column"].tolist()
    told = prose(
        f"The portfolio declares {len(frame) - len(strangers):,} columns.",
        f"The file lacks {', '.join(gone)}." if gone else "The file has every column that is used.",
        f"{_several(len(strangers), 'column')} of the file {'is' if len(strangers) == 1 else 'are'} not "
        f"declared, and so not looked at: {', '.join(strangers)}."
        if strangers
        else "",
        "Which further columns the file had is not known: it was kept without them."
        if of.columns is None
        else "",
    )
    return Block((told, table(frame, columns)))


@extract_chapter
def findings(of: Examined) -> Block:
    """Tell every finding by severity: rows, example, why it matters, what to do."""
    if not of.checks.findings:
        return Block((prose("Nothing: no finding stops training, warns or asks for a note."),))
    parts: list[str] = []
    for level, (title, told) in LEVELS.items():
        found = [f for f in of.checks.findings if f.level == level]
        if not found:
            continue
        frame = pd.DataFrame(
            {
                "column": f.column or "all",
                "rows": f.rows,
                "message": f.message + (f" Example: {f.example}." if f.example else ""),
                "why": f.why,
                "remedy": _remedy(of, f),
            }
            for f in found
        )
        columns = {
            "column": ("column", None),
            "rows": ("rows", whole),
            "message": ("what was found", None),
            "why": ("why it matters", None),
            "remedy": ("what to do", None),
        }
        parts += [heading(f"{title}: {len(found)}"), prose(told), table(frame, columns)]
    return Block(tuple(parts))


def _remedy(of: Examined, finding: Finding) -> str:
    reason = of.checks.reason(finding)
    return f"Accepted: {reason}" if reason else finding.remedy or "Nothing."


@extract_chapter
def made(of: Examined) -> Block:
    """Tell what was looked at and how, so that it can be looked at again."""
    d = of.dataset
    told = {
        "data": d.source.name + (f", sha256 of the file {d.source.sha256}" if d.source.sha256 else ""),
        "data set": d.sha256,
        "kept": f"{of.kept_at:%Y-%m-%d %H:%M:%S} UTC" if of.kept_at else "no: read for this report alone",
        "portfolio": d.portfolio.identity,
        "compared with": of.before_name + (f", {of.against.before.sha256}" if of.against else ""),
        "seed": "42, for the folds of the checks",
    }
    return Block((listing(told | {"report drawn with": packages()}),))
