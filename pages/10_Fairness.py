"""Fairness: who is treated differently?"""

import streamlit as st

from workbench.ui import fairness, frame, score

with frame.page("Fairness", "Who is treated differently?") as context:
    row = score.model_of(context, "Groups are compared by what a trained model decides. ")
    top = st.container()
    asked = fairness.ask(context, row)
    found = fairness.narrowed(context, fairness.found(row, asked), asked)
    with top:
        fairness.line(row, found)
    fairness.draw(row, found, asked)
