"""Data sets and studies come back as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.registry.tiny import PORTFOLIO, WHEN, LineModel, made_dataset, register
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.portfolio import from_values
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


@pytest.mark.parametrize("suffix", ["parquet", "protected.parquet", "refused.parquet"])
def test_damaged_data_are_refused(registry: Registry, suffix: str) -> None:
    path = registry.store.home / "datasets" / f"{SHA}.{suffix}"
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
