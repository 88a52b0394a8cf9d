"""Files on disk: put in place whole or not at all, and verified before a byte of them is parsed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workbench.errors import ArtifactError, BusyError
from workbench.registry.outages import disk_full, is_disk_full

MANIFEST = "manifest.json"
STAGE_PREFIX = ".stage-"
_FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,150}$")
_FORMAT = 1
_MANIFEST_LIMIT = 4_000_000
_POLL_SECONDS = 0.02


def sha256(content: bytes) -> str:
    """Return the sha256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return plain values as JSON that is the same for equal values; NaN is refused."""
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, indent=1).encode()


def make_folder(path: Path) -> None:
    """Make a folder, and its parents, that only its owner can enter, whatever the umask."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        path.chmod(0o700)


def write_file(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, and wait until the disk has it.

    Raises
    ------
    ArtifactError
        ``DISK_FULL``; nothing is left of the file.
    """
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.fchmod(handle, 0o600)
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        path.unlink(missing_ok=True)
        if is_disk_full(error):
            raise disk_full(str(path.parent)) from error
        raise


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder; a rename is lost in a power cut without it."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: Path, *, size: int | None = None, digest: str, limit: int | None = None) -> bytes:
    """Return a file's bytes, read once and found to be what was stored.

    Parameters
    ----------
    size : int, optional
        Bytes it must have.
    digest : str
        sha256 its content must have.
    limit : int, optional
        Bytes it may have, where the size is not known.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_MISSING``, ``ARTIFACT_DIGEST``.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _changed(path) from None
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _changed(path)
        if size is not None and found.st_size != size or limit is not None and found.st_size > limit:
            raise _changed(path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(found.st_size + 1)
    finally:
        os.close(handle)
    if sha256(content) != digest:
        raise _changed(path)
    return content


def missing(path: Path) -> ArtifactError:
    """Return the error of a file or folder that should be there."""
    return ArtifactError(
        "ARTIFACT_MISSING",
        "was stored and is not there any more",
        str(path),
        "Restore it from a backup, or train again.",
    )


def _changed(path: Path) -> ArtifactError:
    return ArtifactError(
        "ARTIFACT_DIGEST",
        "is not what was stored; it was not read any further",
        str(path),
        "Restore it from a backup, or train again.",
    )


def manifest(kind: str, name: str, files: Mapping[str, bytes], parts: frozenset[str] = frozenset()) -> bytes:
    """Return the manifest of a folder: every file's size and sha256; `parts` are what a reader is given."""
    listed = {
        file: {"size": len(content), "sha256": sha256(content), "part": file in parts}
        for file, content in files.items()
    }
    return canonical_json({"format": _FORMAT, "kind": kind, "name": name, "files": listed})


def read_folder(folder: Path, manifest_sha256: str) -> tuple[dict[str, bytes], frozenset[str]]:
    """Return a folder's files, and the names among them that a model's reader is given.

    The manifest is checked against the digest the database keeps, then each file against the manifest.
    Nothing is parsed before: damaged model files can end the process that reads them.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_MISSING``, ``ARTIFACT_DIGEST``.
    """
    if not folder.is_dir():
        raise missing(folder)
    content = read_file(folder / MANIFEST, digest=manifest_sha256, limit=_MANIFEST_LIMIT)
    listed = json.loads(content)["files"]
    files = {
        name: read_file(folder / name, size=about["size"], digest=about["sha256"])
        for name, about in listed.items()
    }
    return files, frozenset(name for name, about in listed.items() if about["part"])


def publish_folder(
    final: Path, files: Mapping[str, bytes], content: bytes, check: Callable[[Path], None] | None = None
) -> None:
    """Put a folder in place: staged beside it, on the disk, read back, then renamed.

    Parameters
    ----------
    final : Path
        Where the folder will be; nothing may be there yet.
    content : bytes
        The manifest, written last.
    check : callable, optional
        Given the staged folder; what it raises stops the publication.

    Raises
    ------
    ArtifactError
        ``DISK_FULL``; ``ARTIFACT_EXISTS`` where something is there. Nothing is left of the staged folder.
    """
    for name in files:
        if not _FILE_NAME.match(name) or name == MANIFEST:
            raise ValueError(f"{name!r} cannot be the name of a stored file")
    staged = final.parent / f"{STAGE_PREFIX}{secrets.token_hex(8)}"
    try:
        staged.mkdir(mode=0o700)
        staged.chmod(0o700)
        for name, part in files.items():
            write_file(staged / name, part)
        write_file(staged / MANIFEST, content)
        sync_folder(staged)
        if check is not None:
            check(staged)
        # a rename over an empty folder would succeed, so an empty one counts as taken too
        if final.exists():
            raise taken(final)
        os.rename(staged, final)
        sync_folder(final.parent)
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(str(final.parent)) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) and final.exists():
            raise taken(final) from error
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def taken(final: Path) -> ArtifactError:
    """Return the error of a place where something lies that no row accounts for."""
    remedy = "Restore the newer database if this one is older; else run: workbench fsck --quarantine"
    return ArtifactError("ARTIFACT_EXISTS", "is taken already", str(final), remedy)


def publish_file(final: Path, content: bytes, put: Callable[[Path, Path], None] = os.replace) -> None:
    """Put one file in place in a single step.

    Parameters
    ----------
    put : callable
        Gives the written file its name: ``os.replace`` in place of one of that name, ``os.link`` only where
        there is none.

    Raises
    ------
    ArtifactError
        ``DISK_FULL``; what was there before is untouched.
    FileExistsError
        Where `put` replaces nothing and another writer was first.
    """
    staged = final.parent / f"{STAGE_PREFIX}{secrets.token_hex(8)}"
    try:
        write_file(staged, content)
        put(staged, final)
        sync_folder(final.parent)
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(str(final.parent)) from error
        raise
    finally:
        staged.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Take a file or folder away at once: renamed first, so that no half of it is ever seen."""
    doomed = path.parent / f"{STAGE_PREFIX}{secrets.token_hex(8)}"
    try:
        os.rename(path, doomed)
    except FileNotFoundError:
        return
    discard(doomed)
    sync_folder(path.parent)


def discard(path: Path) -> None:
    """Delete a staged file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def store_lock(home: Path, name: str = ".lock", *, alone: bool, seconds: float) -> Iterator[bool]:
    """Hold a lock of the store while files are put in place; `alone` keeps every publisher out.

    Publishers share it. Who clears away what killed publishers left takes it alone, so that nothing
    alive is taken for dead. The system lets go of it when a process dies.

    Yields
    ------
    bool
        Whether the lock is held. Only ``alone`` with ``seconds=0`` yields False; else waiting in vain raises.

    Raises
    ------
    BusyError
        ``BUSY`` after `seconds`.
    """
    handle = os.open(home / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        held = _flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, seconds)
        if not held and seconds > 0:
            raise BusyError(
                "BUSY",
                f"another program kept the store busy for {seconds:g} s; nothing was changed",
                str(home),
                "Try again in a moment.",
            )
        yield held
    finally:
        os.close(handle)


def _flock(handle: int, kind: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
