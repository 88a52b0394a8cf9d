"""Stable extracts raise no more alarms than they may, and each planted shift is found and named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.drift import drawn
from workbench.drift import DEFAULT, Drift, Triggers, compare, know
from workbench.drift.months import by_month
from workbench.drift.performance import fell
from workbench.drift.plain import false_alarm
from workbench.errors import InputError
from workbench.evaluation import benjamini_hochberg, calibration, delong, discrimination

STABLE = 500


@pytest.fixture(scope="module")
def known():
    return drawn.development()


def drift(known, extract, **more) -> Drift:
    return compare(*known, extract, importance=drawn.IMPORTANCE, **more)


def within(count: int, n: int, rate: float) -> bool:
    """Whether so many of n are what a rate leaves to chance, 99 in 100 times."""
    return count <= stats.binom.ppf(0.995, n, rate)


def test_stable_months_raise_no_more_alarms_than_chance_allows() -> None:
    learned = know(drawn.rows(60_000, 0).frame, drawn.EVERY)
    extract = drawn.rows(STABLE * 800, 300, months=STABLE)
    cells, _ = by_month(learned, extract.frame, extract.month)
    p_values = cells.pivot(index="month", columns="characteristic", values="p_value").to_numpy()
    assert p_values.shape == (STABLE, len(drawn.EVERY))
    assert within(int((p_values < 0.05).sum()), p_values.size, 0.05)
    for level, rate in (("psi_95", 0.05), ("psi_99", 0.01)):
        assert within(int((cells["psi"] > cells[level]).sum()), p_values.size, rate), level
    raised = sum(bool((benjamini_hochberg(p) < 0.05).any()) for p in p_values)
    assert within(raised, STABLE, 0.05), raised
    one_at_a_time = sum(bool((p < 0.05).any()) for p in p_values)
    assert one_at_a_time > 5 * raised


def test_stable_months_do_not_look_as_if_the_ranking_had_fallen() -> None:
    fallen, worn = 0, 0
    for month in range(STABLE):
        rng = np.random.default_rng(month)
        parts = []
        for n in (2000, 600):
            p = rng.beta(1, 8, n)
            parts.append(delong(rng.random(n) < p, p[None]))
        (before, spread), (now, error) = [(float(a[0]), float(c[0, 0]) ** 0.5) for a, c in parts]
        fallen += fell(now - before, float(np.hypot(error, spread))) < 0.05
        worn += now < 0.95 * before
    assert within(fallen, STABLE, 0.05) and fallen > 0, fallen
    assert worn > 2 * fallen


@pytest.fixture
def undrawn(monkeypatch):
    """Draw next to nothing: no draw is part of a verdict, only the intervals of some figures are."""
    monkeypatch.setattr(discrimination, "REPLICATES", 2)
    monkeypatch.setattr(calibration, "SIMULATIONS", 2)


def test_stable_extracts_are_green_nineteen_times_in_twenty(undrawn) -> None:
    """Whole verdicts; rows enough at development and held out for their own chance to be no part of it."""
    known = drawn.development(60_000)
    found = [drift(known, drawn.rows(800, 4000 + i)) for i in range(STABLE)]
    raised = [d.verdict.colour for d in found if d.verdict.colour != "green"]
    assert within(len(raised), STABLE, 0.05), len(raised)
    assert within(raised.count("red"), STABLE, 0.01), raised.count("red")
    told = pd.concat([d.plain for d in found])
    for rule, lines in told.groupby("rule"):
        said, seen = lines["chance"].mean(), lines["fires"].mean()
        assert abs(said - seen) < 0.03 + 2.6 * np.sqrt(said * (1 - said) / STABLE), (rule, said, seen)
    assert round(false_alarm(0.75, 0.0291), 2) == 0.10


def test_no_draw_is_part_of_a_verdict(known, request) -> None:
    extract = drawn.rows(800, 401, _missing)
    with_draws = drift(known, extract)
    request.getfixturevalue("undrawn")
    without = drift(known, extract)
    assert without.verdict.to_json() == with_draws.verdict.to_json()
    intervals = [d.performance.measures.set_index("measure").loc["ks", "low"] for d in (without, with_draws)]
    assert intervals[0] != intervals[1]


def _with(frame: pd.DataFrame, name: str, values: object) -> pd.DataFrame:
    return frame.assign(**{name: values})


def _missing(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return _with(frame, "bureau", np.where(rng.random(len(frame)) < 0.2, np.nan, frame["bureau"]))


def _new(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    home = frame["home"].astype(str).where(rng.random(len(frame)) > 0.05, "caravan")
    return _with(frame, "home", home.astype("category"))


def _mix(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    drawn_anew = rng.choice(["rent", "own", "parents"], len(frame), p=[0.2, 0.4, 0.4])
    return _with(frame, "home", pd.Categorical(drawn_anew))


def _coded(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return _with(frame, "bureau", np.where(rng.random(len(frame)) < 0.4, -9.0, frame["bureau"]))


PLANTED = {
    "inflation": (lambda f, r: _with(f, "income", f["income"] * 1.5), "income", "characteristic"),
    "another unit": (lambda f, r: _with(f, "income", f["income"] / 12), "income", "characteristic"),
    "missing": (_missing, "bureau", "missing"),
    "a new attribute": (_new, "home", "unseen"),
    "all missing": (lambda f, r: _with(f, "late", np.nan), "late", "missing"),
    "a constant": (lambda f, r: _with(f, "late", 0.0), "late", "characteristic"),
    "another mix": (_mix, "home", "characteristic"),
    "more special codes": (_coded, "bureau", "characteristic"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_comes_in_changed_is_found_and_named(known, planted: str) -> None:
    change, name, item = PLANTED[planted]
    found = drift(known, drawn.rows(3000, 77, change))
    verdict = found.verdict
    assert verdict.colour in ("amber", "red"), verdict.sentence()
    assert verdict.characteristic == name and verdict.findings["item"].iloc[0] == item
    assert verdict.actions[0]["action"] == "investigate"
    others = set(verdict.findings["characteristic"]) - {name, ""}
    assert not others, others
    title = next(a.shown for a in drawn.EVERY if a.name == name)
    assert verdict.first_cause.startswith(title) and title in found.sentence()


def test_what_changed_behind_the_values_is_found_too(known) -> None:
    worse = drift(known, drawn.rows(6000, 78, true=lambda p, r: np.clip(p * 1.6, 0, 1)))
    assert worse.verdict.findings["item"].iloc[0] == "calibration"
    assert worse.verdict.actions[0]["action"] == "recalibrate" and worse.verdict.colour == "red"
    assert worse.performance.value("observed_expected") == pytest.approx(1.6, abs=0.2)
    upside = drift(known, drawn.rows(6000, 79, true=lambda p, r: r.permutation(p)))
    assert upside.verdict.findings["item"].iloc[0] == "gini" and upside.verdict.colour == "red"
    assert "retrain" in {a["action"] for a in upside.verdict.actions}
    said = upside.plain.set_index("rule").loc["Gini more than 5% lower", "raised_by"]
    assert said.endswith("% lower") and said[0].isdigit()
    assert upside.performance.value("gini", "p_ecb") < 0.001


def test_a_characteristic_the_model_does_not_use_is_never_the_first_cause_of_another(known) -> None:
    def both(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(noise_0=frame["noise_0"] + 2, income=frame["income"] * 1.6)

    verdict = drift(known, drawn.rows(3000, 80, both)).verdict
    assert verdict.characteristic == "income"
    line = verdict.findings.set_index("characteristic").loc["noise_0"]
    assert line["colour"] == "amber" and line["value"] > 1


def test_the_first_cause_has_the_largest_effect_for_the_model_be_it_red_or_amber(known) -> None:
    def both(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        bureau = np.where(rng.random(len(frame)) < 0.06, np.nan, frame["bureau"])
        return frame.assign(noise_2=frame["noise_2"] * 1.6 + 2, bureau=bureau)

    share = {"income": 0.4, "bureau": 0.1, "late": 0.1, "home": 0.1, "noise_0": 0.1, "noise_1": 0.1}
    found = compare(*known, drawn.rows(3000, 89, both), importance=share | {"noise_2": 0.09})
    verdict = found.verdict
    assert verdict.colour == "red" and verdict.characteristic == "noise_2"
    first = verdict.findings.iloc[0]
    assert first["characteristic"] == "bureau" and first["colour"] == "red"
    assert verdict.findings["colour"].is_monotonic_decreasing, "red before amber"
    assert "not red: it is not among the 5" in verdict.first_cause
    assert f"The verdict is red because: {first['sentence']}" in verdict.sentence()


def test_the_source_is_looked_into_before_anything_is_trained_anew(known) -> None:
    def unused(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(noise_0=frame["noise_0"] + 2)

    extract = drawn.rows(6000, 79, unused, lambda p, r: r.permutation(p))
    verdict = drift(known, extract).verdict
    assert verdict.findings["item"].iloc[0] == "gini"
    asked = [action["action"] for action in verdict.actions]
    assert asked[0] == "investigate" and "retrain" in asked
    assert verdict.sentence().index("Investigate") < verdict.sentence().index("; then: Retrain")


def test_where_importances_are_not_known_every_characteristic_may_be_red(known) -> None:
    def last(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(noise_5=frame["noise_5"] + 2)

    extract = drawn.rows(1000, 87, last)
    unknown = compare(*known, extract)
    assert unknown.verdict.colour == "red" and unknown.verdict.characteristic == "noise_5"
    assert drift(known, extract).verdict.colour == "amber"


def test_months_show_when_it_began(known) -> None:
    extract = drawn.rows(6000, 81, months=6)
    late = extract.month >= np.datetime64("2026-05")
    frame = extract.frame.assign(income=extract.frame["income"] * np.where(late, 1.6, 1.0))
    found = drift(known, replace(extract, frame=frame, p_bad=drawn.p_bad(frame)))
    cells = found.months[found.months["characteristic"] == "income"].set_index("month")
    assert cells["n"].sum() == 6000
    assert ((cells["psi"] > cells["psi_99"]) == (cells.index >= "2026-05")).all()
    of_one = found.month_bins.query("characteristic == 'income' and month == '2026-05'")
    assert of_one["share"].sum() == pytest.approx(1.0)
    assert found.score.months["n"].sum() == 6000


def test_points_say_which_way_the_score_went(known) -> None:
    names = [a.name for a in drawn.EVERY]
    told = pd.DataFrame({"development": 0.0, "extract": 0.0}, index=names)
    told.loc["income", "extract"] = -0.5
    found = drift(
        known, drawn.rows(2000, 82, lambda f, r: _with(f, "income", f["income"] * 1.7)), attributions=told
    )
    assert found.characteristics["characteristic"].iloc[0] == "income"
    assert found.characteristics["points"].iloc[0] == pytest.approx(0.5 * drawn.SCALE.factor)
    assert "points on the mean score" in found.verdict.first_cause
    assert "points" not in drift(known, drawn.rows(500, 83)).characteristics


def test_triggers_can_be_edited_and_refuse_what_cannot_be(known) -> None:
    extract = drawn.rows(3000, 77, PLANTED["inflation"][0])
    lax = DEFAULT.changed({"characteristic": {"amber": 5.0, "red": 9.0}})
    assert lax.version == 1 and lax.of("characteristic").source == "set here"
    assert "characteristic" not in set(drift(known, extract, triggers=lax).verdict.findings["item"])
    assert Triggers.from_json(lax.to_json()) == lax
    with pytest.raises(InputError) as caught:
        DEFAULT.changed({"score": {"amber": 0.5, "red": 0.2}, "gini": {"action": "pray"}, "colour": {}})
    assert len(caught.value.problems) == 3


def test_what_is_not_defined_is_said(known) -> None:
    extract = drawn.rows(500, 84)
    good = drift(known, replace(extract, bad=np.zeros(500, np.int8)))
    line = good.performance.measures.set_index("measure").loc["auc"]
    assert np.isnan(line["extract"]) and "no bads" in line["reason"]
    unknown = drift(known, replace(extract, bad=np.full(500, -1, np.int8)))
    assert unknown.to_json()["performance"] == {"measures": None, "reason": "no row has a known outcome"}
    for n in (0, 1, 19):
        with pytest.raises(InputError, match="usable row"):
            drift(known, drawn.rows(n, 85))


def test_it_is_kept_and_read_back(known) -> None:
    found = drift(known, drawn.rows(2000, 86, _missing, months=3), notes=("Mind this.",))
    again = Drift.of(found.to_values(), found.to_frames())
    assert again.sentence() == found.sentence() and again.notes == found.notes
    assert str(again.to_json()) == str(found.to_json())
