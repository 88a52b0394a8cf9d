"""Models on the same rows: known answers, slow forms, properties, and how often intervals hold the truth."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.errors import InputError
from workbench.evaluation import beats, benjamini_hochberg, compare, delong, evaluate, holm, mcnemar
from workbench.evaluation.paired import turned

SAMPLES = int(os.environ.get("WORKBENCH_TEST_SAMPLES", "40"))


def made(n=4000, seed=0, noise=(1.5, 1.0), groups=0):
    """Return outcomes and the PDs of two models that see the same driver through noise."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n) if groups else None
    of_group = rng.normal(size=groups)[group] if groups else 0.0
    x = (rng.normal(size=n) + 2 * of_group) / np.sqrt(5 if groups else 1)
    bad = (rng.random(n) < 1 / (1 + np.exp(1.5 - x))).astype(int)
    scores = {}
    for name, size in zip("ABCDEF", noise, strict=False):
        blur = rng.normal(size=groups)[group] if groups else rng.normal(size=n)
        scores[name] = 1 / (1 + np.exp(1.5 - x - size * blur))
    return bad, scores, group


def test_mcnemar_known_answer_and_the_exact_form():
    statistic, p = mcnemar(np.array([[9945, 25], [15, 15]]))
    assert statistic == 2.025 and p == pytest.approx(0.1547, abs=5e-5)
    _, exact = mcnemar(np.array([[50, 3], [9, 50]]))
    assert exact == pytest.approx(stats.binomtest(3, 12).pvalue)
    assert mcnemar(np.array([[5, 4], [4, 5]]))[1] == 1.0
    assert mcnemar(np.array([[5, 0], [0, 5]]))[1] == 1.0


p_values = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=12)


@settings(max_examples=60, deadline=None)
@given(p_values)
def test_adjusted_p_values_as_written_out(values):
    p = np.array(values, dtype=float)
    known = p[~np.isnan(p)]
    q, h = benjamini_hochberg(p), holm(p)
    assert (np.isnan(q) == np.isnan(p)).all() and (np.isnan(h) == np.isnan(p)).all()
    if len(known):
        np.testing.assert_allclose(q[~np.isnan(p)], stats.false_discovery_control(known))
        slow = [max(min(1, (len(known) - (known < y).sum()) * y) for y in known[known <= x]) for x in known]
        assert (h[~np.isnan(p)] >= known).all()
        np.testing.assert_allclose(h[~np.isnan(p)].max(), max(slow))


def test_the_pair_is_delongs():
    bad, scores, _ = made()
    c = compare(bad, scores)
    line = c.tests.iloc[0]
    aucs, covariance = delong(bad, np.stack(list(scores.values())))
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert line["difference"] == pytest.approx(aucs[1] - aucs[0])
    assert line["z"] == pytest.approx((aucs[1] - aucs[0]) / error)
    assert line["p_value"] == pytest.approx(2 * stats.norm.sf(abs(line["z"])))
    judged = beats(bad, scores["A"], scores["B"])
    assert judged.better and judged.p_value == pytest.approx(line["p_value"])
    back = beats(bad, scores["B"], scores["A"])
    assert not back.better and back.p_value == pytest.approx(judged.p_value)


def test_a_challenger_beats_the_champion_exactly_where_the_comparison_says_better():
    seen = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bad, scores, group = made(300, seed, (1.5, rng.uniform(0.2, 1.5)), groups=seed % 3 and 60)
        weight = rng.uniform(0.2, 3, 300) if seed % 2 else None
        judged = beats(bad, scores["A"], scores["B"], weight=weight, group=group)
        c = compare(bad, scores, weight=weight, group=group)
        assert judged.better == c.verdict.startswith("B is better than A"), seed
        assert judged.better == (judged.low > 0)
        assert (judged.low, judged.p_value) == pytest.approx(tuple(c.tests[["low", "p_value"]].iloc[0]))
        seen.add((judged.better, 0.05 < judged.p_value < 0.10 and judged.difference > 0))
    # some leads lie between the one-sided and the two-sided bound, where two rules would part
    assert seen >= {(True, False), (False, False), (False, True)}


def test_a_model_never_beats_itself_or_a_rising_transform_of_itself():
    bad, scores, _ = made()
    for other in (scores["A"], scores["A"] ** 3):
        judged = beats(bad, scores["A"], other)
        assert (judged.better, judged.difference, judged.z, judged.p_value) == (False, 0.0, 0.0, 1.0)
    c = compare(bad, {"A": scores["A"], "B": scores["A"] ** 3})
    assert not c.tests["beyond_noise"].any() and not c.approval.tests["beyond_noise"].any()
    assert set(c.swap[c.swap["part"].str.startswith("swapped")]["n"]) == {0}


rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=60)


