"""The page Registry: versions by stage, what each one is, and what may be done with it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui import (
    cache,
    elsewhere,
    frame,
    home,
    removal,
    session,
    sidebar,
    stages,
    tables,
    versions_difference,
    words,
)
from workbench.ui.session import Context

ORDER = ("champion", "challenger", "candidate", "trained", "retired", "rejected")
TRAIL_LINES = 12
MEASURES = (
    "auc",
    "gini",
    "ks",
    "average_precision",
    "brier",
    "log_loss",
    "ece",
    "calibration_slope",
    "calibration_intercept",
    "bad_rate",
    "mean_p_bad",
    "approval_rate",
    "bad_rate_approved",
)


def rows_of(context: Context) -> list[Any]:
    """Return the versions to show, or draw what is missing and end the page."""
    name = session.name_of(context.portfolio) or None
    rows = cache.desk().registry.models(name)
    if not rows:
        frame.empty(
            "No versions yet",
            "Every trained model becomes a version here, with its figures, its gate and its trail.",
            sidebar.TRAIN,
            "Go to Train",
            "model_training",
            context.query(),
            removal.draw,
        )
    return sorted(rows, key=lambda row: ORDER.index(row.stage) if row.stage in ORDER else len(ORDER))


def listing(context: Context, rows: list[Any]) -> Any:
    """Draw the versions by stage; returns the one to look at."""
    counts = {stage: sum(row.stage == stage for row in rows) for stage in ORDER}
    titles = list(dict.fromkeys(map(cache.portfolio_title, rows)))
    of = words.text(titles[0]) if len(titles) == 1 else words.counted(len(titles), "portfolio")
    frame.line(of, words.counted(len(rows), "version"), *(f"{n} {stage}" for stage, n in counts.items() if n))
    _table(rows)
    return _picked(context, rows)


def _table(rows: list[Any]) -> None:
    frame_of = pd.DataFrame(
        {
            "stage": [row.stage for row in rows],
            "model_id": [row.model_id for row in rows],
            "family": [cache.family_title(row.family) for row in rows],
            "auc": [home.auc(row.metrics) for row in rows],
            "ks": [words.metric(row.metrics, "ks") for row in rows],
            "reported": [row.reported for row in rows],
            "n": [row.metrics.get("n") for row in rows],
            "n_bad": [row.metrics.get("n_bad") for row in rows],
            "gate": ["passed" if row.gate.get("passed") else "not passed" for row in rows],
            "created_at": [cache.when(row.created_at) for row in rows],
            "created_by": [row.created_by for row in rows],
        }
    )
    tables.show(
        frame_of,
        "versions",
        {
            "stage": "Stage",
            "model_id": "Version",
            "family": "Family",
            "auc": "AUC, 95% interval",
            "ks": "KS x 100, 95% interval",
            "reported": "Sample",
            "n": tables.number("Rows"),
            "n_bad": tables.number("Bads"),
            "gate": "Gate",
            "created_at": "Trained",
            "created_by": "By",
        },
        most=410,
    )


def _picked(context: Context, rows: list[Any]) -> Any:
    ids = [row.model_id for row in rows]
    current = context.model if context.model in ids else ids[0]
    names = {row.model_id: f"{row.model_id}, {cache.family_title(row.family)}, {row.stage}" for row in rows}
    picked = st.selectbox(
        "Look at",
        ids,
        ids.index(current),
        format_func=names.__getitem__,
        key=f"version_{current}_{sidebar.stages(rows)}",
        width=420,
    )
    if picked != context.model:
        session.choose(model=picked)
        st.rerun()  # the sidebar, drawn before, must show it too
    return next(row for row in rows if row.model_id == picked)


def detail(context: Context, row: Any, rows: list[Any]) -> None:
    """Draw one version: gate, what may be done, figures by sample, trail, what differs from another."""
    left, right = st.columns([4, 3], gap="large")
    with left:
        _heading(row)
        _measures(row)
    with right:
        _actions(context, row)
        _trail(row)
    versions_difference.draw(context, row, rows)
    elsewhere.version(row)


def _heading(row: Any) -> None:
    st.subheader(f"{sidebar.model_name(row)} {sidebar.stage(row.stage)}", anchor=False)
    frame.gate(row.gate)
    frame.line(
        f"portfolio {words.text(row.portfolio)} version {row.portfolio_version}",
        f"data {row.dataset_sha256[:8]}",
        f"model {row.digest[:8]}",
        f"study {words.text(row.study_id)}",
    )


def _measures(row: Any) -> None:
    """Draw the figures of every sample side by side."""
    samples = row.samples or {row.reported: row.metrics}
    lines = []
    for metric in MEASURES:
        lines.append(
            {"measure": words.measure_title(metric)}
            | {name: words.metric(m, metric) for name, m in samples.items()}
        )
    lines.append({"measure": "Rows"} | {name: words.count(m.get("n") or 0) for name, m in samples.items()})
    lines.append(
        {"measure": "Bads"} | {name: words.count(m.get("n_bad") or 0) for name, m in samples.items()}
    )
    names = {name: name.capitalize() + (" (reported)" if name == row.reported else "") for name in samples}
    tables.show(
        pd.DataFrame(lines),
        "measures",
        {"measure": "Measure", **names},
        most=560,
        note="95% intervals in brackets",
    )


def _actions(context: Context, row: Any) -> None:
    """Draw what may be done with a version; each asks for a reason and leaves a line in the trail."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Score an applicant", icon=":material/person_search:", key="to_score"):
            st.switch_page(sidebar.SCORE, query_params=context.query() | {"model": row.model_id})
        if row.stage != "champion":
            stages.promote(row)
        if row.stage in ("trained", "retired"):
            stages.move(row, "Make candidate", "candidate", "candidate", "flag")
        if row.stage in ("trained", "candidate"):
            stages.move(row, "Reject", "reject", "rejected", "thumb_down")
        if row.stage in ("champion", "candidate", "trained"):
            stages.move(row, "Retire", "retire", "retired", "archive")
        stages.roll_back(row.portfolio)
    if not row.gate.get("passed") and row.stage != "champion":
        st.caption("It cannot be promoted: the gate is not passed.")


def _trail(row: Any) -> None:
    """Draw what happened to a version, newest first."""
    st.subheader("Trail", anchor=False)
    lines = [
        line
        for line in cache.desk().registry.trail(row.portfolio, limit=200)
        if line.model_id == row.model_id
    ]
    with st.container(key="trail", gap="xsmall"):
        for line in lines[:TRAIL_LINES]:
            st.markdown(f":gray[{cache.when(line.at)}] {words.text(line.sentence)}")
    told = pd.DataFrame([{"at": line.at, "who": line.who, "what": line.sentence} for line in lines])
    tables.downloads(told, "trail", words.counted(len(lines), "line"))
