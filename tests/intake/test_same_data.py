"""The same data are the same data set: typed or as text, as CSV, Parquet or Excel, columns in any order."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.public import public
from workbench import intake
from workbench.dataset import build
from workbench.errors import InputError
from workbench.intake import PortfolioShelf, ReadOptions
from workbench.portfolio import from_values

NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.sampled_from(
        ["", " 1", "1e3", "+1", ".5", "1.", "nan", "inf", "1e400", "x", "1,5", "-9", "1_0", "1e39", " ", "NA"]
    ),
)
WORDS = st.one_of(
    st.sampled_from(["rent", "own", " own", "1", "1.0", "TRUE", "True", "", "NA", "a,b", 'say "x"', "é"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["0", "1", "1.0", ""]),
        NUMBERS,
        WORDS,
        st.sampled_from(["$1,234.50", "7", "", "5 €", "x", "-9", "2.25"]),
        st.sampled_from(["2024-01-31", "2024-02-30", "", "2023-12-01"]),
    ),
    min_size=1,
    max_size=12,
)
PORTFOLIO = from_values(
    {
        "name": "loans",
        "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
        "reading": {"decimal": ".", "missing": ["NA"]},
        "characteristics": [
            {"name": "income", "special": [{"value": "-9"}]},
            {"name": "home", "kind": "category"},
            {"name": "price", "format": "amount", "special": [{"value": "-9"}]},
            {"name": "since", "kind": "date", "missing": "refuse"},
        ],
    },
    "loans",
)
FIRST = [("0", "1", "rent", "1", "2024-01-01"), ("1", "2", "own", "2", "2024-01-01")]


def outcome_of(path, portfolio):
    """Return what reading and building give, the error's code included."""
    options = ReadOptions(decimal=".", missing=("", "NA"))
    try:
        table = intake.read(path, portfolio=portfolio, options=options)
        made = build(table, PORTFOLIO)
    except InputError as error:
        return str(error)
    assert made.n + made.refused["record"].nunique() == made.rows_in == len(table.frame)
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_typed_and_careful_pass_agree(tmp_path, rows):
    path = tmp_path / "loans.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("bad", "income", "home", "price", "since"), *FIRST, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    typed, careful = outcome_of(path, PORTFOLIO), outcome_of(path, None)
    if isinstance(typed, str) or isinstance(careful, str):
        assert typed == careful
        return
    assert typed.sha256 == careful.sha256
    pd.testing.assert_frame_equal(typed.frame, careful.frame)
    pd.testing.assert_frame_equal(typed.refused, careful.refused)
    np.testing.assert_array_equal(typed.record, careful.record)
    np.testing.assert_array_equal(typed.outcome, careful.outcome)


@pytest.mark.parametrize(
    ("name", "file", "rows", "bads"),
    [
        ("taiwan_cards", "taiwan_cards/taiwan.csv", 30_000, 6_636),
        ("german_credit", "german_credit/german_labelled.csv", 1_000, 300),
        ("lending_club", "lending_club/lendingclub_2007_2011_model.csv", 39_786, 5_670),
    ],
)
def test_public_data_are_the_same_in_every_format(tmp_path, name, file, rows, bads):
    portfolio = PortfolioShelf(tmp_path).find(name)
    path = public(file)
    made = build(intake.read(path, portfolio=portfolio), portfolio)
    assert (made.n, made.n_bad, len(made.refused)) == (rows, bads, 0)
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    frame[frame.columns[::-1]].to_parquet(tmp_path / "x.parquet")
    again = build(intake.read(tmp_path / "x.parquet", portfolio=portfolio), portfolio)
    as_text = build(intake.read(path), portfolio)
    assert again.sha256 == made.sha256 == as_text.sha256
    assert again.protected_sha256 == made.protected_sha256 == as_text.protected_sha256


