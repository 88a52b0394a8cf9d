"""Monitor in detail: distributions, the tables behind the verdict, and the triggers that can be edited."""

from __future__ import annotations

import streamlit as st

from workbench import charts
from workbench.desk import monitored, monitoring
from workbench.drift import ACTIONS, Triggers
from workbench.drift.triggers import TOP
from workbench.ui import cache, frame, session, tables, words

LABELS = ("Characteristics", "Scores", "Performance", "What fired", "Plain rules", "Triggers")


def distributions(found: monitored.Monitored, name: str, month: str) -> None:
    """Draw one characteristic at development and now, or in one month, on its frozen bins."""
    told = found.drift
    line = told.characteristics.set_index("characteristic").loc[name]
    bins = told.bins[told.bins["characteristic"] == name]
    psi, level, n = line["psi"], line["psi_99"], line["n"]
    now = "extract"
    if month:
        own = told.month_bins[
            (told.month_bins["characteristic"] == name) & (told.month_bins["month"] == month)
        ]
        bins = bins.drop(columns=["n", "share"]).merge(own[["bin", "n", "share"]], on="bin", how="left")
        bins[["n", "share"]] = bins[["n", "share"]].fillna(0)
        cell = told.months[(told.months["characteristic"] == name) & (told.months["month"] == month)].iloc[0]
        psi, level, n = cell["psi"], cell["psi_99"], cell["n"]
        now = words.month(f"{month}-01")
    inside = "inside" if psi <= level else "beyond"
    note = (
        f"PSI {words.measure(psi)}, {inside} the no-drift band to {words.measure(level)} at {int(n):,} rows"
    )
    frame.chart(
        charts.two_distributions(bins, f"{line['title']} on the development bins", now, "development", note),
        f"distributions_{found.key}", f"{name} at development and now",
    )  # fmt: skip
    moved = "" if month else words.text(line["moved"])
    parts = [f"{moved[:1].upper()}{moved[1:]}." if moved else ""]
    if "points" in line and line["points"] == line["points"]:
        way = "up, safer" if line["points"] > 0 else "down, riskier"
        parts.append(f"It moved the mean score by {line['points']:+.1f} points ({way}).")
    st.caption(" ".join(filter(None, parts)))


def draw(found: monitored.Monitored) -> None:
    """Draw the tabs."""
    view = st.segmented_control(
        "Show", LABELS, default=LABELS[0], required=True, key="monitor_tab", label_visibility="collapsed"
    )
    DRAWN[view](found)


def _characteristics(found: monitored.Monitored) -> None:
    lines = found.drift.characteristics
    moved = "points" in lines
    shown = {
        "title": st.column_config.TextColumn("Characteristic", width="medium"),
        "psi": st.column_config.NumberColumn("PSI", format="%.3f"),
        "psi_99": st.column_config.NumberColumn("No drift, 99%", format="%.3f"),
        **({"points": st.column_config.NumberColumn("Points moved", format="%+.1f")} if moved else {}),
        "ks": st.column_config.NumberColumn("KS", format="%.3f"),
        "wasserstein": st.column_config.NumberColumn("Wasserstein, SD", format="%.3f"),
        "jensen_shannon": st.column_config.NumberColumn("Jensen-Shannon", format="%.3f"),
        "cramers_v": st.column_config.NumberColumn("Cramer's V", format="%.3f"),
        "missing": tables.Share("Missing"),
        "missing_development": tables.Share("At development"),
        "unseen": tables.Share("Unseen"),
        "q_value": "q",
        "moved": st.column_config.TextColumn("How", width="medium"),
    }
    order = "how far they moved the score" if moved else "PSI"
    note = f"Sorted by {order}; q by Benjamini and Hochberg over the {len(lines)} characteristics."
    # what rounds to nothing has no sign
    told = lines.assign(points=lines["points"].round(1) + 0.0) if moved else lines
    told = told.assign(q_value=told["q_value"].map(words.chance))
    tables.show(told, "drift_characteristics", shown, note=note, most=380, whole=lines)


def _scores(found: monitored.Monitored) -> None:
    told = found.drift.score
    left, right = st.columns(2, gap="medium")
    with left:
        line = told.stability.iloc[0]
        note = f"PSI {words.measure(line['psi'])}, no-drift band to {words.measure(line['psi_99'])}"
        frame.chart(
            charts.two_distributions(told.bins, "Points", "extract", told.reference, note), "score_bins",
            "Points on bins frozen on the reference",
        )  # fmt: skip
    with right:
        approval = told.value("approval_rate", "reference")
        frame.chart(
            charts.scores_by_month(told.months, approval, told.reference),
            "score_months",
            "Approvals by month",
        )
    shown = told.measures.assign(
        share=told.measures["measure"].ne("mean_points"),
        p=told.measures["p_value"].map(words.chance),
    )
    for name in ("reference", "extract", "difference", "low", "high"):
        shown[name] = [
            words.percent(v) if share else f"{v:.1f}"
            for v, share in zip(shown[name], shown["share"], strict=True)
        ]
    tables.show(
        shown, "score_measures",
        {"title": "", "reference": "Reference", "extract": "Extract", "difference": "Difference",
         "low": "from", "high": "to", "p": "p"},
        note=f"Against the {told.reference}: rows the model was not fitted on. 95% intervals.",
        whole=told.measures,
    )  # fmt: skip


