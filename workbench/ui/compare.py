"""The page Compare: models on the same rows, what tells them apart, and which to take on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from workbench.desk import comparing
from workbench.errors import InputError
from workbench.ui import (
    cache,
    compare_details,
    compare_table,
    data_fixes,
    elsewhere,
    frame,
    segment,
    session,
    sidebar,
    spool,
    stages,
    tables,
    words,
)
from workbench.ui.session import Context

MOST = 6
READ_BACK = 500
"""Lines of a portfolio's trail that are searched for the files read."""
ACTED_ON = "_acted_on"
"""The version that was chosen to act on: it stays chosen when a promotion renames the choices."""
OPEN_STAGES = ("champion", "candidate", "trained")


def models_of(context: Context) -> list[Any]:
    """Return the versions that can be compared, or draw what is missing and end the page."""
    name = session.name_of(context.portfolio)
    every = cache.desk().registry.models(name or None)
    portfolio = name or _first_with_two([row.portfolio for row in every])
    rows = [row for row in every if row.portfolio == portfolio]
    if len(rows) < 2:
        why = "Two trained models of one portfolio are compared here, on the rows held out from both."
        told = "No models yet" if not rows else "Only one model yet"
        frame.empty(told, why, sidebar.TRAIN, "Go to Train", "model_training", context.query())
    return rows


def _first_with_two(portfolios: list[str]) -> str:
    """Return the first portfolio with two models, else the first; "" where there is none.

    Examples
    --------
    >>> _first_with_two(["cards", "loans", "loans"])
    'loans'
    """
    return next((p for p in portfolios if portfolios.count(p) > 1), portfolios[0] if portfolios else "")


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
        key=f"compared_{rows[0].portfolio}_{sidebar.stages(rows)}",
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
    """Say in one place which models of the address are not compared, those of one portfolio together."""
    together: dict[str, list[str]] = {}
    for model_id in ids:
        row = cache.model_row(model_id)
        together.setdefault("" if row is None else row.portfolio, []).append(model_id)
    said = [_why_left_out(models, of, portfolio) for of, models in together.items()]
    if said:
        st.warning("  \n".join(said), icon=":material/warning:")


def _why_left_out(models: list[str], of: str, portfolio: str) -> str:
    """Return why models are left out: those of another portfolio, or of none that is kept."""
    named, one = ", ".join(f"**{words.text(model_id)}**" for model_id in models), len(models) == 1
    if not of:
        kept = "No such version is kept here." if one else "No such versions are kept here."
        return f"{named} {'is' if one else 'are'} left out. {kept}"
    why = f"{'It is' if one else 'They are'} of the portfolio {of}; only models of one are compared, here"
    return f"{named} {'is' if one else 'are'} left out. {words.text(f'{why} {portfolio}.')}"


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


def choose_rows(rows: tuple[Any, ...]) -> spool.Upload | None:
    """Draw the choice of rows; return the file whose labelled rows to take, None for those held out."""
    files = files_of(rows[0].portfolio)
    if not files:
        return None
    choices = ["", *files]
    asked = st.query_params.get(session.ON, "")
    picked = st.selectbox(
        "Rows",
        choices,
        choices.index(asked) if asked in files else 0,
        format_func=lambda key: f"labelled rows of {files[key].name}" if key else "held out from all of them",
        key=f"compare_rows_{rows[0].portfolio}",
        width=420,
        help="Of a file that was checked before, rows that one of the models was developed on are left out.",
    )
    if picked:
        st.query_params[session.ON] = picked
    elif session.ON in st.query_params:
        del st.query_params[session.ON]
    return files.get(picked)


def files_of(portfolio: str) -> dict[str, spool.Upload]:
    """Return the files that were read for a portfolio and still lie here, by their key, newest first."""
    desk = cache.desk()
    read = [line for line in desk.registry.trail(portfolio, READ_BACK) if line.action == "data kept"]
    digests = dict.fromkeys(line.detail["file_sha256"] for line in read if line.detail.get("file_sha256"))
    found = [spool.of_digest(desk.settings.home, digest) for digest in digests]
    return {one.key: one for one in found if one is not None}


