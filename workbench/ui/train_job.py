"""Train, while a job runs and once it is done: a bar, its log, a card for each model."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import cache, elsewhere, frame, queue, session, sidebar, train_result, words
from workbench.ui.session import Context

MOST = 6
"""Models that Compare takes."""
ACROSS = 3
"""Cards side by side, so that four figures fit into each."""

CARD = ("auc", "gini", "ks", "calibration_slope")


def draw(context: Context, job: Any) -> None:
    """Draw the job the address names: its progress, or its result."""
    if not job.finished:
        frame.line("Training in the background")
        queue.under_way(job.job_id, "the page Jobs shows it too")
        return
    if job.state == "failed":
        queue.failed(job)
    elif job.state == "cancelled":
        queue.cancelled(job)
    elif job.result:
        _result(context, job)
        return
    _again()


def gone(context: Context, job_id: str) -> None:
    """Say that the job the address names is not kept; end the page."""
    why = f"The job {words.text(job_id[:40])} is not kept here."
    frame.empty("No such job", why, sidebar.JOBS, "Go to the jobs", "pending_actions", context.query())


def _again() -> None:
    if st.button("Set up another training", icon=":material/restart_alt:", key="again"):
        st.query_params.pop(session.JOB, None)
        st.rerun()


def _result(context: Context, job: Any) -> None:
    """Draw what a training made: the sentence, a card a model, the curves, where to go next."""
    result = job.result
    if session.kept(session.SHOWN_JOB, "") != job.job_id:
        st.session_state[session.SHOWN_JOB] = job.job_id
        made = {"portfolio": result["portfolio"], "data": result["dataset_sha256"]}
        session.choose(**made, model=result.get("best") or "")
        st.rerun()  # so that the sidebar shows the new model too
    frame.line(words.text(job.name), f"took {words.duration(result['seconds'])}", result["study_id"])
    with frame.rule("good", "verdict"):
        st.markdown(words.text(words.sentence(result["sentence"])))
        if deployed := result.get("deployment"):
            icon = ":blue[:material/star:]" if deployed["promoted"] else ":orange[:material/star:]"
            verb = "Made champion" if deployed["promoted"] else "Not made champion"
            st.markdown(f"{icon} **{verb}**: {words.text(words.sentence(deployed['reason']))}.")
    study = cache.study(result["study_id"])
    _cards(result)
    with st.container(horizontal=True):
        if result.get("best") and st.button(
            "Score an applicant", type="primary", icon=":material/person_search:", key="to_score"
        ):
            st.switch_page(sidebar.SCORE, query_params=context.query())
        champion, rivals = _rivals(result)
        if len(rivals) > 1 and st.button("Compare", icon=":material/compare_arrows:", key="to_compare"):
            asked = {session.MODELS: ",".join(rivals)}
            st.switch_page(sidebar.COMPARE, query_params=context.query() | asked)
        if st.button("See the versions", icon=":material/inventory_2:", key="to_registry"):
            st.switch_page(sidebar.REGISTRY, query_params=context.query())
        _again()
    if champion is not None and champion.dataset_sha256 != result["dataset_sha256"]:
        st.caption(
            f"The champion, {words.text(sidebar.model_name(champion))}, was trained on other data: "
            "on Compare, choose a file under Rows to see it beside these."
        )
    train_result.draw(study)
    elsewhere.training(study, result["study_id"])


def _rivals(result: dict[str, Any]) -> tuple[Any | None, list[str]]:
    """Return the portfolio's champion, None where there is none, and which models to compare with it."""
    name = session.name_of(result["portfolio"])
    every = cache.desk().registry.models(name)
    champion = next((row for row in every if row.stage == "champion"), None)
    trained = [line["model_id"] for line in result["models"] if line["model_id"]]
    first = [] if champion is None else [champion.model_id]
    return champion, list(dict.fromkeys(first + trained))[:MOST]


def _cards(result: dict[str, Any]) -> None:
    """Draw a card a model, in rows of equal width."""
    lines = result["models"]
    across = min(max(len(lines), 2), ACROSS)
    for start in range(0, len(lines), across):
        for column, line in zip(st.columns(across), lines[start : start + across], strict=False):
            with column.container(border=True, height="stretch", gap="small", key=f"model_{line['family']}"):
                _card(line, line["model_id"] == result["best"])


def _card(line: dict[str, Any], best: bool) -> None:
    """Draw one model: AUC, Gini, KS, calibration, gate."""
    title = cache.family_title(line["family"])
    if line.get("error"):
        st.markdown(f"**{title}**")
        st.error(words.text(line["error"]))
        return
    mark = " :blue-badge[best by log loss]" if best else ""
    known = " :gray-badge[the same model as before]" if line.get("known") else ""
    st.markdown(f"**{title}** :gray[{words.text(line['model_id'])}]{mark}{known}")
    m = line["metrics"]
    frame.figures(tuple(_figure(m, name) for name in CARD), framed=False)
    frame.gate(line["gate"])
    if said := balanced(line.get("calibration") or {}):
        st.caption(f":material/balance: {said}")
    sample = line["reported"].capitalize()
    st.caption(f"{sample} sample, n {words.count(m['n'])}, bads {words.count(m['n_bad'])}; 95% intervals")


def balanced(told: dict[str, Any]) -> str:
    """Return what balanced weights did to the mean PD and what calibration made of it; "" without them.

    Examples
    --------
    >>> told = {"weights": "balanced", "sample": "development, out-of-fold"}
    >>> balanced(told | {"p_bad_uncalibrated": 0.41, "p_bad_mean": 0.22})
    'Balanced weights: mean PD 41.0% before calibration, 22.0% after (development, out-of-fold).'
    >>> balanced({"weights": "none"})
    ''
    """
    if told.get("weights") != "balanced":
        return ""
    before, after = words.percent(told["p_bad_uncalibrated"]), words.percent(told["p_bad_mean"])
    return f"Balanced weights: mean PD {before} before calibration, {after} after ({told['sample']})."


def _figure(m: dict[str, Any], name: str) -> tuple[str, str, str]:
    """Return a measure's title, its value, and below it the interval or why there is none."""
    value, _, below = words.metric(m, name).partition(" ")
    if m.get(name) is None:
        return words.measure_title(name), words.UNDEFINED, m.get(f"{name}_reason", "")
    return words.measure_title(name), value, below or m.get(f"{name}_reason", "")
