"""Reports: what is listed and opened, the form its notebook asks for, and what ends in words."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from workbench import jobs
from workbench.reports import shelf
from workbench.ui import reports, reports_form

PAGE = "pages/7_Reports.py"


def page(app: AppTest, **address: str) -> AppTest:
    app.run()
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page(PAGE).run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    kinds = (app.subheader, app.caption, app.markdown, app.error, app.warning, app.info)
    return " ".join(str(element.value) for kind in kinds for element in kind)


def kept(home, key: str, *, html: str = "", error: str = "", **record) -> str:
    """Put an executed report on the shelf."""
    folder = shelf.folder_of(home) / key
    folder.mkdir(parents=True)
    record |= {"report": "training", "title": "Training report"}
    record |= {"error": {"error": "REPORT_FAILED", "message": error}} if error else {}
    (folder / shelf.PARAMETERS).write_text(json.dumps(record.pop("given", {})))
    (folder / shelf.RECORD).write_text(json.dumps(record))
    (folder / "training_report.ipynb").write_text("{}")
    if html:
        (folder / "training_report.html").write_text(html)
    return key


@pytest.fixture
def queued(monkeypatch):
    """Return what the page queues; nothing is run."""
    found = []
    monkeypatch.setattr(jobs, "hold_app_lock", lambda settings: None)
    monkeypatch.setattr(jobs, "ensure_worker", lambda settings: False)

    def enqueue_report(name, parameters, settings, who, *, title):
        found.append((name, parameters, who, title))
        return jobs.enqueue("report", {}, settings, title=title, who=who)

    monkeypatch.setattr(jobs, "enqueue_report", enqueue_report)
    return found


def test_a_fresh_machine_is_led_to_train(app):
    page(app)
    assert "No reports yet" in said(app) and "none is kept yet" in said(app)
    assert app.button(key="empty_go").label == "Go to Train"


def test_a_machine_that_trained_offers_its_first_report(trained, queued):
    app, desk = trained
    page(app)
    app.button(key="first").click().run()
    assert not app.exception, app.exception
    assert queued == [("training", {}, desk.who, "Training report")]
    assert "Waiting for its turn" in json.dumps([b.proto.text for b in app.get("progress")])
    assert "No reports yet" not in said(app)


def test_the_list_tells_the_newest_first_and_how_each_ended(trained):
    app, desk = trained
    home = desk.settings.home
    study = desk.registry.studies()[0].study_id
    kept(
        home,
        "20260301T120000000000Z-training",
        html="<p>one",
        who="ann",
        seconds=12.3,
        given={"study": study},
    )
    kept(home, "20260302T120000000000Z-training", error="cell 3 failed with KeyError.", seconds=1.0)
    kept(home, "20260303T120000000000Z-training")
    page(app)
    frame = app.dataframe[0].value
    assert [one.split(":")[0] for one in frame["ended"]] == ["stopped", "failed", "done"]
    assert "cell 3 failed with KeyError" in frame["ended"][1]
    assert frame["who"][2] == "ann" and frame["took"][2] == "12 s"
    assert "Made loans" in frame["parameters"][2] or "made loans" in frame["parameters"][2]
    assert study not in frame["parameters"][2]
    assert "3 reports · 1 failed" in said(app)


def test_what_the_address_names_is_opened_and_what_it_cannot_open_is_said(trained):
    app, desk = trained
    kept(desk.settings.home, "20260301T120000000000Z-training", html="<p>one")
    failed = kept(desk.settings.home, "20260302T120000000000Z-training", error="cell 3 failed.")
    page(app, report=failed)
    assert "cell 3 failed." in said(app) and "REPORT" in said(app)
    assert not app.get("iframe")
    page(app, report="../../etc")
    assert "is not kept here" in said(app)
    assert len(app.get("iframe")) == 1, "the newest that is done"


def test_a_report_is_held_apart_from_the_app(tmp_path):
    (tmp_path / "r.html").write_text('<p title="a">&amp;</p>"></iframe><script>top.x</script>')
    sealed = reports.sealed_page(tmp_path / "r.html", 'T"><script>')
    assert sealed.count("<iframe") == 1 and sealed.count("</iframe>") == 1
    assert "<script>" not in sealed
    assert 'sandbox="allow-scripts"' in sealed and "allow-same-origin" not in sealed
    assert "default-src 'none'" in sealed


def test_the_form_asks_what_the_notebook_declares_filled_in_as_the_opened_report(trained, queued):
    app, desk = trained
    study = desk.registry.studies()[0].study_id
    given = {"study": study, "seed": 7, "gone": "x"}
    key = kept(desk.settings.home, "20260301T120000000000Z-training", html="<p>one", given=given)
    page(app)
    before = f"given_training_{key}_"
    assert app.selectbox(key=before + "study").value == study
    assert app.number_input(key=before + "seed").value == 7
    assert "no parameter gone any more" in said(app)
    app.selectbox(key=before + "family").set_value("logistic")
    app.number_input(key=before + "seed").set_value(42)
    app.button(key=f"run_training_{key}").click().run()
    assert not app.exception, app.exception
    ((name, parameters, _, title),) = queued
    assert (name, parameters) == ("training", {"study": study, "family": "logistic"})
    assert "Logistic" in title and study not in title


def test_what_is_no_longer_kept_is_named_not_dropped(trained):
    app, desk = trained
    given = {"study": "old-study"}
    key = kept(desk.settings.home, "20260301T120000000000Z-training", html="<p>one", given=given)
    page(app)
    chosen = app.selectbox(key=f"given_training_{key}_study")
    assert chosen.value == "old-study" and "old-study, not kept here" in chosen.options


def test_a_job_that_is_no_report_is_said_so(trained, queued):
    app, desk = trained
    page(app, job="nothing-like-it")
    assert "is not a report" in said(app)


def test_parameters_are_told_in_words(trained, monkeypatch):
    _, desk = trained
    monkeypatch.setattr(reports_form.cache, "desk", lambda: desk)
    model = desk.registry.models()[0].model_id
    told = reports_form.told({"models": f"{model},gone-1", "approval": 0.6})
    assert told.startswith("models Made") or "Logistic regression v1" in told
    assert "gone-1" in told and told.endswith("approval 0.6")
    assert reports_form.told({}) == "its defaults"
