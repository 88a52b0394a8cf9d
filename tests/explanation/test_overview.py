"""What drives a model over all rows: equal to what is written down here, weighted, by customer, undefined."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.evaluation import wilson
from workbench.explanation import (
    Explainer,
    Overview,
    Rows,
    effects,
    monotonicity,
    nearest,
    overview,
    permutation,
)
from workbench.explanation.attributions import Interactions
from workbench.explanation.directions import direction
from workbench.explanation.marks import FEW, swarm
from workbench.explanation.measured import mean_and_error, pairs
from workbench.portfolio import Characteristic
from workbench.run import Run

Explainers = Callable[[str], Explainer]
quiet = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def explainer(explainers: Explainers) -> Explainer:
    return explainers("logistic")


@pytest.fixture(scope="module")
def rows(explainer: Explainer, data: object) -> Rows:
    return Rows.of(explainer.model, data, np.arange(400))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def told(explainer: Explainer, rows: Rows) -> Overview:
    return overview(explainer, rows, sample="development")


def test_importance_is_the_mean_size_of_the_values(explainer: Explainer, rows: Rows, told: Overview) -> None:
    values = np.abs(explainer.attributions(rows.raw).values)
    found = told.importance.set_index("characteristic").loc[list(explainer.characteristics)]
    assert found["importance"].to_numpy() == pytest.approx(values.mean(axis=0), abs=1e-12)
    error = values.std(axis=0, ddof=1) / 20
    assert found["high"].to_numpy() == pytest.approx(values.mean(axis=0) + 1.959964 * error, abs=1e-6)
    assert found["share"].sum() == pytest.approx(1)
    assert told.importance["importance"].is_monotonic_decreasing
    assert (told.n, told.n_bad) == (400, int((rows.outcome == 1).sum()))
    assert json.loads(json.dumps(told.to_json(), allow_nan=False))["unit"] == "log-odds of bad"
    again = Overview.from_frames(told.about(), told.to_frames())
    assert again.sentence() == told.sentence()


def test_every_row_is_in_exactly_one_mark_and_one_bin(told: Overview, rows: Rows) -> None:
    for frame in (told.swarm, told.cells, told.dependence):
        by = frame.groupby("characteristic")
        assert (by["n"].sum() == 400).all()
        assert (by["weight"].sum().round(6) == 400).all()
    assert told.swarm["offset"].abs().max() <= 0.5
    assert len(told.swarm.groupby("characteristic").size()) == rows.raw.shape[1]
    late = told.swarm[told.swarm["characteristic"] == "late"]
    assert (np.diff(late.sort_values("value")["shade"]) >= -1e-9).all(), "more late, more risk"


def test_no_mark_is_of_so_few_that_it_tells_of_one(told: Overview, explainer: Explainer, rows: Rows) -> None:
    for frame in (told.swarm, told.cells):
        assert frame["n"].min() >= FEW and "row" not in frame
    alone = replace(rows, raw=np.vstack([rows.raw[:-3], np.full((3, rows.raw.shape[1]), np.nan)]))
    hidden = overview(explainer, alone).cells.groupby("characteristic")["n"].agg(["sum", "min"])
    assert (hidden["min"] >= FEW).all() and hidden["sum"].min() == 397


def test_a_mark_leads_to_a_row_that_lies_by_it(told: Overview, explainer: Explainer, rows: Rows) -> None:
    values = explainer.attributions(rows.raw).values
    for mark in told.cells.groupby("characteristic").head(3).itertuples():
        at = None if np.isnan(mark.at) else mark.at
        found = nearest(explainer, rows, mark.characteristic, mark.bin, at, mark.value)
        j = list(explainer.characteristics).index(mark.characteristic)
        assert values[found, j] == pytest.approx(mark.value, abs=0.2 * np.ptp(values[:, j]) + 1e-9)


def test_dependence_stands_beside_what_was_seen(told: Overview, rows: Rows, explainer: Explainer) -> None:
    late = told.dependence[told.dependence["characteristic"] == "late"]
    assert list(late["label"][:3]) == ["0", "1", "2"]
    here = rows.raw[:, 2] == 1
    line = late[late["label"] == "1"].iloc[0]
    k, n = int(rows.bad[here].sum()), int(here.sum())
    assert (line["n"], line["n_bad"], line["bad_rate"]) == (n, k, pytest.approx(k / n))
    assert (line["low"], line["high"]) == pytest.approx(tuple(map(float, wilson(k, n))))
    p_bad = explainer.attributions(rows.raw).p_bad
    assert line["mean_p_bad"] == pytest.approx(p_bad[here].mean())
    assert told.direction("late") == "from 1 it raises the risk"
    assert told.direction("income").startswith("below 2,015 EUR it raises the risk")
    assert "no record raises it" in told.direction("bureau")


@quiet
@given(st.lists(st.integers(1, 3), min_size=60, max_size=60))
def test_a_weight_counts_as_so_many_rows(explainer: Explainer, rows: Rows, weights: list[int]) -> None:
    some = rows.take(np.arange(60))
    repeated = rows.take(np.repeat(np.arange(60), weights))
    weighed = overview(explainer, replace(some, weight=np.array(weights, float)))
    as_often = overview(explainer, repeated)
    for name in ("importance", "share", "mean"):
        assert weighed.importance[name].to_numpy() == pytest.approx(as_often.importance[name].to_numpy())
    assert weighed.weighted and not as_often.weighted
    # a flag's bins are its levels, whatever the rows
    one, two = (o.dependence[o.dependence["characteristic"] == "phone"] for o in (weighed, as_often))
    for name in ("weight", "mean", "bad_rate", "mean_p_bad"):
        assert one[name].to_numpy() == pytest.approx(two[name].to_numpy()), name


def test_rows_of_one_customer_do_not_pass_for_many(explainer: Explainer, rows: Rows) -> None:
    plain = overview(explainer, rows)
    twice = rows.take(np.repeat(np.arange(400), 2))
    held = overview(explainer, replace(twice, code=np.repeat(np.arange(400), 2)))
    for name in ("importance", "low", "high"):
        assert held.importance[name].to_numpy() == pytest.approx(plain.importance[name].to_numpy(), rel=1e-3)
    assert held.by_customer and not plain.by_customer
    bands = [o.dependence[o.dependence["characteristic"] == "phone"] for o in (held, plain)]
    assert bands[0]["low"].to_numpy() == pytest.approx(bands[1]["low"].to_numpy(), abs=2e-3)


def test_a_characteristic_that_is_missing_everywhere_is_one_bin(explainer: Explainer, rows: Rows) -> None:
    raw = rows.raw.copy()
    raw[:, [0, 3]] = np.nan
    blank = replace(rows, raw=raw)
    told = overview(explainer, blank)
    for name in ("income", "home"):
        line = told.dependence[told.dependence["characteristic"] == name]
        assert list(line["label"]) == ["missing"] and line["n"].item() == 400
        assert told.swarm[told.swarm["characteristic"] == name]["shade"].isna().all()
    held = told.monotonicity.set_index("characteristic").loc["income"]
    assert held["reason"] == "not defined: every value is missing" and np.isnan(held["largest_fall"])
    effect = effects(explainer.model, blank, "income")
    assert effect.local.empty and effect.reason == "not defined: every value is missing"
    assert effect.partial["label"].tolist() == ["missing"]


@pytest.mark.parametrize(("outcome", "reason"), [(None, "no outcome is known"), (0, "all good or all bad")])
def test_without_both_outcomes_it_is_said(
    explainer: Explainer, rows: Rows, outcome: int | None, reason: str
) -> None:
    one = replace(rows, outcome=None if outcome is None else np.zeros(400, int))
    told = overview(explainer, one)
    if outcome is None:
        assert told.dependence["bad_rate"].isna().all() and told.dependence["reason"].str.len().all()
    else:
        of_enough = told.dependence[told.dependence["n"] >= 5]
        assert (of_enough["bad_rate"] == 0).all() and (of_enough["high"] > 0).all()
    lost = permutation(explainer.model, one, Run(1), repeats=1)
    assert np.isnan(lost.auc) and lost.loss["loss"].isna().all() and reason in lost.sentence()
    assert lost.to_json()["auc"] is None


def test_no_row_is_refused_and_one_row_has_no_interval(explainer: Explainer, rows: Rows) -> None:
    with pytest.raises(InputError, match="no row to explain"):
        overview(explainer, rows.take(np.arange(0)))
    told = overview(explainer, rows.take(np.arange(1)))
    assert told.rows_told == "the one row" and "moves the score of this row;" in told.sentence()
    assert told.importance["low"].isna().all()
    assert told.importance["reason"].eq("no interval: too few rows for one").all()


def test_groups_of_rows_add_up_to_all(explainer: Explainer, rows: Rows) -> None:
    told = overview(explainer, rows)
    months = told.grouped[(told.grouped["by"] == "month") & (told.grouped["characteristic"] == "late")]
    assert months["n"].sum() == 400 and months["group"].is_monotonic_increasing
    whole = told.importance.set_index("characteristic").loc["late", "importance"]
    assert np.average(months["importance"], weights=months["n"]) == pytest.approx(whole)


def test_monotone_as_fitted_and_as_declared(explainer: Explainer, rows: Rows) -> None:
    found = monotonicity(explainer.model, rows).set_index("characteristic")
    assert found.loc["late", ["declared", "fitted", "kept"]].tolist() == ["rises", "rises", True]
    assert found.loc["income", "fitted"] == "falls" and found.loc["income", "kept"] is None
    assert found.loc["home", "reason"] == "not defined: its values have no order"
    assert found.loc["income", "falling"] == 1 and found.loc["income", "rising"] == 0


def test_effects_are_what_setting_the_value_does(explainer: Explainer, rows: Rows) -> None:
    found = effects(explainer.model, rows, "late")
    raw = rows.raw.copy()
    raw[:, 2] = 1
    calibrated = explainer.model.calibrator.p_bad(explainer.model.margin(raw))
    line = found.partial[found.partial["label"] == "1"].iloc[0]
    assert line["mean_p_bad"] == pytest.approx(calibrated.mean())
    assert line["q50"] == pytest.approx(np.median(calibrated))
    step = np.diff(found.local["effect"])
    assert (step >= 0).all(), "more late, more risk"
    # of an additive model in which the others do not go along with it, both say the same
    assert found.local["effect"].iloc[-1] - found.local["effect"].iloc[0] == pytest.approx(
        found.partial["mean_p_bad"].iloc[-1] - found.partial["mean_p_bad"].iloc[0], abs=0.05
    )
    assert effects(explainer.model, rows, "home").reason == "not defined: its values have no order"
    with pytest.raises(InputError, match="no characteristic 'wealth'"):
        effects(explainer.model, rows, "wealth")


def test_a_step_of_one_row_leaves_the_band_undefined_and_says_so(explainer: Explainer, rows: Rows) -> None:
    late = rows.raw[:, 2]
    few = np.concatenate([np.flatnonzero(late == 0)[:30], np.flatnonzero(late == 1)[:30]])
    few = np.append(few, np.flatnonzero(late == late[~np.isnan(late)].max())[:1])
    found = effects(explainer.model, rows.take(few), "late")
    assert found.local["effect"].notna().all() and found.local["low"].isna().any()
    assert found.reason.startswith("its 95% band is not defined")
    assert effects(explainer.model, rows, "late").reason == ""


def test_dealing_what_does_nothing_anew_loses_nothing(explainers: Explainers, rows: Rows) -> None:
    card = explainers("scorecard")
    lost = permutation(card.model, rows, Run(1), repeats=2)
    assert lost.low < lost.auc < lost.high and json.dumps(lost.to_json(), allow_nan=False)
    assert lost.loss["characteristic"].iloc[0] in ("income", "late")
    found = lost.loss.set_index("characteristic")
    assert found.loc["phone", "loss"] == pytest.approx(0, abs=1e-12), "it is not in the card"
    assert found["loss"].iloc[0] > 0 and (found["low"] <= found["loss"]).all()
    again = permutation(card.model, rows, Run(2), repeats=2)
    assert again.loss.equals(lost.loss)


def test_pairs_are_both_halves_and_the_strongest_stands_first(explainer: Explainer, rows: Rows) -> None:
    names, k = explainer.characteristics, len(explainer.characteristics)
    values = np.zeros((3, k, k))
    values[:, 0, 2] = values[:, 2, 0] = [0.1, -0.1, 0.1]
    values[:, 1, 3] = values[:, 3, 1] = [0.4, 0.4, 0.4]
    held = Interactions("interventional", "m", "u", "", 0, 0.0, names, values, np.zeros(3))
    found = pairs(held, rows.take(np.arange(3)), explainer.model.portfolio)
    assert found[["first", "second"]].to_numpy().tolist() == [["bureau", "home"], ["income", "late"]]
    assert found["strength"].tolist() == pytest.approx([0.8, 0.2])


@quiet
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=80), st.sampled_from([0.0, 0.01, 1.0]))
def test_a_swarm_leaves_no_row_out(values: list[float], wide: float) -> None:
    value = np.array(values)
    found = swarm("c", value, np.full(len(value), np.nan), np.ones(len(value)), wide)
    assert found["n"].sum() == len(value)
    assert (found["value"] * found["n"]).sum() == pytest.approx(value.sum(), abs=1e-9)
    mean, error = mean_and_error(value[:, None], Rows(value[:, None]))
    assert mean[0] == pytest.approx(value.mean(), abs=1e-9)
    assert np.isnan(error[0]) == (len(value) == 1)


def test_trees_have_partners_and_both_kinds(explainers: Explainers, rows: Rows) -> None:
    trees = explainers("lightgbm")
    told = overview(trees, rows)
    first = told.pairs.iloc[0]
    assert first["low"] < first["strength"] < first["high"] and told.n_paired == 400
    partners = told.partners(first["first"])
    assert (
        partners["characteristic"].iloc[0] == first["second"] and partners["strength"].is_monotonic_decreasing
    )
    cells = told.cells[told.cells["characteristic"] == first["first"]]
    assert cells["shade_1"].notna().any() and cells["n"].sum() == 400
    line = told.importance.set_index("characteristic").loc[first["first"]]
    assert line["partner"] == first["second"]
    path = overview(trees, rows, kind="path-dependent")
    assert (path.kind, path.reference, path.n_reference) == ("path-dependent", "", 0)
    assert path.monotonicity.equals(told.monotonicity)
    late = told.monotonicity.set_index("characteristic").loc["late"]
    assert late["declared"] == "rises" and late["kept"] is True


def test_a_bin_of_few_rows_is_counted_and_not_told(explainer: Explainer, rows: Rows) -> None:
    late = rows.raw[:, 2]
    raw = rows.raw.copy()
    raw[np.flatnonzero(late == 0)[:4], 2] = 40.0
    told = overview(explainer, replace(rows, raw=raw)).dependence
    lines = told[(told["characteristic"] == "late") & (told["n"] < 5)]
    assert len(lines) and lines["reason"].str.contains("fewer than 5 rows").all()
    assert (
        lines[["mean", "q10", "q90", "n_bad", "mean_p_bad", "bad_rate", "low", "high"]].isna().all(axis=None)
    )
    others = told[told["n"] >= 5]
    assert others[["mean", "n_bad", "mean_p_bad"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ((0.4, 0.3), "it raises the risk at every value"),
        ((0.4, np.nan), "it raises the risk at every value that is told"),
        ((0.0, 0.0), "it changes nothing"),
        ((0.0, np.nan), "it changes nothing at every value that is told"),
        ((np.nan, np.nan), "not told: fewer than 5 rows"),
    ],
)
def test_a_direction_says_no_more_than_the_bins_that_are_told(means: tuple[float, float], said: str) -> None:
    curve = pd.DataFrame({"label": ["1 to 4", "5 to 9"], "at": [2.0, 7.0], "from": [1.0, 5.0], "mean": means})
    assert direction(curve, None, Characteristic(name="age")) == said  # type: ignore[arg-type]
