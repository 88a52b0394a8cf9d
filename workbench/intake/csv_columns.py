"""Columns of a CSV file that is read block by block: each number goes straight to its final place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

LARGEST = 3.4e38
SPARE = 1.02
"""More room than the beginning of the file promises to be enough; what is not used takes no memory."""


class Columns:
    """Columns that grow by blocks of rows.

    Parameters
    ----------
    names : tuple of str
        Of the columns of a block, in order.
    numbers : set of str
        Those that are numbers.
    rows : int
        Rows that are expected; there may be more.
    empty : callable
        Returns room for so many numbers.
    """

    def __init__(
        self, names: tuple[str, ...], numbers: set[str], rows: int,
        empty: Callable[[int], np.ndarray] = np.empty,
    ) -> None:  # fmt: skip
        self._room, self._empty = int(rows * SPARE) + 1_024, empty
        self._numbers = {name: empty(self._room) for name in names if name in numbers}
        self._texts: dict[str, list[pa.Array]] = {name: [] for name in names if name not in numbers}
        self._place = {name: position for position, name in enumerate(names)}
        self.rows = 0

    def take(self, block: pa.RecordBatch) -> bool:
        """Take the rows of a block; False where a number is not finite, or beyond single precision."""
        stop = self.rows + block.num_rows
        if stop > self._room:
            self._grow(stop + stop // 2)
        for name, whole in self._numbers.items():
            column = block.column(self._place[name])
            values = whole[self.rows : stop]
            values[:] = column.to_numpy(zero_copy_only=False)
            # what is missing is NaN by now, and so is a word that says so, which is none
            known = values[column.is_valid().to_numpy(zero_copy_only=False)] if column.null_count else values
            if len(known) and not (known.min() >= -LARGEST and known.max() <= LARGEST):
                return False
        for name, chunks in self._texts.items():
            chunks.append(block.column(self._place[name]))
        self.rows = stop
        return True

    def _grow(self, room: int) -> None:
        self._room = room
        for name, values in self._numbers.items():
            self._numbers[name] = self._empty(room)
            self._numbers[name][: self.rows] = values[: self.rows]

    def numbers(self) -> dict[str, np.ndarray]:
        """Return the numbers, NaN where one is missing."""
        return {name: values[: self.rows] for name, values in self._numbers.items()}

    def texts(self) -> pa.Table:
        """Return the other columns, which are held here no longer."""
        return pa.table({name: pa.chunked_array(self._texts.pop(name)) for name in list(self._texts)})
