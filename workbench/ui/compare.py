"""The page Compare: models on the same rows, what tells them apart, and which to take on."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui import cache, compare_details, frame, session, sidebar, tables, words
from workbench.ui.session import Context

MOST = 6
OPEN_STAGES = ("champion", "candidate", "trained")
BESIDE = {
    "auc": "AUC",
    "gini": "Gini",
    "ks": "KS",
    "bad_rate_approved": "Bad rate at {approval} approved",
    "brier": "Brier",
    "calibration_slope": "Calibration slope",
}
BOLD = {"auc": "best_auc", "gini": "best_auc", "ks": "best_ks", "bad_rate_approved": "best_bad_rate_approved"}


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
    asked = [m for m in st.query_params.get(session.MODELS, "").split(",") if m in by_id]
    picked = st.multiselect(
        "Models on the same rows",
        list(by_id),
        asked or first,
        format_func=lambda m: f"{sidebar.model_name(by_id[m])}, {by_id[m].stage}",
        max_selections=MOST,
        key="compared",
    )
    if picked:
        st.query_params[session.MODELS] = ",".join(picked)
    if len(picked) < 2:
        st.info("Choose at least two models.", icon=":material/info:")
        frame.end()
    return tuple(by_id[m] for m in picked)


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
    left, right = st.columns([1, 1], gap="large")
    with left:
        compare_details.curves(found, at)
    with right:
        _table(found, at)
        _tests(found)
        _actions(context, found)


def _table(found: Any, at: Any) -> None:
    """Draw models and baselines; bold stands only where the lead is beyond noise."""
    c = found.comparison
    st.subheader("Same rows, same approval rate", anchor=False)
    lines = beside(c, at, found)
    share = f"{at.approval:.0%}"
    columns = {name: title.format(approval=share) for name, title in BESIDE.items()}
    heads = ["Model", *columns.values(), "One row", "Size"]
    st.html(_html(heads, lines), width="stretch")
    whole = c.models.assign(
        bytes=c.models["model"].map(found.sizes), one_row_seconds=c.models["model"].map(found.one_row)
    )
    tables.downloads(
        whole, "compared_models", "95% intervals; bold where the lead over every other is beyond noise"
    )


def beside(c: Any, at: Any, found: Any) -> list[list[tuple[str, str, bool]]]:
    """Return the table's cells, each a figure, its interval and whether it is bold."""
    from workbench.evaluation import bad_rate_at, format_figure, leads

    rates = at.models.set_index("model")
    lines = []
    for row in c.models.to_dict("records"):
        name = row["model"]
        tested = name in c.names
        if tested:
            rate = rates.loc[name]
            row |= {
                "bad_rate_approved": rate["bad_rate"],
                "best_bad_rate_approved": leads(name, at.tests, -1),
            }
            row |= {"bad_rate_approved_low": rate["low"], "bad_rate_approved_high": rate["high"]}
        else:
            row["bad_rate_approved"] = bad_rate_at(c.evaluations[name], at.approval)
        cells = [(name, "" if tested else "baseline", False)]
        for metric in BESIDE:
            low, high = row[f"{metric}_low"], row[f"{metric}_high"]
            between = "" if low != low else f"{format_figure(metric, low)} to {format_figure(metric, high)}"
            mark = bool(row.get(BOLD.get(metric, ""), False))
            cells.append((format_figure(metric, row[metric]), between, mark))
        seconds, size = found.one_row.get(name), found.sizes.get(name)
        cells.append(("" if seconds is None else f"{1e3 * seconds:.1f} ms", "", False))
        cells.append(("" if size is None else words.size(size), "", False))
        lines.append(cells)
    return lines


def _html(heads: list[str], lines: list[list[tuple[str, str, bool]]]) -> str:
    from html import escape

    def cell(figure: str, below: str, bold: bool) -> str:
        text = f"<b>{escape(figure)}</b>" if bold else escape(figure)
        return f"<td>{text}" + (f"<small>{escape(below)}</small>" if below else "") + "</td>"

    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(cell(*c) for c in cells) + "</tr>" for cells in lines)
    return f'<table class="beside"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _tests(found: Any) -> None:
    """Draw whether each difference is more than noise."""
    from workbench.evaluation import format_difference, format_p

    c = found.comparison
    st.subheader("Is the difference more than noise?", anchor=False)
    shown = pd.DataFrame(
        [
            {
                "pair": f"{t['b']} less {t['a']}",
                "difference": format_difference(t["difference"]),
                "interval": f"{format_difference(t['low'])} to {format_difference(t['high'])}",
                "p": format_p(t["p_adjusted"]).removeprefix("p "),
                "beyond": "yes" if t["beyond_noise"] else "no",
            }
            for t in c.tests.to_dict("records")
        ]
    )
    tables.show(
        shown,
        "auc_tests",
        {
            "pair": st.column_config.TextColumn("Pair", width="medium"),
            "difference": "AUC",
            "interval": "95% interval",
            "p": "p" if len(c.tests) == 1 else "p, adjusted",
            "beyond": "Beyond noise",
        },
        whole=c.tests,
        most=190,
        note=c.note(),
    )


def _actions(context: Context, found: Any) -> None:
    """Draw what may be done with one of the models."""
    rows = {row.model_id: row for row in found.models.values()}
    best = found.models[found.comparison.best]
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
        with st.popover(
            "Choose as candidate",
            icon=":material/flag:",
            disabled=row.stage not in ("trained", "retired") or not row.gate.get("passed"),
        ):
            why = st.text_input("Why", key="candidate_why")
            if st.button("Choose as candidate", key="candidate", type="primary"):
                _candidate(row, why.strip())
        with st.popover(
            "Promote",
            icon=":material/star:",
            type="primary",
            disabled=row.stage not in ("trained", "candidate") or not row.gate.get("passed"),
        ):
            _promotion(row)


def _candidate(row: Any, why: str) -> None:
    with frame.errors():
        desk = cache.desk()
        desk.registry.candidate(row.model_id, who=desk.who, when=desk.now(), why=why)
        session.notify(f"{row.model_id} is a candidate.")
        st.rerun()


def _promotion(row: Any) -> None:
    st.markdown(
        f"**{words.text(row.model_id)}** becomes champion if it beats the present one beyond noise on the "
        "rows held out from both."
    )
    why = st.text_input("Why", key="promote_why", placeholder="Better on the out-of-time sample")
    force = st.checkbox("Even if it is not better than the champion", key="promote_force")
    if st.button("Promote", type="primary", key="promote"):
        with frame.errors():
            cache.desk().promote(row.model_id, force=force, why=why.strip())
            session.notify(f"{row.model_id} is champion.")
            st.rerun()
