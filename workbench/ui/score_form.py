"""The form of Score: one applicant's values, filled in from the file or typed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import streamlit as st

from workbench.errors import MissingError
from workbench.ui import cache, session, words

A_ROW = 3
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2100, 12, 31)


def shown_fields(scorer: Any) -> tuple[tuple[Any, ...], set[str]]:
    """Return the fields as people type them, and the names of those typed in percent."""
    percents = {c.name for c in scorer.model.portfolio.characteristics if c.format == "percent"}
    fields = []
    for field in scorer.fields():
        if field.name in percents:
            low, high, typical = (scaled(v, 100) for v in (field.usual_low, field.usual_high, field.typical))
            field = replace(field, unit="%", usual_low=low, usual_high=high, typical=typical)
        fields.append(field)
    return tuple(fields), percents & {field.name for field in fields}


def scaled(value: float | None, factor: float) -> float | None:
    """Return a number times `factor`, without the noise of binary fractions; None stays None.

    Examples
    --------
    >>> scaled(0.1183, 100), scaled(11.83, 0.01), scaled(None, 100)
    (11.83, 0.1183, None)
    """
    return None if value is None else round(float(value) * factor, 10)


def unscaled(values: dict[str, Any], percents: set[str]) -> dict[str, Any]:
    """Return what was typed as the scorer reads it: percentages as shares."""
    return values | {name: scaled(values[name], 0.01) for name in percents}


def key_of(model_id: str, name: str) -> str:
    """Return the key of a field's widget."""
    return f"in_{model_id}_{name}"


def prefill(row: Any, fields: tuple[Any, ...], percents: set[str]) -> tuple[str, bool]:
    """Put an applicant of the file, or the typical one, into the form, before its fields are drawn.

    Returns why there is no such applicant, or "", and whether the form was filled in anew. What was typed
    stays where there is none, and when another page was looked at in between.
    """
    state = st.session_state
    asked = st.query_params.get(session.ROW, "")
    done = session.kept(session.PREFILLED, {})
    values = {field.name: field.typical for field in fields}
    problem = ""
    # the place of the bar while data are loaded stays: were the fields to move up a place once it is gone,
    # the browser would make them anew, and a hasty click could leave some that say "missing"
    place = st.container()
    fresh = done.get(row.model_id) != asked
    if asked and fresh:
        try:
            with place:
                found = applicant(row, asked)
            values |= found | {name: scaled(found[name], 100) for name in percents}
        except MissingError as error:
            said = error.problems[0].what
            problem, fresh = f"{said[:1].upper()}{said[1:]}.", False
    typed = {} if fresh else session.kept(session.TYPED, {}).get(row.model_id, {})
    for field in fields:
        key = key_of(row.model_id, field.name)
        if fresh or key not in state:
            state[key] = typed[field.name] if field.name in typed else _typed(field, values[field.name])
    if not problem:
        done[row.model_id] = asked
    _who(row, asked, problem)
    return problem, fresh


def _who(row: Any, asked: str, problem: str) -> None:
    """Draw whose values stand in the form, and the two ways to fill it in."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            f"Fill in from the file, by {words.text(row_key_title(row))}",
            asked,
            key=f"row_{row.model_id}_{asked}",
            width=230,
            placeholder="Typical applicant",
            on_change=_asked,
            args=(f"row_{row.model_id}_{asked}", row.model_id),
        )
        st.button(
            "Typical applicant",
            icon=":material/person:",
            key="typical",
            on_click=_typical,
            args=(row.model_id,),
        )
        if asked and not problem:
            st.caption(words.text(f"Applicant {asked} of the file"))


def _asked(key: str, model_id: str) -> None:
    _show_row(st.session_state[key].strip(), model_id)


def _typical(model_id: str) -> None:
    _show_row("", model_id)


def _show_row(asked: str, model_id: str) -> None:
    st.session_state[session.PREFILLED].pop(model_id, None)
    if asked:
        st.query_params[session.ROW] = asked
    else:
        st.query_params.pop(session.ROW, None)


def row_key_title(row: Any) -> str:
    """Return what an applicant of the file is called by."""
    portfolio = cache.portfolio(f"{row.portfolio}@{row.portfolio_version}")
    return portfolio.row_key if portfolio and portfolio.row_key else "row number"


def applicant(row: Any, asked: str) -> dict[str, Any]:
    """Return the values of the applicant the file calls `asked`.

    Raises
    ------
    MissingError
        ``NO_ROW`` where no kept row of the model's data has this key.
    """
    data = cache.dataset(row.dataset_sha256, f"{row.portfolio}@{row.portfolio_version}")
    at = (data.row_key.astype(str) == asked).to_numpy().nonzero()[0]
    if not len(at):
        raise MissingError(
            "NO_ROW", f"no kept row of {data.source.name} has the key {asked}", remedy="Give another key."
        )
    found = data.frame.iloc[int(at[0])].to_dict()
    if data.date is not None:
        # other dates are counted back from the applicant's own application date, not from the last one seen
        found[data.portfolio.date] = data.date.iloc[int(at[0])]
    return {name: None if value != value else value for name, value in found.items()}


def _typed(field: Any, value: Any) -> Any:
    """Return a value as its widget holds it."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if field.choices:
        return str(value)
    if field.kind == "date":
        return dt.date.fromisoformat(str(value)[:10])
    return float(value)


