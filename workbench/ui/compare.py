"""The page Compare: models on the same rows, what tells them apart, and which to take on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui import (
    cache,
    compare_details,
    compare_table,
    elsewhere,
    frame,
    session,
    sidebar,
    stages,
    tables,
    words,
)
from workbench.ui.session import Context

MOST = 6
OPEN_STAGES = ("champion", "candidate", "trained")


def models_of(context: Context) -> list[Any]:
    """Return the versions that can be compared, or draw what is missing and end the page."""
    name = session.name_of(context.portfolio)
    every = cache.desk().registry.models(name or None)
    portfolio = name or (every[0].portfolio if every else "")
    rows = [row for row in every if row.portfolio == portfolio]
    if len(rows) < 2:
        why = "Two trained models of one portfolio are compared here, on the rows held out from both."
        told = "No models yet" if not rows else "Only one model yet"
        frame.empty(told, why, sidebar.TRAIN, "Go to Train", "model_training", context.query())
    return rows


def choose(context: Context, rows: list[Any]) -> tuple[Any, ...]:
    """Draw the choice of models and rows; return what to compare, or end the page."""
    by_id = {row.model_id: row for row in rows}
    first = _first(context, rows)
    wanted = [m for m in st.query_params.get(session.MODELS, "").split(",") if m]
    asked = [m for m in wanted if m in by_id]
    _left_out([m for m in wanted if m not in by_id], rows[0].portfolio)
    picked = st.multiselect(
        "Models on the same rows",
        list(by_id),
        asked or first,
        format_func=lambda m: f"{sidebar.model_name(by_id[m])}, {by_id[m].stage}",
        max_selections=MOST,
        key=f"compared_{rows[0].portfolio}",
        placeholder="Choose two to six models",
        label_visibility="collapsed",
    )
    if picked:
        st.query_params[session.MODELS] = ",".join(picked)
    if len(picked) < 2:
        st.info("Choose at least two models.", icon=":material/info:")
        frame.end()
    return tuple(by_id[m] for m in picked)


def _left_out(ids: list[str], portfolio: str) -> None:
    """Say which models of the address are not compared, and why."""
    for model_id in ids:
        row = cache.model_row(model_id)
        why = (
            "No such version is kept here."
            if row is None
            else f"It is of the portfolio {row.portfolio}; only models of one are compared, here {portfolio}."
        )
        st.warning(f"**{words.text(model_id)}** is left out. {words.text(why)}", icon=":material/warning:")


def _first(context: Context, rows: list[Any]) -> list[str]:
    """Return what to compare where nothing is asked: the champion, and the newest on the same data."""
    champion = next((row for row in rows if row.stage == "champion"), None)
    chosen = next((row for row in rows if row.model_id == context.model), None)
    head = [row for row in (champion, chosen) if row is not None]
    data = (chosen or champion or rows[0]).dataset_sha256
    others = [row for row in rows if row.dataset_sha256 == data and row.stage in OPEN_STAGES]
    same = [row for row in head if row.dataset_sha256 == data]
    study = (chosen or others[0] if others else rows[0]).study_id
    ordered = same + [row for row in others if row.study_id == study] + others
    return list(dict.fromkeys(row.model_id for row in ordered))[:MOST]


def compared(rows: tuple[Any, ...]) -> Any:
    """Return the comparison, computed once for these versions."""
    key = ("compared", *((row.model_id, row.manifest_sha256, row.stage) for row in rows))
    return cache.once(
        key,
        "Comparing",
        lambda run: cache.desk().compare([row.model_id for row in rows], run, label=sidebar.model_name),
    )


def line(found: Any) -> None:
    """Draw what the comparison rests on."""
    c = found.comparison
    sample = found.rows.words
    frame.line(
        words.text(sample[:1].upper() + sample[1:]),
        words.counted(c.n, "row"),
        words.counted(c.n_bad, "bad"),
        f"data {found.rows.dataset_sha256[:8]}, rows {found.rows.positions_sha256[:8]}",
    )
    for note in found.rows.notes:
        with frame.rule("note", "rows"):
            st.markdown(words.text(note))


@st.fragment
def draw(context: Context, found: Any) -> None:
    """Draw verdict, curves and table; moving the approval rate draws only this anew."""
    left, right = st.columns([3, 2], vertical_alignment="center", gap="large")
    with right:
        share = st.slider("Share each model approves", 5, 95, 70, 5, format="%d%%", key="approval") / 100
    at = found.comparison.at(share)
    with left, frame.rule("good", "verdict"):
        st.markdown(f"**{words.text(found.comparison.verdict_at(at))}**")
    left, right = st.columns([5, 6], gap="medium")
    with left:
        compare_details.curves(found, at)
    with right:
        compare_table.draw(found, at)
        _actions(context, found)
        _tests(found)
    elsewhere.comparison(list(found.models.values()), share)


def _tests(found: Any) -> None:
    """Draw whether each difference is more than noise, those with the reference first."""
    from workbench.evaluation import format_difference, format_p

    c = found.comparison
    st.subheader("Is the difference more than noise?", anchor=False)
    others = [name for name in c.names if name != c.reference]
    pairs = [(c.reference, b) for b in others]
    pairs += [(a, b) for i, a in enumerate(others) for b in others[i + 1 :]]
    lines = [c.pair(a, b) for a, b in pairs]
    shown = pd.DataFrame(
        [
            {
                "pair": f"{t['b']} less {t['a']}",
                "difference": format_difference(t["difference"]),
                "interval": f"{format_difference(t['low'])} to {format_difference(t['high'])}",
                "p": format_p(t["p_adjusted"]).removeprefix("p "),
                "beyond": "yes" if t["beyond_noise"] else "no",
            }
            for t in lines
        ]
    )
    tables.show(
        shown,
        "auc_tests",
        {
            "pair": st.column_config.TextColumn("Pair", width=270),
            "difference": st.column_config.TextColumn("AUC", width=50),
            "interval": st.column_config.TextColumn("95% interval", width=95),
            "p": st.column_config.TextColumn("p" if len(c.tests) == 1 else "p, adjusted", width=75),
            "beyond": st.column_config.TextColumn("Beyond noise", width=90),
        },
        whole=c.tests,
        most=190,
        note=c.note(),
    )


def _actions(context: Context, found: Any) -> None:
    """Draw what may be done with one of the models."""
    rows = {row.model_id: row for row in found.models.values()}
    c = found.comparison
    best = found.models[max(c.names, key=lambda name: c.evaluations[name].value("auc"))]
    options = list(rows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "With",
            options,
            options.index(best.model_id),
            format_func=lambda m: f"{sidebar.model_name(rows[m])}, {rows[m].stage}",
            key="act_on",
            width=230,
        )
        row = rows[picked]
        if row.stage in ("trained", "retired") and row.gate.get("passed"):
            stages.move(row, "Choose as candidate", "candidate", "candidate", "flag")
        stages.promote(row)
        stages.roll_back(row.portfolio)
