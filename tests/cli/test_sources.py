"""Rows that come from a database, and scores that go to one: the same as with files, on both databases."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.cli.shop import Place, loans, place
from tests.databases import KINDS, Databases
from workbench.registry import sources
from workbench.settings import Settings

CANARY = "canary-4711"
ROWS = 600


@pytest.fixture(scope="module", params=KINDS)
def url(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database with the loans, numbers as numeric and a key with leading zeros."""
    with databases.new(request.param, tables=False) as named:
        file = f"sqlite:///{tmp_path_factory.mktemp('warehouse') / 'w.db'}"
        given = Settings(database_url=named.get("database_url", file)).database_url
        engine = sa.create_engine(given)
        rows = loans(ROWS).astype({"id": "str"}).iloc[::-1]
        rows["id"] = rows["id"].str.zfill(8)
        kinds = {"income": sa.Numeric(12, 2), "id": sa.String(8), "bad": sa.Integer()}
        table = sa.Table(
            "loans", sa.MetaData(),
            *(sa.Column(c, kinds.get(c, sa.Text() if c == "purpose" else sa.Double()), primary_key=c == "id")
              for c in rows.columns),
        )  # fmt: skip
        with engine.begin() as connection:
            table.create(connection)
            records = rows.astype(object).where(rows.notna(), None).to_dict("records")
            connection.execute(table.insert(), records)
            connection.exec_driver_sql("CREATE TABLE other (note TEXT)")
        engine.dispose()
        yield given