def draw(model_id: str, fields: tuple[Any, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the fields by group; returns the values, and the place of each field's hint."""
    values: dict[str, Any] = {}
    hints: dict[str, Any] = {}
    for group, members in groupby(sorted(fields, key=_group_order(fields)), key=lambda f: f.group):
        some_fields = list(members)
        unit = _shared_unit(some_fields)
        if group or len({f.group for f in fields}) > 1:
            said = words.text(group or "Other") + (f" :gray[{words.text(unit)}]" if unit else "")
            st.subheader(said, anchor=False)
        for some in _in_rows(some_fields):
            # a row of its own for each few fields: Tab then goes along the row
            for column, field in zip(st.columns(A_ROW, gap="small"), some, strict=False):
                with column.container(gap=None):
                    values[field.name] = _widget(model_id, field, bool(unit and group))
                    hints[field.name] = st.container(key=f"hint_{field.name}").empty()
                    hints[field.name].caption(_usual(field) or " ")
    return values, hints


def _shared_unit(members: list[Any]) -> str:
    """Return the unit that all fields of a group have, or ""; it is then said once."""
    units = {field.unit for field in members}
    return units.pop() if len(units) == 1 and len(members) > 1 else ""


def _group_order(fields: tuple[Any, ...]) -> Any:
    order = {group: i for i, group in enumerate(dict.fromkeys(field.group for field in fields))}
    return lambda field: order[field.group]


def _in_rows(members: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(members), A_ROW):
        yield members[start : start + A_ROW]


def _widget(model_id: str, field: Any, unit_said: bool) -> Any:
    """Draw one field; returns its value as the scorer reads it, None where missing."""
    key = key_of(model_id, field.name)
    label = words.text(f"{field.title} ({field.unit})" if field.unit and not unit_said else field.title)
    help_text = words.text(field.note) or None
    if field.choices:
        labels = dict(field.choices)
        options = list(labels)
        held = st.session_state.get(key)
        if held is not None and held not in labels:
            options.append(held)
        return st.selectbox(
            label,
            options,
            format_func=lambda v: labels.get(v) or v,
            key=key,
            help=help_text,
            placeholder="missing",
            index=None,
            required=False,
            accept_new_options=True,
        )
    if field.kind == "date":
        picked = st.date_input(label, None, EARLIEST, LATEST, key=key, help=help_text, format="YYYY-MM-DD")
        return picked.isoformat() if picked else None
    return st.number_input(
        label, value=None, step=_step(field), format="%.10g", key=key, help=help_text, placeholder="missing"
    )


def _step(field: Any) -> float:
    """Return the step of the plus and minus of a number: about a twentieth of its usual range."""
    low, high = field.usual_low, field.usual_high
    if low is None or high is None or not high > low:
        return 1.0
    return float(10.0 ** math.floor(math.log10((high - low) / 10)))


def _usual(field: Any) -> str:
    if field.usual_low is None or field.usual_high is None:
        return ""
    return f"usual {words.quantity(field.usual_low)} to {words.quantity(field.usual_high)}"


def filled_in(model_id: str) -> dict[str, Any] | None:
    """Return the values the form was last filled in with, as the scorer reads them."""
    return session.kept(session.FILLED, {}).get(model_id)


def slider(model_id: str, field: Any) -> None:
    """Draw a slider over a number's usual range that changes the field of the form."""
    held = st.session_state.get(key_of(model_id, field.name))
    low, high = field.usual_low, field.usual_high
    if field.choices or field.kind == "date" or held is None or low is None or high is None:
        return
    step = _step(field) / 10
    # from a round number on, so that every place of the slider is one
    low = math.floor(min(low, held) / step + 1e-9) * step
    high = math.ceil(max(high, held) / step - 1e-9) * step
    if not high > low:
        return
    key = f"slide_{model_id}_{field.name}"
    st.session_state[key] = float(held)
    st.slider(
        words.text(f"{field.title} ({field.unit})" if field.unit else field.title),
        float(low), float(high), step=step, key=key, label_visibility="collapsed",
        format="%.6g", on_change=_slid, args=(key, key_of(model_id, field.name)),
    )  # fmt: skip


def _slid(key: str, field: str) -> None:
    st.session_state[field] = st.session_state[key]
