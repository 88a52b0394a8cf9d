"""Loans against crypto collateral: latent drivers of a wallet, and what a lender sees of them.

Drivers, one draw a wallet, never shown
---------------------------------------
======================  ====================  ==================================================
driver                  law                   in the risk, each standardised
======================  ====================  ==================================================
debt-to-income          beta(2, 5)            30%
utilisation             uniform(0.1, 0.95)    25%
liquidation risk        beta(1, 10)           20%
wallet age, days        gamma(2, 500)         15%, as youth: exp(-age / 500)
transaction velocity    Poisson(5) a day      10%, as anomaly: abs(velocity - 5)
monthly income, US$     log-normal(8.5, 1)    none: it sets the size of volume and loan
protocol loyalty, days  exponential(200)      none: it sets how often there were loans before
======================  ====================  ==================================================

Each driver is standardised by the mean and the standard deviation of its law, so that the shares
are shares of what moves the risk; log-odds of bad = `LEVEL` + `STEEP` * risk + `DRIFT` * elapsed.
About 8% are bad.

What is seen: noisy observations of the drivers, never of the outcome
---------------------------------------------------------------------
=====================  ==========================================================================
characteristic         made of
=====================  ==========================================================================
wallet_age_days        wallet age, give or take a tenth (the first transaction an indexer found)
total_transactions     thirty days at the velocity, and Poisson(50) more
total_volume_usd       a year's income times 0.8 to 1.2, busier with velocity
defi_interactions      Poisson around 15, more with loyalty
loan_amount            income times 0.5 to 3, more with utilisation
collateral_value_usd   loan amount times collateral ratio
term_months            1, 3, 6 or 12; longer with utilisation
previous_loans         Poisson around 2, more with loyalty and utilisation
defaults               binomial of previous loans, more with debt-to-income
successful_repayments  what is left of previous loans, less some that still run
reputation_score       75 less debt-to-income and utilisation, plus loyalty, and noise; 0 to 100
collateral_ratio       collateral value / loan amount: 1.1 to 3, thinner with liquidation risk
=====================  ==========================================================================

Drift over the 24 months: liquidation risk up by a tenth, incomes (so volumes and loans) by 6%,
log-odds of bad by 0.15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.synthetic.dates import application_dates, keys
from workbench.synthetic.draws import attributes, chance, flags, within

ROWS = 100_000
LEVEL, STEEP, DRIFT = -3.58, 3.4, 0.15
WEIGHTS = {"debt": 0.30, "utilisation": 0.25, "liquidation": 0.20, "youth": 0.15, "anomaly": 0.10}
TERMS = (1, 3, 6, 12)


def drivers(rng: np.random.Generator, elapsed: np.ndarray) -> dict[str, np.ndarray]:
    """Return the latent drivers of each wallet."""
    n = len(elapsed)
    return {
        "age": rng.gamma(2.0, 500.0, n),
        "income": rng.lognormal(8.5, 1.0, n) * (1 + 0.06 * elapsed),
        "debt": rng.beta(2.0, 5.0, n),
        "utilisation": rng.uniform(0.1, 0.95, n),
        "velocity": rng.poisson(5.0, n).astype(float),
        "loyalty": rng.exponential(200.0, n),
        "liquidation": np.minimum(rng.beta(1.0, 10.0, n) * (1 + 0.1 * elapsed), 1.0),
    }


def standardised(driver: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what makes the risk, each with mean 0 and standard deviation 1 under its law."""
    youth, anomaly = np.exp(-driver["age"] / 500), np.abs(driver["velocity"] - 5)
    return {
        "debt": (driver["debt"] - 2 / 7) / np.sqrt(10 / (49 * 8)),
        "utilisation": (driver["utilisation"] - 0.525) / (0.85 / np.sqrt(12)),
        "liquidation": (driver["liquidation"] - 1 / 11) / np.sqrt(10 / (121 * 12)),
        "youth": (youth - 1 / 4) / np.sqrt(1 / 9 - 1 / 16),
        "anomaly": (anomaly - 1.7547) / 1.3862,
    }


def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Return `rows` made loans, one a line, by date."""
    date, elapsed = application_dates(rng, rows)
    driver = drivers(rng, elapsed)
    scaled = standardised(driver)
    risk = sum(weight * scaled[name] for name, weight in WEIGHTS.items())
    bad = flags(rng, LEVEL + STEEP * risk + DRIFT * elapsed)
    seen = _wallet(rng, driver) | _loan(rng, driver, scaled) | _history(rng, driver, scaled)
    seen["collateral_ratio"] = np.round(seen["collateral_value_usd"] / seen["loan_amount"], 4)
    return pd.DataFrame({"loan_id": keys("DL", rows), "requested_on": date, **seen, "defaulted": bad})


def _wallet(rng: np.random.Generator, driver: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    n = len(driver["age"])
    busy = np.exp(0.04 * (driver["velocity"] - 5))
    return {
        "wallet_age_days": within(driver["age"] * rng.normal(1.0, 0.1, n), 0, 10_000),
        "total_transactions": within(driver["velocity"] * 30 + rng.poisson(50, n), 0, 100_000),
        "total_volume_usd": within(driver["income"] * 12 * busy * rng.uniform(0.8, 1.2, n), 0, 1e9, 2),
        "defi_interactions": within(rng.poisson(15 * np.exp(0.0004 * (driver["loyalty"] - 200))), 0, 1_000),
    }


def _loan(
    rng: np.random.Generator, driver: dict[str, np.ndarray], scaled: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    n = len(driver["income"])
    amount = driver["income"] * rng.uniform(0.5, 3.0, n) * np.exp(0.25 * scaled["utilisation"])
    amount = within(amount, 50, 1e7, 2)
    ratio = np.clip(1.85 - 0.22 * scaled["liquidation"] + rng.normal(0, 0.22, n), 1.1, 3.0)
    preference = np.array([0.2, 0.3, 0.3, 0.2]).reshape(1, -1)
    preference = np.log(preference) + np.outer(scaled["utilisation"], [-0.45, -0.15, 0.15, 0.45])
    term = attributes(rng, tuple(str(t) for t in TERMS), preference).astype(np.int64)
    return {
        "loan_amount": amount,
        "collateral_value_usd": np.round(amount * ratio, 2),
        "term_months": term,
    }


def _history(
    rng: np.random.Generator, driver: dict[str, np.ndarray], scaled: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    n = len(driver["loyalty"])
    often = 2 * np.exp(0.0005 * (driver["loyalty"] - 200) + 0.15 * scaled["utilisation"])
    previous = np.minimum(rng.poisson(often), 200)
    defaults = rng.binomial(previous, chance(-1.9 + 1.0 * scaled["debt"]))
    running = rng.binomial(previous - defaults, 0.1)
    reputation = 72 - 8 * scaled["debt"] - 7 * scaled["utilisation"] + 0.01 * (driver["loyalty"] - 200)
    return {
        "previous_loans": previous,
        "successful_repayments": previous - defaults - running,
        "defaults": defaults,
        "reputation_score": within(reputation + rng.normal(0, 9, n), 0, 100, 1),
    }
