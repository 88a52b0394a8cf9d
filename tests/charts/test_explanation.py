"""Charts of one applicant's explanation show the value's own figures, whatever the names hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench import charts
from workbench.charts import palette
from workbench.explanation import Sensitivity, Waterfall
from workbench.policy import Policy

STEPS = pd.DataFrame(
    [
        ("base", "", "Reference", "", 0.0, -2.0, -2.0),
        ("characteristic", "late", "Months <b>late</b>", "2", 1.5, -2.0, -0.5),
        ("characteristic", "income", "Income", "4,000", -0.3, -0.5, -0.8),
        ("rest", "", "4 others", "", 0.1, -0.8, -0.7),
        ("calibration", "", "Calibration", "", -0.05, -0.7, -0.75),
        ("applicant", "", "This applicant", "", 0.0, -0.75, -0.75),
    ],
    columns=["step", "characteristic", "title", "value", "contribution", "start", "end"],
)


def test_a_waterfall_s_bars_are_the_steps() -> None:
    value = Waterfall(
        STEPS, "log-odds of bad", "all 900", "interventional", "closed form", 0.119, 0.321, False
    )
    figure = charts.waterfall(value)
    bars = figure.data[0]
    assert list(bars.x) == [1.5, -0.3, 0.1, -0.05] and list(bars.base) == [-2.0, -0.5, -0.8, -0.7]
    assert list(bars.marker.color)[:2] == [palette.BADS, palette.GOODS]
    assert list(figure.data[1].text) == ["<b>PD 11.9%</b>", "<b>PD 32.1%</b>"]
    assert list(figure.data[1].x) == [-2.0, -0.75]
    assert "<b>late" not in " ".join(figure.layout.yaxis.ticktext)
    assert "all 900" in figure.layout.title.text
    low, high = figure.layout.xaxis.range
    assert low < -2 and high > -0.5


@pytest.mark.parametrize("ordered", [True, False])
def test_a_curve_marks_the_applicant_and_the_cut_offs(ordered: bool) -> None:
    curve = pd.DataFrame(
        {
            "value": [1.0, 2.0, np.nan] if ordered else [np.nan] * 3,
            "label": ["1", "2", "missing"],
            "p_bad": [0.1, 0.2, 0.3],
            "points": [560, 540, 520],
            "decision": ["approve", "refer", "decline"],
            "given": [False, True, False],
        }
    )
    value = Sensitivity("late", "Months late", "months", ordered, curve, 0.2, False)
    assert value.reaching("approve")["label"] == "1"
    assert value.reaching("refer")["label"] == "1", "what the applicant has is no other value"
    worse = replace(value, curve=curve.assign(decision=["decline", "decline", "approve"]))
    assert worse.reaching("refer") is None, "a missing value is no way to a better decision"
    figure = charts.sensitivity(value, Policy(0.15, 0.25))
    shown = [float(p) for trace in figure.data for p in (trace.y if ordered else trace.x)]
    assert shown == ([0.1, 0.2, 0.2] if ordered else [0.1, 0.2, 0.3])
    assert ("missing: 30.0%" in figure.layout.title.text) is ordered
    assert {shape.y0 if ordered else shape.x0 for shape in figure.layout.shapes} == {0.15, 0.25}
    assert value.sentence() == "Months late moves the PD from 10.0% (1) to 30.0% (missing)"


def test_of_many_attributes_the_ends_and_the_applicant_s_own_are_drawn() -> None:
    n = 40
    curve = pd.DataFrame(
        {
            "value": np.nan, "label": [f"state {i}" for i in range(n)], "p_bad": np.linspace(0.1, 0.5, n),
            "points": 500, "decision": "refer", "given": [i == 20 for i in range(n)],
        }
    )  # fmt: skip
    figure = charts.sensitivity(Sensitivity("s", "State", "", False, curve, 0.3, False), Policy(0.15, 0.25))
    assert len(figure.data[0].x) == 15 and "state 20" in figure.layout.yaxis.ticktext
    assert "of 40 attributes" in figure.layout.title.text
