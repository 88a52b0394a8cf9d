"""The page Jobs, and one job on the page it is for: what waits, runs, is done, or failed and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui import cache, frame, session, sidebar, tables, words
from workbench.ui.session import Context

LIMIT = 50
LOG_LINES = 8
ENDING = "Stopping: its process has not ended yet."
STATES = ("waiting", "running", "done", "failed", "cancelled")
RESULTS = {
    "train": sidebar.TRAIN, "report": sidebar.REPORTS, "score": sidebar.BATCH, "drift": sidebar.MONITOR,
}  # fmt: skip
"""The page that shows what a job of a kind made."""


def jobs_of(context: Context) -> tuple[Any, ...]:
    """Return the jobs to show, or draw what is missing and end the page."""
    jobs = cache.recent_jobs(LIMIT)
    if not jobs:
        frame.empty(
            "No jobs yet",
            "Trainings, reports, and files to be scored or held against development run as jobs: they go on "
            "when the tab is closed, and are listed here.",
            sidebar.TRAIN,
            "Go to Train",
            "model_training",
            context.query(),
        )
    counts = {state: sum(job.state == state for job in jobs) for state in STATES}
    frame.line(*(f"{n} {state}" for state, n in counts.items() if n))
    return jobs


def before_result(
    context: Context,
    asked: str,
    kind: str,
    doing: str,
    missing: tuple[str, ...],
    ended: Callable[[Any], None],
) -> None:
    """Draw a job of which nothing is kept yet: not known here, under way, or ended without a result.

    Parameters
    ----------
    doing : str
        What is being done in the background.
    missing : tuple of str
        Title and what `asked` is not; then page, label and icon of the way to begin.
    ended : callable
        Draws a finished job.
    """
    job = cache.job(asked)
    if job is None or job.kind != kind:
        title, what, *way = missing
        frame.empty(title, f"{words.text(asked[:40])} is {what}", *way, context.query())
    elif not job.finished:
        frame.line(doing)
        under_way(job.job_id, "the page Jobs shows it too")
    else:
        ended(job)


def alive(context: Context, jobs: tuple[Any, ...]) -> None:
    """Draw what waits or runs, anew each second while anything does."""
    if any(not job.finished for job in jobs):
        st.fragment(_alive, run_every=1)(context)


def _alive(context: Context) -> None:
    jobs = [job for job in cache.recent_jobs(LIMIT) if not job.finished]
    if not jobs:
        st.rerun()
    cache.keep_worker()
    for job in reversed(jobs):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"job_{job.job_id}"):
            st.progress(
                min(max(job.share, 0.0), 1.0),
                text=f"**{words.text(job.name)}** :gray[{job.state}] · {words.text(_step(job))}",
            )
            if st.button("Stop", icon=":material/stop_circle:", key=f"stop_{job.job_id}"):
                cache.queue().cancel(job.job_id, cache.desk().settings)
                st.rerun()


def finished(context: Context, jobs: tuple[Any, ...]) -> None:
    """Draw what is over: a table, and one job with its message and log."""
    over = [job for job in jobs if job.finished]
    if not over:
        return
    st.subheader("Finished", anchor=False)
    now = datetime.now(UTC)
    tables.show(
        pd.DataFrame(
            {
                "state": [job.state for job in over],
                "name": [job.name for job in over],
                "who": [job.who for job in over],
                "created_at": [cache.when(job.created_at) for job in over],
                "seconds": [_took(job, now) for job in over],
                "message": [_message(job) for job in over],
                "short": [_short(job) for job in over],
            }
        ),
        "jobs",
        {
            "state": "State",
            "name": st.column_config.TextColumn("Job", width="medium"),
            "who": "Who",
            "created_at": "Asked for",
            "seconds": "Took",
            "short": st.column_config.TextColumn("What came out", width="large"),
        },
        most=330,
    )
    names = {job.job_id: f"{job.name}, {cache.when(job.created_at)}, {job.state}" for job in over}
    picked = st.selectbox("Look at", list(names), format_func=names.__getitem__, key="job_picked", width=520)
    _one(context, next(job for job in over if job.job_id == picked))


def _took(job: Any, now: datetime) -> str:
    seconds = job.seconds(now)
    return "" if seconds is None else words.duration(seconds)


def _short(job: Any) -> str:
    """Return what came out in a few words."""
    if job.kind == "score" and job.result:
        return f"{words.count(job.result['scored'])} scored, {words.count(job.result['refused'])} refused"
    if job.kind == "drift" and job.result:
        return str(job.result["colour"])
    lines = (job.result or {}).get("models") or ()
    best = next((line for line in lines if line["model_id"] == job.result.get("best")), None)
    if best is None:
        return job.error or job.code or ("a report" if job.kind == "report" and job.result else "")
    auc = words.metric(best["metrics"], "auc")
    return f"{best['model_id']}, {cache.family_title(best['family'])}, AUC {auc}"


def under_way(job_id: str, where_it_goes: str) -> None:
    """Draw a job that waits or runs: its bar, its log, a button that stops it; anew each second."""
    st.fragment(_under_way, run_every=1)(job_id, where_it_goes)


def _under_way(job_id: str, where_it_goes: str) -> None:
    job = cache.job(job_id)
    if job is None or job.finished:
        st.rerun()
    cache.keep_worker()
    with st.container(border=True, key="progress", gap="small"):
        st.markdown(f"**{words.text(job.name)}**")
        said = _step(job)
        st.progress(min(max(job.share, 0.0), 1.0), text=words.text(said[:1].upper() + said[1:]))
        for told in job.log[-LOG_LINES:]:
            st.caption(words.text(told))
        if st.button("Stop", icon=":material/stop_circle:", key="cancel"):
            cache.queue().cancel(job_id, cache.desk().settings)
            st.rerun()
    st.caption(f"It goes on when this tab is closed; {where_it_goes}.")


def _step(job: Any) -> str:
    return job.step or ("Waiting for its turn" if job.state == "waiting" else "Starting")


def failed(job: Any) -> None:
    """Draw why a job failed, with its log."""
    st.error(f"{words.text(job.error)} {frame.code(job.code)}", icon=":material/error:")
    _log_button(job, "job_log")


def cancelled(job: Any) -> None:
    """Say what stayed of a stopped job; asked again while its process has not ended."""
    said = stopped(job)
    if said == ENDING:
        st.fragment(_until_ended, run_every=0.5)(job)
    else:
        st.info(words.text(said), icon=":material/cancel:")


def _until_ended(job: Any) -> None:
    if stopped(job) != ENDING:
        st.rerun()
    st.info(ENDING, icon=":material/hourglass_top:")


def _log_button(job: Any, key: str) -> None:
    st.download_button(
        "Log",
        lambda: cache.queue().log(job.job_id, cache.desk().settings),
        f"{job.job_id}.log",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def stopped(job: Any) -> str:
    """Return what is known of a stopped job: whether its process has ended, and what stayed of it."""
    if cache.queue().process_alive(job.job_id, cache.desk().settings):
        return ENDING
    # a list of jobs does not tell when those that are over began
    began = job.started_at or getattr(cache.job(job.job_id), "started_at", None)
    said = "Stopped" + (", its process has ended." if began else " before it began.")
    if job.kind == "score":
        return f"{said} What it had scored of a large file is taken up when the file is scored again."
    return f"{said} {cache.desk().stayed(job_id=job.job_id)}" if job.kind == "train" else said


def _message(job: Any) -> str:
    if job.state == "cancelled":
        return stopped(job)
    return job.error or words.sentence((job.result or {}).get("sentence", ""))


def _one(context: Context, job: Any) -> None:
    with frame.rule("block" if job.state == "failed" else "note", "job"):
        st.markdown(f"**{words.text(job.name)}** · {job.state}")
        if _message(job):
            st.markdown(words.text(_message(job)))
        for problem in job.problems[1:8]:
            st.caption(
                words.text(
                    f"{problem.get('where', '')} {problem.get('what', '')}. {problem.get('remedy', '')}"
                )
            )
        with st.container(horizontal=True):
            if (
                job.kind in RESULTS
                and job.result
                and st.button("Open the result", icon=":material/open_in_new:", key="open_result")
            ):
                st.switch_page(RESULTS[job.kind], query_params=context.query() | {session.JOB: job.job_id})
            _log_button(job, "log")
    with st.expander("Last lines of the log"):
        for said in job.log or ("no line was written",):
            st.caption(words.text(said))
