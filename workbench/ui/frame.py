"""The frame every page is drawn in: title, sidebar, empty states, errors in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.charts.canvas import only_words
from workbench.errors import WorkbenchError
from workbench.settings import rest_waiting_threads
from workbench.ui import cache, serving, session, sidebar, spool, warm, words
from workbench.ui.session import Context

HERE = Path(__file__).parent
ICON = str(HERE / "icon.svg")  # a file is inlined; a Material name would be fetched by the browser


OF_EVERYTHING = ("Home", "Jobs")
"""Pages that show all there is, whatever the address names."""

NOUNS = {"portfolio": "portfolio", "data": "data set", "model": "model"}


class Ended(Exception):
    """The rest of the page has nothing to show; raised by `end`, caught by `page`."""


@contextmanager
def page(name: str, question: str) -> Iterator[Context]:
    """Draw a page in the frame.

    Parameters
    ----------
    name : str
        Short name, for the browser's tab.
    question : str
        The heading: what the page answers.

    Yields
    ------
    Context
        Portfolio, data and model that are looked at.
    """
    rest_waiting_threads()
    st.set_page_config(
        page_title=f"{name} · Workbench", page_icon=ICON, layout="wide", initial_sidebar_state="expanded"
    )
    st.html(HERE / "style.css")
    serving.require_sign_in()
    context = session.context()
    with errors():
        context = completed(context)
        with st.sidebar:
            sidebar.draw(context)
    st.title(question, anchor=False)
    if name not in OF_EVERYTHING:
        _require_kept(context)
    notice = st.session_state.pop(session.NOTICE, "")
    if notice:
        st.success(notice, icon=":material/check:")
    try:
        with errors():
            yield context
    except Ended:
        pass
    _mark(context)


def completed(context: Context) -> Context:
    """Return the context with the portfolio and the data of its model, or the portfolio of its data.

    A link may name the model, or the data, alone; or, to Compare, the models.
    """
    if not (context.portfolio or context.model):
        asked = map(cache.model_row, st.query_params.get(session.MODELS, "").split(","))
        named = next((row for row in asked if row is not None), None)
        if named is not None:
            session.choose(portfolio=f"{named.portfolio}@{named.portfolio_version}")
            context = session.context()
    if context.data and context.portfolio:
        return context
    row = cache.model_row(context.model)
    if row is not None:
        portfolio = context.portfolio or f"{row.portfolio}@{row.portfolio_version}"
        session.choose(portfolio=portfolio, data=context.data or row.dataset_sha256)
    elif context.data and (kept := cache.dataset_row(context.data)) is not None:
        session.choose(portfolio=f"{kept.portfolio}@{kept.portfolio_version}")
    return session.context()


def not_kept(context: Context) -> dict[str, str]:
    """Return what the address names and this machine does not keep: its parameter -> a sentence."""
    said = {}
    portfolio, row = context.portfolio, cache.model_row(context.model)
    if portfolio and cache.portfolio(portfolio) is None:
        said["portfolio"] = f"The portfolio {portfolio} is not kept here."
    if context.data.startswith(spool.PREFIX):
        if cache.upload(context.data) is None:
            said["data"] = "The uploaded file is no longer kept here."
    elif context.data and cache.dataset_row(context.data) is None:
        said["data"] = f"The data set {context.data[:16]} is not kept here."
    if context.model and row is None:
        said["model"] = f"The model {context.model} is not kept here."
    elif row is not None and portfolio and row.portfolio != session.name_of(portfolio):
        said["model"] = f"The model {context.model} is of the portfolio {row.portfolio}, not of {portfolio}."
    return said


def _require_kept(context: Context) -> None:
    """End the page with what is missing where the address names what is not kept; never show another."""
    gone = not_kept(context)
    if not gone:
        return
    with st.container(border=True, key="empty", gap="small"):
        title = f"No such {words.listed([NOUNS[name] for name in gone])}"
        st.subheader(f":material/link_off: {title}", anchor=False)
        st.markdown(" ".join(map(words.text, gone.values())))
        st.caption("The link was made on another machine, or what it names has been removed since.")
        if st.button("Go on with what is kept", icon=":material/arrow_forward:", type="primary", key="go_on"):
            session.choose(**dict.fromkeys(gone, ""))
            st.query_params.pop(session.STEP, None)
            st.rerun()
    _mark(context)
    st.stop()  # before the page's own part begins


@contextmanager
def errors() -> Iterator[None]:
    """Show what a `WorkbenchError` says: what, where, what to do. What was typed stays."""
    try:
        yield
    except WorkbenchError as error:
        show_error(error)


def show_error(error: WorkbenchError, at_most: int = 8) -> None:
    """Draw an error, one line a problem, each with its code in small print for whoever helps."""
    said = lines(error, at_most)
    text = said[0] if len(said) == 1 else "\n".join(f"- {line}" for line in said)
    st.error(text, icon=":material/error:")


def lines(error: WorkbenchError, at_most: int = 8) -> list[str]:
    """Return what an error says as markdown: where, what, what to do, and the code; one line a problem."""
    said = [
        (f"**{words.text(p.where)}**: " if p.where else "")
        + words.text(p.what)
        + "."
        + (f" {words.text(p.remedy)}" if p.remedy else "")
        + f" {code(p.code)}"
        for p in error.problems[:at_most]
    ]
    rest = len(error.problems) - at_most
    return [*said, f"and {words.counted(rest, 'more problem')}."] if rest > 0 else said


def code(name: str) -> str:
    """Return an error's code in small grey print."""
    return f":small[:gray[{words.text(name)}]]"


