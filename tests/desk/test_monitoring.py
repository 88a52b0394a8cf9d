"""The desk holds extracts against development: weights, customers, dates, families, triggers, the trail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests import made
from workbench import desk
from workbench.desk import Desk, DriftRequest, TrainRequest, monitored, monitoring
from workbench.drift import DEFAULT
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.explanation import PROBABILITY
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec
from workbench.trees import shapley


def frame(n: int, seed: int):
    """Return made loans, two a customer, a weight each."""
    rows = made.frame(n, seed)
    rng = np.random.default_rng(seed)
    return rows.assign(
        id=[f"{seed}-{i}" for i in range(n)], who=[f"{seed}-{i // 2}" for i in range(n)],
        heft=rng.choice([1.0, 3.0], n),
    )  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Path]:
    """A desk with a logistic regression and a forest of customers' weighted loans."""
    folder = tmp_path_factory.mktemp("monitoring")
    frame(1600, 1).to_parquet(folder / "loans.parquet")
    opened = desk.open(Settings(home=folder / "home", threads=1))
    portfolio = opened.shelf.save(made.portfolio(group="who", weight="heft"))
    dataset = opened.build(folder / "loans.parquet", portfolio)
    spec = StudySpec(("logistic", "random_forest"), SamplingSpec.from_split("70/30", kind="grouped"))
    opened.train(TrainRequest(portfolio.identity, spec, dataset_sha256=dataset.sha256), Run(1))
    return opened, folder


def look(here: tuple[Desk, Path], rows, model: str = "made-1", **more):
    opened, folder = here
    rows.to_parquet(folder / "extract.parquet")
    return opened.drift(DriftRequest(model, str(folder / "extract.parquet")), **more)


@pytest.mark.parametrize("model", ["made-1", "made-2"])
def test_a_stable_extract_is_green_for_families_that_fit_closely_too(here, model: str) -> None:
    found = look(here, frame(1500, 2), model)
    assert found.drift.verdict.colour == "green", found.drift.sentence()
    assert found.drift.score.psi < float(found.drift.score.stability["psi_99"].iloc[0])
    assert found.drift.score.reference == "hold-out sample"
    assert found.drift.performance.n == 1500 and found.refused == 0
    told = any("not in points" in note for note in found.drift.notes)
    assert told == ("points" not in found.drift.characteristics) == (model == "made-2")


def test_trees_too_deep_for_tables_are_held_without_attributing_each_row(
    here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapley, "MOST_PATTERNS", 0)
    # a forest of log-odds is what the other families of trees are
    monkeypatch.setattr(monitoring, "LOG_ODDS", PROBABILITY)
    found = look(here, frame(1500, 6), "made-2").drift
    assert any("too deep to explain every row" in note for note in found.notes)
    assert "points" not in found.characteristics and found.score.psi is not None


def test_a_look_stops_between_the_attributions_of_development_and_extract(here) -> None:
    opened, folder = here
    frame(300, 7).to_parquet(folder / "extract.parquet")
    steps: list[str] = []
    last = "Why the score moved: development"
    run = Run(1, lambda what, done: steps.append(what), lambda: steps[-1:] == [last])
    with pytest.raises(Cancelled):
        opened.drift(DriftRequest("made-1", str(folder / "extract.parquet")), run=run)
    assert steps[-1] == last


def test_weights_and_customers_widen_what_chance_may_do(here) -> None:
    rows = frame(1500, 3)
    twice = look(here, rows).drift.characteristics.set_index("characteristic")
    alone = look(here, rows.assign(who=rows["id"], heft=1.0)).drift.characteristics.set_index(
        "characteristic"
    )
    assert (twice["psi_expected"] > 1.05 * alone["psi_expected"]).all()
    assert twice.loc["income", "psi"] != alone.loc["income", "psi"]


def test_a_shift_is_told_in_points_by_month_and_in_the_trail(here) -> None:
    opened, _ = here
    rows = frame(1500, 4)
    late = rows["opened"] >= "2024-06-01"
    found = look(here, rows.assign(income=rows["income"] * np.where(late, 2.0, 1.0)))
    told = found.drift
    assert told.verdict.characteristic == "income" and told.verdict.colour in ("amber", "red")
    assert "points on the mean score" in told.verdict.first_cause
    total = told.score.value("mean_points", "difference")
    assert told.characteristics["points"].sum() == pytest.approx(total, abs=4)
    cells = told.months[told.months["characteristic"] == "income"]
    assert (
        cells.loc[cells["month"] >= "2024-06", "psi"].min()
        > cells.loc[cells["month"] < "2024-06", "psi"].max()
    )
    line = opened.registry.trail(model_id="made-1")[0]
    assert line.action == monitoring.LOOKED and line.detail["characteristic"] == "income"
    again = monitored.find(opened.settings.home, found.key)
    assert str(again.to_json()) == str(found.to_json())
    assert monitored.heads(opened.settings.home, "made")[0]["colour"] == told.verdict.colour
    with pytest.raises(MissingError):
        monitored.find(opened.settings.home, "../home")


