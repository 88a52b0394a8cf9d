"""Brier, log loss, calibration error, slope and intercept."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from workbench.evaluation import evaluate


def made(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1, 6, n), 1e-4, 1 - 1e-4)
    return (rng.random(n) < p).astype(int), p, rng.gamma(2.0, 1.0, n)


def logit(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("weighted", [False, True])
def test_losses_as_scikit_learn(weighted):
    bad, p, weight = made()
    used = weight if weighted else None
    e = evaluate(bad, p, weight=used)
    assert e.value("brier") == pytest.approx(brier_score_loss(bad, p, sample_weight=used), abs=1e-12)
    assert e.value("log_loss") == pytest.approx(log_loss(bad, p, sample_weight=used), abs=1e-12)


def test_a_sure_mistake_costs_much_and_not_infinitely():
    e = evaluate(np.array([1, 0]), np.array([0.0, 1.0]))
    assert e.value("log_loss") == pytest.approx(-np.log(1e-15), rel=1e-3)
    assert e.value("brier") == 1.0


def test_slope_and_intercept_as_logistic_regression():
    bad, p, _ = made()
    shifted = 1 / (1 + np.exp(-(0.5 * logit(p) - 0.3)))
    e = evaluate(bad, shifted)
    peer = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(logit(shifted)[:, None], bad)
    assert e.value("calibration_slope") == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    # the truth: slope 2 undoes the shrinkage
    low, high = e.interval("calibration_slope")
    assert low < 2.0 < high
    # the intercept lets the mean PD match the bad rate
    q = 1 / (1 + np.exp(-(logit(shifted) + e.value("calibration_intercept"))))
    assert q.mean() == pytest.approx(bad.mean(), abs=1e-9)


def test_standard_errors_as_the_information_matrix():
    bad, p, _ = made(2000)
    e = evaluate(bad, p)
    x = np.column_stack([np.ones(len(p)), logit(p)])
    peer = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(x[:, 1:], bad)
    q = peer.predict_proba(x[:, 1:])[:, 1]
    error = np.sqrt(np.linalg.inv((x.T * (q * (1 - q))) @ x)[1, 1])
    low, high = e.interval("calibration_slope")
    assert (high - low) / 2 / 1.959964 == pytest.approx(error, rel=1e-4)


def test_weighted_slope_interval_as_the_bootstrap_of_rows():
    bad, p, weight = made(1500, seed=4)
    low, high = evaluate(bad, p, weight=weight).interval("calibration_slope")
    rng = np.random.default_rng(0)
    values = []
    for _ in range(150):
        rows = rng.integers(0, len(bad), len(bad))
        values.append(evaluate(bad[rows], p[rows], weight=weight[rows]).value("calibration_slope"))
    assert (high - low) / 2 / 1.96 == pytest.approx(np.std(values), rel=0.25)


def test_calibration_error_by_hand():
    # two groups of ten rows: 2 bads where .1 was said, 5 where .6 was said
    bad = np.array([1] * 2 + [0] * 8 + [1] * 5 + [0] * 5)
    p = np.repeat([0.1, 0.6], 10)
    e = evaluate(bad, p)
    assert e.value("ece") == pytest.approx(0.5 * 0.1 + 0.5 * 0.1)
    assert list(e.calibration["n"]) == [10, 10]
    assert list(e.calibration["mean_p_bad"]) == pytest.approx([0.1, 0.6])
    assert list(e.calibration["bad_rate"]) == pytest.approx([0.2, 0.5])


@pytest.mark.parametrize("n", [3_000, 30_000])
def test_right_pds_show_the_calibration_error_of_their_null(n):
    inside = 0
    for seed in range(20):
        bad, p, weight = made(n, seed)
        e = evaluate(bad, p, weight=weight if seed % 2 else None)
        low, high = e.interval("ece_null")
        inside += low <= e.value("ece") <= high
    assert inside >= 16
    bad, p, _ = made(n)
    doubled = evaluate(bad, np.minimum(2 * p, 1.0))
    assert doubled.value("ece") > doubled.interval("ece_null")[1]


def test_slope_of_equal_pds_and_of_a_perfect_score_is_not_defined():
    same = evaluate(np.array([0, 1, 0, 0]), np.full(4, 0.25)).measure("calibration_slope")
    assert np.isnan(same.value) and same.reason == "all PDs are the same"
    perfect = evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])).measure("calibration_slope")
    assert np.isnan(perfect.value) and "separate" in perfect.reason


def test_pds_of_zero_and_one_are_allowed():
    e = evaluate(np.array([0, 0, 1, 1, 0, 1]), np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.3]))
    assert np.isfinite(e.value("calibration_slope"))
