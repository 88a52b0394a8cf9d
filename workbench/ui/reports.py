"""The page Reports: which were run and how they ended, and one of them opened inside the page."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from workbench import reports as room
from workbench.ui import cache, elsewhere, frame, reports_form, session, sidebar, tables, words
from workbench.ui.session import Context

HEIGHT = 1000
# what the report's own page allows itself, said once more around it: no address is fetched, whatever it holds
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
)
STOPPED = "Its process ended before the report was done."
WHAT = "A report tells on one page what was brought, trained or compared, and opens without the workbench."


def kept(context: Context, at_work: bool) -> tuple[Any, ...]:
    """Return the executed reports, or draw what is missing, unless it is at work, and end the page."""
    every = room.kept(cache.desk().settings.store)
    if every:
        counts = {state: sum(one.state == state for one in every) for state in ("failed", "running")}
        more = [f"{n} {state}" for state, n in counts.items() if n]
        newest = every[0].started_at
        frame.line(
            words.counted(len(every), "report"),
            *more,
            f"the newest of {cache.when(newest)}" if newest else "",
        )
        return every
    if at_work:
        frame.end()
    registry = cache.desk().registry
    trained = bool(registry.studies())
    if not trained and not registry.datasets():
        frame.empty(
            "No reports yet",
            f"{WHAT} It needs data to tell of, and none are kept yet.",
            sidebar.DATA,
            "Go to Data",
            "database",
            context.query(),
        )
    _nothing_yet(context, trained)
    return ()


def _nothing_yet(context: Context, trained: bool) -> None:
    name, offer = ("training", "newest training") if trained else ("data_quality", "newest data")
    with st.container(border=True, key="empty", gap="small"):
        st.subheader(":material/inbox: No reports yet", anchor=False)
        st.markdown(WHAT)
        if st.button(f"Report the {offer}", icon=":material/description:", type="primary", key="first"):
            reports_form.start(name, {}, room.title_of(room.path_of(name)))
    reports_form.draw(context, None)
    frame.end()


def choose(every: tuple[Any, ...]) -> Any:
    """Draw the list; return the report to open: the address names it, else the newest that is done."""
    wanted = st.query_params.get(session.REPORT, "")
    by_key = {one.key: one for one in every}
    if wanted and wanted not in by_key:
        st.warning(f"The report {words.text(wanted[:60])} is not kept here.", icon=":material/link_off:")
    done = next((one.key for one in every if one.state == "done"), every[0].key)
    current = wanted if wanted in by_key else done
    _listing(every)
    named = labels(every)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "Open",
            list(by_key),
            list(by_key).index(current),
            format_func=named.__getitem__,
            key=f"open_{current}",
            width=640,
        )
        _downloads(by_key[picked])
    if picked != current:
        st.query_params.pop(session.JOB, None)  # what it told has been read
        st.query_params[session.REPORT] = picked
        st.rerun()
    return by_key[current]


def _listing(every: tuple[Any, ...]) -> None:
    tables.wrapped(
        pd.DataFrame(
            {
                "title": [one.title for one in every],
                "parameters": [reports_form.told(one.parameters) for one in every],
                "started_at": [_when(one) for one in every],
                "who": [one.who for one in every],
                "took": [words.duration(one.seconds) if one.seconds else "" for one in every],
                "size": [words.size(one.size) if one.size else "" for one in every],
                "ended": [_ended(one) for one in every],
            }
        ),
        "reports",
        {
            "title": "Report",
            "parameters": "Asked for",
            "started_at": "When",
            "who": "By",
            "took": "Took",
            "size": "Size",
            "ended": "How it ended",
        },
        most=460,
    )


def _when(one: Any) -> str:
    return cache.when(one.started_at) if one.started_at else "not known"


def labels(every: tuple[Any, ...]) -> dict[str, str]:
    """Return what each report is called in the choice, by key; two are never called the same.

    Streamlit tells choices apart by their words.
    """
    named = {one.key: _label(one) for one in every}
    often = Counter(named.values())
    for one in every:
        if often[named[one.key]] > 1:
            named[one.key] += f", at {one.started_at:%S.%f}"[:-3] + " s" if one.started_at else f", {one.key}"
    often = Counter(named.values())
    return {key: label if often[label] == 1 else f"{label}, {key}" for key, label in named.items()}


def _label(one: Any) -> str:
    ended = "" if one.state == "done" else f", {one.state}"
    return f"{one.title}, {_when(one)}{ended}"


def _ended(one: Any) -> str:
    said = {"failed": _why(one), "stopped": STOPPED}.get(one.state, "")
    return f"{one.state}: {said}" if said else one.state


def _why(one: Any) -> str:
    """Return why a report failed, without where its notebook lies: that is offered as a download."""
    said = re.sub(r" ?(The notebook as far as it came: ).*$", "", one.error, flags=re.DOTALL)
    return said.removeprefix("the report: ")


def _downloads(one: Any) -> None:
    for path, label, mime in (
        (one.html, "HTML", "text/html"),
        (one.notebook, "Notebook", "application/json"),
    ):
        if path is not None:
            stamp = f"{one.started_at:%Y-%m-%d}-" if one.started_at else ""
            st.download_button(
                label,
                path.read_bytes,
                f"{stamp}{path.name}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"get_{label.lower()}_{one.key}",
            )


def show(one: Any) -> None:
    """Draw the opened report, or why there is nothing to open; then how it is run elsewhere."""
    if one.state == "running":
        st.info("This report is being written.", icon=":material/hourglass_top:")
    elif one.state == "failed":
        st.error(f"{words.text(_why(one))} {frame.code(one.code)}", icon=":material/error:")
    elif one.html is None:
        st.warning(f"{STOPPED} Run it again.", icon=":material/cancel:")
    else:
        _inside(one)
    if one.name in room.names():
        elsewhere.report(one.name, one.parameters)


def _inside(one: Any) -> None:
    sealed = cache.once(
        ("report", one.key, one.html.stat().st_mtime_ns),
        "Opening the report",
        lambda run: sealed_page(one.html, one.title),
    )
    with st.container(key="report_page"):
        st.iframe(sealed, height=HEIGHT, alt=one.title)


def sealed_page(path: Path, title: str) -> str:
    """Return a page that holds a report apart from the app.

    Streamlit's own frame lets what it shows reach into the app. The frame inside it has no origin: its
    scripts draw the charts, and can neither read the app nor open or fetch an address.
    """
    inner = html.escape(path.read_text(encoding="utf-8"))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<style>html,body{margin:0;height:100%;overflow:hidden}iframe{border:0;width:100%;height:100%}</style>"
        f'</head><body><iframe sandbox="allow-scripts" title="{html.escape(title)}" srcdoc="{inner}">'
        "</iframe></body></html>"
    )
