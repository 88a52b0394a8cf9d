"""The rows a registered model is explained on: a sample of its own data, or a file's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.dataset import Dataset, arrived
from workbench.dataset.segment import Segment
from workbench.dataset.segment_words import known, nameable, parse, rows_of
from workbench.desk import origins
from workbench.errors import InputError, MissingError
from workbench.explanation import Rows
from workbench.intake import ReadOptions
from workbench.training import TrainedModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow


@dataclass(frozen=True, eq=False)
class SampleRows:
    """The rows of one sample of the data a model was made from.

    Attributes
    ----------
    row : ModelRow
    model : TrainedModel
    dataset : Dataset
    sample : str
        Which sample: "hold-out".
    samples : tuple of str
        Which there are.
    positions : array of int
        Of its rows in the data set.
    """

    row: ModelRow
    model: TrainedModel
    dataset: Dataset
    sample: str
    samples: tuple[str, ...]
    positions: np.ndarray

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What a segment of the rows can name."""
        return rows_of(self.dataset).iloc[self.positions]

    @cached_property
    def outcome(self) -> np.ndarray:
        """1 bad, 0 good, -1 not known; shape (n,)."""
        return self.dataset.outcome[self.positions]

    def segment(self, said: str) -> Segment:
        """Return a segment of these rows by its rules in words.

        Raises
        ------
        InputError
            ``SEGMENT``.
        """
        return parse(said, known(self.dataset.portfolio, self.frame), self.frame)

    def inside(self, segment: Segment) -> np.ndarray:
        """Return the positions in the data set of the rows in a segment."""
        return self.positions[segment.mask(self.frame)] if segment else self.positions

    def rows(self, segment: Segment | None = None) -> Rows:
        """Return the rows, or those in a segment, as the model sees them."""
        return Rows.of(self.model, self.dataset, self.inside(segment or Segment()))

    def key(self, position: int) -> str:
        """Return what the file calls the row at a position of the data set."""
        return str(self.dataset.row_key.iloc[position])

    def position(self, key: str) -> int:
        """Return the position in the data set of the row that the file calls `key`.

        Raises
        ------
        MissingError
            ``NO_ROW``.
        """
        at = (self.dataset.row_key.astype(str) == key).to_numpy().nonzero()[0]
        if not len(at):
            column = self.model.portfolio.row_key
            said = f"The key is what column {column} says" if column else "The key is the number of the row"
            first = self.dataset.row_key.iloc[:1].astype(str).tolist()
            raise MissingError(
                "NO_ROW", f"no kept row of {self.dataset.source.name} has the key {key}",
                remedy=f"{said}" + (f", such as {first[0]}." if first else "."),
            )  # fmt: skip
        return int(at[0])


def require_rules(desk: Desk, reference: str, segment: str) -> None:
    """Refuse rules that cannot be read of any rows of a model's portfolio, before rows or model are loaded.

    Raises
    ------
    InputError
        ``SEGMENT``.
    """
    row = desk.registry.resolve(reference)
    try:
        portfolio = desk.portfolio(f"{row.portfolio}@{row.portfolio_version}")
    except MissingError:
        return  # the model itself holds the portfolio it was made with; it is read soon
    parse(segment, nameable(portfolio))


def sample_rows(desk: Desk, reference: str, sample: str = "") -> SampleRows:
    """Return the rows of a sample of the data a verified model was made from; the reported one by default.

    Raises
    ------
    InputError
        ``SAMPLE`` where the data were not drawn into such a sample.
    """
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    dataset, samples = origins.samples_of(desk, row, model.portfolio)
    wanted = sample or row.reported
    if wanted not in samples.names:
        raise InputError(
            "SAMPLE", f"{row.model_id} has no {wanted} sample", "sample",
            f"Take one of {', '.join(samples.names)}.",
        )  # fmt: skip
    positions = np.flatnonzero(samples.mask(wanted))
    return SampleRows(row, model, dataset, wanted, tuple(samples.names), positions)


def file_rows(desk: Desk, reference: str, path: str, options: ReadOptions | None = None) -> SampleRows:
    """Return the rows of a file as a verified model sees them; their outcome need not be known.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH`` where columns of the model's portfolio are missing; ``TOO_FEW_ROWS``.
    """
    row = desk.registry.resolve(reference)
    model = desk.model(row.model_id)
    dataset = arrived(desk.read(Path(path), model.portfolio, options), model.portfolio)
    if not dataset.n:
        raise InputError(
            "TOO_FEW_ROWS", f"none of {dataset.rows_in:,} rows can be used", dataset.source.name,
            "Look at what is wrong with them: workbench check DATA --portfolio P --refused FILE.",
        )  # fmt: skip
    return SampleRows(row, model, dataset, f"rows of {dataset.source.name}", (), np.arange(dataset.n))