@settings(max_examples=40, deadline=None)
@given(rows, st.floats(0.05, 0.95))
def test_swaps_balance_and_differences_turn_with_the_order(sample, approval):
    bad, a, b = (np.array([row[i] for row in sample], dtype=float) for i in range(3))
    one = compare(bad, {"A": a / 20, "B": b / 20}, approval=approval)
    other = compare(bad, {"B": b / 20, "A": a / 20}, approval=approval)
    n = one.swap.set_index("part")["n"]
    assert n["swapped in"] == n["swapped out"] and n.sum() == len(bad)
    approved = one.approval.models["n_approved"]
    assert approved.nunique() == 1 and abs(approved.iloc[0] - approval * len(bad)) <= 1
    assert other.swap.set_index("part")["n"]["swapped in"] == n["swapped in"]
    np.testing.assert_allclose(
        turned(other.tests, "A", "B")["difference"], one.tests["difference"].iloc[0], atol=1e-12
    )
    json.dumps(one.to_json(), allow_nan=False)
    assert (one.tests["reason"] != "").all() == np.isnan(one.tests["p_value"]).all()


def test_bad_rates_at_equal_approval_written_out():
    bad, scores, _ = made(2000)
    at = compare(bad, scores, approval=0.7).approval
    for name, p in scores.items():
        approved = np.argsort(p)[:1400]
        assert at.bad_rate(name) == pytest.approx(bad[approved].mean())
    a, b = (set(np.argsort(scores[name])[:1400]) for name in "AB")
    swap = at.swapped("A", "B").set_index("part")
    assert swap.loc["swapped in", "n_bad"] == bad[list(b - a)].sum()
    assert swap.loc["swapped out", "n"] == len(a - b)
    right_a, right_b = (np.isin(np.arange(2000), list(s)) != (bad == 1) for s in (a, b))
    table = np.array([[0, (right_a & ~right_b).sum()], [(~right_a & right_b).sum(), 0]])
    assert at.tests["mcnemar_p"].iloc[0] == pytest.approx(mcnemar(table)[1])


def test_another_approval_rate_needs_no_new_comparison():
    bad, scores, _ = made(2000)
    c, direct = compare(bad, scores, seed=3), compare(bad, scores, seed=3, approval=0.5)
    again = c.at(0.5)
    assert again.models.equals(direct.approval.models) and again.tests.equals(direct.approval.tests)
    assert c.verdict_at(again) == direct.verdict
    assert compare(bad, scores, seed=3, threads=2).to_json() == c.to_json()


def test_resampling_blocks_has_the_spread_of_resampling_rows():
    bad, scores, _ = made(1500)
    c = compare(bad, scores)
    rng = np.random.default_rng(1)
    ks, rates = [], []
    for _ in range(400):
        rows = rng.integers(0, len(bad), len(bad))
        drawn = [scores[name][rows] for name in "AB"]
        ks.append(np.diff([stats.ks_2samp(p[bad[rows] == 1], p[bad[rows] == 0]).statistic for p in drawn])[0])
        rates.append(np.diff([bad[rows][np.argsort(p)[:1050]].mean() for p in drawn])[0])
    assert c.ranks.ks_errors()[0] == pytest.approx(np.std(ks), rel=0.15)
    line = c.approval.tests.iloc[0]
    assert (line["high"] - line["low"]) / (2 * 1.96) == pytest.approx(np.std(rates), rel=0.15)


@pytest.mark.slow
def test_intervals_of_differences_hold_the_truth():
    bad, scores, _ = made(600_000, seed=77)
    both = [scores[name] for name in "AB"]
    ks = [stats.ks_2samp(p[bad == 1], p[bad == 0]).statistic for p in both]
    approved = [bad[np.argsort(p)[:420_000]].mean() for p in both]
    wanted = [np.diff(pair)[0] for pair in (delong(bad, np.stack(both))[0], ks, approved)]
    held = np.zeros(3)
    for seed in range(SAMPLES):
        c = compare(*made(2500, seed=1000 + seed)[:2])
        lines = [f.iloc[0] for f in (c.tests, c.ks_tests, c.approval.tests)]
        held += [line["low"] <= t <= line["high"] for line, t in zip(lines, wanted, strict=True)]
    assert ((held / SAMPLES > 0.89) & (held / SAMPLES <= 1)).all(), held / SAMPLES


@pytest.mark.slow
def test_rows_of_one_customer_do_not_pass_for_independent_ones():
    false = {True: 0, False: 0}
    rates = 0
    for seed in range(SAMPLES):
        bad, scores, group = made(3000, seed=seed, noise=(1.0, 1.0), groups=100)
        c = compare(bad, scores, group=group)
        false[True] += bool(c.tests["p_value"].iloc[0] < 0.05)
        rates += bool(c.approval.tests["p_value"].iloc[0] < 0.05)
        # the test of the AUCs alone, which needs no resampling
        false[False] += bool(beats(bad, scores["A"], scores["B"]).p_value < 0.05)
    assert false[True] / SAMPLES < 0.11 and rates / SAMPLES < 0.11, (false, rates)
    assert false[False] / SAMPLES > 0.2, "these rows should be clustered enough to show it"


