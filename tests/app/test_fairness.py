"""Fairness without a browser: what is asked stays in the address, and nothing is called fair."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.app.test_compare import go, told
from workbench.desk import FairnessRequest
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec

VIEWS = ("Errors", "Calibration", "PDs", "Intersections", "Measures", "Proxies", "Law", "All cut-offs")
SPEC = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))


@pytest.fixture
def loans(trained):
    """Return the app on a machine with a model that scores age and whose portfolio protects two columns."""
    app, desk = trained
    dataset = desk.keep_generated("consumer_credit", 1500, 5)
    desk.train(desk.request(dataset, SPEC), Run())
    return app, desk


def test_cut_off_moves_approvals_and_ratio_and_stays_in_the_address(loans):
    app, desk = loans
    go(app, "10_Fairness", model="consumer_credit-1", by="age_group", profile="us_federal")
    found = desk.fairness(FairnessRequest("consumer_credit-1", profile="us_federal"), Run()).fairness
    assert found.verdict("age_group") in told(app).replace("\\", "")
    assert f"{found.approval_rate:.1%}" in told(app) and "(the model's policy)" in told(app)
    assert "Age is protected and given to the model" in told(app)
    app.slider(key="cut_off_consumer_credit-1").set_value(20.0).run()
    moved = found.at(0.2)
    assert moved.approval_rate > found.approval_rate
    assert f"{moved.approval_rate:.1%}" in told(app) and "(chosen by hand)" in told(app)
    assert moved.verdict("age_group") in told(app).replace("\\", "")
    assert app.query_params["cut"] == "consumer_credit-1:0.200" and app.query_params["by"] == "age_group"
    assert "--cut-off 0.2 --profile us_federal" in told(app)
    view = app.segmented_control[0]
    for name in VIEWS:
        view.set_value(name).run()
        assert not app.exception, name
    app.slider(key="cut_off_consumer_credit-1").set_value(0.0).run()
    view.set_value("Errors").run()
    assert "as nobody is approved." in told(app) and "not defined: nobody is approved." in told(app)
    assert "No measure here says that a model is fair" in told(app) and "not legal advice" in told(app)


def test_a_moved_cut_off_is_that_of_one_model_and_has_a_way_back(loans):
    app, desk = loans
    other, mine = "made-1", "consumer_credit-1"
    at = {name: desk.model(name).policy.approve_below for name in (other, mine)}
    go(app, "10_Fairness", model=mine, cut=f"{mine}:0.35")
    assert "(chosen by hand)" in told(app) and app.query_params["cut"] == f"{mine}:0.350"
    go(app, "10_Fairness", portfolio="made@1", model=other)
    assert app.slider(key=f"cut_off_{other}").value == pytest.approx(100 * at[other], abs=0.06)
    assert not [one for one in app.button if one.key == "at_policy"]
    assert f"below {at[other]:.2%} (the model's policy)" in told(app) and "cut" not in app.query_params
    go(app, "10_Fairness", portfolio="consumer_credit@1", model=mine, cut="0.35")  # of no model
    assert "(the model's policy)" in told(app)
    app.slider(key=f"cut_off_{mine}").set_value(35.0).run()
    app.button(key="at_policy").click().run()
    assert f"below {at[mine]:.2%} (the model's policy)" in told(app) and "cut" not in app.query_params
    assert app.slider(key=f"cut_off_{mine}").value == pytest.approx(100 * at[mine], abs=0.06)


def test_another_comparator_and_a_segment(loans):
    app, _ = loans
    go(app, "10_Fairness", model="consumer_credit-1", against="highest", segment="age >= 40",
       cut="consumer_credit-1:inf")  # fmt: skip
    assert "where age >= 40" in told(app).replace("\\", "") and "highest approval rate" in told(app)
    app.text_input(key="segment_consumer_credit").set_value("gender = Female").run()
    assert "all rows are of one group" in told(app)


def test_a_portfolio_that_protects_nothing_has_an_empty_state(trained):
    app, desk = trained
    dataset = desk.keep_generated("counterparty", 800)
    desk.train(desk.request(dataset, replace(SPEC)), Run())
    go(app, "10_Fairness", model="counterparty-1")
    assert "Nothing protected yet" in told(app) and app.button(key="empty_go").label == "Go to Data"
