"""Score a large file part by part: little memory, and what a stopped run had done is taken up again."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset import Table
from workbench.desk import tables
from workbench.desk.lines import Counts, plain_schema, scored_lines
from workbench.desk.reasoned import Reasoning
from workbench.errors import BusyError, InputError
from workbench.intake import ReadOptions
from workbench.intake.in_parts import InParts, ReadWhole, stamp_of
from workbench.policy import DECISIONS
from workbench.run import Run
from workbench.scoring import Scorer

FORM = 2
"""Changes with what parts hold, so that none of another version is taken up."""


def batch_key(
    source_sha256: str, manifest_sha256: str, options: ReadOptions, rename: Mapping[str, str] | None = None,
    reasons: int = 0,
) -> str:  # fmt: skip
    """Return what a batch is known by: the same bytes, model and reading have the same parts."""
    read_as = [astuple(options), *([sorted(rename.items())] if rename else [])]
    read_as += [{"reasons": reasons}] if reasons else []
    told = json.dumps([FORM, source_sha256, manifest_sha256, *read_as]).encode()
    return hashlib.sha256(told).hexdigest()[:32]


def score_parts(
    given: InParts, scorer: Scorer, folder: Path, out: Path, run: Run, reasoning: Reasoning | None = None
) -> Counts:
    """Score each part, keep it in `folder`, and put the whole at `out` when all are there.

    Raises
    ------
    BusyError
        ``BUSY`` where another process scores the same file with the same model.
    InputError
        ``CHANGED`` where the file is not the one it was when scoring began.
    ReadWhole
        Where the file turns out not to be readable in parts; what was kept is removed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        done = _kept(folder)
        resumed = done[-1].stop if done else 0
        try:
            scorer.prepare(given.rows - resumed)
            for table in _ahead(given.tables(resumed)):
                run.step(f"row {int(table.record[-1]):,}", 0.9 * int(table.record[-1]) / max(given.rows, 1))
                done.append(_keep(folder, scored_lines(scorer, table, reasoning), table.record))
            if stamp_of(given.path) != given.stamp:
                raise InputError(
                    "CHANGED", "was written to while it was scored", given.path.name,
                    "Score it again when it is complete; nothing was written.",
                )  # fmt: skip
        except (ReadWhole, InputError):
            shutil.rmtree(folder)
            raise
        run.step("writing", 0.9)
        counts = _assemble([part.path for part in done], out, resumed)
        shutil.rmtree(folder)
    return counts


@dataclass(frozen=True)
class _Part:
    path: Path
    start: int
    stop: int


def _ahead(parts: Iterator[Table]) -> Iterator[Table]:
    """Yield parts while the next one is read."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (table := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield table
            del table


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    busy = BusyError(
        "BUSY", "the same file is being scored with the same model by another process",
        remedy="Wait until it is done, or stop it.",
    )  # fmt: skip
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        # who had it until now removes the folder at the end
        if not folder.exists() or os.fstat(handle).st_ino != folder.stat().st_ino:
            raise busy
        yield
    finally:
        os.close(handle)


def _kept(folder: Path) -> list[_Part]:
    """Return the parts an earlier run kept, from the first row on without a gap; others are removed."""
    found: list[_Part] = []
    for path in sorted(folder.iterdir()):
        words = path.stem.split("-")
        after = found[-1].stop if found else 0
        if path.suffix == ".arrow" and len(words) == 3 and int(words[0]) == after and _whole(path, words[2]):
            found.append(_Part(path, after, int(words[1])))
        else:
            path.unlink()
    return found


def _whole(path: Path, sha256: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _keep(folder: Path, table: pa.Table, record: np.ndarray) -> _Part:
    """Write a part under a name that says its rows and its digest; it is there whole or not at all."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    start, stop = int(record[0]) - 1, int(record[-1])
    path = folder / f"{start:012d}-{stop:012d}-{hashlib.sha256(content).hexdigest()}.arrow"
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(content)
    os.replace(unfinished, path)
    return _Part(path, start, stop)


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _assemble(parts: list[Path], out: Path, resumed: int) -> Counts:
    """Write the parts one after the other, and count what they hold."""
    first = _read(parts[0])
    rows = scored = unflagged = 0
    on_all: frozenset[str] | None = None
    decisions = dict.fromkeys(DECISIONS, 0)
    with tables.written(out) as unfinished, _writer(unfinished, out, first.schema) as write:
        for path in parts:
            part = _read(path).cast(first.schema)
            write(part)
            rows += part.num_rows
            scored += part.num_rows - part.column("p_bad").null_count
            flags, given = _counted(part.column("flags")), part.column("p_bad")
            unflagged += flags.get("", 0)
            if given.null_count:
                flags = _counted(part.column("flags").filter(given.is_valid()))
            for text in flags:
                now = frozenset(text.split("; "))
                on_all = now if on_all is None else on_all & now
            for decision, n in _counted(part.column("decision")).items():
                if decision:
                    decisions[decision] += n
    return Counts(rows, scored, rows - unflagged, decisions, resumed, on_all=on_all or frozenset())


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in cp.value_counts(column).to_pylist()}


@contextlib.contextmanager
def _writer(unfinished: Path, out: Path, schema: pa.Schema) -> Iterator:
    """Yield what writes a part to the file, in the form that `out` has by its ending."""
    import pyarrow.parquet as pq

    plain = plain_schema(schema)
    if out.suffix.lower() == ".parquet":
        # texts go over as they are held, each once; who reads the file is told that they are plain
        told = {b"ARROW:schema": base64.b64encode(plain.serialize()), **(schema.metadata or {})}
        with pq.ParquetWriter(unfinished, schema, store_schema=False) as writer:
            writer.add_key_value_metadata(told)
            yield writer.write_table
        return
    key = schema.names[0]
    with unfinished.open("wb") as file:

        def write(part: pa.Table) -> None:
            content = tables.to_plain_csv(part.cast(plain).to_pandas(), keys=[key])
            file.write(content if not file.tell() else content.partition(b"\n")[2])

        yield write
