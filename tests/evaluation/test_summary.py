"""The whole evaluation: what must hold for any scores, what is undefined, how it is told and kept."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.evaluation import TITLES, Evaluation, evaluate, format_metric, words_for_auc
from workbench.policy import Policy

POLICY = Policy(0.2, 0.4, source="set by the credit committee")
RANKS = ("auc", "gini", "ks", "average_precision")
INTERVAL_FREE = [name for name in TITLES if name != "ece_null"]

samples = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20), st.integers(1, 4)),
    min_size=0,
    max_size=40,
)


def arrays(rows):
    bad, p, weight = (np.array([row[i] for row in rows], dtype=float) for i in range(3))
    return bad, p, weight


def values(e: Evaluation, names=INTERVAL_FREE) -> np.ndarray:
    return np.array([e.value(name) for name in names])


@settings(max_examples=60, deadline=None)
@given(samples)
def test_weights_are_repeated_rows(rows):
    bad, p, weight = arrays(rows)
    times = weight.astype(int)
    once = evaluate(bad, p, weight=weight, policy=POLICY)
    repeated = evaluate(np.repeat(bad, times), np.repeat(p, times), policy=POLICY)
    np.testing.assert_allclose(values(once), values(repeated), atol=1e-6)
    pd.testing.assert_frame_equal(once.roc, repeated.roc)
    columns = ["p_low", "p_high", "share", "goods", "bads", "ks", "lift", "cumulative_approval"]
    pd.testing.assert_frame_equal(once.deciles[columns], repeated.deciles[columns])


@settings(max_examples=60, deadline=None)
@given(samples, st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(rows, seed):
    bad, p, weight = arrays(rows)
    order = np.random.default_rng(seed).permutation(len(bad))
    first, second = evaluate(bad, p, weight=weight), evaluate(bad[order], p[order], weight=weight[order])
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    pd.testing.assert_frame_equal(first.deciles, second.deciles)


@settings(max_examples=60, deadline=None)
@given(samples)
def test_a_rising_transform_moves_no_rank_measure_and_a_falling_one_mirrors_the_auc(rows):
    bad, p, weight = arrays(rows)
    straight, bent = evaluate(bad, p, weight=weight), evaluate(bad, p**3, weight=weight)
    np.testing.assert_allclose(values(straight, RANKS), values(bent, RANKS), atol=1e-12)
    np.testing.assert_allclose(straight.interval("ks"), bent.interval("ks"), atol=1e-12)
    mirrored = evaluate(bad, 1 - p, weight=weight)
    np.testing.assert_allclose(mirrored.value("auc"), 1 - straight.value("auc"), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(samples)
def test_every_value_lies_in_its_interval_and_every_gap_has_a_reason(rows):
    bad, p, weight = arrays(rows)
    e = evaluate(bad, p, weight=weight, policy=POLICY)
    m = e.metrics[e.metrics["metric"] != "ece_null"]
    known = m["low"].notna() & m["high"].notna()
    assert (m["low"][known] <= m["value"][known] + 1e-12).all()
    assert (m["high"][known] >= m["value"][known] - 1e-12).all()
    assert (m["reason"][~known] != "").all() and (m["reason"][known] == "").all()
    text = json.dumps(e.to_json(), allow_nan=False)
    assert json.loads(text)["n"] == len(rows)


def test_a_row_of_weight_zero_is_absent():
    bad, p = np.array([0, 1, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.2, 0.9])
    e = evaluate(bad, p, weight=np.array([1.0, 1, 1, 1, 0]), points=np.arange(5))
    assert e.n == 4 and e.value("auc") == 0.75 and e.deciles["points_high"].max() == 3


@pytest.mark.parametrize(
    ("bad", "p", "reason"),
    [
        ([], [], "no rows in this group"),
        ([0, 0], [0.1, 0.2], "no bads in this group"),
        ([1], [0.5], "no goods in this group"),
    ],
)
def test_one_class_or_nobody_is_not_defined_with_a_reason(bad, p, reason):
    e = evaluate(np.array(bad), np.array(p), policy=POLICY, points=np.zeros(len(bad)))
    told = e.to_json()
    for name in ("auc", "gini", "ks", "average_precision", "calibration_slope"):
        assert np.isnan(e.value(name)) and told[name] is None and told[f"{name}_reason"] == reason
    assert e.roc.empty and e.shown("auc") == f"not defined: {reason}"
    assert reason in e.sentence("application")


def test_numbers_that_cannot_be_judged_are_refused():
    for bad, p, weight in (
        ([0, 1], [0.1, np.nan], None),
        ([0, 1], [0.1, 1.2], None),
        ([0, -1], [0.1, 0.2], None),
        ([0, 1], [0.1], None),
        ([0, 1], [0.1, 0.2], [1, -1]),
    ):
        with pytest.raises(InputError) as caught:
            evaluate(np.array(bad), np.array(p), weight=None if weight is None else np.array(weight))
        assert caught.value.code == "SCORES"


def test_arguments_are_left_as_they_were():
    rng = np.random.default_rng(0)
    p = rng.random(100)
    bad, weight = (rng.random(100) < p).astype(int), np.ones(100)
    before = bad.copy(), p.copy(), weight.copy()
    evaluate(bad, p, weight=weight, policy=POLICY)
    for old, new in zip(before, (bad, p, weight), strict=True):
        np.testing.assert_array_equal(old, new)


def test_same_seed_same_evaluation_and_kept_frames_come_back(tmp_path):
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, 900)
    bad = (rng.random(900) < p).astype(int)
    e = evaluate(bad, p, policy=POLICY, seed=7)
    pd.testing.assert_frame_equal(e.metrics, evaluate(bad, p, policy=POLICY, seed=7).metrics)
    frames = {}
    for name, frame in e.to_frames().items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
        frames[name] = pd.read_parquet(tmp_path / f"{name}.parquet")
    back = Evaluation.from_frames(frames)
    assert back.to_json() == e.to_json()
    assert (back.n, back.n_bad, back.cut_off, back.cut_off_source) == (900, e.n_bad, 0.2, POLICY.source)
    for name, frame in e.to_frames().items():
        pd.testing.assert_frame_equal(back.to_frames()[name], frame)
    empty = evaluate(np.array([]), np.array([]))
    assert Evaluation.from_frames(empty.to_frames()).to_json() == empty.to_json()
    before = {name: frame for name, frame in frames.items() if name != "bands"}
    assert Evaluation.from_frames(before).bands.empty and not e.bands.empty


def test_sentences():
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, 9000)
    bad = (rng.random(9000) < p).astype(int)
    e = evaluate(bad, p, policy=POLICY)
    assert e.sentence("application").endswith("good by convention for an application portfolio.")
    assert "applicants" in e.sentence("application") and e.shown("auc") in e.sentence("application")
    assert e.sentence("fraud").startswith("Average precision is .4")


@pytest.mark.parametrize(
    ("auc", "kind", "words"),
    [
        (0.55, "application", "hardly better than chance"),
        (0.60, "application", "acceptable"),
        (0.70, "application", "good"),
        (0.80, "application", "excellent"),
        (0.95, "application", "leakage"),
        (0.75, "behavioural", "acceptable"),
        (0.85, "behavioural", "good"),
        (0.45, "application", "upside down"),
        (0.99, "fraud", "average precision"),
    ],
)
def test_words_for_an_auc(auc, kind, words):
    assert words in words_for_auc(auc, kind) and "convention" in words_for_auc(auc, kind)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("auc", 0.7812, 0.7691, 0.7931), ".781 (.769 to .793)"),
        (("auc", 1.0), "1.000"),
        (("gini", -0.1234), "-.123"),
        (("ks", 0.421, 0.4, 0.44), "42.1 (40.0 to 44.0)"),
        (("mean_p_bad", 0.034), "3.4%"),
        (("bad_rate", 0.0012), "0.12%"),
        (("calibration_slope", 0.97, 0.91, 1.03), "0.97 (0.91 to 1.03)"),
        (("calibration_intercept", -0.001), "0.00"),
        (("log_loss", 12.3456), "12.346"),
        (
            ("auc", float("nan"), float("nan"), float("nan"), "no bads in this group"),
            "not defined: no bads in this group",
        ),
    ],
)
def test_figures_as_shown(arguments, text):
    assert format_metric(*arguments) == text
