"""Figures: they show the value's own numbers, say what they rest on, and hold in both themes."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pandas as pd
import pytest

from workbench import charts
from workbench.charts import palette
from workbench.charts.canvas import only_words
from workbench.evaluation import evaluate, findings, wilson
from workbench.policy import Policy
from workbench.portfolio import Points
from workbench.sampling import Samples, SamplingSpec
from workbench.scoring import Score, points

N = 60_000
POLICY = Policy(0.2, 0.35, (0.05, 0.1, 0.2, 0.35), source="set by the credit committee")


def evaluation(seed: int = 0, n: int = N):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    return evaluate((rng.random(n) < p).astype(int), p, policy=POLICY)


def rated(n, n_bad):
    low, high = wilson(n_bad, n)
    return {"n": n, "n_bad": n_bad, "bad_rate": n_bad / n, "low": float(low), "high": float(high)}


def samples() -> Samples:
    unknown = {"n": 40, "n_bad": 0, "bad_rate": np.nan, "low": np.nan, "high": np.nan}
    sizes = pd.DataFrame(
        [
            {"sample": "development", "weight": 700.0} | rated(700, 140),
            {"sample": "out-of-time", "weight": 300.0} | rated(300, 70),
            {"sample": "indeterminate", "weight": 40.0} | unknown,
        ]
    )
    months = pd.DataFrame(
        [{"month": f"2010-{m:02d}", "sample": "development"} | rated(70, 10 + m) for m in range(1, 11)]
        + [{"month": f"2010-{m:02d}", "sample": "out-of-time"} | rated(150, 35) for m in (11, 12)]
        + [{"month": "2010-12", "sample": "indeterminate"} | unknown]
    )
    spec = SamplingSpec("out-of-time", hold_out=0.0, out_of_time_from="2010-11-01")
    return Samples(spec, np.array([]), sizes, months, "2010-11-01")


def bins() -> pd.DataFrame:
    frame = pd.DataFrame([rated(100, 10), rated(50, 20), rated(10, 0)])
    frame.insert(0, "label", ["up to 3", "above 3 <b>", "missing"])
    return frame.assign(
        share=frame["n"] / 160, woe=[0.5, -1.0, 0.1], iv=[0.1, 0.2, 0.0], goods_share=0.3, bads_share=0.4
    )


def drivers() -> pd.DataFrame:
    names = [f"Characteristic {k} with a title that is rather long for an axis" for k in range(20)]
    frame = pd.DataFrame({"characteristic": names, "title": names, "importance": np.arange(20, 0, -1.0)})
    frame["effect"] = np.resize(["raises", "lowers", "mixed"], 20)
    return frame.assign(detail="by its coefficient", share=frame["importance"] / 210)


def score(p: float = 0.31) -> Score:
    at = int(points(Points(), np.array([p]))[0])
    return Score(p, 0.28, 0.34, at, POLICY.band(p), POLICY.decide(p), ())


SPREAD = {"edges": [0.0, 0.1, 0.2, 0.25], "counts": [500, 400, 99]}


def every_figure():
    e, few = evaluation(), evaluation(1, 200)
    six = {f"model {k}": evaluation(k) for k in range(6)}
    return {
        "roc": charts.roc({"lightgbm": e}),
        "roc of six": charts.roc(six),
        "ks": charts.ks(e),
        "ks of few": charts.ks(few),
        "gains": charts.gains(six),
        "calibration": charts.calibration({"lightgbm": e, "logistic": few}),
        "deciles": charts.deciles(e),
        "profile_bins": charts.profile_bins(bins(), "Months late"),
        "sample_sizes": charts.sample_sizes(samples()),
        "by_month": charts.by_month(samples()),
        "importance": charts.importance(drivers()),
        "coefficients": charts.coefficients(
            drivers().rename(columns={"title": "label", "importance": "coefficient"})
        ),
        "points_band": charts.points_band(score(), POLICY, Points()),
        "spread of PDs": charts.spread_of_pd(SPREAD, 0.12, 0.1, 0.3),
        "spread of points": charts.spread_of_points({"edges": [499.5, 509.5, 519.5], "counts": [7, 3]}),
    }


@pytest.fixture(scope="module")
def figures():
    return every_figure()


def test_no_figure_has_more_than_three_thousand_marks(figures):
    for name, figure in figures.items():
        marks = sum(len(trace.x) for trace in figure.data if trace.x is not None)
        assert 0 < marks <= 3000, (name, marks)


def test_no_ink_that_one_theme_would_hide(figures):
    for name, figure in figures.items():
        layout = figure.to_dict()
        layout["layout"].pop("template", None)
        drawn = json.dumps(layout["layout"], default=str) + json.dumps(
            [t.marker.color for t in figure.data], default=str
        )
        assert not re.search(r"#000|#fff|\bblack\b|\bwhite\b", drawn, re.IGNORECASE), name
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)", name
        assert figure.layout.font.color is None, name


def test_every_figure_says_what_it_rests_on_and_names_its_axes(figures):
    for name, figure in figures.items():
        title = figure.layout.title.text
        assert re.search(r"\d+ (applicants|of 20 (characteristics|coefficients))|PD 31", title), name
        assert figure.layout.showlegend in (True, False)
        named = [axis.title.text for axis in figure.select_xaxes()] + [
            a.title.text for a in figure.select_yaxes()
        ]
        assert any(named), name


def test_the_title_has_room_and_no_legend_near_it(figures):
    for name, figure in figures.items():
        lines = figure.layout.title.text.split("<br>")
        assert figure.layout.margin.t >= 10 + 15 * len(lines), name
        assert max(len(html.unescape(re.sub("<[^>]+>", "", line))) for line in lines) <= 84, name
        if figure.layout.showlegend:
            assert 0 <= figure.layout.legend.y <= 1 and figure.layout.legend.bgcolor == "rgba(0,0,0,0)", name


def test_colours_are_named_below_the_title(figures):
    for name in ("ks", "profile_bins", "sample_sizes"):
        title = figures[name].layout.title.text
        assert f"color:{palette.GOODS}" in title and f"color:{palette.BADS}" in title, name


def test_curves_are_the_evaluations_own_numbers():
    e = evaluation(2, 500)
    roc = charts.roc({"logistic": e}).data[0]
    assert list(roc.y) == e.roc["share_bads"].tolist() and e.shown("auc") in roc.name
    bars = charts.deciles(e).data[0]
    assert list(bars.y) == e.deciles["bad_rate"].tolist()
    dots = charts.calibration({"logistic": e}).data[0]
    assert list(dots.x) == e.calibration["mean_p_bad"].tolist()
    spread = e.calibration["high"] - e.calibration["bad_rate"]
    assert list(dots.error_y.array) == spread.tolist()


def test_the_cut_off_stands_with_its_source():
    labels = [a.text for a in charts.ks(evaluation(2, 500)).layout.annotations]
    assert any(text.startswith("cut-off 20.0%") for text in labels)


def test_a_spread_has_the_cut_offs_that_lie_in_it_and_every_row():
    figure = charts.spread_of_pd(SPREAD, 0.12, 0.1, 0.3)
    assert [a.text for a in figure.layout.annotations] == ["approve below 10.0%"]
    assert list(figure.data[0].y) == SPREAD["counts"] and "999 applicants" in figure.layout.title.text
    nobody = charts.spread_of_pd({}, None, 0.1, 0.3), charts.spread_of_points({})
    assert all(
        not figure.data and figure.layout.annotations[0].text == "no row was scored" for figure in nobody
    )


def test_what_is_not_defined_is_said_and_not_drawn():
    nothing = evaluate(np.zeros(5), np.full(5, 0.1))
    empty = evaluate(np.array([]), np.array([]))
    for e, reason in ((nothing, "no bads in this group"), (empty, "no rows in this group")):
        for figure in (charts.roc({"a": e}), charts.gains({"a": e}), charts.ks(e)):
            assert figure.layout.annotations[0].text == reason
            assert not figure.data
    assert charts.calibration({"a": empty}).layout.annotations[0].text == "no rows in this group"
    assert charts.deciles(nothing).data and charts.calibration({"a": nothing}).data
    assert charts.roc({}).layout.annotations[0].text == "no model to draw"
    assert charts.importance(drivers().head(0)).layout.annotations


def test_no_month_without_a_date_and_no_reason_left_out():
    dated = samples()
    undated = Samples(dated.spec, dated.assignment, dated.sizes, dated.by_month.head(0))
    assert "date" in charts.by_month(undated).layout.annotations[0].text


def test_importance_without_shares_and_with_the_rest_counted():
    figure = charts.importance(drivers().drop(columns="share"))
    assert figure.layout.xaxis.title.text == "Importance"
    assert "15 of 20 characteristics" in figure.layout.title.text
    assert sum(len(trace.y) for trace in figure.data) == 15


def test_titles_that_shorten_alike_stay_apart():
    alike = drivers().head(4).assign(title="Paid in September, statement of the month before, in NT$")
    figure = charts.importance(alike)
    assert len({y for trace in figure.data for y in trace.y}) == 4


def test_text_from_data_is_never_markup():
    figure = charts.profile_bins(bins(), "Income <a href='x'>")
    assert "&lt;a" in figure.layout.title.text and "<a" not in figure.layout.title.text
    assert list(figure.layout.xaxis2.ticktext)[1] == "above 3 &lt;b&gt;"


@pytest.mark.parametrize(("p", "decision"), [(0.001, "approve"), (0.2, "refer"), (0.9, "decline")])
def test_the_applicant_lies_in_the_decision_that_was_made(p, decision):
    figure = charts.points_band(score(p), POLICY, Points())
    low, high = figure.layout.xaxis.range
    at = figure.data[0].x[0]
    assert low < at < high
    strips = [s for s in figure.layout.shapes if s.type == "rect"]
    holder = [s for s in strips if s.x0 <= at <= s.x1]
    assert len(strips) == 3 and decision in figure.layout.title.text
    position = {"decline": 0, "refer": 1, "approve": 2}[decision]
    assert strips[position] in holder or abs(at - strips[position].x1) < 1


def test_findings_read_the_value():
    e = evaluation(0)
    assert "78" in findings.ranking(e) or "77" in findings.ranking(e) or "76" in findings.ranking(e)
    assert findings.calibrated(e).startswith("PDs agree")
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, 20_000)
    bad = (rng.random(20_000) < p).astype(int)
    assert "too low" in findings.calibrated(evaluate(bad, p / 2))
    assert "too high" in findings.calibrated(evaluate(bad, np.minimum(2 * p, 1)))
    assert findings.ordered(evaluate(bad, p)).endswith("at every step")
    assert "does not fall" in findings.ordered(evaluate(bad, 1 - p))
    assert findings.ordered(evaluate(bad, np.full(20_000, 0.2))) == "All applicants have nearly the same PD"
    assert findings.caught(evaluate(bad, p)) == "The riskiest 20% of applicants hold 47% of the bads"


@pytest.mark.parametrize("p", [0.02, 0.1, 0.19, 0.21, 0.3, 0.36, 0.6, 0.9])
def test_the_mark_never_covers_the_name_of_a_decision(p):
    figure = charts.points_band(score(p), POLICY, Points())
    at, (low, high) = figure.data[0].x[0], figure.layout.xaxis.range
    names = [a for a in figure.layout.annotations if a.text in ("approve", "refer", "decline")]
    assert len(names) >= 2
    for name in names:
        assert abs(name.x - at) > 0.04 * (high - low), (name.text, p)


def test_long_labels_of_bins_are_not_cut():
    frame = pd.concat([bins()] * 3, ignore_index=True)
    frame["label"] = [f"above {1000 * k:,} to {1000 * k + 1000:,} NT$" for k in range(len(frame))]
    shown = list(charts.profile_bins(frame, "Credit limit").layout.xaxis2.ticktext)
    assert [text.replace("<br>", " ") for text in shown] == list(frame["label"])
    labels = ["No use of the card", "Paid in full", "missing"]
    few = charts.profile_bins(bins().assign(label=labels), "Status")
    assert list(few.layout.xaxis2.ticktext) == labels
    assert few.layout.yaxis2.title.text == "Share of goods, of bads", "no bar is a share of all"


def test_one_large_psi_leaves_the_other_bars_and_the_limits_apart():
    psi = [1.79, 0.2, 0.002]
    lines = pd.DataFrame({"psi": psi, "psi_99": 0.004, "n": 900, "title": ["A", "B", "C"]})
    figure = charts.psi_bars(lines.assign(characteristic=lines["title"]), 0.1, 0.25)
    end = figure.layout.xaxis.range[1]
    assert max(figure.data[0].x) == end <= 0.5 and list(figure.data[0].x)[1:] == psi[1:]
    assert list(figure.data[0].text) == ["PSI 1.79, cut", "", ""]
    amber, red = (note.x for note in figure.layout.annotations)
    assert red - amber > 0.2 * end


def test_a_figure_with_nothing_to_draw_becomes_a_sentence():
    nothing = charts.coefficients(pd.DataFrame({"label": [], "coefficient": [], "effect": []}))
    assert only_words(nothing) == "Coefficients: a model of this family has none."
    assert only_words(charts.points_band(score(0.2), POLICY, Points())) == ""


def test_coefficients_point_to_what_they_do():
    frame = pd.DataFrame({"label": ["Late: 3", "Income"], "coefficient": [0.9, -0.4]})
    frame["effect"] = ["raises", "lowers"]
    figure = charts.coefficients(frame)
    assert [(t.name, list(t.x)) for t in figure.data] == [
        ("raises the risk", [0.9]),
        ("lowers the risk", [-0.4]),
    ]
    assert "Late: 3" in figure.layout.title.text
    assert "has none" in charts.coefficients(frame.head(0)).layout.annotations[0].text
