"""One applicant and a table go through one program: equal to the last bit, flags included."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import made
from workbench.dataset import applicants, from_frame
from workbench.errors import InputError
from workbench.features import Encoder, Program, learn

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


@pytest.mark.parametrize("kind", ["ordered", "linear", "binned"])
@settings(max_examples=150, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_a_row_and_a_table_give_the_same_bits_and_flags(kind: str, rows: list[dict[str, object]]) -> None:
    encoder = ENCODERS[kind]
    checked = applicants(from_frame(_typed(rows)), DATASET.portfolio)
    raw = encoder.raw(checked.frame, checked.date)
    x, flags = encoder.encode(raw), encoder.flags(raw)
    program = Program(encoder)
    for i, record in enumerate(checked.record):
        one, codes = program.row(rows[record - 1])
        assert np.array(one).tobytes() == np.ascontiguousarray(x[i]).tobytes()
        assert codes == flags[i].tolist()


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
        ({"income": True}, "NOT_A_NUMBER"),
        ({"income": "1_000"}, "NOT_A_NUMBER"),
        ({"first_credit": "31/02/2020"}, "NOT_A_DATE"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_not_echoed(change: dict[str, object], code: str) -> None:
    row = {"income": 1.0, "bureau": 600, "late": 0, "home": "rent", "phone": "yes"}
    row |= {"first_credit": "2010-01-01", "opened": "2023-05-01"} | change
    with pytest.raises(InputError) as caught:
        Program(ENCODERS["ordered"]).row(row)
    assert caught.value.code == code
    assert next(iter(change)) in str(caught.value)
    assert "many" not in str(caught.value)


def test_absent_names_are_listed_and_order_does_not_matter() -> None:
    row = {"phone": "yes", "home": "own", "late": 1, "bureau": 600, "income": 1.0}
    row |= {"opened": "2023-05-01", "first_credit": "2010-01-01"}
    program = Program(ENCODERS["linear"])
    assert program.row(row) == program.row(dict(reversed(row.items())) | {"more": 3})
    with pytest.raises(InputError, match="income, home") as caught:
        program.row({k: v for k, v in row.items() if k not in ("home", "income")})
    assert caught.value.code == "SCHEMA_MISMATCH"


def test_a_missing_value_that_development_never_lacked_is_said_to_be_unexpected() -> None:
    row = {"income": None, "bureau": None, "late": 0, "home": "rent", "phone": "yes"}
    _, flags = Program(ENCODERS["ordered"]).row(row | {"first_credit": "2010-01-01", "opened": "2023-05-01"})
    assert flags[:2] == [1, 2]
    refusing = Program(ENCODERS["ordered"], frozenset({"income"}))
    with pytest.raises(InputError) as caught:
        refusing.row(row | {"first_credit": "2010-01-01", "opened": "2023-05-01"})
    assert caught.value.code == "MISSING_REFUSED"
