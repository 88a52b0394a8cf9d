"""Applications for car finance, some of them fraudulent.

Drivers, standard normal, never shown
-------------------------------------
Pretence (how much of the applicant is made up), collusion (of the dealer, one value for each of
`DEALERS` dealers) and greed (how far the deal is stretched).
Log-odds of fraud = `LEVEL` + 1.35 pretence + 0.75 collusion + 0.7 greed + 0.4 where pretence and
collusion are both above 1 + `DRIFT` * elapsed. About 3.2% are fraudulent.

What is seen
------------
============================  ===================================================================
characteristic                made of
============================  ===================================================================
age                           18 to 90 around 41, a little younger with pretence
sin_valid_flag                social insurance number passes its check; less often with pretence
email_domain_category         corporate, provider, free or disposable, by pretence
phone_reuse_count             Poisson, more with pretence
email_reuse_count             Poisson, more with pretence
vin_reuse_flag                vehicle seen on another application, more with collusion and pretence
dealer_app_volume_24h         Poisson around 6, more with collusion
dealer_fraud_percentile       the dealer's rank by past alerts: collusion and noise, 0 to 100
province_ip_mismatch          more with pretence
address_postal_match_flag     less often with pretence
ltv_ratio                     loan by vehicle value, more with greed
purchase_loan_ratio           purchase price by loan: about the inverse, and noise
downpayment_income_ratio      log-normal, less with greed
mileage_plausibility_score    0 to 100, less with collusion and greed
high_value_low_income_flag    more with greed and pretence
============================  ===================================================================

Missing, whatever the risk and always under 5%: the percentile of 2% (new dealers), mileage 3%,
downpayment to income 1.5%.

Drift over the 24 months: free mail addresses gain, loan to value up by 0.02, log-odds of fraud by 0.2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.synthetic.dates import application_dates, keys
from workbench.synthetic.draws import attributes, chance, flags, with_gaps, within

ROWS = 50_000
DEALERS = 400
LEVEL, DRIFT = -4.76, 0.2
DOMAINS = ("corporate", "provider", "free", "disposable")


def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Return `rows` made applications, one a line, by date."""
    date, elapsed = application_dates(rng, rows)
    pretence, greed = rng.standard_normal((2, rows))
    dealer = rng.integers(0, DEALERS, rows)
    of_dealer, noise = rng.standard_normal((2, DEALERS))
    collusion = of_dealer[dealer]
    alerts = of_dealer + 0.6 * noise
    percentile = 100 * np.argsort(np.argsort(alerts)) / (DEALERS - 1)
    log_odds = LEVEL + 1.35 * pretence + 0.75 * collusion + 0.7 * greed + DRIFT * elapsed
    bad = flags(rng, log_odds + 0.4 * ((pretence > 1) & (collusion > 1)))
    seen = _applicant(rng, pretence, elapsed)
    seen |= {
        "vin_reuse_flag": flags(rng, -4.2 + 0.5 * collusion + 0.4 * pretence),
        "dealer_app_volume_24h": np.minimum(rng.poisson(6 * np.exp(0.2 * collusion)), 500),
        "dealer_fraud_percentile": with_gaps(rng, np.round(percentile[dealer], 1), 0.02),
        "province_ip_mismatch": flags(rng, -2.6 + 0.8 * pretence),
        "address_postal_match_flag": flags(rng, 2.1 - 0.7 * pretence),
    }
    seen |= _deal(rng, pretence, collusion, greed, elapsed)
    return pd.DataFrame(
        {"application_id": keys("AF", rows), "applied_on": date, **seen, "confirmed_fraud": bad}
    )


def _applicant(
    rng: np.random.Generator, pretence: np.ndarray, elapsed: np.ndarray
) -> dict[str, np.ndarray | pd.Series]:
    n = len(pretence)
    preference = np.log([[0.22, 0.28, 0.47, 0.03]]) + np.outer(pretence, [-0.6, -0.2, 0.2, 0.9])
    preference[:, 2] += 0.2 * elapsed
    return {
        "age": within(18 + rng.gamma(3.2, 7.2, n) * np.exp(-0.08 * pretence), 18, 90),
        "sin_valid_flag": flags(rng, 3.6 - 1.0 * pretence),
        "email_domain_category": attributes(rng, DOMAINS, preference),
        "phone_reuse_count": np.minimum(rng.poisson(np.exp(-1.6 + 0.7 * pretence)), 50),
        "email_reuse_count": np.minimum(rng.poisson(np.exp(-1.9 + 0.7 * pretence)), 50),
    }


def _deal(
    rng: np.random.Generator,
    pretence: np.ndarray,
    collusion: np.ndarray,
    greed: np.ndarray,
    elapsed: np.ndarray,
) -> dict[str, np.ndarray | pd.Series]:
    n = len(greed)
    ltv = within(0.98 + 0.1 * greed + 0.02 * elapsed + rng.normal(0, 0.1, n), 0.2, 2.0, 3)
    down = np.exp(-2.4 - 0.35 * greed + rng.normal(0, 0.6, n))
    mileage = 100 * chance(1.7 - 0.3 * collusion - 0.3 * greed + rng.normal(0, 0.8, n))
    return {
        "ltv_ratio": ltv,
        "purchase_loan_ratio": within(1.03 / ltv + rng.normal(0, 0.06, n), 0.2, 6.0, 3),
        "downpayment_income_ratio": with_gaps(rng, within(down, 0, 5, 4), 0.015),
        "mileage_plausibility_score": with_gaps(rng, within(mileage, 0, 100, 1), 0.03),
        "high_value_low_income_flag": flags(rng, -2.7 + 0.6 * greed + 0.5 * pretence),
    }