def compared(rows: tuple[Any, ...], file: spool.Upload | None) -> Any:
    """Return the comparison, computed once for these versions and rows."""
    key = ("compared", *((row.model_id, row.manifest_sha256, row.stage) for row in rows))
    ids = [row.model_id for row in rows]
    if file is not None:
        options = data_fixes.options_of(file)
        found = cache.once(
            (*key, file.sha256, options),
            f"Comparing on {file.name}",
            lambda run: cache.desk().compare(ids, run, Path(file.path), options, sidebar.model_name),
        )
        told = replace(found.rows, words=f"labelled rows of {file.name}")  # the path is the workbench's own
        return replace(found, rows=told)
    try:
        with frame.chart_ahead():
            return cache.once(
                key, "Comparing", lambda run: cache.desk().compare(ids, run, label=sidebar.model_name)
            )
    except InputError as error:
        if error.code != "DIFFERENT_ROWS":
            raise
        frame.show_error(error)
        st.info(
            "On this page such data are chosen above, under Rows."
            if files_of(rows[0].portfolio)
            else "To do so: bring such a file on Data, check it under this portfolio, and choose it here.",
            icon=":material/info:",
        )
        frame.end()


def narrowed(context: Context, found: Any) -> tuple[Any, Callable[[], None]]:
    """Draw the segment bar; return the comparison on the rows of the segment, and what draws suggestions.

    All rows can be compared without reading them again: what the bar offers of them comes last.
    """
    row, rows = next(iter(found.models.values())), found.rows
    of = session.changed(context, portfolio=context.portfolio or f"{row.portfolio}@{row.portfolio_version}")
    where = (
        rows.dataset_sha256,
        rows.positions_sha256,
        *((m.model_id, m.stage) for m in found.models.values()),
    )

    def read() -> pd.DataFrame:
        return cache.once(("rows", *where[:2]), "Reading the rows", lambda run: rows.frame)

    picked, offer = segment.choose_before(of, read, rows.bad)
    if picked:
        key = ("compared", *where, picked)
        found = cache.once(key, "Comparing", lambda run: comparing.narrowed(found, picked, run))
    return found, offer


def line(found: Any) -> None:
    """Draw what the comparison rests on."""
    c = found.comparison
    sample = found.rows.words
    frame.line(
        words.text(cache.portfolio_title(next(iter(found.models.values())))),
        words.text(sample[:1].upper() + sample[1:]),
        words.counted(c.n, "row"),
        words.counted(c.n_bad, "bad"),
        f"reference: {words.text(c.reference)}, {c.role}",
        f"data {found.rows.dataset_sha256[:8]}, rows {found.rows.positions_sha256[:8]}",
    )
    for i, note in enumerate(found.rows.notes):
        with frame.rule("note", f"rows_{i}"):
            st.markdown(words.text(note))


@st.fragment
def draw(context: Context, found: Any, file: spool.Upload | None) -> None:
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
    elsewhere.comparison(list(found.models.values()), share, file.path if file else "", found.rows.inside)


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
            "interval": st.column_config.TextColumn(
                "95% interval" if len(c.tests) == 1 else "95%, all pairs", width=95
            ),
            "p": st.column_config.TextColumn("p" if len(c.tests) == 1 else "p, adjusted", width=75),
            "beyond": st.column_config.TextColumn("Beyond noise", width=90),
        },
        whole=c.tests,
        most=410,
        note=c.note(),
    )


def _actions(context: Context, found: Any) -> None:
    """Draw what may be done with one of the models."""
    rows = {row.model_id: row for row in found.models.values()}
    c = found.comparison
    best = found.models[max(c.names, key=lambda name: c.evaluations[name].value("auc"))]
    options = list(rows)
    asked = st.session_state.get(ACTED_ON, "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "With",
            options,
            options.index(asked if asked in rows else best.model_id),
            format_func=lambda m: f"{sidebar.model_name(rows[m])}, {rows[m].stage}",
            key=f"act_on_{sidebar.stages(rows.values())}",
            width=230,
        )
        st.session_state[ACTED_ON] = picked
        row = rows[picked]
        if row.stage in ("trained", "retired") and row.gate.get("passed"):
            stages.move(row, "Choose as candidate", "candidate", "candidate", "flag")
        stages.promote(row)
        stages.roll_back(row.portfolio)
