"""The segment bar: typed or clicked, counted, kept in the address, and never another set of rows."""

from __future__ import annotations

import pytest


def page():
    import streamlit as st

    from workbench.ui import cache, frame, segment, session

    context = frame.completed(session.context())
    data = cache.dataset(context.data, context.portfolio)
    try:
        picked = segment.choose(context, data.frame, data.outcome)
        st.code(f"{int(picked.mask(data.frame).sum())} rows")
    except frame.Ended:
        pass


@pytest.fixture
def bar(trained):
    """Return a page with the bar on made loans, and its data."""
    from streamlit.testing.v1 import AppTest

    _, desk = trained
    row = desk.registry.datasets()[0]
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["data"] = row.sha256
    return app.run(), desk.dataset(row.sha256, desk.portfolio("made"))


def counted(app) -> str:
    assert not app.exception, app.exception
    return app.code[-1].value if app.code else ""


def test_rules_narrow_the_rows_and_stand_in_the_address(bar):
    app, data = bar
    assert counted(app) == f"{data.n} rows" and "segment" not in app.query_params
    rent = (data.frame["home"] == "rent").to_numpy()
    app.text_input(key="segment_made").set_value("Home = Rent").run()
    assert counted(app) == f"{rent.sum()} rows"
    said = next(str(c.value) for c in app.caption if " of " in str(c.value))
    assert said.startswith(f"{rent.sum():,} of {data.n:,} rows, {(data.outcome[rent] == 1).sum()} bads (")
    assert app.query_params["segment"] == "home = rent"
    app.button(key="segment_made_none").click().run()
    assert counted(app) == f"{data.n} rows" and "segment" not in app.query_params


def test_levels_are_clicked_beside_what_was_typed(bar):
    app, data = bar
    app.text_input(key="segment_made").set_value("income > 1500").run()
    app.button_group(key="segment_made_home").set_value(["own"]).run()
    assert app.text_input(key="segment_made").value == "income > 1500 and home = own"
    wanted = ((data.frame["income"] > 1500) & (data.frame["home"] == "own")).sum()
    assert counted(app) == f"{wanted} rows"
    app.button_group(key="segment_made_home").set_value(["own", "rent"]).run()
    assert app.text_input(key="segment_made").value == "income > 1500 and home in (own, rent)"


@pytest.mark.parametrize(
    ("said", "told"), [("home = rnt", "Take one of"), ("income > 1e9", "None of these rows")]
)
def test_a_segment_that_cannot_be_shown_ends_the_page_and_stays_to_be_mended(bar, said, told):
    app, data = bar
    app.text_input(key="segment_made").set_value(said).run()
    assert counted(app) == "" and told in " ".join(str(e.value) for e in (*app.error, *app.info))
    app.button(key="segment_made_none").click().run()
    assert counted(app) == f"{data.n} rows" and not app.error


@pytest.mark.parametrize(("of", "narrowed"), [("made", True), ("other", False)])
def test_a_link_opens_the_same_rows_and_another_portfolio_forgets_them(bar, of, narrowed):
    from streamlit.testing.v1 import AppTest

    _, data = bar
    linked = AppTest.from_function(page, default_timeout=60)
    linked.query_params["data"] = data.sha256
    linked.query_params["segment"] = "home = own"
    linked.session_state["_segment"] = (of, "home = own")
    wanted = (data.frame["home"] == "own").sum() if narrowed else data.n
    assert counted(linked.run()) == f"{wanted} rows"
    assert linked.text_input(key="segment_made").value == ("home = own" if narrowed else "")
