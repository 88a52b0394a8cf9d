"""What the app keeps between clicks, by fingerprint; kept values are read, never changed."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from workbench.errors import MissingError, WorkbenchError
from workbench.portfolio import Portfolio
from workbench.run import Run
from workbench.ui import serving, session, spool, words

Value = TypeVar("Value")
KEPT = 24
TICK = 0.15
NAMED = re.compile(r"[a-z][a-z0-9_]*(@\d+)?")


@st.cache_resource(show_spinner="Opening the workbench")
def _desk() -> Any:
    from workbench import desk as room
    from workbench import intake

    intake.warm_up()  # the first file would wait for it
    return room.open()


def desk() -> Any:
    """Return the desk all pages work at; where people sign in, what is done is done by who signed in."""
    who = serving.signed_in()
    return _desk().of(who) if who else _desk()


@st.cache_resource(show_spinner="Opening the job queue")
def queue() -> Any:
    """Return the room of jobs, its database opened and the worker told that an app lives."""
    from workbench import jobs

    jobs.hold_app_lock(desk().settings)
    jobs.client(desk().settings)
    return jobs


class _Shelf:
    """Values by key, the least used forgotten first."""

    def __init__(self) -> None:
        self.values: OrderedDict[Hashable, Any] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return self.values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        with self.lock:
            self.values[key] = value
            while len(self.values) > KEPT:
                self.values.popitem(last=False)


@st.cache_resource
def _shelf() -> _Shelf:
    return _Shelf()


def once(key: tuple[Hashable, ...], label: str, compute: Callable[[Run], Value]) -> Value:
    """Return what `compute` gives, computed once for `key`, with a bar while it runs.

    Parameters
    ----------
    key : tuple
        What the value depends on: fingerprints and Specs, never a frame.
    label : str
        What is being done, in words.
    compute : callable
        Given the `Run` whose steps move the bar. Any click stops it
        at its next step, where Streamlit ends the script.
    """
    shelf = _shelf()
    value = shelf.get(key)
    # the bar's place is there when nothing is computed too: else what stands below would be drawn
    # anew at the next click, and an open popover would close under the hand
    place = st.empty()
    if value is None:
        bar = place.progress(0.0, text=label)
        drawn = [time.monotonic()]

        def watch(what: str, done: float) -> None:
            if time.monotonic() - drawn[0] > TICK:
                drawn[0] = time.monotonic()
                bar.progress(min(max(done, 0.0), 1.0), text=f"{label}: {what}" if what else label)

        try:
            value = compute(Run(desk().settings.threads_waited_for, watch))
        except WorkbenchError:
            place.empty()
            raise
        place.empty()
        shelf.put(key, value)
    return value


def keep(key: tuple[Hashable, ...], value: Any) -> None:
    """Keep a value that was made elsewhere, under the key `once` would look for it."""
    _shelf().put(key, value)


def has(key: tuple[Hashable, ...]) -> bool:
    """Return whether a value is kept for `key`."""
    return _shelf().get(key) is not None


def portfolios() -> list[Any]:
    """Return the entries of all portfolios that can be read, shipped and saved."""
    return [entry for entry in desk().shelf.names() if not entry.problem]


def identity(entry: Any) -> str:
    """Return ``name@version`` of an entry."""
    return f"{entry.name}@{entry.version}"


def portfolio(name: str) -> Portfolio | None:
    """Return a portfolio of the shelf, or None where none is chosen or it is gone; never a file's path."""
    if not NAMED.fullmatch(name):
        return None
    try:
        return desk().shelf.find(name)
    except MissingError:
        return None


def portfolio_title(row: Any) -> str:
    """Return what the portfolio of a data set's or a model's row is called."""
    found = portfolio(f"{row.portfolio}@{row.portfolio_version}")
    return found.shown if found else row.portfolio


def upload(key: str) -> spool.Upload | None:
    """Return the upload the context looks at, or None where `key` names none that is still here."""
    if not key.startswith(spool.PREFIX):
        return None
    try:
        return spool.find(desk().settings.home, key, session.holder())
    except MissingError:
        return None


def table(file: spool.Upload, portfolio: Portfolio | None, options: Any) -> Any:
    """Return a file as it was read."""
    return once(
        ("table", file.sha256, portfolio.identity if portfolio else "", options),
        "Reading the file",
        lambda run: desk().read(Path(file.path), portfolio, options, file.name, run),
    )


def dataset(sha256: str, identity: str) -> Any:
    """Return a checked data set from the store."""
    return once(
        ("dataset", sha256, identity),
        "Loading the data",
        lambda run: desk().dataset(sha256, desk().portfolio(identity)),
    )


def dataset_row(sha256: str) -> Any | None:
    """Return what the store knows of a data set, or None."""
    return next((row for row in desk().registry.datasets() if row.sha256 == sha256), None)


def model_row(model_id: str) -> Any | None:
    """Return a model's row, or None where none is chosen or it is gone."""
    if not model_id:
        return None
    try:
        return desk().registry.resolve(model_id)
    except MissingError:
        return None


def scorer(row: Any) -> Any:
    """Return the scorer of a verified model."""
    return once(
        ("scorer", row.model_id, row.manifest_sha256),
        "Verifying and loading the model",
        lambda run: desk().scorer(row.model_id),
    )


def reasoner(row: Any) -> Any:
    """Return what explains a verified model and gives its reasons."""
    from workbench.desk import reasoned

    return once(
        ("reasoner", row.model_id, row.manifest_sha256),
        "Preparing the explanation",
        lambda run: reasoned.reasoner(desk(), row.model_id),
    )


def study(study_id: str) -> Any:
    """Return a kept study."""
    return once(("study", study_id), "Loading the study", lambda run: desk().study(study_id))


def family_title(name: str) -> str:
    """Return a family's title."""
    from workbench.families import FAMILIES

    return FAMILIES[name].title if name in FAMILIES else name


def recent_jobs(limit: int = 20) -> tuple[Any, ...]:
    """Return the newest jobs, newest first."""
    from workbench import jobs

    return queue().recent(limit, desk().settings) if jobs.used(desk().settings) else ()


def job(job_id: str) -> Any | None:
    """Return how a job stands, or None where there is no such job."""
    try:
        return queue().status(job_id, desk().settings) if job_id else None
    except MissingError:
        return None


def keep_worker() -> None:
    """Start a worker where none is alive; the worker's own lock decides."""
    queue().ensure_worker(desk().settings)


def zone() -> str | None:
    """Return the reader's time zone."""
    return st.context.timezone


def when(at: Any) -> str:
    """Return a moment in the reader's zone."""
    return words.when(at, zone())
