"""What the address names and is not kept is said, with one way on; nothing else is shown in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import portfolios

PAGES = [
    "pages/1_Data.py",
    "pages/2_Train.py",
    "pages/3_Score.py",
    "pages/4_Registry.py",
    "pages/6_Compare.py",
]


def opened(app, page: str, **address: str):
    """Return a page, opened by a link."""
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(page).run()
    assert not app.exception, app.exception
    return app


def shown(app) -> str:
    """Return the words of the page itself and of its errors."""
    kinds = (app.subheader, app.markdown, app.caption, app.error)
    return " ".join(element.value for kind in kinds for element in kind)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_names_what_is_not_kept_and_nothing_else_is_shown(trained, page):
    app, _ = trained
    opened(app, page, model="nosuch-9", data="zzz", portfolio="made@1")
    said = shown(app)
    assert "No such data set and model" in said
    assert "The data set zzz is not kept here" in said and "The model nosuch-9 is not kept here" in said
    assert [b.key for b in app.main.button] == ["go_on"]
    assert app.query_params["model"] in ("nosuch-9", ["nosuch-9"])
    app.button(key="go_on").click().run()
    assert not app.exception
    assert "No such" not in shown(app)
    assert app.session_state["_portfolio"] == "made@1"


def test_a_model_of_another_portfolio_is_not_shown_under_it(trained):
    app, _ = trained
    opened(app, "pages/3_Score.py", model="made-1", portfolio="german_credit@1")
    assert "is of the portfolio made, not of german" in shown(app)
    assert not app.number_input


def test_a_portfolio_that_is_not_kept_is_named(app):
    opened(app, "pages/2_Train.py", portfolio="nosuch@3")
    assert "The portfolio nosuch@3 is not kept here" in shown(app)


def test_a_link_reads_no_file_of_the_machine(app, tmp_path):
    text = (Path(portfolios.__path__[0]) / "german_credit.toml").read_text()
    (tmp_path / "theirs.toml").write_text(text)
    opened(app, "pages/2_Train.py", portfolio=str(tmp_path / "theirs.toml"))
    assert "theirs.toml is not kept here" in shown(app)


def test_jobs_and_home_show_all_there_is_whatever_the_address_names(trained):
    app, _ = trained
    opened(app, "pages/5_Jobs.py", model="nosuch-9")
    assert "No such" not in shown(app)
    app.switch_page("app.py").run()
    assert not app.exception and "No such" not in shown(app)


def test_a_job_that_is_not_kept_is_named_on_train(trained):
    app, desk = trained
    opened(app, "pages/2_Train.py", data=desk.registry.datasets()[0].sha256, job="no-such-job")
    assert "The job no-such-job is not kept here" in shown(app)
    assert "train" not in {button.key for button in app.button}


def test_data_alone_in_the_address_bring_their_portfolio(trained):
    app, desk = trained
    sha256 = desk.registry.datasets()[0].sha256
    opened(app, "pages/2_Train.py", data=sha256)
    assert app.session_state["_portfolio"] == "made@1"
    assert app.button(key="train").label == "Train 3 families"


def test_train_offers_the_data_that_were_checked_before(trained):
    app, desk = trained
    opened(app, "pages/2_Train.py", portfolio="made@1")
    assert "No data chosen" in shown(app)
    app.button(key="take_up_go").click().run()
    assert not app.exception
    assert app.session_state["_data"] == desk.registry.datasets()[0].sha256
    assert app.button(key="train")


def test_train_says_that_the_data_are_of_another_portfolio(trained):
    app, _ = trained
    opened(app, "pages/2_Train.py", portfolio="german_credit@1")
    said = shown(app)
    assert "No data of German credit" in said
    assert ":gray[Data] none of this portfolio yet" in said
    assert ":gray[Model] none of this portfolio yet" in said
    app.button(key="take_up_go").click().run()
    assert app.session_state["_portfolio"] == "made@1"
