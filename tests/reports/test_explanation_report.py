"""The explanation report: its figures are the model's, and its applicants the same each time."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from tests.cli.shop import Place, place
from workbench import desk
from workbench.desk import calls, overviews
from workbench.desk.explanation_reported import explanation_shown
from workbench.desk.reported import study_shown
from workbench.explanation import Explainer
from workbench.reports import explanation as tell
from workbench.reports.explained import ExplainedModel
from workbench.reports.training import drivers
from workbench.settings import Settings

CHAPTERS = (
    "What matters", "The ten strongest", "What acts together", "Which way", "By month and segment",
    "Ten applicants", "The reasons", "LIME beside it", "Limits", "How it was made",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    at = place(tmp_path_factory.mktemp("explained"))
    trained = at.call("train", at.data, "--portfolio", at.portfolio, "--family", "logistic", "--json")
    assert trained.status == 0, trained.err
    return at


@pytest.fixture(scope="module")
def shown(here: Place) -> ExplainedModel:
    found = explanation_shown(desk.open(Settings(home=here.folder / "home", threads=1)))
    assert found is not None and found.row.family == "logistic"
    return found


def test_the_report_is_of_the_rows_and_values_of_the_page(here: Place) -> None:
    at = desk.open(Settings(home=here.folder / "home", threads=1))
    asked = {"sample": "development", "segment": "income < 2500", "against": "near cut-off"}
    found = explanation_shown(at, **asked)
    page = overviews.overview(at, found.row.model_id, at.run(), **asked)
    assert found.overview.sentence() == page.sentence() and found.overview.about() == page.about()
    assert len(found.rows) == len(found.keys) == page.n
    told = calls.of_explanation(at, found.row.model_id, kind="", **asked)
    assert all(f"{name} = {value!r}" in told.notebook for name, value in asked.items())
    assert "report explanation" in told.notebook


def words(block: object) -> str:
    return unescape(" ".join(part for part in block.parts if isinstance(part, str)))  # type: ignore[attr-defined]


def test_ten_applicants_are_told_and_add_up(shown: ExplainedModel) -> None:
    told = shown.told
    assert told["kind"].value_counts().to_dict() == {"declined": 4, "borderline": 3, "approved": 3}
    assert told["at"].is_unique and (told.loc[told["kind"] == "declined", "decision"] == "decline").all()
    cut = shown.model.policy.approve_below
    away = (told["p_bad"] - cut).abs()
    assert away[told["kind"] == "borderline"].max() <= away[told["kind"] != "borderline"].min()
    sums = shown.held.base + shown.held.values.sum(axis=1)
    assert sums == pytest.approx(shown.model.margin(shown.rows.raw[told["at"].to_numpy()]))
    said = words(tell.applicants(shown))
    assert all(f"{key}, {kind}:" in said for key, kind in zip(told["key"], told["kind"], strict=True))


def test_figures_are_those_of_the_model(shown: ExplainedModel) -> None:
    first = shown.overview.importance.iloc[0]
    said = words(tell.opening(shown))
    rows = shown.overview.rows_told
    assert rows.startswith("all ") and f"{rows}, {shown.overview.bads}" in said
    thinned = replace(shown, overview=replace(shown.overview, n_all=99_000))
    for chapter in (tell.opening, tell.importance, tell.dependence):
        assert "rows, evenly taken from 99,000" in words(chapter(thinned)), chapter
    assert f"{first['title']}, mean size" in said and f"{first['importance']:.3f}" in said
    flip = shown.flips.frame.iloc[0]
    assert flip["n"] == int((shown.reasons.decisions == 2).sum()) > 0 and shown.flips.passed
    reasons = tell.reasons(shown)
    found = [
        int(n) for n in re.findall(r'<td class="number">(\d+)</td>', words(reasons).split("How often")[1])
    ]
    assert found[0] <= flip["n"] and "more often than one drawn at random" in words(reasons)
    assert "No pair does" in words(tell.together(shown))
    assert "Nothing goes against what the portfolio declares" in words(tell.monotone(shown))
    assert len(shown.limes) == 3 and "between seeds" in words(tell.lime(shown))
    assert len([p for p in tell.dependence(shown).parts if not isinstance(p, str)]) == 6
    assert np.isfinite(shown.permutation.auc)


def test_deep_trees_without_their_rows_are_told_so_and_of_nobody_declined(
    shown: ExplainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = replace(shown.held, reference="")
    monkeypatch.setattr(Explainer, "kinds", ("path-dependent",))
    deep = replace(shown, overview=replace(shown.overview, reference=""))
    deep.__dict__.update(held=held, limes={})
    assert words(tell.reasons(deep)).count("gives no reasons: its trees are deep") == 1
    said = words(tell.opening(deep))
    assert (
        "gives no reasons" in said
        and "No applicant was declined" not in said
        and "log-odds of bad; on" in said
    )
    assert "as the trees saw rows together;" in words(tell.applicants(deep))


def test_reasons_of_some_rows_say_of_how_many(shown: ExplainedModel) -> None:
    some = replace(shown)
    some.__dict__.update(reasons_at=np.arange(0, len(shown.rows), 3), limes={})
    n = len(some.reasons)
    assert n < len(shown.rows) and f"Reasons of {n:,} rows, evenly taken" in words(tell.reasons(some))
    assert 0 < some.flips.frame["n"].iloc[0] < shown.flips.frame["n"].iloc[0]
    assert [some.told_reasons.of(i).sentence() for i in range(len(some.told))] == [
        shown.reasons.of(at).sentence() for at in shown.told["at"]
    ]


def test_the_training_report_tells_what_its_training_found(here: Place, shown: ExplainedModel) -> None:
    study = study_shown(desk.open(Settings(home=here.folder / "home", threads=1)))
    assert study is not None and study.overview is not None
    assert study.overview.to_json() == shown.overview.to_json(), "kept with the study, for both reports"
    said = words(drivers(study))
    assert study.overview.sentence() in said and "against all 840 development applicants" in said
    older = words(drivers(replace(study, overview=None)))
    deep = replace(study.study.models[0], unexplained="its trees are too deep")
    assert "while it was trained: its trees" in words(
        drivers(replace(study, overview=None, study=replace(study.study, models=(deep,))))
    )
    assert "share of importance" in older and "As the family measures it" not in older


@pytest.mark.slow
def test_the_report_has_every_chapter(here: Place, shown: ExplainedModel) -> None:
    answer = here.call("report", "explanation", "-p", f"model={shown.row.model_id}", "--json")
    assert answer.status == 0, answer.err
    html = Path(answer.json["html"]).read_text()
    assert tuple(re.findall(r"<h2[^>]*>(.*?)</h2>", html)) == CHAPTERS
    assert html.count('class="plotly-graph-div') == 2 + 6 + len(shown.told)
    assert shown.row.manifest_sha256 in html


def test_without_a_model_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_PUBLIC_DATA", raising=False)
    found = explanation_shown(desk.open(Settings(home=tmp_path / "home", threads=1)))
    assert found is None and "There is nothing to explain yet" in words(tell.opening(found))
    assert tell.importance(found).parts == ()
