"""The pages on a machine that has trained: links, promotion, empty states, downloads."""

from __future__ import annotations

import pytest

from tests.browser.seeding import seed
from tests.public import public

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the home of a machine on which both families of Taiwan cards were trained."""
    made = tmp_path_factory.mktemp("trained") / "home"
    seed(made, public("taiwan_cards/taiwan.csv"))
    return made


def test_a_link_survives_a_reload_and_a_cold_server(driver):
    page = driver.page
    driver.open("/Score?portfolio=taiwan_cards@1&model=taiwan_cards-1&row=7")
    driver.see("Applicant 7 of the file")
    shown = driver.key("score_result").inner_text()
    assert "PD, next month" in shown
    page.reload()
    driver.see("Applicant 7 of the file")
    driver.settle()
    assert driver.key("score_result").inner_text() == shown
    page.goto("about:blank")  # an open page would report that its server is gone
    driver.server.stop()
    driver.server.start()
    driver.open("/Score?portfolio=taiwan_cards@1&model=taiwan_cards-1&row=7")
    driver.see("Applicant 7 of the file")
    assert driver.key("score_result").inner_text() == shown
    assert "model=taiwan_cards-1" in page.url


def test_a_declined_applicant_gets_waterfall_reasons_and_what_if(driver):
    driver.open("/Score?model=taiwan_cards-2&row=63")
    driver.see("Decline")
    driver.key("waterfall").locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    driver.shot("27_score_why")
    view = driver.key("why_view")
    view.get_by_text("Principal reasons").click()
    driver.see("Late payments on this account in the last six months")
    driver.see("These may be sent as they stand.")
    driver.shot("28_score_reasons")
    view.get_by_text("What if").click()
    driver.see("As filled in.")
    driver.choose("what_if_taiwan_cards-2", "Credit limit")
    knob = driver.key("slide_taiwan_cards-2_LIMIT_BAL").get_by_role("slider")
    knob.wait_for()
    knob.press("End")
    driver.see("since the form was filled in")
    field = driver.key(driver.field("LIMIT_BAL")).locator("input").first
    driver.until(lambda: float(field.input_value()) > 400_000, "the slider did not move the form")
    driver.key("sensitivity").locator(".js-plotly-plot .main-svg").first.wait_for()
    driver.shot("29_score_what_if")


def test_promoting_leaves_a_line_in_the_trail(driver):
    page = driver.page
    driver.open("/Registry?portfolio=taiwan_cards@1&model=taiwan_cards-2")
    driver.see("Gate passed")
    driver.shot("20_registry")
    page.get_by_role("button", name="Promote").click()
    page.get_by_label("Why").fill("Better on the hold-out sample")
    with driver.rerun():
        driver.key("promote").get_by_role("button").click()
    driver.see("taiwan_cards-2 is champion")
    driver.see("champion")
    driver.shot("21_registry_champion")
    driver.link("Jobs")
    driver.see("No jobs yet")
    driver.link("Home")
    driver.see("A model is ready to score")
    driver.shot("22_home_champion")


@pytest.mark.parametrize(
    ("page_name", "title"), [("Train", "No data of German credit"), ("Score", "No model yet")]
)
def test_a_page_without_what_it_needs_says_so_and_leads_there(driver, page_name, title):
    driver.open(f"/{page_name}?portfolio=german_credit@1")
    driver.see(title)
    driver.shot(f"23_empty_{page_name.lower()}", dark=False)
    driver.press("empty_go")
    driver.see("What did I get, and can it be used?")


def test_a_link_to_what_is_not_kept_says_so_and_leads_on(driver):
    driver.open("/Score?portfolio=taiwan_cards@1&model=nosuch-9&data=zzz")
    driver.see("No such data set and model")
    assert not driver.key("score_result").count()
    driver.shot("26_not_kept")
    driver.press("go_on")
    driver.see("of Taiwan credit cards")
    assert "nosuch-9" not in driver.page.url


def mark(driver, chart: str, which: str) -> None:
    """Click the mark of a chart that lies lowest, or is the largest."""
    drawn = f"[class*='st-key-{chart}'] .scatterlayer .points path"
    driver.page.wait_for_selector(drawn)
    by = {"lowest": "(a, b) => b.y - a.y", "largest": "(a, b) => b.width - a.width"}[which]
    box = driver.page.evaluate(
        f"q => [...document.querySelectorAll(q)].map(e => e.getBoundingClientRect()).sort({by})[0].toJSON()",
        drawn,
    )
    driver.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    driver.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_click_leads_from_what_matters_to_a_characteristic_and_to_an_applicant(driver):
    page = driver.page
    driver.open("/Explain?portfolio=taiwan_cards@1&model=taiwan_cards-1")
    driver.see("of what moves the score of these 9,000 rows")
    driver.shot("27_explain")
    assert "characteristic=" not in page.url
    mark(driver, "swarm_", "lowest")
    page.wait_for_url("**characteristic=*")
    driver.settle()
    chosen = page.url.split("characteristic=")[1].split("&")[0]
    page.wait_for_selector(f".st-key-points_{chosen}, [class*='st-key-points_{chosen}']")
    mark(driver, "points_", "largest")
    page.wait_for_url("**/Score?*row=*")
    driver.see("of the file")
    assert "model=taiwan_cards-1" in page.url


def test_a_key_that_is_not_in_the_data_gets_no_decision(driver):
    driver.open("/Score?portfolio=taiwan_cards@1&model=taiwan_cards-1&row=7")
    driver.see("Applicant 7 of the file")
    driver.fill("row_taiwan_cards-1_7", "30001")
    driver.see("No kept row of taiwan.csv has the key 30001.")
    assert not driver.page.get_by_text("Decision", exact=True).count()
    driver.shot("27_no_such_applicant")
    driver.key("typical").get_by_role("button").click()
    driver.page.get_by_text("Decision", exact=True).wait_for()


def test_a_table_downloads_without_formulas(driver):
    driver.open("/Registry?portfolio=taiwan_cards@1")
    driver.see("Gate passed")
    with driver.page.expect_download() as csv:
        driver.key("versions_csv").get_by_role("button").click()
    text = csv.value.path().read_text("utf-8-sig")
    assert "taiwan_cards-1" in text and "taiwan_cards-2" in text
    with driver.page.expect_download() as excel:
        driver.key("versions_xlsx").get_by_role("button").click()
    assert excel.value.path().read_bytes().startswith(b"PK")


def test_copies_are_dropped_and_every_row_stays_accounted_for(driver):
    driver.open("/Data")
    driver.drop(public("taiwan_cards/taiwan.csv"))
    driver.see("Which value is bad?")
    driver.press("save_roles")
    driver.see("35 rows are copies")
    driver.press("fix_0")
    driver.see("drop the exact copies")
    driver.press("apply_fixes")
    driver.see("30,000 rows in = 29,965 kept + 35 refused")
    driver.shot("24_copies_dropped")
    with driver.page.expect_download() as csv:
        driver.key("refused_rows_csv").get_by_role("button").click()
    lines = csv.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("record,ID,") and len(lines) == 36
    record, key, *_ = lines[1].split(",")
    assert key == record  # clients are numbered in the file's order
    assert "is an exact copy" in lines[1]


def test_the_context_is_changed_in_one_place(driver):
    page = driver.page
    driver.open("/Registry?portfolio=taiwan_cards@1")
    driver.see("Gate passed")
    page.get_by_role("button", name="Change").click()
    driver.see("Data set")
    driver.shot("25_context")
    with driver.rerun():
        page.get_by_role("combobox", name="Model").click()
        page.get_by_role("option", name="Logistic regression v1").click()
    assert "model=taiwan_cards-1" in page.url
    page.keyboard.press("Escape")
    driver.link("Score")
    driver.see("Logistic regression v1 of Taiwan credit cards")


def test_the_fairness_cut_off_moves_approvals_and_ratio_together(driver):
    driver.open("/Fairness?portfolio=taiwan_cards@1&model=taiwan_cards-2&by=AGE")
    driver.see("Adverse impact ratio, 95% interval")
    table, verdict = driver.page.locator(".beside"), driver.key("rule_good_fairness")
    driver.page.wait_for_selector(".st-key-air .main-svg")
    driver.shot("30_fairness")
    before = table.inner_text(), verdict.inner_text()

    def drawn() -> list[float]:
        of_groups = "e => (e.calcdata ?? []).flatMap(t => t.map(c => c.x)).filter(x => x !== undefined)"
        return driver.key("air").locator(".js-plotly-plot").last.evaluate(of_groups)

    ratios = drawn()
    driver.key("cut_off_taiwan_cards-2").get_by_role("slider").focus()
    for _ in range(10):
        driver.page.keyboard.press("ArrowLeft")
    driver.until(lambda: "cut=" in driver.page.url, "the address did not follow the slider")
    driver.until(lambda: table.inner_text() != before[0], "the approvals did not follow the slider")
    driver.until(lambda: verdict.inner_text() != before[1], "the sentence did not follow the slider")
    driver.until(lambda: drawn() != ratios, "the ratios did not follow the slider")
    driver.see("chosen by hand")
