"""What the riskiest hold, costs, and tests of agreement, against peers, slow forms and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn.metrics import classification_report, mean_absolute_error, precision_recall_curve

from workbench.evaluation import Evaluation, evaluate, jeffreys
from workbench.evaluation.agreement import tests as agreement_tests
from workbench.evaluation.costs import h_measure
from workbench.evaluation.tally import tally
from workbench.policy import Policy

POLICY = Policy(0.2, 0.4, band_edges=(0.05, 0.1, 0.2, 0.4), source="set")


def made(n: int = 3000, seed: int = 0, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    p = np.round(p, 2) if ties else p
    return (rng.random(n) < p).astype(int), p


def test_h_measure_as_the_authors_own_code_gives_it():
    # hmeasure 0.1.6 (the authors' port of their R package), scored once
    bad = np.array([0, 0, 1, 0, 1, 1, 0, 1, 0, 0])
    score = np.array([0.1, 0.2, 0.25, 0.3, 0.45, 0.6, 0.62, 0.7, 0.15, 0.05])
    assert h_measure(tally(bad, score)).value == pytest.approx(0.5429830163390426, abs=1e-12)
    assert h_measure(tally(bad, score), 1.0).value == pytest.approx(0.5161912584627639, abs=1e-12)
    assert h_measure(tally(bad, score), 0.1).value == pytest.approx(0.6630645793081862, abs=1e-12)
    rng = np.random.default_rng(0)
    p = np.round(rng.beta(1, 4, 500), 2)
    bad = (rng.random(500) < p).astype(int)
    assert h_measure(tally(bad, p)).value == pytest.approx(0.23758207124120556, abs=1e-12)


@pytest.mark.parametrize("severity", [None, 0.5])
def test_h_measure_as_the_definition_searched_over_cut_offs(severity):
    bad, p = made(120, ties=True)
    share = bad.mean()
    density = stats.beta(2, 1 + 1 / (share / (1 - share) if severity is None else severity))
    cuts = np.concatenate([[-1.0], np.unique(p), [2.0]])
    good_share = np.array([(p[bad == 0] >= cut).mean() for cut in cuts])
    bad_share = np.array([(p[bad == 1] < cut).mean() for cut in cuts])

    def loss(c, flagged, missed):
        return np.min(c * (1 - share) * flagged + (1 - c) * share * missed) * density.pdf(c)

    scored = integrate.quad(loss, 0, 1, args=(good_share, bad_share), limit=400)[0]
    blind = integrate.quad(loss, 0, 1, args=(np.array([1, 0]), np.array([0, 1])), limit=400)[0]
    assert h_measure(tally(bad, p), severity).value == pytest.approx(1 - scored / blind, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=40))
def test_h_measure_moves_with_ranks_alone_and_stays_between_0_and_1(rows):
    bad, score = (np.array([row[i] for row in rows], dtype=float) for i in range(2))
    plain, bent = h_measure(tally(bad, score)), h_measure(tally(bad, np.exp(score)))
    assert np.isnan(plain.value) == (bad.min() == bad.max())
    if not np.isnan(plain.value):
        assert plain.value == bent.value and 0 <= plain.value <= 1
        assert h_measure(tally(bad, bad)).value == pytest.approx(1)
        assert h_measure(tally(bad, np.ones(len(bad)))).value == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = evaluate(*made(300_000, seed=9))
    names = ("h_measure", "precision_at_10pct_recall", "lift_top_decile", "mae", "rmse")
    held = dict.fromkeys(names, 0)
    for seed in range(100):
        e = evaluate(*made(2500, seed=100 + seed))
        for name in names:
            low, high = e.interval(name)
            held[name] += low <= truth.value(name) <= high
    assert all(0.88 <= count / 100 <= 1.0 for count in held.values()), held


@pytest.mark.parametrize("ties", [False, True])
def test_precision_at_recall_and_the_curve_as_scikit_learn(ties):
    bad, p = made(ties=ties)
    e = evaluate(bad, p)
    precision, recall, _ = precision_recall_curve(bad, p)
    expected = precision[np.flatnonzero(recall >= 0.1)[-1]]
    assert e.value("precision_at_10pct_recall") == pytest.approx(expected, abs=1e-12)
    theirs = set(zip(recall.round(10), precision.round(10), strict=True))
    ours = e.precision_recall
    assert set(zip(ours["recall"].round(10), ours["precision"].round(10), strict=True)) <= theirs
    assert ours["precision"].iloc[-1] == pytest.approx(bad.mean())


def test_lift_mae_and_rmse():
    bad, p = made(2000)
    e = evaluate(bad, p)
    top = np.argsort(-p)[:200]
    assert e.value("lift_top_decile") == pytest.approx(bad[top].mean() / bad.mean())
    assert e.value("mae") == pytest.approx(mean_absolute_error(bad, p))
    assert e.value("rmse") == pytest.approx(np.sqrt(((bad - p) ** 2).mean()))
    constant = evaluate(bad, np.full(2000, 0.2))
    assert constant.value("lift_top_decile") == pytest.approx(1.0)
    assert constant.value("precision_at_10pct_recall") == pytest.approx(bad.mean())


def test_the_classification_report_as_scikit_learn():
    bad, p = made(2000)
    ours = evaluate(bad, p, policy=POLICY).report.set_index("outcome")
    theirs = classification_report(bad, p >= 0.2, output_dict=True)
    names = {"good": "0", "bad": "1", "mean": "macro avg", "mean by size": "weighted avg"}
    for name, other in names.items():
        for column, key in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score"), ("weight", "support")):
            assert ours.loc[name, column] == pytest.approx(theirs[other][key]), (name, column)


@pytest.mark.parametrize(("n", "bads", "pd_", "p"), [(1000, 15, 0.01, 0.0632)])
def test_jeffreys_known_answer(n, bads, pd_, p):
    assert float(jeffreys(n, bads, pd_)) == pytest.approx(p, abs=5e-5)
    assert float(jeffreys(n, bads, pd_)) == pytest.approx(stats.beta.cdf(pd_, bads + 0.5, n - bads + 0.5))


def test_bands_count_each_row_once_and_agree_with_the_policy():
    bad, p = made(3000)
    bands = evaluate(bad, p, policy=POLICY).bands
    assert list(bands["band"]) == list("ABCDE") and bands["n"].sum() == 3000
    for code, row in enumerate(bands.to_dict("records")):
        inside = POLICY.band_codes(p) == code
        assert row["n_bad"] == bad[inside].sum() and row["mean_p_bad"] == pytest.approx(p[inside].mean())
    assert evaluate(bad, p).bands.empty


def test_tests_of_agreement_reject_right_pds_as_often_as_they_say():
    rejected = np.zeros(2)
    for seed in range(400):
        frame = agreement_tests(tally(*made(1500, seed=seed)))
        rejected += frame["p_value"].to_numpy() < 0.05
    assert ((rejected / 400 > 0.02) & (rejected / 400 < 0.085)).all(), rejected / 400


def test_hosmer_lemeshow_and_spiegelhalter_written_out():
    bad, p = made(2000)
    frame = agreement_tests(tally(bad, p)).set_index("test")
    parts = np.array_split(np.argsort(-p), 10)
    chi = sum((bad[i].sum() - p[i].sum()) ** 2 / (p[i].sum() * (1 - p[i].mean())) for i in parts)
    assert frame.loc["hosmer_lemeshow", "statistic"] == pytest.approx(chi)
    assert frame.loc["hosmer_lemeshow", "p_value"] == pytest.approx(stats.chi2.sf(chi, 10))
    z = ((bad - p) * (1 - 2 * p)).sum() / np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    assert frame.loc["spiegelhalter", "statistic"] == pytest.approx(z)
    assert "diagnostic only" in agreement_tests(tally(*made(30_000)))["caveat"].iloc[0]
    told = evaluate(bad, p).to_json()
    assert told["hosmer_lemeshow"] == pytest.approx(chi) and told["spiegelhalter_p"] is not None


def test_an_evaluation_kept_before_these_measures_is_read():
    e = evaluate(*made(200), policy=POLICY)
    old = {
        k: v for k, v in e.to_frames().items() if k not in ("precision_recall", "bands", "tests", "report")
    }
    old["metrics"] = old["metrics"][old["metrics"]["metric"] != "h_measure"]
    back = Evaluation.from_frames(old)
    assert np.isnan(back.value("h_measure")) and "not measured" in back.measure("h_measure").reason
    assert back.value("auc") == e.value("auc") and isinstance(back.bands, pd.DataFrame)
    assert "hosmer_lemeshow" not in back.to_json()
