"""Answers that are published or known, and what fairlearn and scipy give for the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equal_opportunity_ratio,
    equalized_odds_difference,
    equalized_odds_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, ttest_ind
from sklearn.metrics import precision_score, roc_auc_score

from tests.public import public
from workbench.evaluation import delong
from workbench.fairness import Grouping, crossed, grouping, judge, tables
from workbench.fairness.significance import detectable, difference_test, katz


def test_age_on_german_credit() -> None:
    """Being a good one there is the favourable outcome: 57.9% against 72.8% of those over 25."""
    rows = pd.read_csv(public("german_credit/german_labelled.csv"))
    age = grouping("age", np.where(rows["age"] > 25, "over 25", "25 or younger"), reference="over 25")
    groups, of = tables(rows["bad"].to_numpy() == 0, [age])["age"]
    young = groups.set_index("group").loc["25 or younger"]
    assert young["n"] == 190
    assert young["air"] == pytest.approx(0.794826, abs=5e-7)
    assert young["parity_difference"] == pytest.approx(-0.149448, abs=5e-7)
    assert (young["test"], young["p_value"]) == ("fisher", pytest.approx(9.94e-05, rel=1e-3))
    difference = of.set_index("measure").loc["demographic_parity_difference"]
    assert difference["value"] == pytest.approx(0.149448, abs=5e-7)
    assert difference["low"] < difference["value"] < difference["high"]


def test_credit_loan_decisions() -> None:
    """The published example on the Taiwan file: men and women, interest made to tell less of women."""
    import lightgbm as lgb
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    rows = pd.read_csv(public("taiwan_cards/taiwan.csv")).drop(columns="ID")
    rows = rows.rename(columns={"PAY_0": "PAY_1", "default_payment_next_month": "default"})
    for name in ("SEX", "EDUCATION", "MARRIAGE"):
        rows[name] = rows[name].astype("category")
    y, sex = rows["default"], rows["SEX"]
    x = pd.get_dummies(rows.drop(columns=["default", "SEX"]))
    drawn = np.random.RandomState(1234)
    x["Interest"] = drawn.normal(loc=2 * y, scale=sex)
    x_fit, x_test, y_fit, y_test = train_test_split(x, y, test_size=0.35, stratify=y, random_state=drawn)
    bads = y_fit[y_fit == 1].index
    goods = drawn.choice(a=y_fit[y_fit == 0].index, size=len(bads))
    balanced = bads.union(goods)
    scale = StandardScaler().fit(x_fit.loc[balanced])
    booster = lgb.LGBMClassifier(
        objective="binary", learning_rate=0.03, num_leaves=10, max_depth=3, random_state=1234, n_jobs=1,
        verbose=-1,
    ).fit(scale.transform(x_fit.loc[balanced]), y_fit.loc[balanced])  # fmt: skip
    p_bad = booster.predict_proba(scale.transform(x_test))[:, 1]
    assert roc_auc_score(y_test, p_bad) == pytest.approx(0.878223, abs=5e-4)

    by = grouping("sex", sex.loc[x_test.index].map({1: "male", 2: "female"}).astype(str), reference="male")
    found = judge(p_bad, [by], 0.5, bad=y_test.to_numpy())
    rates, measures = found.groups.set_index("group"), found.measures.set_index("measure")["value"]
    declined, bad = p_bad >= 0.5, y_test.to_numpy() == 1
    assert declined[~bad].mean() == pytest.approx(0.207656, abs=5e-4)
    assert (~declined)[bad].mean() == pytest.approx(0.188980, abs=5e-4)
    assert measures["equalized_odds_difference"] == pytest.approx(0.1226, abs=5e-4)
    assert measures["equalized_odds_difference"] == pytest.approx(
        equalized_odds_difference(bad, declined, sensitive_features=by.code), abs=1e-12
    )
    assert rates.loc["female", "goods_approved"] < rates.loc["male", "goods_approved"]


@given(st.integers(0, 2**32 - 1), st.integers(3000, 4000), st.integers(1, 6), st.floats(0.3, 0.6))
@settings(max_examples=3, deadline=None)
def test_equal_to_fairlearn(seed: int, n: int, digits: int, cut_off: float) -> None:
    """Approved and good are fairlearn's 1: a selection rate of bads would be the rate of declines."""
    rng = np.random.default_rng(seed)
    a = Grouping("a", "A", ("x", "y"), rng.integers(0, 2, n).astype(np.int16), "x")
    b = Grouping("b", "B", ("p", "q", "r"), rng.integers(0, 3, n).astype(np.int16))
    p = np.round(rng.beta(2, 3, n), digits)
    bad = rng.random(n) < 0.2 + 0.5 * p
    approved, good = p < cut_off, ~bad
    found = tables(approved, [a, b], bad=bad)
    from_scores = judge(p, [a, b], cut_off, bad=bad)
    ours = {by: of.set_index("measure")["value"] for by, (_, of) in found.items()}
    for by, codes in ((a, a.code), (b, b.code), (crossed(a, b), crossed(a, b).code)):
        expected = {
            "demographic_parity_difference": demographic_parity_difference,
            "demographic_parity_ratio": demographic_parity_ratio,
            "equal_opportunity_difference": equal_opportunity_difference,
            "equal_opportunity_ratio": equal_opportunity_ratio,
            "equalized_odds_difference": equalized_odds_difference,
            "equalized_odds_ratio": equalized_odds_ratio,
        }
        for name, theirs in expected.items():
            value = theirs(good, approved, sensitive_features=codes)
            assert ours[by.by][name] == pytest.approx(value, abs=1e-9), (by.by, name)
        frame = MetricFrame(
            metrics={
                "approval_rate": selection_rate, "goods_approved": true_positive_rate,
                "bads_approved": false_positive_rate, "good_of_approved": precision_score,
            },
            y_true=good, y_pred=approved, sensitive_features=codes,
        )  # fmt: skip
        groups = found[by.by][0]
        for name in frame.by_group:
            np.testing.assert_allclose(groups[name], frame.by_group[name], atol=1e-9)
        to_overall = frame.difference(method="to_overall")["approval_rate"]
        assert abs(ours[by.by]["parity_deviation"]) == pytest.approx(to_overall, abs=1e-9)
        precision = frame.difference()["good_of_approved"]
        assert ours[by.by]["predictive_parity_difference"] == pytest.approx(precision, abs=1e-9)
        if by.by in from_scores.by:
            pd.testing.assert_series_equal(
                from_scores.of(by.by)["approval_rate"], groups["approval_rate"], check_names=False
            )


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0, 1), st.floats(0, 1), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_tests_are_those_of_scipy(n: int, n0: int, share: float, base: float, times: int) -> None:
    n, n0 = n * times, n0 * times
    k, k0 = round(share * n), round(base * n0)
    p_value, test = difference_test(np.array([k]), np.array([n]), np.array([k0]), np.array([n0]))
    table = [[k, n - k], [k0, n0 - k0]]
    if 0 < k + k0 < n + n0:
        few = chi2_contingency(table).expected_freq.min() < 5 or n + n0 <= 1000
        assert test[0] == ("fisher" if few else "chi-squared")
        expected = fisher_exact(table).pvalue if few else chi2_contingency(table, correction=True).pvalue
        assert p_value[0] == pytest.approx(expected, rel=1e-9, abs=1e-300)
    else:
        assert p_value[0] == 1.0


