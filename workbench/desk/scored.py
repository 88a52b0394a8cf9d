"""Files that were scored and are kept: what came out of each, its rows, and what stopped runs left behind."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp
import pyarrow.parquet as pq

from workbench.desk import scoring_files, tables
from workbench.desk.reasoned import NOTE
from workbench.errors import MissingError
from workbench.policy import DECISIONS
from workbench.registry.artifacts import canonical_json, make_folder, publish_file
from workbench.run import Run

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.desk.requests import ScoreRequest

RECORD, ROWS = "batch.json", "scored.parquet"
DONE = "done"
ABANDONED = 24 * 3600.0
PARTS, BINS, REASONS = 65_536, 40, 50
ALL, FLAGGED, REFUSED = "all", "flagged", "refused"
KINDS = ("missing", "unexpected missing", "unseen", "out of range", "unusual")
_KEY = re.compile(r"[0-9A-Za-z][\w-]{0,80}")


@dataclass(frozen=True)
class Batch:
    """What came of a file that was scored: rows in = scored + refused.

    Attributes
    ----------
    key : str
        Name of its folder; the job's id where a job scored it.
    name : str
        What the file is called.
    at : str
        When, as ISO in UTC.
    resumed : int
        Rows an earlier run, which was stopped, had scored.
    bands : dict
        Band -> rows, mean PD.
    flags : dict
        "kind: column" -> rows.
    reasons : dict
        Why rows were refused -> rows; the most frequent.
    p_bad, points : dict
        Edges and counts of their distribution.
    approve_below, decline_from : float
        The policy's cut-offs.
    asked_reasons : int
        How many principal reasons each row that is not approved got; 0 where none were asked for.
    first_reasons : dict
        First reason of declined rows -> rows.
    without_notice : int
        Declined rows on which a person decides, as the column ``reason_note`` says.
    notes : list of str
        What to mind of the file as a whole: what it lacks, what of it is not used.
    """

    key: str
    name: str
    path: str
    model_id: str
    who: str
    at: str
    rows: int
    scored: int
    refused: int
    flagged: int
    resumed: int
    seconds: float
    engine: str
    decisions: dict[str, int]
    bands: dict[str, list[float]]
    flags: dict[str, int]
    reasons: dict[str, int]
    p_bad: dict[str, list[float]]
    points: dict[str, list[float]]
    mean_p_bad: float | None
    approve_below: float
    decline_from: float
    options: dict[str, Any] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    asked_reasons: int = 0
    first_reasons: dict[str, int] = field(default_factory=dict)
    without_notice: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def when(self) -> datetime:
        """The moment it was done."""
        return datetime.fromisoformat(self.at)

    @property
    def sentence(self) -> str:
        """What came out, in words."""
        refused = f", {self.refused:,} refused" if self.refused else ", none refused"
        return f"{self.scored:,} of {self.rows:,} rows scored{refused}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def folder_of(home: Path) -> Path:
    """Return where scored files are kept."""
    return home / "batches" / DONE


def score_kept(desk: Desk, request: ScoreRequest, key: str, run: Run) -> Batch:
    """Score a file and keep what came out; see `Desk.score_kept`."""
    purge(desk.settings.home)
    folder = folder_of(desk.settings.home) / key
    make_folder(folder)
    out = folder / ROWS
    began = time.monotonic()
    told = scoring_files.score_file(
        desk, request.model, Path(request.path), out, request.options, run.part(0.0, 0.95), request.name,
        request.rename, request.reasons,
    )  # fmt: skip
    out.chmod(0o600)
    run.step("counting what came out", 0.95)
    policy = desk.model(told["model_id"]).policy
    counted = {name: told[name] for name in ("rows", "scored", "refused", "flagged", "resumed", "engine")}
    batch = Batch(
        key=key, name=request.name or Path(request.path).name, path=request.path, model_id=told["model_id"],
        who=desk.who, at=desk.now().isoformat(), seconds=time.monotonic() - began,
        decisions=told["decisions"], approve_below=policy.approve_below, decline_from=policy.decline_from,
        options=request.to_json()["options"], rename=dict(request.rename), asked_reasons=request.reasons,
        notes=told["notes"], **counted, **_summary(out), **(_reasons(out) if request.reasons else {}),
    )  # fmt: skip
    publish_file(folder / RECORD, canonical_json(batch.to_json()))
    return batch


def kept(home: Path, limit: int = 200) -> tuple[Batch, ...]:
    """Return the scored files that are kept, the newest first."""
    found = []
    for record in folder_of(home).glob(f"*/{RECORD}"):
        # another process may be deleting it
        with suppress(MissingError):
            found.append(find(home, record.parent.name))
    return tuple(sorted(found, key=lambda batch: batch.at, reverse=True)[:limit])


def find(home: Path, key: str) -> Batch:
    """Return a scored file.

    Raises
    ------
    MissingError
        ``NO_BATCH``.
    """
    if _KEY.fullmatch(key):
        with suppress(OSError, ValueError, TypeError):
            return Batch(**json.loads((folder_of(home) / key / RECORD).read_text("utf-8")))
    raise MissingError(
        "NO_BATCH", "there is no such scored file", key[:64], "Look at the list on the page Batch."
    )


def rows(home: Path, key: str, which: str = ALL, limit: int = 200) -> pd.DataFrame:
    """Return the first rows of a scored file, as they came in.

    Parameters
    ----------
    which : str
        "all", "flagged", "refused", a decision, or a kind of flag.
    """
    found, n = [], 0
    for part in _parts(home, key, which):
        found.append(part.slice(0, limit - n))
        n += found[-1].num_rows
        if n >= limit:
            break
    return pa.concat_tables(found).to_pandas()


def content(home: Path, key: str, form: str, which: str = ALL) -> bytes:
    """Return a scored file, or some of its rows, as "parquet", or as "csv" for people, formulas escaped."""
    if form == "parquet" and which == ALL:
        find(home, key)
        return (folder_of(home) / key / ROWS).read_bytes()
    out = io.BytesIO()
    if form == "parquet":
        parts = _parts(home, key, which)
        first = next(parts)
        with pq.ParquetWriter(out, first.schema) as writer:
            writer.write_table(first)
            for part in parts:
                writer.write_table(part)
        return out.getvalue()
    for part in _parts(home, key, which):
        text = tables.to_csv(part.to_pandas())
        out.write(text if not out.tell() else text.partition(b"\n")[2])
    return out.getvalue()


def purge(home: Path) -> None:
    """Remove what stopped runs left behind and nobody took up within a day."""
    top = home / "batches"
    for folder in (*top.glob("*"), *folder_of(home).glob("*")):
        unfinished = folder.is_dir() and folder.name != DONE and not (folder / RECORD).exists()
        if unfinished and time.time() - _touched(folder) > ABANDONED:
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> float:
    """Return when something in a folder was last written; now where it is being taken away."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except FileNotFoundError:
        return time.time()


