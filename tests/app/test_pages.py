"""Pages on a fresh machine, on files that are wrong, and with a context in the address."""

from __future__ import annotations

import pytest

from workbench.ui import frame

GOOD_ROWS = "".join(f"{i},{20 + i % 50},{'own' if i % 3 else 'rent'},{int(i % 4 == 0)}\n" for i in range(800))
GOOD = ("id,age,home,bad\n" + GOOD_ROWS).encode()


def said(app) -> str:
    """Return every error on the page."""
    return " ".join(element.value for element in app.error)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("pages/1_Data.py", "one row an application or account"),
        ("pages/2_Train.py", "No data to train on"),
        ("pages/3_Score.py", "No model yet"),
        ("pages/4_Registry.py", "No versions yet"),
        ("pages/5_Jobs.py", "No jobs yet"),
        ("pages/8_Batch.py", "No model yet"),
        ("pages/10_Fairness.py", "No model yet"),
    ],
)
def test_every_page_says_what_is_missing_and_leads_on(app, page, words):
    app.run()
    assert not app.exception
    app.switch_page(page).run()
    assert not app.exception
    shown = " ".join(e.value for kind in (app.subheader, app.caption, app.markdown) for e in kind)
    assert words in shown


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("trailing.csv", b"a,b\n1,2,\n3,4,\n", "RAGGED_ROWS"),
        ("extra.csv", b"a,b\n1,2\n3,4,5\n", "RAGGED_ROWS"),
        ("short.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "RAGGED_ROWS"),
        ("page.csv", b"<!DOCTYPE html><html><body>404</body></html>", "NOT_CSV"),
        ("plain.csv", b"1,2,0\n2,3,1\n3,4,0\n", "NO_HEADER"),
        ("cut.csv", b'id,note,bad\n1,"ok",0\n2,"cut in mid', "TRUNCATED"),
        ("empty.csv", b"", "NO_ROWS"),
        ("header.csv", b"a,b,c\n", "NO_ROWS"),
        ("twice.csv", b"a,b,a\n1,2,3\n4,5,6\n", "DUPLICATE_COLUMNS"),
        ("page.csv", "naïve,b\ncafé,1\nthé,2\n".encode("cp1252"), "ENCODING"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_code_and_nothing_is_kept(
    bring, tmp_path, name, content, code
):
    app = bring(name, content)
    assert not app.exception
    assert len(app.error) == 1 and frame.code(code) in said(app)
    assert not list((tmp_path / "home").glob("datasets/*"))


def test_an_outcome_of_one_class_is_refused_and_what_was_typed_stays(bring):
    rows = "".join(f"{i},{i % 40},{'x' if i % 2 else 'y'},0\n" for i in range(100))
    app = bring("one.csv", ("id,age,kind,bad\n" + rows).encode())
    app.selectbox(key=next(s.key for s in app.selectbox if s.key.startswith("outcome_column"))).set_value(
        "bad"
    ).run()
    assert not app.exception
    assert any("an outcome has two or a few" in c.value for c in app.caption)


def test_a_file_becomes_a_checked_data_set_with_its_row_count(bring, tmp_path):
    app = bring("made up.csv", GOOD)
    assert not app.exception, app.exception
    assert any("800 rows in = 800 kept + 0 refused" in c.value for c in app.caption)
    app.button(key="save_roles").click().run()
    assert not app.exception, app.exception
    assert app.query_params["step"] in ("findings", ["findings"])
    assert list((tmp_path / "home" / "datasets").glob("*.parquet"))


def test_a_client_s_path_is_a_label_only(bring, tmp_path):
    bring("../../outside.csv", GOOD)
    assert not list(tmp_path.rglob("outside.csv"))
    assert list((tmp_path / "home" / "uploads").glob("*.csv"))


def test_a_link_to_data_that_are_gone_says_so(app):
    app.query_params["data"] = "upload-0123456789abcdef"
    app.run()
    app.switch_page("pages/1_Data.py").run()
    assert not app.exception
    assert any("no longer kept here" in element.value for element in app.markdown)


def test_home_shows_a_shared_data_set_under_each_portfolio_that_read_it(trained):
    from tests import made
    from workbench import portfolio
    from workbench.dataset import from_frame

    app, desk = trained
    (row,) = desk.registry.datasets()
    values = desk.portfolio(row.portfolio).to_json() | {"name": "second", "title": "Second"}
    other = desk.shelf.save(portfolio.from_values(values, "second"))
    table = from_frame(made.frame(2000), "other file")
    kept = desk.keep(table, other)
    third = desk.shelf.save(portfolio.from_values(values | {"name": "third", "title": "Third"}, "third"))
    desk.keep(table, third)
    assert kept.sha256 == row.sha256 and len(desk.registry.datasets()) == 1
    app.run()
    assert not app.exception, app.exception
    table = next(e.value for e in app.dataframe if "champion" in e.value.columns)
    assert dict(zip(table["portfolio"], table["data"], strict=True)) == {
        "Made loans": "made loans.parquet",
        "Second": "other file",
        "Third": "other file",
    }
    assert table["rows"].notna().all() and any("3 portfolios" in c.value for c in app.caption)


def test_what_takes_room_is_shown_and_a_version_is_deleted_for_a_reason(trained):
    app, desk = trained
    (row,) = desk.models()
    app.run()
    app.query_params["model"] = row.model_id
    app.switch_page("pages/4_Registry.py").run()
    app.toggle(key="room").set_value(True).run()
    assert not app.exception, app.exception
    app.selectbox(key="delete_kind").set_value("dataset").run()
    refused = " ".join(shown.value for shown in app.info).replace("\\", "")
    assert f"{row.model_id} was made from it. Delete those models first" in refused
    assert "delete" not in {button.key for button in app.button}
    app.selectbox(key="delete_kind").set_value("model").run()
    assert app.button(key="delete").disabled
    app.text_input(key=f"delete_why_{row.model_id}").set_value("tried out").run()
    app.button(key="delete").click().run()
    assert not app.exception, app.exception
    assert not desk.models() and desk.registry.trail(limit=1)[0].action == "deleted"
    assert any("No versions yet" in s.value for s in app.subheader)
    assert app.toggle(key="room").value, "what else takes room can still be looked at and deleted"


def test_saving_the_roles_keeps_what_the_page_does_not_show():
    from tests import made
    from workbench.ui import data_table

    texts = [
        {"characteristics": ["income"], "low": "Income too low"},
        {"characteristics": ["home"], "text": "Home"},
    ]
    base = made.portfolio(weights="balanced", reasons={"version": 3, "texts": texts})
    fewer = made.portfolio(characteristics=[c for c in made.CHARACTERISTICS if c["name"] != "home"])
    saved = data_table._carried(fewer, base)
    assert (saved.weights, saved.reasons.version) == ("balanced", 3)
    assert [text.low for text in saved.reasons.texts] == ["Income too low"]
    assert data_table._carried(made.portfolio(), base) == base


def test_what_came_of_a_failed_job_is_its_message_and_not_its_code_alone():
    from types import SimpleNamespace

    from workbench.ui import queue

    job = SimpleNamespace(kind="drift", result=None, code="TOO_FEW_ROWS", error="0 of 39 rows can be used")
    assert queue._short(job) == "0 of 39 rows can be used"
