"""The curves of the page Compare: over one another, by sample and month, and who is swapped."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.desk import treated
from workbench.fairness import NOT_ADVICE
from workbench.ui import cache, frame, tables, words
from workbench.ui.compare_table import Cell, beside
from workbench.ui.fairness_details import cell
from workbench.ui.train_result import labelled

LABELS = (
    "ROC",
    "Precision-recall",
    "KS",
    "Lift and gains",
    "Calibration",
    "Swap set",
    "Samples",
    "Differences",
    "Drivers",
    "Fairness",
)
SAMPLES = ("development", "hold-out", "out-of-time")
ARROWS = {"raises": "\u2191", "lowers": "\u2193", "mixed": "\u2195"}


def curves(found: Any, at: Any) -> None:
    """Draw the tabs; at each only what it is asked for."""
    c = found.comparison
    view = st.segmented_control(
        "Show", LABELS, default="ROC", required=True, key="compare_view", label_visibility="collapsed"
    )
    own = {name: c.evaluations[name] for name in c.names}
    DRAWN[view](found, at, own)


def _roc(found: Any, at: Any, own: dict[str, Any]) -> None:
    figure = charts.roc(own).update_layout(height=460)
    frame.chart(figure, "roc", "Share of bads caught against share of goods flagged")


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
    told = pd.DataFrame(lines, columns=["model", "title", "statistic", "df", "p_value", "caveat"])
    caveats = told.drop_duplicates("title")[["title", "caveat"]].itertuples(index=False)
    tables.show(
        told.assign(p_value=told["p_value"].map(words.chance)),
        "calibration_tests",
        {
            "model": st.column_config.TextColumn("Model", width=170),
            "title": st.column_config.TextColumn("Test", width=140),
            "statistic": st.column_config.NumberColumn("Statistic", format="%.2f", width=80),
            "p_value": st.column_config.TextColumn("p", width=70),
        },
        note="A small p says that the PDs are not right on these rows. "
        + ". ".join(f"{title}: {caveat}" for title, caveat in caveats),
        most=360,
        whole=told,
    )


def _swap(found: Any, at: Any, own: dict[str, Any]) -> None:
    c = found.comparison
    others = [name for name in c.names if name != c.reference]
    b = st.selectbox("From the reference to", others, others.index(c.best), key="swap_to", width=300)
    frame.chart(charts.swap_set(at, c.reference, b), "swap", "Applicants swapped in and out")
    st.caption(_decided(c.pair(c.reference, b, at.tests)))
    st.caption(
        "Outcomes are known only of loans that were granted: whom an earlier policy declined is not in these "
        "rows, so the bad rate of those swapped in says nothing of such applicants."
    )
    frame.chart(charts.bad_rates(own, at.approval), "bad_rates", "Bad rate of the approved by approval rate")
    tables.downloads(c.swap if at.approval == c.approval.approval else at.swap, "swap_set", "Each pair")


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
                bads=slices.POOLED_BADS,
            )
            for i, name in enumerate(c.names)
        }

    return cache.once(key, "Counting by month", count)


def _differences(found: Any, at: Any, own: dict[str, Any]) -> None:
    frame.chart(charts.differences(found.comparison), "differences", "Difference in AUC of each pair")


def _drivers(found: Any, at: Any, own: dict[str, Any]) -> None:
    """Draw what drives one of the models, with its direction, and all of them side by side."""
    of = {name: cache.study(row.study_id).model(row.family) for name, row in found.models.items()}
    name = st.selectbox("Model", list(of), key="drivers_of", width=300)
    frame.chart(charts.importance(of[name].importance), "importance", "Characteristics by importance")
    beside = drivers({name: answer.importance for name, answer in of.items()})
    tables.show(
        beside,
        "drivers",
        {"title": st.column_config.TextColumn("Characteristic", width=190)} | {name: name for name in of},
        note="Share of each model's own importance; up: risk rises with it, down: risk falls",
        most=420,
    )
    coefficients = of[name].coefficients
    if len(coefficients):
        tables.show(
            labelled(cache.study(found.models[name].study_id).portfolio, coefficients),
            "compared_coefficients",
            {
                "title": st.column_config.TextColumn("Characteristic", width=150),
                "detail": st.column_config.TextColumn("Column of the design", width=160),
                "coefficient": st.column_config.NumberColumn("Coefficient", format="%.3f", width=90),
                "effect": st.column_config.TextColumn("Effect", width=90),
            },
            note=f"{name}; a positive coefficient raises the risk",
            most=330,
        )


def drivers(importances: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one line a characteristic: in each model its share of the importance, and its direction."""
    shares = {
        name: frame.set_index("title")["importance"] / max(float(frame["importance"].sum()), 1e-12)
        for name, frame in importances.items()
    }
    ways = {name: frame.set_index("title")["effect"].map(ARROWS) for name, frame in importances.items()}
    beside = pd.DataFrame(shares).fillna(0.0)
    order = beside.max(axis=1).sort_values(ascending=False, kind="stable").index
    told = {
        name: [
            f"{beside.at[title, name]:.1%} {ways[name].get(title) or ''}".rstrip()
            if beside.at[title, name] > 0
            else "not used"
            for title in order
        ]
        for name in importances
    }
    return pd.DataFrame({"title": list(order)} | told)


def _fairness(found: Any, at: Any, own: dict[str, Any]) -> None:
    """Draw approvals by protected group of each model, all approving the same share."""
    key = ("beside", found.rows.dataset_sha256, found.rows.positions_sha256, at.approval)
    key += tuple(row.model_id for row in found.models.values())
    told = cache.once(key, "Looking at the groups", lambda run: treated.beside(found, at))
    if not told:
        st.info("The portfolio protects no column that makes groups of these rows.", icon=":material/info:")
        return
    first = next(iter(told.values())).groups
    heads = ["Group", "n", *told]
    lines: list[list[Cell]] = []
    for i, row in enumerate(first.to_dict("records")):
        below = "the comparator" if row["is_reference"] else ""
        named = (f"{row['title']}: {row['group']}", below, False)
        ratios = [cell(f.groups.iloc[i].to_dict(), "air") for f in told.values()]
        lines.append([named, (words.count(row["n"]), "", False), *ratios])
    st.html(beside(heads, lines), width="stretch")
    whole = pd.concat([f.groups.assign(model=name) for name, f in told.items()], ignore_index=True)
    note = f"approval rate over the comparator's, {at.approval:.0%} approved by each; 95% intervals"
    tables.downloads(whole, "compared_fairness", note)
    st.caption(NOT_ADVICE)


DRAWN = dict(
    zip(
        LABELS,
        (_roc, _precision, _ks, _lift, _calibration, _swap, _samples, _differences, _drivers, _fairness),
        strict=True,
    )
)
