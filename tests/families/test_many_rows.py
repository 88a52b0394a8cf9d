"""Compiled trees take the place of a family's engine only where no bit tells them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import made
from workbench import sampling, training
from workbench.families import many_rows
from workbench.families.many_rows import COMPILED, OWN, ManyRows
from workbench.run import Run
from workbench.scoring import Scorer

DATASET = made.dataset(900)
SAMPLES = sampling.draw(DATASET, sampling.SamplingSpec.from_split("70/30", "random", 42))
FEW: dict[str, tuple[tuple[str, Any], ...]] = {
    "lightgbm": (("rounds_without_validation", 20),),
    "xgboost": (("rounds_without_validation", 20),),
    "random_forest": (("trees", 10),),
    "logistic": (),
}
MODELS = {
    family: training.train(DATASET, SAMPLES, training.TrainSpec(family, params=params), Run(1))
    for family, params in FEW.items()
}
TREED = [family for family in FEW if family != "logistic"]


def _row(i: int) -> dict[str, Any]:
    row = DATASET.frame.iloc[i].astype(object).where(DATASET.frame.iloc[i].notna(), None)
    applied = {} if DATASET.date is None else {str(DATASET.portfolio.date): DATASET.date.iloc[i]}
    return dict(row) | applied


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile for any number of rows."""
    monkeypatch.setattr(many_rows, "PAYS", 1)


@pytest.mark.parametrize("family", TREED)
@pytest.mark.usefixtures("at_once")
def test_a_table_scores_the_same_by_compiled_trees(family: str) -> None:
    plain, fast = Scorer(MODELS[family]), Scorer(MODELS[family], threads=2, golden=lambda: DATASET.frame[:64])
    expected = MODELS[family].p_bad(DATASET.frame, DATASET.date)
    found = fast.score_table(DATASET)
    assert fast.engine.name == COMPILED and "10,064 rows" in fast.engine.why
    assert (found["p_bad"] == expected).all()
    row = _row(3)
    assert plain.p_bad(row) == found["p_bad"][3]
    assert plain.engine.name == OWN


def test_few_rows_and_models_without_trees_stay_with_their_engine() -> None:
    small, line = Scorer(MODELS["lightgbm"]), Scorer(MODELS["logistic"])
    small.score_table(DATASET)
    assert small.engine.name == OWN and "large enough" in small.engine.why
    line.prepare(10**9)
    assert line.engine.name == OWN and "no trees" in line.engine.why


@pytest.mark.usefixtures("at_once")
def test_parts_of_a_large_batch_are_scored_by_what_was_chosen_for_the_whole() -> None:
    scorer = Scorer(MODELS["lightgbm"])
    scorer.prepare(10**9)
    assert scorer.engine.name == COMPILED
    assert (
        scorer.score_table(DATASET)["p_bad"] == MODELS["lightgbm"].p_bad(DATASET.frame, DATASET.date)
    ).all()


@pytest.mark.parametrize("family", TREED)
@pytest.mark.usefixtures("at_once")
def test_trees_that_differ_in_one_leaf_are_not_used(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS[family]
    right = type(model.fitted).ensemble

    def wrong(self: Any) -> Any:
        found = right(self)
        leaf = np.flatnonzero((found.left < 0) & (found.value != 0))[0]
        found.value[leaf] = found.value[leaf] * 1.5
        return found

    monkeypatch.setattr(type(model.fitted), "ensemble", wrong)
    scorer = Scorer(model)
    assert (scorer.score_table(DATASET)["p_bad"] == model.p_bad(DATASET.frame, DATASET.date)).all()
    assert scorer.engine.name == OWN and "differ from it on" in scorer.engine.why


@pytest.mark.usefixtures("at_once")
def test_trees_that_cannot_be_compiled_are_left_to_their_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.trees import compiled

    monkeypatch.setattr(compiled, "MOST_WORDS", 0)
    many = ManyRows(MODELS["lightgbm"].fitted)
    many.prepare(10**9)
    assert many.engine.name == OWN and "leaves on the average" in many.engine.why
