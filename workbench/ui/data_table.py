"""The table of columns: role, kind, how it is written, special codes; edited in place or in bulk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from workbench import portfolio as portfolios
from workbench import proposal as proposing
from workbench.dataset.dates import form_words
from workbench.portfolio import Outcome, Portfolio, Reading
from workbench.ui import cache, session, spool, tables, words

ROLES = ("characteristic", "outcome", "row key", "date", "weight", "group", "protected", "leave out")
KINDS = ("number", "category", "flag", "date")
TAGS = ("amount", "segment", "protected", "age")
AS_IT_IS = "as it is"
FORMATS = {"plain": "plain", "percent": "10.65%", "amount": "$1,234.50", "with_unit": "36 months"}
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%b-%y",
    "%b-%Y",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
)
EDITED = ["role", "kind", "written", "special", "tags"]
CARRIED = (
    "title",
    "group",
    "unit",
    "low",
    "high",
    "attributes",
    "missing",
    "fill",
    "monotone",
    "bands",
    "reference",
    "reason",
    "note",
)
ROW = 33


def proposed(
    upload: spool.Upload, table: Any, outcome: Outcome | None, named: Any, base: Portfolio | None
) -> Any:
    """Return the proposal for a table, made anew when the outcome changes."""
    bad = (outcome.column, outcome.bad) if outcome else None
    others = (outcome.good, outcome.indeterminate) if outcome else ((), ())
    kind = named.kind if named else "application"
    return cache.once(
        (
            "proposal",
            upload.sha256,
            table.source.encoding,
            table.source.decimal,
            table.source.delimiter,
            bad,
            others,
            kind,
        ),
        "Looking at each column",
        lambda run: cache.desk().propose(
            table,
            named.name if named else "portfolio",
            bad,
            kind,
            good=others[0],
            indeterminate=others[1],
        ),
    )


def edit(
    upload: spool.Upload, table: Any, proposal: Any, base: Portfolio | None, outcome: Any
) -> pd.DataFrame:
    """Draw the editor and the bar for several columns at once; returns the rows as they stand."""
    about = (
        upload.sha256,
        base.identity if base else "",
        outcome.column if outcome else "",
        outcome.bad if outcome else (),
    )
    state = session.kept(session.ROLES, {})
    if state.get("about") != about:
        state.update(about=about, base=_rows(proposal, base), revision=state.get("revision", 0) + 1)
    elif f"roles_{state['revision']}" not in st.session_state and "now" in state:
        # the editor's changes are gone when another page was looked at; go on from the rows it showed last
        state.update(base=state["now"], revision=state["revision"] + 1)
    rows = state["base"]
    if base is None and outcome is not None:
        for question in proposal.questions:  # what only the analyst can answer
            st.markdown(f":orange[:material/help:] {words.text(question)}")
    bulk, place = st.container(), st.container()
    now = _editor(rows, f"roles_{state['revision']}", place)
    state["now"] = now
    with bulk:
        _bulk(state, now)
    if base is None:
        _reasons(proposal, now)
    return now


def _rows(proposal: Any, base: Portfolio | None) -> pd.DataFrame:
    """Return one row a column, as the editor shows it."""
    rows = []
    for guess in proposal.guesses:
        declared = _declared(guess, base) if base else guess
        rows.append(
            {
                "column": guess.column,
                "role": declared.role,
                "kind": declared.kind,
                "written": _written(declared),
                "missing": guess.missing,
                "distinct": guess.distinct,
                "examples": ", ".join(guess.examples[:3]),
                "shape": list(guess.histogram),
                "special": ", ".join(declared.special),
                "tags": ", ".join(declared.tags),
                "why": "" if base else "; ".join(guess.reasons),
            }
        )
    order = {role: i for i, role in enumerate(("outcome", "row key", "date", "weight", "group"))}
    rows.sort(key=lambda row: order.get(row["role"], len(order)))
    return pd.DataFrame(rows)


def _declared(guess: Any, base: Portfolio) -> Any:
    """Return a guess with what a portfolio declares of its column."""
    role = base.role(guess.column)
    if role not in ("characteristic", "protected"):
        return replace(
            guess,
            role=role or "leave out",
            date_format=base.date_format if role == "date" else guess.date_format,
        )
    one = base.characteristic(guess.column)
    return replace(
        guess,
        role=role,
        kind=one.kind,
        format=one.format,
        date_format=one.date_format,
        tags=one.tags,
        special=tuple(s.value for s in one.special),
    )


def _written(guess: Any) -> str:
    if guess.kind == "date":
        return guess.date_format or AS_IT_IS
    return FORMATS.get(guess.format, "plain") if guess.kind == "number" else AS_IT_IS


def _editor(rows: pd.DataFrame, key: str, place: Any) -> pd.DataFrame:
    dates = [w for w in rows["written"].unique() if w not in (AS_IT_IS, *FORMATS.values(), *DATE_FORMATS)]
    written = [AS_IT_IS, *FORMATS.values(), *DATE_FORMATS, *dates]
    column = st.column_config
    longest = max(map(len, rows["column"]))
    config = {
        "column": column.TextColumn("Column", width=min(max(8 * longest, 100), 195)),
        "role": column.SelectboxColumn("Role", options=ROLES, required=True, width=108),
        "kind": column.SelectboxColumn("Kind", options=KINDS, required=True, width=80),
        "written": column.SelectboxColumn(
            "Written as", options=written, required=True, width=92, format_func=form_words
        ),
        "missing": column.NumberColumn("Missing", format="percent", width=62),
        "distinct": column.NumberColumn("Values", format="localized", width=60),
        "examples": column.TextColumn("Examples", width=165),
        "shape": column.BarChartColumn("Shape", width=72, y_min=0, color="blue"),
        "special": column.TextColumn("Special", width=68, help="Codes that are no quantity, such as 999"),
        "tags": column.TextColumn("Tags", width=74, help=", ".join(TAGS)),
    }
    with place:
        return st.data_editor(
            rows,
            key=key,
            hide_index=True,
            column_config=config,
            column_order=list(config),
            row_height=ROW,
            disabled=[name for name in rows.columns if name not in EDITED],
            height=min(ROW * (len(rows) + 1) + 3, 430),
        )


def _reasons(proposal: Any, now: pd.DataFrame) -> None:
    """Draw why each column was guessed as it is."""
    with st.expander("Why each column was guessed so"):
        tables.show(
            now[["column", "role", "why"]],
            "guesses",
            {
                "column": st.column_config.TextColumn("Column", width=200),
                "role": st.column_config.TextColumn("Role", width=120),
                "why": st.column_config.TextColumn("Guessed because", width=700),
            },
            note="Saving confirms the guesses",
        )


def _bulk(state: dict[str, Any], now: pd.DataFrame) -> None:
    """Draw the bar that gives one role to several columns."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="bulk"):
        columns = st.multiselect(
            "Columns",
            list(now["column"]),
            key=f"bulk_columns_{state['revision']}",
            placeholder="Several columns at once",
            label_visibility="collapsed",
            width=420,
        )
        role = st.selectbox(
            "Role", ROLES, ROLES.index("leave out"), key="bulk_role", width=170, label_visibility="collapsed"
        )
        if st.button("Set role", key="set_role") and columns:
            rows = now.copy()
            rows.loc[rows["column"].isin(columns), "role"] = role
            state.update(base=rows, revision=state["revision"] + 1)
            st.rerun()
        tables.downloads(now.drop(columns="shape"), "columns", words.counted(len(now), "column"))


