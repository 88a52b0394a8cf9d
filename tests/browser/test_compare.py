"""Several families in a real browser: trained on made data, compared, promoted, refused, rolled back."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow

FAMILIES = ("logistic", "scorecard", "random_forest", "xgboost", "lightgbm")
VIEWS = ("Precision-recall", "KS", "Lift and gains", "Calibration", "Swap set", "Samples", "Differences")


def promote(driver, model: str, why: str, force: bool = False) -> None:
    """Promote a version on Registry."""
    driver.open(f"/Registry?portfolio=consumer_credit@1&model={model}")
    driver.page.get_by_role("button", name="Promote").first.click()
    with driver.rerun():
        driver.fill(f"promote_why_{model}", why)
    if force:
        with driver.rerun():
            driver.key(f"force_{model}").locator("label").first.click()
    driver.key("promote").get_by_role("button").click()


def test_five_families_from_made_data_to_a_champion_and_back(driver, home):
    page = driver.page
    driver.open("/")
    driver.see("Try a made portfolio")
    driver.shot("60_home_fresh")
    with driver.rerun():
        driver.fill("try_made_rows_consumer_credit", "6000")
    driver.key("try_made_go").get_by_role("button").click()
    driver.key("train").wait_for()
    driver.settle()
    driver.see("6,000 rows with a known outcome")
    driver.press("train")
    driver.key("to_compare").wait_for(timeout=120_000)
    driver.settle()
    for family in FAMILIES:
        assert "AUC" in driver.key(f"model_{family}").inner_text()
    driver.shot("61_five_trained", dark=False)

    driver.press("to_compare")
    driver.see("Same rows, the same 70% approved")
    table = driver.page.locator(".beside")
    told = table.inner_text()
    assert "Everyone the same PD" in told and "alone" in told and "XGBoost" in told
    driver.shot("62_compare")
    verdict = driver.key("rule_good_verdict")
    assert "70% approvals" in verdict.inner_text()
    driver.key("approval").get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    driver.until(lambda: "65% approvals" in verdict.inner_text(), "the verdict did not follow the slider")
    driver.until(lambda: "the same 65%" in page.inner_text("body"), "the table did not follow the slider")
    for view in (*VIEWS, "Drivers", "Fairness"):
        driver.key("compare_view").get_by_text(view, exact=True).click()
        page.wait_for_timeout(400)
        driver.settle()
        driver.shot(f"63_compare_{view.split()[0].lower()}", dark=view in ("Swap set", "Differences"))
        assert not page.locator("[data-testid=stException]").count(), view

    promote(driver, "consumer_credit-5", "The first one")
    driver.see("consumer_credit-5 is champion")
    promote(driver, "consumer_credit-1", "A drill", force=True)
    driver.see("consumer_credit-1 is champion")
    driver.see("What differs from another version?")
    driver.shot("64_registry_champion")

    # the made risk is nearly additive: trees on fewer rows are worse than the logistic regression
    data = next(row for row in kept(home).registry.datasets())
    driver.open(f"/Train?portfolio=consumer_credit@1&data={data.sha256}")
    for family in FAMILIES[:-1]:
        with driver.rerun():
            driver.key(f"family_{family}").locator("label").first.click()
    with driver.rerun():
        driver.choose("split", "55/15/15/15 development / validation / calibration / hold-out")
    with driver.rerun():
        driver.key("deploy").locator("label").first.click()
    driver.press("train")
    driver.key("to_registry").wait_for(timeout=120_000)
    driver.settle()
    body = page.inner_text("[data-testid=stMainBlockContainer]")
    assert re.search(r"Not made champion.*(not better|does not beat|worse)", body), body
    driver.shot("65_deploy_refused")
    assert kept(home).registry.resolve("consumer_credit@champion").model_id == "consumer_credit-1"

    driver.open("/Registry?portfolio=consumer_credit@1&model=consumer_credit-1")
    driver.see("What differs from another version?")
    page.get_by_role("button", name="Roll back").first.click()
    driver.see("consumer_credit-5", timeout=5_000)
    with driver.rerun():
        driver.fill("roll_back_why_consumer_credit", "It was only a drill")
    with driver.rerun():
        driver.key("roll_back").get_by_role("button").click()
    driver.see("consumer_credit-5 is champion again")
    driver.shot("66_rolled_back")
    opened = kept(home)
    assert opened.registry.resolve("consumer_credit@champion").model_id == "consumer_credit-5"
    said = [line.sentence for line in opened.registry.trail("consumer_credit", 20)]
    assert any("It was only a drill" in one for one in said)
    assert any("which was refused" in one for one in said)


def kept(home):
    """Return a desk at the home the browser's app writes to."""
    from workbench import desk
    from workbench.settings import Settings

    return desk.open(Settings(home=home))
