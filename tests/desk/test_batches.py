"""A file scored part by part: the same lines as read whole, whatever stops it and wherever."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench.desk import Desk, ScoreRequest, scored, scoring_files
from workbench.errors import BusyError, InputError, MissingError
from workbench.families import many_rows
from workbench.intake import ReadOptions, in_parts
from workbench.portfolio import Reading
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec
from workbench.scoring import Scorer
from workbench.settings import Settings
from workbench.study import StudySpec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS = 700
MODEL = "made-1"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(Settings(home=folder / "home", threads=1), "analyst", lambda: NOON)
    source = folder / "rows.csv"
    made.frame(900).to_csv(source, index=False)
    spec = StudySpec(("lightgbm",), SamplingSpec.from_split("70/30", "random", 42))
    desk.train(desk.request(desk.build(source, made.portfolio()), spec), Run(1))
    return desk


@pytest.fixture
def at(trained: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Score everything in parts, small ones."""
    monkeypatch.setattr(scoring_files, "LARGE", 0)
    monkeypatch.setattr(in_parts, "ROWS", 100)
    monkeypatch.setattr(in_parts, "BLOCK", 6_000)
    return trained


@pytest.fixture
def rows() -> pd.DataFrame:
    """Rows of every kind: some refused, some with attributes not seen, some with values missing."""
    frame = made.frame(ROWS, seed=3).drop(columns=["bad"])
    frame.loc[5, "home"], frame.loc[650, "home"] = "castle", None
    frame.loc[7, "income"] = 1e9
    return frame


def _as_csv(frame: pd.DataFrame, path: Path) -> Path:
    worse = frame.astype({"income": object})
    worse.loc[[3, 444], "income"] = "much"
    worse.to_csv(path, index=False)
    return path


def _as_parquet(frame: pd.DataFrame, path: Path) -> Path:
    worse = frame.copy()
    worse.loc[[3, 444], "income"] = np.inf
    worse.to_parquet(path, row_group_size=250)
    return path


FORMS = {".csv": _as_csv, ".parquet": _as_parquet}


def _whole(desk: Desk, source: Path, out: Path) -> tuple[dict[str, Any], bytes | pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring_files, "LARGE", 2**60)
        told = desk.score_file(MODEL, source, out)
    return told, _content(out)


def _content(out: Path) -> bytes | pd.DataFrame:
    return out.read_bytes() if out.suffix == ".csv" else pd.read_parquet(out)


