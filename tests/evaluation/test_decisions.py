"""Cut-off measures, confusion and decile table."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from workbench.evaluation import evaluate, wilson
from workbench.policy import Policy

BAD = np.array([1, 1, 0, 1, 0, 0, 0, 0, 1, 0])
P = np.array([0.9, 0.8, 0.7, 0.5, 0.45, 0.3, 0.2, 0.15, 0.1, 0.05])


def test_wilson_by_a_published_case():
    # Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, 81 of 263
    low, high = wilson(81, 263)
    assert (float(low), float(high)) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    low, high = wilson(np.array([0, 5]), np.array([0, 5]))
    assert np.isnan(low[0]) and high[1] == 1.0


def test_cut_off_by_hand():
    e = evaluate(BAD, P, policy=Policy(0.45, 0.75))
    # flagged: PD .45 and above, five rows of which three bad
    assert e.value("precision") == 0.6
    assert e.value("recall") == 0.75
    assert e.value("specificity") == pytest.approx(4 / 6)
    assert e.value("accuracy") == 0.7
    assert e.value("f1") == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert e.value("approval_rate") == 0.5
    assert e.value("approved_or_referred_rate") == 0.8
    assert e.value("bad_rate_approved") == 0.2
    assert e.confusion.set_index("decision")["n"].to_dict() == {"approve": 5, "refer": 3, "decline": 2}
    assert e.confusion["bads"].tolist() == [1.0, 1.0, 2.0]
    assert e.interval("bad_rate_approved") == pytest.approx(tuple(float(x) for x in wilson(1, 5)))
    measure = e.measure("precision")
    assert (measure.n, measure.n_bad) == (5, 3)


def test_as_scikit_learn():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, 500)
    bad, weight = (rng.random(500) < p).astype(int), rng.gamma(2, 1, 500)
    e = evaluate(bad, p, weight=weight, cut_off=0.25)
    flagged = p >= 0.25
    assert e.value("precision") == pytest.approx(precision_score(bad, flagged, sample_weight=weight))
    assert e.value("recall") == pytest.approx(recall_score(bad, flagged, sample_weight=weight))
    assert e.value("f1") == pytest.approx(f1_score(bad, flagged, sample_weight=weight))


def test_without_a_cut_off_nothing_is_made_up():
    e = evaluate(BAD, P)
    assert np.isnan(e.value("recall")) and e.measure("recall").reason == "no cut-off was given"
    assert e.confusion.empty
    e = evaluate(BAD, P, cut_off=0.45)
    assert e.measure("approved_or_referred_rate").reason == "no policy was given"
    assert e.confusion["decision"].tolist() == ["approve", "not approved"]


def test_nobody_approved_or_flagged_has_a_reason():
    nobody = evaluate(BAD, P, cut_off=0.0)
    assert nobody.value("approval_rate") == 0.0
    assert nobody.measure("bad_rate_approved").reason == "nobody is approved"
    everybody = evaluate(BAD, P, cut_off=1.0)
    assert everybody.measure("precision").reason == "nobody is flagged"
    assert everybody.value("recall") == 0.0


def test_deciles_by_hand():
    points = np.round(600 - 100 * P)
    table = evaluate(BAD, P, points=points).deciles
    assert table["decile"].tolist() == list(range(1, 11))
    assert table["p_high"].tolist() == P.tolist()
    assert table["bad_rate"].tolist() == BAD.tolist()
    assert table["cumulative_bads"].tolist() == pytest.approx(
        [0.25, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 0.75, 1, 1]
    )
    assert table["cumulative_approval"].tolist() == pytest.approx(np.arange(9, -1, -1) / 10)
    assert table["cumulative_bad_rate"].iloc[3] == 0.75
    assert table["lift"].iloc[0] == pytest.approx(2.5)
    assert table["ks"].max() == pytest.approx(evaluate(BAD, P).value("ks"))
    assert np.isnan(table["odds"].iloc[2]) is np.False_ or table["bads"].iloc[2] == 0
    assert np.isnan(table["odds"].iloc[2])
    assert table["points_low"].tolist() == points.tolist()
    assert table["actual_minus_expected"].iloc[0] == pytest.approx(0.1)


def test_deciles_add_up_with_weights_and_ties():
    rng = np.random.default_rng(0)
    p = np.round(rng.beta(1, 4, 3000), 1)
    bad, weight = (rng.random(3000) < p).astype(int), rng.gamma(2, 1, 3000)
    table = evaluate(bad, p, weight=weight).deciles
    assert table["n"].sum() == 3000 and len(table) <= 10
    assert table["share"].sum() == pytest.approx(1)
    assert table["bads"].sum() == pytest.approx(weight[bad == 1].sum())
    assert (table["p_high"].iloc[1:].to_numpy() < table["p_low"].iloc[:-1].to_numpy()).all()


def test_the_bad_rate_of_a_decile_has_its_interval():
    rng = np.random.default_rng(5)
    p_bad = rng.beta(1, 6, 900)
    found = evaluate((rng.random(900) < p_bad).astype(int), p_bad)
    low, high = wilson(found.tenths["bads"], found.tenths["n"])
    np.testing.assert_allclose(found.tenths[["low", "high"]], np.column_stack([low, high]))
    assert found.tenths.drop(columns=["low", "high"]).equals(found.deciles)


def test_bands_by_hand():
    policy = Policy(0.2, 0.5, band_edges=(0.1, 0.3, 0.95))
    e = evaluate(BAD, P, policy=policy)
    bands = e.bands.set_index("band")
    assert bands["n"].to_dict() == {"A": 1, "B": 3, "C": 6, "D": 0}
    assert bands["bads"].tolist() == [0, 1, 3, 0] and bands["goods"].tolist() == [1, 2, 3, 0]
    assert bands["p_low"].tolist() == [0, 0.1, 0.3, 0.95] and bands["p_high"].tolist() == [0.1, 0.3, 0.95, 1]
    assert bands.loc["B", "mean_p_bad"] == pytest.approx(0.15)
    low, high = wilson(1, 3)
    assert tuple(bands.loc["B", ["bad_rate", "low", "high"]]) == pytest.approx(
        (1 / 3, float(low), float(high))
    )
    assert bands.loc["D", ["bad_rate", "low", "high", "mean_p_bad"]].isna().all()
    heavy = evaluate(BAD, P, weight=np.full(10, 2.0), policy=policy).bands.set_index("band")
    assert heavy.loc["B", "bads"] == 2 and heavy.loc["B", "n"] == 3
    assert heavy.loc["B", "low"] == pytest.approx(float(low))
    assert evaluate(BAD, P, cut_off=0.45).bands.empty
    assert evaluate(BAD[:0], P[:0], policy=policy).bands["n"].tolist() == [0, 0, 0, 0]
