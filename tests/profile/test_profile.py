"""The profile: IV known from the literature, bins by hand, weights, missing and special codes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.checks.single import Known, single_aucs
from workbench.dataset import Dataset, Source
from workbench.portfolio import from_values
from workbench.profile import Profile, iv_words, profile
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec, draw

PUBLIC = os.environ.get("WORKBENCH_PUBLIC_DATA", "")


def dataset_of(frame: pd.DataFrame, outcome, weight=None, about=None) -> Dataset:
    kinds = {name: "number" if frame[name].dtype.kind in "iuf" else "category" for name in frame}
    kinds |= {name: "date" for name in frame if frame[name].dtype.kind == "M"}
    typed = {
        name: frame[name].astype({"number": "float64", "category": "category", "date": "datetime64[s]"}[kind])
        for name, kind in kinds.items()
    }
    portfolio = from_values(
        {
            "name": "loans",
            "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
            "characteristics": [
                {"name": name, "kind": kind, **(about or {}).get(name, {})} for name, kind in kinds.items()
            ],
        },
        "loans.toml",
    )
    n = len(frame)
    return Dataset(
        portfolio=portfolio,
        frame=pd.DataFrame(typed),
        row_key=pd.Series([str(i + 1) for i in range(n)]),
        date=None,
        record=np.arange(1, n + 1),
        refused=pd.DataFrame(columns=["record", "column", "code", "reason", "text"]),
        source=Source("loans.csv", "0" * 64, 0, "csv"),
        outcome=np.asarray(outcome, dtype=np.int8),
        weight=weight,
    )


@pytest.fixture(scope="module")
def german() -> Dataset:
    path = Path(PUBLIC) / "german_credit" / "german_coded.csv"
    if not PUBLIC or not path.exists():
        pytest.skip("WORKBENCH_PUBLIC_DATA names no folder with german_credit/german_coded.csv")
    frame = pd.read_csv(path)
    return dataset_of(frame.drop(columns="class"), frame["class"] == 2)


@pytest.mark.parametrize(
    ("characteristic", "iv"),
    [
        ("checking_status", 0.666012),
        ("credit_history", 0.293234),
        ("savings_status", 0.196010),
        ("purpose", 0.169195),
        ("property_magnitude", 0.112638),
        ("employment", 0.086434),
        ("housing", 0.083293),
    ],
)
def test_iv_of_german_credit_by_attribute(german, characteristic, iv) -> None:
    table = profile(german, Run()).characteristics.set_index("characteristic")
    assert table.loc[characteristic, "iv"] == pytest.approx(iv, abs=5e-7)


@pytest.mark.parametrize(("characteristic", "iv"), [("duration", 0.334503), ("age", 0.259651)])
def test_iv_of_german_credit_by_distinct_value(german, characteristic, iv) -> None:
    # the published figures are R's, where an empty cell counts as .99 rows
    table = profile(german, Run(), max_bins=100, empty_cell=0.99).characteristics
    assert table.set_index("characteristic").loc[characteristic, "iv"] == pytest.approx(iv, abs=5e-7)


def test_bins_by_hand() -> None:
    # goods 6, bads 4; "a": 4 goods 1 bad, "b": 2 goods 3 bads
    frame = pd.DataFrame({"job": ["a"] * 5 + ["b"] * 5})
    bins = profile(dataset_of(frame, [0, 0, 0, 0, 1, 0, 0, 1, 1, 1]), Run()).bins
    assert list(bins["label"]) == ["a", "b"]
    assert list(bins["n_bad"]) == [1, 3]
    assert bins["woe"].to_numpy() == pytest.approx([np.log((4 / 6) / (1 / 4)), np.log((2 / 6) / (3 / 4))])
    assert bins["iv"].sum() == pytest.approx(
        (4 / 6 - 1 / 4) * np.log(8 / 3) + (2 / 6 - 3 / 4) * np.log(4 / 9)
    )
    assert (bins["low"] < bins["bad_rate"]).all() and (bins["bad_rate"] < bins["high"]).all()


def test_an_empty_cell_counts_as_half_a_row() -> None:
    frame = pd.DataFrame({"job": ["a"] * 5 + ["b"] * 5})
    bins = profile(dataset_of(frame, [0] * 5 + [0, 0, 1, 1, 1]), Run()).bins
    assert bins["woe"][0] == pytest.approx(np.log((5 / 7) / (0.5 / 3.5)))
    assert bins["woe"][1] == pytest.approx(np.log((2 / 7) / (3 / 3.5)))


def test_a_weight_counts_like_that_many_rows() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"income": rng.integers(0, 5, 300), "job": rng.choice(["a", "b"], 300)})
    outcome = (rng.random(300) < 0.3).astype(int)
    times = rng.integers(1, 4, 300)
    weighted = profile(dataset_of(frame, outcome, weight=times.astype(float)), Run())
    index = np.repeat(np.arange(300), times)
    repeated = profile(dataset_of(frame.iloc[index].reset_index(drop=True), outcome[index]), Run())
    columns = ["share", "bad_rate", "woe", "iv", "goods_share", "bads_share"]
    for name in frame:
        np.testing.assert_allclose(weighted.of(name)[columns], repeated.of(name)[columns])
    assert weighted.bins["n"].sum() == 2 * 300
    chance = weighted.characteristics.set_index("characteristic")["iv_by_chance"]
    n_good, n_bad = (times[outcome == bad].sum() ** 2 / (times[outcome == bad] ** 2).sum() for bad in (0, 1))
    assert chance["income"] == pytest.approx(4 * (1 / n_good + 1 / n_bad))
    assert chance["job"] == pytest.approx(1 / n_good + 1 / n_bad)


def test_missing_and_special_codes_have_bins_of_their_own() -> None:
    income = np.r_[np.arange(100.0), [-9.0] * 10, [np.nan] * 5]
    about = {"income": {"special": [{"value": "-9", "label": "no bureau record"}]}}
    frame = pd.DataFrame({"income": income})
    result = profile(dataset_of(frame, np.arange(115) % 3 == 0, about=about), Run())
    assert list(result.bins["label"][-2:]) == ["no bureau record", "missing"]
    assert list(result.bins["n"]) == [10] * 10 + [10, 5]
    assert result.characteristics["missing"][0] == pytest.approx(5 / 115)
    assert result.bins["label"][0] == "below 10" and result.bins["label"][9] == "90 or more"


def test_a_value_that_fills_bins_stands_alone() -> None:
    frame = pd.DataFrame({"past_due": np.r_[np.zeros(600), np.arange(1, 401)]})
    bins = profile(dataset_of(frame, np.arange(1000) % 4 == 0), Run()).bins
    assert bins["n"][0] == 600 and bins["label"][0] == "below 1"
    assert len(bins) <= 10


def test_rare_categories_are_told_together() -> None:
    levels = np.repeat([f"v{i:02d}" for i in range(30)], range(30, 0, -1))
    bins = profile(dataset_of(pd.DataFrame({"title": levels}), np.arange(len(levels)) % 2), Run()).bins
    assert len(bins) == 21
    assert bins["label"].iloc[-1] == "other (10 values)" and bins["n"].iloc[-1] == 55


def test_dates_one_value_and_nothing_at_all() -> None:
    frame = pd.DataFrame(
        {
            "since": pd.date_range("2010-01-01", periods=100, unit="s"),
            "same": 1.0,
            "empty": np.nan,
        }
    )
    result = profile(dataset_of(frame, np.arange(100) % 2), Run())
    assert result.of("since")["label"][0] == "below 2010-01-11"
    assert list(result.of("same")["label"]) == ["1"]
    assert list(result.of("empty")["label"]) == ["missing"]
    assert result.of("same")["iv"].sum() == 0


def test_one_outcome_gives_nan_and_indeterminates_are_left_out() -> None:
    frame = pd.DataFrame({"income": np.arange(40.0)})
    assert np.isnan(profile(dataset_of(frame, np.zeros(40)), Run()).characteristics["iv"][0])
    outcome = np.r_[[-1] * 10, [0, 1] * 15]
    assert profile(dataset_of(frame, outcome), Run()).bins["n"].sum() == 30
    development = np.arange(40) < 20
    assert profile(dataset_of(frame, outcome), Run(), rows=development).bins["n"].sum() == 10


def test_words_frames_and_stopping() -> None:
    assert [iv_words(v) for v in (0.01, 0.02, 0.1, 0.3, 0.5)] == [
        "useless",
        "weak",
        "medium",
        "strong",
        "very strong: was it known then?",
    ]
    dataset = dataset_of(pd.DataFrame({"income": np.arange(40.0)}), [0, 1] * 20)
    result = profile(dataset, Run())
    assert Profile.from_frames(result.to_frames()).bins is result.bins
    with pytest.raises(Cancelled):
        profile(dataset, Run(cancelled=lambda: True))


def _counted(dataset: Dataset) -> dict[str, pd.DataFrame]:
    samples = draw(dataset, SamplingSpec(kind="out-of-time", out_of_time_from="2024-02-01", hold_out=0.0))
    return {
        "profile": profile(dataset, Run()).bins.sort_values(["characteristic", "bin"]),
        "samples": samples.sizes,
        "months": samples.by_month,
        "alone": single_aucs(dataset, Known.of(dataset, 1), Run()).sort_values("characteristic"),
    }


def test_rows_of_a_customer_told_twice_make_nothing_surer() -> None:
    rng = np.random.default_rng(5)
    n = 1500
    x = rng.normal(size=n)
    bad = (rng.random(n) < 1 / (1 + np.exp(1 - x))).astype(int)
    frame = pd.DataFrame(
        {"x": np.where(rng.random(n) < 0.1, np.nan, x), "home": rng.choice(["own", "rent"], n)}
    )
    day = pd.Series(np.datetime64("2024-01-01", "s") + rng.integers(0, 60, n).astype("timedelta64[D]"))
    once = replace(dataset_of(frame, bad), date=day)
    at = np.repeat(np.arange(n), 2)
    twice = dataset_of(frame.iloc[at].reset_index(drop=True), bad[at])
    twice = replace(twice, date=day[at].reset_index(drop=True), group=pd.Series(at.astype(str)))
    alone, together = _counted(once), _counted(twice)
    for name, table in alone.items():
        width = (table["high"] - table["low"]).to_numpy()
        found = (together[name]["high"] - together[name]["low"]).to_numpy()
        assert found == pytest.approx(width, rel=0.06), name
