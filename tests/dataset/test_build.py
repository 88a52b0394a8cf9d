"""Casting: every row is kept or refused with its record, column, code, reason and masked text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.dataset import (
    Source,
    Table,
    applicants,
    arrived,
    build,
    empty_refused,
    from_frame,
    value_counts,
)
from workbench.dataset.judged import judged
from workbench.errors import InputError
from workbench.portfolio import from_values


def portfolio(*characteristics, outcome=None, **more):
    values = {
        "name": "loans",
        "outcome": outcome or {"column": "bad", "bad": ["1"], "good": ["0"]},
        "characteristics": list(characteristics) or [{"name": "income"}],
    }
    return from_values(values | more, "loans")


def frame(**columns):
    rows = max(len(values) for values in columns.values())
    return pd.DataFrame({"bad": (["0", "1"] * rows)[:rows], **columns})


def refused(made):
    return list(made.refused[["record", "column", "code"]].itertuples(index=False, name=None))


def test_cells_that_are_no_numbers_refuse_their_rows():
    texts = ["1000", "n.a.", " 2e3 ", "", "inf", "1e400", "nan", "-Infinity", "1_000", "0x10", "１２", "+.5"]
    made = build(from_frame(frame(income=texts)), portfolio())
    assert made.n + made.refused["record"].nunique() == len(texts) == made.rows_in
    np.testing.assert_array_equal(made.frame["income"], [1000, 2000, np.nan, 0.5])
    assert refused(made) == [
        (2, "income", "NOT_A_NUMBER"),
        (5, "income", "NON_FINITE"),
        (6, "income", "NON_FINITE"),
        (7, "income", "NON_FINITE"),
        (8, "income", "NON_FINITE"),
        (9, "income", "NOT_A_NUMBER"),
        (10, "income", "NOT_A_NUMBER"),
        (11, "income", "NOT_A_NUMBER"),
    ]
    assert made.refused["text"].iloc[0] == "n… (4 characters)"
    assert not made.refused["text"].str.contains("n.a.", regex=False).any()
    assert made.refused["reason"].str.startswith("income ").all()


def test_numbers_beyond_a_float32_are_not_finite():
    made = build(from_frame(frame(income=[1.0, 1e39, np.inf, np.nan])), portfolio())
    assert refused(made) == [(2, "income", "NON_FINITE"), (3, "income", "NON_FINITE")]
    assert np.isnan(made.frame["income"].iloc[1])


@pytest.mark.parametrize(
    ("form", "decimal", "texts", "wanted"),
    [
        ("percent", ".", ["10.65%", "0 %", " 7% ", "", "12.5", "x%"], [0.1065, 0, 0.07, np.nan]),
        ("percent", ",", ["10,65%", "1.5%"], [0.1065]),
        (
            "amount",
            ".",
            ["$1,234.50", "-$5", "($12.00)", "1 234", "USD 7", "8 €", "1,23.4", "12,34", "2,000-", "$"],
            [1234.5, -5, -12, 1234, 7, 8, -2000],
        ),
        ("amount", ",", ["1.234,50 €", "1'234,5", "1,234.50", "12"], [1234.5, 1234.5, 12]),
        ("with_unit", ".", ["36 months", "1 month", " 60 months", "5 years", "24"], [36, 1, 60, 24]),
    ],
)
def test_numbers_as_people_write_them(form, decimal, texts, wanted):
    given = from_frame(frame(x=texts))
    given = Table(given.frame, given.record, given.refused, Source("t", "", 0, "csv", decimal=decimal))
    # an outcome of both kinds, whatever is refused
    given.frame["bad"] = ["0"] * len(texts)
    given.frame.loc[len(texts)] = ["1", ""]
    given.frame.loc[len(texts) + 1] = ["0", ""]
    table = Table(given.frame, np.arange(1, len(texts) + 3), given.refused, given.source)
    made = build(table, portfolio({"name": "x", "format": form}))
    np.testing.assert_allclose(made.frame["x"].iloc[:-2], wanted)


def test_a_decimal_comma_is_read_as_declared():
    table = from_frame(frame(x=["1,5", "2", "1.5"]))
    table = Table(table.frame, table.record, table.refused, Source("t", "", 0, "csv", decimal=","))
    made = build(table, portfolio({"name": "x"}))
    assert made.frame["x"].tolist() == [1.5, 2.0]
    assert refused(made) == [(3, "x", "NOT_A_NUMBER")]


def test_special_codes_stay_numbers_and_words_become_missing():
    special = [{"value": "-9"}, {"value": "n/a"}]
    made = build(from_frame(frame(x=["-9", "n/a", "5", "x"])), portfolio({"name": "x", "special": special}))
    np.testing.assert_array_equal(made.frame["x"], [-9, np.nan, 5])
    assert refused(made) == [(4, "x", "NOT_A_NUMBER")]
    percent = {"name": "x", "special": special, "format": "percent"}
    made = build(from_frame(frame(x=["-9", "n/a", "5%"])), portfolio(percent))
    np.testing.assert_allclose(made.frame["x"], [-9, np.nan, 0.05])


def test_missing_policies():
    table = from_frame(frame(x=["1", "", "3", "4"], y=["a", "", "b", "b"]))
    made = build(table, portfolio({"name": "x", "missing": "refuse"}, {"name": "y", "kind": "category"}))
    assert refused(made) == [(2, "x", "MISSING_REFUSED")]
    fill = portfolio(
        {"name": "x", "missing": "fill", "fill": 7},
        {"name": "y", "kind": "category", "missing": "fill", "fill": "c"},
    )
    made = build(table, fill)
    assert made.frame["x"].tolist() == [1, 7, 3, 4]
    assert made.frame["y"].tolist() == ["a", "c", "b", "b"]


def test_categories_have_one_spelling():
    attributes = [{"value": "1", "label": "one"}, {"value": "True"}]
    texts = ["1", "1.0", " 1 ", "TRUE", "true", "01", "2", ""]
    made = build(
        from_frame(frame(x=texts)), portfolio({"name": "x", "kind": "category", "attributes": attributes})
    )
    assert made.frame["x"].astype(object).fillna("?").tolist() == [
        "1",
        "1",
        "1",
        "True",
        "True",
        "01",
        "2",
        "?",
    ]


def test_row_keys_are_exact():
    keys = ["00123", "12345678901234567890", " 7", "1.0"]
    made = build(from_frame(frame(id=keys, income=["1"] * 4)), portfolio(row_key="id"))
    assert made.row_key.tolist() == keys
    assert build(from_frame(frame(income=["1", "2"])), portfolio()).row_key.tolist() == ["1", "2"]


DATES = {
    "iso": (["2024-02-29", "2024-01-02"], "", ["2024-02-29", "2024-01-02"]),
    "iso with a clock": (["2024-02-29T10:00:00", "2024-01-02 23:59:59.5"], "", ["2024-02-29", "2024-01-02"]),
    "proved by a 13th": (["13/02/2024", "01/02/2024"], "", ["2024-02-13", "2024-02-01"]),
    "proved the other way": (["02/13/2024", "01/02/2024"], "", ["2024-02-13", "2024-01-02"]),
    "month and year": (["Dec-11", "Jan-85"], "", ["2011-12-01", "1985-01-01"]),
    "declared": (["01/02/2024", "03/04/2024"], "%m/%d/%Y", ["2024-01-02", "2024-03-04"]),
    "eight digits": (["20240131", "20231201"], "", ["2024-01-31", "2023-12-01"]),
    "day numbers of Excel": (["45292", "45293.5"], "excel", ["2024-01-01", "2024-01-02"]),
}


@pytest.mark.parametrize("case", DATES)
def test_dates(case):
    texts, form, wanted = DATES[case]
    made = build(from_frame(frame(d=texts)), portfolio({"name": "d", "kind": "date", "date_format": form}))
    assert made.frame["d"].dt.strftime("%Y-%m-%d").tolist() == wanted
    assert made.frame["d"].dtype == "datetime64[s]"
    proved = not form and not case.startswith("iso")
    assert any("dates are written" in note for note in made.source.notes) == proved


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["01/02/2024", "03/04/2024"], ("DD/MM/YYYY or MM/DD/YYYY", "%d/%m/%Y")),
        (["13/02/2024", "02/13/2024"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["45292", "45293"], ("Excel",)),
        (["yesterday", "today"], ("date_format",)),
    ],
)
def test_dates_that_are_not_proved_are_asked_for(texts, words):
    with pytest.raises(InputError) as asked:
        build(from_frame(frame(d=texts)), portfolio({"name": "d", "kind": "date"}))
    assert asked.value.code == "DATE_FORMAT"
    assert all(word in str(asked.value) for word in words)
    assert "column d" in str(asked.value)


def test_a_day_that_never_was_refuses_its_row():
    made = build(
        from_frame(frame(d=["2024-02-30", "2024-02-28", "2024-02-29"])),
        portfolio({"name": "d", "kind": "date"}),
    )
    assert refused(made) == [(1, "d", "NOT_A_DATE")]
    assert made.refused["reason"].tolist() == ["d is not a date written YYYY-MM-DD"]


def test_two_digit_years_never_pass_the_application():
    given = frame(applied=["Dec-11", "Jan-10"], line=["Jan-62", "Dec-99"], paid=["Jun-14", "Jun-15"])
    dates = ({"name": "line", "kind": "date"}, {"name": "paid", "kind": "date"})
    made = build(from_frame(given), portfolio(*dates, date="applied", date_format="%b-%y"))
    assert made.frame["line"].dt.year.tolist() == [1962, 1999]
    assert made.frame["paid"].dt.year.tolist() == [2014, 2015]


OUTCOMES = {
    "no column": ({"column": "gone", "bad": ["1"]}, ["0", "1"], "no column gone"),
    "no bads": ({"column": "o", "bad": ["1"], "good": ["0"]}, ["0", "0"], "no bads"),
    "no goods": ({"column": "o", "bad": ["1"]}, ["1", "1"], "no goods"),
    "three values": ({"column": "o", "bad": ["1"]}, ["0", "1", "2"], "'2'"),
    "undeclared": ({"column": "o", "bad": ["1"], "good": ["0"]}, ["1", "2", "2"], "'2'"),
    "words": ({"column": "o", "bad": ["1"], "good": ["0"]}, ["good", "bad"], "'good'"),
    "inf": ({"column": "o", "bad": ["1"], "good": ["0"]}, ["0", "1", "inf"], "'inf'"),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_outcomes_that_do_not_say_who_ended_bad(case):
    outcome, values, words = OUTCOMES[case]
    with pytest.raises(InputError) as asked:
        build(from_frame(frame(o=values, income=["1"] * len(values))), portfolio(outcome=outcome))
    assert asked.value.code == "TARGET"
    assert words in str(asked.value)


def test_outcomes_of_every_kind():
    outcome = {"column": "o", "bad": ["Charged Off"], "good": ["Paid"], "indeterminate": ["Current"]}
    given = frame(o=["Charged Off", "Paid", "Current", ""], income=["1"] * 4)
    made = build(from_frame(given), portfolio(outcome=outcome))
    assert made.outcome.tolist() == [1, 0, -1]
    assert refused(made) == [(4, "o", "OUTCOME_UNKNOWN")]
    for values in ([True, False], [1.0, 0.0], ["TRUE", "False"], ["1.0", "0"]):
        bad = "1" if not isinstance(values[0], bool) and str(values[0]).startswith("1") else "true"
        made = build(
            from_frame(frame(o=values, income=["1", "2"])), portfolio(outcome={"column": "o", "bad": [bad]})
        )
        assert made.outcome.tolist() == [1, 0]


def test_columns_are_found_by_name():
    given = frame(income=["1", "2"], extra=["x", "y"])
    wanted = portfolio({"name": "income"}, {"name": "age"})
    with pytest.raises(InputError) as asked:
        build(from_frame(given.rename(columns={"income": "Income"})), wanted)
    assert asked.value.code == "SCHEMA_MISMATCH"
    assert "income (is it Income?)" in str(asked.value)
    assert "age" in str(asked.value)
    made = build(from_frame(given[["extra", "income", "bad"]]), portfolio())
    assert made.frame.columns.tolist() == ["income"]
    assert any("extra" in note for note in made.source.notes)


def test_too_few_rows_say_why():
    with pytest.raises(InputError, match="2 rows: income is not a number") as asked:
        build(from_frame(frame(income=["x", "y", "3"])), portfolio())
    assert asked.value.code == "TOO_FEW_ROWS"
    with pytest.raises(InputError) as asked:
        build(from_frame(frame(income=["1"])), portfolio())
    assert asked.value.code == "TOO_FEW_ROWS"


def test_weights_are_positive():
    made = build(from_frame(frame(income=["1"] * 5, w=["1", "2.5", "0", "-1", ""])), portfolio(weight="w"))
    assert made.weight.tolist() == [1, 2.5]
    assert made.refused["code"].tolist() == ["NOT_A_WEIGHT"] * 3


def test_what_is_told_of_one_file_is_told_of_the_same_rows():
    table = from_frame(frame(income=["1"] * 5, w=["1", "2.5", "0", "-1", ""]))
    drifted = arrived(table, portfolio(weight="w"))
    treated = judged(table, portfolio(weight="w"), ())
    assert treated.record.tolist() == drifted.record.tolist() and treated.n == 2
    assert treated.weight.tolist() == drifted.weight.tolist() == [1, 2.5]
    assert len(treated.refused) == 3 and len(treated.protected) == 2
    with pytest.raises(InputError, match="none of 2 rows"):
        judged(from_frame(frame(income=["1"] * 2, w=["0"] * 2)), portfolio(weight="w"), ())


def test_applicants_need_no_outcome():
    rows = pd.DataFrame({"income": ["1", "x", "3"], "id": ["a", "b", "c"]})
    found = applicants(
        from_frame(rows),
        portfolio({"name": "income"}, {"name": "age"}, row_key="id"),
        characteristics=("income",),
    )
    assert found.frame["income"].tolist() == [1, 3]
    assert found.row_key.tolist() == ["a", "c"]
    assert found.record.tolist() == [1, 3]
    assert found.rows_in == 3
    with pytest.raises(InputError) as asked:
        applicants(from_frame(rows), portfolio({"name": "income"}, {"name": "age"}))
    assert asked.value.code == "SCHEMA_MISMATCH"


def test_applicants_with_dates_need_the_date_they_are_counted_back_from():
    declared = portfolio({"name": "income"}, {"name": "since", "kind": "date"}, date="applied")
    rows = pd.DataFrame({"income": ["1", "2"], "since": ["2020-01-31", "2019-05-01"]})
    with pytest.raises(InputError) as asked:
        applicants(from_frame(rows), declared)
    assert asked.value.code == "SCHEMA_MISMATCH" and "applied" in str(asked.value)
    assert applicants(from_frame(rows), declared, characteristics=("income",)).n == 2
    found = applicants(from_frame(rows.assign(applied=["", "2021-05-01"])), declared)
    assert found.n == 1 and found.rows_in == 2
    assert refused(found) == [(1, "applied", "MISSING_REFUSED")]
    assert found.refused["reason"].iloc[0].startswith("applied is missing")
    no_dates = applicants(from_frame(rows.assign(applied="")), declared, characteristics=("income",))
    assert no_dates.n == 2


def test_protected_columns_stand_apart():
    declared = portfolio(protected=[{"name": "age", "tags": ["protected"]}])
    young = build(from_frame(frame(income=["1", "2"], age=["20", "30"])), declared)
    old = build(from_frame(frame(income=["1", "2"], age=["50", "60"])), declared)
    assert "age" not in young.frame
    assert young.sha256 == old.sha256
    assert young.protected_sha256 != old.protected_sha256


@pytest.mark.parametrize("policy", ["model", "refuse"])
def test_protected_cells_refuse_nobody(policy):
    age = {"name": "age", "tags": ["protected"], "missing": policy}
    seen = {"name": "seen", "kind": "date", "tags": ["protected"]}
    days = ["2020-01-01"] * 3 + ["2020-02-30"]
    given = frame(income=["1", "2", "3", "4"], age=["20", "inf", "old", ""], seen=days)
    made = build(from_frame(given), portfolio(protected=[age, seen]))
    assert made.n == 4 and made.refused.empty
    np.testing.assert_array_equal(made.protected["age"], [20, np.nan, np.nan, np.nan])
    assert made.source.unreadable == {"age": 2, "seen": 1}
    assert made.protected["seen"].isna().tolist() == [False, False, False, True]


def test_value_counts_come_most_common_first():
    given = from_frame(pd.DataFrame({"o": ["b", "a", " a", "", "1.0", "1", "1"]}))
    assert list(value_counts(given, "o").items()) == [("1", 3), ("a", 2), ("b", 1)]


def test_nothing_refused_has_the_columns_all_the_same():
    made = build(from_frame(frame(income=["1", "2"])), portfolio())
    assert list(made.refused.columns) == list(empty_refused().columns)
    assert made.rows_in == 2