def test_a_kept_data_set_is_an_extract_and_one_of_another_portfolio_is_not(here) -> None:
    opened, folder = here
    row = opened.registry.datasets()[0]
    own = opened.drift(DriftRequest("made-1", dataset_sha256=row.sha256)).drift
    assert own.n == 1600 and any("hide drift" in note for note in own.notes)
    assert own.performance.n < 700
    other = opened.shelf.save(made.portfolio(name="other", group="who", weight="heft"))
    frame(400, 9).to_parquet(folder / "other.parquet")
    kept = opened.build(folder / "other.parquet", other)
    with pytest.raises(InputError, match="it is of the portfolio other, the model of made"):
        opened.drift(DriftRequest("made-1", dataset_sha256=kept.sha256))
    with pytest.raises(InputError):
        DriftRequest("made-1")


def test_triggers_are_versions_with_a_reason(here) -> None:
    opened, _ = here
    assert monitoring.triggers(opened, "made") == DEFAULT
    rows = frame(1500, 5)
    rows = rows.assign(income=rows["income"] * 1.5)
    assert look(here, rows).drift.verdict.characteristic == "income"
    lax = {"characteristic": {"amber": 5.0, "red": 6.0}}
    with pytest.raises(InputError, match="with a reason"):
        monitoring.set_triggers(opened, "made", lax, " ")
    saved = monitoring.set_triggers(opened, "made@1", lax, "Inflation is known")
    assert saved.version == 1 and monitoring.triggers(opened, "made") == saved
    assert look(here, rows).drift.verdict.characteristic == ""
    assert "because: Inflation is known." in opened.registry.trail("made", 2)[1].sentence
    with pytest.raises(InputError, match="nothing was changed"):
        monitoring.set_triggers(opened, "made", lax, "again")


def test_triggers_are_kept_once_and_with_a_digest(tmp_path: Path) -> None:
    opened = desk.open(Settings(home=tmp_path, threads=1))
    edits = [{"score": {"amber": 0.2}}, {"gini": {"red": 0.3}}]
    with ThreadPoolExecutor(2) as pool:
        saved = list(pool.map(lambda one: monitoring.set_triggers(opened, "lent", one, "A test"), edits))
    assert {one.version for one in saved} == {1, 2}
    now = monitoring.triggers(opened, "lent")
    assert now.of("score").amber == 0.2 and now.of("gini").red == 0.3
    told = opened.registry.trail("lent")
    assert len(told) == 2 and {line.model_id for line in told} == {None}
    newest = monitoring._folder(opened, "lent") / "2.json"
    for content in (newest.read_bytes().replace(b"0.2", b"0.9"), b"{", b"[]"):
        newest.write_bytes(content)
        with pytest.raises(ArtifactError, match="the version before it then holds"):
            monitoring.triggers(opened, "lent")


def test_a_look_that_was_changed_is_told_from_one_that_is_not_kept(here) -> None:
    home = here[0].settings.home
    key = look(here, frame(1500, 9)).key
    assert monitored.find(home, key).key == key
    folder = monitored.folder_of(home) / key
    for path in (next(folder.glob("*.parquet")), folder / monitored.RECORD):
        whole = path.read_bytes()
        path.write_bytes(whole[:-9])
        with pytest.raises(ArtifactError, match="Look at the extract again"):
            monitored.find(home, key)
        path.write_bytes(whole)
    path.write_bytes(b"{")
    assert key not in {head["key"] for head in monitored.heads(home)}
    assert monitored.unreadable(home) == [key]
    assert here[0].removal("look", key).along == ("it cannot be read: its record is not what was stored",)
    path.write_bytes(whole)


def test_a_look_is_deleted_for_a_reason_and_told_where_its_model_is(here) -> None:
    opened = here[0]
    key = look(here, frame(1500, 9)).key
    plan = opened.removal("look", key)
    assert plan.words == f"the look at an extract {key}" and plan.size > 0
    assert plan.along[0].startswith("extract.parquet held against made-1: ") and "Home" in plan.along[1]
    heads = monitored.heads(opened.settings.home)
    before, own = len(heads), sum(head["model_id"] == "made-1" for head in heads)
    told = " ".join(opened.removal("model", "made-1").along)
    assert f"looks at drift that rest on it, and stay: {own}" in told
    with pytest.raises(InputError, match="needs a reason"):
        opened.delete("look", key, " ")
    opened.delete("look", key, "tried out")
    assert len(monitored.heads(opened.settings.home)) == before - 1
    with pytest.raises(MissingError):
        opened.removal("look", key)