def portfolio_of(
    named: Any, outcome: Outcome, proposal: Any, rows: pd.DataFrame, base: Portfolio | None, source: Any
) -> Portfolio:
    """Return the portfolio that the edited rows declare; what `base` knows of a column is carried over."""
    guesses = {guess.column: guess for guess in proposal.guesses}
    roles = []
    for row in rows.to_dict("records"):
        kind, written = row["kind"], row["written"] or AS_IT_IS
        roles.append(
            replace(
                guesses[row["column"]],
                role="outcome" if row["column"] == outcome.column else row["role"],
                kind=kind,
                format={v: k for k, v in FORMATS.items()}.get(written, "plain")
                if kind == "number"
                else "plain",
                date_format=_date_format(row, written),
                special=_split(row["special"]),
                tags=_split(row["tags"]),
            )
        )
    version = base.version if base else 1
    reading = proposal.portfolio.reading if proposal.portfolio else reading_of(source)
    made = proposing.build_portfolio(
        named.name, named.title, named.kind, roles, outcome, version, reading=reading
    )
    return made if base is None else _carried(made, base)


def reading_of(source: Any) -> Reading:
    """Return how a file was written, so that the next one of its kind need not be asked about again."""
    if source.form != "csv":
        return Reading()
    return Reading(
        delimiter="" if source.delimiter == "," else source.delimiter,
        decimal="," if source.decimal == "," else "",
        encoding="" if source.encoding == "utf-8" else source.encoding,
    )


def _date_format(row: dict[str, Any], written: str) -> str:
    is_date = row["kind"] == "date" or row["role"] == "date"
    return written if is_date and "%" in written and written not in FORMATS.values() else ""


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _carried(made: Portfolio, base: Portfolio) -> Portfolio:
    """Return `made` with everything `base` declares and the editor does not show."""
    old, new = base.to_json(), made.to_json()
    known = {one["name"]: one for key in ("characteristics", "protected") for one in old[key]}
    order = {name: i for i, name in enumerate(known)}
    for key in ("characteristics", "protected"):
        for one in new[key]:
            before = known.get(one["name"])
            if before is None or before["kind"] != one["kind"]:
                continue
            one.update({name: before[name] for name in CARRIED})
            labels = {s["value"]: s["label"] for s in before["special"]}
            one["special"] = [
                {"value": s["value"], "label": labels.get(s["value"], "")} for s in one["special"]
            ]
            one["tags"] = before["tags"] if set(before["tags"]) == set(one["tags"]) else one["tags"]
        new[key].sort(key=lambda one: order.get(one["name"], len(order)))
    for name in (
        "description",
        "currency",
        "reading",
        "requirements",
        "sampling",
        "families",
        "family_parameters",
        "calibration",
        "weights",
        "points",
    ):
        new[name] = old[name]
    if set(new["left_out"]) == set(old["left_out"]):
        new["left_out"] = old["left_out"]
    if not new["date_format"] or new["date"] == old["date"]:
        new["date_format"] = new["date_format"] or old["date_format"]
    carried = portfolios.from_values(new, base.identity)
    return carried.model_copy(update={"reasons": base.reasons.fitting(carried.characteristics)})


def differences(old: Portfolio, new: Portfolio) -> list[str]:
    """Return what changes from one version to the next, a sentence each."""
    return list(proposing.difference(old, new))