def test_ratio_that_would_be_seen_is_seen_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(5)
    n, n0, base = 400, 900, 0.7
    at = float(detectable(n, base, n0))
    k, k0 = rng.binomial(n, base * at, 4000), rng.binomial(n0, base, 4000)
    p_value, _ = difference_test(k, np.full(4000, n), k0, np.full(4000, n0), whole=False)
    assert 0.77 < (p_value < 0.05).mean() < 0.83
    assert np.isnan(detectable(2, 0.5, 900))


def test_katz_interval_holds_the_ratio_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    k, k0 = rng.binomial(300, 0.5, 5000), rng.binomial(700, 0.6, 5000)
    _, low, high = katz(k / 300, 300, k0 / 700, 700)
    assert 0.94 < ((low < 0.5 / 0.6) & (high > 0.5 / 0.6)).mean() < 0.96


def test_scores_without_a_cut_off() -> None:
    rng = np.random.default_rng(8)
    by = Grouping("g", "G", ("x", "y"), rng.integers(0, 2, 3000).astype(np.int16), "x")
    p = np.clip(rng.beta(2, 5, 3000) + 0.05 * by.code, 0, 1)
    bad = rng.random(3000) < p
    found = judge(p, [by], 0.3, bad=bad, points=-100 * p).of("g")
    x, y = p[by.code == 0], p[by.code == 1]
    assert found["smd_p_bad"][1] == pytest.approx((y.mean() - x.mean()) / p.std(ddof=1), abs=1e-9)
    assert found["smd_p_bad_p"][1] == pytest.approx(ttest_ind(y, x, equal_var=False).pvalue, rel=1e-6)
    assert found["smd_points"][1] == pytest.approx(-found["smd_p_bad"][1], abs=1e-9)
    for code in (0, 1):
        inside = by.code == code
        assert found["auc"][code] == pytest.approx(roc_auc_score(bad[inside], p[inside]), abs=1e-9)
        _, covariance = delong(bad[inside], p[inside][None])
        half = 1.959963984540054 * covariance[0, 0] ** 0.5
        assert found["auc_high"][code] - found["auc"][code] == pytest.approx(half, abs=1e-9)
        gap = p[inside].mean() - bad[inside].mean()
        assert found["calibration_gap"][code] == pytest.approx(gap, abs=1e-9)
