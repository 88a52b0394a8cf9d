"""Personal loans to consumers, with gender and age group kept apart for fairness.

Driver, standard normal, never shown: thrift, how well the applicant manages money.

Log-odds of bad
---------------
`LEVEL` - 0.55 thrift - 0.011 (credit score - 680) + 2.2 (debt to income - 0.3) - 0.35 ln(income / 42,000)
- 0.03 (employment years - 7) + 0.12 (existing loans - 1.5) + 0.006 (term - 42) - 0.006 (age - 43)
+ what the purpose adds (`PURPOSES`) + 0.4 where the score is under 620 and debts take over 0.4
+ `DRIFT` * elapsed, all of it times `STEEP`. About 12% are bad.

What is seen
------------
================  ===============================================================================
characteristic    made of
================  ===============================================================================
age               18 to 80 around 43
income            log-normal around US$ 42,000 a year, more from 18 to 45, a tenth less for women
credit_score      680 + 60 thrift + 35 noise, lower for the young; 300 to 850
loan_amount       a share of income around a quarter, log-normal, less for short terms
debt_to_income    beta around 0.3, less with thrift
employment_years  exponential, at most age - 17
existing_loans    Poisson around 1.5, more with debt to income
purpose           six, the same for all
term_months       12 to 72
gender            half and half; no part in the outcome but through income
age_group         of age: under 25, 25 to 39, 40 to 61, 62 and over
================  ===============================================================================

So a model that sees neither gender nor age group still treats groups differently: through income
(gender), and through score and employment (age group). That is there to be found.

Missing, whatever the risk: the score of 4% (no file at the bureau; more of the young), employment of 5%.

Drift over the 24 months: incomes up by 6%, scores down by 6 points, more card debts
brought together, log-odds of bad by 0.15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.synthetic.dates import application_dates, keys
from workbench.synthetic.draws import attributes, flags, with_gaps, within

ROWS = 20_000
LEVEL, STEEP, DRIFT = -3.05, 0.92, 0.15
PURPOSES = {
    "debt_consolidation": 0.15, "home_improvement": -0.1, "car": -0.2, "medical": 0.2,
    "education": 0.1, "small_business": 0.55,
}  # fmt: skip
SHARES = (0.42, 0.18, 0.16, 0.08, 0.08, 0.08)
TERMS = (12, 24, 36, 48, 60, 72)
GROUPS = ("under 25", "25 to 39", "40 to 61", "62 and over")


def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Return `rows` made applications, one a line, by date."""
    date, elapsed = application_dates(rng, rows)
    thrift = rng.standard_normal(rows)
    person = _person(rng, elapsed)
    age, income = person["age"], person["income"]
    young = age < 25
    score = 680 + 60 * thrift - 20 * young - 6 * elapsed + rng.normal(0, 35, rows)
    score = within(score, 300, 850)
    debts = np.clip(rng.beta(4.0, 9.3, rows) - 0.03 * thrift, 0.0, 1.0)
    loans = np.minimum(rng.poisson(1.5 * np.exp(1.2 * (debts - 0.3))), 20)
    preference = np.log(np.array([SHARES])) + np.outer(elapsed, [0.15, 0, 0, 0, 0, 0])
    purpose = attributes(rng, tuple(PURPOSES), preference)
    term = rng.choice(TERMS, rows, p=(0.1, 0.18, 0.32, 0.15, 0.18, 0.07)).astype(np.int64)
    amount = income * np.exp(-1.5 + 0.006 * (term - 42) + rng.normal(0, 0.5, rows))
    log_odds = (
        LEVEL - 0.55 * thrift - 0.011 * (score - 680) + 2.2 * (debts - 0.3) - 0.35 * np.log(income / 42_000)
        - 0.03 * (person["employment_years"] - 7) + 0.12 * (loans - 1.5) + 0.006 * (term - 42)
        - 0.006 * (age - 43) + pd.Series(purpose).map(PURPOSES).to_numpy()
        + 0.4 * ((score < 620) & (debts > 0.4)) + DRIFT * elapsed
    )  # fmt: skip
    bad = flags(rng, STEEP * log_odds)
    seen = {
        "age": age,
        "income": income,
        "credit_score": with_gaps(rng, score, np.where(young, 0.12, 0.03)),
        "loan_amount": within(amount, 500, 100_000, 2),
        "debt_to_income": np.round(debts, 4),
        "employment_years": with_gaps(rng, person["employment_years"], 0.05),
        "existing_loans": loans,
        "purpose": purpose,
        "term_months": term,
        "gender": np.where(person["woman"], "female", "male"),
        "age_group": np.array(GROUPS, dtype=object)[np.searchsorted([25, 40, 62], age, side="right")],
    }
    return pd.DataFrame(
        {"application_id": keys("CC", rows), "applied_on": date, **seen, "defaulted_12m": bad}
    )


def _person(rng: np.random.Generator, elapsed: np.ndarray) -> dict[str, np.ndarray]:
    n = len(elapsed)
    age = within(18 + rng.gamma(3.4, 7.4, n), 18, 80)
    woman = rng.random(n) < 0.5
    rise = 0.012 * (np.minimum(age, 45) - 38)
    income = np.exp(10.65 + rise - 0.1 * woman + rng.normal(0, 0.45, n)) * (1 + 0.06 * elapsed)
    employment = np.minimum(rng.exponential(7.5, n), age - 17.0)
    return {
        "age": age,
        "woman": woman,
        "income": within(income, 6_000, 1_000_000, 2),
        "employment_years": within(employment, 0, 60, 1),
    }
