"""Reason texts: checked with the portfolio, complete where it ships, and kept when it is edited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.intake import PortfolioShelf
from workbench.portfolio import from_values, parse, to_toml
from workbench.proposal import difference

VALUES = {
    "name": "loans",
    "outcome": {"column": "bad", "bad": ["1"]},
    "characteristics": [
        {"name": "income", "special": [{"value": "-9"}]},
        {"name": "home", "kind": "category", "attributes": [{"value": "rent"}, {"value": "own"}]},
        {"name": "late"},
    ],
}
TEXTS = [
    {"characteristics": ["income"], "text": "Income", "low": "Income too low", "missing": "Income unknown"},
    {"characteristics": ["home"], "group": "home", "values": [{"value": "rent", "text": "A tenant"}]},
]
SHIPPED = [
    PortfolioShelf(Path("nowhere")).find(entry.name) for entry in PortfolioShelf(Path("nowhere")).names()
]


def with_reasons(*texts: dict, **table: object):
    return from_values(VALUES | {"reasons": {"texts": list(texts), **table}}, "loans.toml")


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([{"characteristics": ["age"], "text": "Age"}], "'age' is no characteristic"),
        ([{"characteristics": ["home"], "text": "Home", "low": "Low"}], "neither high nor low"),
        ([{"characteristics": ["home"], "values": [{"value": "hut", "text": "Hut"}]}], "special code 'hut'"),
        ([{"characteristics": ["income"], "values": [{"value": "1", "text": "One"}]}], "special code '1'"),
        ([TEXTS[0], TEXTS[0]], "has two texts"),
        ([{"characteristics": ["income"]}], "says nothing"),
        ([{"characteristics": [], "text": "None"}], "at least 1 item"),
    ],
)
def test_a_text_that_cannot_be_said_is_refused_with_its_place(texts: list[dict], says: str) -> None:
    with pytest.raises(InputError) as caught:
        with_reasons(*texts)
    assert caught.value.code == "PORTFOLIO"
    assert says in str(caught.value)
    assert "reasons" in str(caught.value)


def test_the_table_reads_back_and_a_changed_text_is_told() -> None:
    old = with_reasons(*TEXTS, version=2, reference="near cut-off")
    assert parse(to_toml(old), "again") == old
    new = with_reasons(TEXTS[0] | {"low": "Low income"}, TEXTS[1], version=3, reference="near cut-off")
    told = difference(old, new)
    assert any("reasons version was 2 and is now 3" in line for line in told)
    assert any("reasons texts" in line for line in told)


def test_what_no_longer_fits_goes_and_the_rest_stays() -> None:
    table = with_reasons(*TEXTS, {"characteristics": ["late"], "text": "Late payments"}, version=4).reasons
    other = from_values(
        VALUES
        | {
            "characteristics": [
                {"name": "income", "kind": "category"},
                {"name": "home", "kind": "category", "attributes": [{"value": "own"}]},
                {"name": "late"},
            ]
        },
        "loans.toml",
    )
    kept = table.fitting(other.characteristics)
    assert kept.version == 4
    assert [text.characteristics for text in kept.texts] == [("income",), ("late",)]
    income = kept.text_of("income")
    assert (income.text, income.low, income.missing) == ("Income", "", "Income unknown")
    assert from_values(other.to_json() | {"reasons": kept.model_dump(mode="json")}, "x").reasons == kept


def test_characteristics_of_one_text_keep_what_each_can_be_told_and_stay_one_reason() -> None:
    shipped = next(portfolio for portfolio in SHIPPED if portfolio.name == "taiwan_cards")
    characteristics = [one.model_dump(mode="json") for one in shipped.characteristics]
    first = next(one for one in characteristics if one["name"] == "PAY_0")
    first |= {"kind": "number", "attributes": []}
    edited = from_values(shipped.to_json() | {"characteristics": characteristics, "reasons": {}}, "x")
    kept = shipped.reasons.fitting(edited.characteristics)
    number, code = kept.text_of("PAY_0"), kept.text_of("PAY_2")
    assert number.text == code.text != "" and number.key == code.key
    assert not number.values and len(code.values) == 10
    assert from_values(edited.to_json() | {"reasons": kept.model_dump(mode="json")}, "x").reasons == kept
    assert shipped.reasons.fitting(shipped.characteristics) == shipped.reasons


@pytest.mark.parametrize("portfolio", SHIPPED, ids=lambda p: p.name)
def test_every_characteristic_that_ships_has_a_plain_text(portfolio) -> None:
    for one in portfolio.characteristics:
        text = portfolio.reasons.text_of(one.name)
        if "protected" in one.tags:
            assert text is None, "a protected characteristic calls for a person, not for a sentence"
            continue
        said = [text.text, text.high, text.low, text.missing, *(v.text for v in text.values)]
        assert text.text, "whatever the value is, there is something true to say"
        for words in filter(None, said):
            assert words != one.name
            assert not re.search(r"missing|score failed|_|internal", words, re.IGNORECASE)
            assert 4 <= len(words) <= 80
