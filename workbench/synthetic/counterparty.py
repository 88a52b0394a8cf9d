"""Trade counterparties: how established, how active and how well connected a party is.

Drivers, standard normal, never shown
-------------------------------------
Stability, activity (correlated 0.3 with stability) and connection (0.3 with activity).
Log-odds of bad = `LEVEL` - 0.95 stability - 0.6 activity - 0.45 connection + 0.5 where the party is not
verified + 0.4 where it was not active lately + `DRIFT` * elapsed. About 15% are bad.

What is seen
------------
============================  ===================================================================
characteristic                made of
============================  ===================================================================
kyc_verified, has_tax_id      yes more often with stability
company_age_years             log-normal around 6.7, older with stability
party_type_score              3, 5, 7 or 9 for the kind of party, higher with stability
contact_completeness          0, 25, 50, 75 or 100, more with stability
transaction_count_6m          Poisson of a log-normal rate, more with activity
avg_transaction_amount        log-normal, a little larger with stability; 0 without transactions
total_transaction_volume_6m   count times average
transaction_regularity_score  0 to 100, more with activity and stability
recent_activity_flag          yes more often with activity
supplier_count                Poisson, more with connection
customer_count                Poisson, more with connection
direct_counterparty_count     suppliers and customers
network_depth_downstream      0 to 5, deeper with connection; 0 without customers
network_size                  direct counterparties and theirs, more with depth
network_balance_ratio         the smaller of suppliers and customers by the larger; 0 with neither
============================  ===================================================================

Missing, whatever the risk: age of 3%, transactions of 4% (no account connected), network of 3%.

Drift over the 24 months: 8% fewer transactions, verification up (log-odds 0.2), log-odds of bad by 0.15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.synthetic.dates import application_dates, keys
from workbench.synthetic.draws import absent, attributes, chance, flags, with_gaps, within

ROWS = 5_000
LEVEL, DRIFT = -2.63, 0.15
TYPES = (3, 5, 7, 9)
TRANSACTIONS = (
    "transaction_count_6m", "avg_transaction_amount", "total_transaction_volume_6m",
    "transaction_regularity_score",
)  # fmt: skip
NETWORK = (
    "direct_counterparty_count", "network_depth_downstream", "network_size", "supplier_count",
    "customer_count", "network_balance_ratio",
)  # fmt: skip


def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Return `rows` made counterparties, one a line, by date of assessment."""
    date, elapsed = application_dates(rng, rows)
    stability, own, other = rng.standard_normal((3, rows))
    activity = 0.3 * stability + np.sqrt(1 - 0.3**2) * own
    connection = 0.3 * activity + np.sqrt(1 - 0.3**2) * other
    party = _party(rng, stability, elapsed)
    trade = _trade(rng, stability, activity, elapsed)
    network = _network(rng, connection)
    log_odds = LEVEL - 0.95 * stability - 0.6 * activity - 0.45 * connection + DRIFT * elapsed
    log_odds += 0.5 * (party["kyc_verified"] == 0) + 0.4 * (trade["recent_activity_flag"] == 0)
    bad = flags(rng, log_odds)
    seen: dict[str, np.ndarray | pd.Series] = {**party, **trade, **network}
    seen["company_age_years"] = with_gaps(rng, party["company_age_years"], 0.03)
    for columns, share in ((TRANSACTIONS, 0.04), (NETWORK, 0.03)):
        missing = rng.random(rows) < share
        seen |= {name: absent(np.asarray(seen[name]), missing) for name in columns}
    return pd.DataFrame({"party_id": keys("CP", rows), "assessed_on": date, **seen, "defaulted_12m": bad})


def _party(rng: np.random.Generator, stability: np.ndarray, elapsed: np.ndarray) -> dict[str, np.ndarray]:
    n = len(stability)
    preference = np.log([[0.25, 0.2, 0.45, 0.1]]) + np.outer(stability, [-0.5, -0.2, 0.2, 0.5])
    return {
        "kyc_verified": flags(rng, 1.4 + 0.8 * stability + 0.2 * elapsed),
        "company_age_years": within(np.exp(1.9 + 0.45 * stability + rng.normal(0, 0.55, n)), 0, 100, 1),
        "party_type_score": attributes(rng, tuple(map(str, TYPES)), preference).astype(np.int64),
        "contact_completeness": 25 * rng.binomial(4, chance(1.1 + 0.5 * stability)),
        "has_tax_id": flags(rng, 1.8 + 0.7 * stability),
    }


def _trade(
    rng: np.random.Generator, stability: np.ndarray, activity: np.ndarray, elapsed: np.ndarray
) -> dict[str, np.ndarray]:
    n = len(stability)
    rate = np.exp(2.7 + 0.6 * activity + rng.normal(0, 0.4, n)) * (1 - 0.08 * elapsed)
    count = np.minimum(rng.poisson(rate), 5_000)
    amount = np.exp(7.2 + 0.2 * stability + rng.normal(0, 0.8, n))
    amount = np.where(count > 0, within(amount, 1, 10_000_000, 2), 0.0)
    regular = 100 * chance(0.2 + 0.45 * activity + 0.3 * stability + rng.normal(0, 0.9, n))
    return {
        "transaction_count_6m": count,
        "avg_transaction_amount": amount,
        "total_transaction_volume_6m": np.round(count * amount, 2),
        "transaction_regularity_score": within(np.where(count > 0, regular, 0), 0, 100, 1),
        "recent_activity_flag": flags(rng, 1.2 + 0.9 * activity),
    }


def _network(rng: np.random.Generator, connection: np.ndarray) -> dict[str, np.ndarray]:
    suppliers = np.minimum(rng.poisson(np.exp(1.1 + 0.45 * connection)), 500)
    customers = np.minimum(rng.poisson(np.exp(1.3 + 0.45 * connection)), 500)
    direct = suppliers + customers
    depth = np.where(customers > 0, rng.binomial(5, chance(-0.5 + 0.5 * connection)), 0)
    more, fewer = np.maximum(suppliers, customers), np.minimum(suppliers, customers)
    return {
        "direct_counterparty_count": direct,
        "network_depth_downstream": depth,
        "network_size": direct + rng.poisson(0.8 * direct * depth),
        "supplier_count": suppliers,
        "customer_count": customers,
        "network_balance_ratio": np.round(fewer / np.maximum(more, 1), 3),
    }
