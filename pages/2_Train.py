"""Train: make candidates."""

import streamlit as st

from workbench.ui import cache, frame, session, train, train_job

with frame.page("Train", "Which model ranks these applicants best?") as context:
    asked = st.query_params.get(session.JOB, "")
    job = cache.job(asked)
    if job is None and asked:
        train_job.gone(context, asked)
    elif job is None:
        dataset = train.dataset(context)
        train.line(dataset)
        train.ask(context, dataset)
    else:
        train_job.draw(context, job)
