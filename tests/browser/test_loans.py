"""Loans nobody prepared, and loans that know how they ended, in a real browser."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from tests.proposal.test_dirty_export import dirty
from tests.public import public

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Return an export for people: semicolons, a Windows code page, signs and units, a text outcome."""
    clean = pd.read_csv(public("lending_club/lendingclub_2007_2011_model.csv"))
    path = tmp_path_factory.mktemp("loans") / "loans export.csv"
    dirty(clean).to_csv(path, sep=";", index=False, encoding="cp1252")
    return path


def test_a_file_nobody_prepared_ends_in_a_scored_applicant(driver, export):
    driver.open("/Data")
    driver.drop(export)
    driver.see("ENCODING")
    driver.shot("30_encoding_asked")
    driver.see("Its letters read best as Windows, Western Europe (cp1252)")
    driver.press("read_so")
    driver.see("39,786 rows in = 39,786 kept + 0 refused")
    driver.see("Charged Off: 5,670 rows, 14.3%")
    driver.shot("31_roles_guessed")
    driver.press("save_roles")
    driver.see("These data can be used.", timeout=120_000)
    driver.shot("32_findings")
    driver.link("Train")
    driver.see("Out-of-time: the latest applicants test it")
    driver.shot("33_train_by_month")
    driver.press("train")
    driver.key("to_score").wait_for(timeout=240_000)
    driver.settle()
    driver.shot("34_result")
    driver.press("to_score")
    answer = driver.key("score_result")
    answer.get_by_text("Decision").wait_for()
    before = answer.inner_text()
    driver.fill(driver.field("annual_inc"), "12000")
    driver.until(lambda: answer.inner_text() != before, "the score did not change")
    driver.shot("35_score")


def test_loans_that_know_how_they_ended_are_stopped(driver, tmp_path):
    full = tmp_path / "lendingclub_2007_2011_full.csv"
    full.write_bytes(gzip.decompress(public("lending_club/lendingclub_2007_2011_full.csv.gz").read_bytes()))
    driver.open("/Data?step=bring")
    driver.drop(full)
    driver.see("42,535 rows in = 42,535 kept + 0 refused")
    driver.shot("40_roles_full")
    driver.press("save_roles")
    driver.see("must be mended before training", timeout=120_000)
    driver.shot("41_stopped")
    said = driver.page.locator("[data-testid=stMainBlockContainer]").inner_text()
    for guilty in ("recoveries", "total_pymnt", "total_rec_prncp", "last_pymnt_d", "collection_recovery_fee"):
        assert guilty in said, guilty
    driver.link("Train")
    driver.see("must be mended first")
    assert not driver.key("train").count()
    driver.shot("42_train_stopped")
    driver.press("to_findings")
    driver.press("leave_all")
    driver.see("to apply")
    driver.key("pending").get_by_role("button", name="Apply and check again").click()
    driver.see("Version 2 of")
    driver.shot("43_changes_shown")
    driver.press("apply_fixes")
    driver.see("version 2", timeout=120_000)
    driver.shot("44_after_leaving_out")
