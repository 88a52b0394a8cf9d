"""What is parsed of a large file, laid down on disk and mapped: memory holds a part of it at a time."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

FROM = 64 * 2**20
"""Size of a file from which it is worth it."""
TIMES = 9
"""A column of blanks takes so many times its room in the file: each has its place, or is a number."""
ZEROS = bytes(2**20)


class LaidDown:
    """Room on disk that is mapped: whoever reads or writes there holds what he last touched.

    Parameters
    ----------
    folder : Path
        On a disk with room for it. The files have no name there, and go with their last user.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    def numbers(self, n: int) -> np.ndarray:
        """Return room for `n` numbers; shape (n,).

        Raises
        ------
        OSError
            Where the disk has no such room.
        """
        size = max(8, n * 8)
        with self.file() as file:
            _take(file, size)  # written through a map, a full disk ends the process
            return np.frombuffer(self._mapped(file, size), count=n)

    def texts(self, file: BinaryIO) -> pa.Table:
        """Return the table that was written to `file` in Arrow's format."""
        file.flush()
        size = os.fstat(file.fileno()).st_size
        with pa.ipc.open_file(pa.py_buffer(self._mapped(file, size))) as reader:
            return reader.read_all()

    def file(self) -> BinaryIO:
        """Return a new file to write to."""
        return tempfile.TemporaryFile(dir=self._folder)  # type: ignore[return-value]

    def let_go(self) -> None:
        """Give back the memory of all that was touched; it is read again where it is needed."""
        for one in list(self._maps):
            one.madvise(mmap.MADV_DONTNEED)

    def _mapped(self, file: BinaryIO, size: int) -> mmap.mmap:
        made = mmap.mmap(file.fileno(), size)
        self._maps.add(made)
        return made


def _take(file: BinaryIO, size: int) -> None:
    """Take so much of the disk for a new file, at once."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    left = size  # macOS: what was never written has no place on the disk yet
    while left:
        left -= os.write(file.fileno(), memoryview(ZEROS)[:left])
