"""Reports, while one is being run: its chapters as they come, and a way to stop it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import cache, frame, queue, session, words
from workbench.ui.session import Context

LOG_LINES = 6


def draw(context: Context) -> bool:
    """Draw the job that the address names; once it is done its report is opened. Return whether it runs."""
    job_id = st.query_params.get(session.JOB, "")
    if not job_id:
        return False
    job = cache.job(job_id)
    if job is None or job.kind != "report":
        st.warning("The job that the address names is not a report kept here.", icon=":material/link_off:")
    elif not job.finished:
        st.fragment(_progress, run_every=1)(job_id)
    elif job.state == "done":
        _open(job.result["report"])
    elif job.state == "failed":
        st.error(f"{words.text(job.error)} {frame.code(job.code)}", icon=":material/error:")
    else:
        _stopped(job)
    return job is not None and not job.finished


def _open(key: str) -> None:
    st.query_params.pop(session.JOB, None)
    st.query_params[session.REPORT] = key
    st.rerun()


def _progress(job_id: str) -> None:
    """Draw a running report; drawn anew each second, and the whole page once it has finished."""
    job = cache.job(job_id)
    if job is None or job.finished:
        st.rerun()
    cache.keep_worker()
    with st.container(border=True, key="progress", gap="small"):
        st.markdown(f"**{words.text(job.name)}**")
        said = job.step or ("Waiting for its turn" if job.state == "waiting" else "Starting")
        st.progress(min(max(job.share, 0.0), 1.0), text=words.text(said[:1].upper() + said[1:]))
        for line in job.log[-LOG_LINES:]:
            st.caption(words.text(line))
        if st.button("Stop", icon=":material/stop_circle:", key="cancel_report"):
            cache.queue().cancel(job_id, cache.desk().settings)
            st.rerun()
    st.caption("It goes on when this tab is closed; its report appears here when it is done.")


def _stopped(job: Any) -> None:
    said = queue.stopped(job)
    if said == queue.ENDING:
        st.fragment(_until_ended, run_every=0.5)(job)
    else:
        st.info(words.text(said), icon=":material/cancel:")


def _until_ended(job: Any) -> None:
    if queue.stopped(job) != queue.ENDING:
        st.rerun()
    st.info(queue.ENDING, icon=":material/hourglass_top:")
