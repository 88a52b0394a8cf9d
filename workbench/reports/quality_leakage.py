"""The chapter of the report on data quality about what might be known only after the outcome."""

from __future__ import annotations

from workbench.checks import BLOCK_AUC, WARN_AUC
from workbench.evaluation import format_difference, format_metric
from workbench.reports.block import Block, as_is, heading, points_of, prose, table, whole
from workbench.reports.examined import Examined, extract_chapter

SHOWN_ALONE = 20


@extract_chapter
def leakage(of: Examined) -> Block:
    """Tell what might be known only after the outcome: by name, by date, alone and together."""
    found = [f for f in of.checks.findings if f.code.startswith("LEAKAGE_")]
    told = prose(
        "Looked for by name, by date, by what each characteristic says alone and whether it is missing, and "
        "by what all say together.",
        "What came out:" if found else "Nothing was found.",
    )
    parts = [told, points_of([f.message for f in found])] if found else [told]
    return Block((*parts, *_alone(of), *_together(of)))


def _alone(of: Examined) -> list[str]:
    alone = of.checks.auc
    if alone.empty:
        return [
            prose("The AUC of each alone was not computed: there are no goods, or no bads.", kind="notice")
        ]
    frame = alone.head(SHOWN_ALONE).copy()
    frame["title"] = [_title(of, name) for name in frame["characteristic"]]
    frame["auc_told"] = [_auc(row) for row in frame.itertuples()]
    frame["mark"] = [
        "above the stop" if v >= BLOCK_AUC else "above the warning" if v >= WARN_AUC else ""
        for v in frame["auc"]
    ]
    left = len(alone) - len(frame)
    caption = (
        f"Above {format_difference(WARN_AUC, 2)} a characteristic alone is a warning, above "
        f"{format_difference(BLOCK_AUC, 2)} it stops training on application portfolios: conventions of the "
        "checks. Categories are ranked by their bad rate on other rows than those they are measured on."
    )
    columns = {
        "title": ("characteristic", None),
        "auc_told": ("AUC alone (95%)", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
        "mark": ("against the limits", None),
    }
    more = prose(f"The {len(frame)} largest; {left} smaller ones are left out.") if left else ""
    shown = [
        heading("Each characteristic alone"),
        more,
        table(frame, columns),
        prose(caption, kind="caption"),
    ]
    return [part for part in shown if part]


def _together(of: Examined) -> list[str]:
    joint = of.checks.joint
    if joint.empty:
        return [prose("What all say together was not computed: there are too few rows.", kind="notice")]
    frame = joint.copy()
    names = frame["without"].fillna("").astype(str)
    frame["left_out"] = [f"and without {_title(of, name)}" if name else "with all of them" for name in names]
    frame["auc_told"] = [_auc(row) for row in frame.itertuples()]
    columns = {
        "left_out": ("a quick model", None),
        "auc_told": ("AUC (95%)", as_is),
        "n": ("rows", whole),
        "n_bad": ("bads", whole),
    }
    told = prose(
        "One characteristic after the other is taken away, the most telling first. A steep fall at the first "
        "says that this one knew the outcome."
        if len(frame) > 1
        else "The AUC is not so high that one characteristic after the other had to be taken away."
    )
    return [heading("All together"), told, table(frame, columns)]


def _title(of: Examined, name: str) -> str:
    known = {c.name: c.shown for c in of.dataset.portfolio.characteristics}
    return known.get(name, name)


def _auc(row: object) -> str:
    return format_metric("auc", row.auc, row.low, row.high)
