"""Running a report: a form made from the parameters that its notebook declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from workbench import reports as room
from workbench.ui import cache, frame, session, sidebar, words
from workbench.ui.session import Context

MOST_MODELS = 6
Choices = dict[str, str]


def draw(context: Context, opened: Any) -> None:
    """Draw the fold that runs a report, filled in as the opened one was."""
    label = "Run a report" if opened is None else "Run again with other parameters, or run another report"
    # with the opened report in its key the fold closes when another is opened, so that one is seen at once
    key = f"run_report_{opened.key if opened else ''}"
    with st.expander(label, icon=":material/play_circle:", key=key):
        st.fragment(_form)(opened)


def _form(opened: Any) -> None:
    names = room.names()
    name = st.selectbox(
        "Report",
        names,
        names.index(opened.name) if opened is not None and opened.name in names else 0,
        format_func=lambda n: f"{room.title_of(room.path_of(n))}: {room.question_of(room.path_of(n))}",
        key=f"report_name_{opened.key if opened else ''}",
        width=640,
    )
    before = dict(opened.parameters) if opened is not None and opened.name == name else {}
    declared = _declared(name)
    gone = [given for given in before if given not in declared]
    if gone:
        st.caption(f"The notebook has no parameter {words.listed(gone)} any more: left out.")
    key = f"{name}_{opened.key if opened else ''}"
    with st.form(f"ask_{key}", border=False):
        typed = {}
        for pair in _pairs(list(declared.values())):
            for column, parameter in zip(st.columns(2, gap="medium"), pair, strict=False):
                with column:
                    value = before.get(parameter.name, parameter.default)
                    typed[parameter.name] = _ask(parameter, value, f"given_{key}_{parameter.name}")
        go = st.form_submit_button(
            "Run the report", icon=":material/play_arrow:", type="primary", key=f"run_{key}"
        )
    if go:
        with frame.errors():
            changed = {n: v for n, v in typed.items() if v != declared[n].default}
            start(name, room.checked(declared, changed), room.title_of(room.path_of(name)))


def start(name: str, parameters: dict[str, Any], title: str) -> None:
    """Queue a report and look at its job."""
    desk = cache.desk()
    said = told(parameters)
    job_id = cache.queue().enqueue_report(
        name, parameters, desk.settings, desk.who, title=f"{title}: {said}" if parameters else title
    )
    cache.keep_worker()
    st.query_params[session.JOB] = job_id
    st.rerun(scope="app")


def _declared(name: str) -> Mapping[str, Any]:
    path = room.path_of(name)
    return cache.once(
        ("parameters", name, path.stat().st_mtime_ns),
        "Reading the notebook",
        lambda run: room.parameters(path),
    )


def _pairs(every: list[Any]) -> list[tuple[Any, ...]]:
    return [tuple(every[i : i + 2]) for i in range(0, len(every), 2)]


def _ask(parameter: Any, value: Any, key: str) -> Any:
    """Draw the widget of one parameter; return what is given, in the type its notebook declares."""
    label, told_help = title(parameter.name), f"{parameter.help[:1].upper()}{parameter.help[1:]}."
    if parameter.name == "models":
        return _several(label, str(value), told_help, key)
    if parameter.name in CHOICES:
        return _one_of(label, CHOICES[parameter.name](), str(value), told_help, key)
    if parameter.type == "bool":
        return st.checkbox(label, bool(value), help=told_help, key=key)
    if parameter.type == "int":
        return int(st.number_input(label, value=int(value), step=1, help=told_help, key=key))
    if parameter.type == "float":
        return float(st.number_input(label, value=float(value), help=told_help, key=key, format="%.4g"))
    return st.text_input(label, str(value), help=told_help, key=key, placeholder=told_help)


def title(name: str) -> str:
    """Return a parameter as a label.

    Examples
    --------
    >>> title("approval_rate")
    'Approval rate'
    """
    said = name.replace("_", " ")
    return f"{said[:1].upper()}{said[1:]}"


def _one_of(label: str, choices: Choices, value: str, told_help: str, key: str) -> str:
    every = choices if not value or value in choices else {value: f"{value}, not kept here"} | choices
    options = list(every)
    index = options.index(value) if value else None
    picked = st.selectbox(
        label, options, index, format_func=every.__getitem__, help=told_help, key=key, placeholder=told_help
    )
    return picked or ""


def _several(label: str, value: str, told_help: str, key: str) -> str:
    before = [one.strip() for one in value.split(",") if one.strip()]
    every = {one: f"{one}, not kept here" for one in before} | _models()
    picked = st.multiselect(
        label, list(every), before, format_func=every.__getitem__, max_selections=MOST_MODELS, help=told_help,
        key=key, placeholder=told_help,
    )  # fmt: skip
    return ",".join(picked)


def _studies() -> Choices:
    desk = cache.desk()
    data = {row.sha256: row.name for row in desk.registry.datasets()}
    return {
        row.study_id: f"{cache.portfolio_title(row)}, {data.get(row.dataset_sha256, 'data not kept')}, "
        f"{cache.when(row.created_at)}, {words.listed(_families(row))}"
        for row in sorted(desk.registry.studies(), key=lambda row: row.created_at, reverse=True)
    }


def _families(row: Any) -> list[str]:
    return [cache.family_title(name) for name in row.spec.get("families", ())]


def _models() -> Choices:
    return {
        row.model_id: f"{cache.portfolio_title(row)}, {sidebar.model_name(row)}, {row.stage}"
        for row in cache.desk().registry.models()
    }


def _named(ids: str) -> str:
    """Return models by their ids, of which no two are called the same."""
    return words.listed([one.strip() for one in ids.split(",")], MOST_MODELS)


def _portfolios() -> Choices:
    return {cache.identity(entry): entry.title or entry.name for entry in cache.portfolios()}


def _all_families() -> Choices:
    from workbench.families import FAMILIES

    return {name: family.title for name, family in FAMILIES.items()}


def _datasets() -> Choices:
    titles = {entry.name: entry.title or entry.name for entry in cache.portfolios()}
    return {
        row.sha256: f"{titles.get(row.portfolio, row.portfolio)}, {row.name}, {words.count(row.rows)} rows, "
        f"kept {cache.when(row.created_at)}"
        for row in cache.desk().registry.datasets()
    }


CHOICES: dict[str, Callable[[], Choices]] = {
    "study": _studies,
    "dataset": _datasets,
    "before": _datasets,
    "model": _models,
    "portfolio": _portfolios,
    "family": _all_families,
}
"""Parameters that name something kept: their values, and what each is called."""


def told(parameters: Mapping[str, Any]) -> str:
    """Return what a report was given, in words; what is no longer kept by its name."""
    said = []
    for name, value in parameters.items():
        if name == "models":
            shown = _named(str(value))
        else:
            shown = CHOICES[name]().get(str(value), str(value)) if name in CHOICES else str(value)
        said.append(f"{title(name).lower()} {shown}")
    return "; ".join(said) or "nothing: the newest there was"
