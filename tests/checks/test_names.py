"""Names that give away the outcome, and those that only look like it."""

from __future__ import annotations

import pytest

from workbench.checks import leakage_name
from workbench.checks.names import decision_name, follows_default

GUILTY = [
    "recoveries",
    "collection_recovery_fee",
    "total_rec_prncp",
    "total_pymnt",
    "total_pymnt_inv",
    "total_rec_int",
    "total_rec_late_fee",
    "last_pymnt_d",
    "last_pymnt_amnt",
    "last_credit_pull_d",
    "debt_settlement_flag",
    "debt_settlement_flag_date",
    "settlement_status",
    "settlement_date",
    "settlement_amount",
    "settlement_percentage",
    "settlement_term",
    "out_prncp",
    "next_pymnt_d",
    "hardship_flag",
    "loan_status",
    "closed_date",
    "chargeOffDate",
    "charged_off",
    "written_off",
    "write_off_amt",
    "TotalPymnt",
    "recovered",
    "default_date",
    "LGD",
]
INNOCENT = [
    "PAY_0",
    "PAY_AMT1",
    "BILL_AMT6",
    "delinq_2yrs",
    "mths_since_last_delinq",
    "mths_since_last_record",
    "collections_12_mths_ex_med",
    "chargeoff_within_12_mths",
    "acc_now_delinq",
    "pub_rec",
    "revol_bal",
    "total_acc",
    "num_chargeoffs_12m",
    "NumberOfTimes90DaysLate",
    "payment_history",
    "last_name",
    "total_income",
    "tot_coll_amt",
    "installment_commitment",
    "default",
    "existing_credits",
    "credit_amount",
    "verification_status",
    "status",
    "lateral",
    "settlers_bank",
    "recovering_patient",
]


@pytest.mark.parametrize("name", GUILTY)
def test_a_name_known_only_after_the_outcome(name) -> None:
    assert leakage_name(name)


@pytest.mark.parametrize("name", INNOCENT)
def test_an_innocent_name(name) -> None:
    assert leakage_name(name) is None


def test_payments_are_no_leak_where_behaviour_is_scored() -> None:
    assert follows_default("recoveries") and not follows_default("total_pymnt")
    assert not follows_default("income")


def test_results_of_an_earlier_decision() -> None:
    assert decision_name("int_rate") and decision_name("sub_grade") and not decision_name("income")
