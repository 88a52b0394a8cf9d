"""What could not have been known at the application, on made and on public data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from workbench.checks import Checks, check
from workbench.checks.single import auc_of
from workbench.run import Cancelled, Run

LEAKY = [
    "total_pymnt",
    "total_pymnt_inv",
    "total_rec_prncp",
    "total_rec_int",
    "total_rec_late_fee",
    "recoveries",
    "collection_recovery_fee",
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
]
DATES = (
    "earliest_cr_line",
    "last_pymnt_d",
    "last_credit_pull_d",
    "debt_settlement_flag_date",
    "settlement_date",
)


def found(checks, code: str) -> list[str]:
    return [f.column for f in checks.findings if f.code == code]


@pytest.fixture(scope="module")
def lending(public) -> pd.DataFrame:
    path = public("lending_club/lendingclub_2007_2011_full.csv.gz")
    return pd.read_csv(path, low_memory=False, parse_dates=["issue_d", *DATES], date_format="mixed")


def lending_dataset(build, frame, without=()):
    bad = frame["loan_status"].str.contains("Charged Off")
    return build(frame.drop(columns=["loan_status", "issue_d", *without]), bad, date=frame["issue_d"])


def test_the_full_lending_club_file_is_stopped_with_the_guilty_named(build, lending) -> None:
    checks = check(lending_dataset(build, lending), Run())
    assert sorted(found(checks, "LEAKAGE_NAME")) == sorted(LEAKY)
    assert set(found(checks, "LEAKAGE_DATE")) == set(DATES[1:])
    assert found(checks, "LEAKAGE_SINGLE") == ["recoveries"]
    assert checks.auc.iloc[0]["auc"] == pytest.approx(0.994, abs=0.001)
    assert checks.joint_auc > 0.99
    (joint,) = (f for f in checks.blocking() if f.code == "LEAKAGE_JOINT")
    named = joint.value.split("\n")
    assert set(named) <= set(LEAKY) and {"recoveries", "total_rec_prncp", "total_pymnt"} <= set(named)
    assert list(checks.joint["without"][1:3]) == named[:2]
    single = checks.auc.set_index("characteristic")["auc"]
    assert single["emp_title"] < 0.6, "a column of names knows nothing across folds"


def test_without_the_guilty_nothing_blocks(build, lending) -> None:
    checks = check(lending_dataset(build, lending, LEAKY), Run())
    assert not checks.blocking()
    assert found(checks, "LEAKAGE_NONE")


@pytest.mark.parametrize(
    ("name", "outcome", "bad", "best", "together", "warnings"),
    [
        (
            "taiwan_cards/taiwan.csv",
            "default_payment_next_month",
            1,
            ("PAY_0", 0.69),
            0.78,
            {"DUPLICATE_ROWS": 35},
        ),
        ("german_credit/german_coded.csv", "class", 2, ("checking_status", 0.71), 0.79, {}),
        ("lending_club/lendingclub_2007_2011_model.csv", "bad", 1, ("int_rate", 0.66), 0.70, {}),
    ],
)
def test_clean_public_files_pass(build, public, name, outcome, bad, best, together, warnings) -> None:
    frame = pd.read_csv(public(name), parse_dates=["issue_d"] if "lending" in name else False)
    apart = [c for c in (outcome, "ID", "issue_d") if c in frame]
    dataset = build(frame.drop(columns=apart), frame[outcome] == bad, date=frame.get("issue_d"))
    checks = check(dataset, Run())
    assert not checks.blocking()
    assert {f.code: f.rows for f in checks.findings if f.level == "warn"} == warnings
    first = checks.auc.iloc[0]
    assert (first["characteristic"], round(first["auc"], 2)) == best
    assert first["low"] < first["auc"] < first["high"]
    assert checks.joint_auc == pytest.approx(together, abs=0.015)


def test_a_characteristic_that_is_the_outcome_blocks_until_acknowledged(build, plain) -> None:
    frame, outcome = plain
    noisy = outcome + np.random.default_rng(0).normal(size=2000) * 0.2
    dataset = build(frame.assign(oddity=noisy), outcome)
    checks = check(dataset, Run())
    assert {(f.code, f.column) for f in checks.blocking()} == {
        ("LEAKAGE_SINGLE", "oddity"),
        ("LEAKAGE_JOINT", ""),
    }
    assert checks.blocking()[1].value == "oddity"
    why = {("LEAKAGE_SINGLE", "oddity"): "a bureau score", ("LEAKAGE_JOINT", ""): "a bureau score"}
    assert not check(dataset, Run(), acknowledged=why).blocking()


def test_two_columns_that_leak_only_together_are_both_named(build, plain) -> None:
    frame, outcome = plain
    owed = np.random.default_rng(0).normal(size=2000) * 100
    dataset = build(frame.assign(owed=owed, returned=owed - outcome * 80.0), outcome)
    checks = check(dataset, Run())
    assert not found(checks, "LEAKAGE_SINGLE")
    (joint,) = (f for f in checks.findings if f.code == "LEAKAGE_JOINT")
    assert joint.level in ("block", "warn")
    assert set(joint.value.split("\n")) & {"owed", "returned"}


def test_what_is_taken_away_is_named_in_its_order_on_the_same_rows(build) -> None:
    rng = np.random.default_rng(4)
    outcome = (rng.random(18_000) < 0.2).astype(int)
    leaks = {f"leak_{sd}": outcome + rng.normal(size=18_000) * sd / 10 for sd in (3, 4, 5)}
    frame = pd.DataFrame({**leaks, "income": rng.normal(size=18_000)})
    checks = check(build(frame, outcome), Run())
    (joint,) = (f for f in checks.findings if f.code == "LEAKAGE_JOINT")
    removed = checks.joint["without"].tolist()[1:]
    assert joint.value.split("\n") == [name for name in removed if name in joint.value.split("\n")]
    assert checks.joint["auc"].is_monotonic_decreasing
    assert checks.joint["n"].nunique() == checks.joint["n_bad"].nunique() == 1
    assert checks.joint_auc == checks.joint["auc"].iloc[0]
    first = checks.joint.iloc[0]
    assert first["low"] < first["auc"] < first["high"]
    n, n_bad = int(first["n"]), int(first["n_bad"])
    assert (
        f"on {n:,} rows with {n_bad:,} bads in a quick booster" in joint.message and " to " in joint.message
    )
    told = checks.to_json()
    assert (told["joint_n"], told["joint_n_bad"], told["joint_low"]) == (n, n_bad, first["low"])
    assert Checks.from_json(told).to_json() == told


@pytest.mark.parametrize(
    ("kind", "level"), [("application", "block"), ("behavioural", "note"), ("fraud", "note")]
)
def test_a_high_joint_auc_is_only_noted_where_behaviour_is_scored(build, plain, kind, level) -> None:
    frame, outcome = plain
    noisy = outcome + np.random.default_rng(0).normal(size=2000) * 0.3
    checks = check(build(frame.assign(oddity=noisy), outcome, kind=kind), Run())
    assert [f.level for f in checks.findings if f.code == "LEAKAGE_JOINT"] == [level]


def test_dates_after_the_application(build, plain) -> None:
    frame, outcome = plain
    applied = pd.Series(pd.Timestamp("2011-01-01") + pd.to_timedelta(np.arange(2000) % 300, unit="D"))
    later = applied + pd.to_timedelta(np.where(np.arange(2000) < 500, 30, -30), unit="D")
    checks = check(build(frame.assign(seen=later, since=applied), outcome, date=applied), Run())
    (finding,) = (f for f in checks.findings if f.code == "LEAKAGE_DATE")
    assert (finding.column, finding.rows, finding.level) == ("seen", 500, "block")
    assert "(25% of those with both)" in finding.message and finding.example == "record 1: 30 days later"


def test_missing_that_tells_the_outcome(build, plain) -> None:
    frame, outcome = plain
    told = frame["income"].where((outcome == 0) | (np.arange(2000) % 2 > 0))
    random = frame["income"].where(np.arange(2000) % 3 > 0)
    rare = pd.Series(np.where((outcome == 1) & (np.cumsum(outcome) <= 40), 1.0, np.nan))
    rare[rare.first_valid_index()] = 2.0
    checks = check(build(frame.assign(told=told, random=random, rare=rare), outcome), Run())
    assert found(checks, "MISSING_PREDICTS") == ["told", "rare"]


def test_weights_threads_and_seed(build, plain) -> None:
    frame, outcome = plain
    dataset = build(frame, outcome, weight=np.where(outcome == 1, 1.0, 5.0))
    one, two = check(dataset, Run(threads=1)), check(dataset, Run(threads=2))
    assert one.joint_auc == two.joint_auc
    pd.testing.assert_frame_equal(one.auc, two.auc)


def test_it_reports_and_stops(build, plain) -> None:
    steps: list[float] = []
    check(build(*plain), Run(watch=lambda _, done: steps.append(done)))
    assert steps == sorted(steps) and steps[0] == 0
    with pytest.raises(Cancelled):
        check(build(*plain), Run(cancelled=lambda: len(steps) > 0))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_auc_is_that_of_scikit_learn(seed) -> None:
    rng = np.random.default_rng(seed)
    bad = np.r_[0, 1, rng.integers(0, 2, 50)]
    score = rng.integers(0, 9, 52).astype(float)
    weight = rng.random(52) + 0.1
    assert auc_of(bad, score, weight)[0] == pytest.approx(
        roc_auc_score(bad, score, sample_weight=weight), abs=1e-12
    )
