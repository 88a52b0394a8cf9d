"""What the page Explain shows below its charts: tables, pairs, effects, groups, monotonicity, ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.ui import cache, frame, session, tables, words

VIEWS = ("Values", "Acts together", "Set to each value", "Months and segments", "Monotone", "Ranking")


def importance(told: Any) -> None:
    """Draw the table behind the beeswarm."""
    shown = told.importance
    with st.expander(f"All {words.counted(len(shown), 'characteristic')} as a table"):
        tables.show(
            shown.assign(interval=_interval(told, shown)),
            "importance",
            {
                "title": st.column_config.TextColumn("Characteristic", width=160),
                "importance": _size(told, "Mean size", 75),
                "interval": st.column_config.TextColumn("95% interval", width=105),
                "share": tables.Share("Share", 60),
                "direction": st.column_config.TextColumn("Direction", width=260),
            },
            whole=shown,
            note=f"{told.rows_told}, {told.bads}; in {told.unit}",
        )


def _size(told: Any, label: str, width: int | None = None) -> Any:
    """Return the column of a value in the model's own unit: a probability as a percentage."""
    return tables.Share(label, width) if told.shares else tables.number(label, "%.3f", width=width)


def _interval(told: Any, lines: pd.DataFrame) -> pd.Series:
    ends = zip(lines["low"], lines["high"], strict=True)
    said = ["" if low != low else f"{told.sized(low)} to {told.sized(high)}" for low, high in ends]
    return pd.Series(said, index=lines.index)


def monotone_words(line: Any) -> str:
    """Return which way the PD goes with a characteristic as fitted, and as declared."""
    if line["reason"]:
        return f"Which way the PD goes with it is {line['reason']}."
    fitted = {
        "rises": "the PD only rises with it", "falls": "the PD only falls with it",
        "both": "the PD rises and falls with it", "level": "the PD does not move with it",
    }[line["fitted"]]  # fmt: skip
    declared = f"; declared: {line['declared']}" if line["declared"] else "; nothing is declared"
    against = " :red[(it goes against what is declared)]" if line["kept"] is False else ""
    return f"As fitted, {fitted}, over {words.counted(int(line['n']), 'applicant')}{declared}{against}."


def trust(explainer: Any) -> None:
    """Say what the exact values were held against, and why training left them to this page."""
    said, check = [], explainer.check
    if explainer.method == "closed form":
        said.append("The values are a closed form of the coefficients: there is nothing to compare.")
    elif check:
        said.append(proof(check, explainer.way.unit))
    said.append("Every value shown adds up to the model's own score: that is checked at every call.")
    if explainer.slow:
        said.append("Its trees are too deep for tables, so that training left it to this page, row by row.")
    st.caption(words.text(" ".join(said)))


def proof(check: Mapping[str, Any], unit: str) -> str:
    """Return what came of holding values against those of shap, as `Explainer.check` has it."""
    rows, compared = words.counted(check["rows"], "row"), check["compared"]
    # models kept before it was noted do not tell how large the differences were
    differ = [f"{most:.1e} for {kind} values" for kind, most in check.get("largest", {}).items()]
    largest = f"the largest difference is {' and '.join(differ)}, in {unit}" if differ else ""
    if not compared:
        told = f"shap could say nothing of the {rows} held against it"
        return f"{told}; against the engine's own values {largest}." if largest else f"{told}."
    left = "" if compared == check["rows"] else "; shap could say nothing of the other rows"
    return f"Proved against shap on {compared} of {rows}" + (f": {largest}" if largest else "") + f"{left}."


def draw(found: Any, told: Any, asked: Any, chosen: str) -> None:
    """Draw the details; of them only what is asked for."""
    wanted = st.query_params.get(session.VIEW, "")
    view = st.segmented_control(
        "Details", VIEWS, default=wanted if wanted in VIEWS else VIEWS[0], required=True,
        key="explain_view", label_visibility="collapsed",
    )  # fmt: skip
    if view == VIEWS[0]:
        st.query_params.pop(session.VIEW, None)
    else:
        st.query_params[session.VIEW] = view
    DRAWN[view](found, told, asked, chosen)


def _values(found: Any, told: Any, asked: Any, chosen: str) -> None:
    lines = told.dependence[told.dependence["characteristic"] == chosen]
    seen = [
        "" if a != a else f"{100 * a:.1f} to {100 * b:.1f}%" for a, b in lines[["low", "high"]].to_numpy()
    ]
    tables.show(
        lines.assign(interval=seen),
        "dependence",
        {
            "label": st.column_config.TextColumn(told.title(chosen), width=190),
            "n": tables.number("Rows", width=80),
            "n_bad": tables.number("Bads", width=70),
            "bad_rate": tables.Share("Bad rate seen", 105),
            "interval": st.column_config.TextColumn("95% interval", width=115),
            "mean_p_bad": tables.Share("Mean PD", 85),
            "mean": _size(told, f"Mean change, {told.unit}", 185),
            "q10": _size(told, "10% below", 85),
            "q90": _size(told, "10% above", 85),
        },
        whole=told.dependence,
        note=f"{told.rows_told}, {told.bads}; the file has all characteristics",
    )


