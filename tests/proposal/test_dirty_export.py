"""A messy export of real loans is understood, confirmed, and reads back without a row lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.public import public
from workbench import dataset, intake, proposal
from workbench.errors import InputError
from workbench.intake import ReadOptions

BAD = ("loan_status", ("Charged Off",))


def dirty(frame: pd.DataFrame) -> pd.DataFrame:
    """Return loans as an export for people writes them."""
    issued = pd.to_datetime(frame["issue_d"])
    opened = issued - pd.to_timedelta(frame["credit_history_months"] * 30.4375, unit="D")
    return pd.DataFrame(
        {
            "Loan ID": [f"{k:08d}" for k in range(len(frame))],
            "issue_d": issued.dt.strftime("%b-%y"),
            "loan_status": frame["bad"].map({1: "Charged Off", 0: "Fully Paid"}),
            "loan_amnt": frame["loan_amnt"].map("${:,.2f}".format),
            "term": frame["term"].map(" {} months".format),
            "int_rate": (frame["int_rate"] * 100).map("{:.2f}%".format),
            "annual_inc": frame["annual_inc"].map("${:,.2f}".format),
            "emp_length": frame["emp_length"].fillna("n/a"),
            "employer": np.where(frame.index % 7 == 0, "Café São José", "Müller & Söhne"),
            "home_ownership": frame["home_ownership"],
            "purpose": frame["purpose"],
            "addr_state": frame["addr_state"],
            "dti": frame["dti"],
            "revol_util": (frame["revol_util"] * 100)
            .map("{:.1f}%".format)
            .where(frame["revol_util"].notna(), ""),
            "earliest_cr_line": opened.dt.strftime("%b-%y"),
            "open_acc": frame["open_acc"],
            "mths_since_last_delinq": frame["mths_since_last_delinq"],
        }
    )


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    clean = pd.read_csv(public("lending_club/lendingclub_2007_2011_model.csv"))
    path = tmp_path_factory.mktemp("dirty") / "loans.csv"
    dirty(clean).to_csv(path, sep=";", index=False, encoding="cp1252")
    return path, clean


def test_the_code_page_is_asked_for(export):
    path, _ = export
    with pytest.raises(InputError) as refused:
        intake.read(path)
    assert refused.value.code == "ENCODING"
    assert "cp1252" in str(refused.value)
    assert "byte 0x" in str(refused.value)


def test_outcome_is_proposed_and_its_bad_value_is_asked(export):
    table = intake.read(export[0], options=ReadOptions(encoding="cp1252"))
    draft = proposal.propose(table, name="loans")
    assert draft.portfolio is None
    assert draft.guess("loan_status").role == "outcome"
    found = draft.outcome_values.set_index("value")
    assert found.loc["Charged Off", "n"] == 5670
    assert found.loc["Charged Off", "suggested"] == "bad"
    assert any("Which value of loan_status is bad?" in question for question in draft.questions)


def test_every_way_of_writing_is_found(export):
    table = intake.read(export[0], options=ReadOptions(encoding="cp1252"))
    draft = proposal.propose(table, name="loans", bad=BAD)
    formats = {g.column: (g.role, g.kind, g.format, g.date_format) for g in draft.guesses}
    assert formats["Loan ID"][0] == "row key"
    assert formats["issue_d"] == ("date", "date", "plain", "%b-%y")
    assert formats["loan_amnt"] == ("characteristic", "number", "amount", "")
    assert formats["annual_inc"] == ("characteristic", "number", "amount", "")
    assert formats["term"] == ("characteristic", "number", "with_unit", "")
    assert formats["int_rate"] == ("characteristic", "number", "percent", "")
    assert formats["revol_util"] == ("characteristic", "number", "percent", "")
    assert formats["earliest_cr_line"] == ("characteristic", "date", "plain", "%b-%y")
    assert formats["emp_length"][1] == "category"
    assert all(guess.reasons for guess in draft.guesses)


def test_it_reads_back_without_a_row_refused(export):
    path, clean = export
    table = intake.read(path, options=ReadOptions(encoding="cp1252"))
    portfolio = proposal.propose(table, name="loans", bad=BAD).portfolio
    by_portfolio = dataset.build(intake.read(path, portfolio=portfolio), portfolio)
    by_options = dataset.build(table, portfolio)
    assert by_portfolio.sha256 == by_options.sha256
    assert by_portfolio.refused.empty
    assert by_portfolio.n == len(clean)
    assert by_portfolio.n_bad == clean["bad"].sum()
    frame = by_portfolio.frame
    np.testing.assert_allclose(frame["int_rate"], clean["int_rate"].round(4), atol=1e-9)
    np.testing.assert_allclose(frame["loan_amnt"], clean["loan_amnt"])
    np.testing.assert_allclose(frame["annual_inc"], clean["annual_inc"], atol=0.006)
    np.testing.assert_allclose(frame["term"], clean["term"])
    assert frame["revol_util"].isna().sum() == clean["revol_util"].isna().sum()
    assert (by_portfolio.date == pd.to_datetime(clean["issue_d"])).all()
    assert (frame["earliest_cr_line"] <= by_portfolio.date).all()
    opened = pd.to_datetime(clean["issue_d"]) - pd.to_timedelta(
        clean["credit_history_months"] * 30.4375, unit="D"
    )
    assert (frame["earliest_cr_line"].dt.year == opened.dt.year).all()
    assert opened.dt.year.min() < 1950
    assert by_portfolio.row_key.iloc[0] == "00000000"


def test_the_full_file_with_four_outcomes(tmp_path):
    path = public("lending_club/lendingclub_2007_2011_full.csv.gz")
    table = intake.read(path)
    assert len(table.frame) == 42_535
    draft = proposal.propose(table, name="loans", bad=BAD)
    outcome = draft.portfolio.outcome
    assert outcome.bad == ("Charged Off",)
    assert set(outcome.good) == {"Fully Paid", "Does not meet the credit policy. Status:Fully Paid"}
    assert outcome.indeterminate == ("Does not meet the credit policy. Status:Charged Off",)
    made = dataset.build(table, draft.portfolio)
    assert made.n == 42_535
    assert made.refused.empty
    assert "recoveries" in made.frame
