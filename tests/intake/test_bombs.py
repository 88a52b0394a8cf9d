"""Files that are small and become large, or are damaged at random: refused in words, nothing brought down."""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench import intake
from workbench.errors import InputError, WorkbenchError
from workbench.intake.excel_file import MAX_UNZIPPED
from workbench.selftest import inputs
from workbench.selftest.mutants import mutant

SECONDS, SERVER_MB = 5.0, 50
FLIPPED = 300 if os.environ.get("WORKBENCH_TEST_LONG") else 60


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as whole:
        whole.writestr("loans.csv", b"a,b\n" + b"1,2\n" * 50_000_000)
    return content.getvalue()


def _constant_parquet() -> bytes:
    """Return a file of some kB that stands for 50 million equal numbers."""
    content, part = io.BytesIO(), pa.table({"a": pa.array([1.0]).take(pa.array([0] * 1_000_000))})
    with pq.ParquetWriter(content, part.schema) as writer:
        for _ in range(50):
            writer.write_table(part, row_group_size=1_000_000)
    return content.getvalue()


def _long_workbook() -> bytes:
    """Return a workbook whose one sheet becomes larger than any that is read."""
    made, longer = io.BytesIO(), io.BytesIO()
    pd.DataFrame({"a": [1]}).to_excel(made, index=False)
    with (
        zipfile.ZipFile(made) as old,
        zipfile.ZipFile(longer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for part in old.namelist():
            with new.open(part, "w") as stream:
                before, end, after = old.read(part).partition(b"</sheetData>")
                stream.write(before)
                for _ in range(MAX_UNZIPPED // 2**24 + 1 if end else 0):
                    stream.write(b"<row><c><v>1</v></c></row>".ljust(32) * 2**19)
                stream.write(end + after)
    return longer.getvalue()


def _told(about: str) -> inputs.BadFile:
    return next(bad for bad in inputs.bad_files() if bad.about == about)


BOMBS = {
    "gzip": lambda: _told("gzip bomb").content,
    "zip": _zip,
    "equal numbers.parquet": _constant_parquet,
    "long texts.parquet": lambda: _told("Parquet bomb").content,
    "far cell.xlsx": lambda: _told("a workbook bomb").content,
    "rows.xlsx": _long_workbook,
}
CODES = {"zip": {"NOT_CSV"}}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_within_seconds_and_costs_the_server_nothing(bomb: str, tmp_path: Path) -> None:
    ending = Path(bomb).suffix or {"gzip": ".csv.gz", "zip": ".csv"}[bomb]
    path = tmp_path / f"loans{ending}"
    path.write_bytes(BOMBS[bomb]())
    intake.apart.warm_up()
    server = psutil.Process()
    before, began, cpu = server.memory_info().rss, time.monotonic(), server.cpu_times()
    with pytest.raises(InputError, match=r"loans") as refused:
        intake.read_apart(path, tmp_path / "reading")
    took = time.monotonic() - began
    assert refused.value.code in CODES.get(bomb, {"TOO_LARGE_EXPANDED", "TOO_LARGE"})
    assert took < SECONDS
    assert server.memory_info().rss - before < SERVER_MB * 2**20
    assert server.cpu_times().user - cpu.user < 1.0
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert len(intake.read_apart(tmp_path / "x.csv", tmp_path / "reading").frame) == 1


def test_parquet_files_with_random_damage_are_read_or_refused_in_words(tmp_path: Path) -> None:
    whole, chance = io.BytesIO(), random.Random(20261121)
    frame = pd.DataFrame({"a": range(300), "b": [f"row {i}" for i in range(300)], "c": [0.5] * 300})
    frame.to_parquet(whole, index=False)
    path, refused = tmp_path / "loans.parquet", 0
    for _ in range(FLIPPED):
        path.write_bytes(mutant(whole.getvalue(), chance, []))
        try:
            assert intake.read_apart(path, tmp_path / "reading").rows_in
        except WorkbenchError as error:
            refused += 1
            assert error.code and str(error).startswith("loans.parquet: ") and "Traceback" not in str(error)
    assert refused > FLIPPED // 10
