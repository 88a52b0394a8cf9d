"""Uploaded files, written to disk at once under the digest of their bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.errors import InputError, MissingError

PREFIX = "upload-"
KEPT = 20
FORMS = {b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls"}


@dataclass(frozen=True)
class Upload:
    """A file that was brought and not yet given roles.

    Attributes
    ----------
    name : str
        What the user's computer calls it: a label, never a path.
    sha256 : str
        Digest of its bytes.
    size : int
        Bytes.
    path : str
        Where its bytes lie.
    """

    name: str
    sha256: str
    size: int
    path: str

    @property
    def key(self) -> str:
        """What the address calls it."""
        return PREFIX + self.sha256[:16]


def put(home: Path, name: str, parts: Iterable[bytes]) -> Upload:
    """Write `parts` to the spool under their digest; the same bytes lie there once."""
    folder = home / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size, first = hashlib.sha256(), 0, b""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".part-", delete=False) as target:
        for part in parts:
            first = first or bytes(part[:4])
            digest.update(part)
            target.write(part)
            size += len(part)
    sha = digest.hexdigest()
    path = folder / (sha[:16] + FORMS.get(first, ".csv"))
    os.replace(target.name, path)
    upload = Upload(_label(name), sha, size, str(path))
    _write(folder / (sha[:16] + ".json"), upload)
    _prune(folder)
    return upload


def point(home: Path, path: Path) -> Upload:
    """Remember a file that stays where it is on this machine."""
    if not path.is_file():
        raise InputError(
            "MISSING_FILE", "there is no file", str(path), "Give the path of a file on this machine."
        )
    with path.open("rb") as source:
        sha = hashlib.file_digest(source, "sha256").hexdigest()
    folder = home / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    upload = Upload(_label(path.name), sha, path.stat().st_size, str(path.resolve()))
    _write(folder / (sha[:16] + ".json"), upload)
    return upload


def find(home: Path, key: str) -> Upload:
    """Return the upload that the address calls `key`.

    Raises
    ------
    MissingError
        ``UPLOAD`` where it is no longer there.
    """
    digest = key.removeprefix(PREFIX)
    note = home / "uploads" / f"{digest}.json"
    if len(digest) == 16 and set(digest) <= set("0123456789abcdef") and note.is_file():
        upload = Upload(**json.loads(note.read_text("utf-8")))
        if Path(upload.path).is_file():
            return upload
    raise MissingError(
        "UPLOAD", "the uploaded file is no longer kept here", remedy="Bring it again on the page Data."
    )


def of_digest(home: Path, sha256: str) -> Upload | None:
    """Return the upload whose bytes have this digest, or None."""
    try:
        return find(home, PREFIX + sha256[:16])
    except MissingError:
        return None


def _label(name: str) -> str:
    """Return the last part of a client's file name, without control characters, 80 at most."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[-80:] or "file"


def _write(path: Path, upload: Upload) -> None:
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".part-", delete=False, encoding="utf-8"
    ) as target:
        json.dump(asdict(upload), target)
    os.replace(target.name, path)


def _prune(folder: Path) -> None:
    """Keep the newest uploads: they hold personal data, and what was checked is in the store."""
    notes = sorted(folder.glob("*.json"), key=lambda note: note.stat().st_mtime, reverse=True)
    for note in notes[KEPT:]:
        for path in folder.glob(note.stem + ".*"):
            path.unlink(missing_ok=True)
