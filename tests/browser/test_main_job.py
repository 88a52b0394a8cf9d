"""The main job in a real browser, on a fresh machine, without a terminal: upload, roles, train, score."""

from __future__ import annotations

import re

import pytest

from tests.public import public

pytestmark = pytest.mark.slow


def test_taiwan_from_upload_to_a_scored_applicant(driver):
    page = driver.page
    driver.open("/")
    driver.see("Nothing has been brought yet")
    driver.shot("01_home_fresh")

    driver.press("bring")
    driver.shot("02_data_bring")
    driver.drop(public("taiwan_cards/taiwan.csv"))
    driver.see("1: 6,636 rows, 22.1%")
    driver.see("30,000 rows in = 30,000 kept + 0 refused")
    driver.shot("03_data_roles")

    driver.press("save_roles")
    driver.see("These data can be used.")
    assert page.get_by_text("35 rows").count()
    driver.shot("04_data_findings")
    driver.step("Profile")
    driver.see("Repayment status, September")
    driver.shot("05_data_profile")

    driver.link("Train")
    driver.see("21,000")
    driver.shot("06_train_form")
    driver.press("train")
    driver.key("progress").wait_for()
    driver.shot("07_train_running", dark=False)
    # no click: the result appears by itself
    driver.key("to_score").wait_for(timeout=180_000)
    driver.settle()
    cards = {name: driver.key(f"model_{name}").inner_text() for name in ("logistic", "scorecard", "lightgbm")}
    aucs = {name: float(re.search(r"AUC\s+(\.\d+)", text)[1]) for name, text in cards.items()}
    assert 0.75 < aucs["logistic"] < 0.80
    assert 0.75 < aucs["scorecard"] < 0.80
    assert 0.76 < aucs["lightgbm"] < 0.80
    assert all("Gate passed" in text for text in cards.values())
    driver.shot("08_train_result")
    with driver.rerun():
        driver.key("details_of").get_by_role("radio", name="Logistic regression").click()
    tabs = "KS", "Calibration", "Cut-off", "Deciles", "Characteristics", "Coefficients", "Against baselines"
    for tab in tabs:
        page.get_by_role("tab", name=tab, exact=True).click()
        driver.shot(f"09_train_{tab.split()[0].lower()}", dark=tab in ("Cut-off", "Coefficients"))

    with driver.rerun():
        driver.key("details_of").get_by_role("radio", name="Scorecard").click()
    page.get_by_role("tab", name="Points", exact=True).click()
    driver.shot("09_train_points")

    driver.press("to_score")
    answer = driver.key("score_result")
    answer.get_by_text("Decision").wait_for()
    driver.shot("10_score_typical")
    before = answer.inner_text()
    driver.choose(driver.field("PAY_0"), "3 months late")
    driver.until(lambda: answer.inner_text() != before, "the score did not change")
    driver.see("Decline")
    driver.shot("11_score_late")
    driver.fill(driver.field("LIMIT_BAL"), "99000000")
    driver.see("1 value to look at")
    driver.shot("12_score_flagged")

    driver.link("Jobs")
    driver.see("Finished")
    driver.shot("13_jobs")
    driver.link("Home")
    driver.see("none is champion yet")
    driver.shot("14_home")
