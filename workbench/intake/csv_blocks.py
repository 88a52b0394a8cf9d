"""A CSV file as a stream of blocks, opened only where there is memory to begin."""

from __future__ import annotations

import mmap
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

BEGIN = 24 * 2**20
"""What the parser's threads take, beside two blocks."""


def open_blocks(
    stream: Any, reading: pc.ReadOptions, parsing: pc.ParseOptions, conversion: pc.ConvertOptions
) -> pc.CSVStreamingReader:
    """Return a reader of blocks.

    Where memory ends at its first block, the parser waits for itself for ever: so that much is asked for
    before.

    Raises
    ------
    MemoryError, OSError
        Where there is not memory enough (``ENOMEM``).
    """
    with mmap.mmap(-1, BEGIN + 2 * reading.block_size):  # kept while the pool sets aside what it likes
        pa.allocate_buffer(reading.block_size)
    return pc.open_csv(stream, reading, parsing, conversion)
