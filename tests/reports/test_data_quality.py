"""The report on data quality, of a dirty extract that nothing was trained on."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.shop import Place, loans, place
from workbench import desk
from workbench.desk.extracts import extract_shown
from workbench.errors import InputError, MissingError
from workbench.reports import quality as tell
from workbench.reports.examined import Examined
from workbench.settings import Settings

CHAPTERS = (
    "Rows", "Columns", "Findings", "What the columns hold", "What each characteristic says of bad",
    "Outcome by month", "Are the months alike?", "Known too early?", "Against the extract before",
    "How it was made",
)  # fmt: skip
WHOLE = (
    tell.opening, tell.rows, tell.schema, tell.findings, tell.holdings, tell.profiles, tell.outcome,
    tell.months, tell.leakage, tell.against, tell.made,
)  # fmt: skip
EVIL = "<b>boat"


def dated(n: int, first: str, months: int, seed: int) -> pd.DataFrame:
    frame = loans(n, seed)
    days = pd.date_range(first, periods=months, freq="MS")[np.arange(n) * months // n]
    frame["day"] = days.strftime("%Y-%m-%d")
    return frame


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A kept extract of half a year, and a file of the next half with all kinds of faults, not kept."""
    here = place(tmp_path_factory.mktemp("quality"))
    toml = Path(here.portfolio)
    text = toml.read_text().replace("[outcome]", 'date = "day"\n[outcome]', 1)
    text = text.replace(
        'unit = "months"', 'unit = "months"\nspecial = [{value = "-9", label = "no account"}]'
    )
    toml.write_text(text.replace("low = 0", "low = 0\nhigh = 100000"))
    before = here.folder / "spring.csv"
    dated(1200, "2024-01-01", 6, 5).to_csv(before, index=False)
    opened(here).build(before, opened(here).portfolio(here.portfolio))
    frame = dated(1800, "2024-07-01", 6, 8).astype({"income": object})
    frame.loc[frame["day"].str.startswith("2024-09") & (frame.index % 2 == 0), "income"] = None
    frame.loc[frame.index[-90:], "age_of_account"] = -9
    frame.loc[7, "income"] = "a lot"
    frame.loc[9, "income"] = 250_000
    frame["purpose"] = frame["purpose"].replace("car", EVIL)
    frame["branch"] = "north"
    frame.to_csv(here.data, index=False)
    return here


def opened(at: Place) -> desk.Desk:
    return desk.open(Settings(home=at.folder / "home", threads=1))


@pytest.fixture(scope="module")
def looked(at: Place) -> Examined:
    found = extract_shown(opened(at), data=at.data, portfolio=at.portfolio)
    assert found is not None
    return found


def text(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def said(told: object) -> str:
    return text(" ".join(part for part in told.parts if isinstance(part, str)))


@pytest.mark.slow
def test_the_notebook_shows_what_the_package_computes_and_nothing_is_kept(
    at: Place, looked: Examined
) -> None:
    answer = at.call(
        "report", "data_quality", "-p", f"data={at.data}", "-p", f"portfolio={at.portfolio}", "--json"
    )
    assert answer.status == 0, answer.err
    html = Path(answer.json["html"]).read_text()
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert tuple(unescape(title) for title in titles) == CHAPTERS
    parts = [part for chapter in WHOLE for part in chapter(looked).parts]
    told = text(re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S))
    for part in parts:
        assert not isinstance(part, str) or text(part).strip() in told, "another process, the same figures"
    assert html.count('class="plotly-graph-div') == sum(not isinstance(part, str) for part in parts)
    assert EVIL not in html
    assert len(opened(at).registry.datasets()) == 1 and not opened(at).models()


def test_every_row_is_accounted_for_with_its_reason(looked: Examined) -> None:
    told = said(tell.rows(looked))
    assert "held 1,800 rows; 1,799 were kept and 1 refused" in told
    assert "record 8:" in told and "a lot" not in told
    opening = said(tell.opening(looked))
    assert "Yes: no finding stops training" in opening and "2 of 3 characteristics are not alike" in opening


def test_findings_are_told_with_rows_example_why_and_remedy(looked: Examined) -> None:
    told = said(tell.findings(looked))
    for finding in looked.checks.findings:
        assert finding.message in told and finding.why in told and finding.remedy in told
        assert finding.example in told
    codes = {finding.code for finding in looked.checks.findings}
    assert {"REFUSED_ROWS", "OUT_OF_RANGE"} <= codes


