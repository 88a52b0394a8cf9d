"""Work that a study needs at its end comes out the same beside its fits, and ends when they do."""

from __future__ import annotations

import threading
from pathlib import Path

import pandas as pd
import pytest

from workbench import study, synthetic
from workbench.dataset import build, from_frame
from workbench.intake import PortfolioShelf
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec
from workbench.study.aside import Aside


@pytest.fixture(scope="module")
def data():
    portfolio = PortfolioShelf(Path("nowhere")).find("consumer_credit")
    return build(from_frame(synthetic.generate("consumer_credit", 2_000)), portfolio)


SPEC = StudySpec(("logistic", "lightgbm", "scorecard"), SamplingSpec.from_split("70/15/15"))


def test_models_are_explained_the_same_with_and_without_a_spare_core(data) -> None:
    alone, beside = (study.run(data, SPEC, Run(1, spare=spare), explain=True) for spare in (False, True))
    for one, other in zip(alone.models, beside.models, strict=True):
        assert one.digest == other.digest
        assert one.overview.to_json() == other.overview.to_json()
        for name, frame in one.overview.to_frames().items():
            pd.testing.assert_frame_equal(frame, other.overview.to_frames()[name])


def test_every_step_of_the_work_is_told_by_who_waits_for_it(data) -> None:
    heard: list[tuple[str, float, bool]] = []

    def watch(what: str, done: float) -> None:
        heard.append((what, done, threading.current_thread() is threading.main_thread()))

    study.run(data, SPEC, Run(2, watch, spare=True), explain=True)
    assert all(main for _, _, main in heard)
    assert [done for what, done, _ in heard if "Scorecard: " in what], "who waits hears what is under way"
    shares = [done for _, done, _ in heard]
    assert shares == sorted(shares), "what is done is never taken back"


def test_an_error_stops_what_is_under_way_and_what_waits_never_begins() -> None:
    begun, ended, later = threading.Event(), threading.Event(), threading.Event()

    def long(run: Run) -> None:
        begun.set()
        try:
            while True:
                run.step("on and on", 0.5)
                ended.wait(0.001)
        finally:
            ended.set()

    with pytest.raises(KeyboardInterrupt), Aside(Run(spare=True)) as aside:
        waited = aside.do(long, Run())
        aside.do(lambda _: later.set(), Run())
        aside.begin()
        assert begun.wait(10)
        raise KeyboardInterrupt
    assert ended.is_set() and not later.is_set()
    with pytest.raises(Cancelled):
        waited(Run())


@pytest.mark.parametrize("spare", [False, True])
def test_what_went_wrong_is_told_where_it_is_waited_for(spare: bool) -> None:
    def wrong(run: Run) -> None:
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"), Aside(Run(spare=spare)) as aside:
        aside.do(wrong, Run())(Run())


def test_a_core_that_is_not_spare_is_left_alone() -> None:
    with Aside(Run()) as aside:
        where = aside.do(lambda _: threading.current_thread(), Run())
    assert where(Run()) is threading.main_thread()


def test_beside_a_fit_it_has_the_one_core_that_is_spare() -> None:
    with Aside(Run(15, spare=True)) as aside:
        threads = [
            aside.do(lambda run: run.threads, Run(15), beside=beside)(Run()) for beside in (True, False)
        ]
    assert threads == [1, 15]
