"""A parameter that a family does not know is an error: an engine would pass over it."""

from __future__ import annotations

import pytest

from tests import made
from workbench import sampling, study, training
from workbench.errors import InputError
from workbench.families import find
from workbench.families.parameters import require_known
from workbench.run import Run
from workbench.study import StudySpec
from workbench.training import TrainSpec

LIGHTGBM = find("lightgbm")


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ((("num_leafs", 31),), "no parameter 'num_leafs' (is it num_leaves?)"),
        ((("objective", "regression"),), "no parameter 'objective'"),
        ((("num_leaves", "many"),), "num_leaves that is a number"),
        ((("num_leaves", 3.5),), "num_leaves that is a whole number"),
        ((("num_leaves", True),), "num_leaves that is a number"),
    ],
)
def test_a_wrong_parameter_is_named(params: tuple[tuple[str, object], ...], says: str) -> None:
    with pytest.raises(InputError) as caught:
        require_known(LIGHTGBM, params)
    assert caught.value.code == "FAMILY_PARAMETER"
    assert says in str(caught.value)


def test_every_default_may_be_asked_for() -> None:
    require_known(LIGHTGBM, LIGHTGBM.defaults)
    require_known(LIGHTGBM, (("num_leaves", 7.0), ("learning_rate", 1)))


def test_what_is_asked_for_goes_before_what_the_portfolio_says() -> None:
    declared = made.portfolio(
        calibration="isotonic", family_parameters={"lightgbm": {"num_leaves": 5, "rounds": 40}}
    )
    spec = TrainSpec.of(declared, "lightgbm", params=(("rounds", 60),))
    assert (spec.calibration, dict(spec.params)) == ("isotonic", {"num_leaves": 5, "rounds": 60})
    assert TrainSpec.of(declared, "lightgbm", "sigmoid").calibration == "sigmoid"
    assert TrainSpec.of(declared, "logistic").params == ()


def test_a_study_stops_before_it_starts_where_the_portfolio_is_wrong() -> None:
    data = made.dataset(1500, family_parameters={"lightgbm": {"leaves": 5}})
    spec = StudySpec(("logistic", "lightgbm"), sampling.SamplingSpec.from_split("70/30"))
    with pytest.raises(InputError, match="no parameter 'leaves'"):
        study.run(data, spec, Run(1))
    with pytest.raises(InputError, match="no parameter 'leaves'"):
        training.train(
            data, sampling.draw(data, spec.sampling), TrainSpec("lightgbm", params=(("leaves", 5),)), Run(1)
        )
