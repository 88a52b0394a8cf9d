"""The scorecard report: what it scores by hand is what the card scores, and rounding is told truly."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from tests.cli.shop import Place, place
from workbench import desk
from workbench.desk.reported import card_shown
from workbench.errors import InputError
from workbench.reports import scorecard as tell
from workbench.reports.card_values import SignedCard, by_hand, rounding
from workbench.scoring import Scorer
from workbench.settings import Settings

CHAPTERS = (
    "The card", "Why these characteristics", "The bins", "The coefficients",
    "Does it rank, and are the bands apart?", "What rounding does", "Three applicants by hand", "Limits",
    "How it was made",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with a logistic regression and a scorecard."""
    at = place(tmp_path_factory.mktemp("card"))
    asked = ("--family", "logistic", "--family", "scorecard")
    assert at.call("train", at.data, "--portfolio", at.portfolio, *asked, "--json").status == 0
    return at


def opened(at: Place) -> desk.Desk:
    return desk.open(Settings(home=at.folder / "home", threads=1))


@pytest.fixture(scope="module")
def card(here: Place) -> SignedCard:
    found = card_shown(opened(here))
    assert found is not None and found.row.family == "scorecard"
    return found


def test_what_is_scored_by_hand_is_what_the_scorer_says(card: SignedCard) -> None:
    rows = card.rows
    assert rows is not None
    points, p_bad = card.card.points(card.bin_numbers(rows)), rows.p_bad
    order, scorer = np.argsort(points, kind="stable"), Scorer(card.model)
    worked = by_hand(card, rows)
    assert list(worked) == ["safe", "at the cut-off", "risky"]
    for name, share in (("safe", 0.9), ("risky", 0.1)):
        place = order[int(share * (len(order) - 1))]
        row = rows.frame.iloc[place]
        score = scorer.score({c: None if row[c] != row[c] else row[c] for c in rows.frame})
        assert worked[name]["points"].sum() == score.points == points[place]
        assert score.p_bad == pytest.approx(p_bad[place], abs=1e-12), "and what the study kept"
    at_cut = worked["at the cut-off"]["points"].sum()
    assert worked["risky"]["points"].sum() < at_cut < worked["safe"]["points"].sum()
    said = unescape("".join(part for part in tell.examples(card).parts if isinstance(part, str)))
    for frame in worked.values():
        assert f"Sum {frame['points'].sum()}:" in said
    (told,) = re.findall(rf"Sum {at_cut}:.*?= ([\d.]+)%; decision", said)
    assert float(told) / 100 == pytest.approx(card.model.policy.approve_below, abs=0.02)


def test_large_amounts_with_decimals_are_written_as_people_do(card: SignedCard) -> None:
    rows = card.rows
    assert rows is not None
    numbers = rows.frame.select_dtypes("float").columns
    assert len(numbers)
    large = replace(rows, frame=rows.frame.assign(**{c: rows.frame[c] * 1000 + 43_860.4 for c in numbers}))
    values = [value for frame in by_hand(card, large).values() for value in frame["value"]]
    assert any(re.match(r"\d{2,3},\d{3}\b", value) for value in values), values
    assert not any(re.search(r"\de[+-]\d", value) for value in values), values


def test_the_effect_of_rounding_is_that_of_half_points(card: SignedCard) -> None:
    rows = card.rows
    assert rows is not None and card.shown.chosen is not None
    found = rounding(card, rows)
    assert 0 < found.points <= 0.5 * len(card.card.terms)
    assert 0 < found.p_mean <= found.p_most < 0.05
    kept = card.shown.chosen.evaluation
    for metric in ("auc", "brier", "mean_p_bad"):
        assert found.rounded.value(metric) == pytest.approx(kept.value(metric)), "the card is the model"
        assert found.exact.value(metric) == pytest.approx(kept.value(metric), abs=0.01)
    assert found.exact.value("brier") != found.rounded.value("brier")


@pytest.mark.slow
def test_the_report_has_every_chapter_and_is_told_twice_the_same(here: Place, card: SignedCard) -> None:
    first, again = (here.call("report", "scorecard", "--json") for _ in range(2))
    assert first.status == again.status == 0, first.err
    html = Path(first.json["html"]).read_text()
    assert html == Path(again.json["html"]).read_text()
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert tuple(titles) == CHAPTERS
    assert html.count('class="plotly-graph-div') == len(card.card.terms) + 1
    for term in card.card.terms:
        for points in term.points:
            assert f">{points}<" in html
    assert card.row.manifest_sha256 in html and card.row.digest in html


def test_a_version_that_is_no_scorecard_is_refused(here: Place) -> None:
    with pytest.raises(InputError, match="no scorecard but a Logistic regression") as caught:
        card_shown(opened(here), model="shop_loans-1")
    assert caught.value.code == "PARAMETER"


@pytest.mark.slow
def test_an_empty_home_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_PUBLIC_DATA", raising=False)
    answer = place(tmp_path).call("report", "scorecard", "--json")
    assert answer.status == 0, answer.err
    assert "There is no scorecard yet" in Path(answer.json["html"]).read_text()