def test_groups_of_one_row_are_rows():
    bad, scores, _ = made(800)
    s = np.stack(list(scores.values()))
    _, rows_ = delong(bad, s)
    _, groups = delong(bad, s, group=np.arange(800))
    np.testing.assert_allclose(groups, rows_, rtol=0.01)
    c = compare(bad, scores, group=np.arange(800))
    assert c.customers is None and c.approval.tests["mcnemar_reason"].iloc[0] == ""


def test_the_verdict_says_better_worse_noise_and_not_defined():
    bad, scores, _ = made()
    c = compare(bad, scores)
    assert (
        c.verdict.startswith("B is better than A by .") and "at 70% approvals the bad rate falls" in c.verdict
    )
    worse = compare(bad, {"B": scores["B"], "A": scores["A"]})
    assert worse.verdict.startswith("B is better than A by .")
    bad, even, _ = made(noise=(1.0, 1.0))
    noise = compare(bad, even)
    ahead = max(even, key=lambda name: noise.evaluations[name].value("auc"))
    assert noise.verdict.startswith(f"{ahead} is not better than") and noise.role == "first named"
    assert "beyond noise" in noise.verdict and "within noise" in noise.verdict
    bad, apart, _ = made(noise=(3.0, 0.5))
    leads = compare(bad, {"C": apart["A"] ** 2, **apart})
    assert leads.verdict.startswith("B leads with an AUC of .") and "every other" in leads.verdict
    first = compare(bad, {"B": apart["B"], "A": apart["A"], "C": apart["B"] ** 2})
    assert "better beyond noise than A, not than" in first.verdict
    held = compare(bad, apart, reference="A")
    assert held.role == "champion" and held.verdict.startswith("B is better than A")
    assert "Reference: champion" in held.note()
    none = compare(np.zeros(30), {"A": np.linspace(0, 1, 30), "B": np.linspace(1, 0, 30)})
    assert none.verdict == "B and A cannot be told apart: no bads in this group."
    assert none.to_json()["tests"][0]["p_value"] is None


def test_bold_only_beyond_noise_and_baselines_are_beside():
    bad, scores, _ = made(6000, noise=(3.0, 0.5, 0.5))
    flat = evaluate(bad, np.full(len(bad), bad.mean()))
    c = compare(bad, scores, baselines={"Everyone the same PD": flat})
    assert not c.models["best_auc"].any()  # B and C are alike
    two = compare(bad, {name: scores[name] for name in "AB"}, baselines={"Everyone the same PD": flat})
    lines = two.models.set_index("model")
    assert (
        lines.loc["B", "best_auc"]
        and lines.loc["B", "best_bad_rate_approved"]
        and not lines.loc["A", "best_auc"]
    )
    base = lines.loc["Everyone the same PD"]
    assert base["auc"] == 0.5 and base["bad_rate_approved"] == pytest.approx(bad.mean())
    assert "Bonferroni" in c.note() and "Bonferroni" not in two.note()


def test_the_bad_rate_of_a_baseline_has_the_interval_that_the_same_scores_have_as_a_model():
    bad, scores, group = made(groups=400)
    lines = compare(bad, scores, baselines={"as before": evaluate(bad, scores["A"])}).models.set_index(
        "model"
    )
    for end in ("", "_low", "_high"):
        model, beside = (lines.loc[name, f"bad_rate_approved{end}"] for name in ("A", "as before"))
        assert beside == pytest.approx(model, abs=2e-3), end
    of_customers = compare(bad, scores, group=group, baselines={"as before": evaluate(bad, scores["A"])})
    held = of_customers.models.set_index("model").loc["as before"]
    assert np.isnan(held["bad_rate_approved_low"]) and held["bad_rate_approved"] > 0


def test_an_interval_leaves_out_0_exactly_where_the_difference_is_beyond_noise():
    parted = 0
    for seed in range(4):
        bad, scores, _ = made(500, seed, noise=(1.6, 1.2, 0.9, 0.6))
        c = compare(bad, scores, seed=seed)
        for tests in (c.tests, c.ks_tests, c.approval.tests):
            outside = (tests["low"] > 0) | (tests["high"] < 0)
            assert outside.tolist() == tests["beyond_noise"].tolist()
            assert (tests["p_adjusted"] >= tests["p_value"]).all()
            parted += int(((tests["p_value"] < 0.05) & ~tests["beyond_noise"]).sum())
    assert parted, "some pairs should be beyond noise only by themselves"


def test_what_cannot_be_compared_is_refused():
    bad, scores, _ = made(100)
    for call in (
        lambda: compare(bad, {"A": scores["A"]}),
        lambda: compare(bad, {str(i): scores["A"] for i in range(7)}),
        lambda: compare(bad, scores, reference="Z"),
        lambda: compare(bad, scores, approval=1.0),
    ):
        with pytest.raises(InputError) as said:
            call()
        assert said.value.code == "COMPARE"
    judged = beats(np.ones(5), np.arange(5.0), np.arange(5.0))
    assert not judged.better and judged.reason == "no goods in this group"
    assert judged.to_json()["p_value"] is None
