"""A scored file with reasons: the same words in parts and as a whole, and for one applicant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import made
from workbench.desk import Desk, ScoreRequest, calls, scored, scoring_files
from workbench.desk.reasoned import reasoner
from workbench.errors import ArtifactError, InputError
from workbench.explanation import Explainer, by_row
from workbench.intake import ReadOptions, in_parts
from workbench.run import Cancelled, Run
from workbench.sampling import SamplingSpec
from workbench.settings import Settings
from workbench.study import StudySpec
from workbench.trees import shapley

MODEL, TREES = "made-1", "made-2"
COLUMNS = ["reason_1", "reason_2", "reason_note"]
TEXTS = [
    {"characteristics": [name], "text": f"The matter of {name}", "missing": f"No word of {name}"}
    for name in ("income", "late", "home", "phone", "first_credit")
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(
        Settings(home=folder / "home", threads=1), "analyst", lambda: datetime(2026, 3, 1, tzinfo=UTC)
    )
    made.frame(1200).to_csv(folder / "rows.csv", index=False)
    portfolio = made.portfolio(reasons={"texts": TEXTS})
    spec = StudySpec(("logistic", "lightgbm"), SamplingSpec.from_split("70/30", "random", 42))
    desk.train(desk.request(desk.build(folder / "rows.csv", portfolio), spec), Run(1))
    return desk


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = made.frame(400, seed=5).drop(columns=["bad"]).astype({"income": object})
    frame.loc[[3, 350], "income"] = "much"
    frame.loc[9, "income"] = -7
    path = tmp_path_factory.mktemp("file") / "in.csv"
    frame.to_csv(path, index=False)
    return path


def _in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_files, "LARGE", 0)
    monkeypatch.setattr(in_parts, "BLOCK", 6_000)


def test_every_row_that_is_not_approved_has_its_reasons_or_why_not(desk, rows, tmp_path) -> None:
    told = desk.score_file(MODEL, rows, tmp_path / "out.csv", reasons=2)
    frame = pd.read_csv(tmp_path / "out.csv", dtype="str", keep_default_na=False)
    assert list(frame.columns[1:]) == ["p_bad", "points", "band", "decision", *COLUMNS, "flags", "error"]
    assert told["rows"] == 400 and "row" not in told
    refused, approved = frame["error"] != "", frame["decision"] == "approve"
    assert (frame.loc[approved, COLUMNS] == "").all(axis=None)
    assert (frame.loc[refused, "reason_note"].str.startswith("Not scored, for what the file says")).all()
    sent = frame[(frame["decision"] == "decline") & (frame["reason_note"] == "")]
    assert len(sent) > 5 and sent["reason_1"].str.match("The matter of|No word of").all()
    kept_back = frame[(frame["decision"] == "decline") & (frame["reason_note"] != "")]
    assert (kept_back["reason_1"] == "").all()
    assert kept_back["reason_note"].str.contains("bureau has no text|outside the declared range").all()
    assert frame["reason_note"][9].startswith("Not the score but a value outside the declared range")
    refer = frame[frame["decision"] == "refer"]
    assert (refer["reason_note"] != "").all()


def test_a_file_without_reasons_as_rows_are_no_longer_kept_says_so_once(
    desk, rows, tmp_path, monkeypatch
) -> None:
    given = desk.score_file(MODEL, rows, tmp_path / "given.csv", reasons=1)
    assert not any("reasons" in note for note in given["notes"])
    monkeypatch.setattr(Explainer, "kinds", ("path-dependent",))
    told = desk.score_file(MODEL, rows, tmp_path / "out.csv", reasons=1)
    (said,) = [note for note in told["notes"] if "reasons" in note]
    assert said.startswith("No reasons are given") and "no longer kept" in said
    assert not pd.read_csv(tmp_path / "out.csv")["reason_1"].notna().any()


def test_deep_trees_give_reasons_while_their_data_are_kept(desk, monkeypatch) -> None:
    monkeypatch.setattr(shapley, "MOST_PATTERNS", 0)
    found = desk.explainer(TREES)
    assert found.slow and found.kinds == ("interventional", "path-dependent")
    told = found.references["all"]
    assert told.n == by_row.HELD and told.words.startswith(f"{told.n} of all ")

    assert found.check["compared"] > 0 and found.check["largest"]["interventional"] < 1e-6
    sha256 = desk.registry.resolve(TREES).dataset_sha256
    kept = desk.settings.home / "datasets" / f"{sha256}.parquet"
    whole = kept.read_bytes()
    try:
        kept.unlink()
        assert desk.explainer(TREES).kinds == ("path-dependent",)
        kept.write_bytes(whole[:-1])
        with pytest.raises(ArtifactError):
            desk.explainer(TREES)
    finally:
        kept.unlink()
        kept.write_bytes(whole)
    assert desk.explainer(TREES).kinds == found.kinds


def test_parts_that_were_stopped_and_taken_up_say_what_a_whole_reading_says(
    desk, rows, tmp_path, monkeypatch
) -> None:
    for form in ("csv", "parquet"):
        desk.score_file(MODEL, rows, tmp_path / f"whole.{form}", reasons=2)
    _in_small_parts(monkeypatch)

    def stop(what: str, done: float) -> None:
        if done > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        desk.score_file(MODEL, rows, tmp_path / "out.csv", run=Run(1, stop), reasons=2)
    # what was done with reasons is not taken up by a run without them
    assert desk.score_file(MODEL, rows, tmp_path / "plain.csv")["resumed"] == 0
    told = desk.score_file(MODEL, rows, tmp_path / "out.csv", reasons=2)
    assert told["resumed"] > 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    desk.score_file(MODEL, rows, tmp_path / "out.parquet", reasons=2)
    parts, whole = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("out", "whole"))
    pd.testing.assert_frame_equal(parts, whole)
    plain = pd.read_csv(tmp_path / "plain.csv", dtype="str", keep_default_na=False)
    pd.testing.assert_frame_equal(
        plain, pd.read_csv(tmp_path / "out.csv", dtype="str", keep_default_na=False).drop(columns=COLUMNS)
    )


def test_a_file_of_one_row_tells_all_that_is_known_of_its_reasons(desk, tmp_path) -> None:
    frame = made.frame(400, seed=5).drop(columns=["bad"])
    desk.score_file(MODEL, _written(frame, tmp_path / "all.csv"), tmp_path / "scored.csv", reasons=4)
    told = pd.read_csv(tmp_path / "scored.csv")
    at = int(np.flatnonzero((told["decision"] == "decline") & told["reason_note"].isna())[0])
    one = _written(frame.iloc[[at]], tmp_path / "one.csv")
    row = desk.score_file(MODEL, one, tmp_path / "one.out.csv", reasons=4)["row"]
    assert (row["decision"], row["p_bad"]) == ("decline", told["p_bad"][at])
    reasons = row["reasons"]
    assert reasons["source"] == "score" and reasons["notice"] is True and reasons["version"] == 1
    assert [r["text"] for r in reasons["reasons"]] == [
        t for t in told.loc[at, ["reason_1", "reason_2", "reason_3", "reason_4"]] if isinstance(t, str)
    ]
    values = frame.iloc[at].astype(object).where(frame.iloc[at].notna(), None).to_dict()
    assert reasoner(desk, MODEL).one(values).to_json() == reasons


def _written(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("asked", [-1, 5])
def test_more_reasons_than_help_are_refused_before_any_work(desk, rows, tmp_path, asked) -> None:
    with pytest.raises(InputError) as caught:
        desk.score_file(MODEL, rows, tmp_path / "out.csv", reasons=asked)
    assert caught.value.code == "REASONS"
    assert not (tmp_path / "out.csv").exists()


def test_a_file_without_anyone_to_decline_has_empty_reasons(desk, tmp_path) -> None:
    best = made.frame(400, seed=5).drop(columns=["bad"]).assign(income=9000.0, bureau=800.0, late=0.0)
    told = desk.score_file(MODEL, _written(best, tmp_path / "in.csv"), tmp_path / "out.csv", reasons=1)
    assert told["decisions"]["approve"] == 400
    assert pd.read_csv(tmp_path / "out.csv")[["reason_1", "reason_note"]].isna().all(axis=None)


def test_a_kept_batch_counts_its_first_reasons_and_can_be_asked_for_elsewhere(desk, rows) -> None:
    request = ScoreRequest(MODEL, str(rows), "in.csv", reasons=2)
    assert ScoreRequest.from_json(request.to_json()) == request
    old = {name: value for name, value in request.to_json().items() if name != "reasons"}
    assert ScoreRequest.from_json(old).reasons == 0
    batch = desk.score_kept(request, "a-batch")
    again = scored.find(desk.settings.home, "a-batch")
    assert again.first_reasons == batch.first_reasons and again.asked_reasons == 2
    declined = batch.decisions["decline"]
    assert sum(batch.first_reasons.values()) + batch.without_notice == declined > 0
    told = calls.of_batch(desk, MODEL, str(rows), ReadOptions(), {}, batch.asked_reasons)
    assert told.command.endswith("--reasons 2") and "reasons=2" in told.python
