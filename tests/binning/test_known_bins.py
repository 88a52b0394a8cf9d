"""Bins of made and of public data: known IVs, missing and special codes apart, kept whole."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import made
from tests.public import public
from workbench.binning import Binning, Bins, BinSpec, Fine, measure, merge
from workbench.binning.closer import Ordered, place_closer
from workbench.binning.fine import level_order, number_cuts
from workbench.binning.optimal import trend_of
from workbench.dataset import Dataset, build, from_frame
from workbench.errors import InputError
from workbench.evaluation import wilson
from workbench.portfolio import from_values
from workbench.run import Run

DATASET = made.dataset(4000)


def dataset_of(frame: pd.DataFrame, bad: str, kinds: dict[str, str], **about: object) -> Dataset:
    portfolio = from_values(
        {
            "name": "loans", "outcome": {"column": bad, "bad": ["1"], "good": ["0"]},
            "characteristics": [{"name": n, "kind": k} for n, k in kinds.items()], **about,
        },
        "loans.toml",
    )  # fmt: skip
    return build(from_frame(frame), portfolio)


def ivs(binning: Binning) -> dict[str, float]:
    return dict(zip(binning.characteristics["characteristic"], binning.characteristics["iv"], strict=True))


@pytest.mark.parametrize(
    ("name", "iv"), [("checking_status", 0.666), ("credit_history", 0.292), ("duration", 0.289)]
)
def test_german_credit_has_the_ivs_that_others_find(name: str, iv: float) -> None:
    frame = pd.read_csv(public("german_credit/german_labelled.csv"))
    kinds = {"checking_status": "category", "credit_history": "category", "duration": "number"}
    found = ivs(measure(dataset_of(frame, "bad", kinds), Run(), spec=BinSpec(chance=0)))
    assert found[name] == pytest.approx(iv, abs=0.001)


@pytest.mark.parametrize(("name", "iv"), [("PAY_0", 0.861), ("PAY_2", 0.544), ("LIMIT_BAL", 0.18)])
def test_taiwan_cards_have_the_ivs_that_others_find(name: str, iv: float) -> None:
    frame = pd.read_csv(public("taiwan_cards/taiwan.csv"))
    bad = "default_payment_next_month"
    kinds = dict.fromkeys(("PAY_0", "PAY_2", "LIMIT_BAL"), "number")
    found = ivs(measure(dataset_of(frame, bad, kinds), Run(), spec=BinSpec(chance=0)))
    assert found[name] == pytest.approx(iv, abs=0.002)


def test_bins_say_what_the_rows_say() -> None:
    binning = measure(DATASET, Run())
    table = binning.of("income")
    x, bad = DATASET.frame["income"].to_numpy(), DATASET.outcome == 1
    cuts = next(b for b in binning.values if b.name == "income").cuts
    index = np.where(np.isnan(x), len(cuts) + 1, np.searchsorted(cuts, x, side="right"))
    for k, line in enumerate(table.itertuples()):
        here = index == k
        assert (line.n, line.n_bad) == (here.sum(), (bad & here).sum())
        woe = np.log(((~bad & here).sum() / (~bad).sum()) / ((bad & here).sum() / bad.sum()))
        assert line.thin or line.woe == pytest.approx(woe)
        assert line.low <= line.bad_rate <= line.high
    assert table["n"].sum() == DATASET.n
    assert binning.characteristics["iv"].is_monotonic_decreasing
    assert table["iv"].sum() == pytest.approx(ivs(binning)["income"])


def test_missing_and_special_codes_have_bins_of_their_own() -> None:
    labels = measure(DATASET, Run()).bins.groupby("characteristic")["label"].apply(list)
    assert labels["bureau"][-1] == "no record"
    assert labels["income"][-1] == "missing"
    assert "missing" not in labels["late"]  # filled with 0, as the portfolio says


def test_least_sizes_and_the_declared_direction_hold() -> None:
    binning = measure(DATASET, Run(), spec=BinSpec(trend="falling", min_bads=30))
    late = next(b for b in binning.values if b.name == "late")
    assert late.trend == "rising"  # the portfolio's word comes first
    for bins in binning.values:
        n, n_bad = np.array(bins.n)[: bins.ordinary], np.array(bins.n_bad)[: bins.ordinary]
        if len(n) > 1:
            assert (n >= 0.05 * DATASET.n).all() and (n_bad >= 30).all()


def test_an_empty_bin_is_neutral_and_a_thin_one_is_drawn_towards_it() -> None:
    frame = pd.DataFrame({"x": [*np.arange(500.0), np.nan, np.nan], "bad": [*([0, 0, 0, 1] * 125), 1, 1]})
    bins = measure(dataset_of(frame, "bad", {"x": "number"}), Run()).values[0]
    assert bins.thin[-1] and -1.0 < bins.woe[-1] < 0.0
    without = measure(dataset_of(frame.dropna(), "bad", {"x": "number"}), Run()).values[0]
    assert without.woe[-1] == 0.0


def test_weights_count_as_repeated_rows() -> None:
    frame = made.frame(1500)
    frame["w"] = np.where(frame["home"] == "rent", 2.0, 1.0)
    weighted = build(from_frame(frame), made.portfolio(weight="w"))
    twice = pd.concat([frame, frame[frame["w"] == 2]], ignore_index=True)
    twice["id"] = [str(i) for i in range(len(twice))]
    repeated = build(from_frame(twice.drop(columns="w")), made.portfolio())
    spec = BinSpec(chance=0, min_bads=1)
    for name in ("home", "phone"):
        one, two = (
            measure(d, Run(), characteristics=(name,), spec=spec).values[0] for d in (weighted, repeated)
        )
        assert one.groups == two.groups
        assert one.iv == pytest.approx(two.iv)


def test_an_interval_knows_how_many_rows_of_equal_weight_a_bin_is_worth() -> None:
    frame = pd.DataFrame({"x": [*np.arange(300.0), *[np.nan] * 40], "bad": [0, 0, 0, 1] * 85})
    about = {"x": "number"}
    plain = measure(dataset_of(frame, "bad", about), Run())
    for times in (1.0, 5.0):  # everyone standing for five says no more than everyone standing for one
        heavy = measure(dataset_of(frame.assign(w=times), "bad", about, weight="w"), Run())
        columns = ["share", "bad_rate", "low", "high", "woe", "iv"]
        np.testing.assert_allclose(heavy.bins[columns], plain.bins[columns])
        assert heavy.values[0].iv_by_chance == pytest.approx(plain.values[0].iv_by_chance)
    weight = np.where(np.arange(340) % 8 == 3, 7.0, 1.0)  # every other bad is worth 7
    bins = measure(dataset_of(frame.assign(w=weight), "bad", about, weight="w"), Run()).values[0]
    assert bins.effective[-1] == pytest.approx((35 + 5 * 7) ** 2 / (35 + 5 * 49))
    n_bad = (42 + 43 * 7) ** 2 / (42 + 43 * 49)
    assert bins.iv_by_chance == pytest.approx((sum(n > 0 for n in bins.n) - 1) * (1 / 255 + 1 / n_bad))
    again = Bins.from_json(json.loads(json.dumps(bins.to_json())))
    assert again == bins and again.iv_by_chance == bins.iv_by_chance
    low, high = wilson(40 / 70 * bins.effective[-1], bins.effective[-1])
    last = bins.table(made.portfolio().characteristic("income")).iloc[-1]
    assert (last["bad_rate"], last["low"], last["high"]) == pytest.approx((40 / 70, float(low), float(high)))
    # a model without weights keeps the digest it had before bins knew of them
    assert not [name for name in plain.values[0].to_json() if name.endswith("_squared")]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, np.nan])), min_size=1, max_size=80
    ),
    most=st.integers(2, 12),
)
def test_fine_cuts_rise_and_leave_no_bin_empty(values: list[float], most: int) -> None:
    x = np.sort(np.array([v for v in values if v == v]))
    cuts = number_cuts(x, most)
    assert (np.diff(cuts) > 0).all()
    if len(x):
        held = np.bincount(np.searchsorted(cuts, x, side="right"), minlength=len(cuts) + 1)
        assert (held > 0).all()


def test_rare_levels_go_together_and_unseen_ones_with_them() -> None:
    groups, other = level_order(
        np.array([90.0, 5, 60, 3]), np.array([10.0, 1, 30, 1]), np.array([100, 6, 90, 4]), 0.01, 50
    )
    assert sorted(groups[other].tolist()) == [1, 3]
    many = np.full(300, 20.0)
    groups, other = level_order(many, np.arange(300.0), many.astype(int) + np.arange(300), 0.0, 50)
    assert len(groups) <= 50 and other == -1
    bins = next(b for b in measure(DATASET, Run()).values if b.name == "home")
    assert bins.other >= 0 and "hostel" in bins.groups[bins.other]


def test_bins_survive_json() -> None:
    for bins in measure(DATASET, Run()).values:
        again = Bins.from_json(json.loads(json.dumps(bins.to_json(), allow_nan=False)))
        assert again == bins


def test_labels_are_the_portfolio_s_words() -> None:
    about = made.portfolio().characteristic("bureau")
    bins = Bins("bureau", "number", "rising", *((1,) * 6 for _ in range(2)), *((1.0,) * 6 for _ in range(3)),
                (False,) * 6, cuts=(1.0, 2.0, 5.0), whole=True, special=(-9.0,))  # fmt: skip
    assert bins.labels(about) == ["below 1", "1", "2 to 4", "5 or more", "no record", "missing"]


def test_one_outcome_and_strange_names_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        measure(DATASET, Run(), rows=DATASET.outcome == 0)
    assert caught.value.code == "TOO_FEW_BADS"
    with pytest.raises(InputError, match="income, bureau"):
        measure(DATASET, Run(), characteristics=("wealth",))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), trend=st.sampled_from(["auto", "rising", "falling", "valley"]))
def test_placing_cuts_closer_never_costs_iv_nor_breaks_the_trend(seed: int, trend: str) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(np.round(rng.normal(size=900), 2))
    bad = (rng.random(900) < 1 / (1 + np.exp(1 + x * rng.normal()))).astype(np.int8)
    if not 0 < bad.sum() < 900:
        return
    spec = BinSpec(trend=trend, min_bads=5, fine=12)
    ordered = Ordered.of(x, bad, None)
    cuts = number_cuts(ordered.values, spec.fine)
    totals = (900.0 - bad.sum(), float(bad.sum()))
    merged = merge(Fine(*ordered.counts(cuts), *totals), spec)
    chosen = cuts[np.array(merged.starts[1:], dtype=int) - 1]
    closer = place_closer(ordered, chosen, spec, *totals)
    assert len(closer) == len(chosen) and (np.diff(closer) > 0).all()

    def told(at: np.ndarray) -> tuple[float, str]:
        goods, bads, n_good, n_bad = ordered.counts(at)
        assert len(at) == 0 or (goods + bads).min() >= 45 - 1e-9 and min(n_good.min(), n_bad.min()) >= 5
        g, b = goods / totals[0], bads / totals[1]
        return float(((g - b) * np.log(g / b)).sum()), trend_of(bads / (goods + bads))

    if len(chosen):
        assert told(closer)[0] >= told(chosen)[0] - 1e-12
        assert told(closer)[1] == told(chosen)[1] == merged.trend


def test_a_characteristic_without_values_is_one_neutral_bin() -> None:
    frame = pd.DataFrame({"x": [np.nan] * 200, "c": [None] * 200, "bad": [0, 0, 0, 1] * 50})
    for bins in measure(dataset_of(frame, "bad", {"x": "number", "c": "category"}), Run()).values:
        assert bins.iv == 0.0 and set(bins.woe) == {0.0}
        assert bins.n[bins.missing] == 200
