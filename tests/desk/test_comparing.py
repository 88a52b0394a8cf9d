"""Models compared on the same rows, and promotion only where the champion is beaten beyond noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.shop import TOML, loans
from tests.databases import KINDS, Databases
from workbench import desk
from workbench.desk import Desk, TrainOutcome, TrainRequest, comparing
from workbench.errors import GateError, InputError
from workbench.evaluation import delong
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPEC = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("70/30"))
WEAK = TOML.replace("auc = 0.6", "auc = 0.5")


def later(n: int, seed: int = 9) -> pd.DataFrame:
    """Loans of applicants that no earlier extract holds."""
    rows = loans(n, seed=seed)
    return rows.assign(id=rows["id"] + 100_000)


class Place:
    """A desk on a fresh home, made loans, and a portfolio that uses only a part of what they tell."""

    def __init__(self, folder: Path, **named: str) -> None:
        self.folder = folder
        self.desk = Desk(Settings(home=folder / "home", threads=1, **named), "analyst", lambda: NOON)
        self.whole = folder / "shop_loans.toml"
        self.whole.write_text(WEAK)
        self.data = folder / "loans.csv"
        loans(3000).to_csv(self.data, index=False)

    def train(
        self, *families: str, seed: int = 42, noise: bool = False, split: str = "70/30", **more: object
    ) -> TrainOutcome:
        """Train; with `noise` on data whose best characteristic says nothing."""
        path = self.data
        if noise:
            path = self.folder / "noise.csv"
            rows = loans(3000)
            rows["income"] = np.random.default_rng(0).permutation(rows["income"])
            rows.to_csv(path, index=False)
        spec = dataclasses.replace(
            SPEC, families=families, sampling=SamplingSpec.from_split(split, seed=seed)
        )
        return self.desk.train(TrainRequest(str(self.whole), spec, path=str(path), **more), Run(1))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Place]:
    with databases.new(request.param) as named:
        made = Place(tmp_path, **named)
        yield made
        made.desk.registry.close()


def test_kept_rows_are_the_same_rows_and_give_delongs_figures(place: Place) -> None:
    done = place.train("logistic", "lightgbm")
    ids = [line.model_id for line in done.models]
    compared = place.desk.compare(ids, Run(1))
    study = place.desk.study(done.study_id)
    held = study.samples.mask("hold-out")
    bad = study.rows["outcome"].to_numpy()[held]
    aucs, covariance = delong(bad, np.stack([m.p_bad[held] for m in study.models]))
    told = compared.to_json()
    line = told["tests"][0]
    assert (line["a"], line["b"]) == tuple(ids)
    assert line["difference"] == pytest.approx(aucs[1] - aucs[0])
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert line["z"] == pytest.approx((aucs[1] - aucs[0]) / error)
    assert told["n"] == held.sum() and told["dataset_sha256"] == done.dataset_sha256
    assert (compared.rows.positions == np.flatnonzero(held)).all() and told["notes"] == []
    kinds = [m["kind"] for m in told["models"]]
    assert kinds == ["model", "model", "baseline", "baseline"]
    assert told["models"][0]["auc"] == pytest.approx(done.models[0].metrics["auc"])
    assert told["models"][0]["bytes"] > 1000 and told["models"][0]["one_row_seconds"] > 0


def test_other_splits_share_only_rows_no_model_was_fitted_on(place: Place) -> None:
    one, other = place.train("logistic", seed=1), place.train("logistic", seed=2)
    compared = place.desk.compare([one.models[0].model_id, other.models[0].model_id], Run(1))
    masks = [place.desk.study(d.study_id).samples.mask("hold-out") for d in (one, other)]
    assert (compared.rows.positions == np.flatnonzero(masks[0] & masks[1])).all()
    assert "no model was fitted on" in compared.rows.notes[0]


def test_a_labelled_file_is_scored_by_all(place: Place) -> None:
    done, noise = place.train("logistic"), place.train("logistic", noise=True)
    ids = [done.models[0].model_id, noise.models[0].model_id]
    with pytest.raises(InputError) as said:
        place.desk.compare(ids, Run(1))
    assert said.value.code == "DIFFERENT_ROWS" and "developed on are left out" in str(said.value)
    fresh = place.folder / "fresh.csv"
    later(1500, seed=9).to_csv(fresh, index=False)
    compared = place.desk.compare(ids, Run(1), fresh)
    assert compared.comparison.n == 1500 and compared.comparison.verdict.startswith(
        f"{ids[0]} is better than"
    )
    scored = place.folder / "scored.csv"
    place.desk.score_file(ids[0], fresh, scored)
    np.testing.assert_allclose(pd.read_csv(scored)["p_bad"], compared.rows.p_bad[ids[0]])


def test_rows_of_a_file_that_a_model_was_developed_on_are_left_out(place: Place) -> None:
    one, other = place.train("logistic", seed=1), place.train("logistic", noise=True, seed=2)
    ids = [one.models[0].model_id, other.models[0].model_id]
    held = [place.desk.study(d.study_id).samples.mask("hold-out") for d in (one, other)]
    grown = place.folder / "grown.csv"
    pd.concat([loans(3000), later(200)]).to_csv(grown, index=False)
    same, more = (place.desk.compare(ids, Run(1), path).rows for path in (place.data, grown))
    free = np.flatnonzero(held[0] & held[1])
    assert (same.positions == free).all() and same.left_out == 3000 - len(free)
    assert (more.positions == [*free, *range(3000, 3200)]).all() and more.left_out == same.left_out
    for rows in (same, more):
        said = [f"2,100 rows that {model} was developed on were left out of the comparison." for model in ids]
        assert rows.notes == tuple(said)
    seen = place.folder / "seen.csv"
    loans(3000)[~held[0]].to_csv(seen, index=False)
    with pytest.raises(InputError, match="no goods and bads are left") as said:
        place.desk.compare(ids, Run(1), seen)
    assert said.value.code == "DIFFERENT_ROWS"


def test_what_cannot_be_compared_is_said(place: Place) -> None:
    done = place.train("logistic")
    with pytest.raises(InputError, match="fewer than two"):
        place.desk.compare([done.best, done.best], Run(1))


def test_deploy_only_if_better(place: Place) -> None:
    worse = place.train("lightgbm", split="10/90", deploy=True)
    assert worse.deployment.promoted, worse.deployment  # the first champion needs its gate only
    better = place.train("logistic", deploy=True)
    assert better.deployment.promoted and better.deployment.model_id == better.best
    line = place.desk.registry.trail(limit=1)[0]
    assert line.action == "promoted" and line.detail["challenge"]["better"]
    assert line.detail["challenge"]["p_value"] < 0.05 and line.detail["challenge"]["positions"]
    refused = place.train("lightgbm", split="10/90", seed=5, deploy=True)
    assert (refused.deployment.promoted, refused.deployment.code) == (False, "NOT_BETTER")
    assert "does not beat the champion" in refused.deployment.reason
    line = place.desk.registry.trail(limit=1)[0]
    assert line.action == "promotion refused" and line.detail["code"] == "NOT_BETTER"
    assert line.detail["challenge"]["better"] is False
    assert place.desk.registry.resolve("shop_loans@champion").model_id == better.best
    forced = place.train("lightgbm", split="10/90", seed=6, deploy=True, force=True, why="a drill")
    assert forced.deployment.promoted and "because: a drill" in forced.deployment.reason
    detail = place.desk.registry.trail(limit=1)[0].detail
    assert detail["force"] and detail["challenge"]["better"] is False


@pytest.mark.parametrize("keyed", [True, False])
def test_a_champion_is_not_judged_on_rows_of_an_earlier_extract_it_was_developed_on(
    place: Place, keyed: bool
) -> None:
    if not keyed:
        place.whole.write_text(WEAK.replace('row_key = "id"', 'left_out = ["id"]'))
    first = place.train("logistic", deploy=True)
    developed = ~place.desk.study(first.study_id).samples.mask("hold-out")
    pd.concat([loans(3000), later(200)]).to_csv(place.data, index=False)
    second = place.train("lightgbm", seed=7, deploy=True, force=True, why="a drill")
    held = place.desk.study(second.study_id).samples.mask("hold-out")
    both = held[:3000] & developed
    line = place.desk.registry.trail(limit=1)[0]
    told = line.detail["challenge"]
    assert both.sum() > 500 and told["n"] == held.sum() - both.sum() and told["left_out"] == both.sum()
    said = f"{both.sum()} rows that {first.best} was developed on were left out of the comparison"
    assert said in line.sentence and said in told["notes"][0]
    assert ("no key in common" in line.sentence) is not keyed
    rows = comparing.challenge_rows(
        place.desk, *(place.desk.registry.resolve(done.best) for done in (second, first))
    )
    assert (rows.positions == np.flatnonzero(held & ~np.r_[developed, np.zeros(200, bool)])).all()


def test_rows_with_nothing_in_common_to_tell_them_by_are_not_compared(place: Place) -> None:
    place.train("logistic", deploy=True)
    head = WEAK.replace('row_key = "id"', 'left_out = ["id"]')
    purpose = 'name = "age_of_account"'
    assert purpose in head
    place.whole.write_text("version = 2\n" + head.replace(purpose, purpose + '\nkind = "category"'))
    loans(3100).to_csv(place.data, index=False)
    done = place.train("logistic", deploy=True)
    assert not done.deployment.promoted and "could not be compared" in done.deployment.reason
    assert place.desk.registry.trail(limit=1)[0].detail["challenge"]["code"] == "NOT_COMPARED"


def test_of_a_model_whose_data_are_gone_it_is_said_that_rows_may_flatter_it(place: Place) -> None:
    ids = [line.model_id for line in place.train("logistic", "lightgbm").models]
    for file in (place.folder / "home" / "datasets").iterdir():
        file.unlink()
    fresh = place.folder / "fresh.csv"
    later(500).to_csv(fresh, index=False)
    rows = place.desk.compare(ids, Run(1), fresh).rows
    assert rows.left_out == 0 and len(rows.notes) == 2 and all("flatter" in note for note in rows.notes)


def test_a_champion_that_knows_other_data_scores_the_new_rows(place: Place) -> None:
    place.train("logistic", noise=True, deploy=True)
    later(3000).to_csv(place.data, index=False)
    done = place.train("logistic", deploy=True)
    assert done.deployment.promoted
    challenge = place.desk.registry.trail(limit=1)[0].detail["challenge"]
    assert challenge["n"] == 900 and challenge["dataset_sha256"] == done.dataset_sha256
    assert challenge["left_out"] == 0 and challenge["notes"] == []


def test_a_champion_of_other_characteristics_is_not_replaced_unseen(place: Place) -> None:
    place.train("logistic", deploy=True)
    age = WEAK.index('[[characteristics]]\nname = "age_of_account"')
    end = WEAK.index("[[characteristics]]", age + 5)
    less = (WEAK[:age] + WEAK[end:]).replace(
        'row_key = "id"', 'row_key = "id"\nleft_out = ["age_of_account"]'
    )
    place.whole.write_text("version = 2\n" + less)
    done = place.train("logistic", deploy=True)
    assert done.deployment.code == "NOT_BETTER" and "could not be compared" in done.deployment.reason


def test_the_same_model_again_is_no_new_champion(place: Place) -> None:
    first = place.train("logistic", deploy=True)
    lines = len(place.desk.registry.trail())
    again = place.train("logistic", deploy=True)
    assert again.deployment.promoted and "already" in again.deployment.reason
    assert [
        row.action for row in place.desk.registry.trail(limit=len(place.desk.registry.trail()) - lines)
    ].count("promoted") == 0
    assert again.best == first.best


def test_force_needs_deploy_and_a_reason(place: Place) -> None:
    with pytest.raises(InputError) as said:
        place.train("logistic", deploy=True, force=True)
    assert said.value.code == "NO_REASON"


def test_a_twin_is_not_better_beyond_noise(place: Place) -> None:
    done = place.train("logistic", "lightgbm")
    place.desk.promote(done.models[0].model_id)
    with pytest.raises(GateError) as said:
        place.desk.promote(done.models[1].model_id)
    assert said.value.code == "NOT_BETTER"


def test_requests_written_before_deploying_are_read() -> None:
    request = TrainRequest("p", SPEC, path="x.csv", deploy=True, force=True, why="w")
    assert TrainRequest.from_json(request.to_json()) == request
    old = {k: v for k, v in request.to_json().items() if k not in ("deploy", "force", "why")}
    assert not TrainRequest.from_json(old).deploy
    assert desk.Deployment("m", True, "", "").promoted


def test_two_versions_are_told_apart_line_by_line(place: Place) -> None:
    first = place.train("logistic").best
    second = place.train("lightgbm", split="60/20/20").best
    told = place.desk.differences(first, second).set_index(["topic", "what"])
    assert tuple(told.loc[("Version", "Family"), ["a", "b"]]) == ("logistic", "lightgbm")
    assert tuple(told.loc[("Asked", "Sampling: validation"), ["a", "b"]]) == ("0.0", "0.2")
    assert told.loc[("Samples", "Validation"), "a"] == "–" and not told.loc[("Samples", "Validation"), "same"]
    rows = [place.desk.registry.resolve(model) for model in (first, second)]
    step = rows[1].metrics["auc"] - rows[0].metrics["auc"]
    assert float(told.loc[("Figures", "AUC"), "difference"]) == pytest.approx(step, abs=6e-4)
    assert told.loc[("Data", "Fingerprint"), "same"] and told.loc[("Portfolio", "Version"), "same"]
    assert not told.loc[("Policy", "Approve below a PD of"), "same"]


def test_a_new_version_of_the_portfolio_is_told_in_sentences(place: Place) -> None:
    first = place.train("logistic").best
    place.whole.write_text("version = 2\n" + WEAK.replace("low = 0", 'low = 0\nunit = "EUR"', 1))
    second = place.train("logistic").best
    told = place.desk.differences(first, second).set_index(["topic", "what"])
    line = told.loc[("Portfolio", "Version")]
    assert (line["a"], line["b"]) == ("shop_loans@1", "shop_loans@2") and "EUR" in line["difference"]


def test_how_long_each_fit_took_is_kept_beside_the_study(place: Place) -> None:
    done = place.train("logistic", "lightgbm")
    kept = place.desk.registry.study(done.study_id).summary["fit_seconds"]
    assert set(kept) == {"logistic", "lightgbm"} and 0 < sum(kept.values()) < done.seconds
    compared = place.desk.compare([line.model_id for line in done.models], Run(1))
    assert {line.family: compared.fit[line.model_id] for line in done.models} == kept
    told = {m["family"]: m["fit_seconds"] for m in compared.to_json()["models"] if "family" in m}
    assert told == kept
