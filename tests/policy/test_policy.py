"""From PD to decision: the cut-offs belong to the riskier side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.policy import DECISIONS, Policy

POLICY = Policy(0.1, 0.2, (0.05, 0.1, 0.3))


def test_a_pd_at_the_cut_off_is_not_approved() -> None:
    assert [POLICY.decide(p) for p in (0.0999, 0.1, 0.1999, 0.2)] == ["approve", "refer", "refer", "decline"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_one_and_many_agree(p_bad: list[float]) -> None:
    p = np.array(p_bad)
    assert [DECISIONS[c] for c in POLICY.decision_codes(p)] == [POLICY.decide(x) for x in p_bad]
    assert [POLICY.bands[c] for c in POLICY.band_codes(p)] == [POLICY.band(x) for x in p_bad]


def test_the_guess_approves_and_refers_what_it_says() -> None:
    p = np.random.default_rng(1).beta(1, 8, 10_000)
    policy = Policy.guess(p)
    shares = np.bincount(policy.decision_codes(p), minlength=3) / len(p)
    assert shares.tolist() == pytest.approx([0.7, 0.1, 0.2], abs=1e-3)
    assert policy.provisional
    assert "provisional" in policy.source
    assert Policy.from_json(policy.to_json()) == policy


def test_weights_decide_what_seventy_percent_are() -> None:
    p = np.random.default_rng(2).beta(1, 8, 20_000)
    weight = np.where(np.arange(len(p)) % 21 == 0, 1.0, 20.0) * np.where(p > np.median(p), 1.0, 5.0)
    codes = Policy.guess(p, weight).decision_codes(p)
    assert weight[codes == 0].sum() / weight.sum() == pytest.approx(0.7, abs=2e-3)


def test_one_pd_for_all_still_gives_a_policy() -> None:
    policy = Policy.guess(np.full(50, 0.2))
    assert policy.decide(0.2) == "decline"
    assert policy.decide(0.1) == "approve"


def test_a_missing_pd_is_never_approved() -> None:
    assert POLICY.decide(float("nan")) != "approve"
    assert DECISIONS[POLICY.decision_codes(np.array([np.nan]))[0]] != "approve"


@pytest.mark.parametrize("cut_offs", [(0.3, 0.2), (-0.1, 0.2), (float("nan"), 0.2), (0.1, 1.2)])
def test_cut_offs_that_make_no_sense_are_refused(cut_offs: tuple[float, float]) -> None:
    with pytest.raises(InputError) as caught:
        Policy(*cut_offs)
    assert caught.value.code == "POLICY"
