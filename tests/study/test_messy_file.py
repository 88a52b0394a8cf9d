"""A messy file, drafted as the workbench drafts it, is binned, profiled and trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests import made
from workbench import binning, dataset, intake, proposal, study
from workbench.profile import profile
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.study import StudySpec


def test_a_file_with_words_among_its_numbers_gives_a_scorecard_and_a_regression(tmp_path: Path) -> None:
    frame = made.frame(1500)
    words = np.arange(len(frame)) % 30 == 0
    frame["income"] = frame["income"].map("${:,.2f}".format).where(frame["income"].notna(), "")
    frame["bureau"] = frame["bureau"].astype(int).astype(str).where(~words, "unknown")
    frame["late"] = frame["late"].fillna(0).astype(int)
    path = tmp_path / "messy.csv"
    frame.to_csv(path, index=False)

    drafted = proposal.propose(intake.read(path), name="messy", bad=("bad", ("1",))).portfolio
    bureau = drafted.characteristic("bureau")
    assert bureau.kind == "number"
    assert {s.value for s in bureau.special} == {"-9", "unknown"}
    data = dataset.build(intake.read(path, portfolio=drafted), drafted)
    assert data.refused.empty

    binned = binning.measure(data, Run(1)).of("bureau").set_index("label")
    described = profile(data, Run(1)).of("bureau").set_index("label")
    for bins in (binned, described):
        assert bins.loc["missing", "n"] == words.sum()
        assert bins.loc["Special code", "n"] == (frame["bureau"] == "-9").sum()
    trained = study.run(
        data, StudySpec(("logistic", "scorecard"), SamplingSpec.from_split("70/30", "random", 42)), Run(1)
    )
    assert [model.error for model in trained.models] == ["", ""]
    assert all(model.evaluation.value("auc") > 0.6 for model in trained.models)
