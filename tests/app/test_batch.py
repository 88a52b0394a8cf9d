"""Batch: a file is brought, fitted, scored by a job, and what came out is looked at and taken away."""

from __future__ import annotations

import pytest

from tests import made
from workbench import jobs
from workbench.desk import scored
from workbench.jobs import tasks
from workbench.run import Run
from workbench.settings import Settings

PAGE = "pages/8_Batch.py"


def page(app, **address: str):
    app.run()
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page(PAGE).run()
    assert not app.exception, app.exception
    return app


def said(app) -> str:
    kinds = (app.subheader, app.caption, app.markdown, app.error, app.warning, app.info, app.success)
    return " ".join(str(element.value) for kind in kinds for element in kind)


def figures(app) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.fixture
def queued(monkeypatch):
    """Return what the page queues; the test runs it."""
    found = []
    monkeypatch.setattr(jobs, "hold_app_lock", lambda settings: None)
    monkeypatch.setattr(jobs, "ensure_worker", lambda settings: False)

    def enqueue_score(request, settings, who, *, title):
        job_id = jobs.enqueue("score", request.to_json(), settings, title=title, who=who)
        found.append((job_id, request))
        return job_id

    monkeypatch.setattr(jobs, "enqueue_score", enqueue_score)
    return found


def run(queued) -> dict:
    """Do what the worker would do with the last job."""
    job_id, request = queued[-1]
    job = tasks.Job(job_id, "analyst", Settings.from_env())
    return tasks.score(request.to_json(), Run(1), job)


def test_a_fresh_machine_is_led_to_data(app):
    page(app)
    assert "No model yet" in said(app) and "A file is scored with a trained model." in said(app)
    assert app.button(key="empty_go").label == "Go to Data"


def test_a_file_is_fitted_scored_and_taken_away(trained, queued):
    app, desk = trained
    frame = made.frame(120, seed=5).drop(columns=["bad"]).astype({"income": object})
    frame.loc[[3, 4], "income"] = ["much", "NaN"]
    frame.loc[6, "income"] = 99_999_999
    frame.loc[5, "home"], frame["shoe_size"] = "castle", 43
    content = frame.rename(columns={"late": "Days late", "home": "Lives"}).to_csv(index=False).encode()
    page(app, model="made-1")
    app.file_uploader[0].upload("applicants.csv", content, "text/csv").run()
    assert not app.exception
    assert "2 columns still missing: late and home" in said(app) and app.button(key="score_file").disabled
    for name, column in (("late", "Days late"), ("home", "Days late")):
        next(s for s in app.selectbox if s.key.endswith(f"_{name}")).set_value(column)
    app.run()
    assert "chosen more than once" in said(app) and app.button(key="score_file").disabled
    next(s for s in app.selectbox if s.key.endswith("_home")).set_value("Lives").run()
    assert not app.button(key="score_file").disabled
    app.checkbox(key="with_reasons").set_value(True)
    app.button(key="score_file").click().run()
    assert not app.exception and not app.error
    assert "goes on when this tab is closed" in said(app)
    told = run(queued)
    app.run()
    assert not app.exception and not app.error
    refused = told["refused"]
    assert f"120 rows in = {120 - refused} scored + {refused} refused" in said(app) and refused
    kept = scored.find(desk.settings.home, queued[-1][0])
    assert kept.notes == ["Not used, as the portfolio does not know it: shoe_size."]
    assert "Not used, as the portfolio does not know it" in said(app)
    assert kept.rename == {"late": "Days late", "home": "Lives"}
    assert all(f"{n:,}" in figures(app) for n in kept.decisions.values())
    rows = app.dataframe[0].value
    assert len(rows) == 120 and set(rows["decision"]) >= {""}
    assert {"reason_1", "reason_4", "reason_note"} <= set(rows)
    assert kept.without_notice == kept.decisions["decline"]  # its portfolio words no reason
    assert "go to a person, with no automatic notice" in said(app)
    app.selectbox(key="which").set_value("unseen").run()
    shown = app.dataframe[0].value
    assert len(shown) == len(scored.rows(desk.settings.home, kept.key, "unseen"))
    assert shown["flags"].str.contains("unseen: home").all() and len(shown)
    tables = {name: table.value for table in app.dataframe for name in table.value}
    flagged = set(tables["characteristic"]["characteristic"])
    assert desk.portfolio("made@1").characteristic("income").shown in flagged and "income" not in flagged
    assert tables["share"]["rows"].is_monotonic_decreasing
    assert app.dataframe[-1].value["error"].ne("").all() and len(app.dataframe[-1].value) == refused
    assert {button.key for button in app.get("download_button")} >= {"batch_csv", "batch_parquet"}
    app.button(key="score_another").click().run()
    assert "Scored before" in said(app) and not app.exception
    app.button(key="open_scored").click().run()
    assert f"120 rows in = {120 - refused} scored" in said(app)


def test_a_file_that_cannot_be_read_and_one_that_is_gone_are_said(trained, queued):
    app, _ = trained
    page(app, model="made-1", file="upload-0123456789abcdef")
    assert "no longer kept here" in said(app)
    app.file_uploader[0].upload("a.csv", b"x\xff,y\n1,2\n", "text/csv").run()
    assert not app.exception
    assert "What is the decimal sign" not in said(app) and "ENCODING" in said(app)
    assert app.selectbox(key="option_encoding")


def test_an_address_of_no_scored_file_ends_in_words(trained):
    app, _ = trained
    page(app, model="made-1", job="../../models")
    assert "No such scored file" in said(app)
