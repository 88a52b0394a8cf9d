"""Reports: what is listed and opened, the form its notebook asks for, and what ends in words."""

from __future__ import annotations

import contextlib
import html
import json
import re
import socket

import pytest
from streamlit.testing.v1 import AppTest

from tests import made
from tests.reports.test_execution import written
from workbench import desk, jobs
from workbench import reports as room
from workbench.reports import shelf
from workbench.settings import Settings
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


def kept(home, key: str, *, page: str = "", error: str = "", **record) -> str:
    """Put an executed report on the shelf."""
    folder = shelf.folder_of(home) / key
    folder.mkdir(parents=True)
    record |= {"report": "training", "title": "Training report"}
    record |= {"error": {"error": "REPORT_FAILED", "message": error}} if error else {}
    (folder / shelf.PARAMETERS).write_text(json.dumps(record.pop("given", {})))
    (folder / shelf.RECORD).write_text(json.dumps(record))
    (folder / "training_report.ipynb").write_text("{}")
    if page:
        (folder / "training_report.html").write_text(page)
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


def test_a_fresh_machine_is_led_to_data(app):
    page(app)
    assert "No reports yet" in said(app) and "none are kept yet" in said(app)
    assert app.button(key="empty_go").label == "Go to Data"


def test_data_that_nothing_was_trained_on_are_reported_too(app, queued):
    at = desk.open(Settings.from_env())
    row = at.registry.save_dataset(made.dataset(300))
    page(app)
    kept_ones = app.selectbox(key="given_data_quality__dataset").options
    assert [name.split(",")[-2].strip() for name in kept_ones] == ["300 rows"] and row.sha256
    app.button(key="first").click().run()
    assert not app.exception, app.exception
    assert [line[:2] + line[3:] for line in queued] == [("data_quality", {}, "Data quality report")]


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
        page="<p>one",
        who="ann",
        seconds=12.3,
        given={"study": study},
    )
    kept(home, "20260302T120000000000Z-training", error="cell 3 failed with KeyError.", seconds=1.0)
    kept(home, "20260303T120000000000Z-training")
    page(app)
    body = next(e.proto.body for e in app.get("html") if 'class="wrapped"' in e.proto.body)
    lines = [re.findall("<td>(.*?)</td>", line) for line in body.split("<tr>")[2:]]
    assert [line[-1].split(":")[0] for line in lines] == ["stopped", "failed", "done"]
    assert "cell 3 failed with KeyError" in lines[1][-1]
    assert lines[2][3] == "ann" and lines[2][4] == "12 s"
    assert "made loans" in lines[2][1].lower()
    assert study not in lines[2][1]
    assert "3 reports · 1 failed" in said(app)


def test_what_the_address_names_is_opened_and_what_it_cannot_open_is_said(trained):
    app, desk = trained
    kept(desk.settings.home, "20260301T120000000000Z-training", page="<p>one")
    failed = kept(desk.settings.home, "20260302T120000000000Z-training", error="cell 3 failed.")
    page(app, report=failed)
    assert "cell 3 failed." in said(app) and "REPORT" in said(app)
    assert not app.get("iframe")
    page(app, report="../../etc")
    assert "is not kept here" in said(app)
    assert len(app.get("iframe")) == 1, "the newest that is done"


def test_reports_of_one_minute_are_told_apart_and_the_one_asked_for_stays_open(trained):
    app, desk = trained
    keys = [f"20260302T1200{at}Z-training" for at in ("01000000", "02000000", "02000000")]
    keys[2] += "-2"
    for n, key in enumerate(keys):
        kept(desk.settings.home, key, error=f"cell {n} failed.")
    for n, key in enumerate(keys):
        page(app, report=key)
        choice = next(s for s in app.selectbox if s.label == "Open")
        assert len(set(choice.options)) == 3
        assert choice.value == key and f"cell {n} failed." in said(app)


def test_a_report_is_held_apart_from_the_app(tmp_path):
    (tmp_path / "r.html").write_text('<p title="a">&amp;</p>"></iframe><script>top.x</script>')
    sealed = reports.sealed_page(tmp_path / "r.html", 'T"><script>')
    assert sealed.count("<iframe") == 1 and sealed.count("</iframe>") == 1
    assert "<script>" not in sealed
    assert 'sandbox="allow-scripts"' in sealed and "allow-same-origin" not in sealed
    assert "default-src 'none'" in sealed


HOSTILE = """
import plotly.express as px
from IPython.display import HTML, display
display(HTML('''<script>
window.tried = [];
for (const what of [() => top.document.title, () => parent.document.title, () => localStorage.length,
                    () => open("URL/window"), () => { top.location.href = "URL/top"; }])
  try { window.tried.push(String(what())) } catch (e) { window.tried.push(e.name) }
fetch("URL/fetch").catch(e => window.tried.push("fetch " + e.name));
new Image().src = "URL/image.png";
window.leave = () => { location.href = "URL/frame"; };
</script>'''))
px.bar(y=[1, 2])
"""


@pytest.mark.browser
def test_a_report_draws_its_charts_and_reaches_nothing(tmp_path, chromium):
    with socket.create_server(("127.0.0.1", 0)) as outside:
        url = f"http://127.0.0.1:{outside.getsockname()[1]}"
        folder = written(tmp_path / "notebooks", HOSTILE.replace("URL", url))
        made = room.run("toy", {}, tmp_path / "out", Settings(home=tmp_path / "home"), folder=folder)
        sealed = html.escape(reports.sealed_page(made.html, "Toy"))
        allowed = "allow-same-origin allow-scripts allow-popups"  # as Streamlit's own frame
        size = "width:900px;height:700px"
        frame = f"<iframe style='{size}' sandbox='{allowed}' srcdoc='{sealed}'></iframe>"
        (tmp_path / "app.html").write_text(f"<title>app</title>{frame}")
        context = chromium.new_context()
        page = context.new_page()
        page.goto((tmp_path / "app.html").as_uri())
        page.frame_locator("iframe").frame_locator("iframe").locator(".main-svg").first.wait_for(
            timeout=90_000
        )
        (inner,) = (f for f in page.frames if f.parent_frame and f.parent_frame.parent_frame)
        inner.wait_for_function("window.tried.length >= 6")
        tried = inner.evaluate("window.tried")
        assert inner.evaluate("self.origin") == "null"
        assert tried == [*["SecurityError"] * 3, "null", "SecurityError", "fetch TypeError"]
        inner.evaluate("setTimeout(window.leave)")  # last, for the browser may clear a frame it stops
        page.wait_for_timeout(2500)
        assert page.title() == "app" and page.url.startswith("file:") and len(context.pages) == 1
        context.close()
        assert said_to(outside) == b""


def said_to(server: socket.socket) -> bytes:
    """Return what was sent; a browser may open a connection ahead, and then say nothing over it."""
    server.setblocking(False)
    sent = b""
    with contextlib.suppress(BlockingIOError):
        while True:
            with server.accept()[0] as connection:
                connection.settimeout(2)
                sent += connection.recv(1000)
    return sent


def test_the_form_asks_what_the_notebook_declares_filled_in_as_the_opened_report(trained, queued):
    app, desk = trained
    study = desk.registry.studies()[0].study_id
    given = {"study": study, "seed": 7, "gone": "x"}
    key = kept(desk.settings.home, "20260301T120000000000Z-training", page="<p>one", given=given)
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
    key = kept(desk.settings.home, "20260301T120000000000Z-training", page="<p>one", given=given)
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
    assert model in told and "gone-1" in told and told.endswith("approval 0.6")
    assert reports_form.told({}) == "nothing: the newest there was"
