"""Reports, while one is being run: its chapters as they come, and a way to stop it."""

from __future__ import annotations

import streamlit as st

from workbench.ui import cache, queue, session
from workbench.ui.session import Context


def draw(context: Context) -> bool:
    """Draw the job that the address names; once it is done its report is opened. Return whether it runs."""
    job_id = st.query_params.get(session.JOB, "")
    if not job_id:
        return False
    job = cache.job(job_id)
    if job is None or job.kind != "report":
        st.warning("The job that the address names is not a report kept here.", icon=":material/link_off:")
    elif not job.finished:
        queue.under_way(job_id, "its report appears here when it is done")
    elif job.state == "done":
        _open(job.result["report"])
    elif job.state == "failed":
        queue.failed(job)
    else:
        queue.cancelled(job)
    return job is not None and not job.finished


def _open(key: str) -> None:
    st.query_params.pop(session.JOB, None)
    st.query_params[session.REPORT] = key
    st.rerun()
