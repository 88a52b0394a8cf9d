"""A reason counts for a finding that is there and blocks; a misspelt one is told, not kept in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.checks import check, settle
from workbench.checks.values import Finding
from workbench.errors import InputError
from workbench.run import Run

WHY = "known at the application"


@pytest.fixture(scope="module")
def found(build):
    rng = np.random.default_rng(5)
    bad = (rng.random(2000) < 0.2).astype(int)
    frame = pd.DataFrame({"recoveries": rng.random(2000), "income": rng.random(2000), "same": 1.0})
    dataset = build(frame, bad)
    return check(dataset, Run(1)), dataset.portfolio


def test_a_reason_for_what_blocks_is_kept(found):
    checks, portfolio = found
    assert {f.named for f in checks.blocking()} == {"LEAKAGE_NAME:recoveries", "CONSTANT:same"}
    settled = settle(checks, {("LEAKAGE_NAME", "recoveries"): WHY}, portfolio)
    assert settled.notes == () and [f.named for f in settled.checks.blocking()] == ["CONSTANT:same"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (("LEAKAGE_NAME", "income"), "LEAKAGE_NAME:income was not found in these data"),
        (("REFUSED_ROWS", ""), "REFUSED_ROWS was not found in these data"),
        (("NO_DATE", ""), "NO_DATE does not block these data"),
    ],
)
def test_a_reason_that_is_not_needed_is_told_and_not_kept(found, key, words):
    checks, portfolio = found
    settled = settle(checks, {key: WHY}, portfolio)
    assert words in settled.notes[0] and settled.checks.acknowledged == {}


@pytest.mark.parametrize(
    "key", [("LEAKAGE_NAME", "recoverys"), ("LEAKAGE_NAM", "recoveries"), ("REFUSED_ROWS", "income")]
)
def test_a_reason_for_what_can_never_be_found_is_refused(found, key):
    checks, portfolio = found
    with pytest.raises(InputError) as refused:
        settle(checks, {key: WHY}, portfolio)
    assert refused.value.code == "ACKNOWLEDGE"
    assert "CONSTANT:same, LEAKAGE_NAME:recoveries" in str(refused.value)


def test_what_no_reason_can_lift_says_what_to_do(build):
    dataset = build(pd.DataFrame({"income": np.arange(40) % 7}), np.arange(40) % 2)
    checks = check(dataset, Run(1))
    with pytest.raises(InputError) as refused:
        settle(checks, {("TOO_FEW_ROWS", ""): WHY}, dataset.portfolio)
    assert "cannot be acknowledged. Bring a longer period" in str(refused.value)


@pytest.mark.parametrize("kind", ["application", "behavioural"])
@pytest.mark.parametrize("noise", [0.05, 0.35, 0.9])
def test_only_what_can_be_acknowledged_is_said_to_be(build, kind, noise):
    rng = np.random.default_rng(6)
    bad = (rng.random(2000) < 0.2).astype(int)
    knows = bad + rng.normal(0, noise, 2000)
    refused = [
        [k, "income", "NOT_A_NUMBER", "is not a number", "x"] for k in range(1, 5 if noise > 0.5 else 500)
    ]
    frame = pd.DataFrame(
        {"recoveries": rng.random(2000), "knows": knows, "income": rng.random(2000), "same": 1.0}
    )
    checks = check(build(frame, bad, refused=refused, kind=kind), Run(1))
    levels = {f.code: f.level for f in checks.findings}
    assert levels["REFUSED_ROWS"] == ("warn" if noise > 0.5 else "block")
    for finding in checks.findings:
        assert ("acknowledge" in finding.remedy) == finding.acknowledgeable, finding


def test_a_finding_that_can_be_acknowledged_is_listed_as_one():
    with pytest.raises(ValueError, match="not listed"):
        Finding("block", "SOMETHING", "income", acknowledgeable=True)
