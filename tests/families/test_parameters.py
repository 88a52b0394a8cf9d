"""A parameter that a family does not know is an error: an engine would pass over it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests import made
from workbench import sampling, study, training
from workbench.errors import InputError
from workbench.families import FAMILIES, find
from workbench.families.parameters import require_known
from workbench.families.ranges import Range, Scalar
from workbench.run import Run
from workbench.study import StudySpec
from workbench.training import TrainSpec

LIGHTGBM = find("lightgbm")
EVERY = [(family.name, name, allowed) for family in FAMILIES.values() for name, allowed in family.ranges]
DATASET = made.dataset(600)
VALIDATED, FOLDED = (
    sampling.draw(DATASET, sampling.SamplingSpec.from_split(split)) for split in ("60/20/20", "70/30")
)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ((("num_leafs", 31),), "no parameter 'num_leafs' (is it num_leaves?)"),
        ((("objective", "regression"),), "no parameter 'objective'"),
        ((("num_leaves", "many"),), "num_leaves that is a number"),
        ((("num_leaves", 3.5),), "num_leaves that is a whole number"),
        ((("num_leaves", True),), "num_leaves that is a number"),
        ((("num_leaves", math.inf),), "num_leaves that is a whole number from 2 to 4,096, not inf"),
        ((("num_leaves", 1),), "num_leaves that is from 2 to 4,096, not 1"),
        ((("num_leaves", 1),), "family_parameters.lightgbm.num_leaves"),
        ((("learning_rate", math.nan),), "learning_rate that is above 0 and at most 1, not nan"),
    ],
)
def test_a_wrong_parameter_is_named(params: tuple[tuple[str, object], ...], says: str) -> None:
    with pytest.raises(InputError) as caught:
        require_known(LIGHTGBM, params)
    assert caught.value.code == "FAMILY_PARAMETER"
    assert says in str(caught.value)


def test_every_default_may_be_asked_for() -> None:
    for family in FAMILIES.values():
        assert [name for name, _ in family.ranges] == [name for name, _ in family.defaults]
        require_known(family, family.defaults)
    require_known(LIGHTGBM, (("num_leaves", 7.0), ("learning_rate", 1)))


@pytest.mark.parametrize(("family", "name", "allowed"), EVERY)
def test_no_parameter_goes_beyond_its_ends(family: str, name: str, allowed: Range) -> None:
    inside, outside = _at_and_beyond(allowed, dict(find(family).defaults)[name])
    for value in inside:
        require_known(find(family), ((name, value),))
    for value in outside:
        with pytest.raises(InputError) as caught:
            require_known(find(family), ((name, value),))
        assert f"family_parameters.{family}.{name}" in str(caught.value)
        assert allowed.said in str(caught.value)


@pytest.mark.parametrize(("family", "name", "allowed"), EVERY)
def test_a_model_is_fitted_at_the_ends_or_says_why_not(family: str, name: str, allowed: Range) -> None:
    many = ("rounds", "rounds_without_validation", "trees")
    few = tuple((other, 3) for other in many if other in dict(find(family).defaults) and other != name)
    for value in _at_and_beyond(allowed, dict(find(family).defaults)[name])[0]:
        if name in many and value != allowed.low:
            continue
        for samples in (VALIDATED, FOLDED):
            try:
                model = training.train(
                    DATASET, samples, TrainSpec(family, params=(*few, (name, value))), Run(1)
                )
            except InputError as error:
                assert (error.code, name) in {("NOT_CONVERGED", "max_iter"), ("NO_PREDICTOR", "min_bads")}
            else:
                assert np.isfinite(model.p_bad_mean)


def _at_and_beyond(allowed: Range, default: Scalar) -> tuple[list[Scalar], list[Scalar]]:
    inside: list[Scalar] = list(allowed.words)
    outside: list[Scalar] = ["many", True, math.nan, math.inf]
    if allowed.low is None or allowed.high is None:
        return inside, [*outside, 1]
    step = 1 if isinstance(default, int) else 1e-6
    inside += [allowed.low + step if allowed.above else allowed.low, allowed.high]
    return inside, [*outside, allowed.low if allowed.above else allowed.low - step, -1, allowed.high + step]


def test_whole_numbers_may_be_written_with_a_point() -> None:
    for family, params in (
        ("logistic", (("max_iter", 500.0), ("C", 1))),
        ("lightgbm", (("num_leaves", 7.0), ("rounds_without_validation", 5.0))),
        ("xgboost", (("max_depth", 3.0), ("rounds_without_validation", 5.0))),
        ("random_forest", (("trees", 5.0), ("max_features", 1))),
        ("scorecard", (("max_bins", 4.0), ("min_bads", 12.0))),
    ):
        training.train(DATASET, FOLDED, TrainSpec(family, params=params), Run(1))


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
