"""Train, while a job runs and once it is done: a bar, its log, a card for each model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench import charts
from workbench.ui import cache, frame, home, session, sidebar, tables, words
from workbench.ui.session import Context

LOG_LINES = 8


def draw(context: Context, job: Any) -> None:
    """Draw the job the address names: its progress, or its result."""
    if not job.finished:
        frame.line("Training in the background")
        st.fragment(_progress, run_every=1)(job.job_id)
        return
    if job.state == "failed":
        _failed(job)
    elif job.state == "cancelled":
        st.info("The training was stopped; nothing was kept.", icon=":material/cancel:")
    elif job.result:
        _result(context, job)
    if st.button("Set up another training", icon=":material/restart_alt:", key="again"):
        st.query_params.pop(session.JOB, None)
        st.rerun()


def _progress(job_id: str) -> None:
    """Draw a running job; drawn anew each second, and the whole page once it has finished."""
    job = cache.job(job_id)
    if job is None or job.finished:
        st.rerun()
    cache.keep_worker()
    with st.container(border=True, key="progress", gap="small"):
        st.markdown(f"**{words.text(job.name)}**")
        said = job.step or ("Waiting for the worker" if job.state == "waiting" else "Starting")
        st.progress(min(max(job.share, 0.0), 1.0), text=words.text(said[:1].upper() + said[1:]))
        for said in job.log[-LOG_LINES:]:
            st.caption(words.text(said))
        if st.button("Stop", icon=":material/stop_circle:", key="cancel"):
            cache.queue().cancel(job_id, cache.desk().settings)
            st.rerun()
    st.caption("It goes on when this tab is closed; the page Jobs shows it too.")


def _failed(job: Any) -> None:
    st.error(f"{words.text(job.error)}\n\n:small[{job.code}]", icon=":material/error:")
    st.download_button(
        "Log",
        lambda: cache.queue().log(job.job_id, cache.desk().settings),
        f"{job.job_id}.log",
        icon=":material/download:",
        on_click="ignore",
        key="job_log",
    )


def _result(context: Context, job: Any) -> None:
    """Draw what a training made: the sentence, a card a model, the curves, where to go next."""
    result = job.result
    if result.get("best") and context.model not in [line["model_id"] for line in result["models"]]:
        session.choose(model=result["best"])
        st.rerun()  # so that the sidebar shows the new model too
    frame.line(words.text(job.name), f"took {words.duration(result['seconds'])}", result["study_id"])
    with frame.rule("good", "verdict"):
        st.markdown(words.text(result["sentence"]))
    study = cache.study(result["study_id"])
    for column, line in zip(st.columns(max(len(result["models"]), 2)), result["models"], strict=False):
        with column.container(border=True, height="stretch", gap="small", key=f"model_{line['family']}"):
            _card(line, line["model_id"] == result["best"])
    with st.container(horizontal=True):
        if result.get("best") and st.button(
            "Score an applicant", type="primary", icon=":material/person_search:", key="to_score"
        ):
            st.switch_page(sidebar.SCORE, query_params=context.query())
        if len(_trained(result)) > 1 and st.button(
            "Compare", icon=":material/compare_arrows:", key="to_compare"
        ):
            ids = ",".join(_trained(result))
            st.switch_page(sidebar.COMPARE, query_params=context.query() | {session.MODELS: ids})
        if st.button("See the versions", icon=":material/inventory_2:", key="to_registry"):
            st.switch_page(sidebar.REGISTRY, query_params=context.query())
    _details(study)


def _trained(result: dict[str, Any]) -> list[str]:
    return [line["model_id"] for line in result["models"] if line["model_id"]]


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
    ks, slope = m.get("ks"), m.get("calibration_slope")
    frame.figures(
        (
            ("AUC", words.measure(m.get("auc")), words.interval(m.get("auc_low"), m.get("auc_high"))),
            ("Gini", words.measure(m.get("gini")), words.interval(m.get("gini_low"), m.get("gini_high"))),
            ("KS", "not defined" if ks is None else f"{100 * ks:.1f}", _ks_interval(m)),
            (
                "Calibration slope",
                words.measure(slope, 2),
                words.interval(m.get("calibration_slope_low"), m.get("calibration_slope_high"), 2),
            ),
        ),
        framed=False,
    )
    gate = line["gate"]
    icon = ":blue[:material/check_circle:]" if gate["passed"] else ":red[:material/cancel:]"
    st.markdown(f"{icon} {words.text(gate['reason'])} {words.text(gate.get('note') or '')}")
    st.caption(
        f"{line['reported']} sample, n {words.count(m['n'])}, bads {words.count(m['n_bad'])}; 95% intervals"
    )


def _ks_interval(m: dict[str, Any]) -> str:
    if m.get("ks_low") is None or m.get("ks_high") is None:
        return ""
    return f"({100 * m['ks_low']:.1f} to {100 * m['ks_high']:.1f})"


def _details(study: Any) -> None:
    """Draw the curves and tables behind the cards."""
    trained = [m for m in study.models if not m.error]
    if not trained:
        return
    evaluations = {m.title: m.evaluation for m in trained}
    curves, calibration, deciles, drivers, beside = st.tabs(
        ["ROC", "Calibration", "Deciles", "Characteristics", "Against baselines"]
    )
    note = f"{study.reported.capitalize()} sample"
    with curves:
        left, right = st.columns(2)
        with left:
            frame.chart(
                charts.roc(evaluations), "roc", "Share of bads caught against share of goods flagged", note
            )
        with right:
            frame.chart(
                charts.gains(evaluations), "gains", "Share of bads among the riskiest applicants", note
            )
    with calibration:
        frame.chart(
            charts.calibration(evaluations), "calibration", "Bad rate seen against PD predicted", note
        )
    best = study.model(study.best)
    with deciles:
        _deciles(best, note)
    with drivers:
        _drivers(trained, best)
    with beside:
        _beside(study)


def _deciles(best: Any, note: str) -> None:
    left, right = st.columns(2)
    with left:
        frame.chart(charts.deciles(best.evaluation), "deciles", "Bad rate by decile of PD", note)
    with right:
        tables.show(
            best.evaluation.deciles,
            "decile_table",
            {
                "decile": "Decile",
                "n": tables.number("Rows"),
                "bads": tables.number("Bads"),
                "bad_rate": tables.Share("Bad rate"),
                "mean_p_bad": tables.Share("Mean PD"),
                "cumulative_bads": tables.Share("Bads so far"),
                "lift": st.column_config.NumberColumn("Lift", format="%.2f"),
            },
            note=f"{best.title}, riskiest first; {note}",
        )


def _drivers(trained: list[Any], best: Any) -> None:
    names = [m.title for m in trained]
    picked = st.segmented_control("Model", names, default=best.title, required=True, key="drivers_of")
    model = next(m for m in trained if m.title == picked)
    left, right = st.columns(2)
    with left:
        frame.chart(charts.importance(model.importance), "importance", "Characteristics by importance")
    with right:
        tables.show(
            model.importance,
            "importance_table",
            {
                "title": st.column_config.TextColumn("Characteristic", width="medium"),
                "share": tables.Share("Share of importance"),
                "effect": "A higher value",
                "detail": st.column_config.TextColumn("Detail", width="medium"),
            },
            note="What a higher value, or the attributes named, do to the risk",
        )


def _beside(study: Any) -> None:
    """Draw models and baselines on the same rows."""
    table = study.table()
    shown = pd.DataFrame(
        {
            "model": table["model"],
            "auc": [
                f"{words.measure(a)} {words.interval(low, high)}"
                for a, low, high in zip(table["auc"], table["auc_low"], table["auc_high"], strict=True)
            ],
            "gini": [words.measure(v) for v in table["gini"]],
            "ks": [f"{100 * v:.1f}" if v == v else words.UNDEFINED for v in table["ks"]],
            "average_precision": [words.measure(v) for v in table["average_precision"]],
            "brier": [words.measure(v, 4) for v in table["brier"]],
            "log_loss": [words.measure(v, 4) for v in table["log_loss"]],
            "ece": [words.measure(v, 4) for v in table["ece"]],
        }
    )
    n, n_bad = int(table["n"].iloc[0]), int(table["n_bad"].iloc[0])
    tables.show(
        shown,
        "baselines",
        {
            "model": st.column_config.TextColumn("Model or baseline", width="medium"),
            "auc": "AUC, 95% interval",
            "gini": "Gini",
            "ks": "KS",
            "average_precision": "Average precision",
            "brier": "Brier",
            "log_loss": "Log loss",
            "ece": "ECE",
        },
        whole=table,
        note=f"The same {words.count(n)} rows with {words.count(n_bad)} bads; {study.reported} sample",
    )


def auc_of(row: Any) -> str:
    """Return a version's AUC with its interval."""
    return home.auc(row.metrics)
