"""The training report as its readers get it: on made loans, with names that try to be code."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.cli.shop import Place, loans, place
from workbench import desk
from workbench.desk.reported import study_shown
from workbench.errors import ArtifactError, InputError
from workbench.evaluation import slices
from workbench.evaluation.paired import turned
from workbench.reports import error_chapters, training
from workbench.reports.shown import Shown
from workbench.reports.side_by_side import compared, compared_parts
from workbench.run import Run
from workbench.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "<img src=x onerror=document.title='owned'>"
WORSE = "</script><script>document.title='owned'</script>"
CHAPTERS = (
    "The data", "The samples", "The characteristics", "The models compared", "The chosen model",
    "Discrimination", "Calibration", "Deciles", "Decisions",
    "Errors and worst slices", "What drives it", "Limits", "How it was made",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """A report run from data and portfolio, whose column, title and values hold markup."""
    here = place(tmp_path_factory.mktemp("evil"))
    toml = Path(here.portfolio)
    text = toml.read_text().replace('name = "income"', f'name = "{EVIL}"').replace("Monthly income", WORSE)
    toml.write_text(text.replace('title = "Shop loans"', f'title = "Shop {EVIL}"'))
    frame = loans().rename(columns={"income": EVIL}).replace({"purpose": {"travel": WORSE}})
    frame.to_csv(here.data, index=False)
    answer = here.call(
        "report", "training", "-p", f"data={here.data}", "-p", f"portfolio={here.portfolio}", "--json"
    )
    assert answer.status == 0, answer.err
    return here, Path(answer.json["html"])


@pytest.mark.slow
def test_every_chapter_is_there_in_order(told: tuple[Place, Path]) -> None:
    html = told[1].read_text()
    titles = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", html)
    assert [t for t in titles if t in CHAPTERS] == list(CHAPTERS)
    assert "bads" in html and "sha256" in html and "seed" in html
    assert "Bad rate by band" in titles
    assert re.search(r"AUC alone is measured on all 1,200 applicants", html)
    assert re.search(r"<td[^>]*>\.\d{3} \(\.\d{3} to \.\d{3}\)</td>", html)


@pytest.mark.slow
def test_models_are_tested_against_each_other_as_compare_does(told: tuple[Place, Path]) -> None:
    here, html = told
    at = desk.open(Settings(home=here.folder / "home", threads=1))
    shown = study_shown(at)
    assert shown is not None and shown.chosen is not None
    mine = compared(shown)
    assert mine is not None and mine.reference == shown.chosen.title
    ids = [shown.registered[m.family].model_id for m in shown.study.models]
    titles = {shown.registered[m.family].model_id: m.title for m in shown.study.models}
    theirs = at.compare(ids, Run(1), label=lambda row: titles[row.model_id]).comparison
    for a, b in combinations(mine.names, 2):
        assert turned(mine.tests, a, b)["difference"] == turned(theirs.tests, a, b)["difference"]
        assert turned(mine.ks_tests, a, b)["low"] == pytest.approx(
            turned(theirs.ks_tests, a, b)["low"], rel=0.2
        )
    rates = mine.approval.models.set_index("model")["bad_rate"].to_dict()
    assert rates == theirs.approval.models.set_index("model")["bad_rate"].to_dict()
    page = html.read_text()
    assert all(
        part in page for part in ("More than noise?", "The same 70% approved", "From sample to sample")
    )
    gone = "".join(p for p in compared_parts(replace(shown, dataset=None)) if isinstance(p, str))
    assert "no longer kept" in gone and "From sample to sample" in gone


@pytest.mark.slow
def test_a_kept_study_is_told_twice_the_same(told: tuple[Place, Path]) -> None:
    here, _ = told
    at = desk.open(Settings(home=here.folder / "home"))
    (study,) = at.registry.studies()
    shown, named = study_shown(at), study_shown(at, study=study.study_id)
    assert shown is not None and named is not None
    assert shown.study.to_json() == named.study.to_json(), "nothing asked for is the newest"
    first, again = (here.call("report", "training", "--json") for _ in range(2))
    assert first.status == again.status == 0, first.err
    one, other = (Path(answer.json["html"]).read_bytes() for answer in (first, again))
    assert one == other


def study_on(folder: Path, **asked: str) -> tuple[desk.Desk, Shown]:
    """A kept study of loans with a day each, its bads in one segment underrated."""
    here = place(folder)
    toml = Path(here.portfolio)
    extra = '\n[[characteristics]]\nname = "noise"\n[[characteristics]]\nname = "place"\nkind = "category"\n'
    toml.write_text(toml.read_text().replace("[outcome]", 'date = "day"\n[outcome]', 1) + extra)
    frame = loans(3000)
    frame["day"] = pd.date_range("2024-01-01", periods=3000, freq="4h").strftime("%Y-%m-%d")
    frame["noise"] = np.random.default_rng(0).normal(size=3000)
    frame["place"] = np.where(np.arange(3000) % 7 == 0, "harbour", "town")
    frame.to_csv(here.data, index=False)
    call = ("train", here.data, "--portfolio", here.portfolio, "--family", "logistic", "--json")
    answer = here.call(*call, *(part for name, value in asked.items() for part in (f"--{name}", value)))
    assert answer.status == 0, answer.err
    at = desk.open(Settings(home=here.folder / "home", threads=1))
    shown = study_shown(at)
    assert shown is not None
    return at, shown


def test_errors_are_those_of_the_rows_judged(tmp_path: Path) -> None:
    _, shown = study_on(tmp_path)
    model = shown.chosen
    assert model is not None
    rows = error_chapters.judged(shown, model)
    assert rows is not None
    assert len(rows.bad) == model.evaluation.n and int(rows.bad.sum()) == model.evaluation.n_bad
    assert rows.p_bad.mean() == pytest.approx(model.evaluation.value("mean_p_bad"))
    kept = pd.read_csv(tmp_path / "loans.csv").iloc[rows.record - 1]
    assert kept["income"].tolist() == rows.frame["income"].tolist(), "the row named is the row of the file"
    assert kept["bad"].tolist() == rows.bad.tolist()
    told = "".join(part for part in error_chapters.errors(shown).parts if isinstance(part, str))
    assert f"on the {model.reported} sample" in told
    worst = slices.confident_errors(rows.bad, rows.p_bad, 1)
    for position in worst["row"]:
        assert f">{rows.record[position]:,}<" in told
    months = sorted({str(day)[:7] for day in rows.date})
    assert all(f">{month}<" in told for month in months)


def test_a_segment_whose_pds_are_wrong_is_marked(tmp_path: Path) -> None:
    _, shown = study_on(tmp_path)
    model = shown.chosen
    assert model is not None and shown.dataset is not None
    harbour = (shown.dataset.frame["place"].astype("str") == "harbour").to_numpy()
    wrong = replace(model, p_bad=np.where(harbour, model.p_bad / 5, model.p_bad))
    study = replace(shown.study, models=(wrong,))
    told = "".join(p for p in error_chapters.errors(replace(shown, study=study)).parts if isinstance(p, str))
    first = told[told.index("<tbody>") :]
    assert first.index("harbour") < first.index("</tr>"), "the surest comes first"
    assert '<tr class="chosen">' in first[: first.index("harbour")]
    right = "".join(p for p in error_chapters.errors(shown).parts if isinstance(p, str))
    assert "harbour" not in right[: right.index("</tr>", right.index("<tbody>"))] or "chosen" not in right


def test_data_that_are_gone_are_named_as_what_could_not_be_computed(tmp_path: Path) -> None:
    at, shown = study_on(tmp_path)
    (file,) = (f for f in (at.settings.home / "datasets").glob("*.parquet") if f.stem.isalnum())
    file.chmod(0o600)
    kept = file.read_bytes()
    file.write_bytes(kept[:-1])
    with pytest.raises(ArtifactError):
        study_shown(at)
    file.unlink()
    again = study_shown(at)
    assert again is not None and again.dataset is None
    (told,) = error_chapters.errors(again).parts
    assert "no longer kept" in told


def test_balanced_weights_are_told_with_the_mean_pd_before_and_after(tmp_path: Path) -> None:
    _, shown = study_on(tmp_path, weights="balanced")
    model = shown.chosen
    assert model is not None
    told = training.calibration(shown).parts[0]
    before, after = model.calibration["p_bad_uncalibrated"], model.calibration["p_bad_mean"]
    assert before > 1.3 * after
    assert f"{before:.1%}" in told and f"{after:.1%} after calibration" in told


@pytest.mark.slow
def test_the_notebook_keeps_what_it_was_asked(told: tuple[Place, Path]) -> None:
    here, html = told
    assert here.data in (html.parent / "parameters.json").read_text()
    refused = here.call("report", "training", "-p", "study=shop_loans-none", "--json")
    assert refused.status == 2 and "shop_loans-none" in refused.err and "Traceback" not in refused.err
    other = here.call("report", "training", "-p", "family=magic", "--json")
    assert other.status == 2 and "magic" in other.err


@pytest.mark.slow
@pytest.mark.browser
def test_markup_in_names_and_values_stays_text(told: tuple[Place, Path], chromium: Browser) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.goto(told[1].as_uri())
    page.wait_for_function("document.querySelectorAll('.main-svg').length >= 10")
    assert page.title() == "Training report"
    assert page.locator("img[onerror]").count() == 0
    assert page.get_by_text(EVIL, exact=False).count() > 0
    context.close()
    assert not wrong


def test_an_empty_home_gets_a_report_that_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_PUBLIC_DATA", raising=False)
    answer = place(tmp_path).call("report", "training", "--json")
    assert answer.status == 0, answer.err
    html = Path(answer.json["html"]).read_text()
    assert "There is nothing to report yet" in html and 'class="plotly-graph-div' not in html


@pytest.mark.parametrize(
    "asked", [{"study": "a", "data": "b", "portfolio": "c"}, {"data": "b"}, {"portfolio": "c"}]
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, asked: dict[str, str]) -> None:
    at = desk.open(Settings(home=tmp_path / "home"))
    with pytest.raises(InputError) as caught:
        study_shown(at, **asked)
    assert caught.value.code == "PARAMETER"