def _parts(home: Path, key: str, which: str) -> Iterator[pa.Table]:
    """Yield the rows asked for, part by part; the first may be empty."""
    find(home, key)
    with pq.ParquetFile(folder_of(home) / key / ROWS) as file:
        yield file.schema_arrow.empty_table()
        for batch in file.iter_batches(PARTS):
            part = pa.Table.from_batches([batch])
            yield part if which == ALL else part.filter(_mask(part, which))


def _mask(part: pa.Table, which: str) -> pa.ChunkedArray:
    if which == FLAGGED:
        return cp.not_equal(part.column("flags"), "")
    if which == REFUSED:
        return cp.is_null(part.column("p_bad"))
    if which in DECISIONS:
        return cp.equal(part.column("decision"), which)
    return cp.match_substring_regex(part.column("flags"), rf"(^|; ){re.escape(which)}: ")


def _summary(path: Path) -> dict[str, Any]:
    """Return what the page shows of a scored file, in one pass and little memory."""
    flags: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    known = []
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PARTS, columns=["p_bad", "points", "band", "flags", "error"]):
            part = pa.Table.from_batches([batch])
            for told, n in _counts(part, "flags"):
                for one in told.split("; "):
                    flags[one] += n
            reasons.update(dict(_counts(part, "error")))
            had = part.filter(cp.is_valid(part.column("p_bad")))
            known.append(had.select(["p_bad", "points", "band"]))
    scored = pa.concat_tables([one.cast(known[0].schema) for one in known])
    p_bad, points = (scored.column(name).to_numpy() for name in ("p_bad", "points"))
    by_band = scored.group_by("band").aggregate([("p_bad", "count"), ("p_bad", "mean")]).to_pylist()
    return {
        "flags": dict(flags.most_common()),
        "reasons": dict(reasons.most_common(REASONS)),
        "bands": {
            one["band"]: [one["p_bad_count"], one["p_bad_mean"]]
            for one in sorted(by_band, key=lambda one: one["band"])
        },
        "mean_p_bad": float(p_bad.mean()) if len(p_bad) else None,
        "p_bad": _spread(p_bad, np.linspace(0, max(float(np.quantile(p_bad, 0.999)), 1e-3), BINS + 1))
        if len(p_bad)
        else {},
        "points": _spread(points, _whole_edges(points)) if len(points) else {},
    }


def _reasons(path: Path) -> dict[str, Any]:
    """Return how often which reason stands first among declined rows, and how many have no notice."""
    first: Counter[str] = Counter()
    without = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PARTS, columns=["decision", "reason_1", NOTE]):
            declined = pa.Table.from_batches([batch]).filter(cp.equal(batch.column("decision"), "decline"))
            first.update(dict(_counts(declined, "reason_1")))
            without += cp.sum(cp.not_equal(declined.column(NOTE), "")).as_py() or 0
    return {"first_reasons": dict(first.most_common(REASONS)), "without_notice": without}


def _counts(part: pa.Table, column: str) -> list[tuple[str, int]]:
    entries = cp.value_counts(part.column(column)).to_pylist()
    return [(one["values"], one["counts"]) for one in entries if one["values"]]


def _whole_edges(points: np.ndarray) -> np.ndarray:
    """Return edges between whole points, each bin as many points wide."""
    low, high = int(points.min()), int(points.max())
    width = max(1, -(-(high - low + 1) // BINS))
    return np.arange(low, high + width + 1, width) - 0.5


def _spread(values: np.ndarray, edges: np.ndarray) -> dict[str, list[float]]:
    """Return edges and counts; what lies beyond an end is counted in the bin beside it."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
