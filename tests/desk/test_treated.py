"""Fairness of a registered model: on the rows held out from it, on a file's, and on the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests import made
from workbench.cli import app
from workbench.dataset import build, from_frame
from workbench.desk import Desk, DriftRequest, FairnessRequest
from workbench.desk.reported import rivals_shown, study_shown
from workbench.desk.treated import beside, own_ages, unchecked
from workbench.errors import InputError
from workbench.fairness import ratio
from workbench.portfolio import from_values
from workbench.reports.fairness import approvals
from workbench.reports.fairness_chapters import fairness, rivals_fairness
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec
from workbench.synthetic import generate


@dataclass(frozen=True)
class Place:
    desk: Desk
    model: str
    folder: Path

    def ask(self, **asked: object):
        return self.desk.fairness(FairnessRequest(self.model, **asked), Run(1))

    def file(self, rows: pd.DataFrame) -> str:
        path = self.folder / f"rows{len(list(self.folder.glob('rows*')))}.csv"
        rows.to_csv(path, index=False)
        return str(path)

    def call(self, *arguments: str):
        env = {"WORKBENCH_HOME": str(self.desk.settings.home)}
        return CliRunner().invoke(app, ["fairness", self.model, *arguments], env=env)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Made consumer loans, where age is scored and gender and age group are protected."""
    folder = tmp_path_factory.mktemp("fair")
    desk = Desk(
        Settings(home=folder / "home", threads=1), "officer", lambda: datetime(2026, 3, 1, tzinfo=UTC)
    )
    dataset = desk.keep_generated("consumer_credit", 3000, 5)
    spec = StudySpec(("logistic",), SamplingSpec.from_split("70/30"))
    done = desk.train(desk.request(dataset, spec), Run(1))
    return Place(desk, done.models[0].model_id, folder)


@pytest.fixture(scope="module")
def fresh() -> pd.DataFrame:
    return generate("consumer_credit", 2500, 99)


def test_held_out_rows_are_judged_by_the_models_own_decisions(place: Place) -> None:
    told = place.ask(by=("gender", "age_group"))
    row = place.desk.registry.resolve(place.model)
    study = place.desk.study(row.study_id)
    held = study.samples.mask("hold-out")
    assert told.fairness.n == held.sum() and told.words.startswith("hold-out sample of")
    policy = place.desk.model(place.model).policy
    assert told.fairness.cut_off == policy.approve_below
    approved = policy.decision_codes(study.model("logistic").p_bad[held]) == 0
    dataset = place.desk.dataset(row.dataset_sha256, study.portfolio)
    women = (dataset.protected["gender"] == "female").to_numpy()[held]
    line = told.fairness.of("gender").set_index("group").loc["Female"]
    assert line["approval_rate"] == pytest.approx(approved[women].mean())
    assert line["air"] == pytest.approx(approved[women].mean() / approved[~women].mean())
    assert told.fairness.comparators["gender"].group == "Male"
    assert "+0.00" not in approvals(told.fairness, "gender")  # nobody is held against itself
    assert any("Age is protected and given to the model" in note for note in told.notes)


def test_a_segment_of_one_group_leaves_nothing_to_compare(place: Place) -> None:
    with pytest.raises(InputError) as said:
        place.ask(by=("gender",), segment="gender = Female")
    assert said.value.code == "NO_GROUPS" and "all rows are of one group" in str(said.value)
    young = place.ask(by=("gender",), segment="age < 40")
    assert 0 < young.fairness.n < place.ask().fairness.n and young.words.endswith("where age < 40")


