"""Score: an applicant of the file gets his own answer, and what a portfolio says is shown as it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.app.conftest import HOSTILE
from workbench.ui import words


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
