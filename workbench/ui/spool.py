"""Uploaded files, written to disk at once under the digest of their bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError, MissingError

PREFIX = "upload-"
KEPT = 20
IN_USE = 24 * 3600.0
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


def put(home: Path, name: str, parts: Iterable[bytes], room: int | None = None) -> Upload:
    """Write `parts` to the spool under their digest; the same bytes lie there once.

    Parameters
    ----------
    room : int, optional
        Bytes all uploads may take together.

    Raises
    ------
    InputError
        ``UPLOADS_FULL``; nothing is left of the file.
    """
    folder = home / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size, first = hashlib.sha256(), 0, b""
    if room is not None:
        _prune(folder)
    taken = used(home)
    with _part(folder) as target:
        for part in parts:
            if room is not None and taken + size + len(part) > room:
                raise _full(_label(name), taken, room)
            first = first or bytes(part[:4])
            digest.update(part)
            target.write(part)
            size += len(part)
        target.close()
        sha = digest.hexdigest()
        path = folder / (sha[:16] + FORMS.get(first, ".csv"))
        os.replace(target.name, path)
    upload = Upload(_label(name), sha, size, str(path))
    _write(folder / (sha[:16] + ".json"), upload)
    _prune(folder)
    return upload


def used(home: Path) -> int:
    """Return the bytes that all uploads take."""
    folder = home / "uploads"
    files = (path for path in folder.glob("*") if path.suffix != ".json") if folder.is_dir() else ()
    return sum(_size(path) for path in files)


def remove(home: Path, key: str, holder: str = "") -> None:
    """Take an upload away; a file that stays where it is on this machine is only forgotten.

    Where another than `holder` looked at it within `IN_USE`, `holder` lets go of it and all else stays.
    """
    upload = find(home, key)
    folder = home / "uploads"
    _held(folder, key, holder).unlink(missing_ok=True)
    others = list(folder.glob(_held(folder, key, "*").name))
    if any(time.time() - _touched(path) <= IN_USE for path in others):
        return
    for path in others:
        path.unlink(missing_ok=True)
    if Path(upload.path).parent == folder.absolute() or Path(upload.path).parent == folder:
        Path(upload.path).unlink(missing_ok=True)
    (folder / f"{key.removeprefix(PREFIX)}.json").unlink(missing_ok=True)


def _full(name: str, taken: int, room: int) -> InputError:
    return InputError(
        "UPLOADS_FULL",
        f"there is no room for it: the files brought before take {taken / 1e6:,.0f} of {room / 1e6:,.0f} MB",
        name,
        "Remove one you brought on the page Data, give the path of the file on this machine, or raise "
        "WORKBENCH_UPLOADS_MB.",
    )


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


def _held(folder: Path, key: str, holder: str) -> Path:
    """Return the mark of one who looks at an upload."""
    return folder / f"{key.removeprefix(PREFIX)}.{holder or 'someone'}.held"


def find(home: Path, key: str, holder: str = "") -> Upload:
    """Return the upload that the address calls `key`; `holder`, where given, is marked as looking at it.

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
            os.utime(note)  # in use: the oldest that nobody looks at goes first
            if holder:
                _held(note.parent, key, holder).touch(mode=0o600)
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
    with _part(path.parent) as target:
        target.write(json.dumps(asdict(upload)).encode())
        target.close()
        os.replace(target.name, path)


@contextmanager
def _part(folder: Path) -> Iterator[Any]:
    """Yield a new file of `folder`; what has not been renamed in the end is removed, whatever happened."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".part-", delete=False) as target:
        try:
            yield target
        finally:
            Path(target.name).unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    """Keep the newest uploads: they hold personal data, and what was checked is in the store.

    What someone looked at within the last day stays, however many there are; what a broken
    connection or an ended app left half written goes after that time.
    """
    now = time.time()
    age = {path: now - _touched(path) for path in (*folder.glob("*.json"), *folder.glob(".part-*"))}
    notes = sorted((path for path in age if path.suffix == ".json"), key=age.__getitem__)
    for note in notes[KEPT:]:
        if age[note] > IN_USE:
            for path in folder.glob(note.stem + ".*"):
                path.unlink(missing_ok=True)
    for path, since in age.items():
        if path.suffix != ".json" and since > IN_USE:
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    """Return a file's bytes; none where another app just removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _touched(path: Path) -> float:
    """Return when a file was last looked at or written; long ago where another app just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
