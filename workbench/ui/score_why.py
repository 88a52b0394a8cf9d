"""Score, below the answer: what raised and lowered the risk, the reasons, and what would change it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from workbench import charts, explanation
from workbench.desk import reasoned
from workbench.errors import MissingError, WorkbenchError
from workbench.policy import DECISIONS
from workbench.ui import cache, frame, score_form, tables, words

WHY, REASONS, WHAT_IF, LIME = "Why", "Principal reasons", "What if", "LIME"
VIEWS = (WHY, REASONS, WHAT_IF, LIME)
ANOTHER = "another"
GROUPS = {"all": "All applicants", "near cut-off": "Near the cut-off"}


def draw(row: Any, scorer: Any, score: Any, values: dict[str, Any], fields: tuple[Any, ...]) -> None:
    """Draw one view of the explanation; the others are computed when they are asked for."""
    with st.container(key="score_why", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            view = st.segmented_control(
                "Explanation", VIEWS, default=WHY, key="why_view", label_visibility="collapsed"
            )
            view = view or WHY  # a second click takes the choice back
            against = _held_against(row, view)
        try:
            reasoner = cache.reasoner(row)
            raw = reasoner.raw(values)
            if view == WHY:
                _why(row, scorer, reasoner, raw, against)
            elif view == REASONS:
                _reasons(reasoner, raw, score)
            elif view == WHAT_IF:
                _what_if(row, scorer, score, reasoner, raw, fields)
            elif view == LIME:
                _lime(row, reasoner, raw)
        except WorkbenchError as error:
            st.caption(":material/info: It cannot be explained here: " + "; ".join(frame.lines(error)))


def _held_against(row: Any, view: str | None) -> str:
    """Draw whom the applicant is held against; returns a group, or the key of another applicant."""
    if view != WHY:
        return ""
    options = [*GROUPS, ANOTHER]
    picked = st.selectbox(
        "Held against",
        options,
        format_func=lambda name: GROUPS.get(name, "Another applicant"),
        key=f"against_{row.model_id}",
        label_visibility="collapsed",
        width=142,
    )
    if picked != ANOTHER:
        return str(picked)
    return st.text_input(
        "The other applicant",
        key=f"other_{row.model_id}",
        placeholder=f"his {score_form.row_key_title(row)}",
        label_visibility="collapsed",
        width=120,
    ).strip()


def _why(row: Any, scorer: Any, reasoner: Any, raw: np.ndarray, against: str) -> None:
    """Draw the waterfall."""
    explainer = reasoner.explainer
    if against in GROUPS:
        if against not in explainer.references:
            st.caption(":material/info: The policy approves nobody, so that nobody is near the cut-off.")
            return
        found = explainer.attributions(raw, reference=against)
    elif against:
        try:
            other = score_form.applicant(row, against)
        except MissingError as error:
            st.caption(f":material/person_off: {frame.lines(error)[0]}")
            return
        found = explainer.against(raw, reasoner.raw(other))
    else:
        st.caption("Give the key of the applicant to compare with.")
        return
    told = explanation.waterfall(explainer.model, found, raw)
    title = scorer.model.portfolio.p_bad_title
    frame.chart(charts.waterfall(told, title), "waterfall", "What raised and lowered the risk")
    st.caption(
        f"{'Estimated' if told.estimated else 'Exact'}; :blue[blue] lowers the risk, :orange[orange] raises "
        "it; the last step is calibration."
    )


def _reasons(reasoner: Any, raw: np.ndarray, score: Any) -> None:
    """Draw the principal reasons of a decline, those of a refer marked as internal."""
    told = reasoner.rows(raw).of(0)
    if told.decision == "approve":
        st.caption(":material/check: Approved: there is nothing to give reasons for.")
        return
    if told.note:
        with frame.rule("note" if told.decision == "refer" and not told.defects else "warn", "reasons"):
            st.markdown(words.text(told.note))
    if told.reasons:
        lines = [
            f"{rank}. **{words.text(reason.shown)}** :gray[{_worth(reason)}]  \n"
            f":small[:gray[{words.text(words.listed(reason.titles, 3))}]]"
            for rank, reason in enumerate(told.reasons, 1)
        ]
        st.markdown("\n".join(lines))
    may = "These may be sent as they stand. " if told.notice else ""
    held = f"Held against {words.text(told.reference)}; texts" if told.reference else "Texts"
    st.caption(
        f"{may}Adverse only, related characteristics together, four at the most. "
        f"{held} version {told.version} of "
        f"{words.text(reasoner.explainer.model.portfolio.identity)}."
    )


def _worth(reason: Any) -> str:
    return words.counted(reason.points, "point") if reason.points else ""


def _what_if(
    row: Any, scorer: Any, score: Any, reasoner: Any, raw: np.ndarray, fields: tuple[Any, ...]
) -> None:
    """Draw the PD over the values of one characteristic, and a slider that changes it in the form."""
    model = scorer.model
    names = [column.name for column in model.encoder.columns]
    titles = {name: model.portfolio.characteristic(name).shown for name in names}
    curves = {one.characteristic: one for one in explanation.sensitivities(model, raw)}
    by_span = sorted(names, key=lambda n: -(curves[n].p_bad - curves[n].lowest["p_bad"]))
    _since_filled_in(row, scorer, score)
    name = st.selectbox(
        "Change", by_span, format_func=titles.__getitem__, key=f"what_if_{row.model_id}", width=320,
        label_visibility="collapsed",
    )  # fmt: skip
    one = curves[name]
    score_form.slider(row.model_id, next(field for field in fields if field.name == name))
    title = model.portfolio.p_bad_title
    frame.chart(charts.sensitivity(one, scorer.policy, title), "sensitivity", f"{title} over {one.title}")
    _next_decision([curves[n] for n in by_span], score.decision)


def _next_decision(curves: list[explanation.Sensitivity], decision: str) -> None:
    """Draw which values, each changed alone, would reach a better decision."""
    better = DECISIONS[: DECISIONS.index(decision)]
    if not better:
        return
    lines, rest = reached(curves, better)
    if lines:
        heads = {"title": "Alone changed"} | {name: f"{name.capitalize()} at" for name in reversed(better)}
        tables.wrapped(pd.DataFrame(lines), "next_decision", heads, most=230)
    protected = [one.title for one in curves if one.protected]
    aside = f"Protected, so left out: {words.text(', '.join(protected))}. " if protected else ""
    st.caption(
        f"The model's answer to one value alone, the others held. {rest}{aside}No advice: much of it, like "
        "age or what was paid late, nobody can change."
    )


def reached(
    curves: list[explanation.Sensitivity], better: tuple[str, ...]
) -> tuple[list[dict[str, str]], str]:
    """Return a line of each characteristic that reaches a better decision, and what is said of the others.

    Protected ones are no advice, and count among neither.
    """
    lines = []
    told_of = [one for one in curves if not one.protected]
    for one in told_of:
        found = {name: one.reaching(name) for name in better}
        if any(line is not None for line in found.values()):
            told = {
                name: "none in its range"
                if line is None
                else f"{line['label']} ({words.percent(line['p_bad'])})"
                for name, line in found.items()
            }
            lines.append({"title": f"{one.title} ({one.unit})" if one.unit else one.title} | told)
    left = len(told_of) - len(lines)
    if not left:
        return lines, ""
    none = (
        f"None of the values of {words.counted(left, 'other')}" if lines else "No single value in its range"
    )
    return lines, f"{none} reaches a better decision. "


def _since_filled_in(row: Any, scorer: Any, score: Any) -> None:
    """Say how the PD moved since the form was filled in."""
    filled = score_form.filled_in(row.model_id)
    if filled is None:
        return
    before = scorer.score(filled)
    title = scorer.model.portfolio.p_bad_title
    if before.p_bad == score.p_bad:
        st.caption(f"As filled in. Change a value at the left, or below, and see what {title} does.")
        return
    st.markdown(
        f"{title} **{words.percent(before.p_bad)} → {words.percent(score.p_bad)}**, points "
        f"{words.count(before.points)} → {words.count(score.points)}, {before.decision} → "
        f"**{score.decision}** since the form was filled in."
    )


def _lime(row: Any, reasoner: Any, raw: np.ndarray) -> None:
    """Draw LIME's weights beside the exact values, once they are asked for."""
    key = ("lime", row.model_id, row.manifest_sha256, raw.tobytes())
    if not cache.has(key):
        place = st.empty()
        with place.container():
            st.caption("LIME fits a straight line to made neighbours of the applicant. It takes a moment.")
            if not st.button("Compare with LIME", icon=":material/compare_arrows:", key="lime_run"):
                return
        place.empty()
    found = cache.once(
        key,
        "Asking LIME",
        lambda run: reasoned.lime_of(cache.desk(), reasoner, row.model_id, raw),
    )
    if found.warning:
        with frame.rule("warn", "lime"):
            st.markdown(words.text(found.warning))
    # a forest adds up probabilities, of which two digits say nothing
    digits = 4 if found.unit == explanation.PROBABILITY else 2
    shown = pd.DataFrame(
        {
            "title": found.frame["title"],
            "weight": found.frame["weight"],
            "spread": [
                "not defined: missing" if np.isnan(low) else f"{low:+.{digits}f} to {high:+.{digits}f}"
                for low, high in zip(found.frame["low"], found.frame["high"], strict=True)
            ],
            "exact": found.frame["exact"],
        }
    )
    columns = {
        "title": st.column_config.TextColumn("Characteristic", width="medium"),
        "weight": st.column_config.NumberColumn("LIME", format=f"%+.{digits}f"),
        "spread": "over its seeds",
        "exact": st.column_config.NumberColumn("Exact", format=f"%+.{digits}f"),
    }
    note = f"{found.sentence()} Both in {found.unit}."
    tables.show(shown, "lime", columns, note=note, most=270)
