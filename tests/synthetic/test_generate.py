"""Made data from the command line and the desk: a file with its digest, or rows checked and kept."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import Place
from workbench import desk
from workbench.dataset import build
from workbench.desk import tables
from workbench.settings import Settings


@pytest.fixture
def shop(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_the_same_call_writes_the_same_bytes(shop: Place, form: str) -> None:
    answers = []
    for place in ("a", "b"):
        out = shop.folder / f"{place}.{form}"
        call = ("generate", "counterparty", "--rows", "300", "--seed", "7", "--out", str(out), "--json")
        answers.append(shop.call(*call).json)
        assert answers[-1]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    one, again = answers
    assert one["sha256"] == again["sha256"]
    assert (one["rows"], one["seed"]) == (300, 7)
    assert one["bad_rate"] == pytest.approx(one["n_bad"] / 300)
    call = ("generate", "counterparty", "--rows", "300", "--seed", "8", "--out", str(out), "--json")
    assert shop.call(*call).json["sha256"] != one["sha256"]


def test_an_excel_file_does_not_tell_when_it_was_written() -> None:
    from openpyxl import load_workbook

    frame = pd.DataFrame({"when": pd.to_datetime(["2024-05-06", None]), "text": ["=1", "a"], "x": [1.5, 2]})
    content = tables.to_excel(frame)
    book = load_workbook(io.BytesIO(content))
    assert book.properties.created == book.properties.modified == pd.Timestamp("2000-01-01")
    rows = list(book.active.values)
    assert rows[0] == ("when", "text", "x")
    assert rows[2] == (None, "a", 2)


def test_a_file_and_kept_rows_are_the_same_data(tmp_path: Path) -> None:
    here = desk.open(Settings(home=tmp_path / "home"), "tester")
    kept = here.keep_generated("cash_advance", 800, seed=3)
    assert [row.sha256 for row in here.registry.datasets()] == [kept.sha256]
    assert here.registry.datasets()[0].name == "cash_advance, made, seed 3"
    declared = here.portfolio("cash_advance")
    for form in ("csv", "parquet", "xlsx"):
        out = tmp_path / f"made.{form}"
        here.generate("cash_advance", out, 800, 3)
        assert build(here.read(out, declared), declared).sha256 == kept.sha256, form
    again = here.dataset(kept.sha256, declared)
    assert (again.n, again.sha256) == (800, kept.sha256)


def test_protected_columns_of_made_loans_are_kept_apart(tmp_path: Path) -> None:
    here = desk.open(Settings(home=tmp_path / "home"), "tester")
    kept = here.keep_generated("consumer_credit", 500)
    assert list(kept.protected.columns) == ["gender", "age_group"]
    assert not {"gender", "age_group"} & set(kept.frame.columns)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("taiwan_cards", "--out", "{folder}/x.csv"), "NO_RECIPE"),
        (("counterparty", "--out", "{folder}/x.txt"), "OUT_FORMAT"),
        (("counterparty", "--out", "{folder}/none/x.csv"), "OUT_FOLDER"),
        (("counterparty", "--rows", "2000000", "--out", "{folder}/x.xlsx"), "TOO_MANY_ROWS"),
        (("counterparty", "--rows", "20000000", "--out", "{folder}/x.csv"), "ROWS"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(
    shop: Place, arguments: tuple[str, ...], code: str
) -> None:
    given = [a.replace("{folder}", str(shop.folder)) for a in arguments]
    answer = shop.call("generate", *given, "--json")
    assert answer.status == 2
    assert f'"{code}"' in answer.out
    assert len(answer.err.strip().splitlines()) == 1
    assert not [p for p in shop.folder.iterdir() if p.suffix != ""]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows", "families", "reported"),
    [
        ("counterparty", 1_500, ["logistic"], "hold-out"),
        ("defi_loans", 6_000, ["xgboost"], "hold-out"),
        ("cash_advance", 5_000, ["lightgbm"], "out-of-time"),
        ("auto_fraud", 10_000, ["lightgbm"], "hold-out"),
        ("consumer_credit", 4_000, ["lightgbm", "logistic", "random_forest", "scorecard", "xgboost"],
         "hold-out"),
    ],
)  # fmt: skip
def test_made_data_are_trained_with_their_own_families_by_one_command(
    shop: Place, name: str, rows: int, families: list[str], reported: str
) -> None:
    out = str(shop.folder / "made.parquet")
    told = shop.call("generate", name, "--rows", str(rows), "--out", out)
    assert f"{rows:,} made rows" in told.out
    answer = shop.call("train", out, "--portfolio", name, "--json")
    assert answer.status == 0, answer.err
    models = answer.json["models"]
    assert sorted(model["family"] for model in models) == families
    for model in models:
        assert (model["gate"]["passed"], model["reported"]) == (True, reported), model["gate"]
        assert 0.70 < model["metrics"]["auc"] < 0.88, model["family"]
