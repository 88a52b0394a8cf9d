"""Train: make candidates."""

import streamlit as st

from workbench.ui import cache, frame, session, train, train_job

with frame.page("Train", "Which model ranks these applicants best?") as context:
    job = cache.job(st.query_params.get(session.JOB, ""))
    if job is None:
        dataset = train.dataset(context)
        train.line(dataset)
        train.ask(context, dataset)
    else:
        train_job.draw(context, job)
