"""Decisions people take in a real browser: acknowledge a leak, stop a job, reject and retire a version."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from tests import made

pytestmark = pytest.mark.slow

ROWS = 12_000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return the home of a machine whose made loans have a column that is named like the outcome."""
    from workbench import desk
    from workbench.desk import TrainRequest
    from workbench.run import Run
    from workbench.sampling import SamplingSpec
    from workbench.settings import Settings
    from workbench.study import StudySpec

    folder = tmp_path_factory.mktemp("decisions")
    rows = made.frame(ROWS)
    rows.to_parquet(folder / "made loans.parquet")
    opened = desk.open(Settings(home=folder / "home", threads=1))
    portfolio = opened.shelf.save(made.portfolio())
    dataset = opened.build(folder / "made loans.parquet", portfolio)
    spec = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("70/30"))
    opened.train(
        TrainRequest(portfolio=portfolio.identity, spec=spec, dataset_sha256=dataset.sha256), Run(threads=1)
    )
    rows.rename(columns={"late": "recoveries"}).to_csv(folder / "leaky loans.csv", index=False)
    return folder / "home"


def test_a_leak_is_acknowledged_with_a_reason_and_trained_on(driver, home):
    page = driver.page
    driver.open("/Data?step=bring")
    driver.drop(home.parent / "leaky loans.csv")
    driver.see("Which value is bad?")
    driver.press("save_roles")
    driver.see("must be mended before training")
    driver.shot("50_leak_found")
    page.get_by_role("button", name="Acknowledge").first.click()
    with driver.rerun():
        driver.fill("why_0", "Counts arrears known at the time of application")
    with driver.rerun():
        driver.key("acknowledge_0").get_by_role("button").click()
    driver.see("Acknowledged: Counts arrears known at the time of application")
    driver.see("These data can be used.")
    driver.shot("51_leak_acknowledged")
    page.reload()
    driver.see("Acknowledged: Counts arrears known at the time of application")
    driver.link("Train")
    with driver.rerun():
        driver.key("family_lightgbm").locator("label").first.click()
    driver.press("train")
    driver.key("to_score").wait_for(timeout=120_000)
    driver.settle()
    driver.shot("52_leak_trained")
    from workbench import desk
    from workbench.settings import Settings

    opened = desk.open(Settings(home=home))
    newest = opened.models()[0]
    reasons = opened.study(newest.study_id).spec.acknowledged
    assert [why for _, column, why in reasons if column == "recoveries"] == [
        "Counts arrears known at the time of application"
    ]


def test_a_running_job_is_stopped_within_seconds(driver):
    driver.open("/Train?portfolio=made@1")
    driver.see("No data chosen")
    driver.shot("53_train_no_data_chosen")
    driver.press("take_up_go")
    driver.press("train")
    driver.key("progress").wait_for()
    began = time.monotonic()
    driver.key("cancel").get_by_role("button").click()
    driver.see("Stopped, its process has ended. No study was kept and no model was registered")
    assert time.monotonic() - began < 10
    driver.shot("53_stopped")
    driver.link("Jobs")
    driver.see("cancelled")
    driver.see("Stopped, its process has ended.")
    driver.shot("54_jobs_cancelled")


def test_a_later_extract_with_one_shifted_characteristic_turns_red_and_names_it(driver, home):
    page = driver.page
    later = made.frame(3000, 8)
    late = later["opened"] >= "2024-06-01"
    later = later.assign(id="later" + later["id"], income=later["income"].where(~late, later["income"] * 2.5))
    later.to_csv(home.parent / "october.csv", index=False)
    driver.open("/Monitor?portfolio=made@1")
    driver.see("A file on this machine")
    driver.drop(home.parent / "october.csv")
    driver.see("columns are there")
    driver.press("monitor_go")
    driver.key("drift_view").wait_for(timeout=120_000)
    driver.settle()
    said = driver.key("rule_warn_verdict").or_(driver.key("rule_block_verdict")).inner_text()
    assert "income has moved" in said and said.startswith(("Red.", "Amber.")), said
    driver.shot("60_drift")
    cells = driver.key("drift_view").locator(".heatmaplayer").bounding_box()
    with driver.rerun():
        page.mouse.click(cells["x"] + cells["width"] * 0.98, cells["y"] + 6)
    assert "month=2024-1" in page.url and "characteristic=" in page.url
    driver.see("on the development bins")
    driver.link("Home")
    driver.see("held october.csv against")


def test_a_version_is_rejected_and_another_retired_each_with_its_reason(driver):
    page = driver.page
    for model, label, key, done, why in (
        ("made-1", "Reject", "reject", "rejected", "Too few bads in the latest months"),
        ("made-2", "Retire", "retire", "retired", "The product is no longer offered"),
    ):
        driver.open(f"/Registry?portfolio=made@1&model={model}")
        driver.see("Trail")
        page.get_by_role("button", name=label).first.click()
        page.get_by_label("Why").filter(visible=True).fill(why)
        with driver.rerun():
            driver.key(key).get_by_role("button").click()
        driver.see(f"{model} is {done}")
        assert why in driver.key("trail").inner_text()
    driver.shot("55_rejected_and_retired")


def test_a_file_is_scored_by_a_job_and_taken_away(driver, tmp_path):
    rows = made.frame(300, seed=9).drop(columns=["bad"]).astype({"income": object})
    rows.loc[7, "income"] = "much"
    rows.to_csv(tmp_path / "applicants.csv", index=False)
    driver.open("/Batch?model=made-1")
    driver.drop(tmp_path / "applicants.csv")
    driver.see("Rows are told apart by id")
    driver.press("score_file")
    # no click: the result appears by itself
    driver.key("batch_parquet").wait_for(timeout=120_000)
    driver.see("300 rows in = 299 scored + 1 refused")
    driver.shot("58_batch_scored")
    with driver.page.expect_download() as taken:
        driver.key("batch_parquet").get_by_role("button").click()
    taken.value.save_as(tmp_path / "scored.parquet")
    scored = pd.read_parquet(tmp_path / "scored.parquet")
    assert scored["id"].tolist() == rows["id"].tolist()
    assert scored.index[scored["p_bad"].isna()].tolist() == [7] and "income" in scored["error"][7]
