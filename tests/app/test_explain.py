"""The page Explain, without a browser: what it says, what narrows it, what it is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.test_compare import go, told
from workbench.ui.explain_details import proof

PAGE = str(Path(__file__).parents[2] / "pages" / "9_Explain.py")


def charts(app) -> list[str]:
    """Return what each chart on the page is, as plotly's JSON."""
    return [e.proto.spec for e in app.get("plotly_chart")]


def test_what_drives_the_model_is_told_drawn_and_had_as_a_table(trained):
    app, desk = trained
    go(app, "9_Explain", portfolio="made@1", model="made-1")
    said = told(app)
    assert "make up" in said and "of what moves the score of these 600 rows" in said
    assert "exact interventional values by closed form on all 600 rows: hold-out" in said
    assert "against all 1,400 development applicants" in said
    assert "As fitted, the PD only" in said
    assert len(charts(app)) == 3 and "Importance: click a characteristic" in charts(app)[0]
    assert "workbench explain made-1" in said and "overviews.overview(here, 'made-1'" in said
    assert len(app.dataframe) == 2
    app.session_state["elsewhere_open"] = False
    app.run()
    assert not app.code and "workbench explain made-1" not in told(app)  # nor what colours it


def test_a_characteristic_and_a_segment_of_the_address_narrow_the_page(trained):
    app, _ = trained
    go(app, "9_Explain", portfolio="made@1", model="made-1", characteristic="late", segment="home = rent")
    assert app.selectbox(key="characteristic_made-1").value == "late"
    assert "hold-out, home = rent" in told(app) and "--segment 'home = rent'" in told(app)
    assert "declared: rises" in told(app)
    app.selectbox(key="characteristic_made-1").set_value("bureau").run()
    assert app.query_params["characteristic"] == "bureau"
    assert any("no record" in spec for spec in charts(app)[1:])
    app.text_input(key="segment_made").set_value("late > 99").run()
    assert "None of these rows is in the segment" in told(app) and not app.exception


def test_rows_and_reference_can_be_chosen_and_stay_in_the_address(trained):
    app, _ = trained
    go(app, "9_Explain", portfolio="made@1", model="made-1", sample="development", against="near cut-off")
    said = told(app)
    assert "on all 1,400 rows: development" in said
    assert "development applicants approved with a PD from" in said
    assert "--sample development --against 'near cut-off'" in said
    app.selectbox(key="explain_against_near cut-off").set_value("all").run()
    assert "against" not in app.query_params and "against all 1,400 development" in told(app)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("Acts together", "acts with no other"),
        ("Set to each value", "Partial dependence"),
        ("Months and segments", "Every characteristic in every group"),
        ("Monotone", "set to up to 20 of its values in turn"),
        ("Ranking", "in its place the AUC falls by"),
    ],
)
def test_every_detail_is_drawn(trained, view, words):
    app, _ = trained
    go(app, "9_Explain", portfolio="made@1", model="made-1", view=view, characteristic="late")
    assert words in told(app)


def test_what_was_proved_is_told_as_it_was_kept():
    kept = {"rows": 32, "compared": 32, "largest": {"interventional": 3.14e-9, "path-dependent": 4e-6}}
    assert proof(kept, "log-odds of bad") == (
        "Proved against shap on 32 of 32 rows: the largest difference is 3.1e-09 for interventional values "
        "and 4.0e-06 for path-dependent values, in log-odds of bad."
    )
    older = proof({"rows": 32, "compared": 30}, "log-odds of bad")
    assert older == "Proved against shap on 30 of 32 rows; shap could say nothing of the other rows."
    nothing = proof(kept | {"compared": 0, "largest": {"path-dependent": 4e-6}}, "log-odds of bad")
    assert "say nothing of the 32 rows" in nothing and "4.0e-06 for path-dependent" in nothing
    assert proof({"rows": 1, "compared": 0}, "") == "shap could say nothing of the 1 row held against it."


def test_without_a_model_it_says_how_to_get_one(app):
    go(app, "9_Explain")
    assert "No model yet" in told(app) and app.button(key="empty_go").label == "Go to Data"
