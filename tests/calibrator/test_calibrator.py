"""Calibration against scikit-learn and against what is known of it."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import calibrator
from workbench.calibrator import Calibrator


def _margins(n: int = 20_000, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.5, 1.2, n)
    return margin, (rng.random(n) < 1 / (1 + np.exp(-(0.6 * margin - 0.4)))).astype(float)


def test_a_sigmoid_equals_scikit_learns() -> None:
    from sklearn.calibration import _sigmoid_calibration

    margin, bad = _margins()
    a, b = _sigmoid_calibration(margin, bad)
    ours = calibrator.fit("sigmoid", margin, bad, None, sample="calibration", seed=1)
    assert ours.slope == pytest.approx(-a, abs=1e-5)
    assert ours.intercept == pytest.approx(-b, abs=1e-5)


def test_a_sigmoid_mends_what_is_too_sure() -> None:
    margin, bad = _margins()
    p = calibrator.fit("auto", margin, bad, None, sample="calibration", seed=1).p_bad(margin)
    assert p.mean() == pytest.approx(bad.mean(), abs=1e-3)


def test_the_interval_of_a_sigmoid_agrees_with_a_bootstrap_over_rows() -> None:
    margin, bad = _margins(4_000)
    ours = calibrator.fit("sigmoid", margin, bad, None, sample="calibration", seed=1)
    rng = np.random.default_rng(5)
    ps = []
    for _ in range(150):
        rows = rng.integers(0, len(margin), len(margin))
        slope, intercept = calibrator._sigmoid(margin[rows], bad[rows], np.ones(len(rows)))
        ps.append(1 / (1 + np.exp(-(slope * 0.5 + intercept))))
    low, high = ours.interval(0.5)
    assert (high - low) == pytest.approx(np.quantile(ps, 0.975) - np.quantile(ps, 0.025), rel=0.3)
    assert low < float(ours.p_bad(np.array([0.5]))[0]) < high


def test_weights_count_as_repeated_rows() -> None:
    margin, bad = _margins(500)
    weight = np.random.default_rng(1).integers(1, 4, 500)
    weighted = calibrator._sigmoid(margin, bad, weight.astype(float))
    repeated = calibrator._sigmoid(np.repeat(margin, weight), np.repeat(bad, weight), np.ones(weight.sum()))
    assert weighted == pytest.approx(repeated, abs=1e-8)


@pytest.mark.parametrize(
    ("asked", "bads", "method", "noted"),
    [
        ("auto", 5000, "sigmoid", False),
        ("isotonic", 100, "sigmoid", True),
        ("isotonic", 500, "isotonic", True),
        ("isotonic", 1000, "isotonic", False),
        ("none", 5, "none", True),
    ],
)
def test_isotonic_only_where_the_bads_allow(asked: str, bads: int, method: str, noted: bool) -> None:
    chosen, note = calibrator.choose(asked, bads)
    assert chosen == method
    assert bool(note) == noted


@pytest.mark.parametrize("asked", ["sigmoid", "isotonic"])
def test_kept_as_numbers_and_rising(asked: str) -> None:
    margin, bad = _margins()
    made = calibrator.fit(asked, margin, bad, None, sample="validation", seed=1)
    again = Calibrator.from_json(made.to_json())
    grid = np.linspace(-8, 8, 200)
    assert again.p_bad(grid).tobytes() == made.p_bad(grid).tobytes()
    assert (np.diff(made.p_bad(grid)) >= 0).all()
    assert made.p_bad(grid).min() > 0 and made.p_bad(grid).max() < 1
    low, high = made.interval(-1.0)
    assert low <= float(made.p_bad(np.array([-1.0]))[0]) <= high


def test_a_score_that_points_the_wrong_way_is_not_turned_round() -> None:
    margin, bad = _margins()
    made = calibrator.fit("sigmoid", -margin, bad, None, sample="calibration", seed=1)
    assert made.slope == 0.0
    assert made.p_bad(np.zeros(1))[0] == pytest.approx(bad.mean(), abs=1e-3)


@pytest.mark.parametrize("asked", ["sigmoid", "isotonic"])
def test_rows_told_twice_make_a_pd_no_surer(asked: str) -> None:
    margin, bad = _margins(2_000)
    once = calibrator.fit(asked, margin, bad, None, sample="validation", seed=1)
    who = np.repeat(np.arange(len(bad)), 2)
    twice = calibrator.fit(asked, margin[who], bad[who], None, sample="validation", seed=1, customer=who)
    plain = calibrator.fit(asked, margin[who], bad[who], None, sample="validation", seed=1)
    spread = [
        np.array([np.diff(made.interval(m))[0] for m in (-2.0, -1.0, 0.0)]).mean()
        for made in (once, twice, plain)
    ]
    assert spread[1] == pytest.approx(spread[0], rel=0.15) and spread[2] < 0.8 * spread[0]
    np.testing.assert_allclose(twice.p_bad(margin), once.p_bad(margin), atol=2e-3)
