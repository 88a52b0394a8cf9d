"""Months, segments and single applicants a model is wrong about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.evaluation import evaluate, slices


def made(n=6000, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.normal(size=n).round(3),
            "region": pd.Categorical(rng.choice(["north", "south", "west"], n)),
            "since": pd.date_range("2024-01-01", periods=n, freq="h"),
        }
    )
    p = rng.beta(1, 4, n)
    return frame, p, (rng.random(n) < p).astype(int), rng


def test_months_have_their_auc_with_interval_and_bads():
    frame, p, bad, _ = made()
    months = slices.by_month(bad, p, frame["since"])
    assert list(months["month"])[:2] == ["2024-01", "2024-02"] and months["n"].sum() == len(frame)
    inside = (frame["since"].dt.month == 2).to_numpy()
    e = evaluate(bad[inside], p[inside])
    row = months.iloc[1]
    assert (row["n"], row["n_bad"]) == (inside.sum(), bad[inside].sum())
    assert (row["auc"], row["auc_low"], row["auc_high"]) == pytest.approx(
        (e.value("auc"), *e.interval("auc"))
    )
    one = slices.by_month(np.zeros(3), np.full(3, 0.1), pd.Series(pd.to_datetime(["2024-01-01"] * 3)))
    assert np.isnan(one["auc"].iloc[0]) and one["reason"].iloc[0] == "no bads in this group"


def test_segments_hold_every_row_once():
    frame, _, _, _ = made(400)
    frame.loc[:9, "income"] = np.nan
    frame.loc[:4, "region"] = np.nan
    cells = slices.segments(frame)
    assert cells["income"].nunique() == 5 and (cells["income"] == "missing").sum() == 10
    assert set(cells["region"]) == {"north", "south", "west", "missing"}
    constant = slices.segments(pd.DataFrame({"x": np.ones(5), "y": np.full(5, np.nan)}))
    assert constant["x"].nunique() == 1 and set(constant["y"]) == {"missing"}


def test_a_segment_that_is_off_is_found_and_right_ones_raise_few_alarms():
    frame, p, bad, rng = made()
    cells = slices.segments(frame)
    wrong = (cells["region"] == "west").to_numpy() & (rng.random(len(p)) < 0.15)
    found = slices.worst_slices(np.where(wrong, 1, bad), p, cells)
    assert found.iloc[0]["segment"] == "west" and found.iloc[0]["worse"] and found.iloc[0]["difference"] > 0
    alarms = 0
    for seed in range(60):
        frame, p, bad, _ = made(1500, seed)
        alarms += bool(slices.worst_slices(bad, p, slices.segments(frame))["worse"].any())
    assert alarms / 60 < 0.15


def test_the_surest_mistakes_come_first():
    bad, p = np.array([1, 0, 1, 0]), np.array([0.01, 0.99, 0.6, 0.2])
    found = slices.confident_errors(bad, p, most=1)
    assert list(found["row"]) == [0, 1]
    assert list(found["error"]) == ["bad with a low PD", "good with a high PD"]
    assert found["surprise"].iloc[0] == pytest.approx(-np.log(0.01))
