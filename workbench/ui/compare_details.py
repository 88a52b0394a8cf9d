"""The curves of the page Compare: over one another, by sample and month, and who is swapped."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.ui import cache, frame, tables, words

LABELS = (
    "ROC",
    "Precision-recall",
    "KS",
    "Lift and gains",
    "Calibration",
    "Swap set",
    "Samples",
    "Differences",
    "Characteristics",
)
SAMPLES = ("development", "hold-out", "out-of-time")


def curves(found: Any, at: Any) -> None:
    """Draw the tabs; at each only what it is asked for."""
    c = found.comparison
    view = st.segmented_control(
        "Show", LABELS, default="ROC", required=True, key="compare_view", label_visibility="collapsed"
    )
    own = {name: c.evaluations[name] for name in c.names}
    DRAWN[view](found, at, own)


def _roc(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.roc(own), "roc", "Share of bads caught against share of goods flagged")


def _precision(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.precision_recall(own), "precision", "Bad rate of the flagged against bads caught")


def _ks(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.ks_curves(own), "ks", "Distance of goods and bads at each PD")


def _lift(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.lift(own), "lift", "Bad rate of the riskiest over that of all")
    frame.chart(charts.gains(own), "gains", "Share of bads among the riskiest applicants")


def _calibration(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.calibration(own), "calibration", "Bad rate seen against PD predicted")
    lines = [{"model": name} | test for name, e in own.items() for test in e.tests.to_dict("records")]
    tables.show(
        pd.DataFrame(lines, columns=["model", "title", "statistic", "df", "p_value", "caveat"]),
        "calibration_tests",
        {
            "model": "Model",
            "title": "Test",
            "statistic": st.column_config.NumberColumn("Statistic", format="%.2f"),
            "p_value": st.column_config.NumberColumn("p", format="%.4f"),
            "caveat": st.column_config.TextColumn("How far to trust it", width="large"),
        },
        note="A small p says that the PDs are not right on these rows",
    )


def _swap(found: Any, at: Any, own: dict[str, Any]) -> None:
    c = found.comparison
    others = [name for name in c.names if name != c.reference]
    b = st.selectbox("From the reference to", others, others.index(c.best), key="swap_to", width=300)
    frame.chart(charts.swap_set(at, c.reference, b), "swap", "Applicants swapped in and out")
    pair = turned(at.tests, c.reference, b)
    st.caption(_decided(pair))
    st.caption(
        "Outcomes are known only of loans that were granted: whom an earlier policy declined is not in these "
        "rows, so the bad rate of those swapped in says nothing of such applicants."
    )
    frame.chart(charts.bad_rates(own, at.approval), "bad_rates", "Bad rate of the approved by approval rate")
    tables.downloads(c.swap if at.approval == c.approval.approval else at.swap, "swap_set", "Each pair")


def turned(tests: pd.DataFrame, a: str, b: str) -> dict[str, Any]:
    """Return the test of a pair, from a to b."""
    from workbench.evaluation import comparison

    return comparison.turned(tests, a, b)


def _decided(pair: dict[str, Any]) -> str:
    """Say whether the bad rate and the decisions differ beyond chance."""
    from workbench.evaluation import format_p

    if pair["reason"]:
        return f"The difference is not defined: {pair['reason']}."
    told = (
        f"Bad rate {100 * pair['difference']:+.1f} points ({100 * pair['low']:+.1f} to "
        f"{100 * pair['high']:+.1f}), bootstrap {format_p(pair['p_adjusted'])}"
    )
    if pair["mcnemar_reason"]:
        return f"{told}; McNemar {pair['mcnemar_reason']}."
    return f"{told}; right decisions, McNemar {format_p(pair['mcnemar_adjusted'])}; adjusted for all pairs."


def _samples(found: Any, at: Any, own: dict[str, Any]) -> None:
    """Draw development, hold-out and out-of-time side by side, and the AUC by month."""
    lines = []
    for name, row in found.models.items():
        by = row.samples or {row.reported: row.metrics}
        known = {sample: by[sample] for sample in SAMPLES if sample in by}
        cells = {
            s: f"{words.measure(m.get('auc'))} {words.interval(m.get('auc_low'), m.get('auc_high'))}"
            for s, m in known.items()
        }
        drop = ""
        if "development" in known and row.reported in known and known[row.reported].get("auc") is not None:
            drop = words.measure(known[row.reported]["auc"] - known["development"]["auc"])
        lines.append({"model": name} | cells | {"drop": drop})
    present = [s for s in SAMPLES if any(s in one for one in lines)]
    tables.show(
        pd.DataFrame(lines),
        "by_sample",
        {"model": "Model"} | {s: s.capitalize() for s in present} | {"drop": "Reported less development"},
        note="AUC with its 95% interval, each on its own version's samples",
    )
    if found.rows.date is not None:
        frame.chart(charts.auc_by_month(_months(found)), "auc_by_month", "AUC by month")
    else:
        st.caption("No column has the role date, so there is no AUC by month.")


def _months(found: Any) -> dict[str, Any]:
    from workbench.evaluation import slices

    key = ("months", found.rows.dataset_sha256, found.rows.positions_sha256, *found.models)

    def count(run: Any) -> dict[str, Any]:
        c = found.comparison
        return {
            name: slices.by_month(
                found.rows.bad,
                c.ranks.p_bad[i],
                found.rows.date,
                weight=found.rows.weight,
                group=found.rows.group,
            )
            for i, name in enumerate(c.names)
        }

    return cache.once(key, "Counting by month", count)


def _differences(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.differences(found.comparison), "differences", "Difference in AUC of each pair")


def _characteristics(found: Any, at: Any, own: dict[str, Any]) -> None:
    """Draw what drives one of the models, with its direction."""
    name = st.selectbox("Model", list(found.models), key="drivers_of", width=300)
    row = found.models[name]
    model = cache.study(row.study_id).model(row.family)
    frame.chart(charts.importance(model.importance), "importance", "Characteristics by importance")


DRAWN = dict(
    zip(
        LABELS,
        (_roc, _precision, _ks, _lift, _calibration, _swap, _samples, _differences, _characteristics),
        strict=True,
    )
)
