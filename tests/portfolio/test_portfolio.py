"""A portfolio says what it means, or says which key is wrong."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import made
from workbench.errors import InputError
from workbench.portfolio import (
    Characteristic,
    Kind,
    Points,
    Portfolio,
    Special,
    from_values,
    numeric_codes,
    parse,
    shares,
    to_toml,
)
from workbench.proposal import difference

VALUES = {
    "name": "loans",
    "outcome": {"column": "bad", "bad": ["1"]},
    "characteristics": [{"name": "income"}, {"name": "home", "kind": "category"}],
}
TEXT = st.text(min_size=1, max_size=12).filter(lambda t: t.strip() == t)


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"name": "Loans 1"}, "key name", "small letters"),
        ({"colour": "red"}, "key colour", "no key"),
        ({"outcome": {"column": "bad"}}, "key outcome.bad", "is missing"),
        ({"outcome": {"column": "bad", "bad": ["1"], "good": ["1"]}}, "key outcome", "under two of"),
        (
            {"characteristics": [{"name": "income", "low": 3, "high": 1}]},
            "key characteristics[income]",
            "above high",
        ),
        (
            {"characteristics": [{"name": "income", "kind": "colour"}]},
            "key characteristics[income].kind",
            "number",
        ),
        ({"characteristics": []}, "key portfolio", "at least one characteristic"),
        ({"row_key": "income"}, "key portfolio", "one role"),
        ({"sampling": {"split": "70/40"}}, "key sampling.split", "add to 100"),
        ({"points": {"pdo": 0}}, "key points.pdo", "greater than 0"),
        ({"characteristics": [{"name": "age", "tags": ["protected"]}]}, "key portfolio", "say why"),
        ({"requirements": {"auc": "high"}}, "key requirements.auc", "number"),
        ({"sampling": {"seed": -1}}, "key sampling.seed", "greater than or equal to 0"),
        ({"family_parameters": {"lightgbm": 3}}, "key family_parameters", "needs a table"),
        ({"family_parameters": {"lightgbm": {"a": [1]}}}, "key family_parameters", "lightgbm.a is [1]"),
        (
            {"family_parameters": {"lightgbm": {"a": math.nan}}},
            "key family_parameters",
            "lightgbm.a is nan",
        ),
        ({"family_parameters": {"lightgbn": {"rounds": 5}}}, "key portfolio", "families does not list"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(change: dict[str, object], key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        from_values(VALUES | change, "loans.toml")
    message = str(caught.value)
    assert caught.value.code == "PORTFOLIO"
    assert message.startswith("loans.toml: ")
    assert key in message
    assert says in message


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        from_values(VALUES | {"name": "?", "kind": "loan", "currency": 3}, "loans.toml")
    assert len(caught.value.problems) == 3


def test_what_is_not_toml_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match="line 2"):
        parse('name = "x"\nkind = \n', "loans.toml")


def test_a_portfolio_reads_back_from_what_it_writes() -> None:
    for portfolio in (from_values(VALUES, ""), made.portfolio()):
        assert parse(to_toml(portfolio), "again") == portfolio


@given(title=TEXT, value=TEXT, label=TEXT, low=st.floats(-1e9, 1e9))
def test_any_text_survives_the_file(title: str, value: str, label: str, low: float) -> None:
    characteristics = [
        {"name": "a", "title": title, "low": low},
        {"name": "b", "kind": "category", "attributes": [{"value": value, "label": label}]},
    ]
    portfolio = from_values(VALUES | {"characteristics": characteristics}, "")
    assert parse(to_toml(portfolio), "again") == portfolio


def test_roles_titles_and_labels() -> None:
    portfolio = made.portfolio()
    assert portfolio.role("income") == "characteristic"
    assert portfolio.role("sex") == "protected"
    assert portfolio.role("opened") == "date"
    assert portfolio.role("unknown") == ""
    assert portfolio.identity == "made@1"
    with pytest.raises(InputError, match="income"):
        portfolio.characteristic("salary")


def test_the_points_scale_is_the_fields_classic() -> None:
    scale = Points()
    assert scale.factor == pytest.approx(28.853901, abs=1e-6)
    assert scale.offset == pytest.approx(487.122876, abs=1e-6)
    assert scale.offset + scale.factor * math.log(50) == pytest.approx(600)


@pytest.mark.parametrize("split", ["70", "70/20", "a/b", "100/0", "50/50/50", "20/20/20/20/20", "-10/110"])
def test_a_split_that_is_none_is_refused(split: str) -> None:
    with pytest.raises(ValueError, match="split"):
        shares(split)


def test_errors_keep_their_problems_between_processes() -> None:
    with pytest.raises(InputError) as caught:
        from_values(VALUES | {"name": "?", "kind": "loan"}, "loans.toml")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)


def test_a_portfolio_cannot_be_changed() -> None:
    portfolio: Portfolio = made.portfolio()
    with pytest.raises(ValueError, match="frozen"):
        portfolio.title = "other"


def test_parameters_of_families_keep_their_kinds_and_read_back() -> None:
    table = {"lightgbm": {"num_leaves": 31, "learning_rate": 0.05, "linear_tree": False, "boosting": "gbdt"}}
    portfolio = from_values(VALUES | {"family_parameters": table}, "loans.toml")
    assert portfolio.to_json()["family_parameters"] == table
    assert "[family_parameters.lightgbm]\nnum_leaves = 31\n" in to_toml(portfolio)
    for again in (parse(to_toml(portfolio), "again"), from_values(portfolio.to_json(), "again")):
        assert again == portfolio
        assert [type(v) for _, v in again.parameters("lightgbm")] == [int, float, bool, str]
    assert portfolio.parameters("logistic") == ()
    assert len({portfolio, parse(to_toml(portfolio), "again")}) == 1


def test_a_new_version_says_which_parameters_changed() -> None:
    old = from_values(VALUES, "loans.toml")
    new = from_values(VALUES | {"family_parameters": {"lightgbm": {"num_leaves": 31}}}, "loans.toml")
    assert difference(old, new) == ("family parameters lightgbm was not set and is now num_leaves 31.",)
    assert difference(new, old) == ("family parameters lightgbm was num_leaves 31 and is now not set.",)


@pytest.mark.parametrize(
    ("kind", "values", "codes"),
    [
        ("number", ["-9", "unknown", "999"], {-9.0: "code -9", 999.0: "code 999"}),
        ("number", ["-9", "-9.0"], {-9.0: "code -9"}),
        ("number", ["nan", "inf", "1_000", "1e999", "٣"], {}),
        ("category", ["9"], {}),
        ("date", ["9"], {}),
    ],
)
def test_special_codes_of_a_number_are_those_that_stand_among_its_values(
    kind: Kind, values: list[str], codes: dict[float, str]
) -> None:
    special = tuple(Special(value=value) for value in values)
    assert numeric_codes(Characteristic(name="bureau", kind=kind, special=special)) == codes
