"""What a training may be trusted with: its own refused rows, its own gate, its own portfolio."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from tests import made
from tests.databases import KINDS, Databases
from workbench.dataset import Dataset
from workbench.desk import Desk, TrainRequest, tables, trainings
from workbench.errors import GateError, InputError
from workbench.jobs.tasks import Job
from workbench.jobs.tasks import train as train_job
from workbench.portfolio import Portfolio, to_toml
from workbench.registry.tables import StudyTable
from workbench.run import Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPEC = StudySpec(("logistic",), SamplingSpec.from_split("70/30", "random", 42))
BOTH = dataclasses.replace(SPEC, families=("logistic", "lightgbm"))


@pytest.fixture(params=KINDS)
def at(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Desk]:
    with databases.new(request.param) as named:
        opened = Desk(Settings(home=tmp_path / "home", threads=1, **named), "analyst", lambda: NOON)
        yield opened
        opened.registry.close()


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.csv"
    made.frame(1000).to_csv(path, index=False)
    return path


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """The same good rows, and 65 more that cannot be read."""
    worse = made.frame(65, seed=8).astype({"income": object})
    worse["income"], worse["id"] = "much", [f"x{i}" for i in range(65)]
    path = tmp_path / "dirty.csv"
    pd.concat([made.frame(1000), worse]).to_csv(path, index=False)
    return path


def train(at: Desk, path: Path, spec: StudySpec = SPEC, portfolio: Portfolio | None = None) -> object:
    return at.train(at.request(at.build(path, portfolio or made.portfolio()), spec), Run(1))


@pytest.mark.parametrize("first", ["clean", "dirty"])
def test_a_file_answers_for_its_own_refused_rows(at: Desk, clean: Path, dirty: Path, first: str) -> None:
    for path in (clean, dirty, clean, dirty)[(first == "dirty") :]:
        if path == dirty:
            with pytest.raises(GateError) as stopped:
                train(at, path)
            assert stopped.value.code == "REFUSED_ROWS"
        else:
            assert train(at, path).models[0].model_id == "made-1"
    assert len(at.registry.datasets()) == 1


def test_a_request_names_its_reading_and_else_takes_the_last(at: Desk, clean: Path, dirty: Path) -> None:
    good = at.request(at.build(clean, made.portfolio()), SPEC)
    bad = at.request(at.build(dirty, made.portfolio()), SPEC)
    assert good.dataset_sha256 == bad.dataset_sha256 and good.reading_sha256 != bad.reading_sha256
    assert TrainRequest.from_json(bad.to_json()) == bad
    assert at.train(good, Run(1)).best == "made-1"
    with pytest.raises(GateError):
        at.train(dataclasses.replace(good, reading_sha256=""), Run(1))


def _unnamed(at: Desk) -> None:
    """Make the studies what they were before they named the reading they were made from."""
    with at.registry.store.database.write() as session:
        for row in session.scalars(select(StudyTable)):
            row.summary = {k: v for k, v in row.summary.items() if k != "reading_sha256"}


@pytest.mark.parametrize("named", [True, False])
def test_what_is_refused_of_a_later_file_changes_nothing_of_a_model(
    at: Desk, clean: Path, dirty: Path, tmp_path: Path, named: bool
) -> None:
    done = train(at, clean, BOTH)
    late = dataclasses.replace(at, now=lambda: NOON + timedelta(days=1))
    with pytest.raises(GateError):
        train(late, dirty)
    if not named:
        _unnamed(late)
    ids = [line.model_id for line in done.models]
    told = late.replay(ids[0], Run(1))
    assert told.identical and told.rows == 1000
    assert late.export(ids[0], "native", tmp_path / "out").rows_checked > 1000
    assert late.compare(ids, Run(1)).rows.words == "hold-out sample of clean.csv"
    assert late.registry.datasets()[0].name == "dirty.csv"


def test_a_model_is_trained_again_on_the_reading_it_names_though_another_came_first(
    at: Desk, clean: Path, dirty: Path
) -> None:
    at.build(dirty, made.portfolio())
    late = dataclasses.replace(at, now=lambda: NOON + timedelta(days=1))
    done = train(late, clean)
    at.build(dirty, made.portfolio())
    assert late.replay(done.best, Run(1)).identical


def test_a_higher_requirement_is_held_against_the_same_model(at: Desk, clean: Path) -> None:
    low = train(at, clean)
    strict = made.portfolio(version=2, requirements={"rows": 100, "bads": 10, "auc": 0.99})
    high = train(at, clean, portfolio=strict)
    assert low.models[0].gate["passed"] and not high.models[0].gate["passed"]
    assert not high.models[0].known
    row = at.registry.resolve(high.models[0].model_id)
    assert (row.gate, row.portfolio_version) == (high.models[0].gate, 2)
    with pytest.raises(GateError):
        at.promote(row.model_id)


def test_what_is_told_of_a_known_model_is_what_is_registered(
    at: Desk, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = at.registry.resolve(train(at, clean).models[0].model_id)
    register = type(at.registry).register
    told = {"gate": {"passed": True, "reason": "because"}, "metrics": {"auc": 0.99}}
    monkeypatch.setattr(type(at.registry), "register", lambda self, m, **a: register(self, m, **(a | told)))
    line = train(at, clean).models[0]
    assert line.known and (line.gate, line.metrics) == (row.gate, row.metrics)
    assert (line.samples, line.reported) == (row.samples, row.reported)


def test_a_job_that_is_run_again_keeps_one_study_and_one_version(at: Desk, clean: Path) -> None:
    params = at.request(at.build(clean, made.portfolio()), SPEC).to_json()
    job = Job("3f0c-11", "analyst", at.settings)
    first, again = (train_job(params, Run(1), job) for _ in range(2))
    assert first["study_id"] == again["study_id"] == at.registry.studies()[0].study_id
    assert len(at.registry.studies()) == len(at.registry.models()) == 1
    other = train_job(params, Run(1), dataclasses.replace(job, job_id="3f0c-12"))
    assert other["study_id"] != first["study_id"] and len(at.registry.studies()) == 2
    assert at.fsck() == []


@pytest.mark.parametrize("stop", ["fitting", "the study", "the second model"])
def test_who_stops_a_training_is_told_what_stayed(
    at: Desk, clean: Path, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = at.build(clean, made.portfolio())
    register, turn = trainings._register, iter(range(9))

    def interrupted(*arguments: object, **more: object) -> object:
        raise KeyboardInterrupt

    def second(*arguments: object) -> object:
        return interrupted() if next(turn) else register(*arguments)  # type: ignore[arg-type]

    if stop == "fitting":
        monkeypatch.setattr(trainings.study, "run", interrupted)
    else:
        monkeypatch.setattr(trainings, "_register", interrupted if stop == "the study" else second)
    request = dataclasses.replace(at.request(data, BOTH), job_id="j1")
    with pytest.raises(KeyboardInterrupt) as stopped:
        at.train(request, Run(1))
    kept = at.registry.studies()
    told = {
        "fitting": "No study was kept and no model was registered; the data that were read are kept.",
        "the study": f"Its study {kept[0].study_id if kept else ''} is kept. No model was registered.",
        "the second model": f"Its study {kept[0].study_id if kept else ''} is kept. "
        "This model is registered: made-1.",
    }[stop]
    assert stopped.value.__notes__ == [told] == [at.stayed(job_id="j1")]


def test_the_portfolio_of_a_file_is_on_the_shelf_before_its_models(
    at: Desk, clean: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(to_toml(made.portfolio()))
    request = TrainRequest(str(file), SPEC, path=str(clean))
    assert at.train(request, Run(1)).best == "made-1"
    assert at.portfolio("made@1") == at.model("made-1").portfolio
    assert at.train(request, Run(1)).models[0].known
    file.write_text(to_toml(made.portfolio(title="Other loans")))
    with pytest.raises(InputError, match="version = 2 into the file") as refused:
        at.train(request, Run(1))
    assert refused.value.code == "PORTFOLIO_VERSION" and len(at.models()) == 1
    kept = dataclasses.replace(request, dataset_sha256=at.registry.datasets()[0].sha256, path="")
    with pytest.raises(InputError):
        at.train(kept, Run(1))
    file.write_text(to_toml(made.portfolio(title="Other loans", version=2)))
    assert at.train(request, Run(1)).best == "made-2"
    assert at.shelf.versions("made") == [1, 2]
    assert (at.settings.home.stat().st_mode & 0o777) == 0o700


def test_a_portfolio_that_ships_cannot_be_taken_for_another(at: Desk) -> None:
    shipped = at.portfolio("taiwan_cards")
    at.shelf.put(shipped)
    with pytest.raises(InputError):
        at.shelf.put(shipped.model_copy(update={"title": "Mine"}))
    assert at.portfolio("taiwan_cards") == shipped


def test_measures_on_rows_a_model_was_developed_on_are_told(at: Desk, clean: Path, tmp_path: Path) -> None:
    done = train(at, clean)
    sample = at.study(done.study_id).rows["sample"]

    def rows(frame: pd.DataFrame) -> Dataset:
        frame.to_csv(tmp_path / "other.csv", index=False)
        return at.evaluate("made-1", tmp_path / "other.csv")[1]

    whole = at.seen("made-1", rows(made.frame(1000)))
    assert whole.contains_development and "very data made-1 was developed on" in whole.note
    later = made.frame(300, seed=5).assign(id=[f"n{i}" for i in range(300)])
    unseen = at.seen("made-1", rows(later))
    assert (unseen.contains_development, unseen.rows, unseen.note) == (False, 0, "")
    held = made.frame(1000)[(sample == "hold-out").to_numpy()]
    assert at.seen("made-1", rows(held)).contains_development is False
    some = made.frame(1000)[(sample == "development").to_numpy()].head(20)
    mixed = at.seen("made-1", rows(pd.concat([later, some])))
    assert (mixed.contains_development, mixed.rows) == (True, 20)
    assert mixed.note.startswith("20 of 320 rows have the key of an applicant")


def test_keys_in_a_csv_for_programs_are_the_callers_own(at: Desk, clean: Path, tmp_path: Path) -> None:
    train(at, clean)
    keys = ["-A1", "=B2", "@C3", "+7", "-8.5", "plain"]
    rows = made.frame(6, seed=4).assign(id=keys).astype({"income": object})
    rows.loc[0, "income"] = "much"
    rows.to_csv(tmp_path / "next.csv", index=False)
    at.score_file("made-1", tmp_path / "next.csv", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert out["id"].tolist() == keys
    text = pd.DataFrame({"=head": ["=1+1", "-3", "+x"], "id": ["=1", "-a", "3"]})
    assert tables.to_plain_csv(text, ["id"]).decode().splitlines() == [
        "'=head,id",
        "'=1+1,=1",
        "-3,-a",
        "'+x,3",
    ]
    assert tables.to_csv(text).decode("utf-8-sig").splitlines()[1:] == ["'=1+1,'=1", "-3,'-a", "'+x,3"]


def test_reasons_are_given_at_the_desk(at: Desk, dirty: Path) -> None:
    data = at.build(dirty, made.portfolio())
    at.acknowledge(data, "REFUSED_ROWS", "", "closed accounts")
    assert at.acknowledged(data) == {("REFUSED_ROWS", ""): "closed accounts"}
    later = dataclasses.replace(at, now=lambda: NOON + timedelta(days=1))
    assert later.registry.acknowledged(data)[0].at == NOON
    reasons = tuple((*key, why) for key, why in at.acknowledged(data).items())
    assert train(at, dirty, dataclasses.replace(SPEC, acknowledged=reasons)).best == "made-1"
