"""What the app remembers: every session key and every parameter of the address, named once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

RUNS = "_runs"
"""How often the current session ran a page; the hidden mark at the end of each page shows it."""

CHARTS = "_charts"
"""Whether the browser was asked to start what draws charts."""

PARAMETERS = ("portfolio", "data", "model")
STEP, JOB, ROW, MODELS, ON, REPORT, FILE = "step", "job", "row", "models", "on", "report", "file"
"""Parameters of one page alone: the step of Data, the job on Train, Reports, Batch and Monitor, the
applicant on Score, the models on Compare, the report that is open on Reports, the file on Batch and
Monitor."""

CHARACTERISTIC, MONTH = "characteristic", "month"
"""Parameters of a page that narrows to one characteristic, and to one month."""

BY, PROFILE, AGAINST, CUT = "by", "profile", "against", "cut"
"""Parameters of Fairness: attribute, jurisdiction profile, comparator, cut-off with the model it is of."""

SEGMENT = "segment"
"""Parameter of every page with a segment bar: its rules in words."""

SAMPLE, AGAINST, KIND, CHARACTERISTIC, PARTNER, VIEW = (
    "sample", "against", "kind", "characteristic", "partner", "view",
)  # fmt: skip
"""Parameters of Explain: which rows, held against whom, which values; what is looked at, coloured by what."""

UPLOAD = "upload"
UPLOAD_REVISION = "_upload_revision"
OPTIONS = "_read_options"
BAD = "_bad"
ROLES = "_roles"
PENDING = "_pending_fixes"
DROPPED = "_copies_dropped"
NOTICE = "_notice"
PREFILLED = "_prefilled"
TYPED = "_typed"
FILLED = "_filled_in"
SHOWN_JOB = "_shown_job"
SEGMENTED = "_segment"
HOLDER = "_holder"


def holder() -> str:
    """Return what uploads know this session by."""
    return str(st.session_state.setdefault(HOLDER, secrets.token_hex(8)))


@dataclass(frozen=True)
class Context:
    """What the whole app looks at, as the address carries it.

    Attributes
    ----------
    portfolio : str
        ``name@version``, or "" where none is chosen.
    data : str
        Fingerprint of a checked data set, or the name of an upload that has no roles yet.
    model : str
        A model id.
    """

    portfolio: str = ""
    data: str = ""
    model: str = ""

    def query(self, **more: str) -> dict[str, str]:
        """Return the parameters for a link that keeps this context, with `more` added."""
        values = {name: getattr(self, name) for name in PARAMETERS} | more
        return {name: value for name, value in values.items() if value}


def context() -> Context:
    """Return the context: the address wins, then the session; both are made to agree."""
    values = {}
    for name in PARAMETERS:
        if name in st.query_params:
            st.session_state["_" + name] = st.query_params[name]
        elif st.session_state.get("_" + name):
            st.query_params[name] = st.session_state["_" + name]
        values[name] = st.session_state.get("_" + name, "")
    return Context(**values)


def choose(**values: str) -> None:
    """Set parts of the context, in the session and in the address; "" forgets one."""
    for name, value in values.items():
        if name not in PARAMETERS:
            raise TypeError(f"the context has no {name!r}")
        st.session_state["_" + name] = value
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def changed(now: Context, **values: str) -> Context:
    """Return `now` with `values`, forgetting the data and the model of another portfolio."""
    new = replace(now, **values)
    if "portfolio" in values and name_of(values["portfolio"]) != name_of(now.portfolio):
        new = replace(new, data=values.get("data", ""), model=values.get("model", ""))
    return new


def name_of(identity: str) -> str:
    """Return the name in ``name@version``.

    Examples
    --------
    >>> name_of("taiwan_cards@2")
    'taiwan_cards'
    """
    return identity.split("@")[0]


def kept(key: str, default: Any) -> Any:
    """Return what the session keeps under `key`, putting `default` there first where it is new."""
    return st.session_state.setdefault(key, default)


def notify(text: str) -> None:
    """Say `text` once, on the page that is drawn next."""
    st.session_state[NOTICE] = text
