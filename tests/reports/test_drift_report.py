"""The drift report: its figures are those of the command line; what it cannot tell is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.shop import Place, loans, place
from tests.reports.test_comparison_report import opened, text
from workbench.desk.looks import drift_shown
from workbench.errors import InputError

CHAPTERS = (
    "Why", "What comes in", "Scores and approvals", "Performance", "Plain rules", "What to do",
    "How it was made",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with a logistic regression, and a later extract whose income doubled."""
    at = place(tmp_path_factory.mktemp("drift"))
    answer = at.call("train", at.data, "--portfolio", at.portfolio, "--family", "logistic", "--json")
    assert answer.status == 0, answer.err
    later = loans(1500, 11).assign(id=lambda f: f["id"] + 50_000, income=lambda f: f["income"] * 2)
    later.to_csv(at.folder / "october.csv", index=False)
    return at


@pytest.mark.slow
def test_the_report_tells_what_drift_says(here: Place) -> None:
    given = ("-p", "model=shop_loans-1", "-p", f"data={here.folder / 'october.csv'}")
    made = here.call("report", "drift", *given, "--json")
    assert made.status == 0, made.err
    html = Path(made.json["html"])
    assert tuple(re.findall(r"<h2[^>]*>(.*?)</h2>", html.read_text())) == CHAPTERS
    told, seen = (
        text(html),
        here.call("drift", "shop_loans-1", str(here.folder / "october.csv"), "--json").json,
    )
    assert seen["verdict"]["sentence"] in told
    assert f"{seen['characteristics'][0]['psi']:.3f}" in told
    auc = next(m for m in seen["performance"]["measures"] if m["measure"] == "auc")
    assert f"{auc['extract']:.3f}".lstrip("0") in told


def test_what_was_looked_at_last_is_shown_where_nothing_is_named(here: Place) -> None:
    desk = opened(here)
    with pytest.raises(InputError, match="both named"):
        drift_shown(desk, data="a.csv", dataset="abc")
    here.call("drift", "shop_loans-1", str(here.folder / "october.csv"))
    shown = drift_shown(desk)
    assert shown is not None and shown.drift.verdict.characteristic == "income"
    assert shown.name == "october.csv" and shown.model.model_id == "shop_loans-1"
