"""Samples: every row in one, stratified, out-of-time by whole dates, refused where one-sided."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workbench.dataset import Dataset, Source
from workbench.errors import InputError
from workbench.portfolio import from_values
from workbench.sampling import SAMPLES, Samples, SamplingSpec, draw, suggest


def applications(
    outcome, days=None, weight=None, split="70/30", out_of_time="", kind="", seed=42, group=None
) -> Dataset:
    outcome = np.asarray(outcome, dtype=np.int8)
    n = len(outcome)
    portfolio = from_values(
        {
            "name": "loans",
            "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
            "date": "applied" if days is not None else "",
            "sampling": {"kind": kind, "split": split, "out_of_time": out_of_time, "seed": seed},
            "characteristics": [{"name": "income"}],
        },
        "loans.toml",
    )
    date = None
    if days is not None:
        date = pd.Series(np.datetime64("2011-01-01") + np.asarray(days), dtype="datetime64[s]")
    return Dataset(
        portfolio=portfolio,
        frame=pd.DataFrame({"income": np.arange(n, dtype=float)}),
        row_key=pd.Series([str(i + 1) for i in range(n)]),
        date=date,
        record=np.arange(1, n + 1),
        refused=pd.DataFrame(columns=["record", "column", "code", "reason", "text"]),
        source=Source("loans.csv", "0" * 64, 0, "csv"),
        outcome=outcome,
        weight=weight,
        group=None if group is None else pd.Series(group, dtype="str"),
    )


outcomes = st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=40, max_size=200)
splits = st.sampled_from(["70/30", "80/20", "70/15/15", "55/15/15/15"])


def drawn(dataset: Dataset, spec: SamplingSpec) -> Samples:
    try:
        return draw(dataset, spec)
    except InputError as error:
        assume(error.code != "TOO_FEW_ROWS")
        raise


@settings(max_examples=40, deadline=None)
@given(outcomes, splits, st.integers(0, 5))
def test_every_row_is_in_one_sample_and_each_outcome_meets_its_shares(outcome, split, seed) -> None:
    dataset = applications(outcome)
    samples = drawn(dataset, SamplingSpec.from_split(split, seed=seed))
    assert set(samples.assignment) <= set(SAMPLES)
    assert (samples.mask("indeterminate") == (dataset.outcome == -1)).all()
    assert samples.sizes["n"].sum() == dataset.n
    names = [name for name in samples.names if name != "indeterminate"]
    parts = [float(part) / 100 for part in split.split("/")]
    for value in (0, 1):
        of_value = dataset.outcome == value
        for name, share in zip(names, parts, strict=True):
            assert abs((samples.mask(name) & of_value).sum() - share * of_value.sum()) < 1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(outcomes, splits, st.data())
def test_no_date_is_on_both_sides_of_the_cut(outcome, split, data) -> None:
    days = data.draw(st.lists(st.integers(0, 20), min_size=len(outcome), max_size=len(outcome)))
    dataset = applications(outcome, days)
    samples = drawn(dataset, SamplingSpec.from_split(split, "out-of-time"))
    date = dataset.date.to_numpy()
    later = samples.mask("out-of-time")
    earlier = dataset.known & ~later
    assert date[earlier].max() < np.datetime64(samples.out_of_time_from) <= date[later].min()
    assert "hold-out" not in samples.names


@settings(max_examples=20, deadline=None)
@given(outcomes, splits, st.integers(0, 3))
def test_the_same_seed_draws_the_same_samples(outcome, split, seed) -> None:
    spec = SamplingSpec.from_split(split, seed=seed)
    first, second = drawn(applications(outcome), spec), drawn(applications(outcome), spec)
    assert (first.assignment == second.assignment).all()
    pd.testing.assert_frame_equal(first.sizes, second.sizes)


def test_another_seed_draws_others() -> None:
    dataset = applications([0, 0, 0, 1] * 100)
    one = draw(dataset, SamplingSpec.from_split("70/30", seed=1))
    other = draw(dataset, SamplingSpec.from_split("70/30", seed=2))
    assert (one.assignment != other.assignment).any()


def test_shares_of_the_earlier_rows_keep_their_proportions() -> None:
    dataset = applications([0, 1] * 500, np.arange(1000) // 10)
    samples = draw(dataset, SamplingSpec.from_split("60/20/20", "out-of-time"))
    assert dict(zip(samples.sizes["sample"], samples.sizes["n"], strict=True)) == {
        "development": 600,
        "validation": 200,
        "out-of-time": 200,
    }
    assert samples.out_of_time_from == "2011-03-22"


def test_from_a_date_with_a_hold_out_besides() -> None:
    dataset = applications([0, 1] * 500, np.arange(1000) // 10)
    spec = SamplingSpec("out-of-time", hold_out=0.25, out_of_time_from="2011-02-10")
    samples = draw(dataset, spec)
    assert list(samples.sizes["n"]) == [300, 100, 600]
    assert samples.names == ("development", "hold-out", "out-of-time")


def test_sizes_and_months_have_the_bad_rate_and_its_interval() -> None:
    dataset = applications([1] * 20 + [0] * 80, np.arange(100) % 59)
    samples = draw(dataset, SamplingSpec.from_split("50/50"))
    row = samples.sizes.iloc[0]
    assert (row["n"], row["n_bad"], row["bad_rate"], row["weight"]) == (50, 10, 0.2, 50)
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.1124, 0.3304)  # Wilson, 10 of 50
    assert set(samples.by_month["month"]) == {"2011-01", "2011-02"}
    assert samples.by_month["n"].sum() == 100
    assert samples.by_month["n_bad"].sum() == 20


def test_weights_reach_the_bad_rate() -> None:
    weight = np.where(np.arange(100) < 20, 1.0, 4.0)
    samples = draw(applications([1] * 20 + [0] * 80, weight=weight), SamplingSpec.from_split("50/50"))
    row = samples.sizes.iloc[0]
    assert row["weight"] == 10 + 160
    assert row["bad_rate"] == pytest.approx(10 / 170)
    assert row["low"] < row["bad_rate"] < row["high"]


def test_a_sample_without_bads_is_refused_by_name() -> None:
    with pytest.raises(InputError) as error:
        draw(applications([0] * 99 + [1]), SamplingSpec.from_split("70/15/15"))
    assert error.value.code == "TOO_FEW_ROWS"
    assert "validation" in str(error.value) and "no bads" in str(error.value)


@pytest.mark.parametrize(
    ("days", "spec", "code"),
    [
        (None, SamplingSpec.from_split("70/30", "out-of-time"), "NO_DATE"),
        ([0] * 40, SamplingSpec.from_split("70/30", "out-of-time"), "TOO_FEW_ROWS"),
        (range(40), SamplingSpec("out-of-time", out_of_time_from="2030-01-01"), "TOO_FEW_ROWS"),
        (range(40), SamplingSpec("out-of-time", out_of_time_from="2001-01-01"), "TOO_FEW_ROWS"),
    ],
)
def test_what_cannot_be_drawn_is_said(days, spec, code) -> None:
    with pytest.raises(InputError) as error:
        draw(applications([0, 1] * 20, None if days is None else list(days)), spec)
    assert error.value.code == code


def test_a_missing_date_is_refused_only_where_it_matters() -> None:
    dataset = applications([0, 1] * 20, list(range(40)))
    dataset.date.iloc[3] = pd.NaT
    with pytest.raises(InputError, match="1 rows have no date"):
        draw(dataset, SamplingSpec.from_split("70/30", "out-of-time"))
    assert draw(dataset, SamplingSpec.from_split("70/30")).by_month["n"].sum() == 39


@pytest.mark.parametrize(
    "values",
    [
        {"hold_out": 1.2},
        {"hold_out": 0.5, "validation": 0.5},
        {"hold_out": float("nan")},
        {"kind": "by colour"},
        {"kind": "grouped", "out_of_time_share": 0.2},
        {"kind": "out-of-time"},
        {"kind": "out-of-time", "out_of_time_from": "01/02/2011"},
        {"out_of_time_share": 0.2},
    ],
)
def test_a_specification_that_makes_no_sense_is_refused(values) -> None:
    with pytest.raises(InputError) as error:
        SamplingSpec(**values)
    assert error.value.code == "SAMPLING"


def test_suggest_takes_out_of_time_first_where_it_is_possible() -> None:
    assert suggest(applications([0, 1] * 50)).kind == "random"
    assert suggest(applications([0, 1] * 50, range(100))).kind == "out-of-time"
    assert suggest(applications([0, 1] * 50, [0] * 100)).kind == "random"
    dated = suggest(applications([0, 1] * 50, range(100), split="70/15/15", out_of_time="2011-03-01"))
    assert dated.out_of_time_from == "2011-03-01"
    assert dated.validation == pytest.approx(0.15 / 0.85)


def test_suggest_follows_a_portfolio_that_asks_for_random_sampling_and_its_seed() -> None:
    asked = suggest(applications([0, 1] * 50, range(100), split="80/20", kind="random", seed=7))
    assert (asked.kind, asked.hold_out, asked.seed) == ("random", 0.2, 7)
    assert suggest(applications([0, 1] * 50, range(100), kind="out-of-time", seed=7)).seed == 7


def test_specification_and_samples_survive_being_written() -> None:
    spec = SamplingSpec.from_split("55/15/15/15", "out-of-time", seed=7)
    assert SamplingSpec.from_json(spec.to_json()) == spec
    samples = draw(applications([0, 1] * 100, range(200)), spec)
    again = Samples.from_frames(samples.to_frames(), spec, samples.out_of_time_from)
    assert (again.assignment == samples.assignment).all()
    assert again.names == samples.names


@settings(max_examples=40, deadline=None)
@given(st.data(), splits, st.integers(0, 3))
def test_a_customer_is_on_one_side_only_and_shares_are_met_as_whole_customers_allow(
    data, split, seed
) -> None:
    outcome = data.draw(st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=60, max_size=200))
    n = len(outcome)
    group = data.draw(st.lists(st.integers(0, n // 2).map(str), min_size=n, max_size=n))
    dataset = applications(outcome, group=group)
    samples = drawn(dataset, SamplingSpec.from_split(split, "grouped", seed))
    known = dataset.known
    sides = pd.DataFrame({"customer": np.array(group)[known], "sample": samples.assignment[known]})
    assert (sides.groupby("customer")["sample"].nunique() == 1).all()
    largest = sides["customer"].value_counts().max()
    names = [name for name in samples.names if name != "indeterminate"]
    for name, share in zip(names, [float(part) / 100 for part in split.split("/")], strict=True):
        for value in (0, 1):
            of_value = dataset.outcome == value
            off = (samples.mask(name) & of_value).sum() - share * of_value.sum()
            assert abs(off) <= 2 * largest + 2


def test_customers_of_one_row_are_drawn_as_evenly_as_rows() -> None:
    outcome = np.array([1] * 200 + [0] * 800)
    samples = draw(
        applications(outcome, group=np.arange(1000).astype(str)), SamplingSpec.from_split("70/30", "grouped")
    )
    assert list(samples.sizes["n"]) == [700, 300] and list(samples.sizes["n_bad"]) == [140, 60]


def test_large_customers_are_made_up_for_and_rows_without_a_customer_stand_alone() -> None:
    rng = np.random.default_rng(0)
    group = np.concatenate(
        [np.repeat(["big", "huge"], [300, 500]), rng.integers(0, 3000, 6000).astype(str), [""] * 200]
    )
    outcome = (rng.random(len(group)) < 0.2).astype(int)
    samples = draw(applications(outcome, group=group), SamplingSpec.from_split("60/20/20", "grouped", seed=4))
    share = samples.sizes["n"] / len(group)
    bads = samples.sizes["n_bad"] / outcome.sum()
    np.testing.assert_allclose(share, [0.6, 0.2, 0.2], atol=0.003)
    np.testing.assert_allclose(bads, [0.6, 0.2, 0.2], atol=0.005)
    assert len(set(samples.assignment[-200:])) == 3
    again = draw(applications(outcome, group=group), SamplingSpec.from_split("60/20/20", "grouped", seed=4))
    assert (again.assignment == samples.assignment).all()
    other = draw(applications(outcome, group=group), SamplingSpec.from_split("60/20/20", "grouped", seed=5))
    assert (other.assignment != samples.assignment).any()


def test_grouped_samples_need_to_know_whose_row_each_is() -> None:
    with pytest.raises(InputError) as error:
        draw(applications([0, 1] * 50), SamplingSpec.from_split("70/30", "grouped"))
    assert error.value.code == "NO_GROUP"
    assert 'group = "COLUMN"' in str(error.value) and "step Roles" in str(error.value)


def test_suggest_takes_grouped_where_customers_are_known() -> None:
    group = [str(i // 2) for i in range(100)]
    assert suggest(applications([0, 1] * 50, group=group)).kind == "grouped"
    assert suggest(applications([0, 1] * 50, range(100), group=group)).kind == "out-of-time"
    assert suggest(applications([0, 1] * 50, range(100), group=group, kind="grouped")).kind == "grouped"
    assert suggest(applications([0, 1] * 50, group=group, kind="random")).kind == "random"


def test_a_specification_written_before_grouped_samples_is_read() -> None:
    old = {"kind": "random", "hold_out": 0.3, "validation": 0.0, "calibration": 0.0}
    old |= {"out_of_time_from": "", "out_of_time_share": 0.0, "seed": 42}
    assert SamplingSpec.from_json(old) == SamplingSpec.from_split("70/30")
