"""A scorecard as SQL and Excel: the same whole points, whatever the columns and attributes are called."""

from __future__ import annotations

import datetime
import io
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import psycopg
import pytest

from tests.public import public
from workbench import dataset, exports, intake, sampling, training
from workbench.dataset import Dataset, build, from_frame
from workbench.errors import ArtifactError, InputError
from workbench.exports import card_plan, excel, proof, proof_child, sql
from workbench.portfolio import from_values
from workbench.run import Run
from workbench.scoring import Scorer
from workbench.training import TrainedModel, TrainSpec

ODD = 'it\'s "odd" %s; -- x'
LEVELS = ("o'k", '"q"', "=1+1", "r*nt", "Own", "own", "two  words", "true", "7", "Ünïcode")
WORD = 'isn\'t "known"'
PORTFOLIO = {
    "name": "odd_ones",
    "title": "=Odd ones -- and 'quotes'",
    "outcome": {"column": "bad", "bad": ["1"], "good": ["0"]},
    "date": "applied",
    "characteristics": [
        {"name": ODD, "title": "=cmd()|x", "kind": "category"},
        {
            "name": "fraction",
            "kind": "number",
            "special": [{"value": "-9", "label": "none"}, {"value": WORD}],
        },
        {"name": "since", "kind": "date"},
        {"name": "filled", "kind": "number", "missing": "fill", "fill": 2},
        {"name": "wanted", "kind": "number", "missing": "refuse", "low": 0},
        {"name": "flag", "kind": "flag", "missing": "fill", "fill": "1"},
        {"name": "total", "kind": "number", "tags": ["amount"]},
    ],
    "requirements": {"rows": 100, "bads": 10},
}
ALL = (("min_iv", 0.0), ("max_p_value", 1.0), ("max_correlation", 1.0))


