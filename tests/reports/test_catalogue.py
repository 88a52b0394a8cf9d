"""What a report may be asked: names that its notebook declares, values of plain types, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError, MissingError
from workbench.reports import catalogue as asked

DECLARED = {
    "study": asked.Parameter("study", "str", "", "the study"),
    "seed": asked.Parameter("seed", "int", 42, "the seed"),
    "cut": asked.Parameter("cut", "float", 0.5, "the cut-off"),
    "approval": asked.Parameter("approval", "float", 0.7, "the share approved"),
    "full": asked.Parameter("full", "bool", False, "all of it"),
}


def test_text_is_read_as_the_declared_type() -> None:
    given_values = {"study": "a", "seed": "-7", "cut": "1e-2", "full": "yes"}
    assert asked.checked(DECLARED, given_values) == {"study": "a", "seed": -7, "cut": 0.01, "full": True}


@pytest.mark.parametrize(
    "name",
    ["a=1\nopen('x','w')#", "__builtins__", "sed", "Study", "", "study ", "study=1;", 7, None, Path("study")],
)
def test_a_name_the_notebook_does_not_declare_is_refused(name: object) -> None:
    with pytest.raises(InputError) as caught:
        asked.checked(DECLARED, {name: "1"})
    assert caught.value.code == "UNKNOWN_PARAMETER"
    assert "study, seed, cut, approval, full" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("study", Path("x")),
        ("study", 1),
        ("study", None),
        ("study", ["x"]),
        ("study", object()),
        ("study", "a\0b"),
        ("seed", "4.5"),
        ("seed", True),
        ("seed", 4.0),
        ("seed", "٣"),
        ("seed", "1_000"),
        ("seed", "9" * 40),
        ("cut", "nan"),
        ("cut", float("inf")),
        ("cut", "0x10"),
        ("approval", "60"),
        ("full", "maybe"),
        ("full", 1),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        asked.checked(DECLARED, {name: value})
    assert caught.value.code == "PARAMETER"
    assert name in str(caught.value)
    if name == "approval":
        assert "Give 0.60 for 60%." in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        asked.checked(DECLARED, {"seed": "x", "typo": "1", "cut": "y"})
    assert [p.code for p in caught.value.problems] == ["PARAMETER", "UNKNOWN_PARAMETER", "PARAMETER"]


@given(st.text())
def test_any_text_is_taken_or_refused_by_name(text: str) -> None:
    for name in DECLARED:
        try:
            value = asked.checked(DECLARED, {name: text})[name]
        except InputError as error:
            assert error.code == "PARAMETER"
        else:
            assert type(value).__name__ == DECLARED[name].type


def test_a_report_is_found_by_its_short_and_long_name() -> None:
    assert asked.path_of("training") == asked.path_of("training_report")


@pytest.mark.parametrize(
    "name", ["trainig", "../notebooks/training_report", "/etc/passwd", "", "training_report.ipynb"]
)
def test_an_unknown_report_is_refused(name: str) -> None:
    with pytest.raises(MissingError) as caught:
        asked.path_of(name)
    assert caught.value.code == "NO_REPORT"
    assert "training" in str(caught.value)


def test_the_training_report_declares_typed_parameters_with_help() -> None:
    declared = asked.parameters(asked.path_of("training"))
    assert list(declared) == ["study", "data", "portfolio", "family", "seed"]
    assert all(p.help and p.type in asked.TYPES for p in declared.values())
