"""Guesses: roles, kinds, special codes and reasons; what only the analyst knows is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.public import public
from workbench import intake, proposal
from workbench.dataset import build, from_frame
from workbench.errors import InputError
from workbench.portfolio import Outcome

RNG = np.random.default_rng(7)
N = 400


def table(**columns):
    bad = np.where(np.arange(N) % 5 == 0, "1", "0")
    return from_frame(pd.DataFrame({"bad": bad, **columns}))


def guess(**columns):
    (name,) = columns
    return proposal.propose(table(**columns), name="loans").guess(name)


def texts(values):
    return [str(value) for value in values]


@pytest.mark.parametrize(
    "name",
    ["SEX", "gender", "Age", "marital_status", "MARRIAGE", "race", "applicant_age", "age_group", "AGE_BAND"],
)
def test_protected_by_name(name):
    found = guess(**{name: texts(np.arange(N) % 40 + 20)})
    assert found.role == "protected"
    assert "fairness" in found.reasons[0]


@pytest.mark.parametrize("name", ["average_balance", "age_of_oldest_line", "stage", "wage", "mortgage"])
def test_names_that_only_sound_protected(name):
    assert guess(**{name: texts(np.arange(N) % 40 + 20)}).role == "characteristic"


def test_keys_identifiers_and_free_text():
    words = [f"we wish to renovate the house number {k} this summer" for k in range(N)]
    found = proposal.propose(
        table(
            loan_id=texts(range(N)),
            member_id=[f"M{k:05d}" for k in range(N)],
            desc=words,
            name=[f"n{k}" for k in range(N)],
        ),
        name="loans",
    )
    roles = {g.column: g.role for g in found.guesses}
    assert roles == {
        "bad": "outcome",
        "loan_id": "row key",
        "member_id": "leave out",
        "desc": "leave out",
        "name": "leave out",
    }


@pytest.mark.parametrize("name", ["customer_id", "cust", "CUST_NO"])
def test_a_customer_with_several_loans_is_a_group(name):
    assert guess(**{name: texts(np.arange(N) // 2)}).role == "group"


def test_constants_blanks_and_weights():
    found = proposal.propose(
        table(
            same=["7"] * N,
            none=[""] * N,
            nearly=["7", ""] * (N // 2),
            sample_weight=["2.5", "1.5"] * (N // 2),
        ),
        name="x",
    )
    roles = {g.column: g.role for g in found.guesses}
    assert roles["same"] == roles["none"] == roles["nearly"] == "leave out"
    assert roles["sample_weight"] == "weight"


@pytest.mark.parametrize(
    ("values", "kind", "form"),
    [
        (texts(RNG.normal(0, 1, N).round(3)), "number", "plain"),
        (texts(np.arange(N) % 9 - 2), "category", "plain"),
        (texts(RNG.poisson(0.5, N)), "number", "plain"),
        (texts(np.arange(N) % 4 + 1), "category", "plain"),
        (texts(np.arange(N) % 2), "flag", "plain"),
        ([f"{k / 7:.2f}%" for k in range(N)], "number", "percent"),
        ([f"${k * 37:,.2f}" for k in range(N)], "number", "amount"),
        ([f"{36 if k % 2 else 60} months" for k in range(N)], "number", "with_unit"),
        ([f"{k % 90 + 10}xx" for k in range(N)], "category", "plain"),
        ([f"0{k % 50 + 1000}" for k in range(N)], "category", "plain"),
        (["< 1 year", "1 year", "2 years", "10+ years"] * (N // 4), "category", "plain"),
    ],
)
def test_kinds(values, kind, form):
    found = guess(x=values)
    assert (found.kind, found.format) == (kind, form)
    assert found.reasons
    assert 0 < sum(found.histogram) <= N


@pytest.mark.parametrize(
    ("extra", "codes"),
    [
        (["999"] * 20, ("999",)),
        (["-9"] * 20, ("-9",)),
        (["-1"] * 9 + ["-9"] * 9, ("-1", "-9")),
        (["n/a"] * 9, ("n/a",)),
        ([], ()),
    ],
)
def test_special_codes(extra, codes):
    usual = texts(np.arange(N - len(extra)) % 60)
    assert guess(x=[*usual, *extra]).special == codes


@pytest.mark.parametrize("word", ["inf", "-Infinity", "1e400"])
@pytest.mark.parametrize("usual", [np.arange(N - 9) % 60, np.arange(N - 9) % 3, np.arange(N - 9) / 7])
def test_an_infinite_number_is_no_code_but_refused(word, usual):
    given_table = table(x=[*texts(usual), *[word] * 9])
    found = proposal.propose(given_table, name="loans", bad=("bad", ("1",)))
    assert (found.guess("x").kind, found.guess("x").special) == ("number", ())
    assert "9 rows hold an infinite number and would be refused" in found.guess("x").reasons
    made = build(given_table, found.portfolio)
    assert made.refused["code"].tolist() == ["NON_FINITE"] * 9 and made.n == N - 9


def test_a_balance_below_zero_is_no_code():
    assert guess(x=texts(RNG.integers(-500, 5000, N))).special == ()


def test_dates():
    days = pd.date_range("2020-01-01", periods=N)
    found = proposal.propose(
        table(
            application_date=days.strftime("%Y-%m-%d"),
            last_payment_date=(days + pd.Timedelta(days=90)).strftime("%d.%m.%Y"),
            unclear=["01/02/2024", "03/04/2024"] * (N // 2),
        ),
        name="loans",
        bad=("bad", ("1",)),
    )
    formats = {g.column: (g.role, g.kind, g.date_format) for g in found.guesses}
    assert formats["application_date"] == ("date", "date", "")
    assert formats["last_payment_date"] == ("characteristic", "date", "%d.%m.%Y")
    assert formats["unclear"][0] == "leave out"
    assert any("unclear" in question and "%m/%d/%Y" in question for question in found.questions)
    assert found.portfolio.sampling.kind == "out-of-time"


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
@pytest.mark.parametrize("wrong", [["unknown"], ["2024-02-30"], ["n/a", "?", "-", "tbd"] * 5])
def test_a_few_bad_dates_do_not_make_a_category_of_the_rest(form, wrong):
    days = pd.date_range("2024-01-20", periods=6, freq="31D").strftime(form)
    opened = [*(days[k % 6] for k in range(N - len(wrong))), *wrong]
    given_table = table(opened=opened, x=texts(RNG.normal(0, 1, N).round(3)))
    found = proposal.propose(given_table, name="loans", bad=("bad", ("1",)))
    assert found.guess("opened").kind == "date"
    assert "something else and would be refused" in found.guess("opened").reasons[-1]
    made = build(given_table, found.portfolio)
    assert made.refused["code"].tolist() == ["NOT_A_DATE"] * len(wrong)
    assert made.n == N - len(wrong)


def test_words_with_some_dates_between_stay_words():
    assert guess(x=["2024-01-31"] * (N // 2) + ["never"] * (N // 2)).kind == "flag"


@pytest.mark.parametrize(
    ("named", "good", "neither"),
    [
        ({"good": ("a",)}, ("a",), ("c", "d")),
        ({"indeterminate": ("c",)}, ("a", "d"), ("c",)),
        ({"good": ("a", "d"), "indeterminate": ("c",)}, ("a", "d"), ("c",)),
    ],
)
def test_the_other_values_of_an_outcome_can_be_named(named, good, neither):
    ended = from_frame(pd.DataFrame({"ended": [*"abcd"] * 50, "x": texts(RNG.normal(0, 1, 200).round(3))}))
    found = proposal.propose(ended, name="loans", bad=("ended", ("b",)), **named)
    assert (found.portfolio.outcome.good, found.portfolio.outcome.indeterminate) == (good, neither)
    assert found.questions == ()


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({}, "Which value of ended is good?"),
        ({"good": ("z",)}, "does not hold 'z'"),
        ({"good": ("a",), "indeterminate": ("c",)}, "'d' of ended is named neither"),
        ({"good": ("a", "b")}, "'b' of ended is named twice"),
        ({"good": ("a", "c"), "indeterminate": ("c", "d")}, "'c' of ended is named twice"),
    ],
)
def test_values_of_an_outcome_named_wrongly_are_told(named, words):
    ended = from_frame(pd.DataFrame({"ended": [*"abcd"] * 50, "x": texts(RNG.normal(0, 1, 200).round(3))}))
    found = proposal.propose(ended, name="loans", bad=("ended", ("b",)), **named)
    assert found.portfolio is None and words in found.obstacle.what


def test_the_outcome_is_asked_for_where_nothing_looks_like_one():
    found = proposal.propose(
        from_frame(pd.DataFrame({"a": texts(range(50)), "b": texts(range(50))})), name="x"
    )
    assert found.portfolio is None
    assert found.outcome_values.empty
    assert found.questions == ("Which column says how it ended?",)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (("gone", ("1",)), "no column gone"),
        (("bad", ("7",)), "does not hold '7'"),
        (("x", ("1",)), "is it the outcome"),
    ],
)
def test_bad_values_that_are_not_there(bad, words):
    found = proposal.propose(table(x=texts(range(N))), name="loans", bad=bad)
    assert found.portfolio is None
    assert words in " ".join(found.questions)


@pytest.mark.parametrize(
    ("values", "bad", "good"),
    [
        (["good", "bad"], "bad", "good"),
        (["Y", "N"], "Y", "N"),
        (["True", "False"], "true", "false"),
        (["default", "no default"], "default", "no default"),
    ],
)
def test_suggestions_are_never_taken_for_granted(values, bad, good):
    found = proposal.propose(
        from_frame(pd.DataFrame({"outcome": values * 50, "x": texts(range(100))})), name="x"
    )
    suggested = dict(zip(found.outcome_values["value"], found.outcome_values["suggested"], strict=True))
    assert suggested == {bad: "bad", good: "good"}
    assert found.portfolio is None


def test_taiwan_as_sketched():
    found = proposal.propose(intake.read(public("taiwan_cards/taiwan.csv")), name="cards")
    roles = {g.column: (g.role, g.kind) for g in found.guesses}
    assert roles["ID"] == ("row key", "number")
    assert roles["default_payment_next_month"] == ("outcome", "flag")
    assert {roles[c][0] for c in ("SEX", "EDUCATION", "MARRIAGE", "AGE")} == {"protected"}
    assert {roles[f"PAY_{k}"] for k in (0, 2, 3, 4, 5, 6)} == {("characteristic", "category")}
    assert roles["LIMIT_BAL"] == roles["BILL_AMT1"] == ("characteristic", "number")
    assert "'1' (6,636 rows, 22.1%)" in found.questions[0]


def test_edited_guesses_make_a_portfolio():
    found = proposal.propose(
        table(income=texts(np.arange(N) * 37), age=texts(np.arange(N) % 50 + 20)), name="loans"
    )
    made = proposal.build_portfolio(
        "loans", "Loans", "application", found.guesses, Outcome(column="bad", bad=("1",))
    )
    assert [c.name for c in made.characteristics] == ["income"]
    assert made.protected[0].tags == ("protected",)
    with pytest.raises(InputError) as refused:
        proposal.build_portfolio(
            "Loans!", "", "application", found.guesses, Outcome(column="bad", bad=("1",))
        )
    assert refused.value.code == "PORTFOLIO"


def test_differences_are_sentences():
    found = proposal.propose(
        table(income=texts(np.arange(N) * 37), x=texts(np.arange(N) % 50)), name="loans", bad=("bad", ("1",))
    )
    old = found.portfolio
    assert proposal.difference(old, old) == ()
    income = old.characteristics[0].model_copy(update={"low": 0.0, "unit": "EUR"})
    update = {"characteristics": (income,), "left_out": (*old.left_out, "x"), "title": "Car loans"}
    said = proposal.difference(old, old.model_copy(update=update))
    assert said == (
        "x was characteristic and is now left out.",
        "income: unit was not set and is now EUR.",
        "income: low was not set and is now 0.",
        "title was Loans and is now Car loans.",
    )


CELLS = st.one_of(
    st.integers(-99, 999).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["", "x", "5%", "$5", "2024-01-31", "01/02/2024", "Dec-11", "999", "inf", "NA", "36 months", "é"]
    ),
)


@settings(max_examples=120, deadline=None)
@given(
    columns=st.lists(st.lists(CELLS, min_size=30, max_size=30), min_size=1, max_size=4), uniform=st.booleans()
)
def test_a_proposal_always_reads_back(columns, uniform):
    """Whatever is proposed can be built; all rows are kept but those that hold no value of their column."""
    cells = {f"c{k}": [cells[0]] * 15 + cells[:15] if uniform else cells for k, cells in enumerate(columns)}
    given_table = from_frame(pd.DataFrame({"bad": ["0", "1"] * 15, **cells}))
    found = proposal.propose(given_table, name="loans", bad=("bad", ("1",)))
    if found.portfolio is None:
        assert found.questions
        return
    made = build(given_table, found.portfolio)
    assert made.rows_in == 30
    infinite = sum("inf" in row for row in zip(*cells.values(), strict=True))
    assert made.n >= 30 * (1 - 0.10 * len(columns)) - 1 - infinite
