"""Monitor without a browser: an extract looked at, its page narrowed, limits edited, what cannot be."""

from __future__ import annotations

import pytest

from tests import made
from workbench.desk import DriftRequest

PAGE = "pages/11_Monitor.py"


def texts(app) -> str:
    return " ".join(
        str(e.value) for kind in ("markdown", "caption", "error", "warning") for e in app.get(kind)
    )


@pytest.fixture
def looked(trained, tmp_path):
    """Return the app, its desk and a look at a later extract with one shifted characteristic."""
    app, desk = trained
    rows = made.frame(1500, 8)
    rows["id"] = "later" + rows["id"]
    (shifted := rows.assign(income=rows["income"] * 1.8)).to_parquet(tmp_path / "october.parquet")
    assert len(shifted) == 1500
    model = desk.models()[0].model_id
    return app, desk, desk.drift(DriftRequest(model, str(tmp_path / "october.parquet")))


def opened(app, found, **more):
    app.query_params.update({"model": found.model_id, "job": found.key} | more)
    app.run()
    app.switch_page(PAGE).run()
    assert not app.exception, app.exception
    return app


def test_without_a_model_the_page_says_where_it_starts(app):
    app.run()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert "A later extract is held against what a model was developed on." in texts(app)


def test_a_look_tells_its_verdict_and_narrows_to_a_characteristic_and_a_month(looked):
    app, _, found = looked
    opened(app, found)
    said = texts(app)
    assert (
        found.drift.verdict.colour in ("amber", "red")
        and f"**{found.drift.verdict.colour.capitalize()}.**" in said
    )
    assert "has moved" in said and "points" in said
    lists = {box.label: box for box in app.selectbox}
    assert lists["Characteristic"].value == "income"
    lists["Month"].select("2024-03").run()
    assert "2024-03" in app.query_params["month"] and not app.exception
    next(b for b in app.selectbox if b.label == "Characteristic").select("bureau").run()
    assert "bureau" in app.query_params["characteristic"] and not app.exception
    for tab in ("Scores", "Performance", "What fired", "Plain rules", "Triggers"):
        app.session_state["monitor_tab"] = tab
        app.run()
        assert not app.exception, (tab, app.exception)


def test_a_chance_too_small_to_be_told_is_below_a_bound_and_not_nought(looked):
    app, _, found = looked
    opened(app, found)
    least = found.drift.characteristics["q_value"].min()
    assert least < 0.0001
    for tab, column in (("Characteristics", "q_value"), ("Scores", "p"), ("What fired", "q")):
        app.session_state["monitor_tab"] = tab
        app.run()
        shown = [table.value[column] for table in app.dataframe if column in table.value]
        said = (
            " ".join(str(v) for v in shown[0]) if shown else " ".join(str(e.value) for e in app.get("html"))
        )
        assert "< .0001" in said.replace("&lt;", "<") and "0.0000" not in said, (tab, said)


def test_limits_are_saved_with_a_reason_and_the_page_offers_to_look_again(looked):
    app, desk, found = looked
    from workbench.desk import monitoring

    opened(app, found)
    app.session_state["monitor_tab"] = "Triggers"
    app.run()
    app.button(key="triggers_save").click().run()
    assert "with a reason" in texts(app)
    monitoring.set_triggers(desk, found.portfolio, {"score": {"amber": 0.2}}, "A wider mix is meant")
    app.run()
    assert "The triggers were changed since." in texts(app)


def test_home_shows_the_last_verdict_and_who_looked(looked):
    app, desk, found = looked
    if desk.registry.resolve(found.model_id).stage != "champion":
        desk.promote(found.model_id)
    app.run()
    red = found.drift.verdict.colour == "red"
    assert app.button(key="next_step").label == ("See what moved" if red else "Score an applicant")
    portfolios = app.dataframe[0].value
    assert portfolios["drift"].iloc[0].startswith(found.drift.verdict.colour)
    assert any("held october.parquet against" in str(e.value) for e in app.get("html"))


def test_a_file_that_lacks_a_column_is_told_before_it_is_looked_at(trained, tmp_path):
    app, desk = trained
    made.frame(200, 8).drop(columns="income").to_csv(tmp_path / "short.csv", index=False)
    app.run()
    app.switch_page(PAGE).run()
    app.text_input(key="monitor_path").set_value(str(tmp_path / "short.csv"))
    app.button(key="monitor_take").click().run()
    assert "It lacks 1 column of the portfolio: income" in texts(app)
    assert app.button(key="monitor_go").disabled
    app.query_params["job"] = "no-such-look"
    app.run()
    assert "no look at an extract that is kept here" in texts(app)