def line(*parts: str) -> None:
    """Draw the line of context below the heading; empty parts are left out."""
    st.caption(" · ".join(part for part in parts if part))


def empty(
    title: str, why: str, page_path: str, label: str, icon: str, query: dict[str, str],
    below: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Draw what would be here, why it is not, and the one button that gets there; then end the page.

    `below` draws what is there all the same.
    """
    with st.container(border=True, key="empty", gap="small"):
        st.subheader(f":material/inbox: {title}", anchor=False)
        st.markdown(why)
        if st.button(label, icon=f":material/{icon}:", type="primary", key="empty_go"):
            st.switch_page(page_path, query_params=query)
    if below is not None:
        below()
    end()


def end() -> None:
    """End the page here."""
    raise Ended


def figures(items: Sequence[tuple[str, ...]], *, framed: bool = True) -> None:
    """Draw up to four figures side by side.

    Parameters
    ----------
    items : sequence of tuple
        Label, value, a line below (interval, n, source), and optionally a tone: approve, refer, decline.
    framed : bool
        With a frame around each; without inside a card.
    """
    cells = []
    for label, value, below, *tone in items:
        mark = f" {escape(tone[0])}" if tone else ""
        cells.append(
            f'<div class="figure{mark}"><span>{escape(label)}</span><b>{escape(value)}</b>'
            f"<small>{escape(below)}</small></div>"
        )
    st.html(f'<div class="figures{" framed" if framed else ""}">{"".join(cells)}</div>')


def chart(figure: object, key: str, alt: str, note: str = "") -> None:
    """Draw a chart, with its small print below; a sentence where it has nothing to draw."""
    said = only_words(figure)
    if said:
        st.caption(words.text(said))
        return
    st.plotly_chart(
        figure, key=key, width="stretch", alt=alt, config={"displaylogo": False, "displayModeBar": False}
    )
    if note:
        st.caption(note)


@contextmanager
def chart_ahead() -> Iterator[None]:
    """Let the browser load what draws charts while the first of them is being computed.

    That is five megabytes to load, and half a second to start; it is started only once there is a chart.
    """
    place = st.empty()
    with place:
        _nothing("chart_ahead")
    try:
        yield
    finally:
        place.empty()


def charts_soon() -> None:
    """Let the browser start what draws charts while a page without any is read, once a session."""
    if warm.charts() and not st.session_state.get(session.CHARTS):
        st.session_state[session.CHARTS] = True
        with st.container(key="charts_soon"):  # which the style sheet hides
            _nothing("chart_soon")


def _nothing(key: str) -> None:
    """Draw a chart of nothing."""
    hidden = {"visible": False}
    nothing = {"data": [{"x": []}], "layout": {"height": 20, "xaxis": hidden, "yaxis": hidden}}
    st.plotly_chart(nothing, key=key, config={"displayModeBar": False})


def gate(values: Mapping[str, Any]) -> None:
    """Draw whether a model passed its gate, and why."""
    icon = ":blue[:material/check_circle:]" if values.get("passed") else ":red[:material/cancel:]"
    said = " ".join(filter(None, (values.get("reason"), values.get("note"))))
    st.markdown(f"{icon} {words.text(words.sentence(said))}")


def rule(level: str, key: str) -> object:
    """Return a container with a rule at its left: block, warn, note or good."""
    return st.container(key=f"rule_{level}_{key}", gap="xsmall")


def _mark(context: Context) -> None:
    """Leave a hidden mark that counts runs, for who must know that a page has been drawn anew."""
    runs = st.session_state[session.RUNS] = st.session_state.get(session.RUNS, 0) + 1
    st.html(f'<span id="run-mark" data-run="{runs}" hidden></span>')
    warm.up(engine=bool(context.model))
