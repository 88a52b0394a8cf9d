"""Distances equal scipy's, on plain and on weighted values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tests.drift import drawn
from workbench.drift import know
from workbench.drift.bins import learn
from workbench.drift.characteristics import compare
from workbench.drift.distance import cramers_v, jensen_shannon, ks_and_wasserstein, ks_p_value
from workbench.drift.stability import by_chance, chance_beyond, expected, index, psi
from workbench.portfolio import Characteristic

VALUES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES, st.integers(0, 2**31))
def test_ks_and_wasserstein_equal_scipys(a: list[float], b: list[float], seed: int) -> None:
    x, y = np.sort(a), np.sort(b)
    ks, far = ks_and_wasserstein(x, y)
    told = stats.ks_2samp(x, y, method="asymp")
    assert ks == pytest.approx(told.statistic, abs=1e-12)
    assert far == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-9)
    if len(x) > 3 and len(y) > 3:
        assert ks_p_value(ks, len(x), len(y)) == pytest.approx(told.pvalue, abs=1e-12)
    weight = np.random.default_rng(seed).integers(1, 5, len(x)).astype(float)
    running = np.concatenate([[0.0], weight.cumsum()])
    repeated = np.repeat(x, weight.astype(int))
    found = ks_and_wasserstein(x, y, running)
    assert found[0] == pytest.approx(stats.ks_2samp(repeated, y, method="asymp").statistic, abs=1e-9)
    assert found[1] == pytest.approx(stats.wasserstein_distance(x, y, weight), abs=1e-9)


def test_distances_of_shares_equal_scipys() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        a, b = rng.integers(5, 90, (2, 6))
        chi = stats.chi2_contingency(np.array([a, b]), correction=False)
        assert jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, base=2), abs=1e-12)
        assert cramers_v(a, b)[0] == pytest.approx(chi.statistic)
        assert cramers_v(a, b)[1] == pytest.approx(
            stats.contingency.association(np.array([a, b]), method="cramer")
        )
        assert float(psi(a, b)[2]) == pytest.approx(chi.pvalue)


def test_psi_has_its_known_answers() -> None:
    a, b = np.array([30, 70]), np.array([50, 50])
    assert index(a, b) == pytest.approx((0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5))
    even = np.full(10, 1000)
    assert float(expected(np.full(10, 20), even)) == pytest.approx(9 * (1 / 200 + 1 / 10_000))
    assert float(by_chance(np.full(10, 20), even)[0]) == pytest.approx(0.086, abs=0.002)
    rates = [chance_beyond(0.1, b, 10_000, m) for b, m in ((10, 200), (20, 200), (10, 500))]
    assert np.round(rates, 2).tolist() == [0.02, 0.42, 0.0]
    # an empty cell counts as half a row, so that it does not explode
    assert index(np.array([100, 0]), np.array([99, 1])) < 0.01


def test_the_psi_of_stable_rows_is_as_its_distribution_says() -> None:
    rng, share = np.random.default_rng(8), np.full(10, 0.1)
    now, before = rng.multinomial(500, share, 2000), rng.multinomial(10_000, share, 2000)
    found = index(now, before)
    assert found.mean() == pytest.approx(float(expected(now, before).mean()), rel=0.03)
    beyond = (found > by_chance(now, before)[1]).sum()
    assert stats.binom.ppf(0.005, 2000, 0.01) <= beyond <= stats.binom.ppf(0.995, 2000, 0.01)


def test_a_tiny_shift_of_a_million_rows_is_significant_and_small() -> None:
    rng = np.random.default_rng(1)
    a, b = np.sort(rng.normal(size=10**6)), np.sort(rng.normal(0.005, 1, 10**6))
    ks, far = ks_and_wasserstein(a, b)
    assert ks_p_value(ks, 10**6, 10**6) < 0.001 and ks < 0.01 and far < 0.01


def test_bins_are_frozen_and_missing_special_and_unseen_stand_apart() -> None:
    about = Characteristic(name="x", special=({"value": "-9"},))
    bins = learn(pd.Series([*range(100), np.nan, -9.0]), about)
    at = bins.place(pd.Series([-500.0, 5.0, 1e9, -9.0, np.nan]))
    assert [bins.labels[i] for i in at] == [
        "below 10", "below 10", "90 or more", "code -9", "missing",
    ]  # fmt: skip
    home = learn(pd.Series(["a", "b"], dtype="category"), Characteristic(name="home", kind="category"))
    where = home.place(pd.Series(["b", "z", None], dtype="category"))
    assert [home.labels[i] for i in where] == ["b", "not seen in development", "missing"]


def test_counting_by_sorting_is_counting_by_placing() -> None:
    rng = np.random.default_rng(5)
    known = know(drawn.frame(3000, rng), drawn.EVERY)
    later, weight = drawn.frame(900, rng), rng.uniform(0.5, 3, 900)
    for own in (None, weight):
        _, bins = compare(known, later, own)
        for item in known:
            placed = np.bincount(item.bins.place(later[item.about.name]), own, item.bins.size)
            told = bins[bins["characteristic"] == item.about.name].set_index("bin")["share"]
            assert np.allclose(told, (placed / placed.sum())[told.index])


def test_weights_count_as_rows_repeated_and_tests_do_not_believe_them() -> None:
    rng = np.random.default_rng(6)
    known = know(drawn.frame(3000, rng), drawn.EVERY)
    later = drawn.frame(500, rng)
    weight = rng.integers(1, 6, 500)
    once, _ = compare(known, later, weight.astype(float))
    often, _ = compare(known, later.loc[later.index.repeat(weight)])
    for name in ("psi", "ks", "wasserstein", "jensen_shannon", "missing"):
        # half a row in an empty cell is half of fewer rows
        assert np.allclose(once[name], often[name], atol=2e-3, equal_nan=True), name
    assert (once["psi_expected"] > 1.5 * often["psi_expected"]).all()