def _performance(found: monitored.Monitored) -> None:
    told = found.drift.performance
    if told.reason:
        st.caption(f"Performance is not measured: {words.text(told.reason)}.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        shown = {
            "title": st.column_config.TextColumn("Measure", width=130),
            "reference": st.column_config.NumberColumn("When approved", format="%.3f"),
            "extract": st.column_config.NumberColumn("Now", format="%.3f"),
            "low": st.column_config.NumberColumn("from", format="%.3f", width=60),
            "high": st.column_config.NumberColumn("to", format="%.3f", width=60),
            "p_value": st.column_config.TextColumn("p", width=70),
            "p_ecb": st.column_config.TextColumn("ECB's p", width=70),
            "reason": st.column_config.TextColumn("Not defined, because"),
        }
        note = (
            f"{words.counted(told.n, 'row')} with a known outcome, {words.counted(told.n_bad, 'bad')}; when "
            f"approved: {words.counted(told.n_reference, 'row')} of the {told.reference}, "
            f"{words.counted(told.n_bad_reference, 'bad')}. p of AUC and Gini: that it fell, by DeLong; "
            "of bads over expected: Jeffreys."
        )
        lines = told.measures.assign(
            **{name: told.measures[name].map(words.chance) for name in ("p_value", "p_ecb")}
        )
        tables.show(lines, "drift_performance", shown, note=note, whole=told.measures)
    with right:
        frame.chart(charts.grades(told.grades, told.n, told.n_bad), "drift_grades", "Bad rate by band")


def _fired(found: monitored.Monitored) -> None:
    findings = found.drift.verdict.findings
    if findings.empty:
        st.caption("No trigger fired.")
        return
    told = findings.assign(
        do=findings["action"].map(ACTIONS), q=findings["q_value"].map(words.chance),
        limit=[f"{a:g} / {r:g}" for a, r in zip(findings["amber"], findings["red"], strict=True)],
        value=findings["value"].map(lambda v: f"{v:.3f}"),
    )  # fmt: skip
    heads = {"colour": "Colour", "title": "Trigger", "value": "Value", "limit": "Amber / red", "q": "q",
             "do": "Action", "sentence": "What"}  # fmt: skip
    tables.wrapped(told, "drift_findings", heads)


def _plain(found: monitored.Monitored) -> None:
    rules = found.drift.plain
    told = rules.assign(
        says=rules["fires"].map({True: "alarm", False: "no alarm"}), chance=rules["chance"].map(words.percent)
    )
    heads = {"rule": "Rule", "says": "It says", "raised_by": "Found", "basis": "At",
             "chance": "How often it would, although nothing changed"}  # fmt: skip
    tables.wrapped(told, "plain_rules", heads)
    st.caption(
        "The plain rules of the field beside the triggers: without the sizes and the number of tests they "
        "cry wolf. The verdict does not use them."
    )


def table_of(found: monitored.Monitored) -> Triggers:
    """Return the triggers as they stand now."""
    return monitoring.triggers(cache.desk(), found.portfolio)


def _triggers(found: monitored.Monitored) -> None:
    """Draw the limits, to be edited with a reason."""
    import pandas as pd

    table = table_of(found)
    lines = pd.DataFrame([vars(row) for row in table.rows])
    number = st.column_config.NumberColumn
    edited = st.data_editor(
        lines, key=f"triggers_{table.version}", hide_index=True,
        column_order=["title", "measure", "amber", "red", "amber_q", "red_q", "action", "source"],
        disabled=["title", "measure", "source"],
        column_config={
            "title": st.column_config.TextColumn("Trigger", width=210),
            "measure": st.column_config.TextColumn("Measure", width=330),
            "amber": number("Amber from", min_value=0.0, format="%g"),
            "red": number("Red from", min_value=0.0, format="%g"),
            "amber_q": number("and q below", min_value=0.0, max_value=1.0, format="%g"),
            "red_q": number("red: q below", min_value=0.0, max_value=1.0, format="%g"),
            "action": st.column_config.SelectboxColumn("Action", options=list(ACTIONS)),
            "source": st.column_config.TextColumn("Source", width="large"),
        },
    )  # fmt: skip
    st.caption(
        f"Version {table.version}{'' if table.version else ' (as shipped)'}. Conventions of the field, "
        "not law. A change holds for looks from now on; shares are from 0 to 1. A characteristic is red only "
        f"if it is among the {TOP} that weigh most in the model, else amber however far it moved."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = st.text_input("Why", placeholder="reason, kept in the trail", key="triggers_why", width=380)
        if st.button("Save the triggers", icon=":material/save:", key="triggers_save"):
            names = ("amber", "red", "amber_q", "red_q", "action")
            edits = {line["item"]: {name: line[name] for name in names} for line in edited.to_dict("records")}
            with frame.errors():
                monitoring.set_triggers(cache.desk(), found.portfolio, edits, why)
                session.notify("The triggers are saved; look again to use them.")
                st.rerun()


DRAWN = {
    "Characteristics": _characteristics, "Scores": _scores, "Performance": _performance,
    "What fired": _fired, "Plain rules": _plain, "Triggers": _triggers,
}  # fmt: skip