@pytest.fixture(scope="module")
def here(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop with the source, and a model that was trained on its rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_SOURCE_WAREHOUSE", url)
        patch.setenv(
            "WORKBENCH_SOURCE_WAREHOUSE_QUERY", "SELECT * FROM loans WHERE purpose LIKE '%' ORDER BY id"
        )
        patch.setattr(sources, "ROWS", 256)
        made = place(tmp_path_factory.mktemp("shop"))
        done = made.call(
            "train", "sql:warehouse/loans", "--portfolio", made.portfolio, "--family", "logistic", "--json"
        )
        assert done.status == 0, done.err
        yield made


def _table(url: str, name: str) -> pd.DataFrame:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = pd.read_sql(sa.text(f"SELECT * FROM {name} ORDER BY id"), connection)
    engine.dispose()
    return found


def test_rows_of_a_table_are_those_of_a_file(here: Place) -> None:
    of = ("--portfolio", here.portfolio, "--json")
    rows = loans(ROWS).astype({"id": "str"})
    rows["id"] = rows["id"].str.zfill(8)
    rows["income"] = rows["income"].round(2)
    rows.sort_values("id").to_csv(file := here.folder / "same.csv", index=False)
    asked = [
        here.call("check", data, *of).json for data in ("sql:warehouse/loans", "sql:warehouse", str(file))
    ]
    assert len({one["dataset_sha256"] for one in asked}) == 1
    assert asked[0]["rows"] == ROWS and asked[0]["findings"] == asked[2]["findings"]


def test_scores_go_to_a_table_whole_or_not_at_all(here: Place, url: str) -> None:
    out = here.folder / "scored.parquet"
    call = ("score", "shop_loans@latest", "sql:warehouse", "--json", "--out")
    first = here.call(*call, "sql:warehouse/scored")
    assert first.status == 0, first.err
    assert (first.json["rows"], first.json["out"], first.json["replaced"]) == (
        ROWS,
        "sql:warehouse/scored",
        False,
    )
    here.call(*call, str(out))
    expected = pd.read_parquet(out)
    pd.testing.assert_frame_equal(_table(url, "scored"), expected, check_dtype=False)
    again = here.call(*call, "sql:warehouse/scored")
    assert again.json["replaced"] and len(_table(url, "scored")) == ROWS
    for target in ("sql:warehouse/other", "sql:warehouse/loans"):
        refused = here.call(*call, target)
        assert (refused.status, refused.json["error"]) == (2, "OUT_TABLE")
    assert len(_table(url, "loans")) == ROWS


def test_a_source_is_only_read(here: Place, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _table(url, "loans")
    for statement in ("DELETE FROM loans", "DROP TABLE loans", "UPDATE loans SET bad = 1 RETURNING *"):
        monkeypatch.setenv("WORKBENCH_SOURCE_WAREHOUSE_QUERY", statement)
        done = here.call("check", "sql:warehouse", "--portfolio", here.portfolio, "--json")
        assert (done.status, done.json["error"]) == (2, "SOURCE_QUERY"), done.out
    pd.testing.assert_frame_equal(_table(url, "loans"), before)


@pytest.mark.parametrize(
    ("data", "variables", "error", "says"),
    [
        ("sql:nowhere", {}, "SOURCE", "Set WORKBENCH_SOURCE_NOWHERE"),
        ("sql:warehouse/absent", {}, "SOURCE_TABLE", "there is no table absent. It has: loans, other"),
        (
            "sql:warehouse",
            {"": "postgresql://ana:{}@127.0.0.1:1/w"},
            "NO_DATABASE",
            "WORKBENCH_SOURCE_WAREHOUSE",
        ),
        ("sql:warehouse", {"": "sqlite:////absent/{}.db"}, "NO_DATABASE", "WORKBENCH_SOURCE_WAREHOUSE"),
        ("sql:warehouse", {"": "oracle://ana:{}@db/w"}, "SOURCE", "WORKBENCH_SOURCE_WAREHOUSE"),
        ("sql:warehouse", {"_QUERY": "SELECT * FROM absent"}, "SOURCE_QUERY", "absent"),
        ("sql:warehouse", {"_QUERY": "SELECT * FROM other"}, "NO_ROWS", "sql:warehouse"),
        ("sql:warehouse", {"_QUERY": ""}, "SOURCE", "WORKBENCH_SOURCE_WAREHOUSE_QUERY"),
    ],
)
def test_what_is_wrong_is_said_without_the_address(
    here: Place, monkeypatch: pytest.MonkeyPatch, data: str, variables: dict[str, str], error: str, says: str
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(f"WORKBENCH_SOURCE_WAREHOUSE{name}", value.format(CANARY))
    done = here.call("check", data, "--portfolio", here.portfolio, "--json")
    assert (done.status, done.json["error"]) == (2, error), done.err
    assert says in done.err and CANARY not in done.err + done.out
    kept = b"".join(path.read_bytes() for path in (here.folder / "home").rglob("*") if path.is_file())
    assert CANARY.encode() not in kept


def test_a_source_may_stand_in_a_private_file(here: Place, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = here.folder / "home" / "sources.toml"
    monkeypatch.delenv("WORKBENCH_SOURCE_WAREHOUSE")
    file.write_text(f'[warehouse]\nurl = "{url}"\n')
    asked = ("check", "sql:warehouse/loans", "--portfolio", here.portfolio, "--json")
    file.chmod(stat.S_IRUSR | stat.S_IRGRP)
    refused = here.call(*asked)
    assert (refused.status, refused.json["error"]) == (2, "SOURCE") and "chmod 600" in refused.err
    file.chmod(stat.S_IRUSR)
    try:
        assert here.call(*asked).json["rows"] == ROWS
    finally:
        file.unlink()


def test_values_of_any_kind_come_over(url: str, tmp_path: Path) -> None:
    from workbench.run import Run
    from workbench.settings import Source

    texts = "CAST('12345678901234567890' AS NUMERIC)" if url.startswith("post") else "'12345678901234567890'"
    query = f"SELECT 1 AS whole, 1.5 AS part, NULL AS gone, '007' AS code, {texts} AS long UNION ALL "
    query += "SELECT 2, 2.25, NULL, NULL, NULL"
    sources.fetch(Source("w", url, query), "", tmp_path / "rows.parquet", Run(), 30.0)
    rows = pd.read_parquet(tmp_path / "rows.parquet").sort_values("whole")
    assert rows["whole"].tolist() == [1, 2] and rows["part"].tolist() == [1.5, 2.25]
    assert rows["gone"].isna().all()
    assert rows["code"].iloc[0] == "007" and rows["long"].iloc[0] == "12345678901234567890"
