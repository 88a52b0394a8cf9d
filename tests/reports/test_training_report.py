"""The training report as its readers get it: on made loans, with names that try to be code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shop import Place, loans, place
from workbench import desk
from workbench.desk.reported import study_shown
from workbench.errors import InputError
from workbench.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "<img src=x onerror=document.title='owned'>"
WORSE = "</script><script>document.title='owned'</script>"
CHAPTERS = (
    "The data", "The samples", "The characteristics", "The models compared", "The chosen model",
    "Discrimination", "Calibration", "Deciles", "Decisions", "What drives it", "Limits", "How it was made",
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
def test_the_notebook_keeps_what_it_was_asked(told: tuple[Place, Path]) -> None:
    here, html = told
    assert here.data in (html.parent / "parameters.json").read_text()
    assert here.call("report", "training", "--json").status == 0  # the newest study
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
