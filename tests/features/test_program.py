"""One applicant and a table go through one program: equal to the last bit, flags included."""

from __future__ import annotations

import math
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import made
from workbench.dataset import applicants, from_frame
from workbench.errors import InputError
from workbench.features import Encoder, Program, learn
from workbench.features.encoder import EncodingKind

DATASET = made.dataset()
ENCODERS = {kind: learn(DATASET, np.arange(1500), kind) for kind in ("ordered", "linear", "binned")}
NUMBERS = st.one_of(st.none(), st.floats(-1e30, 1e30), st.integers(-(10**9), 10**9), st.just(-9.0))
TEXTS = st.one_of(st.none(), st.sampled_from(["rent", "own", "parents", "hostel", "castle", "1.0", "NA"]))
DAYS = st.one_of(st.none(), st.dates(date(1950, 1, 1), date(2030, 1, 1)))
ROWS = st.fixed_dictionaries(
    {
        "income": NUMBERS, "bureau": NUMBERS, "late": NUMBERS, "home": TEXTS, "phone": TEXTS,
        "first_credit": DAYS, "opened": st.dates(date(2023, 1, 1), date(2025, 1, 1)),
    }
)  # fmt: skip


TEXT_ROWS = st.fixed_dictionaries(
    {
        "income": st.sampled_from(["", "1", " 50.0 ", "1e3", "+7", "x", "inf", "1e39", "1_000", "1,5"]),
        "bureau": st.sampled_from(["600", "-9", "-9.0", "", "NA"]),
        "late": st.sampled_from(["", "0", "3"]),
        "home": st.sampled_from(["rent", " rent", "RENT", "1.0", "TRUE", "", "castle"]),
        "phone": st.sampled_from(["yes", "no ", "True", ""]),
        "first_credit": st.sampled_from(["2010-01-01", "2010-01-01 10:30:00", "", "2010-13-01"]),
        "opened": st.sampled_from(["2023-05-01", "2024-02-29"]),
    }
)


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
@settings(max_examples=120, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_a_row_and_a_table_give_the_same_bits_and_flags(kind: str, rows: list[dict[str, object]]) -> None:
    _same(kind, _typed(rows), rows)


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
@settings(max_examples=120, deadline=None)
@given(rows=st.lists(TEXT_ROWS, min_size=1, max_size=5))
def test_what_is_written_as_text_is_read_alike_in_a_row_and_in_a_table(
    kind: str, rows: list[dict[str, object]]
) -> None:
    _same(kind, pd.DataFrame(rows, dtype="str").assign(id=[str(i) for i in range(len(rows))]), rows)


def _same(kind: str, frame: pd.DataFrame, rows: list[dict[str, object]]) -> None:
    encoder = ENCODERS[kind]
    checked = applicants(from_frame(frame), DATASET.portfolio)
    raw = encoder.raw(checked.frame, checked.date)
    x, flags = encoder.encode(raw), encoder.flags(raw)
    program = Program(encoder, DATASET.portfolio)
    kept = set(checked.record.tolist())
    for i, record in enumerate(checked.record):
        one, codes = program.row(rows[record - 1])
        assert np.array(one).tobytes() == np.ascontiguousarray(x[i]).tobytes()
        assert codes == flags[i].tolist()
        again, codes = program.raw(rows[record - 1])
        assert np.array_equal(np.array(again), raw[i], equal_nan=True)
        assert codes == flags[i].tolist()
    for record in set(range(1, len(rows) + 1)) - kept:
        with pytest.raises(InputError):
            program.row(rows[record - 1])


@pytest.mark.parametrize(
    ("name", "given", "plain"),
    [
        ("phone", " yes ", "yes"),
        ("home", "rent ", "rent"),
        ("income", " 50.0 ", 50.0),
        ("income", "", None),
        ("bureau", "-9", -9),
        ("opened", datetime(2024, 3, 1, 15, 30), "2024-03-01"),
        ("first_credit", pd.Timestamp("2015-03-03 10:00", tz="UTC"), "2015-03-03"),
        ("first_credit", "2015-3-3", "2015-03-03"),
        ("income", np.float64(7.5), 7.5),
        ("late", np.int64(2), 2),
    ],
)
def test_the_same_value_written_otherwise_is_the_same_value(name: str, given: object, plain: object) -> None:
    row = {"income": 1.0, "bureau": 600, "late": 0, "home": "rent", "phone": "yes"}
    row |= {"first_credit": "2010-01-01", "opened": "2023-05-01"}
    program = Program(ENCODERS["linear"], DATASET.portfolio)
    assert repr(program.row(row | {name: given})) == repr(program.row(row | {name: plain}))


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
def test_the_numbers_of_a_frame_s_row_are_not_cast_one_by_one(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cast(*_: object, **__: object) -> None:
        raise AssertionError("a plain value was cast by a table of one cell")

    monkeypatch.setattr("workbench.features.program.cast_one", cast)
    rest = {"home": "rent", "phone": "yes", "first_credit": "2010-01-01", "opened": "2023-05-01"}
    program = Program(ENCODERS[kind], DATASET.portfolio)
    plain = program.row(rest | {"income": 7.5, "bureau": -9.0, "late": 2.0})
    numpy = {"income": np.float64(7.5), "bureau": np.int64(-9), "late": np.int64(2)}
    assert repr(program.row(rest | numpy)) == repr(plain)


def test_a_flag_that_is_true_is_the_attribute_true() -> None:
    frame = made.frame(400)
    frame["phone"] = frame["phone"].map({"yes": "TRUE", "no": "False"})
    data = made.build(from_frame(frame), made.portfolio())
    program = Program(learn(data, np.arange(400), "ordered"), data.portfolio)
    row = {"income": 1.0, "bureau": 600, "late": 0, "home": "rent", "first_credit": "2010-01-01"}
    rows = [program.row(row | {"opened": "2023-05-01", "phone": p}) for p in (True, "True", "TRUE", "true ")]
    assert rows == [rows[0]] * 4
    assert rows[0][1][4] == 0


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
def test_a_special_code_that_is_a_word_is_a_missing_value(kind: EncodingKind) -> None:
    codes = [{"value": "-9"}, {"value": "No bureau record"}]
    characteristics = [{**c, "special": codes} if c["name"] == "bureau" else c for c in made.CHARACTERISTICS]
    frame = made.frame(400)
    frame["bureau"] = frame["bureau"].astype(str).where(frame.index % 10 > 0, "No bureau record")
    data = made.build(from_frame(frame), made.portfolio(characteristics=characteristics))
    encoder = learn(data, np.arange(400), kind)
    assert encoder.columns[1].special == (-9.0,)
    assert encoder.columns[1].missing_share == pytest.approx(0.1, abs=0.01)
    row = {"income": 1.0, "late": 0, "home": "rent", "phone": "yes", "first_credit": "2010-01-01"}
    row |= {"opened": "2023-05-01"}
    program = Program(encoder, data.portfolio)
    word, missing = (program.row(row | {"bureau": value}) for value in ("No bureau record", None))
    assert repr(word) == repr(missing)
    assert repr(word) != repr(program.row(row | {"bureau": -9}))


def _typed(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for name in ("income", "bureau", "late"):
        frame[name] = frame[name].astype(float)
    for name in ("first_credit", "opened"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    return frame.assign(id=[str(i) for i in range(len(frame))])


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
def test_an_encoder_survives_json(kind: str) -> None:
    encoder = ENCODERS[kind]
    again = Encoder.from_json(encoder.to_json())
    raw = encoder.raw(DATASET.frame, DATASET.date)
    assert again == encoder
    assert again.encode(raw).tobytes() == encoder.encode(raw).tobytes()


def test_codes_rise_with_the_bad_rate_of_development() -> None:
    column = next(c for c in ENCODERS["ordered"].columns if c.name == "home")
    development = DATASET.frame["home"].iloc[:1500].astype(str)
    bad = pd.Series(DATASET.outcome[:1500])
    rates = bad.groupby(development.to_numpy()).mean()
    kept = [level for level, pooled in zip(column.levels, column.pooled, strict=True) if not pooled]
    by_code = sorted(kept, key=lambda level: column.codes[column.levels.index(level)])
    assert by_code == sorted(kept, key=lambda level: rates[level])


def test_nothing_outside_the_given_rows_is_looked_at() -> None:
    altered = made.frame()
    altered.loc[1500:, "income"] = 1e6
    altered.loc[1500:, "bad"] = 1 - altered.loc[1500:, "bad"]
    other = made.build(from_frame(altered), made.portfolio())
    assert learn(other, np.arange(1500), "linear") == ENCODERS["linear"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"income": "many"}, "NOT_A_NUMBER"),
        ({"income": math.inf}, "NON_FINITE"),
        ({"income": 1e39}, "NON_FINITE"),
        ({"income": "1_000"}, "NOT_A_NUMBER"),
        ({"first_credit": "31/02/2020"}, "NOT_A_DATE"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_not_echoed(change: dict[str, object], code: str) -> None:
    row = {"income": 1.0, "bureau": 600, "late": 0, "home": "rent", "phone": "yes"}
    row |= {"first_credit": "2010-01-01", "opened": "2023-05-01"} | change
    with pytest.raises(InputError) as caught:
        Program(ENCODERS["ordered"], DATASET.portfolio).row(row)
    assert caught.value.code == code
    assert next(iter(change)) in str(caught.value)
    assert "many" not in str(caught.value)


@pytest.mark.parametrize("opened", ["2023-05-01", "soon", None])
def test_every_value_that_cannot_be_used_is_told_at_once(opened: str | None) -> None:
    characteristics = [
        {**c, "missing": "refuse"} if c["name"] == "bureau" else c for c in made.CHARACTERISTICS
    ]
    program = Program(ENCODERS["linear"], made.portfolio(characteristics=characteristics))
    row = {"income": "many", "bureau": None, "late": math.inf, "home": "rent", "phone": "yes"}
    row |= {"first_credit": "31/02/2020", "opened": opened}
    with pytest.raises(InputError) as caught:
        program.row(row)
    told = [(problem.where, problem.code) for problem in caught.value.problems]
    at_date = {"soon": [("opened", "NOT_A_DATE")], None: [("opened", "MISSING_REFUSED")]}.get(opened, [])
    assert told == [
        *at_date, ("income", "NOT_A_NUMBER"), ("bureau", "MISSING_REFUSED"), ("late", "NON_FINITE"),
        ("first_credit", "NOT_A_DATE"),
    ]  # fmt: skip


def test_dates_alone_and_values_that_must_be_there_are_told_together() -> None:
    characteristics = [
        {**c, "missing": "refuse"} if c["name"] in ("income", "bureau") else c for c in made.CHARACTERISTICS
    ]
    program = Program(ENCODERS["ordered"], made.portfolio(characteristics=characteristics))
    row = {"income": None, "bureau": None, "late": 0, "home": "rent", "phone": "yes"}
    for first, more in (("2010-01-01", []), ("31/02/2020", ["first_credit"])):
        with pytest.raises(InputError) as caught:
            program.row(row | {"first_credit": first, "opened": "2023-05-01"})
        assert [problem.where for problem in caught.value.problems] == ["income", "bureau", *more]


def test_absent_names_are_listed_and_order_does_not_matter() -> None:
    row = {"phone": "yes", "home": "own", "late": 1, "bureau": 600, "income": 1.0}
    row |= {"opened": "2023-05-01", "first_credit": "2010-01-01"}
    program = Program(ENCODERS["linear"], DATASET.portfolio)
    assert program.row(row) == program.row(dict(reversed(row.items())) | {"more": 3})
    with pytest.raises(InputError, match="income, home") as caught:
        program.row({k: v for k, v in row.items() if k not in ("home", "income")})
    assert caught.value.code == "SCHEMA_MISMATCH"
    with pytest.raises(InputError, match="named home") as caught:
        program.row({k: v for k, v in row.items() if k != "home"} | {"income": "many", "opened": "soon"})
    assert caught.value.code == "SCHEMA_MISMATCH"


def test_a_missing_value_that_development_never_lacked_is_said_to_be_unexpected() -> None:
    row = {"income": None, "bureau": None, "late": 0, "home": "rent", "phone": "yes"}
    _, flags = Program(ENCODERS["ordered"], DATASET.portfolio).row(
        row | {"first_credit": "2010-01-01", "opened": "2023-05-01"}
    )
    assert flags[:2] == [1, 2]
    characteristics = [
        {**c, "missing": "refuse"} if c["name"] == "income" else c for c in made.CHARACTERISTICS
    ]
    refusing = Program(ENCODERS["ordered"], made.portfolio(characteristics=characteristics))
    with pytest.raises(InputError) as caught:
        refusing.row(row | {"first_credit": "2010-01-01", "opened": "2023-05-01"})
    assert caught.value.code == "MISSING_REFUSED"