def _same(a: bytes | pd.DataFrame, b: bytes | pd.DataFrame) -> None:
    if isinstance(a, pd.DataFrame) and isinstance(b, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
    else:
        assert a == b


def _left(desk: Desk) -> list[Path]:
    return [path for path in (desk.settings.home / "batches").rglob("*") if path.is_file()]


@pytest.mark.parametrize("given", FORMS)
@pytest.mark.parametrize("asked", FORMS)
def test_parts_give_the_lines_that_a_whole_reading_gives(
    at: Desk, rows: pd.DataFrame, tmp_path: Path, given: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_rows, "PAYS", 1)
    rows = rows.assign(shoe_size=43, **{"home": None} if given != asked else {})
    source = FORMS[given](rows, tmp_path / f"in{given}")
    steps: list[str] = []
    out = tmp_path / f"out{asked}"
    told = at.score_file(MODEL, source, out, run=Run(1, lambda what, done: steps.append(what)))
    whole, expected = _whole(at, source, tmp_path / f"whole{asked}")
    assert len(steps) > 5
    assert told.pop("engine") == "compiled trees"
    assert whole.pop("engine") == "compiled trees"
    assert told | {"out": ""} == whole | {"out": ""}
    assert (told["rows"], told["scored"], told["refused"]) == (ROWS, ROWS - 2, 2)
    empty, unused = told["notes"][:-1], told["notes"][-1]
    assert empty == [f"None of the {ROWS - 2} scored rows has a value of home."] * (given != asked)
    assert unused == "Not used, as the portfolio does not know it: shoe_size."
    _same(_content(out), expected)
    assert _left(at) == []


def _stop_after(steps: int) -> Run:
    seen: list[str] = []
    return Run(1, lambda what, done: seen.append(what), lambda: len(seen) >= steps)


@pytest.mark.parametrize("form", FORMS)
def test_what_was_done_is_taken_up_again(
    at: Desk, rows: pd.DataFrame, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = FORMS[form](rows, tmp_path / f"in{form}"), tmp_path / f"out{form}"
    out.write_text("from before")
    with pytest.raises(Cancelled):
        at.score_file(MODEL, source, out, run=_stop_after(3))
    assert out.read_text() == "from before"
    monkeypatch.setattr(in_parts, "ROWS", 130)  # parts need not be cut where they were
    told = at.score_file(MODEL, source, out)
    assert 0 < told["resumed"] < ROWS and told["rows"] == ROWS
    _same(_content(out), _whole(at, source, tmp_path / f"whole{form}")[1])
    assert _left(at) == []
    assert at.score_file(MODEL, source, out)["resumed"] == 0


def test_a_kill_loses_nothing_that_was_done(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    source, out = _as_parquet(rows, tmp_path / "in.parquet"), tmp_path / "out.parquet"
    seen: list[str] = []

    def die(what: str, done: float) -> None:
        seen.append(what)
        if len(seen) == 4:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            at.score_file(MODEL, source, out, run=Run(1, die))
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert not out.exists()
    told = at.score_file(MODEL, source, out)
    assert told["resumed"] == 250  # three parts: the third ends with its row group
    _same(_content(out), _whole(at, source, tmp_path / "whole.parquet")[1])


def test_a_part_that_was_damaged_is_scored_again(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    source, out = _as_parquet(rows, tmp_path / "in.parquet"), tmp_path / "out.parquet"
    with pytest.raises(Cancelled):
        at.score_file(MODEL, source, out, run=_stop_after(4))
    second = sorted(path for path in _left(at) if path.suffix == ".arrow")[1]
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    assert at.score_file(MODEL, source, out)["resumed"] == 100
    _same(_content(out), _whole(at, source, tmp_path / "whole.parquet")[1])


def test_other_bytes_and_another_reading_have_other_parts(
    at: Desk, rows: pd.DataFrame, tmp_path: Path
) -> None:
    source, out = _as_csv(rows, tmp_path / "in.csv"), tmp_path / "out.csv"
    with pytest.raises(Cancelled):
        at.score_file(MODEL, source, out, run=_stop_after(3))
    assert at.score_file(MODEL, source, out, ReadOptions(missing=("", "own")))["resumed"] == 0
    _as_csv(rows.iloc[::-1], source)
    assert at.score_file(MODEL, source, out)["resumed"] == 0


def test_two_do_not_score_the_same_file_at_once(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    source, out = _as_parquet(rows, tmp_path / "in.parquet"), tmp_path / "out.parquet"
    refused: list[BusyError] = []

    def meanwhile(what: str, done: float) -> None:
        if not refused:
            with pytest.raises(BusyError, match="another process") as busy:
                at.score_file(MODEL, source, tmp_path / "other.parquet")
            refused.append(busy.value)

    assert at.score_file(MODEL, source, out, run=Run(1, meanwhile))["scored"] == ROWS - 2
    assert refused and not (tmp_path / "other.parquet").exists()


def test_a_file_that_changes_meanwhile_is_not_scored(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    source, out = _as_csv(rows, tmp_path / "in.csv"), tmp_path / "out.csv"
    with pytest.raises(InputError, match="was written to while it was scored") as caught:
        at.score_file(MODEL, source, out, run=Run(1, lambda what, done: os.utime(source, (1, 1))))
    assert caught.value.code == "CHANGED" and not out.exists() and _left(at) == []


@pytest.fixture
def lines(rows: pd.DataFrame, tmp_path: Path) -> Iterator[list[str]]:
    """The lines of a CSV; what a test makes of them is what it scores."""
    yield _as_csv(rows, tmp_path / "in.csv").read_text().splitlines()


def test_what_is_wrong_with_the_form_of_a_file_is_said_as_ever(
    at: Desk, lines: list[str], tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    first, _, last = lines[600].rpartition(",")
    for k, line, code in ((600, "1,2", "RAGGED_ROWS"), (600, f'{first},"{last}', "TRUNCATED")):
        source.write_text("\n".join([*lines[:k], line, *lines[k + 1 :]]) + "\n")
        with pytest.raises(InputError) as caught:
            at.score_file(MODEL, source, out)
        assert caught.value.code == code and not out.exists() and _left(at) == []


def test_numbers_with_a_comma_and_other_dates_are_read_whole(
    at: Desk, rows: pd.DataFrame, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    changed = rows.assign(opened=rows["opened"].dt.strftime("%d/%m/%Y"))
    changed.to_csv(source, index=False)
    told = at.score_file(MODEL, source, out)
    assert told["scored"] == ROWS
    _same(_content(out), _whole(at, source, tmp_path / "whole.csv")[1])
    _as_csv(rows.astype({"income": object}).replace({"income": {1e9: "1.234,50"}}), source)
    with pytest.raises(InputError) as caught:
        at.score_file(MODEL, source, out)
    assert caught.value.code == "DECIMAL" and _left(at) == []


def test_a_file_of_refused_rows_alone_comes_out_whole(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    rows.assign(income=np.inf).to_parquet(source)
    told = at.score_file(MODEL, source, out)
    assert (told["rows"], told["scored"], told["refused"]) == (ROWS, 0, ROWS)
    assert pd.read_parquet(out)["error"].str.contains("income").all()


def test_a_file_is_scored_as_its_portfolio_says_that_files_are_written(
    trained: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file means must not depend on whether it is trained on or scored."""
    frame = made.frame(120, seed=5).drop(columns=["bad"])
    frame.to_csv(tmp_path / "plain.csv", index=False)
    written = frame.astype({"income": object})
    written["income"] = ["" if np.isnan(value) else str(value).replace(".", ",") for value in frame["income"]]
    written.loc[4, "income"] = "unknown"
    written.to_csv(tmp_path / "ours.csv", index=False, sep=";", decimal=",")
    declared = Reading(delimiter=";", decimal=",", missing=("unknown",))
    scorer = trained.scorer(MODEL)
    model = dataclasses.replace(
        scorer.model, portfolio=scorer.model.portfolio.model_copy(update={"reading": declared})
    )
    monkeypatch.setattr(Desk, "scorer", lambda self, name: Scorer(model))
    plain = trained.scorer(MODEL)
    for large in (0, 2**60):
        monkeypatch.setattr(scoring_files, "LARGE", large)
        counts = trained.score_file(MODEL, tmp_path / "ours.csv", tmp_path / "out.csv")
        assert (counts["rows"], counts["refused"]) == (120, 0)
        scored = pd.read_csv(tmp_path / "out.csv")
        wanted = [plain.p_bad(row | {"income": None if i == 4 else row["income"]})
                  for i, row in enumerate(frame.to_dict("records"))]  # fmt: skip
        np.testing.assert_allclose(scored["p_bad"], wanted, rtol=1e-12)


def _kept(desk: Desk, source: Path, key: str, **more: Any) -> Any:
    return desk.score_kept(ScoreRequest(MODEL, str(source), "applicants.csv", **more), key)


@pytest.mark.parametrize("large", [False, True], ids=["whole", "in parts"])
def test_one_bad_row_never_sinks_the_rest(
    at: Desk, rows: pd.DataFrame, tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_files, "LARGE", 0 if large else 2**60)
    worse = rows.astype({"income": object})
    worse.loc[[11, 12, 13, 14, 15], "income"] = ["NaN", "much", "=1+1", "1e400", "-inf"]
    worse.to_csv(tmp_path / "in.csv", index=False)
    key = f"bad-{large}"
    batch = _kept(at, tmp_path / "in.csv", key)
    home = at.settings.home
    lines = scored.rows(home, key, limit=ROWS)
    refused = scored.rows(home, key, scored.REFUSED)
    assert batch.rows == ROWS == len(lines) == batch.scored + batch.refused
    assert refused["error"].ne("").all() and set(refused["id"]) >= set(rows["id"][[12, 13, 14, 15]])
    assert batch.refused == len(refused) == sum(batch.reasons.values()) <= 5
    assert sum(batch.decisions.values()) == batch.scored == sum(int(n) for n, _ in batch.bands.values())
    for spread in (batch.p_bad, batch.points):
        assert sum(spread["counts"]) == batch.scored and len(spread["edges"]) == len(spread["counts"]) + 1
    unseen = scored.rows(home, key, "unseen", ROWS)
    assert batch.flags["unseen: home"] == len(unseen) and rows["id"][5] in set(unseen["id"])
    assert rows["id"][7] in set(scored.rows(home, key, "out of range", ROWS)["id"])
    assert len(scored.rows(home, key, scored.FLAGGED, ROWS)) == batch.flagged
    of_decision = [len(scored.rows(home, key, name, ROWS)) for name in batch.decisions]
    assert of_decision == list(batch.decisions.values())
    clean = at.score_file(MODEL, FORMS[".parquet"](rows, tmp_path / "clean.parquet"), tmp_path / "clean.csv")
    assert clean["refused"] == 2
    expected = pd.read_csv(tmp_path / "clean.csv", dtype={"id": str}).set_index("id")["p_bad"]
    known = lines.set_index("id")["p_bad"].drop(index=rows["id"][[3, 11, 12, 13, 14, 15, 444]])
    np.testing.assert_allclose(known, expected.reindex(known.index), rtol=1e-12)


@pytest.mark.parametrize("large", [False, True], ids=["whole", "in parts"])
def test_one_bad_row_of_ten_thousand_leaves_all_the_others(
    at: Desk, tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_files, "LARGE", 0 if large else 2**60)
    many = made.frame(10_000, seed=4).drop(columns=["bad"]).astype({"income": object})
    many.loc[7_777, "income"] = "much"
    many.to_csv(tmp_path / "in.csv", index=False)
    told = at.score_file(MODEL, tmp_path / "in.csv", tmp_path / "out.parquet")
    assert (told["rows"], told["scored"], told["refused"]) == (10_000, 9_999, 1)
    lines = pd.read_parquet(tmp_path / "out.parquet")
    assert lines["id"].tolist() == many["id"].tolist()
    assert lines["p_bad"].notna().sum() == 9_999
    assert np.flatnonzero(lines["error"].fillna("").ne("")).tolist() == [7_777]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("large", [False, True], ids=["whole", "in parts"])
def test_a_column_under_another_name_gives_the_same_scores(
    at: Desk, rows: pd.DataFrame, tmp_path: Path, form: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_files, "LARGE", 0 if large else 2**60)
    expected = at.score_file(MODEL, FORMS[form](rows, tmp_path / f"in{form}"), tmp_path / "as_it_is.parquet")
    named = FORMS[form](rows, tmp_path / f"named{form}")
    frame = pd.read_csv(named, dtype=str) if form == ".csv" else pd.read_parquet(named)
    frame = frame.rename(columns={"income": "Salary, monthly", "home": "Lives in"})
    frame.to_csv(named, index=False) if form == ".csv" else frame.to_parquet(named)
    rename = {"income": "Salary, monthly", "home": "Lives in"}
    told = at.score_file(MODEL, named, tmp_path / "renamed.parquet", rename=rename)
    assert {k: told[k] for k in ("rows", "refused", "decisions")} == {
        k: expected[k] for k in ("rows", "refused", "decisions")
    }
    _same(_content(tmp_path / "renamed.parquet"), _content(tmp_path / "as_it_is.parquet"))
    for wrong in ({"income": "home"}, {"nothing": "Lives in"}, {"income": "not there", "home": "Lives in"}):
        with pytest.raises(InputError) as refused:
            at.score_file(MODEL, named, tmp_path / "none.parquet", rename=wrong)
        assert refused.value.code in ("RENAME", "SCHEMA_MISMATCH")
    assert not (tmp_path / "none.parquet").exists()


def test_columns_are_told_without_reading_the_rows(at: Desk, rows: pd.DataFrame, tmp_path: Path) -> None:
    for form, write in FORMS.items():
        assert at.columns(write(rows, tmp_path / f"in{form}")) == tuple(rows.columns)
    (tmp_path / "false.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(InputError, match="damaged"):
        at.columns(tmp_path / "false.parquet")


def test_scored_files_are_listed_weighed_and_deleted(
    at: Desk, rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = at.settings.home
    source = tmp_path / "in.csv"
    rows.assign(id=["=1+1", *rows["id"][1:]]).to_csv(source, index=False)
    batch = _kept(at, source, "to-delete")
    assert batch in scored.kept(home)
    assert b"'=1+1" in scored.content(home, "to-delete", "csv")
    assert scored.content(home, "to-delete", "csv").count(b"\n") == ROWS + 1
    assert pd.read_parquet(io.BytesIO(scored.content(home, "to-delete", "parquet")))["id"][0] == "=1+1"
    with pytest.raises(Cancelled):
        at.score_kept(ScoreRequest(MODEL, str(source)), "stopped", _stop_after(4))
    left = [path for path in (home / "batches").glob("*") if path.name != scored.DONE]
    assert len(left) == 1  # the parts, to be taken up
    use = next(use for use in at.disk() if use.kind == "batches")
    assert use.count == len(scored.kept(home)) and use.size > 0 and left[0].exists()
    long_ago = time.time() - 2 * scored.ABANDONED
    for path in (*left[0].iterdir(), left[0], scored.folder_of(home) / "stopped"):
        os.utime(path, (long_ago, long_ago))
    at.disk()
    assert left[0].exists()  # looking deletes nothing
    removal = at.delete("batch", "to-delete", "no longer needed")
    assert not left[0].exists() and not (scored.folder_of(home) / "stopped").exists()
    assert removal.words == "the scored file to-delete"
    with pytest.raises(MissingError, match="no such scored file"):
        scored.find(home, "to-delete")
    with pytest.raises(MissingError):
        scored.find(home, "../../models")
