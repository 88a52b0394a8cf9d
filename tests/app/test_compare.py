"""Compare, Registry and the three ways to begin, without a browser."""

from __future__ import annotations

import shutil
from dataclasses import replace
from urllib.error import URLError

import pytest

from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec


@pytest.fixture(scope="module")
def four(seeded, tmp_path_factory):
    """Return a home with four models: two of other samples, one of another portfolio."""
    from workbench import desk

    home = tmp_path_factory.mktemp("four") / "home"
    shutil.copytree(seeded, home)
    at = desk.open(Settings(home=home, threads=1))
    row = at.registry.datasets()[0]
    data = at.dataset(row.sha256, at.portfolio(row.portfolio))
    spec = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("60/40"))
    at.train(at.request(data, spec), Run())
    other = at.keep_generated("counterparty", 800)
    at.train(at.request(other, replace(spec, families=("logistic",))), Run())
    at.registry.close()
    return home


@pytest.fixture
def several(app, four, tmp_path):
    """Return the app on a machine of its own with the four models, and its desk."""
    from workbench import desk

    shutil.copytree(four, tmp_path / "home")
    return app, desk.open(Settings(home=tmp_path / "home", threads=1))


def told(app) -> str:
    """Return every word on the page."""
    kinds = (app.error, app.warning, app.markdown, app.caption, app.subheader, app.info, app.code)
    return " ".join(str(e.value) for kind in kinds for e in kind)


def choice(app, label: str):
    """Return the choice of one that has this label."""
    return next(one for one in app.selectbox if one.label == label)


def go(app, page: str, **query: str):
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, app.exception
    return app


def test_compare_shows_a_verdict_and_names_what_is_left_out(several):
    app, _ = several
    go(app, "6_Compare", portfolio="made@1", models="made-1,made-3,counterparty-1,made-99")
    said = told(app)
    assert "at 70% approvals" in said and "Only the" in said and "rows that no model was fitted on" in said
    assert "counterparty-1** is left out" in said and "made-99** is left out" in said
    assert "only models of one are compared" in said and "No such version is kept here" in said
    assert len(app.warning) == 1
    assert "workbench compare made-1 made-3 --approval 0.7" in said


def test_a_segment_narrows_the_comparison_and_says_how_to_ask_for_it_elsewhere(several):
    app, desk = several
    go(app, "6_Compare", portfolio="made@1", models="made-2,made-3", segment="home = rent")
    alone = desk.compare(["made-2", "made-3"], Run(), segment="home = rent").comparison
    said = told(app)
    assert f"where home = rent · {alone.n:,} rows · {alone.n_bad:,} bads" in said
    assert "--segment 'home = rent'" in said and "segment='home = rent'" in said
    app.text_input(key="segment_made").set_value("home = rent and late > 99").run()
    assert "None of these rows is in the segment" in told(app)
    app.text_input(key="segment_made").set_value("sex = f and opened >= 2023-06-01").run()
    assert "where sex = f and opened \\>= 2023-06-01" in told(app) and not app.error


def test_the_models_of_an_address_decide_the_portfolio(several):
    app, _ = several
    go(app, "6_Compare", models="made-1,made-3")  # another portfolio was trained last
    said = told(app)
    assert "Only the" in said and "is left out" not in said
    assert app.session_state["_portfolio"] == "made@1"
    assert any(str(e.value).startswith("Made loans") for e in app.caption), [e.value for e in app.caption]


@pytest.mark.parametrize(
    "view",
    [
        "Precision-recall",
        "KS",
        "Lift and gains",
        "Calibration",
        "Swap set",
        "Samples",
        "Differences",
        "Drivers",
        "Fairness",
    ],
)
def test_every_view_is_drawn_where_there_is_no_champion(several, view):
    app, _ = several
    go(app, "6_Compare", portfolio="made@1", models="made-2,made-3")
    app.segmented_control(key="compare_view").set_value(view).run()
    assert app.segmented_control(key="compare_view").value == view
    assert not app.exception, app.exception
    assert not app.error, told(app)


def test_models_of_different_data_cannot_be_compared_and_the_page_says_what_to_do(several):
    app, desk = several
    from tests import made

    table = made.frame(1500, seed=11)
    from workbench.dataset import from_frame

    data = desk.keep(from_frame(table, "another quarter"), desk.portfolio("made"))
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    desk.train(desk.request(data, spec), Run())
    newest = desk.models("made")[0].model_id
    go(app, "6_Compare", portfolio="made@1", models=f"made-2,{newest}")
    said = told(app)
    assert "trained on different data sets" in said and "Train them on the same data" in said
    assert "bring such a file on Data" in said and not [s for s in app.selectbox if s.label == "Rows"]


