"""Made data are repeatable, whole, within their ranges, and quick to make."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import checks, synthetic
from workbench.dataset import Dataset, build, from_frame
from workbench.errors import InputError, MissingError
from workbench.intake import PortfolioShelf
from workbench.portfolio import Portfolio, parse, to_toml
from workbench.run import Run
from workbench.synthetic import RECIPES

NAMES = tuple(RECIPES)
BAD_RATES = {
    "counterparty": (0.13, 0.18),
    "defi_loans": (0.075, 0.085),
    "cash_advance": (0.11, 0.14),
    "auto_fraud": (0.028, 0.036),
    "consumer_credit": (0.105, 0.13),
}


def portfolio(name: str) -> Portfolio:
    return PortfolioShelf(Path("nowhere")).find(name)


def made(name: str, rows: int | None = None, seed: int = 42) -> Dataset:
    return build(from_frame(synthetic.generate(name, rows, seed)), portfolio(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_gives_the_same_rows_and_another_seed_others(name: str) -> None:
    one, again = synthetic.generate(name, 500, 7), synthetic.generate(name, 500, 7)
    pd.testing.assert_frame_equal(one, again, check_exact=True)
    other = synthetic.generate(name, 500, 8)
    for column in portfolio(name).characteristics:
        assert not one[column.name].equals(other[column.name]), column.name


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(rows=st.integers(1, 3_000), seed=st.integers(0, 2**31 - 1))
def test_any_size_and_seed_keeps_to_the_portfolio(name: str, rows: int, seed: int) -> None:
    frame, declared = synthetic.generate(name, rows, seed), portfolio(name)
    assert len(frame) == rows
    roles = (declared.row_key, declared.date, *(c.name for c in declared.characteristics))
    protected = tuple(c.name for c in declared.protected)
    assert tuple(frame.columns) == (*roles, *protected, declared.outcome.column)
    assert frame[declared.row_key].is_unique
    assert set(frame[declared.outcome.column]) <= {0, 1}
    date = frame[declared.date]
    assert date.is_monotonic_increasing
    assert date.min() >= pd.Timestamp("2024-01-01")
    assert date.max() <= pd.Timestamp("2025-12-31")
    for one in (*declared.characteristics, *declared.protected):
        given_values = frame[one.name].dropna()
        if one.kind == "number":
            assert given_values.between(one.low, one.high).all(), one.name
        else:
            assert set(given_values.astype(str)) <= {a.value for a in one.attributes}, one.name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 42])
def test_the_bad_rate_is_as_told(name: str, seed: int) -> None:
    low, high = BAD_RATES[name]
    outcome = synthetic.generate(name, max(RECIPES[name].rows, 20_000), seed).iloc[:, -1]
    assert low < outcome.mean() < high


@pytest.mark.parametrize("name", NAMES)
def test_checks_find_nothing_to_mend(name: str) -> None:
    data = made(name)
    assert data.n == data.rows_in == RECIPES[name].rows
    found = checks.check(data, Run(1)).findings
    assert [f.code for f in found if f.level != "note"] == []
    assert "LEAKAGE_NONE" in [f.code for f in found]


def test_a_hundred_counterparties_and_ten_thousand_applications_are_enough() -> None:
    for name in ("counterparty", "auto_fraud"):
        data = made(name, portfolio(name).requirements.rows)
        assert checks.check(data, Run(1)).blocking() == (), name


def test_frauds_are_nearly_whole_and_counterparties_count_missing_as_nothing() -> None:
    share = synthetic.generate("auto_fraud").isna().mean()
    assert 0.02 < share.max() < portfolio("auto_fraud").requirements.missing == 0.05
    frame = synthetic.generate("counterparty")
    assert 0.02 < frame.isna().mean().max() < 0.05
    assert {float(c.fill) for c in portfolio("counterparty").characteristics} == {0.0}


@pytest.mark.parametrize("name", NAMES)
def test_the_drift_is_there_and_mild(name: str) -> None:
    frame = synthetic.generate(name, 200_000, 5)
    outcome = frame.iloc[:, -1].to_numpy()
    early, late = outcome[:50_000].mean(), outcome[-50_000:].mean()
    assert 1.03 < late / early < 1.35
    months = frame[portfolio(name).date].dt.to_period("M").value_counts()
    assert len(months) == 24
    assert months.min() > 0.8 * months.mean()


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_rows_take_less_than_two_seconds(name: str) -> None:
    started = time.process_time()
    synthetic.generate(name, 100_000, 1)
    # a loop over rows would take many times as long
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("name", NAMES)
def test_the_portfolio_reads_back_from_what_it_writes(name: str) -> None:
    declared = portfolio(name)
    assert parse(to_toml(declared), "again") == declared
    assert hash(declared) == hash(parse(to_toml(declared), "again"))


def test_what_is_derived_agrees_with_what_it_is_derived_from() -> None:
    loans = synthetic.generate("defi_loans", 5_000)
    ratio = loans["collateral_value_usd"] / loans["loan_amount"]
    assert np.abs(loans["collateral_ratio"] - ratio).max() < 1e-4
    assert (loans["successful_repayments"] + loans["defaults"] <= loans["previous_loans"]).all()
    parties = synthetic.generate("counterparty", 5_000).dropna()
    assert (
        parties["direct_counterparty_count"] == parties["supplier_count"] + parties["customer_count"]
    ).all()
    volume = parties["transaction_count_6m"] * parties["avg_transaction_amount"]
    assert np.allclose(parties["total_transaction_volume_6m"].astype(float), volume.astype(float))
    advances = synthetic.generate("cash_advance", 5_000).dropna()
    together = advances["metric_debt_load30"] * advances["metric_overdraft_count90"]
    assert np.abs(advances["debt_overdraft_interaction"] - together).max() < 1e-3
    people = synthetic.generate("consumer_credit", 5_000)
    assert people.loc[people["age_group"] == "62 and over", "age"].min() >= 62
    assert people.loc[people["age_group"] == "under 25", "age"].max() < 25


def test_the_shares_of_the_risk_are_those_told() -> None:
    from workbench.synthetic import defi_loans

    rng = np.random.default_rng(3)
    scaled = defi_loans.standardised(defi_loans.drivers(rng, np.zeros(200_000)))
    for name, values in scaled.items():
        assert values.mean() == pytest.approx(0, abs=0.02), name
        assert values.std() == pytest.approx(1, abs=0.02), name
    assert sum(defi_loans.WEIGHTS.values()) == pytest.approx(1)


def test_what_cannot_be_made_is_named() -> None:
    with pytest.raises(MissingError, match="counterparty, defi_loans"):
        synthetic.generate("taiwan_cards")
    for rows in (0, -1, 10_000_001):
        with pytest.raises(InputError, match="rows cannot be made"):
            synthetic.generate("counterparty", rows)
