"""What a user asks of the measures: directions, sizes, weights, what is missing, and what is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from workbench.charts import fairness as charts
from workbench.errors import InputError
from workbench.fairness import PROFILES, UNKNOWN, Fairness, Grouping, elderly, grouping, judge
from workbench.fairness.intersections import shrunk
from workbench.fairness.scores import distribution
from workbench.policy import Policy


def rows(n: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Grouping, Grouping]:
    rng = np.random.default_rng(seed)
    sex = grouping("sex", rng.choice(["f", "m"], n), title="Sex", reference="m", order=("m", "f"))
    age = grouping("age", rng.choice(["young", "middle", "old", None], n, p=[0.3, 0.5, 0.15, 0.05]),
                   title="Age", reference="middle")  # fmt: skip
    p = np.clip(rng.beta(2, 6, n) + 0.06 * (sex.code == 1), 0, 1)
    return p, rng.random(n) < p, sex, age


@pytest.fixture(scope="module")
def found() -> Fairness:
    p, bad, sex, age = rows()
    return judge(p, [sex, age], 0.25, bad=bad, profile="us_federal", source="the policy")


def test_a_group_with_higher_pds_has_a_ratio_below_one(found: Fairness) -> None:
    """Of decisions coded 1 = decline the ratio would be above 1: the direction that is often taken."""
    p, _, sex, _ = rows()
    policy = Policy(0.25, 0.4)
    approved = policy.decision_codes(p) == 0
    women = found.of("sex").set_index("group").loc["f"]
    expected = approved[sex.code == 1].mean() / approved[sex.code == 0].mean()
    assert women["air"] == pytest.approx(expected) and women["air"] < 0.9
    assert women["air_low"] < women["air"] < women["air_high"] < 1
    assert women["shortfall"] == pytest.approx((1 - expected) * approved[sex.code == 0].mean() * women["n"])
    assert women["standard_deviations"] < -2
    declines = (~approved)[sex.code == 1].mean() / (~approved)[sex.code == 0].mean()
    assert declines > 1


def test_missing_group_is_a_group_of_its_own_and_no_part_of_the_measures(found: Fairness) -> None:
    ages = found.of("age")
    assert ages["group"].tolist() == ["middle", "old", "young", UNKNOWN]
    assert ages["n"].sum() == found.n and ages["n"].iloc[-1] > 100
    assert not found.measures["between"].str.contains(UNKNOWN).any()
    assert any("is not known of" in one for one in found.limits)


def test_any_cut_off_gives_what_a_fresh_look_gives(found: Fairness) -> None:
    p, bad, sex, age = rows()
    for cut_off in (0.1, float(p[7]), 0.6):
        moved, fresh = found.at(cut_off), judge(p, [sex, age], cut_off, bad=bad)
        for name in ("groups", "gaps", "measures", "intersections"):
            pd.testing.assert_frame_equal(getattr(moved, name), getattr(fresh, name))
    swept = found.over_cut_offs
    at = swept[swept["by"] == "sex"].iloc[120:122]
    moved = found.at(float(at["cut_off"].iloc[0]))
    assert at["air"].to_numpy() == pytest.approx(moved.of("sex")["air"].to_numpy())
    assert at["approved"].iloc[0] == pytest.approx(moved.approval_rate)
    of = found.parity_over_cut_offs.query("by == 'sex'").set_index("cut_off").loc[at["cut_off"].iloc[0]]
    values = moved.measures.query("by == 'sex'").set_index("measure")["value"]
    for name in ("equalized_odds_difference", "demographic_parity_ratio", "predictive_parity_difference"):
        assert of[name] == pytest.approx(values[name])


def test_without_outcomes_what_rests_on_them_is_not_defined() -> None:
    p, _, sex, age = rows()
    told = judge(p, [sex, age], 0.25).to_json()
    assert told["n_bad"] is None
    woman = next(one for one in told["groups"] if one["group"] == "f")
    assert woman["air"] < 1 and woman["n_bad"] is None
    for name in ("goods_approved", "bads_approved", "good_of_approved", "auc", "calibration_gap"):
        assert (woman[name], woman[f"{name}_reason"]) == (None, "no outcomes")
    of = {one["measure"]: one for one in told["measures"] if one["by"] == "sex"}
    assert of["equalized_odds_difference"]["value"] is None
    assert of["equalized_odds_difference"]["reason"] == "no outcomes"
    assert of["demographic_parity_ratio"]["value"] < 1
    assert any("not defined: no outcomes" in one for one in told["limits"])


def test_one_outcome_alone_leaves_the_other_undefined() -> None:
    p, bad, sex, _ = rows()
    groups = judge(p, [sex], 0.25, bad=np.zeros_like(bad)).of("sex")
    assert groups["bads_approved"].isna().all() and set(groups["bads_approved_reason"]) == {
        "no bads in this group"
    }
    assert groups["goods_approved"].notna().all() and (groups["n_bad"] == 0).all()


def test_small_groups_are_suppressed_and_a_group_never_approved_is_not() -> None:
    p, bad, _, _ = rows()
    code = np.zeros(len(p), np.int16)
    code[:20], code[20:60] = 1, 2
    p = p.copy()
    p[20:60] = 0.9
    groups = Grouping("g", "G", ("most", "few", "never"), code, "most")
    found = judge(p, [groups], 0.25, bad=bad)
    few, never = (found.of("g").set_index("group").loc[name] for name in ("few", "never"))
    assert np.isnan(few["air"]) and few["approval_rate_reason"] == "fewer than 30 applicants"
    assert never["air"] == 0 and never["air_high"] < 0.2 and never["p_value"] < 1e-6
    assert "few is too small to tell" in " ".join(found.limits)
    assert "never is approved .00 times as often" in found.sentence


def test_a_group_of_one_row_and_nobody_approved() -> None:
    p, bad, sex, _ = rows()
    code = np.zeros(len(p), np.int16)
    code[0] = 1
    one = judge(p, [Grouping("g", "G", ("most", "one"), code, "one")], 0.25, bad=bad)
    assert one.comparators["g"].group == "most" and "too few applicants" in one.comparators["g"].why
    assert "nothing can be concluded" in one.sentence
    line = one.to_json()["groups"][1]
    assert {k for k, v in line.items() if isinstance(v, float)} == {"share"} and line["n"] == 1
    assert not {*one.calibration["group"], *one.distribution["group"]} - {"most"}
    small = one.calibration[one.calibration["n"] < 30]
    assert small["bad_rate"].isna().all() and one.calibration["bad_rate"].notna().any()
    assert one.gaps["n_bad"].isna().all()
    of = one.measures.set_index("measure")
    for name in ("smd_p_bad", "demographic_parity_difference"):
        assert np.isnan(of.loc[name, "value"]) and not of.loc[name, "between"]
    assert of.loc["smd_p_bad", "reason"] == "no group is large enough to hold against most"
    drawn = str(charts.ratios(one, "g").layout.annotations)
    assert "no other group has one (fewer than 30 applicants)" in drawn
    nobody = judge(p, [sex], 0.0, bad=bad)
    assert nobody.of("sex")["air"].isna().all() and (nobody.of("sex")["air_reason"] != "").all()
    assert "nothing can be concluded" in nobody.sentence
    highest = judge(p, [sex], 0.0, bad=bad, against="highest")
    assert highest.comparators["sex"].why == "nobody is approved"
    assert (highest.of("sex")["smd_p_bad_reason"] == "nobody is approved").all()
    assert nobody.at(0.25).of("sex")["air"].notna().all()
    moved, fresh = (f.of("sex")["smd_p_bad"] for f in (nobody.at(0.25), judge(p, [sex], 0.25)))
    assert moved.tolist() == fresh.tolist() and moved.notna().all()
    json.dumps(nobody.to_json(), allow_nan=False)


def test_a_groups_distance_from_everyone_is_as_sure_as_rows_drawn_again() -> None:
    """The group is a part of everyone: taken for two samples apart, the interval would be far too wide."""
    rng = np.random.default_rng(4)
    n = 1000
    code = np.repeat([0, 1, 2], (620, 300, 80)).astype(np.int16)
    by = Grouping("g", "G", ("most", "worst", UNKNOWN), code, "most")
    p = np.where(rng.random(n) < np.array([0.7, 0.5, 0.6])[code], 0.1, 0.5)
    drawn = rng.multinomial(n, np.full(n, 1 / n), 2000)

    def deviation(**rest: np.ndarray) -> pd.Series:
        again = rest.get("customer", np.arange(n))
        groups = judge(p[again], [by.taken(again)], 0.25, **rest).measures.set_index("measure")
        return groups.loc["parity_deviation"]

    for weight in (None, rng.integers(1, 6, n).astype(float)):
        kept = drawn * (1.0 if weight is None else weight)
        own, approved = kept[:, code == 1], kept * (p < 0.25)
        away = approved.sum(axis=1) / kept.sum(axis=1) - approved[:, code == 1].sum(axis=1) / own.sum(axis=1)
        found = deviation() if weight is None else deviation(weight=weight)
        assert found["between"] == "worst and everyone"
        ends = found[["low", "high"]].to_numpy(dtype=float)
        assert ends == pytest.approx(np.quantile(away, [0.025, 0.975]), abs=0.005)
    alone, thrice = deviation(), deviation(customer=np.repeat(np.arange(n), 3))
    assert [thrice["low"], thrice["high"]] == pytest.approx([alone["low"], alone["high"]], abs=1e-3)
    one = Grouping("g", "G", ("most", "one"), (np.arange(n) < 1).astype(np.int16), "most")
    nearly = judge(p, [one], 0.25).measures.set_index("measure").loc["parity_deviation"]
    assert nearly["low"] <= nearly["value"] <= nearly["high"] and nearly["high"] - nearly["low"] < 2e-3


def test_nobody_approved_takes_away_what_rests_on_approvals_and_nothing_else(found: Fairness) -> None:
    p, bad, sex, age = rows()
    told, why = found.groups, "nobody is approved"
    small = Grouping("s", "S", ("a", "b"), (np.arange(len(p)) < 29).astype(np.int16), "a")
    for nobody in (found.at(0.0), judge(p, [sex, age], 0.0, bad=bad)):
        groups = nobody.groups
        for name in (
            "n",
            "n_known",
            "n_bad",
            "bad_rate",
            "auc",
            "mean_p_bad",
            "smd_p_bad",
            "calibration_gap",
        ):
            assert groups[name].tolist() == told[name].tolist(), name
        for name in ("approval_rate", "goods_approved", "bads_approved", "good_of_approved", "air"):
            assert groups[name].isna().all() and set(groups[f"{name}_reason"]) == {why}, name
        assert (groups["n_bad_reason"] == "").all() and (groups["n_approved"] == 0).all()
        of = nobody.measures.set_index(["by", "measure"])
        without = of[of["value"].isna()]
        assert set(without["reason"]) == {why} and len(without) == 2 * 8
        assert set(of.index.get_level_values(1)) - set(without.index.get_level_values(1)) == {
            "calibration_gap", "auc_difference", "smd_p_bad",
        }  # fmt: skip
        cells = nobody.intersections[nobody.intersections["n"] >= 30]
        assert set(cells["reason"]) == {why} and nobody.intersections["air"].isna().all()
        assert "as nobody is approved." in nobody.sentence and "too small" not in " ".join(nobody.limits)
        assert sum("Nobody is approved" in one for one in nobody.limits) == 1
        for drawn in (charts.ratios(nobody, "sex"), charts.errors(nobody, "sex")):
            assert why in str(drawn.layout.annotations)
    groups = judge(p, [small], 0.0, bad=bad).of("s").set_index("group")
    assert groups.loc["b", ["air_reason", "n_bad_reason"]].tolist() == 2 * ["fewer than 30 applicants"]


def test_comparator_is_the_declared_group_or_the_most_approved() -> None:
    p, bad, sex, age = rows()
    declared = judge(p, [age], 0.25, bad=bad)
    assert declared.comparators["age"].why == "the portfolio's reference group"
    highest = judge(p, [age], 0.25, bad=bad, against="highest")
    rates = highest.of("age").query("group != @UNKNOWN").set_index("group")["approval_rate"]
    assert highest.comparators["age"].group == rates.idxmax()
    assert highest.comparators["age"].why == "the group with the highest approval rate"
    for moved in (highest.at(0.4), highest.at(0.4).at(0.1)):
        held = moved.comparators["age"]
        assert held.group == rates.idxmax() and held.why.endswith("rate approving below a PD of 25.0%")
    assert declared.at(0.4).comparators == declared.comparators
    assert highest.of("age").query("group != @UNKNOWN")["air"].max() == 1


def test_weights_are_rows_repeated_with_intervals_of_fewer() -> None:
    p, bad, sex, age = rows()
    weight = np.random.default_rng(2).integers(1, 5, len(p)).astype(float)
    again = np.repeat(np.arange(len(p)), weight.astype(int))
    weighted = judge(p, [sex, age], 0.25, bad=bad, weight=weight)
    repeated = judge(p[again], [sex.taken(again), age.taken(again)], 0.25, bad=bad[again])
    for name in (
        "approval_rate",
        "goods_approved",
        "good_of_approved",
        "air",
        "shortfall",
        "mean_p_bad",
        "auc",
    ):
        np.testing.assert_allclose(weighted.groups[name], repeated.groups[name], atol=1e-9)
    wide, narrow = (f.groups["air_high"] - f.groups["air_low"] for f in (weighted, repeated))
    assert (wide.dropna() > narrow.dropna()).all()
    assert set(weighted.groups["test"]) <= {"chi-squared", ""}


def test_customers_with_several_rows_widen_the_intervals() -> None:
    p, bad, sex, _ = rows()
    again = np.repeat(np.arange(len(p)), 4)
    alone = judge(p, [sex], 0.25, bad=bad)
    as_rows = judge(p[again], [sex.taken(again)], 0.25, bad=bad[again])
    grouped = judge(p[again], [sex.taken(again)], 0.25, bad=bad[again], customer=again)
    width = [f.of("sex")["air_high"][1] - f.of("sex")["air_low"][1] for f in (alone, as_rows, grouped)]
    assert width[1] < 0.6 * width[0]
    assert width[2] == pytest.approx(width[0], rel=0.02)
    scores = [
        f.of("sex").loc[1, ["smd_p_bad_low", "smd_p_bad_high", "smd_p_bad_p"]] for f in (alone, grouped)
    ]
    np.testing.assert_allclose(*(one.to_numpy(dtype=float) for one in scores), rtol=2e-3)
    swept = grouped.over_cut_offs.query("group == 'f'")
    at = swept.iloc[(swept["cut_off"] - 0.25).abs().argmin()]
    assert at["air_high"] - at["air_low"] == pytest.approx(width[0], rel=0.1)


def test_false_alarms_stay_within_what_q_values_promise() -> None:
    """Groups drawn at random: at 5% a share of about 5% of looks may raise an alarm, not 5% of tests."""
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = rng.beta(2, 6, 900)
        by = Grouping("g", "G", tuple("abcdef"), rng.integers(0, 6, 900).astype(np.int16), "a")
        found = judge(p, [by], 0.25, bad=rng.random(900) < p)
        alarms += bool((found.gaps["q_value"] < 0.05).any())
    assert alarms <= 6  # the 99.9% bound of 30 draws at 5%


def test_intersections_hide_small_cells_and_shrink_the_others(found: Fairness) -> None:
    cells = found.intersections.set_index("group")
    assert set(cells["first"]) == {"m", "f"} and cells["n"].sum() == found.n
    told = cells[cells["reason"] == ""]
    overall = found.approval_rate
    assert ((told["shrunk"] - overall).abs() <= (told["approval_rate"] - overall).abs() + 1e-3).all()
    pair = found.intersections["by"].iloc[0]
    drawn = [one.text for one in charts.crossing(found, pair).layout.annotations]
    assert all(any(f"n {n:,}" in text for text in drawn) for n in cells["n"])
    p, bad, sex, _ = rows(400)
    small = Grouping("s", "S", ("a", "b"), (np.arange(400) < 40).astype(np.int16), "a")
    hidden = judge(p, [sex, small], 0.25, bad=bad).intersections.query("reason != ''")
    assert (hidden["n"] < 30).all() and len(hidden)
    assert hidden[["approval_rate", "shrunk", "air", "n_approved", "n_bad"]].isna().all(axis=None)
    assert shrunk(np.array([0.5, np.nan]), np.array([100.0, 0.0]))[0] == 0.5


def test_what_is_said_is_never_that_it_is_fair(found: Fairness) -> None:
    assert "Sex: f is approved" in found.sentence and "This is a screen, not a finding" in found.sentence
    same = np.full(4000, 0.1)
    same[::2] = 0.4
    alike = judge(same, [grouping("g", ["a", "a", "b", "b"] * 1000, reference="a")], 0.25)
    assert "That is not evidence of none" in alike.sentence and "would often be missed" in alike.sentence
    for one in (found, alike):
        said = one.sentence + " ".join(one.limits[:-1])
        assert "fair" not in said.lower()
        assert one.limits[-1].startswith("No measure here says that a model is fair")


def test_every_profile_names_its_date_its_sources_and_known_measures(found: Fairness) -> None:
    shown = set(found.groups.columns)
    for profile in PROFILES.values():
        assert profile.as_of == "2026-11-20" and profile.sources and profile.says
        assert set(profile.first) <= shown
        assert all("convention" in screen.words for screen in profile.screens)
    assert PROFILES["us_federal"].first[0] != "air" and PROFILES["new_jersey"].first[0] == "air"
    assert found.to_json()["profile"]["as_of"] == "2026-11-20"


def test_wrong_calls_say_what_and_what_to_do() -> None:
    p, bad, sex, _ = rows()
    for wrong, code in (
        (lambda: judge(p, [sex], 0.2, profile="mars"), "PROFILE"),
        (lambda: judge(p, [], 0.2), "ATTRIBUTES"),
        (lambda: judge(p[:-1], [sex], 0.2), "SCORES"),
        (lambda: judge(np.where(p > 0.5, np.nan, p), [sex], 0.2), "SCORES"),
        (lambda: judge(p, [sex], 0.2, bad=bad, weight=-p), "SCORES"),
        (lambda: grouping("g", [None, ""]), "NO_GROUPS"),
        (lambda: grouping("g", ["a", "a", None]), "NO_GROUPS"),
        (lambda: grouping("g", [str(i) for i in range(60)]), "TOO_MANY_GROUPS"),
    ):
        with pytest.raises(InputError) as caught:
            wrong()
        assert caught.value.code == code and str(caught.value).endswith(".")


def test_age_counts_against_the_elderly_only_where_it_does() -> None:
    age = np.array([25.0, 40.0, 62.0, 75.0, np.nan])

    def falls(at: np.ndarray, to: float | None) -> np.ndarray:
        return 0.5 - (age[at] if to is None else np.full(len(at), to)) / 1000

    def rises_late(at: np.ndarray, to: float | None) -> np.ndarray:
        own = age[at] if to is None else np.full(len(at), to)
        return 0.1 + np.where(own >= 70, 0.05, 0.0)

    kind, harsh = (elderly("Age", age, how, since=62) for how in (falls, rises_late))
    assert (kind.n, kind.worse, kind.most_favoured) == (2, 0, 61)
    assert (harsh.n, harsh.worse) == (2, 1) and harsh.largest == pytest.approx(0.05)
    assert "counts against 1 of 2" in harsh.sentence and "counts against none of these 2" in kind.sentence
    earlier = elderly("Age", age, falls, since=40)
    assert (earlier.n, earlier.most_favoured) == (3, 39) and "below 40" in earlier.sentence
    nobody = elderly("Age", age[:2], falls, since=62)
    assert nobody.n == 0 and "was not seen" in nobody.sentence
    json.dumps(nobody.to_json(), allow_nan=False)


def test_no_step_of_a_spread_is_of_few_applicants() -> None:
    rng = np.random.default_rng(8)
    p = rng.beta(1, 9, 900)
    groups = Grouping("sex", "Sex", ("a", "b", "c"), np.repeat([0, 1, 2], (700, 180, 20)), "a")
    told = distribution(p, groups)
    assert set(told["group"]) == {"a", "b"}
    assert not ((told["n"] > 0) & (told["n"] < 30)).any()
    assert told.groupby("group")["share"].sum().to_numpy() == pytest.approx(1.0)
    runs = told.drop_duplicates(["group", "n", "share"])
    assert runs.groupby("group")["n"].sum().to_dict() == {"a": 700, "b": 180}