def test_excel_is_the_same_as_csv(tmp_path):
    portfolio = PortfolioShelf(tmp_path).find("lending_club")
    frame = pd.read_csv(public("lending_club/lendingclub_2007_2011_model.csv"), parse_dates=["issue_d"]).iloc[
        ::40
    ]
    # what writes workbooks keeps 16 digits
    frame = frame.round({"revol_util": 4, "int_rate": 4})
    frame.to_excel(tmp_path / "x.xlsx", index=False)
    frame.to_csv(tmp_path / "x.csv", index=False)
    one, other = (
        build(intake.read(tmp_path / f"x.{e}", portfolio=portfolio), portfolio) for e in ("xlsx", "csv")
    )
    assert one.sha256 == other.sha256
    assert one.refused.empty


def test_several_sheets_are_asked_about(tmp_path):
    path = tmp_path / "x.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": [1], "b": [2]}).to_excel(book, sheet_name="Loans", index=False)
        pd.DataFrame({"note": ["x"]}).to_excel(book, sheet_name="Notes", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty", index=False)
    with pytest.raises(InputError) as asked:
        intake.read(path)
    assert asked.value.code == "SHEET"
    assert "Loans, Notes" in str(asked.value)
    assert intake.read(path, options=ReadOptions(sheet="Loans")).frame.to_dict("list") == {
        "a": ["1"],
        "b": ["2"],
    }


def test_whole_numbers_of_parquet_stay_whole(tmp_path):
    frame = pd.DataFrame({"id": pd.array([2**53 + 1, None], dtype="Int64"), "x": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "x.parquet")
    table = intake.read(tmp_path / "x.parquet")
    assert table.frame["id"].iloc[0] == 2**53 + 1


def test_parquet_of_structures_is_refused(tmp_path):
    pd.DataFrame({"a": [[1, 2], [3]], "b": [1, 2]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError) as refused:
        intake.read(tmp_path / "x.parquet")
    assert refused.value.code == "COLUMN_TYPE"


def test_parquet_of_kinds_of_others_is_refused(tmp_path):
    words = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', "2"]))
    keys = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\0" * 16, b"\1" * 16], pa.binary(16)))
    for column in (words, keys):
        pq.write_table(pa.table({"a": column, "b": [1, 2]}), tmp_path / "x.parquet")
        with pytest.raises(InputError) as refused:
            intake.read(tmp_path / "x.parquet")
        assert refused.value.code == "COLUMN_TYPE" and "extension" in str(refused.value)


def test_rows_that_grow_short_find_room(tmp_path):
    """The beginning of the file says how many rows to expect; here there are many times as many."""
    long = pd.DataFrame({"income": 1.5, "home": [f"{k:0>4000}" for k in range(100)]})
    income = np.where(np.arange(60_000) % 7 == 0, np.nan, np.arange(60_000) / 4)
    short = pd.DataFrame({"income": income, "home": np.where(np.arange(60_000) % 2, "own", "NA")})
    rows = pd.concat([long, short]).assign(bad=np.arange(60_100) % 2, price="7", since="2024-01-31")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    table = intake.read(tmp_path / "rows.csv", portfolio=PORTFOLIO)
    np.testing.assert_array_equal(table.frame["income"], rows["income"])
    home = rows["home"].replace("NA", "").reset_index(drop=True)
    pd.testing.assert_series_equal(table.frame["home"].astype("str"), home.astype("str"), check_names=False)
    assert build(table, PORTFOLIO).sha256 == outcome_of(tmp_path / "rows.csv", None).sha256


def test_a_word_repeated_a_million_times_is_measured_first(tmp_path):
    word = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, np.int32)), pa.array(["x" * 30_000]))
    pq.write_table(pa.table({"a": word, "b": np.arange(200_000)}), tmp_path / "x.parquet")
    with pytest.raises(InputError) as refused:
        intake.read(tmp_path / "x.parquet")
    assert refused.value.code == "TOO_LARGE_EXPANDED"