def test_a_file_with_and_without_outcomes(place: Place, fresh: pd.DataFrame) -> None:
    whole = place.ask(by=("gender",), path=place.file(fresh))
    outcome = whole.portfolio.outcome.column
    bare = place.ask(by=("gender",), path=place.file(fresh.drop(columns=outcome)))
    assert whole.fairness.n_bad and bare.fairness.n_bad is None
    assert bare.fairness.of("gender")["air"].tolist() == whole.fairness.of("gender")["air"].tolist()
    assert bare.fairness.of("gender")["goods_approved"].isna().all()
    women = (fresh["gender"] == "female").to_numpy()
    half = fresh.assign(age=np.where(women & (np.arange(len(fresh)) % 2 == 0), 150, fresh["age"]))
    for rows in (fresh, half):
        path, scored = place.file(rows), place.folder / "scored.csv"
        place.desk.score_file(place.model, Path(path), scored)
        approved = (pd.read_csv(scored)["decision"] == "approve").to_numpy()
        told = place.ask(by=("gender",), path=path).fairness
        assert told.of("gender").set_index("group").loc["Female"]["n_approved"] == (approved & women).sum()
        drift = place.desk.drift(DriftRequest(place.model, path)).drift.score
        assert drift.value("approval_rate") == pytest.approx(approved.mean())
        assert drift.value("refer_rate") == pytest.approx((pd.read_csv(scored)["decision"] == "refer").mean())
    assert 0 < told.approval_rate < whole.fairness.approval_rate
    assert told.at(1.0).of("gender").set_index("group").loc["Female"]["approval_rate"] < 0.6
    assert np.isfinite(told.over_cut_offs["cut_off"]).all()


def test_one_class_alone_and_all_missing_get_a_sentence(place: Place, fresh: pd.DataFrame) -> None:
    outcome = place.desk.model(place.model).portfolio.outcome
    alone = place.ask(by=("gender",), path=place.file(fresh.assign(**{outcome.column: outcome.bad[0]})))
    groups = alone.fairness.of("gender")
    assert set(groups["goods_approved_reason"]) == {"no goods in this group"}
    assert set(groups["auc_reason"]) == {"no goods in this group"}
    with pytest.raises(InputError) as said:
        place.ask(by=("gender",), path=place.file(fresh.assign(gender=np.nan)))
    assert said.value.code == "NO_GROUPS" and "no row's group is known" in str(said.value)
    one = fresh.assign(gender=["female"] + ["male"] * (len(fresh) - 1))
    told = place.ask(by=("gender",), path=place.file(one)).fairness
    assert "nothing can be concluded" in told.sentence and "fewer than 30 applicants" in told.sentence


def test_scored_age_is_looked_at_where_the_law_asks(place: Place) -> None:
    assert place.ask(by=("gender",)).fairness.elderly == ()
    (age,) = place.ask(by=("gender",), profile="us_federal").fairness.elderly
    assert age.n > 0 and age.worse == 0 and "counts against none of these" in age.sentence
    assert age.by_age["mean_p_bad"].diff().max() <= 1e-9  # risk may only fall with age in this portfolio


def test_an_age_that_cannot_be_checked_is_said_to_be_unchecked() -> None:
    values = made.portfolio().to_json()
    for one, checked in (
        ({"name": "age"}, True),
        ({"name": "age", "unit": "months"}, False),
        ({"name": "applicant_age"}, False),
        ({"name": "age", "kind": "category"}, False),
        ({"name": "applicant_age", "unit": "years"}, True),
        ({"name": "applicant_age", "tags": ["age"]}, True),
        ({"name": "born", "tags": ["age"], "unit": "months"}, False),
        ({"name": "vehicle_age", "unit": "years"}, False),
        ({"name": "ages", "unit": "years"}, False),
        ({"name": "AgeYears"}, False),
        ({"name": "age", "kind": "category", "tags": ["age"]}, False),
    ):
        portfolio = from_values(values | {"characteristics": [*values["characteristics"], one]}, "made")
        said = unchecked(portfolio, "us_federal")
        assert len(said) == (0 if checked else 1) and unchecked(portfolio, "none") == ()
        assert [a.name for a in own_ages(portfolio)] == ([one["name"]] if checked else [])
        assert checked or f"{one['name']} was not checked" in said[0] and "because it" in said[0]
    both = [{"name": "agent_fee"}, {"name": "born", "tags": ["age"], "unit": "months"}, {"name": "age"}]
    portfolio = from_values(values | {"characteristics": [*values["characteristics"], *both]}, "made")
    assert [a.name for a in own_ages(portfolio)] == ["age"]
    (said_once,) = unchecked(portfolio, "us_federal")
    assert said_once.startswith("born was not checked") and "because its unit is months" in said_once


