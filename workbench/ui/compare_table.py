"""The table of the page Compare: models and baselines, each figure over its interval."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from workbench.ui import tables, words

MEASURES = {
    "auc": "AUC",
    "ks": "KS x 100",
    "bad_rate_approved": "Bad rate at {approval}",
    "brier": "Brier",
    "calibration_slope": "Calibration slope",
}
BOLD = {"auc": "best_auc", "ks": "best_ks", "bad_rate_approved": "best_bad_rate_approved"}
NOTE = "95% intervals; bold where the lead over every other is beyond noise"

Cell = tuple[str, str, bool]


def draw(found: Any, at: Any) -> None:
    """Draw models and baselines; bold stands only where the lead is beyond noise."""
    c = found.comparison
    st.subheader(f"Same rows, the same {at.approval:.0%} approved", anchor=False)
    heads = [title.format(approval=f"{at.approval:.0%}") for title in MEASURES.values()]
    st.html(beside(["Model", *heads, "Fit", "One row, size"], cells(c, at, found)), width="stretch")
    extra = {"fit_seconds": found.fit, "one_row_seconds": found.one_row, "bytes": found.sizes}
    whole = c.models.assign(**{name: c.models["model"].map(values) for name, values in extra.items()})
    if len(c.models) - len(c.names) == 1:
        st.caption(
            "The single best characteristic was measured on the whole sample only, so that it is no baseline "
            "of these rows."
        )
    tables.downloads(whole, "compared_models", NOTE)


def cells(c: Any, at: Any, found: Any) -> list[list[Cell]]:
    """Return the table's cells, each a figure, its interval and whether it is bold."""
    from workbench.evaluation import format_figure

    lines = []
    for row in c.models.to_dict("records"):
        name = row["model"]
        tested = name in c.names
        row |= _at_approval(c, at, name)
        line: list[Cell] = [(name, "the champion" if _champion(found, name) else _kind(tested), False)]
        for metric in MEASURES:
            low, high = row[f"{metric}_low"], row[f"{metric}_high"]
            below = "" if low != low else f"{format_figure(metric, low)} to {format_figure(metric, high)}"
            below = below.replace("% to", " to")
            if row[metric] != row[metric]:
                below = c.evaluations[name].measure(metric).reason
            bold = bool(row.get(BOLD.get(metric, ""), False))
            line.append((format_figure(metric, row[metric]), below, bold))
        lines.append([*line, *_costs(found, name)])
    return lines


def _kind(tested: bool) -> str:
    return "" if tested else "baseline"


def _champion(found: Any, name: str) -> bool:
    return name in found.models and found.models[name].stage == "champion"


def _at_approval(c: Any, at: Any, name: str) -> dict[str, Any]:
    """Return the bad rate at the approval rate of this moment, and whether its lead is beyond noise."""
    from workbench.evaluation import bad_rate_at, bad_rate_interval_at, leads

    if name not in c.names:
        e = c.evaluations[name]
        low, high = bad_rate_interval_at(e, at.approval, c.customers)
        told = {"bad_rate_approved": bad_rate_at(e, at.approval)}
        return told | {"bad_rate_approved_low": low, "bad_rate_approved_high": high}
    rate = at.models.set_index("model").loc[name]
    return {
        "bad_rate_approved": rate["bad_rate"],
        "bad_rate_approved_low": rate["low"],
        "bad_rate_approved_high": rate["high"],
        "best_bad_rate_approved": leads(name, at.tests, -1),
    }


def _costs(found: Any, name: str) -> list[Cell]:
    """Return how long the fit and one applicant take, and how large the version is; baselines have none."""
    if name not in found.models:
        return [("", "", False), ("", "", False)]
    fit, one_row = found.fit.get(name), found.one_row.get(name)
    return [
        ("not kept" if fit is None else f"{fit:.1f} s" if fit >= 0.05 else "under .1 s", "", False),
        ("" if one_row is None else f"{1e3 * one_row:.1f} ms", words.size(found.sizes[name]), False),
    ]


def beside(heads: list[str], lines: list[list[Cell]]) -> str:
    """Return a table as HTML, each figure over its interval or the reason why it is not defined."""

    def cell(figure: str, below: str, bold: bool) -> str:
        text = f"<b>{escape(figure)}</b>" if bold else escape(figure)
        kind = ' class="why"' if figure == words.UNDEFINED else ""
        return f"<td>{text}" + (f"<small{kind}>{escape(below)}</small>" if below else "") + "</td>"

    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(cell(*c) for c in line) + "</tr>" for line in lines)
    return f'<table class="beside"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
