"""How many threads linear algebra may use, which differs between doors and machines, changes no figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from workbench import study, synthetic, training
from workbench.dataset import build, from_frame
from workbench.intake import PortfolioShelf
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec


@pytest.mark.slow
def test_a_study_is_the_same_to_the_last_bit_for_any_threads(tmp_path: Path) -> None:
    portfolio = PortfolioShelf(tmp_path).find("consumer_credit")
    data = build(from_frame(synthetic.generate("consumer_credit", 20_000)), portfolio)
    spec = StudySpec(("logistic", "scorecard", "xgboost"), SamplingSpec.from_split("70/15/15"))
    with training.one_thread():
        assert {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"} == {1}
    told = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            done = study.run(data, spec, Run(threads))
        # sums of more than 10,000 products are what threads would share
        assert done.samples.sizes["n"].max() > 10_000
        told.append([(m.digest, {s: e.to_json() for s, e in m.evaluations.items()}) for m in done.models])
    assert told[0] == told[1]
