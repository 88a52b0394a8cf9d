"""Files that are no data, or not as they say: each refused in words, and nothing brought down."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.run import Run
from workbench.selftest.mutants import mutant
from workbench.selftest.tally import Tally, silent, unclear

WIDE = ",".join(f"c{k}" for k in range(2001))


@dataclass(frozen=True)
class BadFile:
    """A file and the codes it may be refused with; none where it may also be read as what it is."""

    name: str
    content: bytes
    codes: frozenset[str]
    about: str


def _bad(about: str, content: str | bytes, *codes: str, name: str = "loans.csv") -> BadFile:
    raw = content.encode() if isinstance(content, str) else content
    return BadFile(name, raw, frozenset(codes), about)


def bad_files() -> list[BadFile]:
    """Return files with one fault each."""
    return [
        _bad("separator behind every row", "a,b\n1,2,\n3,4,\n", "RAGGED_ROWS"),
        _bad("a field too many in the first row", "a,b\n1,2,3\n3,4\n5,6\n", "RAGGED_ROWS"),
        _bad("a field too many later", "a,b\n1,2\n3,4,5\n5,6\n", "RAGGED_ROWS"),
        _bad("a short row", "a,b,c\n1,2,3\n1,2\n4,5,6\n", "RAGGED_ROWS"),
        _bad("cut in a row", "a,b,c\n1,2,3\n4,5", "TRUNCATED"),
        _bad("quotation mark never closed", 'a,b\n1,2\n3,"4\n5,6\n', "TRUNCATED"),
        _bad("decimal comma", "a;b\n1,5;2\n2,5;3\n", "DECIMAL"),
        _bad("two delimiters", "a,b;c\n1,2;3\n4,5;6\n", "DELIMITER"),
        _bad("cp1252", "a,b\nMüller,1\n".encode("cp1252"), "ENCODING"),
        _bad("cp1251", "a,b\nПривет,1\n".encode("cp1251"), "ENCODING"),
        _bad("utf-16", "a,b\nx,1\n".encode("utf-16"), "ENCODING"),
        _bad("a bad byte late", b"a,b\n" + b"x,1\n" * 400_000 + b"\xe4,1\n", "ENCODING"),
        _bad("zero bytes", b"a,b\n1,2\n\0\0\0\n", "ENCODING"),
        _bad("a column twice", "a,b,a\n1,2,3\n", "DUPLICATE_COLUMNS"),
        _bad("a column twice but for case", "a,b,A \n1,2,3\n", "DUPLICATE_COLUMNS"),
        _bad("no header", "1,2\n3,4\n", "NO_HEADER"),
        _bad("a web page", "<!DOCTYPE html><html><body>Sign in</body></html>", "NOT_CSV"),
        _bad("JSON", '[{"a":1}]', "NOT_CSV"),
        _bad("a workbook called CSV", b"PK\x03\x04aaaa", "NOT_CSV"),
        _bad("a header only", "a,b\n", "NO_ROWS"),
        _bad("nothing", "", "NO_ROWS"),
        _bad("too many columns", f"{WIDE}\n{WIDE}\n", "TOO_MANY_COLUMNS"),
        _bad("an endless cell", "a,b\n" + "x" * 40_000 + ",1\n", "TOO_LARGE"),
        _bad("no gzip", "a,b\n1,2\n", "NOT_CSV", name="loans.csv.gz"),
        _bad("gzip cut", gzip.compress(b"a,b\n1,2\n" * 9999)[:-20], "TRUNCATED", name="loans.csv.gz"),
        _bad("gzip bomb", _gzip_bomb(), "TOO_LARGE_EXPANDED", name="loans.csv.gz"),
        _bad("no Parquet", "a,b\n1,2\n", "NOT_PARQUET", name="loans.parquet"),
        _bad("Parquet without a footer", b"PAR1xxxxPAR1", "NOT_PARQUET", name="loans.parquet"),
        _bad("Parquet bomb", _parquet_bomb(), "TOO_LARGE", "TOO_LARGE_EXPANDED", name="loans.parquet"),
        _bad("no workbook", "hello", "NOT_EXCEL", name="loans.xlsx"),
        _bad("a workbook that is no zip", b"PK\x03\x04hello", "NOT_EXCEL", name="loans.xlsx"),
        _bad("a workbook bomb", _workbook_bomb(), "TOO_LARGE_EXPANDED", name="loans.xlsx"),
        _bad("an unknown ending", "a,b\n1,2\n", "UNKNOWN_FORMAT", name="loans.docx"),
    ]


def damaged_files(each: int, seed: int = 20261121) -> list[BadFile]:
    """Return Parquet files and workbooks damaged at random: refused, or read as what they are."""
    import pandas as pd

    frame = pd.DataFrame({"a": range(300), "b": [f"row {i}" for i in range(300)]})
    parquet, workbook = io.BytesIO(), io.BytesIO()
    frame.to_parquet(parquet, index=False)
    frame.to_excel(workbook, index=False)
    chance = random.Random(seed)
    return [
        BadFile(name, mutant(whole.getvalue(), chance, []), frozenset(), f"damaged {name} {i}")
        for name, whole in (("loans.parquet", parquet), ("loans.xlsx", workbook))
        for i in range(each)
    ]


def try_files(folder: Path, files: list[BadFile], run: Run) -> Tally:
    """Read each file as the app does, and judge what is said of it."""
    from workbench.intake import read_apart

    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    for number, bad in enumerate(files):
        run.step(f"bad file {number + 1:,} of {len(files):,}", number / len(files))
        path = folder / bad.name
        path.write_bytes(bad.content)
        tally += Tally(bad_inputs=1)
        try:
            table = read_apart(path, folder / "reading")
        except WorkbenchError as error:
            tally += _judged(bad, error)
        else:
            if bad.codes:
                tally += silent(f"{bad.about}: read as {len(table.frame):,} rows")
        path.unlink()
    return tally


def _judged(bad: BadFile, error: WorkbenchError) -> Tally:
    tally = Tally()
    if bad.codes and error.code not in bad.codes:
        tally += unclear(f"{bad.about}: refused as {error.code}")
    for problem in error.problems:
        if not (problem.where and problem.what and problem.remedy):
            tally += unclear(f"{bad.about}: {problem.code} does not say where, what and what to do")
    return tally


def _gzip_bomb() -> bytes:
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb", compresslevel=1, mtime=0) as stream:
        stream.write(b"a,b\n")
        for _ in range(100):
            stream.write(b"1,2\n" * 250_000)
    return content.getvalue()


def _parquet_bomb() -> bytes:
    """Return a small file that says one text of 20 kB 200,000 times, by its dictionary."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.DictionaryArray.from_arrays(np.zeros(200_000, np.int32), pa.array(["x" * 20_000]))
    content = io.BytesIO()
    pq.write_table(pa.table({"a": words}), content)
    return content.getvalue()


def _workbook_bomb() -> bytes:
    """Return a workbook whose one sheet says that it reaches to the last cell there can be."""
    import pandas as pd

    made, claimed = io.BytesIO(), io.BytesIO()
    pd.DataFrame({"a": [1]}).to_excel(made, index=False)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(claimed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            if part.startswith("xl/worksheets/"):
                content = content.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')
            new.writestr(part, content)
    return claimed.getvalue()
