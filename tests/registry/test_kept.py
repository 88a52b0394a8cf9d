"""Data sets and studies come back as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.registry.tiny import PORTFOLIO, WHEN, LineModel, made_dataset, register
from workbench.dataset import Dataset
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.portfolio import from_values
from workbench.registry import StudyRow
from workbench.registry.registry import Registry

SHA = "d" * 64


def test_a_dataset_comes_back_to_the_bit(registry: Registry) -> None:
    kept, given = registry.load_dataset(SHA, PORTFOLIO), made_dataset()
    pd.testing.assert_frame_equal(kept.frame, given.frame)
    pd.testing.assert_frame_equal(kept.protected, given.protected)
    pd.testing.assert_frame_equal(kept.refused, given.refused, check_dtype=False)
    pd.testing.assert_series_equal(kept.row_key, given.row_key)
    pd.testing.assert_series_equal(kept.date, given.date)
    assert np.array_equal(kept.outcome, given.outcome) and kept.outcome.dtype == np.int8
    assert np.array_equal(kept.weight, given.weight) and np.array_equal(kept.record, given.record)
    assert kept.source == given.source and kept.sha256 == SHA and kept.rows_in == 201


def test_a_dataset_is_kept_once(registry: Registry) -> None:
    before = {p: p.stat().st_mtime_ns for p in (registry.store.home / "datasets").iterdir()}
    row = registry.save_dataset(made_dataset(), who="ben", when=WHEN)
    assert {p: p.stat().st_mtime_ns for p in (registry.store.home / "datasets").iterdir()} == before
    assert registry.datasets("cards") == [row] and row.rows == 200 and row.date_from == "2024-01-01"
    assert registry.datasets("other") == []
    assert [line.action for line in registry.trail()] == ["data kept"]


def _read_of(name: str, refused: int, *, file: str) -> Dataset:
    """The same good rows, read from another file of which `refused` rows were bad."""
    lines = [[900 + i, "income", "NOT_A_NUMBER", "is not a number", "x**"] for i in range(refused)]
    given = made_dataset()
    return replace(
        given,
        record=given.record + refused,
        refused=pd.DataFrame(lines, columns=given.refused.columns),
        source=replace(given.source, name=name, sha256=file * 64),
    )


def test_each_file_keeps_its_own_refused_rows(registry: Registry) -> None:
    clean, dirty = _read_of("clean.csv", 0, file="1"), _read_of("dirty.csv", 65, file="2")
    for turn in (clean, dirty, clean, dirty):
        row = registry.save_dataset(turn, who="ana", when=WHEN)
        last = registry.load_dataset(SHA, PORTFOLIO)
        assert (row.name, row.refused) == (turn.source.name, turn.rows_in - turn.n)
        assert (last.source, last.rows_in) == (turn.source, turn.rows_in)
        assert np.array_equal(last.record, turn.record)
        assert row.reading_sha256 == registry.reading_of(last) == registry.reading_of(turn)
    named = registry.load_dataset(SHA, PORTFOLIO, registry.reading_of(clean))
    assert named.source == clean.source and named.refused.empty
    assert registry.load_dataset(SHA, PORTFOLIO, registry.reading_of(dirty)).rows_in == 265
    with pytest.raises(MissingError) as absent:
        registry.load_dataset(SHA, PORTFOLIO, "9" * 64)
    assert absent.value.code == "NO_READING"
    assert [line.action for line in registry.trail()] == ["data kept"] * 3
    assert len(registry.datasets()) == 1 and registry.fsck() == []


def test_a_file_read_again_for_another_portfolio_is_told_once(registry: Registry) -> None:
    other = from_values(PORTFOLIO.to_json() | {"name": "second"}, "test")
    for portfolio in (PORTFOLIO, other, other, PORTFOLIO):
        registry.save_dataset(replace(made_dataset(), portfolio=portfolio), who="ben", when=WHEN)
    assert [line.portfolio for line in registry.trail()] == ["second", "cards"]
    line = registry.trail("second")[0]
    assert line.action == "data kept" and line.detail["dataset_sha256"] == SHA
    assert len(registry.datasets()) == 1 and registry.fsck() == []


def test_a_copy_of_a_file_is_no_other_reading(registry: Registry) -> None:
    before = registry.datasets()[0]
    given = made_dataset()
    row = registry.save_dataset(replace(given, source=replace(given.source, name="copy.csv")))
    assert row == replace(before, name="copy.csv")


def test_reasons_are_kept_with_who_and_when_and_for_what(registry: Registry) -> None:
    given = made_dataset()
    give = {"who": "ana", "when": WHEN}
    registry.acknowledge(given, "LEAKAGE_NAME", "income", why="an old export", **give)
    registry.acknowledge(given, "LEAKAGE_NAME", "income", why=" known at application ", **give)
    registry.acknowledge(given, "REFUSED_ROWS", "", why="they are closed accounts.", **give)
    kept = {(row.code, row.column): row for row in registry.acknowledged(given)}
    assert kept[("LEAKAGE_NAME", "income")].why == "known at application"
    assert (kept[("REFUSED_ROWS", "")].who, kept[("REFUSED_ROWS", "")].at) == ("ana", WHEN)
    assert [line.sentence for line in registry.trail(limit=2)] == [
        "ana acknowledged REFUSED_ROWS in cards.csv for cards@1, because: they are closed accounts.",
        "ana acknowledged LEAKAGE_NAME of income in cards.csv for cards@1, because: known at application.",
    ]
    next_version = from_values(PORTFOLIO.to_json() | {"version": 2}, "test")
    assert registry.acknowledged(replace(given, portfolio=next_version)) == ()
    other = _read_of("dirty.csv", 65, file="2")
    registry.save_dataset(other)
    assert registry.acknowledged(other) == ()
    with pytest.raises(InputError):
        registry.acknowledge(given, "LEAKAGE_NAME", "income", why=" ", **give)
    with pytest.raises(MissingError):
        registry.acknowledge(_read_of("new.csv", 3, file="3"), "REFUSED_ROWS", "", why="so", **give)


def test_a_job_that_runs_again_keeps_one_study(registry: Registry) -> None:
    def keep(study_id: str, job_id: str | None) -> StudyRow:
        return registry.save_study(
            study_id, {"a": study_id.encode()}, portfolio=PORTFOLIO, dataset_sha256=SHA, spec={}, who="ana",
            when=WHEN, job_id=job_id,
        )  # fmt: skip

    first = keep("one", "j1")
    assert keep("two", "j1") == first
    assert keep("three", None).study_id == "three" and keep("four", "j2").study_id == "four"
    assert [row.study_id for row in registry.studies() if row.job_id == "j1"] == ["one"]
    assert registry.fsck() == []


def test_a_column_protected_later_is_kept_beside_the_same_rows(registry: Registry) -> None:
    given = made_dataset(protected_sha="c" * 64)
    sex = pd.DataFrame({"sex": pd.Categorical(["f", "m"] * 100)})
    portfolio = from_values(
        PORTFOLIO.to_json() | {"version": 2, "protected": [{"name": "sex", "kind": "category"}]}, "test"
    )
    registry.save_dataset(replace(given, protected=sex, portfolio=portfolio), who="ana", when=WHEN)
    assert list(registry.load_dataset(SHA, portfolio).protected) == ["sex"]
    assert list(registry.load_dataset(SHA, PORTFOLIO).protected) == ["age"]
    assert len(registry.datasets()) == 1 and registry.fsck() == []


def test_a_characteristic_that_was_not_kept_is_said(registry: Registry) -> None:
    characteristics = [*PORTFOLIO.to_json()["characteristics"], {"name": "debt"}]
    wider = from_values(PORTFOLIO.to_json() | {"version": 2, "characteristics": characteristics}, "test")
    with pytest.raises(InputError, match="without debt"):
        registry.load_dataset(SHA, wider)
    with pytest.raises(MissingError):
        registry.load_dataset("0" * 64, PORTFOLIO)


@pytest.mark.parametrize("suffix", ["parquet", "protected.parquet", "refused.parquet", "record.parquet"])
def test_damaged_data_are_refused(registry: Registry, suffix: str) -> None:
    middle = "" if suffix in ("parquet", "protected.parquet") else ".*"
    (path,) = (registry.store.home / "datasets").glob(f"{SHA}{middle}.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 4]) + content[101:])
    with pytest.raises(ArtifactError) as refused:
        registry.load_dataset(SHA, PORTFOLIO)
    assert refused.value.code == "ARTIFACT_DIGEST"
    assert [p.code for p in registry.fsck()] == ["ARTIFACT_DIGEST"]
    path.unlink()
    assert [p.code for p in registry.fsck()] == ["ARTIFACT_MISSING"]


def _save(registry: Registry, files: dict[str, bytes], study_id: str = "20261121-cards") -> object:
    return registry.save_study(
        study_id, files, portfolio=PORTFOLIO, dataset_sha256=SHA, spec={"seed": 42}, who="ana", when=WHEN
    )


def test_a_study_comes_back_and_names_its_models(registry: Registry) -> None:
    files = {"study.json": b"{}", "samples.parquet": b"\0" * 5000}
    row = _save(registry, files)
    assert registry.load_study("20261121-cards") == files
    assert registry.studies("cards") == [row] == [registry.study("20261121-cards")]
    assert _save(registry, files) == row
    assert register(registry, LineModel(0.1), study_id="20261121-cards").study_id == "20261121-cards"
    with pytest.raises(InputError, match="another study"):
        _save(registry, files | {"study.json": b"[]"})
    assert registry.load_study("20261121-cards") == files
    assert registry.fsck() == []


def test_a_study_that_is_not_there_or_damaged(registry: Registry) -> None:
    with pytest.raises(MissingError) as absent:
        registry.load_study("nowhere")
    assert absent.value.code == "NO_STUDY"
    with pytest.raises(MissingError):
        register(registry, LineModel(0.1), study_id="nowhere")
    for wrong in ("../etc", "", "A b"):
        with pytest.raises(InputError):
            _save(registry, {"a": b""}, wrong)
    with pytest.raises(ValueError):
        _save(registry, {"../a": b""})
    _save(registry, {"a": b"xy"})
    (registry.store.home / "studies" / "20261121-cards" / "a").write_bytes(b"xz")
    with pytest.raises(ArtifactError):
        registry.load_study("20261121-cards")