def test_models_of_different_data_are_compared_on_a_file_that_was_checked(several):
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from tests import made
    from workbench.dataset import from_frame
    from workbench.ui import spool

    app, desk = several
    portfolio = desk.portfolio("made")
    data = desk.keep(from_frame(made.frame(1500, seed=11), "another quarter"), portfolio)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    desk.train(desk.request(data, spec), Run())
    newest = desk.models("made")[0].model_id
    content = made.frame(900, seed=12).to_csv(index=False).encode()
    file = spool.put(desk.settings.home, "later.csv", [content])
    desk.keep(desk.read(Path(file.path), portfolio, name=file.name), portfolio)
    go(app, "6_Compare", portfolio="made@1", models=f"made-2,{newest}")
    assert "chosen above, under Rows" in told(app)
    app.selectbox(key="compare_rows_made").set_value(file.key).run()
    assert not app.exception, app.exception
    assert not app.error, told(app)
    said = told(app)
    assert "Labelled rows of later.csv" in said and "at 70% approvals" in said
    assert f"workbench compare made-2 {newest} --approval 0.7 --on {file.path}" in said
    assert f"on={file.path!r}" in said
    assert app.query_params["on"] in (file.key, [file.key])
    app.selectbox(key="compare_rows_made").set_value("").run()
    assert "on" not in app.query_params
    linked = AppTest.from_file(app._script_path, default_timeout=60)
    go(linked, "6_Compare", portfolio="made@1", models=f"made-2,{newest}", on=file.key)
    assert "Labelled rows of later.csv" in told(linked)


def test_a_roll_back_asks_why_and_is_then_in_the_trail(several):
    app, desk = several
    desk.promote("made-2")
    go(app, "6_Compare", portfolio="made@1", models="made-2,made-3")
    choice(app, "With").set_value("made-3").run()
    app.button(key="promote").click().run()
    refused = app.error[0].value
    assert "tick \u201cAlthough it does not beat the champion\u201d" in refused and "force" not in refused
    desk.promote("made-3", force=True, why="A drill")
    go(app, "4_Registry", portfolio="made@1", model="made-3")
    app.button(key="roll_back").click().run()
    assert "needs a reason" in told(app)
    assert desk.registry.resolve("made@champion").model_id == "made-3"
    app.text_input(key="roll_back_why_made").set_value("Only a drill").run()
    app.button(key="roll_back").click().run()
    assert not app.exception, app.exception
    assert desk.registry.resolve("made@champion").model_id == "made-2"
    assert desk.registry.trail("made", 1)[0].sentence.endswith("because: Only a drill.")


def test_after_a_promotion_every_choice_of_versions_names_the_stages_anew(several):
    app, _ = several
    go(app, "6_Compare", portfolio="made@1", models="made-2,made-3", model="made-2")
    choice(app, "With").set_value("made-3").run()
    before = {one.label: one.proto.id for one in (*app.multiselect, *app.selectbox)}
    app.button(key="promote").click().run()
    assert not app.error, told(app)
    now = {one.label: one for one in (*app.multiselect, *app.selectbox)}
    for label in ("Models on the same rows", "With", "Model"):
        # a browser keeps what it shows of a choice as long as the choice has the same identity
        assert now[label].proto.id != before[label], label
        assert [o for o in now[label].options if o.endswith(", champion")], label
    assert now["With"].value == "made-3" and now["Models on the same rows"].value == ["made-2", "made-3"]


def test_registry_says_what_differs_from_the_champion(several):
    app, desk = several
    desk.promote("made-2")
    go(app, "4_Registry", portfolio="made@1", model="made-3")
    assert choice(app, "Against").value == "made-2"
    frame = next(e.value for e in app.dataframe if "topic" in e.value.columns)
    assert {"Version", "Figures"} <= set(frame["topic"]) and not frame["same"].any()


def test_a_made_portfolio_is_one_click_from_the_form_that_trains_it(app, tmp_path):
    app.run()
    app.selectbox(key="try_made_portfolio").set_value("counterparty").run()
    app.number_input(key="try_made_rows_counterparty").set_value(700).run()
    app.button(key="try_made_go").click().run()
    assert not app.exception, app.exception
    assert "700 rows with a known outcome" in told(app)
    assert len(list((tmp_path / "home" / "datasets").glob("*.parquet"))) >= 1


@pytest.mark.parametrize(("page", "key"), [("app", "try_public"), ("1_Data", "public")])
def test_without_a_network_a_public_set_fails_in_words_and_nothing_is_lost(
    app, tmp_path, monkeypatch, page, key
):
    def unreachable(*given, **more):
        raise URLError("Name or service not known")

    monkeypatch.setattr("workbench.intake.public_sets._open", unreachable)
    app.run()
    if page != "app":
        app.switch_page(f"pages/{page}.py").run()
    app.button(key=f"{key}_go").click().run()
    assert not app.exception, app.exception
    assert len(app.error) == 1 and "could not be fetched" in app.error[0].value
    assert app.button(key=f"{key}_go") and not list((tmp_path / "home").glob("datasets/*"))
