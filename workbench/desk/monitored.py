"""Extracts that were held against development, as they are kept: who looked, when, and what came out."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.drift import Drift
from workbench.errors import ArtifactError, MissingError
from workbench.registry.artifacts import make_folder, publish_file, read_file, sha256
from workbench.registry.sealed import seal, unseal

RECORD = "drift.json"
REMEDY = "Look at the extract again, or restore the folder from a backup."
HEAD = (
    "key",
    "model_id",
    "portfolio",
    "name",
    "path",
    "source_sha256",
    "dataset_sha256",
    "who",
    "at",
    "seconds",
    "rows",
    "refused",
)
_KEY = re.compile(r"[0-9A-Za-z][\w-]{0,80}")


@dataclass(frozen=True, eq=False)
class Monitored:
    """One look at an extract.

    Attributes
    ----------
    key : str
        Name of its folder; the job's id where a job looked.
    portfolio : str
        ``name@version`` of the model's portfolio.
    name, path : str
        What the extract is called, and where it lay; empty path for a kept data set.
    source_sha256, dataset_sha256 : str
        Digest of the bytes it was read from, and fingerprint of a kept data set.
    at : str
        When, as ISO in UTC.
    rows, refused : int
        Rows of the extract, and how many of them could not be used.
    """

    key: str
    model_id: str
    portfolio: str
    name: str
    path: str
    source_sha256: str
    dataset_sha256: str
    who: str
    at: str
    seconds: float
    rows: int
    refused: int
    drift: Drift

    @property
    def when(self) -> datetime:
        """When it was looked at."""
        return datetime.fromisoformat(self.at)

    def to_json(self) -> dict[str, Any]:
        """Return what came out as plain values, NaN for what is not defined."""
        return {name: getattr(self, name) for name in HEAD} | self.drift.to_json()


def folder_of(home: Path) -> Path:
    """Return where looks are kept."""
    return home / "drift"


def keep(home: Path, found: Monitored) -> None:
    """Write a look; its record last, so that one that is there is whole."""
    folder = folder_of(home) / found.key
    make_folder(folder)
    digests = {}
    for name, frame in found.drift.to_frames().items():
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        digests[name] = sha256(buffer.getvalue())
        publish_file(folder / f"{name}.parquet", buffer.getvalue())
    values = {name: getattr(found, name) for name in HEAD} | {"drift": found.drift.to_values()}
    publish_file(folder / RECORD, seal(values | {"frames": digests}))


def find(home: Path, key: str) -> Monitored:
    """Return a look that is kept.

    Raises
    ------
    MissingError
        ``NO_DRIFT``.
    ArtifactError
        ``ARTIFACT_DIGEST``, ``ARTIFACT_MISSING`` where it is not what was kept.
    """
    folder = folder_of(home) / key
    if not _KEY.fullmatch(key) or not (folder / RECORD).is_file():
        raise MissingError(
            "NO_DRIFT",
            "no such look at an extract is kept",
            key[:64],
            "Look at the list on the page Monitor.",
        )
    values = unseal(folder / RECORD, REMEDY)
    try:
        frames = {
            name: pd.read_parquet(io.BytesIO(read_file(folder / f"{name}.parquet", digest=digest)))
            for name, digest in values.pop("frames").items()
        }
    except ArtifactError as error:
        told = error.problems[0]
        raise ArtifactError(told.code, told.what, told.where, REMEDY) from None
    return Monitored(**(values | {"drift": Drift.of(values["drift"], frames)}))


def heads(home: Path, portfolio: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """Return who looked at what and what came out, newest first, without distributions."""
    found = []
    for path in folder_of(home).glob(f"*/{RECORD}"):
        # another process may be deleting it; one that was changed is among `unreadable`
        with suppress(FileNotFoundError, ArtifactError):
            values = _head(path)
            if not portfolio or values["portfolio"].split("@")[0] == portfolio:
                found.append(values)
    return sorted(found, key=lambda values: values["at"], reverse=True)[:limit]


def unreadable(home: Path) -> list[str]:
    """Return the keys of looks whose record is not what was stored; of which portfolio is not known."""
    found = []
    for path in sorted(folder_of(home).glob(f"*/{RECORD}")):
        try:
            _head(path)
        except FileNotFoundError:
            continue
        except ArtifactError:
            found.append(path.parent.name)
    return found


def _head(path: Path) -> dict[str, Any]:
    """Return who looked at what and what came out, by its record.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_DIGEST``.
    FileNotFoundError
        Where there is no record.
    """
    values = unseal(path, REMEDY)
    del values["frames"]
    colour, cause, _, _ = values.pop("drift")["verdict"]
    return {**values, "colour": colour, "first_cause": cause}
