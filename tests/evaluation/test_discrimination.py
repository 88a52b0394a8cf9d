"""AUC, DeLong, KS and average precision against worked cases, scikit-learn, scipy and slow forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from workbench.evaluation import delong, discrimination, evaluate
from workbench.evaluation.tally import tally


def made(n: int = 1500, seed: int = 0, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    p = np.round(p, 2) if ties else p
    return (rng.random(n) < p).astype(int), p, rng.gamma(2.0, 1.0, n)


def slow_delong(bad, scores, weight):
    """The n-by-m form: placements from every pair of a bad and a good."""
    w1, w0 = weight[bad == 1] / weight[bad == 1].sum(), weight[bad == 0] / weight[bad == 0].sum()
    of_bads, of_goods = [], []
    for score in scores:
        x, y = score[bad == 1][:, None], score[bad == 0][None, :]
        won = (x > y) + 0.5 * (x == y)
        of_bads.append(won @ w0)
        of_goods.append(w1 @ won)
    of_bads, of_goods = np.array(of_bads), np.array(of_goods)
    aucs = of_bads @ w1
    m, n = len(w1), len(w0)
    left, right = (of_bads - aucs[:, None]) * w1, (of_goods - aucs[:, None]) * w0
    return aucs, left @ left.T * m / (m - 1) + right @ right.T * n / (n - 1)


def test_worked_by_hand():
    # pairs won by bads .35 and .8 against goods .1 and .4: 3 of 4
    e = evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    assert e.value("auc") == 0.75
    assert e.value("gini") == 0.5
    # flag .8: half the bads, no good
    assert e.value("ks") == 0.5
    assert e.value("ks_at") == 0.8
    # precision 1 at recall .5, then 2/3 at recall 1
    assert e.value("average_precision") == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_constant_score_tells_nothing():
    e = evaluate(np.array([0, 1, 0, 1, 0]), np.full(5, 0.4))
    assert e.value("auc") == 0.5
    assert e.value("ks") == 0.0
    assert e.value("average_precision") == pytest.approx(0.4)
    assert np.isnan(e.interval("auc")).all()
    assert "no interval" in e.measure("auc").reason


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn_and_scipy(ties, weighted):
    bad, p, weight = made(ties=ties)
    used = weight if weighted else None
    e = evaluate(bad, p, weight=used)
    assert e.value("auc") == pytest.approx(roc_auc_score(bad, p, sample_weight=used), abs=1e-12)
    expected = average_precision_score(bad, p, sample_weight=used)
    assert e.value("average_precision") == pytest.approx(expected, abs=1e-12)
    goods, bads, _ = roc_curve(bad, p, sample_weight=used, drop_intermediate=False)
    assert e.value("ks") == pytest.approx(np.abs(bads - goods).max(), abs=1e-12)
    if not weighted:
        assert e.value("ks") == pytest.approx(ks_2samp(p[bad == 1], p[bad == 0]).statistic, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_delong_as_the_slow_form(ties, weighted):
    bad, p, weight = made(400, ties=ties)
    rng = np.random.default_rng(1)
    scores = np.stack([p, np.round(p + rng.normal(0, 0.1, len(p)), 2), rng.random(len(p))])
    used = weight if weighted else np.ones(len(p))
    aucs, covariance = delong(bad, scores, used if weighted else None)
    slow_aucs, slow_covariance = slow_delong(bad, scores, used)
    np.testing.assert_allclose(aucs, slow_aucs, atol=1e-13)
    np.testing.assert_allclose(covariance, slow_covariance, atol=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_interval_of_the_auc_is_delongs(weighted):
    bad, p, weight = made(ties=True)
    used = weight if weighted else None
    low, high = evaluate(bad, p, weight=used).interval("auc")
    aucs, covariance = delong(bad, p, used)
    half = 1.959963984540054 * np.sqrt(covariance[0, 0])
    assert (low, high) == pytest.approx((aucs[0] - half, aucs[0] + half), abs=1e-12)


def test_delong_with_weights_as_the_bootstrap_of_rows():
    bad, p, weight = made(800, seed=3)
    _, covariance = delong(bad, p, weight)
    rng = np.random.default_rng(5)
    goods, bads = np.flatnonzero(bad == 0), np.flatnonzero(bad == 1)
    values = []
    for _ in range(800):
        rows = np.concatenate([rng.choice(goods, len(goods)), rng.choice(bads, len(bads))])
        values.append(discrimination.auc(tally(bad[rows], p[rows], weight[rows])).value)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(np.std(values), rel=0.1)


def test_binned_bootstrap_as_the_bootstrap_of_rows():
    bad, p, weight = made(800, seed=3)
    drawn = discrimination._bootstrap(tally(bad, p, weight), 0)
    binned = discrimination._average_precision(*drawn)
    rng = np.random.default_rng(5)
    values = []
    for _ in range(500):
        rows = rng.integers(0, len(bad), len(bad))
        t = tally(bad[rows], p[rows], weight[rows])
        values.append(float(discrimination._average_precision(t.goods, t.bads)))
    assert binned.std() == pytest.approx(np.std(values), rel=0.12)


@pytest.mark.parametrize(
    ("bads", "error"), [(50, 0.041), (100, 0.029), (200, 0.020), (500, 0.013), (1000, 0.009)]
)
def test_standard_error_as_hanley_and_mcneil(bads, error):
    # their formula holds for exponential scores: means 3 and 1 give an AUC of .75; 5% bad
    goods = 19 * bads
    x = -3 * np.log(1 - (np.arange(bads) + 0.5) / bads)
    y = -np.log(1 - (np.arange(goods) + 0.5) / goods)
    aucs, covariance = delong(np.repeat([1, 0], [bads, goods]), np.concatenate([x, y]))
    assert aucs[0] == pytest.approx(0.75, abs=0.003)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(error, abs=0.0008)


def test_paired_difference_is_more_certain_than_its_parts():
    bad, p, _ = made(1000)
    other = np.clip(p + np.random.default_rng(0).normal(0, 0.02, len(p)), 0, 1)
    _, c = delong(bad, np.stack([p, other]))
    assert c[0, 0] + c[1, 1] - 2 * c[0, 1] < 0.2 * c[0, 0]


def test_delong_without_goods_or_bads_is_not_defined():
    aucs, covariance = delong(np.ones(3), np.zeros((2, 3)))
    assert np.isnan(aucs).all() and np.isnan(covariance).all() and covariance.shape == (2, 2)
    aucs, covariance = delong(np.array([1, 0, 0]), np.array([0.9, 0.2, 0.3]))
    assert aucs[0] == 1.0 and np.isnan(covariance).all()


def test_curves_are_thinned_and_keep_their_corners():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, 50_000)
    bad = (rng.random(len(p)) < p).astype(int)
    e = evaluate(bad, p)
    for curve in (e.roc, e.ks_curve, e.gains):
        assert len(curve) <= 401
    assert tuple(e.roc.iloc[0, :2]) == (0.0, 0.0)
    assert tuple(e.roc.iloc[-1, :2]) == (1.0, 1.0)
    assert e.ks_curve["distance"].abs().max() == pytest.approx(e.value("ks"), abs=1e-12)
    area = np.trapezoid(e.roc["share_bads"], e.roc["share_goods"])
    assert area == pytest.approx(e.value("auc"), abs=1e-4)
    assert e.roc["share_bads"].is_monotonic_increasing and e.gains["share_applicants"].is_monotonic_increasing
