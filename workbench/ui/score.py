"""The page Score: one applicant, answered while it is typed in."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import charts
from workbench.ui import cache, elsewhere, frame, score_form, score_why, session, sidebar, spool, words
from workbench.ui.session import Context

FLAG_ICONS = {
    "missing": "help",
    "unexpected missing": "help",
    "unseen": "new_releases",
    "out of range": "straighten",
}


def model_of(context: Context, why: str = "An applicant is scored with a trained model. ") -> Any:
    """Return the version to score with, or draw what is missing and end the page."""
    row = cache.model_row(context.model)
    if row is None and not context.portfolio:
        kept = cache.desk().registry.models()
        champions = [one for one in kept if one.stage == "champion"]
        if champions or kept:
            newest = max(champions or kept, key=lambda one: one.created_at)
            session.choose(portfolio=f"{newest.portfolio}@{newest.portfolio_version}", model=newest.model_id)
            st.rerun()  # the sidebar, drawn before, must show it too
    if row is None and context.portfolio:
        name = session.name_of(context.portfolio)
        row = cache.model_row(f"{name}@champion") or cache.model_row(f"{name}@latest")
        if row is not None:
            session.choose(model=row.model_id)
            st.rerun()  # the sidebar, drawn before, must show it too
    if row is None:
        ready = context.data and not context.data.startswith(spool.PREFIX)
        where, label, icon = (
            (sidebar.TRAIN, "Go to Train", "model_training")
            if ready
            else (sidebar.DATA, "Go to Data", "database")
        )
        why += "The data are checked: train one." if ready else "It starts with a file."
        frame.empty("No model yet", why, where, label, icon, context.query())
    return row


def line(row: Any, scorer: Any) -> None:
    """Draw which model answers, and under which policy."""
    portfolio = scorer.model.portfolio
    frame.line(
        f"{words.text(sidebar.model_name(row))} of {words.text(portfolio.shown)}, {row.stage}",
        f"AUC {words.metric(row.metrics, 'auc')} on {row.reported}",
        "provisional policy" if scorer.policy.provisional else "",
    )


@st.fragment
def draw(row: Any, scorer: Any) -> None:
    """Draw the form and its answer; only this part is drawn anew when a value changes."""
    fields, percents = score_form.shown_fields(scorer)
    left, right = st.columns([13, 10], gap="large")
    with left:
        problem, fresh = score_form.prefill(row, fields, percents)
        values, hints = score_form.draw(row.model_id, fields)
        session.kept(session.TYPED, {})[row.model_id] = {
            field.name: st.session_state[score_form.key_of(row.model_id, field.name)] for field in fields
        }
        values = score_form.unscaled(values, percents)
        if fresh:
            session.kept(session.FILLED, {})[row.model_id] = values
    with right, st.container(key="score_right", gap="small"), frame.errors():
        with st.container(key="score_result", gap="small"):
            if problem:
                _nobody(problem)
                return
            score = scorer.score(values)
            _answer(scorer, score)
        for flag in score.flags:
            hints[flag.characteristic].markdown(f":orange[{words.text(_short(flag))}]")
        # last: the answer above is on the screen while this is computed
        score_why.draw(row, scorer, score, values, fields)
    elsewhere.score(row, values)


def _nobody(problem: str) -> None:
    """Say that the applicant asked for is not in the data, so that nothing can be decided."""
    with st.container(border=True, gap="small"):
        st.subheader(":material/person_off: No such applicant, no decision", anchor=False)
        st.markdown(words.text(problem))
        st.caption("The form keeps what was typed. Give another key, or start from the typical applicant.")


def _short(flag: Any) -> str:
    """Return a flag without the title that already stands above it."""
    said = flag.message.removeprefix(flag.title).lstrip(": ")
    return said[:1].upper() + said[1:]


def _answer(scorer: Any, score: Any) -> None:
    """Draw PD, points and decision, where the applicant stands, and what is unusual."""
    policy, portfolio = scorer.policy, scorer.model.portfolio
    horizon = f", {portfolio.outcome.horizon}" if portfolio.outcome.horizon else ""
    bands = policy.bands
    interval = words.percent_interval(score.low, score.high) or "no interval"
    frame.figures(
        (
            (portfolio.p_bad_title + horizon, words.percent(score.p_bad), interval),
            ("Points", words.count(score.points), f"band {score.band} of {bands[0]} to {bands[-1]}"),
            ("Decision", score.decision.capitalize(), _cut_offs(policy, score), score.decision),
        )
    )
    frame.chart(
        charts.points_band(score, policy, portfolio.points, bare=True),
        "points_band",
        "Points and the decision they fall in",
    )
    kind = "provisional policy" if policy.provisional else "policy"
    st.caption(
        f"Approve below a {portfolio.p_bad_title} of {words.percent(policy.approve_below)}, decline from "
        f"{words.percent(policy.decline_from)} ({kind}).",
        help=f"Policy: {words.text(policy.source)}. The interval is calibration uncertainty only.",
    )
    if score.flags:
        with frame.rule("warn", "flags"):
            st.markdown(f"**{words.counted(len(score.flags), 'value')} to look at**")
            for flag in score.flags[:8]:
                icon = FLAG_ICONS.get(flag.kind, "warning")
                st.caption(f":material/{icon}: {words.text(flag.message)}")
            if len(score.flags) > 8:
                st.caption(f"and {len(score.flags) - 8} more, marked beside their fields")
    else:
        st.caption(":material/check: Nothing missing, unseen or unusual about the input.")


def _cut_offs(policy: Any, score: Any) -> str:
    """Return the PDs between which this decision is taken, or that it is not taken by the PD."""
    if score.decision != policy.decide(score.p_bad):
        return "for an impossible value"
    low, high = words.percent(policy.approve_below), words.percent(policy.decline_from)
    return {"approve": f"below {low}", "refer": f"{low} to {high}", "decline": f"from {high}"}[score.decision]
