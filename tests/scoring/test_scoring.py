"""From rows to PD, points, band, decision and flags."""

from __future__ import annotations

import functools
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench import sampling, training
from workbench.dataset import applicants, from_frame
from workbench.portfolio import Points
from workbench.run import Run
from workbench.scoring import Scorer, points

DATASET = made.dataset(3000)
SAMPLES = sampling.draw(DATASET, sampling.SamplingSpec.from_split("70/30", "random", 42))
families = pytest.mark.parametrize("family", ("logistic", "random_forest", "xgboost", "lightgbm"))


@functools.cache
def scorer_of(family: str) -> Scorer:
    return Scorer(training.train(DATASET, SAMPLES, training.TrainSpec(family), Run(1)))


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")


@families
def test_one_applicant_and_a_table_agree_to_the_last_bit(family: str) -> None:
    frame = made.frame(300, seed=11)
    frame.loc[3, "home"] = "castle"
    frame.loc[5, "income"] = 1e9
    scorer = scorer_of(family)
    table = scorer.score_table(applicants(from_frame(frame), DATASET.portfolio))
    for i, row in enumerate(_records(frame)):
        one = scorer.score(row)
        assert one.p_bad == scorer.p_bad(row) == table["p_bad"][i]
        assert (one.points, one.band, one.decision) == (
            table["points"][i],
            table["band"][i],
            table["decision"][i],
        )
        assert "; ".join(f"{flag.kind}: {flag.characteristic}" for flag in one.flags) == table["flags"][i]
    assert "unseen: home" in table["flags"][3]
    assert "out of range: income" in table["flags"][5]


@families
def test_order_of_rows_is_kept_and_changes_nothing(family: str) -> None:
    frame = made.frame(200, seed=12)
    shuffled = frame.sample(frac=1, random_state=1)[list(reversed(frame.columns))]
    a = scorer_of(family).score_table(applicants(from_frame(frame), DATASET.portfolio))
    b = scorer_of(family).score_table(applicants(from_frame(shuffled), DATASET.portfolio))
    assert b["id"].tolist() == shuffled["id"].tolist()
    pd.testing.assert_frame_equal(a.set_index("id"), b.set_index("id").loc[a["id"]])


@families
def test_risk_up_is_points_down_and_decisions_follow_the_policy(family: str) -> None:
    table = scorer_of(family).score_table(DATASET).sort_values("p_bad", kind="stable")
    policy = scorer_of(family).policy
    assert table["points"].is_monotonic_decreasing
    assert table["band"].is_monotonic_increasing
    assert (table["decision"] == "approve").mean() == pytest.approx(0.7, abs=0.03)
    assert (table["p_bad"][table["decision"] == "approve"] < policy.approve_below).all()
    assert (table["p_bad"][table["decision"] == "decline"] >= policy.decline_from).all()


@families
def test_the_interval_contains_the_pd_and_the_typical_applicant_scores(family: str) -> None:
    scorer = scorer_of(family)
    typical = scorer.typical()
    score = scorer.score(typical)
    assert score.low <= score.p_bad <= score.high
    assert score.flags == ()
    assert set(typical) == {c.name for c in DATASET.portfolio.characteristics} | {"opened"}


def test_points_are_the_fields() -> None:
    p = 1 / (1 + np.array([50.0, 100.0, 25.0]))
    assert points(Points(), p).tolist() == [600, 620, 580]
    assert (
        points(Points(), np.array([0.0, 1.0])).tolist()
        == points(Points(), np.array([1e-4, 1 - 1e-4])).tolist()
    )


@families
def test_two_who_score_at_once_get_their_own_pd(family: str) -> None:
    scorer = scorer_of(family)
    rows = _records(made.frame(2, seed=5))
    alone = [scorer.p_bad(row) for row in rows]
    assert alone[0] != alone[1]
    wrong = []
    switched = sys.getswitchinterval()

    def ask(i: int) -> None:
        wrong.extend(1 for _ in range(500) if scorer.p_bad(rows[i]) != alone[i])

    threads = [threading.Thread(target=ask, args=(i % 2,)) for i in range(4)]
    sys.setswitchinterval(1e-5)  # threads meet in the midst of a row, not every hundredth one
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switched)
    assert wrong == []


@families
def test_a_value_outside_the_declared_range_is_never_approved(family: str) -> None:
    scorer = scorer_of(family)
    good = scorer.typical() | {"income": 4000.0, "late": 0, "bureau": 700}
    assert scorer.score(good).decision == "approve"
    odd = good | {"income": -5.0}
    score = scorer.score(odd)
    assert score.decision != "approve"
    assert score.flags[0].message == "income lies below 0, the least the portfolio declares"
    frame = pd.DataFrame([good, odd]).assign(id=["a", "b"])
    for name in ("opened", "first_credit"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    table = scorer.score_table(applicants(from_frame(frame), DATASET.portfolio))
    assert table["decision"].tolist() == ["approve", score.decision]
    assert "out of range: income" in table["flags"][1]
