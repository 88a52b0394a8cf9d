"""Segments: rules in words are read, said again in one way, and hold for the rows a filter gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import made
from workbench.dataset.segment import RELATIONS, Rule, Segment
from workbench.dataset.segment_words import known, parse
from workbench.errors import InputError
from workbench.portfolio import Characteristic


@pytest.fixture(scope="module")
def data():
    """Return made loans."""
    return made.dataset(600)


@pytest.fixture(scope="module")
def rows(data):
    """Return their characteristics, with the date and what is protected."""
    return data.frame.assign(opened=data.date, sex=data.protected["sex"])


@pytest.fixture(scope="module")
def declared(data, rows):
    """Return what a segment of them can name."""
    return known(data.portfolio, rows)


SAME = {
    "": "all rows",
    " All rows ": "all rows",
    "home = rent": "home = rent",
    "HOME == 'rent'": "home = rent",
    "home=Rent and  income>=1,500.5": "home = rent and income >= 1500.5",
    "home in (rent, 'own')": "home in (rent, own)",
    "home not in (rent)": "home not in (rent)",
    "late is missing and income is not missing": "late is missing and income is not missing",
    "bureau = no record": "bureau = -9",
    "bureau <> -9": "bureau != -9",
    "opened ≥ 2024-01-01 and sex = f": "opened >= 2024-01-01 and sex = f",
    "“home” = “rent”": "home = rent",
    "home = rent and home = rent": "home = rent",
}


@pytest.mark.parametrize("said", SAME)
def test_what_is_written_is_said_again_in_one_way(said, rows, declared):
    segment = parse(said, declared, rows)
    assert str(segment) == SAME[said]
    assert parse(str(segment), declared, rows) == segment
    assert Segment.from_json(segment.to_json()) == segment


def test_the_rows_are_those_a_filter_gives(rows, declared):
    def mask(said):
        return parse(said, declared, rows).mask(rows)

    income, home, bureau = rows["income"], rows["home"].astype(object), rows["bureau"]
    wanted = {
        "all rows": np.ones(len(rows), bool),
        "income > 1800": income > 1800,
        "income != 1800": income.notna(),
        "income is missing": income.isna(),
        "income is not missing": income.notna(),
        "home in (rent, own) and income <= 2000": home.isin(["rent", "own"]) & (income <= 2000),
        "home != rent": home != "rent",
        "bureau < 600": (bureau < 600) & (bureau != -9),
        "bureau = -9": bureau == -9,
        "bureau != -9": bureau != -9,
        "opened < 2023-07-01": rows["opened"] < "2023-07-01",
        "opened = 2023-07-01": rows["opened"] == "2023-07-01",
        "sex not in (f)": rows["sex"].astype(object) != "f",
    }
    for said, expected in wanted.items():
        np.testing.assert_array_equal(mask(said), expected, said)
    assert 0 < mask("bureau < 600").sum() < mask("bureau != -9").sum() < len(rows)


WRONG = {
    "hom = rent": ("hom", "Take one of: home"),
    "home = rnt": ("home has no value rnt", "Take one of: rent"),
    "home > rent": ("has no order", "home in (A, B)"),
    "income > much": ("much is not a number", "such as 36"),
    "opened > May": ("May is not a date", "2024-01-31"),
    "home = rent or home = own": ("joined by “and” alone", "in (North, West)"),
    "home": ("compares nothing", "annual_inc > 50000"),
    "home =": ("nothing stands behind", "annual_inc > 50000"),
    "home = rent and": ("a rule is missing", "annual_inc > 50000"),
    "home in rent": ("needs a list in brackets", "region in (North, West)"),
    "home in (rent,, own)": ("between two commas", "region in (North, West)"),
    "income is missing today": ("something stands behind", "End the rule"),
    "home = 'rent": ("the sign '", "quotes that are closed"),
    "bad = 1": ("no characteristic bad", "Take one of"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_read_says_where_and_what_to_write(said, rows, declared):
    with pytest.raises(InputError) as raised:
        parse(said, declared, rows)
    problem = raised.value.problems[0]
    assert problem.code == "SEGMENT" and problem.where.startswith("segment")
    assert WRONG[said][0] in problem.what and WRONG[said][1] in problem.remedy, problem.sentence()


def test_the_examples_can_be_asked_for_of_a_shipped_portfolio():
    from workbench.cli import options
    from workbench.dataset.segment_words import RULES, nameable
    from workbench.intake.portfolios import PortfolioShelf

    declared = nameable(PortfolioShelf(Path("nowhere")).find("lending_club"))
    for said in (RULES, options.RULES):
        assert str(parse(said, declared)) == said


def test_all_that_could_stand_there_is_listed():
    many = [Characteristic(name=f"c{i}") for i in range(30)]
    with pytest.raises(InputError) as raised:
        parse("zzzz = 1", many)
    assert all(c.name in raised.value.problems[0].remedy for c in many)


def test_rows_without_a_column_that_a_rule_names_are_refused(declared, rows):
    segment = parse("sex = f", declared, rows)
    with pytest.raises(InputError, match="no column sex"):
        segment.mask(rows.drop(columns="sex"))


def test_levels_that_are_clicked_take_the_place_of_those_named():
    segment = Segment((Rule("home", "=", ("rent",)), Rule("term", ">", (36.0,))))
    assert segment.of("home") == ("rent",)
    assert str(segment.with_levels("home", ["rent", "own"])) == "term > 36 and home in (rent, own)"
    assert str(segment.with_levels("home", [])) == "term > 36"


NAMES = st.text(min_size=1, max_size=12).filter(lambda t: t == t.strip() and "\x00" not in t)


@given(
    name=NAMES,
    levels=st.lists(NAMES, min_size=1, max_size=3, unique=True),
    relation=st.sampled_from(RELATIONS[:4]),
)
def test_whatever_columns_and_levels_are_called_the_words_say_the_same(name, levels, relation):
    column = Characteristic.model_construct(name=name, title="", kind="category", attributes=(), special=())
    given_levels = tuple(levels) if relation.endswith("in") else tuple(levels[:1])
    segment = Segment((Rule(name, relation, given_levels), Rule(name, "is missing")))
    straight = parse(str(segment), (column,))
    assert straight == segment


@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=-3e38, max_value=3e38))
def test_numbers_come_back_to_the_bit(value):
    segment = Segment((Rule("x", ">", (value,)),))
    assert parse(str(segment), (Characteristic(name="x"),)) == segment


def test_a_million_rows_are_no_matter():
    import time

    n = 1_000_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"a": rng.normal(size=n), "b": pd.Categorical.from_codes(rng.integers(0, 5, n), list("vwxyz"))}
    )
    segment = Segment((Rule("a", ">", (0.5,), (-9.0,)), Rule("b", "in", ("v", "w"))))
    began = time.process_time()
    found = segment.mask(frame)
    assert time.process_time() - began < 1 and abs(found.mean() - 0.3085 * 0.4) < 0.005
