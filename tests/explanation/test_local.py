"""One applicant: the waterfall adds up, what-if is the model itself, LIME is held against what is exact."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests import made
from workbench import charts, explanation, sampling, training
from workbench.explanation import lime, sensitivities, waterfall
from workbench.explanation.attributions import PROBABILITY
from workbench.run import Run
from workbench.scoring import Scorer

DATA = made.dataset(2500)


@functools.cache
def fitted(family: str = "logistic", calibration: str = "auto"):
    samples = sampling.draw(DATA, sampling.SamplingSpec.from_split("70/30", "random", 42))
    model = training.train(DATA, samples, training.TrainSpec(family, calibration), Run(1))
    raw = model.encoder.raw(DATA.frame, DATA.date)
    return model, raw, explanation.learn(model, raw[samples.mask("development")])


@pytest.mark.parametrize(
    ("family", "calibration"), [("logistic", "sigmoid"), ("logistic", "isotonic"), ("scorecard", "auto")]
)
def test_the_steps_lead_from_the_reference_to_the_calibrated_pd(family: str, calibration: str) -> None:
    model, raw, explainer = fitted(family, calibration)
    found = explainer.attributions(raw[:30])
    for i in range(30):
        told = waterfall(model, found, raw, i, most=3)
        steps = told.steps
        assert list(steps["step"]) == ["base", *["characteristic"] * 3, "rest", "calibration", "applicant"]
        assert steps["start"][0] == pytest.approx(found.base)
        assert np.allclose(steps["end"], steps["start"] + steps["contribution"])
        assert np.allclose(steps["start"][1:-1], steps["end"][:-2])
        end = steps["end"].iloc[-1]
        assert steps["end"].iloc[-2] == pytest.approx(end)
        assert 1 / (1 + np.exp(-end)) == pytest.approx(model.p_bad(*_typed(i))[0], abs=2e-4)
        sizes = steps.loc[steps["step"] == "characteristic", "contribution"].abs()
        assert sizes.is_monotonic_decreasing
        assert told.reference == found.reference and "most" in told.sentence()


def _typed(i: int):
    return DATA.frame.iloc[[i]], DATA.date.iloc[[i]]


def test_values_stand_in_the_words_of_the_portfolio() -> None:
    model, _, explainer = fitted()
    values = Scorer(model).typical() | {
        "bureau": -9,
        "home": "castle",
        "income": None,
        "opened": "2024-06-01",
    }
    raw = np.array([model.program().raw(values | {"first_credit": "2023-06-01"})[0]])
    steps = waterfall(model, explainer.attributions(raw), raw, most=6).steps
    told = dict(zip(steps["characteristic"], steps["value"], strict=True))
    assert told["bureau"] == "no record" and told["home"] == "not seen in development"
    assert told["income"] == "missing" and told["first_credit"] == "12 months before"


def test_a_forest_s_steps_are_probabilities_to_the_end() -> None:
    model, raw, explainer = fitted()
    found = explainer.attributions(raw[:1])
    shares = replace(found, unit=PROBABILITY, base=0.2, values=found.values * 0, margin=np.array([0.2]))
    told = waterfall(model, shares, raw)
    assert told.steps["end"].iloc[-1] == pytest.approx(float(found.p_bad[0]))
    assert told.p_base == pytest.approx(float(model.calibrator.p_bad(np.log(0.2 / 0.8))))
    way = "lowers" if found.p_bad[0] < 0.2 else "raises"
    assert told.sentence().endswith(f"; calibration {way} it more than any of them")
    marks = charts.waterfall(told).data[1].text
    assert marks[0] == "<b>20.0% before calibration</b>", "what it stands at, which is no PD yet"
    assert marks[1].startswith("<b>PD ") and charts.waterfall(told).data[0].text[-1].endswith("%")


def test_a_curve_is_the_model_s_own_answer_at_every_value() -> None:
    model, _, _ = fitted()
    scorer = Scorer(model)
    values = scorer.typical() | {"income": 1500.0}
    raw = np.array(model.program().raw(values)[0])
    curves = {one.characteristic: one for one in sensitivities(model, raw)}
    assert list(curves) == [c.name for c in model.portfolio.characteristics]
    for name, one in curves.items():
        assert one.p_bad == pytest.approx(scorer.p_bad(values), abs=1e-12)
        own = one.curve[one.curve["given"]]
        assert len(own) == 1 and own["p_bad"].iloc[0] == pytest.approx(one.p_bad, abs=1e-12)
        assert one.lowest["p_bad"] <= one.p_bad <= one.highest["p_bad"]
        if name == "first_credit":
            continue  # stands in months, and is typed as a day
        for _, line in one.curve.iloc[::7].iterrows():
            said = line["label"] if not one.ordered or line["label"] == "missing" else line["value"]
            typed = None if line["label"] == "missing" else -9.0 if line["label"] == "no record" else said
            score = scorer.score(values | {name: typed})
            assert score.p_bad == pytest.approx(line["p_bad"], abs=1e-12)
            assert score.points == line["points"]
    late = curves["late"].curve
    assert (np.diff(late["value"].dropna()) > 0).all() and late["p_bad"].is_monotonic_increasing
    assert "missing" not in set(late["label"])  # a missing value is filled, and so is none of its own
    assert {"no record", "missing"} <= set(curves["bureau"].curve["label"])
    assert "moves the PD" in curves["late"].sentence()
    assert len(sensitivities(model, raw, ["late"])) == 1


def test_a_value_beyond_the_usual_range_and_one_not_seen_stand_on_their_curve() -> None:
    model, _, _ = fitted()
    values = Scorer(model).typical() | {"income": 90_000.0, "home": "castle", "bureau": None}
    raw = np.array(model.program().raw(values)[0])
    curves = {one.characteristic: one for one in sensitivities(model, raw)}
    assert curves["income"].curve["value"].max() == 90_000
    assert (
        curves["home"].curve.loc[curves["home"].curve["given"], "label"].item() == "not seen in development"
    )
    assert curves["bureau"].curve.loc[curves["bureau"].curve["given"], "label"].item() == "missing"


def test_a_curve_refers_what_scoring_refers_for_a_value_out_of_its_range() -> None:
    model, _, _ = fitted()
    scorer = Scorer(model)
    safe = scorer.typical() | {"income": 9000.0, "bureau": 700.0, "late": 0.0}
    values = safe | {"income": -1.0}
    curves = {
        one.characteristic: one for one in sensitivities(model, np.array(model.program().raw(values)[0]))
    }
    assert scorer.score(safe).decision == "approve" and scorer.score(values).decision == "refer"
    for name, one in curves.items():
        if name != "income":
            assert "approve" not in set(one.curve["decision"]) and one.reaching("approve") is None, name
    income = curves["income"]
    assert income.curve.loc[income.curve["given"], "decision"].item() == "refer"
    assert income.reaching("approve")["value"] >= 0
    for _, line in income.curve[income.curve["value"].notna()].iloc[::9].iterrows():
        assert scorer.score(values | {"income": line["value"]}).decision == line["decision"]


def test_lime_says_how_far_it_agrees_and_warns_where_it_does_not() -> None:
    model, raw, explainer = fitted()
    full = np.flatnonzero(~np.isnan(raw).any(axis=1))[0]
    found = explainer.attributions(raw[full : full + 1])
    told = lime(model, found, raw[full : full + 1], raw, samples=300, seeds=(1, 2, 3))
    again = lime(model, found, raw[full : full + 1], raw, samples=300, seeds=(1, 2, 3))
    assert told.frame.equals(again.frame)
    assert 0 <= told.agreement <= 1 and 0 <= told.exact_agreement <= 1
    assert told.frame["weight"].abs().is_monotonic_decreasing
    assert (told.frame["low"] <= told.frame["weight"]).all()
    turned = replace(found, values=-found.values)
    opposed = lime(model, turned, raw[full : full + 1], raw, samples=300, seeds=(1, 2))
    assert opposed.opposed and "opposite sign" in opposed.warning
    share = replace(found, unit=PROBABILITY)  # as of a forest: a probability moves by a quarter at the most
    asked = {"samples": 300, "seeds": (1, 2, 3)}
    sizes = (
        told.frame["weight"].abs(),
        lime(model, share, raw[full : full + 1], raw, **asked).frame["weight"].abs(),
    )
    assert 0 < sizes[1].sum() < sizes[0].sum() / 3.5
    lacking = raw[full : full + 1].copy()
    lacking[0, 0] = np.nan
    without = lime(model, explainer.attributions(lacking), lacking, raw, samples=200, seeds=(1, 2))
    assert without.frame.set_index("characteristic")["weight"].isna().sum() == 1
    assert np.isnan(without.frame.set_index("characteristic").loc["income", "weight"])
