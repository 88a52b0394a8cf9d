"""Chapters of the training report on the data: what came in, how it was divided, what each column says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import charts
from workbench.evaluation import format_metric
from workbench.reports.block import (
    Block,
    as_is,
    described_table,
    heading,
    percent,
    prose,
    table,
    whole,
)
from workbench.reports.shown import Shown, chapter

if TYPE_CHECKING:
    import pandas as pd

DRAWN = 6


@chapter
def data(shown: Shown) -> Block:
    """Tell rows in, kept and refused, the outcome, and the findings by severity."""
    study = shown.study
    outcome = study.portfolio.outcome
    kept = len(study.rows)
    known = study.rows["outcome"] >= 0
    bads = int((study.rows["outcome"] == 1).sum())
    parts = [
        prose(
            f"The file {study.source.name} held {study.rows_in:,} rows; {kept:,} were kept and "
            f"{study.n_refused:,} refused.",
            f"Of {int(known.sum()):,} rows with a known outcome, {bads:,} are bad: "
            f"{outcome.column} is {' or '.join(outcome.bad)}.",
            " ".join(study.source.notes),
        )
    ]
    if len(study.samples.by_month):
        parts.append(charts.by_month(study.samples))
    parts += [heading("What the checks found"), *_findings(shown)]
    return Block(tuple(parts))


def _findings(shown: Shown) -> list[str]:
    import pandas as pd

    checks = shown.study.checks
    if not checks.findings:
        return [prose("Nothing: no finding blocks, warns or asks for a note.")]
    words = {"block": "blocks", "warn": "warning", "note": "note"}
    frame = pd.DataFrame(
        {
            "level": words[f.level],
            "column": f.column,
            "rows": f.rows,
            "message": f.message,
            "answer": f"acknowledged: {checks.reason(f)}" if checks.reason(f) else f.remedy or "nothing",
        }
        for f in checks.findings
    )
    columns = {
        "level": ("level", as_is),
        "column": ("column", None),
        "rows": ("rows", whole),
        "message": ("what was found", None),
        "answer": ("what to do, or why it was accepted", None),
    }
    return [table(frame, columns)]


@chapter
def samples(shown: Shown) -> Block:
    """Tell how the rows were divided, with size and bad rate of each sample."""
    study = shown.study
    start = study.samples.out_of_time_from
    how = (
        f"Applicants from {start} on are the out-of-time sample, which nothing was fitted on."
        if start
        else f"Whole customers drawn at random, with seed {study.spec.sampling.seed}: none is in two samples."
        if study.spec.sampling.kind == "grouped"
        else f"Drawn at random within goods and bads, with seed {study.spec.sampling.seed}."
    )
    columns = {
        "sample": ("sample", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "bad_rate": ("bad rate", percent),
        "low": ("from", percent),
        "high": ("to (95%)", percent),
    }
    sizes = study.samples.sizes
    told = prose(how, f"What is quoted in this report is measured on the {study.reported} sample.")
    return Block((told, table(sizes, columns, (sizes["sample"] == study.reported).tolist())))


@chapter
def characteristics(shown: Shown) -> Block:
    """Tell what each characteristic says of bad alone, and draw the six strongest."""
    study = shown.study
    described = study.profile.characteristics
    development = study.samples.sizes.set_index("sample").loc["development"]
    basis = f"on {development['n']:,.0f} development applicants with {development['n_bad']:,.0f} bads"
    alone = study.checks.auc
    known = alone.head(1)
    described = described.assign(auc=described["characteristic"].map(_auc_alone(alone)))
    alone_column = {"auc": ("AUC alone (95%)", as_is)}
    told = prose(
        f"Sorted by information value (IV), measured {basis}.",
        "By convention an IV below .02 is useless, to .1 weak, to .3 medium, to .5 strong; "
        "above that, look for leakage.",
        *(
            f"AUC alone is measured on all {n:,.0f} applicants with a known outcome, {n_bad:,.0f} of them "
            "bad; a category is ranked by its bad rate on other rows than those it is measured on."
            for n, n_bad in zip(known["n"], known["n_bad"], strict=True)
        ),
    )
    drawn = [
        charts.profile_bins(study.profile.of(row.characteristic), row.title)
        for row in described.head(DRAWN).itertuples()
    ]
    note = prose(
        f"The {len(drawn)} strongest: bad rate by bin with its 95% interval, {basis}.", kind="caption"
    )
    return Block(
        (told, described_table(described, alone_column), heading("The strongest, drawn"), note, *drawn)
    )


def _auc_alone(auc: pd.DataFrame) -> dict[str, str]:
    numbers = zip(auc["auc"], auc["low"], auc["high"], strict=True)
    told = [format_metric("auc", *measured) for measured in numbers]
    return dict(zip(auc["characteristic"], told, strict=True))