def _together(found: Any, told: Any, asked: Any, chosen: str) -> None:
    left, right = st.columns([10, 11], gap="medium")
    with left:
        frame.chart(charts.pairs(told), "pairs", "Pairs that act together most")
    partners = told.partners(chosen)
    with right:
        if partners.empty:
            st.info(f"{words.text(told.title(chosen))} acts with no other.", icon=":material/info:")
            return
        st.subheader(f"{words.text(told.title(chosen))} acts with", anchor=False)
        tables.show(
            partners.assign(interval=_interval(told, partners)),
            "partners",
            {
                "title": st.column_config.TextColumn("Partner", width=230),
                "strength": _size(told, f"Mean size, {told.unit}"),
                "interval": st.column_config.TextColumn("95% interval"),
            },
            whole=told.pairs,
            note=told.paired_told,
            most=300,
        )


def _effects(found: Any, told: Any, asked: Any, chosen: str) -> None:
    from workbench.explanation import effects

    row = found.row
    value = cache.once(
        ("effects", row.model_id, row.manifest_sha256, asked.sample, asked.segment, chosen),
        "Setting it to each of its values",
        lambda run: effects(found.model, found.rows(asked.segment), chosen, threads=run.threads),
    )
    left, right = st.columns(2, gap="medium")
    with left:
        frame.chart(charts.partial(value), f"partial_{chosen}", "Mean PD with the characteristic set")
        tables.downloads(
            value.partial, "partial_dependence", "Partial dependence with applicants' own curves"
        )
    with right:
        frame.chart(charts.local(value), f"local_{chosen}", "Accumulated local effect on the PD")
        if not value.local.empty:
            tables.downloads(value.local, "local_effects", "Accumulated local effects")


def _groups(found: Any, told: Any, asked: Any, chosen: str) -> None:
    groups = list(dict.fromkeys(told.grouped["by"]))
    if not groups:
        st.info(
            "These rows have no date, and the portfolio tags no category as segment.", icon=":material/info:"
        )
        return
    titles = {name: "month" if name == "month" else told.title(name) for name in groups}
    by = st.segmented_control(
        "By", groups, default=groups[0], required=True, format_func=titles.__getitem__, key="explain_by",
        label_visibility="collapsed",
    )  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        frame.chart(charts.by_group(told, by, titles[by]), f"groups_{by}", "Importance by group")
    with right:
        one = charts.by_group(told, by, titles[by], chosen)
        frame.chart(one, f"group_{by}_{chosen}", "Importance of one by group")
    tables.downloads(told.grouped, "importance_by_group", "Every characteristic in every group")


def _monotone(found: Any, told: Any, asked: Any, chosen: str) -> None:
    lines = told.monotonicity
    wrong = told.against_declared()
    if len(wrong):
        st.error(f"Against what is declared: {words.listed(list(map(words.text, wrong['title'])))}.")
    kept = {True: "yes", False: "no", None: ""}
    tables.show(
        lines.assign(
            kept=lines["kept"].map(lambda v: kept.get(v, "")), declared=lines["declared"].fillna("")
        ),
        "monotonicity",
        {
            "title": st.column_config.TextColumn("Characteristic", width=210),
            "declared": "Declared",
            "fitted": "As fitted",
            "kept": "Kept",
            "rising": tables.Share("Applicants whose PD rises"),
            "falling": tables.Share("falls"),
            "largest_rise": tables.Share("Largest rise of a PD"),
            "largest_fall": tables.Share("Largest fall"),
            "reason": "",
        },
        whole=lines,
        note="Each number set to up to 20 of its values in turn, everything else as it is; "
        f"{words.counted(int(lines['n'].max()), 'applicant')}",
    )


def _ranking(found: Any, told: Any, asked: Any, chosen: str) -> None:
    from workbench.explanation import permutation

    row = found.row
    value = cache.once(
        ("permutation", row.model_id, row.manifest_sha256, asked.sample, asked.segment),
        "Dealing values anew",
        lambda run: permutation(found.model, found.rows(asked.segment), run),
    )
    frame.chart(charts.permutation(value), "permutation", "Fall of the AUC without each characteristic")
    tables.downloads(value.loss, "permutation_importance", value.sentence())


DRAWN = {
    "Values": _values, "Acts together": _together, "Set to each value": _effects,
    "Months and segments": _groups, "Monotone": _monotone, "Ranking": _ranking,
}  # fmt: skip
