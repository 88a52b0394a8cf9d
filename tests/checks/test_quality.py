"""Findings about rows and values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.checks import Checks, check
from workbench.run import Run


def of(checks: Checks, code: str) -> list:
    return [f for f in checks.findings if f.code == code]


def test_nothing_is_said_of_plain_data_but_the_best_characteristic(build, plain) -> None:
    checks = check(build(*plain), Run())
    assert [f.code for f in checks.findings] == ["NO_DATE", "LEAKAGE_NONE"]
    assert "No leakage suspect. Best single characteristic: late, AUC .6" in checks.findings[1].message
    assert checks.findings[1].message.endswith(" bads.")
    assert not checks.blocking()


def test_every_finding_says_why_and_levels_come_in_order(build, plain) -> None:
    frame, outcome = plain
    frame = frame.assign(same=1.0, empty=np.nan, number=np.arange(2000.0), recoveries=outcome * 10.0)
    findings = check(build(frame, outcome), Run()).findings
    assert all(f.message and f.why for f in findings)
    assert all(f.remedy for f in findings if f.level != "note")
    levels = [("block", "warn", "note").index(f.level) for f in findings]
    assert levels == sorted(levels)


def test_too_few_rows_and_bads_cannot_be_acknowledged(build, plain) -> None:
    frame, outcome = plain
    checks = check(
        build(frame[:100], np.arange(100) < 5), Run(), acknowledged={("TOO_FEW_ROWS", ""): "we dare"}
    )
    assert {f.code for f in checks.blocking()} == {"TOO_FEW_ROWS", "TOO_FEW_BADS"}
    assert all("portfolio show loans --toml > loans.toml" in f.remedy for f in checks.blocking())
    assert checks.joint_auc is None


def test_constants_and_empty_columns_block_until_acknowledged(build, plain) -> None:
    frame, outcome = plain
    dataset = build(frame.assign(same=1.0, empty=np.nan, hardly=np.r_[1.0, 2.0, [np.nan] * 1998]), outcome)
    checks = check(dataset, Run())
    assert [(f.code, f.column, f.rows) for f in checks.blocking()] == [
        ("CONSTANT", "same", 2000),
        ("ALL_MISSING", "empty", 2000),
    ]
    assert of(checks, "MOSTLY_MISSING")[0].column == "hardly"
    why = {("CONSTANT", "same"): "left out", ("ALL_MISSING", "empty"): "left out"}
    again = check(dataset, Run(), acknowledged=why)
    assert not again.blocking()
    assert {f["acknowledged"] for f in again.to_json()["findings"]} == {None, "left out"}
    assert check(dataset, Run(), acknowledged=dict.fromkeys(why, " ")).blocking(), "a blank is no reason"


@pytest.mark.parametrize(("n", "level"), [(5, "warn"), (200, "block")])
def test_refused_rows(build, plain, n, level) -> None:
    lines = [(i, "income", "NOT_A_NUMBER", "not a number", "n***") for i in range(3001, 3001 + n)]
    checks = check(build(*plain, refused=lines), Run())
    (refused,) = of(checks, "REFUSED_ROWS")
    assert (refused.level, refused.rows, refused.acknowledgeable) == (level, n, level == "block")
    assert refused.example == "record 3,001, income: n***"
    assert of(checks, "TEXT_IN_NUMBERS")[0].rows == n


def test_infinite_numbers_block_once_a_column(build, plain) -> None:
    lines = [(i, "income", "NON_FINITE", "infinite", "inf") for i in (3001, 3002)]
    (finding,) = check(build(*plain, refused=lines), Run()).blocking()
    assert (finding.code, finding.column, finding.rows, finding.fix) == (
        "NON_FINITE",
        "income",
        2,
        "acknowledge",
    )


def test_copies_apart_from_the_row_key(build, plain) -> None:
    frame, outcome = plain
    index = np.r_[np.arange(2000), 0, 1, 1]
    keys = [str(i) for i in range(2002)] + ["7"]
    checks = check(build(frame.iloc[index], outcome[index], row_key=keys), Run())
    assert of(checks, "DUPLICATE_ROWS")[0].rows == 3
    assert of(checks, "DUPLICATE_ROWS")[0].example == "record 2,001"
    (key,) = of(checks, "DUPLICATE_KEYS")
    assert (key.rows, key.column, key.example) == (1, "id", "record 2,003: 7… (1 character)")


def test_people_who_differ_in_weight_or_in_a_protected_column_are_no_copies(build, plain) -> None:
    frame, outcome = plain
    dataset = build(frame.iloc[[0, 0] * 400], outcome[[0, 1] * 400], weight=np.arange(800) + 1.0)
    assert not of(check(dataset, Run()), "DUPLICATE_ROWS")
    rows = [*range(2000), 0]
    twice = build(frame.iloc[rows], outcome[rows], protected=[{"name": "age"}])
    apart = replace(twice, protected=pd.DataFrame({"age": np.arange(2001.0)}))
    assert not of(check(apart, Run()), "DUPLICATE_ROWS")
    same = replace(twice, protected=pd.DataFrame({"age": np.r_[np.arange(2000.0), 0.0]}))
    (copy,) = of(check(same, Run()), "DUPLICATE_ROWS")
    assert copy.rows == 1 and "but for the row key" in copy.message


def test_protected_cells_that_cannot_be_read_are_counted(build, plain) -> None:
    dataset = build(*plain)
    source = replace(dataset.source, unreadable={"age": 3})
    (finding,) = of(check(replace(dataset, source=source), Run()), "PROTECTED_UNREADABLE")
    assert (finding.level, finding.column, finding.rows) == ("note", "age", 3)


def test_identifiers(build, plain) -> None:
    frame, outcome = plain
    rng = np.random.default_rng(0)
    frame = frame.assign(
        name=[f"person {i}" for i in range(2000)],
        customer=rng.permutation(10**6)[:2000].astype(float),
        rising=np.arange(2000.0) * 3,
        payment=rng.permutation(10**6)[:2000].astype(float),
    )
    checks = check(build(frame, outcome, about={"payment": {"tags": ["amount"]}}), Run())
    assert {f.column for f in of(checks, "ID_LIKE")} == {"name", "customer", "rising"}


def test_codes_among_numbers(build, plain) -> None:
    frame, outcome = plain
    late = frame["late"].copy()
    late[:40], late[40:60], late[60:90] = 98, 96, -9
    income = frame["income"].where(np.arange(2000) % 50 > 0, 9999999)
    scale = pd.Series(np.arange(2000) % 8 - 2.0)
    checks = check(build(frame.assign(late=late, income=income, PAY_0=scale), outcome), Run())
    found = {(f.column, f.value): f.rows for f in of(checks, "SPECIAL_CODE")}
    assert found == {("late", "98"): 40, ("late", "96"): 20, ("late", "-9"): 30, ("income", "9999999"): 40}
    special = [{"value": v} for v in ("98", "96", "-9")]
    declared = build(frame.assign(late=late), outcome, about={"late": {"special": special}})
    assert not of(check(declared, Run()), "SPECIAL_CODE")


def test_ranges_and_lists(build, plain) -> None:
    frame, outcome = plain
    frame = frame.assign(age=np.r_[-5.0, 130.0, np.full(1998, 40.0) + np.arange(1998) % 20])
    about = {
        "age": {"low": 18, "high": 100},
        "job": {"attributes": [{"value": "clerk"}, {"value": "driver"}]},
    }
    checks = check(build(frame, outcome, about=about), Run())
    (outside,) = of(checks, "OUT_OF_RANGE")
    assert outside.rows == 2 and "2 rows of age lie outside 18 to 100" in outside.message
    assert outside.example == "record 1: -… (2 characters)"
    assert "page Data, step Roles" in outside.remedy
    assert "workbench portfolio show loans --toml" in outside.remedy
    below = check(build(frame, outcome, about=about | {"age": {"low": 18}}), Run())
    assert of(below, "OUT_OF_RANGE")[0].message == "1 row of age lies below 18."
    # a code in other digits is a word to who reads numbers, so it excuses no number
    special = [{"value": "-5"}, {"value": "١٣٠"}]
    declared = build(frame, outcome, about=about | {"age": about["age"] | {"special": special}})
    assert of(check(declared, Run()), "OUT_OF_RANGE")[0].rows == 1
    (strange,) = of(checks, "UNDECLARED_VALUE")
    assert (strange.rows, strange.example) == ((frame["job"] == "nurse").sum(), "nurse")


def test_numbers_read_as_a_category(build, plain) -> None:
    frame, outcome = plain
    text = [str(i % 300) for i in range(1990)] + ["unknown"] * 10
    (finding,) = of(check(build(frame.assign(months=text), outcome), Run()), "TEXT_IN_NUMBERS")
    assert (finding.column, finding.rows, finding.example) == ("months", 10, "unknown")


def test_checks_survive_being_written(build, plain) -> None:
    frame, outcome = plain
    dataset = build(frame.assign(same=1.0), outcome)
    checks = check(dataset, Run(), acknowledged={("CONSTANT", "same"): "left out"})
    again = Checks.from_json(checks.to_json())
    assert again.findings == checks.findings and not again.blocking()
    pd.testing.assert_frame_equal(again.auc, checks.auc)
