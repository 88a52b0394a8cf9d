"""Figures of several models: the comparison's own numbers, in both themes, with few enough marks."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from workbench import charts
from workbench.charts import palette
from workbench.evaluation import compare, evaluate, slices


def made(n: int = 5000, names: str = "ABC"):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    bad = (rng.random(n) < 1 / (1 + np.exp(1.5 - x))).astype(int)
    scores = {
        f"Model {name}": 1 / (1 + np.exp(1.5 - x - k * rng.normal(size=n))) for k, name in enumerate(names, 1)
    }
    return compare(bad, scores), bad


@pytest.fixture(scope="module")
def compared():
    return made()


@pytest.fixture(scope="module")
def figures(compared):
    c, bad = compared
    six = made(8000, "ABCDEF")[0]
    days = pd.Series(pd.date_range("2024-01-01", periods=len(bad), freq="h"))
    months = {name: slices.by_month(bad, c.ranks.p_bad[i], days) for i, name in enumerate(c.names)}
    return {
        "precision_recall": charts.precision_recall(six.evaluations),
        "ks_curves": charts.ks_curves(six.evaluations),
        "lift": charts.lift(six.evaluations),
        "bad_rates": charts.bad_rates(six.evaluations, 0.7),
        "differences": charts.differences(six),
        "swap_set": charts.swap_set(c.approval, "Model A", "Model B"),
        "auc_by_month": charts.auc_by_month(months),
    }


def test_marks_ink_counts_and_axes(figures):
    for name, figure in figures.items():
        assert 0 < sum(len(t.x) for t in figure.data) <= 3000, name
        layout = figure.to_dict()
        layout["layout"].pop("template", None)
        drawn = json.dumps(layout["layout"], default=str)
        assert not re.search(r"#000|#fff|\bblack\b|\bwhite\b", drawn, re.IGNORECASE), name
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)", name
        assert re.search(r"[\d,]+ (applicants|to [\d,]+ bads)", figure.layout.title.text), name
        if name != "differences":
            assert any(axis.title.text for axis in figure.select_xaxes()), name


def test_only_differences_beyond_noise_are_coloured(compared):
    c, _ = compared
    figure = charts.differences(c)
    heat, told = figure.data[0], {(t.y, t.x): t.text for t in figure.layout.annotations}
    for i, row in enumerate(c.names):
        for j, column in enumerate(c.names):
            if i == j:
                assert heat.z[i][j] == 0 and told[i, j] == ""
                continue
            pair = c.pair(column, row)
            assert (heat.z[i][j] != 0) == bool(pair["beyond_noise"])
            assert ("<b>" in told[i, j]) == bool(pair["beyond_noise"])


def test_the_swap_set_counts_goods_and_bads_and_turns_round(compared):
    c, _ = compared
    there, back = (
        charts.swap_set(c.approval, *pair) for pair in (("Model A", "Model B"), ("Model B", "Model A"))
    )
    parts = c.approval.swapped("Model A", "Model B").set_index("part")
    assert list(there.data[1].x) == list(parts["n_bad"]) and there.data[0].marker.color == palette.GOODS
    assert list(back.data[0].x)[1] == list(there.data[0].x)[2]
    assert f"{parts.loc['swapped in', 'n']:,} swapped in" in there.layout.title.text


def test_what_cannot_be_drawn_is_said(compared):
    c, bad = compared
    nobody = evaluate(np.zeros(5), np.full(5, 0.1))
    for draw in (charts.precision_recall, charts.ks_curves, charts.lift):
        assert draw({"a": nobody}).layout.annotations[0].text == "no bads in this group"
    twin = compare(bad, {"A": c.ranks.p_bad[0], "B": c.ranks.p_bad[0]})
    assert "nobody is swapped" in charts.swap_set(twin.approval, "A", "B").layout.title.text
    assert charts.auc_by_month({}).layout.annotations
    days = pd.Series(pd.date_range("2024-01-01", periods=len(bad), freq="h"))
    whole = slices.by_month(bad, c.ranks.p_bad[0], days)
    pooled = slices.by_month(bad, c.ranks.p_bad[0], days, bads=int(whole["n_bad"].max()) + 1)
    assert pooled["n"].sum() == whole["n"].sum() and len(pooled) < len(whole)
    assert pooled["n_bad"].min() > whole["n_bad"].max() and pooled["month"][0] == "2024-01 to 2024-02"
    drawn = charts.auc_by_month({"A": pooled})
    assert "pooled" in drawn.layout.title.text and drawn.data[0].mode == "markers"
