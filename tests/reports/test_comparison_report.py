"""The comparison report: its figures are the comparison's, twice the same; what it cannot tell is named."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.cli.shop import Place, loans, place
from workbench import desk
from workbench.desk.reported import rivals_shown
from workbench.errors import InputError
from workbench.reports import paired
from workbench.run import Run
from workbench.settings import Settings

CHAPTERS = (
    "The same rows", "Side by side", "More than noise?", "Are the PDs right?", "Who is swapped",
    "Who is treated differently", "Does it last?", "Verdict", "How it was made",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with a logistic regression and a scorecard of the same study."""
    at = place(tmp_path_factory.mktemp("rivals"))
    train(at, at.data, "logistic", "scorecard")
    return at


def train(at: Place, data: str, *families: str) -> None:
    asked = [argument for family in families for argument in ("--family", family)]
    answer = at.call("train", data, "--portfolio", at.portfolio, *asked, "--json")
    assert answer.status == 0, answer.err


def opened(at: Place) -> desk.Desk:
    return desk.open(Settings(home=at.folder / "home", threads=1))


def text(html: Path) -> str:
    bare = re.sub(r"<(script|style).*?</\1>", "", html.read_text(), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", bare)))


@pytest.mark.slow
def test_the_report_tells_what_the_comparison_says_and_tells_it_twice_the_same(here: Place) -> None:
    first, again = (here.call("report", "model_comparison", "--json") for _ in range(2))
    assert first.status == again.status == 0, first.err
    html = Path(first.json["html"])
    assert html.read_text() == Path(again.json["html"]).read_text()
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", html.read_text())
    assert tuple(titles) == CHAPTERS
    told, by_id = text(html), {row.model_id: f"v{row.version}" for row in opened(here).models()}
    compared = here.call("compare", *sorted(by_id), "--json").json
    for line in compared["models"]:
        if line["kind"] == "model":
            assert f"{line['auc']:.3f}".lstrip("0") in told
    (test,) = compared["tests"]
    assert f"{abs(test['difference']):.3f}".lstrip("0") in told
    assert "Money: what a swap earns or loses is not computed" in told
    assert "protects no column that makes groups" in told
    for row in opened(here).models():
        assert row.digest in told and row.manifest_sha256 in told


def test_the_swap_set_turns_with_the_order_in_which_two_are_named(here: Place) -> None:
    at = opened(here)
    ids = sorted(row.model_id for row in at.models())
    forth, back = (rivals_shown(at, models=",".join(order)) for order in (ids, ids[::-1]))
    assert forth is not None and back is not None
    # without a champion the one with the higher AUC is asked about, in whatever order they are given
    assert (forth.reference, forth.challenger) == (back.reference, back.challenger)
    one = paired.swapped(forth.comparison, forth.reference, forth.challenger).set_index("part")
    other = paired.swapped(back.comparison, forth.challenger, forth.reference).set_index("part")
    assert one.loc["swapped in", "n"] > 0
    assert one.loc["swapped in", "n_bad"] == other.loc["swapped out", "n_bad"]
    assert one.loc["swapped out", "n_bad"] == other.loc["swapped in", "n_bad"]
    assert list(one.index) == ["approved by both", "swapped in", "swapped out", "approved by neither"]


def test_the_approval_rate_is_the_one_that_was_asked_for(here: Place) -> None:
    at = opened(here)
    rivals = rivals_shown(at, approval=0.5)
    assert rivals is not None
    ids = [row.model_id for row in rivals.models.values()]
    same = at.compare(ids, Run(1), approval=0.5).comparison.approval.models
    assert rivals.comparison.approval.models["n_bad"].tolist() == same["n_bad"].tolist()
    assert (same["n_approved"] == round(rivals.comparison.n / 2)).all()
    assert "50% approvals" in rivals.comparison.verdict


def test_nothing_named_is_the_champion_and_the_newest_that_can_be_compared(tmp_path: Path) -> None:
    at = place(tmp_path)
    train(at, at.data, "logistic", "scorecard")
    loans(1500, seed=9).to_csv(tmp_path / "other.csv", index=False)
    train(at, str(tmp_path / "other.csv"), "logistic")
    shown = rivals_shown(opened(at))
    assert shown is not None, "the newest alone has nobody on its data"
    assert [row.version for row in shown.models.values()] == [1, 2]
    assert (shown.models[shown.reference].version, shown.role) == (1, ""), "the older one is held against"
    opened(at).promote("shop_loans-2", force=True, why="for the test")
    shown = rivals_shown(opened(at))
    assert shown is not None
    assert (shown.models[shown.reference].version, shown.role) == (2, ", the champion,")


@pytest.mark.slow
def test_models_that_cannot_be_compared_end_in_words(here: Place) -> None:
    at = opened(here)
    for models in ("shop_loans-1", "shop_loans-1, shop_loans-1"):
        with pytest.raises(InputError, match="fewer than two different models"):
            rivals_shown(at, models=models)
    refused = here.call("report", "model_comparison", "-p", "models=shop_loans-1,nobody-9", "--json")
    assert refused.status == 2 and "Traceback" not in refused.err and "nobody-9" in refused.err


@pytest.mark.slow
def test_an_approval_rate_outside_0_to_1_ends_in_words(here: Place) -> None:
    refused = here.call("report", "model_comparison", "-p", "approval=70", "--json")
    assert refused.status == 2 and "Give 0.70 for 70%" in refused.err


@pytest.mark.slow
def test_an_empty_home_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_PUBLIC_DATA", raising=False)
    answer = place(tmp_path).call("report", "model_comparison", "--json")
    assert answer.status == 0, answer.err
    html = Path(answer.json["html"]).read_text()
    assert "There is nothing to compare yet" in html and 'class="plotly-graph-div' not in html