def test_what_tells_the_group_is_found_among_what_the_model_uses(place: Place) -> None:
    told = place.ask(by=("age_group",)).proxies
    assert told["characteristic"].iloc[0] == "age" and told["strong"].iloc[0]
    assert told["cramers_v"].iloc[0] > 0.7 > told["cramers_v"].iloc[-1]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"by": ("income",)}, "NOT_PROTECTED", "not protected in consumer_credit@1 but characteristic"),
        ({"by": ("height",)}, "NOT_PROTECTED", "Take one of: gender, age_group."),
        ({"by": ("age",)}, "NO_BANDS", "without bands"),
        ({"sample": "validation"}, "SAMPLE", "no sample 'validation'"),
        ({"profile": "mars"}, "PROFILE", "us_federal"),
    ],
)
def test_wrong_questions_get_a_sentence(
    place: Place, asked: dict[str, object], code: str, words: str
) -> None:
    with pytest.raises(InputError) as said:
        place.ask(**asked)
    assert said.value.code == code and words in str(said.value)


def test_command_line_gives_what_the_desk_gives(place: Place, fresh: pd.DataFrame) -> None:
    path = place.file(fresh)
    done = place.call(path, "--by", "gender", "--by", "age_group", "--profile", "new_jersey", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    told_by_desk = place.ask(by=("gender", "age_group"), path=path, profile="new_jersey").to_json()
    assert told == json.loads(json.dumps(told_by_desk))
    assert told["reference"] == {"gender": "Male", "age_group": "40 to 61"}
    line = next(one for one in told["groups"] if one["group"] == "Female")
    assert {"by", "group", "n", "n_bad", "approval_rate", "air", "air_low", "air_high", "p_value"} <= set(
        line
    )
    assert isinstance(line["n_bad"], int) and isinstance(line["n_approved"], int)
    assert told["measures"] and told["intersections"] and told["profile"]["as_of"]
    policy = place.ask(path=path)
    for asked in ({}, {"against": "highest"}):
        moved = json.loads(place.call(path, "--cut-off", "0", *(f"--{k}={v}" for k, v in asked.items()),
                                      "--json").stdout)  # fmt: skip
        shown = place.ask(path=path, **asked).at(0.0).to_json()
        assert moved | {"cut_off_source": ""} == json.loads(json.dumps(shown)) | {"cut_off_source": ""}
    assert [one["n_bad"] for one in moved["groups"]] == policy.fairness.groups["n_bad"].tolist()
    nobody = place.call(path, "--cut-off", "0").stdout
    assert "nobody is approved" in " ".join(nobody.split()) and "large enough" not in nobody
    people = place.call("--by", "gender")
    assert people.exit_code == 0 and "Female" in people.stdout and "not legal advice" in people.stderr


def test_command_line_refuses_with_one_sentence(place: Place, fresh: pd.DataFrame) -> None:
    absent = place.file(fresh.drop(columns="gender"))
    for arguments, words in (
        (("--by", "income"), "is not protected"),
        ((absent, "--by", "gender"), "has no column 'gender'"),
        (("--cut-off", "25"), "Give 0.25 for 25%"),
        (("--against", "me"), "neither declared nor highest"),
        ((absent, "--sample", "hold-out"), "a file has no samples"),
    ):
        done = place.call(*arguments, "--json")
        assert done.exit_code == 2 and words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and json.loads(done.stdout)["error"]


def test_a_protected_column_cannot_reach_a_model(place: Place) -> None:
    """However it is tried: declared twice, renamed after training, or put into what is scored."""
    values = made.portfolio().to_json()
    sex = {"name": "sex", "kind": "category"}
    with pytest.raises(InputError, match="give it one role"):
        from_values(values | {"characteristics": [*values["characteristics"], sex]}, "made")
    tagged = [*values["characteristics"], sex | {"tags": ["protected"]}]
    with pytest.raises(InputError, match="say why in its reason"):
        from_values(values | {"protected": [], "characteristics": tagged}, "made")
    dataset = build(from_frame(made.frame(400)), made.portfolio())
    assert "sex" not in dataset.frame and list(dataset.protected) == ["sex"]
    # what it holds changes neither the data's fingerprint nor any PD
    model = place.desk.model(place.model)
    rows = generate("consumer_credit", 300, 3)
    first, other = (
        place.ask(by=("age_group",), path=place.file(f)).fairness.sweeps["age_group"].p_bad
        for f in (rows, rows.assign(gender=rows["gender"].to_numpy()[::-1]))
    )
    assert np.array_equal(first, other)
    out = place.folder / "out.csv"
    with pytest.raises(InputError, match="'gender' is protected, and the portfolio gives it to no model"):
        place.desk.score_file(place.model, Path(place.file(rows)), out, rename={"purpose": "gender"})
    assert not out.exists()
    used = set(model.importance["characteristic"])
    assert "income" in used and not used & {"gender", "age_group"}


@pytest.mark.slow
def test_the_report_tells_what_the_command_line_tells(place: Place) -> None:
    env = {"WORKBENCH_HOME": str(place.desk.settings.home)}
    call = ["report", "fairness", "-p", f"model={place.model}", "-p", "profile=us_federal", "--json"]
    done = CliRunner().invoke(app, call, env=env)
    assert done.exit_code == 0, done.stderr
    html = unescape(Path(json.loads(done.stdout)["html"]).read_text())
    told = json.loads(place.call("--profile", "us_federal", "--json").stdout)
    assert told["sentence"] in html and all(note in html for note in (*told["limits"], *told["notes"]))
    for line in told["groups"]:
        assert line["group"] in html
        if line["air_low"] is not None:
            assert ratio(line["air"], line["air_low"], line["air_high"]) in html
    for title in ("Which law, as of when", "At every cut-off", "Proxies", "What can and cannot be concluded"):
        assert title in html
    assert told["age"][0]["sentence"] in html and told["profile"]["as_of"] in html


def test_models_side_by_side_approve_the_same_share(place: Place) -> None:
    first = place.desk.registry.resolve(place.model)
    dataset = place.desk.dataset(first.dataset_sha256, place.desk.study(first.study_id).portfolio)
    spec = StudySpec(("scorecard",), SamplingSpec.from_split("70/30"))
    other = place.desk.train(place.desk.request(dataset, spec), Run(1)).models[0].model_id
    compared = place.desk.compare([place.model, other], Run(1))
    told = beside(compared, compared.comparison.approval)
    assert list(told) == [place.model, other]
    for found in told.values():
        assert found.approval_rate == pytest.approx(0.70, abs=0.03)  # a scorecard's PDs are tied
        assert set(found.by) == {"gender", "age_group"} and found.n == compared.comparison.n
    chapter = rivals_fairness(rivals_shown(place.desk, models=f"{place.model},{other}"))
    said = " ".join(part for part in chapter.parts if isinstance(part, str))
    line = next(iter(told.values())).of("gender").set_index("group").loc["Female"]
    assert ratio(line["air"], line["air_low"], line["air_high"]) in said and "legal advice" in said


def test_the_training_report_has_fairness_in_one_table(place: Place) -> None:
    row = place.desk.registry.resolve(place.model)
    shown = study_shown(place.desk, study=row.study_id)
    told = " ".join(fairness(shown).parts)
    expected = place.ask().fairness
    assert expected.sentence.replace("'", "&#x27;") in told or expected.sentence in told
    assert told.count("<table") == 1 and "Female" in told and "62 and over" in told
