"""The details of the page Fairness: errors, calibration, PDs, intersections, all cut-offs, proxies, law."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.charts import fairness as charts
from workbench.evaluation import format_difference, format_p, format_percent
from workbench.fairness import ratio
from workbench.fairness.grouping import CROSS
from workbench.fairness.measures import NOBODY
from workbench.ui import frame, tables, words
from workbench.ui.compare_table import Cell

FIRST = {"eu": "Errors", "uk": "Errors", "us_federal": "PDs"}
"""Which details a profile opens with; others open with all cut-offs."""

TESTS = {"fisher": "Fisher's exact"}


def cell(row: dict[str, Any], name: str) -> Cell:
    """Return a measure of a group: its figure, the interval or the reason below it."""
    value = row["q_value"] if name == "p_value" else row[name]
    if row["is_reference"] and name in ("p_value", "shortfall", "smd_p_bad"):
        return "", "", False
    if value is None or value != value:
        reason = row.get(f"{name}_reason") or row["air_reason"] or row["approval_rate_reason"]
        return words.UNDEFINED, str(reason), False
    if name == "p_value":
        return format_p(value).replace("p ", ""), TESTS.get(row["test"], str(row["test"])), False
    if name == "shortfall":
        return f"{value:,.0f}", "", False
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if name == "air":
        return ratio(value), "" if low != low else f"{ratio(low)} to {ratio(high)}", False
    if name == "smd_p_bad":
        ends = f"{format_difference(low, 2)} to {format_difference(high, 2)}"
        return format_difference(value, 2), ends, False
    if low != low:
        return format_percent(value), "", False
    return f"{100 * value:.1f}%", f"{100 * low:.1f} to {100 * high:.1f}%", False


def _told(groups: pd.DataFrame, name: str) -> list[str]:
    """Return a measure of each group in one line."""
    found = [cell(row, name) for row in groups.to_dict("records")]
    return [
        f"{value}: {below}" if value == words.UNDEFINED else f"{value} ({below})" for value, below, _ in found
    ]


def draw(told: Any, by: str) -> None:
    """Draw the choice of details, and only what is chosen."""
    default = FIRST.get(told.fairness.profile.name, "All cut-offs")
    view = st.segmented_control(
        "Show", list(VIEWS), default=default, required=True, key=f"fairness_view_{default}",
        label_visibility="collapsed",
    )  # fmt: skip
    VIEWS[view](told, by)


def _errors(told: Any, by: str) -> None:
    f = told.fairness
    left, right = st.columns(2, gap="medium")
    with left:
        frame.chart(charts.errors(f, by), "errors", "Goods and bads approved by group, with intervals")
    with right:
        _gaps(f, by)


def _gaps(f: Any, by: str) -> None:
    """Draw how each group's rates differ from the comparator's."""
    gaps = f.gaps[f.gaps["by"] == by]
    every, gaps = gaps, gaps[gaps["reason"] == ""]
    if gaps.empty:
        st.caption(f"Differences of rates are not defined: {words.text(_untold(every))}.")
        return
    titles = {"approval_rate": "Approved", **charts.ERRORS}
    shown = pd.DataFrame(
        {
            "group": gaps["group"],
            "measure": gaps["measure"].map(titles),
            "difference": [
                f"{100 * d:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
                for d, low, high in gaps[["difference", "low", "high"]].itertuples(index=False)
            ],
            "q": [format_p(q).replace("p ", "") if q == q else "" for q in gaps["q_value"]],
        }
    )
    against = f.comparators[by].group
    tables.show(
        shown,
        "fairness_gaps",
        {
            "group": st.column_config.TextColumn("Group", width=130),
            "measure": st.column_config.TextColumn("Rate", width=150),
            "difference": st.column_config.TextColumn("Percentage points (95%)", width=170),
            "q": st.column_config.TextColumn("q", width=70),
        },
        note=f"less {words.text(against)}'s; Newcombe intervals; too small groups left out"
        if against
        else "",
        whole=every,
        most=360,
    )


def _untold(gaps: pd.DataFrame) -> str:
    """Return why none of these differences is defined."""
    if NOBODY in set(gaps["reason"]):
        return NOBODY
    return words.listed(list(dict.fromkeys(gaps["reason"]))) or "there is no other group"


def _calibration(told: Any, by: str) -> None:
    f = told.fairness
    left, right = st.columns(2, gap="medium")
    with left:
        frame.chart(charts.calibration_by_group(f, by), "group_calibration", "Bad rate against PD by group")
    with right:
        groups = f.of(by)
        shown = pd.DataFrame(
            {"group": groups["group"], "gap": _told(groups, "calibration_gap"), "auc": _aucs(groups)}
        )
        tables.show(
            shown,
            "fairness_calibration",
            {
                "group": st.column_config.TextColumn("Group", width=140),
                "gap": st.column_config.TextColumn("Mean PD less bad rate (95%)", width=220),
                "auc": st.column_config.TextColumn("AUC (95%, DeLong)", width=150),
            },
            note="above 0: the group is thought riskier than it is",
            whole=f.calibration[f.calibration["by"] == by],
        )


def _aucs(groups: pd.DataFrame) -> list[str]:
    return [
        f"{words.measure(auc)} {words.interval(low, high)}" if auc == auc else f"not defined: {why}"
        for auc, low, high, why in groups[["auc", "auc_low", "auc_high", "auc_reason"]].itertuples(
            index=False
        )
    ]


def _pds(told: Any, by: str) -> None:
    frame.chart(charts.pd_by_group(told.fairness, by), "group_pds", "Distribution of PD by group")
    tables.downloads(
        told.fairness.distribution[told.fairness.distribution["by"] == by], "fairness_distribution"
    )


def _over(told: Any, by: str) -> None:
    f = told.fairness
    measure = st.selectbox(
        "Measure",
        [name for name in charts.OVER if name != "air"],
        format_func=charts.OVER.get,
        key="fairness_over",
        width=360,
    )
    frame.chart(charts.over_cut_offs(f, by, measure), "over", f"{charts.OVER[measure]} at every cut-off")
    tables.downloads(
        lambda: f.over_cut_offs.merge(f.parity_over_cut_offs, on=["by", "cut_off"]),
        "fairness_over_cut_offs",
        "with the measures of every cut-off",
    )


def _crossed(told: Any, by: str) -> None:
    f = told.fairness
    if f.intersections.empty:
        st.info("Two protected attributes make intersections; here is one.", icon=":material/info:")
        return
    pairs = [pair for pair in f.crossings if by in pair.split(CROSS)]
    titles = {pair: " and ".join(f.grouping(one).title for one in pair.split(CROSS)) for pair in pairs}
    pair = st.selectbox("Attributes", pairs, format_func=titles.get, key=f"fairness_pair_{by}", width=360)
    frame.chart(charts.crossing(f, pair), "crossing", "Approval rate by two attributes at once")
    cells_ = f.intersections[f.intersections["by"] == pair]
    tables.downloads(cells_, "fairness_intersections", "cells with a reason tell nothing of approvals")


def _measures(told: Any, by: str) -> None:
    of = told.fairness.measures
    of = of[of["by"] == by]

    def value(v: float, low: float, high: float, why: str) -> str:
        interval = f" ({low:.4f} to {high:.4f})" if low == low else ""
        return f"{v:.4f}{interval}" if v == v else f"not defined: {why}"

    shown = pd.DataFrame(
        {
            "measure": of["title"],
            "value": [value(*row) for row in of[["value", "low", "high", "reason"]].itertuples(index=False)],
            "between": of["between"],
            "n": [f"{n:,}" if n else "" for n in of["n"]],
            "meaning": of["meaning"],
        }
    )  # fmt: skip
    heads = {
        "measure": "Measure",
        "value": "Value (95%)",
        "between": "Between",
        "n": "n",
        "meaning": "What it is",
    }
    tables.wrapped(shown, "fairness_measures", heads)


def _proxies(told: Any, by: str) -> None:
    found = told.proxies[told.proxies["by"] == by]
    strong = int(found["strong"].sum())
    st.markdown(
        f"{words.counted(strong, 'characteristic')} of the model strongly "
        f"{'tells' if strong == 1 else 'tell'} the group (Cramér's V of .30 or more, a convention). A weak "
        "link of each can still be a strong one of all together."
    )
    tables.show(
        found.assign(v=[f"{v:.2f}" if v == v else f"not defined: {r}" for v, r in zip(
            found["cramers_v"], found["reason"], strict=True)],
            q=[format_p(q).replace("p ", "") if q == q else "" for q in found["q_value"]]),
        "fairness_proxies",
        {
            "title": st.column_config.TextColumn("Characteristic", width=260),
            "v": st.column_config.TextColumn("Cramér's V", width=110),
            "q": st.column_config.TextColumn("q", width=80),
            "n": tables.number("n", width=90),
        },
        whole=found,
        most=380,
    )  # fmt: skip


def _law(told: Any, by: str) -> None:
    f = told.fairness
    said = [*f.profile.says, *(f"{s.words.capitalize()}: {s.source}." for s in f.profile.screens)]
    st.markdown(f"**{words.text(f.profile.shown)}**")
    st.markdown("\n".join(f"- {words.text(one)}" for one in said))
    st.caption("Sources: " + words.text(" ".join(f.profile.sources)))
    for one in f.elderly:
        frame.chart(charts.by_age(one), f"age_{one.characteristic}", "Mean PD of the elderly at every age")
        st.markdown(words.text(one.sentence))


VIEWS = {
    "All cut-offs": _over,
    "Errors": _errors,
    "Calibration": _calibration,
    "PDs": _pds,
    "Intersections": _crossed,
    "Measures": _measures,
    "Proxies": _proxies,
    "Law": _law,
}
