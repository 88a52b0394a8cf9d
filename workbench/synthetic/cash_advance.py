"""Advances on the next paycheck: what 90 days of a bank account show.

Drivers, standard normal, never shown
-------------------------------------
Strain, means (correlated -0.3 with strain) and swings (0.3 with strain).
Log-odds of bad = `LEVEL` + 1.1 strain - 0.55 means + 0.5 swings + 0.35 where strain and swings are both
above 0.5 + `DRIFT` * elapsed. About 12% are ever in default or delinquency on an advance.

What is seen
------------
==========================  =====================================================================
characteristic              made of
==========================  =====================================================================
metric_debt_load30          share of a month's deposits that debts take: 0 to 2, more with strain
metric_overdraft_count90    Poisson of a gamma rate, more with strain and swings
metric_median_paycheck      log-normal around US$ 1,340, more with means
metric_clean_buffer7        US$ left a week before payday, of the paycheck, less with strain
metric_volatility90         how far the balance swings, of its mean: 0 to 5, more with swings
log_median_paycheck         natural logarithm of 1 + median paycheck
debt_overdraft_interaction  debt load times overdrafts
buffer_to_paycheck          clean buffer by median paycheck
==========================  =====================================================================

The last three are engineered from the first five. No paycheck is found for 6% (paid in cash or by
several small jobs), and then neither what is made of it; buffer and volatility are missing for 2%,
whose account is younger than the window.

Drift over the 24 months: paychecks up by 6%, debt load by 5%, log-odds of bad by 0.2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.synthetic.dates import application_dates, keys
from workbench.synthetic.draws import absent, chance, flags, within

ROWS = 20_000
LEVEL, DRIFT = -2.93, 0.2


def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Return `rows` made customers, one a line, by the date of their first advance."""
    date, elapsed = application_dates(rng, rows)
    strain, own, other = rng.standard_normal((3, rows))
    means = -0.3 * strain + np.sqrt(1 - 0.3**2) * own
    swings = 0.3 * strain + np.sqrt(1 - 0.3**2) * other
    log_odds = LEVEL + 1.1 * strain - 0.55 * means + 0.5 * swings + DRIFT * elapsed
    bad = flags(rng, log_odds + 0.35 * ((strain > 0.5) & (swings > 0.5)))
    debt = 2 * chance(-1.7 + 0.6 * strain + rng.normal(0, 0.5, rows)) * (1 + 0.05 * elapsed)
    rate = np.exp(0.1 + 0.5 * strain + 0.25 * swings) * rng.gamma(2.0, 0.5, rows)
    paycheck = np.exp(7.2 + 0.4 * means + rng.normal(0, 0.25, rows)) * (1 + 0.06 * elapsed)
    paycheck = within(paycheck, 100, 50_000, 2)
    left = chance(-0.9 - 0.5 * strain + 0.2 * means + rng.normal(0, 0.6, rows))
    seen = {
        "metric_debt_load30": within(debt, 0, 2, 4),
        "metric_overdraft_count90": np.minimum(rng.poisson(rate), 90),
        "metric_median_paycheck": paycheck,
        "metric_clean_buffer7": np.round(left * paycheck, 2),
        "metric_volatility90": within(np.exp(-0.7 + 0.4 * swings + rng.normal(0, 0.3, rows)), 0, 5, 4),
    }
    unpaid, young = rng.random((2, rows)) < [[0.06], [0.02]]
    return pd.DataFrame(
        {
            "user_id": keys("CA", rows),
            "snapshot_on": date,
            **engineered(seen, unpaid, young),
            "ever_default_or_delinquent": bad,
        }
    )


def engineered(
    seen: dict[str, np.ndarray], unpaid: np.ndarray, young: np.ndarray
) -> dict[str, np.ndarray | pd.Series]:
    """Return the metrics with what is made of them; missing where there was no paycheck or history."""
    debt, overdrafts = seen["metric_debt_load30"], seen["metric_overdraft_count90"]
    paycheck, buffer = seen["metric_median_paycheck"], seen["metric_clean_buffer7"]
    return {
        "metric_debt_load30": debt,
        "metric_overdraft_count90": overdrafts,
        "metric_median_paycheck": absent(paycheck, unpaid),
        "metric_clean_buffer7": absent(buffer, young),
        "metric_volatility90": absent(seen["metric_volatility90"], young),
        "log_median_paycheck": absent(np.round(np.log1p(paycheck), 4), unpaid),
        "debt_overdraft_interaction": np.round(debt * overdrafts, 4),
        "buffer_to_paycheck": absent(np.round(buffer / paycheck, 4), unpaid | young),
    }
