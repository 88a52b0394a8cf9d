"""One look at all bytes of a file before anything parses it: digest, size, quotes, how it ends."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from workbench.errors import InputError, MissingError
from workbench.intake.options import MAX_EXPANDED, MAX_RATIO, RATIO_FROM

HEAD = 256 * 1024
CHUNK = 1024 * 1024
ENCODINGS = "cp1252 (Western European), cp1250 (Central European), cp1251 (Cyrillic), latin-1, utf-16"


@dataclass(frozen=True)
class Survey:
    """What one pass over a file's bytes found; `head` and `tail` are expanded bytes."""

    path: Path
    name: str
    sha256: str
    size: int
    zipped: bool
    head: bytes
    tail: bytes
    quotes: int
    zeros: int

    def open(self) -> BinaryIO:
        """Return the (expanded) bytes as a stream."""
        return open_bytes(self.path, self.zipped)


def open_bytes(path: Path, zipped: bool) -> BinaryIO:
    """Open a file for reading bytes, expanded where it is zipped with gzip."""
    return gzip.open(path, "rb") if zipped else path.open("rb")  # type: ignore[return-value]


def digest(path: Path, name: str) -> tuple[str, int]:
    """Return sha256 and size of a file.

    Raises
    ------
    MissingError, InputError
        ``MISSING_FILE`` where there is none; ``UNREADABLE`` where it may not be read or is a folder.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size
    except FileNotFoundError:
        raise MissingError("MISSING_FILE", "there is no such file", name, "Check the path.") from None
    except (IsADirectoryError, PermissionError, OSError) as error:
        why = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise InputError("UNREADABLE", why, name, "Give a file that can be read.") from None


def survey(path: Path, name: str, zipped: bool) -> Survey:
    """Return what one pass over the bytes finds.

    Raises
    ------
    InputError
        ``TOO_LARGE_EXPANDED`` for a zipped file that expands beyond the cap, ``TRUNCATED`` for one cut short.
    """
    sha256, size = digest(path, name)
    head, tail, quotes, zeros, expanded = b"", b"", 0, 0, 0
    for chunk in _chunks(path, name, zipped):
        expanded += len(chunk)
        if zipped and (expanded > MAX_EXPANDED or (expanded > RATIO_FROM and expanded > MAX_RATIO * size)):
            what = f"expands from {size:,} bytes to more than {expanded:,}"
            raise InputError("TOO_LARGE_EXPANDED", what, name, "Give the file as CSV or Parquet, not zipped.")
        head = head if len(head) >= HEAD else head + chunk[: HEAD - len(head)]
        tail = (tail + chunk)[-HEAD:] if len(chunk) < HEAD else chunk[-HEAD:]
        quotes += chunk.count(b'"')
        zeros += chunk.count(b"\0")
    return Survey(path, name, sha256, size, zipped, head, tail, quotes, zeros)


def _chunks(path: Path, name: str, zipped: bool) -> Iterator[bytes]:
    try:
        with open_bytes(path, zipped) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except EOFError:
        what = "is a gzip file that ends too early"
        raise InputError("TRUNCATED", what, name, "Copy the whole file again.") from None
    except (gzip.BadGzipFile, zlib.error):
        what = "is no gzip file, or is damaged"
        raise InputError("NOT_CSV", what, name, "Copy the file again.") from None


def check_encoding(encoding: str, name: str) -> str:
    """Return the encoding's usual name; "" is UTF-8."""
    try:
        return codecs.lookup(encoding or "utf-8").name
    except LookupError:
        what = f"{encoding!r} is no encoding that is known"
        raise InputError("ENCODING", what, name, f"Declare one of: {ENCODINGS}.") from None


def head_text(found: Survey, encoding: str) -> str:
    """Return the beginning of the file as text, without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(found.head, final=False)
    except UnicodeDecodeError:
        raise undecodable(found, encoding) from None
    return text.removeprefix("\ufeff")


def undecodable(found: Survey, encoding: str) -> InputError:
    """Return the error that says which byte, where, is not text in `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    before, lines = 0, 1
    with found.open() as stream:
        while chunk := stream.read(CHUNK):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = before - pending + error.start
                lines += chunk.count(b"\n", 0, max(0, error.start - pending))
                byte = error.object[error.start]
                declared = "UTF-8" if encoding == "utf-8" else encoding
                what = f"byte 0x{byte:02X} at position {at:,} (line {lines:,}) is not {declared} text"
                remedy = f"Declare its encoding, one of: {ENCODINGS}; or save the file as UTF-8."
                return InputError("ENCODING", what, found.name, remedy)
            before += len(chunk)
            lines += chunk.count(b"\n")
    what = f"ends in the middle of a character of {encoding}"
    return InputError("ENCODING", what, found.name, f"Declare its encoding, one of: {ENCODINGS}.")
