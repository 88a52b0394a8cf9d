"""A scorecard from the command line: trained, trained again, and handed on in every form that holds it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.shop import Place


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("shop"))
    out = str(place.folder / "loans.parquet")
    assert place.call("generate", "consumer_credit", "--rows", "4000", "--out", out).status == 0
    answer = place.call("train", out, "--portfolio", "consumer_credit", "--family", "scorecard", "--json")
    assert answer.json["models"][0]["model_id"] == "consumer_credit-1", answer.err
    return place


def test_the_card_comes_out_again_identical(shop: Place) -> None:
    told = shop.call("replay", "consumer_credit-1", "--json").json
    assert told["identical"] and told["differences"] == []


@pytest.mark.parametrize("form", ["native", "sql", "excel"])
def test_the_card_is_handed_on(shop: Place, form: str) -> None:
    out = shop.folder / {"excel": "card.xlsx"}.get(form, form)
    told = shop.call("export", "consumer_credit-1", "--to", form, "--out", str(out), "--json").json
    assert told["max_difference"] <= 1e-12 and told["rows_checked"] == 1064
    assert Path(told["path"]).exists()


def test_the_statement_gives_what_the_verb_score_gives(shop: Place) -> None:
    loans, scored = shop.folder / "loans.parquet", shop.folder / "scored.parquet"
    statement = shop.folder / "card.sql"
    shop.call("export", "consumer_credit-1", "--to", "sql", "--out", str(statement))
    shop.call("score", "consumer_credit-1", str(loans), "--out", str(scored))
    with sqlite3.connect(":memory:") as database:
        pd.read_parquet(loans).to_sql("applicants", database, index=False)
        answer = pd.read_sql_query(statement.read_text(), database).sort_values("application_id")
    wanted = pd.read_parquet(scored)
    assert answer["application_id"].tolist() == wanted["application_id"].tolist()
    assert answer["points"].tolist() == wanted["points"].tolist()
    assert answer["p_bad"].to_numpy() == pytest.approx(wanted["p_bad"].to_numpy(), abs=1e-12)


@pytest.mark.parametrize(("form", "out", "code"), [("excel", "x", "OUT_FORMAT"), ("joblib", "x", "EXPORT")])
def test_what_cannot_be_handed_on_is_said_in_one_line(shop: Place, form: str, out: str, code: str) -> None:
    path = shop.folder / out
    answer = shop.call("export", "consumer_credit-1", "--to", form, "--out", str(path), "--json")
    assert answer.status == 2 and f'"{code}"' in answer.out
    assert len(answer.err.strip().splitlines()) == 1 and not path.exists()