def rows(n: int = 6000, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = rng.integers(0, len(LEVELS), n)
    # decimals that no short text tells, so that a cut read a bit off would move whole rows
    fraction = np.where(rng.random(n) < 0.1, -9.0, rng.integers(0, 60, n) * (0.1 + 1e-12 * np.pi))
    days, filled = rng.integers(0, 4000, n), rng.integers(0, 6, n).astype(float)
    wanted, total = rng.normal(10, 3, n) ** 2, np.round(rng.lognormal(9, 2, n), 2)
    applied = np.datetime64("1999-12-25") + rng.integers(0, 800, n).astype("timedelta64[D]")
    z = -1.4 + 0.25 * (level - 4.5) - 0.25 * (fraction - 3) * (fraction >= 0) - 0.0006 * (days - 2000)
    z += 0.3 * (filled - 2.5) - 0.008 * (wanted - 100) - 0.2 * (np.log(total) - 9)
    return pd.DataFrame(
        {
            ODD: np.where(rng.random(n) < 0.05, None, np.array(LEVELS, dtype=object)[level]),
            "fraction": np.where(rng.random(n) < 0.05, np.nan, fraction),
            "since": pd.Series(applied - days.astype("timedelta64[D]")).where(rng.random(n) > 0.05),
            "filled": np.where(rng.random(n) < 0.05, np.nan, filled),
            "wanted": wanted,
            "flag": np.where(rng.random(n) < 0.05, None, np.where(rng.random(n) < 1 / (1 + np.exp(z)), 1, 0)),
            "total": total,
            "applied": applied.astype("datetime64[s]"),
            "bad": (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int),
        }
    )


def trained(data: Dataset, params: tuple = ALL) -> TrainedModel:
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    return training.train(data, samples, TrainSpec("scorecard", params=params), Run(1))


@pytest.fixture(scope="module")
def data() -> Dataset:
    return build(from_frame(rows()), from_values(PORTFOLIO, "odd.toml"))


@pytest.fixture(scope="module")
def model(data: Dataset) -> TrainedModel:
    made = trained(data)
    assert {t.name for t in made.fitted.terms} == {c["name"] for c in PORTFOLIO["characteristics"]}
    return made


def points_of(model: TrainedModel, data: Dataset) -> list[int]:
    return proof.card_points(model, data.frame, data.date).tolist()


def card_rows(model: TrainedModel, data: Dataset) -> pd.DataFrame:
    return proof._card_rows(model, "sql", data.frame, data.date)


@pytest.mark.parametrize("to", ["sql", "excel"])
def test_a_card_scores_the_same_elsewhere(
    model: TrainedModel, data: Dataset, tmp_path: Path, to: str
) -> None:
    told = exports.export(model, to, tmp_path / "card.xlsx", data.frame, data.date)
    assert told.max_difference <= 1e-12 and told.rows_checked == data.n == 6000
    assert [p.name for p in tmp_path.iterdir()] == ["card.xlsx"]
    assert told.notes


def test_values_are_asked_as_reading_takes_them(model: TrainedModel, data: Dataset) -> None:
    base = card_rows(model, data).iloc[[0]].assign(record=1)
    changes: list[tuple[dict[str, object], dict[str, object]]] = [
        ({"flag": "1.0"}, {"flag": "1"}),
        ({ODD: "TRUE"}, {ODD: "true"}),
        ({ODD: " own  "}, {ODD: "own"}),
        ({ODD: "OWN"}, {ODD: "castle"}),
        ({ODD: ""}, {ODD: None}),
        ({"fraction": ""}, {"fraction": None}),
        ({"fraction": f" {WORD} "}, {"fraction": None}),
        ({"flag": None}, {"flag": "1"}),
        ({"filled": None}, {"filled": 2.0}),
        ({"since": "1995-06-07 00:00:00"}, {"since": "1995-06-07"}),
    ]
    for one, same in changes:
        first, second = (_sqlite(model, base.assign(**{k: [v] for k, v in c.items()})) for c in (one, same))
        assert first == second and first[0][1] is not None, (one, same)
    for nothing in ({"wanted": None}, {"wanted": 1e39}, {"since": "lately"}, {"fraction": -1e300}):
        assert _sqlite(model, base.assign(**nothing)) == [(1, None, None)], nothing


def test_a_special_code_that_is_a_word_has_the_points_that_a_scorer_gives(
    model: TrainedModel, data: Dataset
) -> None:
    frame = card_rows(model, data).iloc[:40].assign(fraction=WORD)
    scorer = Scorer(model)
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    wanted = [(row["record"], scorer.score(row).points) for row in plain]
    assert [line[:2] for line in _sqlite(model, frame)] == wanted
    assert len({points for _, points in wanted}) > 5 and None not in dict(wanted).values()


NO_NUMBERS = (
    "abc", "n/a", "1,234.50", "$900", "inf", "-Infinity", "nan", "1e", "e5", "1e+", "1e5.0", "1e1e1", "1.2.3",
    "..5", ".", "+", "-", "--5", "+-5", "5-", "1 2", "0x10", "1_000", "1d3", "٣", "1e999", "1e-999", "1e39",
    "9" * 40, "9" * 400, "1e281", "0" * 30 + "1e280", "5\t", "12abc", "10%", "36 months", "1e0005",
)  # fmt: skip
NUMBERS = ("5", "+5", "-5", "5.", ".5", "0005", " 7.25 ", "1e2", "1E+02", "25e-1", "2.5e-280", "0.1000", "-0")
NO_DATES = (
    "abcd-ef-gh", "2020-13-45", "2020-00-10", "2020-01-00", "2021-02-29", "1900-02-29", "2020-04-31",
    "2020-1-1", "20200101", "01/02/2020", "2020-01-01x", "2020-01-01 x", "2020-01-01 --:--", "0044-03-15 BC",
    "0000-01-01", "infinity", "+020-01-01", "2020-01-01 10:00:00+", "2020-01-01 10:00:00.5.5", "2020/01/01",
)  # fmt: skip
DATES = (
    "1995-02-28", "1996-02-29", "2000-02-29", "1995-12-31", " 1995-06-07 ", "1995-06-07T10:30",
    "1995-06-07 10:30:15.25", "1995-06-07T10:30:15Z", "1995-06-07 00:00:00+00", "1995-06-07 00:00:00+02:00",
)  # fmt: skip


@pytest.mark.parametrize("base_name", ["sqlite", "postgres"])
def test_text_that_is_no_number_or_date_has_no_points(
    model: TrainedModel, data: Dataset, base_name: str, request: pytest.FixtureRequest
) -> None:
    changes: list[tuple[str, str]] = [("total", text) for text in (*NO_NUMBERS, *NUMBERS)]
    changes += [(column, text) for column in ("since", "applied") for text in (*NO_DATES, *DATES)]
    frame = card_rows(model, data).iloc[[0] * len(changes)].reset_index(drop=True)
    frame["record"] = np.arange(len(frame))
    frame["total"] = "900.5"
    frame["since"], frame["applied"] = "1994-01-01", "2001-05-06"
    for row, (column, text) in enumerate(changes):
        frame.loc[row, column] = text
    if base_name == "sqlite":
        answer = [points for _, points, _ in _sqlite(model, frame)]
    else:
        answer = [points for points, _ in _in_postgres(request.getfixturevalue("postgres"), model, frame)]
    for (column, text), points in zip(changes, answer, strict=True):
        if text in NO_NUMBERS or text in NO_DATES:
            assert points is None, (column, text)
            continue
        typed = frame.loc[[0]].assign(total=900.5, since="1994-01-01", applied="2001-05-06")
        typed[column] = float(text) if column == "total" else text.strip()[:10]
        assert points == _sqlite(model, typed)[0][1] is not None, (column, text)


@pytest.mark.parametrize("key", ["points", "P_BAD"])
def test_a_row_key_called_like_an_answer_stands_beside_it(
    model: TrainedModel, data: Dataset, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = card_plan.plan(model, "sql")
    monkeypatch.setattr(sql, "plan", lambda m, to: replace(right, key=key))
    frame = card_rows(model, data).iloc[:3].rename(columns={"record": key})
    with sqlite3.connect(":memory:") as database:
        frame.to_sql("applicants", database, index=False)
        found = database.execute(sql.statement(model))
        assert [column[0] for column in found.description] == ["row_key", "points", "p_bad"]
        assert [row[0] for row in found] == frame[key].tolist()


def _sqlite(model: TrainedModel, frame: pd.DataFrame) -> list[tuple]:
    with sqlite3.connect(":memory:") as database:
        # columns without a type, as a spreadsheet's text would come
        names = ", ".join(proof_child._quoted(name) for name in frame)
        database.execute(f"CREATE TABLE applicants ({names})")
        marks = ", ".join("?" * frame.shape[1])
        database.executemany(f"INSERT INTO applicants VALUES ({marks})", proof_child._plain(frame, iso=True))
        return sorted(database.execute(sql.statement(model)).fetchall())


def test_a_column_that_is_not_there_is_an_error_and_no_text(model: TrainedModel, data: Dataset) -> None:
    frame = card_rows(model, data).iloc[:3].drop(columns="total")
    with pytest.raises(sqlite3.OperationalError, match="total"):
        _sqlite(model, frame)


def _in_postgres(url: str, model: TrainedModel, frame: pd.DataFrame) -> list[tuple[int, float]]:
    kinds = {"i": "bigint", "f": "double precision", "M": "date"}
    columns = ", ".join(f"{proof_child._quoted(c)} {kinds.get(frame[c].dtype.kind, 'text')}" for c in frame)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP TABLE IF EXISTS applicants")
        database.execute(f"CREATE TABLE applicants ({columns})".encode())
        with database.cursor().copy("COPY applicants FROM STDIN") as copy:
            for row in proof_child._plain(frame, iso=True):
                copy.write_row(row)
        answer = database.execute(sql.statement(model).encode()).fetchall()
    assert [key for key, _, _ in sorted(answer)] == frame.iloc[:, 0].tolist()
    return [(points, p_bad) for _, points, p_bad in sorted(answer)]


def test_postgresql_gives_the_same_points(model: TrainedModel, data: Dataset, postgres: str) -> None:
    answer = _in_postgres(postgres, model, card_rows(model, data))
    assert [points for points, _ in answer] == points_of(model, data)
    expected = model.p_bad(data.frame, data.date)
    assert np.abs(np.array([p for _, p in answer]) - expected).max() <= 1e-15


def test_a_card_without_application_dates(data: Dataset, tmp_path: Path, postgres: str) -> None:
    plain = PORTFOLIO | {"date": "", "left_out": ["applied"]}
    undated = build(from_frame(rows()), from_values(plain, "odd.toml"))
    made = trained(undated)
    assert "since" in {t.name for t in made.fitted.terms}
    for to in ("sql", "excel"):
        told = exports.export(made, to, tmp_path / f"{to}.xlsx", undated.frame, None)
        assert told.max_difference <= 1e-12
    answer = _in_postgres(postgres, made, card_rows(made, undated))
    assert [points for points, _ in answer] == points_of(made, undated)


def test_excel_holds_formulas_and_no_text_is_one(model: TrainedModel, data: Dataset) -> None:
    book = openpyxl.load_workbook(io.BytesIO(excel.content(model, 20)))
    for name in ("Card", "Attributes", "Applicants"):
        for line in book[name].iter_rows():
            assert not [c for c in line if c.data_type == "f"], name
    texts = [c.value for c in book["Attributes"]["C"]]
    assert {"=1+1", "r*nt", "Own", "own", "o'k"} <= set(texts)
    score = book["Score"]
    assert score.max_row == 21
    assert all(c.data_type == "f" for line in score.iter_rows(min_row=2) for c in line)
    values = openpyxl.load_workbook(io.BytesIO(excel.content(model, 400)), data_only=True)
    asked = sum(
        v is not None for (v,) in values["Applicants"].iter_rows(min_row=2, max_col=1, values_only=True)
    )
    points = [line[-2] for line in values["Score"].iter_rows(min_row=2, values_only=True)]
    assert 30 < asked < 400 and all(isinstance(p, int) for p in points[:asked])
    assert set(points[asked:]) <= {"", None}
    # every bin of every question is shown by an example
    lines = values["Score"].iter_rows(min_row=2, max_row=asked + 1, min_col=2, values_only=True)
    shown = {points for line in lines for points in line}
    for term in model.fitted.terms:
        bins = model.encoder.bins[term.column]
        assert {p for p, n in zip(term.points, bins.n, strict=True) if n} <= shown, term.name


def _typed(content: bytes, lines: pd.DataFrame, path: Path) -> Path:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["Applicants"]
    sheet.delete_rows(2, sheet.max_row)
    for at, row in enumerate(proof_child._plain(lines, iso=False), 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(at, column, value)
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(path)
    return path


def _read(path: Path, n: int) -> list:
    score = openpyxl.load_workbook(path, data_only=True, read_only=True)["Score"]
    return [line[-2] for line in score.iter_rows(min_row=2, max_row=n + 1, values_only=True)]


def test_libreoffice_gives_the_same_points(
    model: TrainedModel, data: Dataset, tmp_path: Path, libreoffice: Callable[[Path], Path]
) -> None:
    path = _typed(excel.content(model), card_rows(model, data).iloc[:1000], tmp_path / "card.xlsx")
    assert _read(libreoffice(path), 1000) == points_of(model, data)[:1000]


def test_a_value_of_the_wrong_kind_shows_as_an_error(
    model: TrainedModel, data: Dataset, tmp_path: Path
) -> None:
    from formualizer import recalculate_xlsx_file

    base = card_rows(model, data).iloc[[0] * 7].reset_index(drop=True).astype({"fraction": object})
    base.loc[5, "fraction"], base.loc[6, "fraction"] = WORD, None
    base.loc[0, "fraction"], base.loc[1, "wanted"], base.loc[2, "fraction"] = "much", np.nan, 1e39
    base["since"] = base["since"].dt.date.astype(object)
    base.loc[3, "since"] = datetime.date(1950, 1, 1)
    path = _typed(excel.content(model, 10), base, tmp_path / "card.xlsx")
    recalculate_xlsx_file(str(path))
    points = _read(path, 8)
    assert [str(p)[:1] for p in points[:3]] == ["#", "#", "#"]
    assert isinstance(points[3], int) and isinstance(points[4], int) and points[7] in ("", None)
    assert isinstance(points[5], int) and points[5] == points[6] != points[4]


def test_what_scores_otherwise_is_not_handed_over(
    model: TrainedModel, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = card_plan.plan(model, "sql")
    first = next(q for q in right.questions if q.name == "total")
    # one point more in one bin moves PDs too; the points alone would already do
    moved = replace(first.ranges[-1], points=first.ranges[-1].points + 1)
    wrong = replace(first, ranges=(*first.ranges[:-1], moved))
    changed = replace(right, questions=tuple(wrong if q is first else q for q in right.questions))
    for module, to in ((sql, "sql"), (excel, "excel")):
        monkeypatch.setattr(module, "plan", lambda m, to: changed)
        with pytest.raises(ArtifactError) as refused:
            exports.export(model, to, tmp_path / "card.xlsx", data.frame, data.date)
        assert refused.value.code == "EXPORT_DIFFERS" and not list(tmp_path.iterdir())


def test_only_a_card_can_be_written_and_columns_must_stay_apart(data: Dataset, tmp_path: Path) -> None:
    samples = sampling.draw(data, sampling.SamplingSpec.from_split("70/30", "random", 42))
    other = training.train(data, samples, TrainSpec("logistic"), Run(1))
    for to in ("sql", "excel"):
        with pytest.raises(InputError, match="only a scorecard"):
            exports.export(other, to, tmp_path / "card.xlsx", data.frame, data.date)
    with pytest.raises(InputError, match="cannot tell the column"):
        sql._require_apart(("id", "Age", "age"))
    with pytest.raises(InputError, match="ends in .xlsx"):
        exports.export(other, "excel", tmp_path / "card", data.frame, data.date)
    with pytest.raises(InputError, match="cannot be written as joblib"):
        exports.export(trained(data), "joblib", tmp_path / "card", data.frame, data.date)
    assert not list(tmp_path.iterdir())


def test_long_lists_of_attributes_make_a_shorter_sheet_or_are_refused(
    model: TrainedModel, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MOST_CHARACTERS", 300_000)
    some, date = data.frame[:700], data.date[:700]
    told = exports.export(model, "excel", tmp_path / "card.xlsx", some, date)
    rows = openpyxl.load_workbook(tmp_path / "card.xlsx")["Score"].max_row - 1
    # fewer formulas than rows of the proof, which then goes through them in turns
    assert 100 < rows < 700 == told.rows_checked
    monkeypatch.setattr(excel, "LONGEST_FORMULA", 300)
    with pytest.raises(InputError, match="too many for one Excel formula"):
        excel.content(model)


def test_attributes_that_excel_cannot_tell_apart_are_refused(
    model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = card_plan.plan(model, "excel")
    level = next(q for q in right.questions if q.name == ODD)
    for spelling in ("two words", "bell\x07"):
        groups = (*level.groups[:-1], replace(level.groups[-1], spellings=(spelling, "two  words")))
        first = replace(level.groups[0], spellings=("two  words",))
        wrong = replace(level, groups=(first, *groups[1:]))
        changed = replace(right, questions=tuple(wrong if q is level else q for q in right.questions))
        monkeypatch.setattr(excel, "plan", lambda m, to, changed=changed: changed)
        with pytest.raises(InputError, match="cannot tell attributes"):
            excel.content(model)


@pytest.mark.slow
def _ends(column: pd.Series) -> tuple[int, int]:
    return int(column.argmin()), int(column.argmax())


def test_taiwan_in_sqlite_postgresql_and_excel(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    portfolio = intake.PortfolioShelf(tmp_path).find("taiwan_cards")
    path = public("taiwan_cards/taiwan.csv")
    cards = dataset.build(intake.read(path, portfolio=portfolio), portfolio)
    model = trained(cards, ())
    assert cards.n == 30_000
    told = exports.export(model, "sql", tmp_path / "card.sql", cards.frame, cards.date)
    assert told.rows_checked == 30_000 and told.max_difference <= 1e-15
    whole = tmp_path / "card.xlsx"
    whole.write_bytes(excel.content(model, 5_000))
    # a workbook calculates ten rows in the time a database takes for thousands: every tenth, and the ends
    ends = [at for name in cards.frame.select_dtypes("number") for at in _ends(cards.frame[name])]
    some = sorted({*range(0, cards.n, 10), *ends})
    frame = cards.frame.iloc[some].reset_index(drop=True)
    assert proof.largest_difference(model, "excel", whole, frame, None) <= 1e-12
    answer = _in_postgres(request.getfixturevalue("postgres"), model, card_rows(model, cards))
    assert [points for points, _ in answer] == points_of(model, cards)
