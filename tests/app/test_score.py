"""Score: an applicant of the file gets his own answer, and what a portfolio says is shown as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.app.conftest import HOSTILE
from workbench.explanation import Sensitivity
from workbench.ui import words
from workbench.ui.score_why import reached


def shown(app, row: str = ""):
    """Return the page Score with an applicant of the file, or the typical one."""
    app.query_params["model"] = "made-1"
    if row:
        app.query_params["row"] = row
    app.run()
    app.switch_page("pages/3_Score.py").run()
    assert not app.exception, app.exception
    return app


def typed(app) -> dict:
    """Return what stands in the form, by column."""
    mark = "in_made-1_"
    fields = (*app.number_input, *app.selectbox, *app.date_input)
    return {e.key.removeprefix(mark): e.value for e in fields if e.key and e.key.startswith(mark)}


@pytest.mark.parametrize("row", ["000000", "000007", "001234"])
def test_an_applicant_of_the_file_gets_the_pd_of_the_study(trained, row):
    app, desk = trained
    values = typed(shown(app, row))
    study = desk.study(desk.registry.resolve("made-1").study_id)
    data = desk.dataset(study.dataset_sha256, study.portfolio)
    at = int(np.flatnonzero(data.row_key.astype(str) == row)[0])
    assert values["opened"] == data.date.iloc[at].date()
    assert values["first_credit"] == data.frame["first_credit"].iloc[at].date()
    score = desk.scorer("made-1").score(values)
    assert score.p_bad == pytest.approx(study.models[0].p_bad[at], rel=1e-12)
    assert any(words.percent(score.p_bad) in element.proto.body for element in app.get("html"))


def test_the_typical_applicant_has_the_last_application_date(trained):
    app, desk = trained
    assert typed(shown(app))["opened"].isoformat() == desk.model("made-1").encoder.date_last


def test_what_a_portfolio_says_is_never_markdown(trained):
    app, _ = trained
    shown(app)
    escaped = words.text(HOSTILE)
    assert any(escaped in e.value for e in app.subheader)
    income = app.number_input(key="in_made-1_income")
    assert escaped in income.label and escaped in income.help
    drawn = [e.value for kind in (app.subheader, app.caption, app.markdown) for e in kind]
    drawn += [e.label for e in (*app.number_input, *app.selectbox, *app.date_input, *app.text_input)]
    assert not any(HOSTILE in text for text in drawn)


def test_a_key_that_is_not_in_the_data_gets_no_decision_and_keeps_what_was_typed(trained):
    app, _ = trained
    shown(app)
    app.number_input(key="in_made-1_income").set_value(1234.0).run()
    key = next(t for t in app.text_input if t.key.startswith("row_"))
    key.set_value("nobody-7").run()
    assert not app.exception and not app.error
    assert "No kept row of made loans.parquet has the key nobody-7." in [e.value for e in app.markdown]
    assert next(t for t in app.text_input if t.key.startswith("row_")).value == "nobody-7"
    assert typed(app)["income"] == 1234.0
    assert not any("Decision" in element.proto.body for element in app.get("html"))
    app.button(key="typical").click().run()
    assert any("Decision" in element.proto.body for element in app.get("html"))
    assert typed(app)["income"] != 1234.0


def test_a_key_in_the_address_that_is_not_in_the_data_gets_no_decision(trained):
    app, _ = trained
    shown(app, "nobody-7")
    assert not any("Decision" in element.proto.body for element in app.get("html"))
    assert app.query_params["row"] in ("nobody-7", ["nobody-7"])


def test_an_applicant_of_the_file_is_still_there_after_another_page(trained):
    app, _ = trained
    before = typed(shown(app, "000007"))
    app.number_input(key="in_made-1_income").set_value(1234.0).run()
    app.switch_page("pages/5_Jobs.py").run()
    app.query_params["row"] = "000007"
    app.switch_page("pages/3_Score.py").run()
    assert not app.exception
    assert typed(app) == before | {"income": 1234.0}


def declined(app):
    """Return the page with an applicant whom the model declines."""
    shown(app)
    app.number_input(key="in_made-1_late").set_value(9.0)
    app.number_input(key="in_made-1_income").set_value(300.0).run()
    assert any("Decline" in element.proto.body for element in app.get("html"))
    return app


def view(app, name: str):
    app.button_group(key="why_view").set_value(name).run()
    assert not app.exception, app.exception
    return " ".join(e.value for kind in (app.markdown, app.caption) for e in kind).replace("\\", "")


def drawn(app, key: str) -> dict:
    """Return a chart of the page as plotly was told it."""
    import json

    chart = next(c for c in app.get("plotly_chart") if c.proto.id.endswith(f"-{key}"))
    return json.loads(chart.proto.spec)


def test_a_declined_applicant_gets_a_waterfall_against_whom_one_asks_for(trained):
    app, _ = trained
    declined(app)
    held = drawn(app, "waterfall")["layout"]["title"]["text"]
    assert "development applicants" in held
    app.selectbox(key="against_made-1").set_value("near cut-off").run()
    assert "up to the cut-off" in drawn(app, "waterfall")["layout"]["title"]["text"]
    app.selectbox(key="against_made-1").set_value("another").run()
    app.text_input(key="other_made-1").set_value("nobody-7").run()
    assert not app.exception and "has the key nobody-7" in " ".join(c.value for c in app.caption)
    app.text_input(key="other_made-1").set_value("000007").run()
    told = drawn(app, "waterfall")
    assert "the other applicant" in told["layout"]["title"]["text"]
    assert any("late" in label for label in told["layout"]["yaxis"]["ticktext"])


def test_reasons_without_words_are_shown_to_a_person_and_an_approval_has_none(trained):
    app, _ = trained
    said = view(declined(app), "Principal reasons")
    assert "No automatic notice, a person decides" in said and "(has no text)" in said
    assert "These may be sent" not in said
    app.button(key="typical").click().run()
    app.number_input(key="in_made-1_income").set_value(9000.0).run()
    assert "there is nothing to give reasons for" in view(app, "Principal reasons")


def test_what_if_moves_the_form_and_says_what_that_did(trained):
    app, _ = trained
    shown(app)
    assert "As filled in" in view(app, "What if")
    app.selectbox(key="what_if_made-1").set_value("income").run()
    assert "Income" in drawn(app, "sensitivity")["layout"]["title"]["text"]
    app.slider(key="slide_made-1_income").set_value(1000.0).run()
    assert typed(app)["income"] == 1000.0
    assert "since the form was filled in" in view(app, "What if")
    app.selectbox(key="what_if_made-1").set_value("home").run()
    assert not app.slider and "rent" in str(drawn(app, "sensitivity"))


def test_what_if_says_which_value_alone_would_reach_a_better_decision(trained):
    app, _ = trained
    said = view(declined(app), "What if")
    tables = [e.proto.body for e in app.get("html")]
    assert any("Approve at" in body and "%)" in body for body in tables) and "No advice" in said
    app.button(key="typical").click().run()
    app.number_input(key="in_made-1_income").set_value(9000.0).run()
    view(app, "What if")
    assert not any("Approve at" in e.proto.body for e in app.get("html"))


def test_only_what_is_no_protected_characteristic_is_said_to_reach_a_better_decision():
    def curve(name: str, reaches: bool, protected: bool = False) -> Sensitivity:
        lines = pd.DataFrame(
            {
                "value": [1.0, 2.0], "label": ["1", "2"], "p_bad": [0.02, 0.5], "points": [700, 400],
                "decision": ["approve" if reaches else "decline", "decline"], "given": [False, True],
            }
        )  # fmt: skip
        return Sensitivity(name, name.title(), "", True, lines, 0.5, protected)

    late, home, age = curve("late", True), curve("home", False), curve("age", True, protected=True)
    lines, rest = reached([late, home, age], ("approve",))
    assert lines == [{"title": "Late", "approve": "1 (2.0%)"}]
    assert rest == "None of the values of 1 other reaches a better decision. "
    assert reached([late, age], ("approve",)) == (lines, "")
    assert reached([age], ("approve",)) == ([], ""), "there is nothing to say of a protected one"
    assert reached([home, age], ("approve",))[1] == "No single value in its range reaches a better decision. "


def test_lime_is_asked_for_and_held_against_the_exact_values(trained):
    app, _ = trained
    view(shown(app), "LIME")
    app.button(key="lime_run").click().run()
    assert not app.exception, app.exception
    table = next(e.value for e in app.dataframe if "exact" in e.value.columns)
    assert len(table) == len(typed(app)) - 1  # all but the application date
    assert any("heaviest by exact values" in c.value for c in app.caption)
