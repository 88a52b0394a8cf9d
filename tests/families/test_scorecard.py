"""The card: its whole points are the model, its PDs follow from them, its coefficients have one sign."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import made
from tests.public import public
from workbench import sampling, training
from workbench.dataset import Dataset, applicants, build, from_frame
from workbench.errors import InputError
from workbench.evaluation import evaluate
from workbench.families import FAMILIES, evidence
from workbench.families.family import FitRows
from workbench.intake import PortfolioShelf, read
from workbench.portfolio import Points
from workbench.run import Run
from workbench.sampling import Samples, SamplingSpec
from workbench.scoring import Scorer, points
from workbench.study import from_files, to_files
from workbench.training import TrainedModel, TrainSpec

DATASET = made.dataset(4000)


def split(data: Dataset, shares: str = "70/30") -> Samples:
    return sampling.draw(data, SamplingSpec.from_split(shares, "random", 42))


def train(data: Dataset = DATASET, shares: str = "70/30", threads: int = 1, **spec: object) -> TrainedModel:
    return training.train(data, split(data, shares), TrainSpec("scorecard", **spec), Run(threads))


MODEL = train()


def bin_numbers(model: TrainedModel, data: Dataset) -> np.ndarray:
    return model.encoder.encode(model.encoder.raw(data.frame, data.date))


def real(name: str, file: str, tmp_path: Path) -> Dataset:
    portfolio = PortfolioShelf(tmp_path).find(name)
    return build(read(public(file), portfolio=portfolio), portfolio)


@pytest.mark.parametrize("shares", ["70/30", "70/15/15", "55/15/15/15"])
@pytest.mark.parametrize("calibration", ["auto", "none", "isotonic"])
def test_the_points_shown_are_the_points_of_the_card(shares: str, calibration: str) -> None:
    model = train(shares=shares, calibration=calibration)
    p_bad = model.p_bad(DATASET.frame, DATASET.date)
    on_card = model.fitted.points(bin_numbers(model, DATASET))
    assert points(DATASET.portfolio.points, p_bad).tolist() == on_card.tolist()
    scale = DATASET.portfolio.points
    assert p_bad == pytest.approx(1 / (1 + np.exp((on_card - scale.offset) / scale.factor)), abs=1e-12)
    assert (model.calibrator.slope, model.calibrator.intercept) == (1.0, 0.0)
    assert ("isotonic was asked for" in model.calibrator.note) == (calibration == "isotonic")


@settings(max_examples=60, deadline=None)
@given(
    base=st.floats(-2000, 5000),
    odds=st.floats(0.01, 1000),
    pdo=st.floats(0.5, 500),
    total=st.integers(-9999, 9999),
)
def test_any_scale_gives_whole_points_back(base: float, odds: float, pdo: float, total: int) -> None:
    scale = Points(base=base, odds=odds, pdo=pdo)
    low, high = scale.ends
    held = min(max(total, low), high)
    margin = (scale.offset - held) / scale.factor
    assert points(scale, np.array([1 / (1 + math.exp(-margin))])).tolist() == [held]


def test_the_table_is_the_model_written_out() -> None:
    card = MODEL.card
    scored = Scorer(MODEL)
    typical = scored.typical() | {"income": None, "bureau": -9, "home": "castle"}
    by_bin = {}
    x, _ = MODEL.program().row(typical | {"opened": "2024-01-01"})
    for j, column in enumerate(MODEL.encoder.columns):
        line = card[(card["characteristic"] == column.name) & (card["bin"] == int(x[j]))]
        if len(line):
            by_bin[column.name] = int(line["points"].iloc[0])
    assert sum(by_bin.values()) == scored.score(typical | {"opened": "2024-01-01"}).points
    chosen = MODEL.selection[MODEL.selection["chosen"]]["characteristic"]
    assert set(by_bin) == set(chosen) == set(card["characteristic"])
    assert list(card.columns)[:4] == ["characteristic", "title", "bin", "label"]
    per_characteristic = card.groupby("characteristic")[["n", "n_bad"]].sum()
    assert (per_characteristic["n"] == MODEL.n_development).all()
    assert (per_characteristic["n_bad"] == MODEL.n_bad_development).all()
    # safer bins never give fewer points
    for _, table in card.groupby("characteristic"):
        assert table.sort_values("woe", kind="stable")["points"].is_monotonic_increasing


def test_points_follow_the_formula() -> None:
    scale, terms = MODEL.portfolio.points, MODEL.fitted.terms
    assert (round(scale.factor, 6), round(scale.offset, 6)) == (28.853901, 487.122876)
    for term in terms:
        woe = np.array(MODEL.encoder.bins[term.column].woe)
        share = MODEL.fitted.intercept / len(terms)
        exact = -(term.coefficient * woe + share) * scale.factor + scale.offset / len(terms)
        assert np.abs(np.array(term.points) - exact).max() <= 0.5 + 1e-9


def test_all_coefficients_have_one_sign_and_their_errors() -> None:
    assert (MODEL.coefficients["coefficient"] < 0).all()
    assert (MODEL.coefficients["standard_error"] > 0).all()
    assert (MODEL.coefficients["p_value"] <= 0.157).all()
    assert set(MODEL.coefficients["effect"]) == {"lowers"}
    effects = MODEL.importance.set_index("characteristic")["effect"]
    assert (effects["late"], effects["income"]) == ("raises", "lowers")


def test_the_regression_is_the_maximum_likelihood_with_its_textbook_errors() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 3))
    bad = (rng.random(3000) < 1 / (1 + np.exp(1 - x @ np.array([0.5, -1.0, 0.0])))).astype(float)
    fitted = evidence.regress(x, bad)
    z = np.column_stack([np.ones(3000), x])
    p = 1 / (1 + np.exp(-(fitted.intercept + x @ fitted.coefficients)))
    assert np.abs(z.T @ (bad - p)).max() < 1e-6
    errors = np.sqrt(np.diag(np.linalg.inv(z.T @ (z * (p * (1 - p))[:, None]))))
    assert fitted.standard_errors == pytest.approx(errors[1:], rel=1e-6)
    doubled = evidence.regress(x, bad, np.full(3000, 2.0))
    assert doubled.coefficients == pytest.approx(fitted.coefficients)
    # weights that only say every row counts twice do not make it more certain
    assert doubled.standard_errors == pytest.approx(fitted.standard_errors, rel=0.1)
    with pytest.raises(InputError, match="repeat"):
        evidence.regress(np.column_stack([bad, x]), bad)


def test_what_repeats_a_stronger_one_is_left_out_with_the_reason() -> None:
    frame = made.frame(4000)
    frame["again"] = frame["income"] * 2 + 1
    listed = (*made.CHARACTERISTICS, {"name": "again", "kind": "number"})
    data = build(from_frame(frame), made.portfolio(characteristics=listed))
    log = train(data).selection.set_index("characteristic")
    pair = log.loc[["income", "again"]]
    assert pair["chosen"].sum() == 1
    assert pair[~pair["chosen"]]["reason"].iloc[0].startswith("correlates 1.00 with")
    assert "IV is below" in log.loc["phone", "reason"]


def test_noise_is_refused() -> None:
    frame = made.frame(600)
    frame["income"], frame["bureau"], frame["late"], frame["home"] = 1.0, 600.0, 0.0, "rent"
    frame["phone"], frame["first_credit"] = "yes", frame["opened"]
    with pytest.raises(InputError, match="NO_PREDICTOR|no characteristic separates"):
        train(build(from_frame(frame), made.portfolio()))


def test_same_data_give_the_same_digest_and_files_keep_everything() -> None:
    assert train(threads=2).digest == MODEL.digest == train(threads=1).digest
    again = TrainedModel.from_files(MODEL.to_files())
    assert again.digest == MODEL.digest
    p_bad = MODEL.p_bad(DATASET.frame, DATASET.date)
    assert again.p_bad(DATASET.frame, DATASET.date).tobytes() == p_bad.tobytes()
    assert again.card.equals(MODEL.card) and again.selection.equals(MODEL.selection)
    assert again.coefficients.equals(MODEL.coefficients)


def test_parameters_reach_the_bins() -> None:
    few = train(params=(("max_bins", 2), ("max_characteristics", 2)))
    assert all(len(bins.cuts) <= 1 for bins in few.encoder.bins)
    assert len(few.fitted.terms) <= 2


def test_weights_reach_bins_and_card() -> None:
    frame = made.frame(4000)
    frame["w"] = np.where(frame["home"] == "rent", 3.0, 1.0)
    data = build(from_frame(frame), made.portfolio(weight="w"))
    model = train(data)
    development = split(data).mask("development")
    p_bad = model.p_bad(data.frame, data.date)[development]
    weight = data.weight[development]
    assert np.average(p_bad, weights=weight) == pytest.approx(
        np.average(data.outcome[development], weights=weight), abs=0.006
    )


@pytest.mark.parametrize("family", ["scorecard", "logistic"])
def test_importance_counts_a_row_as_often_as_it_weighs(family: str) -> None:
    model = MODEL if family == "scorecard" else training.train(
        DATASET, split(DATASET), TrainSpec(family), Run(1)
    )  # fmt: skip
    x, bad = bin_numbers(model, DATASET), DATASET.outcome.astype(float)
    times = np.where(DATASET.frame["home"] == "rent", 4, 1)
    repeated = FitRows(np.repeat(x, times, axis=0), np.repeat(bad, times), None)
    told = [
        FAMILIES[family].importance(model.encoder, model.fitted, rows)
        for rows in (FitRows(x, bad, times / times.mean()), repeated, FitRows(x, bad, None))
    ]
    assert told[0] == pytest.approx(told[1])
    assert told[0] != pytest.approx(told[2], rel=0.01)


NUMBERS = st.one_of(st.none(), st.floats(-1e30, 1e30), st.integers(-(10**9), 10**9), st.just(-9.0))
ROWS = st.fixed_dictionaries(
    {
        "income": NUMBERS, "bureau": NUMBERS, "late": NUMBERS,
        "home": st.one_of(st.none(), st.sampled_from(["rent", "own", "hostel", "castle", "1.0"])),
        "phone": st.one_of(st.none(), st.sampled_from(["yes", "no", "perhaps"])),
        "first_credit": st.one_of(st.none(), st.dates(date(1950, 1, 1), date(2030, 1, 1))),
        "opened": st.dates(date(2023, 1, 1), date(2025, 1, 1)),
    }
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=5))
def test_a_row_and_a_table_get_the_same_answer(rows: list[dict[str, object]]) -> None:
    frame = pd.DataFrame(rows).assign(id=[str(i) for i in range(len(rows))])
    for name in ("income", "bureau", "late"):
        frame[name] = frame[name].astype(float)
    for name in ("first_credit", "opened"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    checked = applicants(from_frame(frame), DATASET.portfolio)
    scorer = Scorer(MODEL)
    table = scorer.score_table(checked)
    for i, record in enumerate(checked.record):
        one = scorer.score(rows[record - 1])
        assert np.float64(one.p_bad).tobytes() == np.float64(table["p_bad"][i]).tobytes()
        assert (one.points, one.band, one.decision) == tuple(table.loc[i, ["points", "band", "decision"]])
        assert "; ".join(f"{f.kind}: {f.characteristic}" for f in one.flags) == table["flags"][i]
        assert one.low <= one.high


def test_a_study_shows_its_card() -> None:
    from workbench import study

    spec = study.StudySpec(("scorecard",), SamplingSpec.from_split("70/30", "random", 42))
    done = study.run(DATASET, spec, Run())
    kept = from_files(to_files(done)).model("scorecard")
    told = done.model("scorecard")
    assert len(told.card) and kept.card["points"].tolist() == told.card["points"].tolist()
    assert kept.selection["reason"].tolist() == told.selection["reason"].tolist()
    from workbench.reports.card import card_parts

    html = "".join(card_parts(kept))
    assert "no record" in html and "standard error" in html and "correlat" not in html.split("Selection")[0]


@pytest.mark.parametrize(
    ("name", "file", "least"),
    [
        ("taiwan_cards", "taiwan_cards/taiwan.csv", 0.755),
        ("german_credit", "german_credit/german_labelled.csv", 0.75),
    ],
)
def test_public_data_are_ranked_as_well_as_others_do(
    name: str, file: str, least: float, tmp_path: Path
) -> None:
    data = real(name, file, tmp_path)
    model = train(data)
    held = split(data).mask("hold-out")
    x, bad = bin_numbers(model, data), data.outcome[held]
    auc = evaluate(bad, model.p_bad(data.frame, data.date)[held]).value("auc")
    assert least < auc < 0.85
    # rounding costs next to nothing
    exact = np.full(len(x), model.fitted.intercept)
    for term in model.fitted.terms:
        woe = np.array(model.encoder.bins[term.column].woe)
        exact += term.coefficient * woe[x[:, term.column].astype(int)]
    unrounded = evaluate(bad, 1 / (1 + np.exp(-exact[held]))).value("auc")
    assert abs(auc - unrounded) < 0.002
    shift = np.abs(
        model.fitted.points(x) - (data.portfolio.points.offset - data.portfolio.points.factor * exact)
    )
    assert shift.max() < len(model.fitted.terms) / 2
    assert (model.coefficients["coefficient"] < 0).all()
    development = ~held
    p_bad = model.p_bad(data.frame, data.date)[development]
    assert p_bad.mean() == pytest.approx(data.outcome[development].mean(), abs=0.005)