def test_columns_the_portfolio_does_not_declare_are_named(looked: Examined) -> None:
    assert "1 column of the file is not declared, and so not looked at: branch" in said(tell.schema(looked))


def test_missing_values_codes_and_ranges_are_those_of_the_file(at: Place, looked: Examined) -> None:
    frame = pd.read_csv(at.data).drop(index=7)
    assert "Of 3 characteristics, with missing" in said(tell.holdings(looked))
    held = looked.holdings.set_index("characteristic")
    assert held.loc["income", "missing"] == frame["income"].isna().sum() > 100
    assert held.loc["income", "low"] < held.loc["income", "missing_share"] < held.loc["income", "high"]
    assert held.loc["age_of_account", "codes"] == "no account: 90"
    assert held.loc["age_of_account", "lowest"] == "0", "a code is no quantity"
    assert held.loc["income", "strange"] == 1 and held.loc["income", "highest"] == "250,000"


def test_the_month_that_is_unlike_the_others_is_found(at: Place, looked: Examined) -> None:
    months = looked.months
    assert months is not None
    apart = months.apart.set_index(["characteristic", "month", "what"])
    hole = apart.loc[("income", "2024-09", "missing")]
    frame = pd.read_csv(at.data)
    september = frame.loc[frame["day"].str.startswith("2024-09"), "income"]
    assert hole["value"] == september.isna().mean() and hole["n"] == len(september) and hole["elsewhere"] == 0
    whole = {("income", "2024-09", "missing"), ("age_of_account", "2024-12", "special codes")}
    assert set(apart.index) == whole, "one broken month does not make the others look broken"
    assert "Monthly income 1 2024-09 2024-09 300 50.0% (44.4% to 55.6%) 0.0%" in said(tell.months(looked))


def test_the_outcome_of_each_month_has_its_interval(at: Place, looked: Examined) -> None:
    assert looked.months is not None
    frame = pd.read_csv(at.data).drop(index=7)
    bads = frame.groupby(frame["day"].str[:7])["bad"].agg(["size", "sum"])
    told = looked.months.outcome.set_index("month")
    assert told["n"].tolist() == bads["size"].tolist() and told["n_bad"].tolist() == bads["sum"].tolist()
    assert ((told["low"] < told["bad_rate"]) & (told["bad_rate"] < told["high"])).all()


def test_it_is_held_against_the_extract_kept_before(looked: Examined) -> None:
    found = looked.against
    assert found is not None and looked.before_name == "spring.csv"
    changes = found.changes.set_index("characteristic")
    assert changes.loc["purpose", "apart"], "another word for a car"
    assert changes.loc["age_of_account", "n_before"] == 1200
    assert found.shared == 1199 and not found.new and not found.gone
    assert "spring.csv, before it" in said(tell.against(looked))


def test_a_kept_data_set_that_nothing_was_trained_on_is_looked_at_by_its_fingerprint(at: Place) -> None:
    (row,) = opened(at).registry.datasets()
    for named in ("", row.sha256[:8]):
        found = extract_shown(opened(at), dataset=named)
        assert found is not None and found.dataset.sha256 == row.sha256 and found.kept_at == row.created_at
        assert "no extract of this portfolio was kept before" in said(tell.against(found))


def test_without_dates_the_months_are_named_as_what_was_not_computed(tmp_path: Path) -> None:
    here = place(tmp_path)
    found = extract_shown(opened(here), data=here.data, portfolio=here.portfolio)
    assert found is not None and found.months is None
    assert "names no date" in said(tell.months(found)) and "names no date" in said(tell.outcome(found))


def test_an_empty_home_is_told_what_to_give_and_a_contradiction_ends_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_PUBLIC_DATA", raising=False)
    empty = desk.open(Settings(home=tmp_path / "home"))
    assert extract_shown(empty) is None
    assert "nothing to look at yet" in said(tell.opening(None)) and tell.months(None).parts == ()
    for asked in ({"dataset": "a" * 8, "data": "b"}, {"data": "b"}):
        with pytest.raises(InputError) as caught:
            extract_shown(empty, **asked)
        assert caught.value.code == "PARAMETER"
    with pytest.raises(MissingError):
        extract_shown(empty, dataset="abcdef12")
