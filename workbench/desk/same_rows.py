"""Rows that several models are judged on, and the part of them that is in a segment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.dataset.segment import Segment, wrong
from workbench.dataset.segment_words import known, parse, rows_of
from workbench.evaluation import Evaluation, evaluate
from workbench.policy import Policy
from workbench.portfolio import Portfolio

SAME_PD = "Everyone the same PD"


@dataclass(frozen=True, eq=False)
class SameRows:
    """Rows that several models are judged on, proved to be the same ones.

    Attributes
    ----------
    bad : array, shape (n,)
    p_bad : dict of str to array, shape (n,)
        PDs by model id.
    weight, group
        Of the same rows; None where the portfolio has no such column.
    evaluations : dict of str to Evaluation
        By model id, of models that were measured on these very rows before.
    source : callable
        Reads the data set the rows are in, when something of it is asked for.
    dataset_sha256 : str
        Fingerprint of the data set the rows are in.
    positions : array of int, shape (n,)
        Their places in it.
    words : str
        What they are: "hold-out sample of taiwan.csv".
    notes : tuple of str
        What to mind.
    left_out : int
        Rows that would be among them, had not one of the models been developed on them.
    inside : str
        The segment they were narrowed to, in words; empty where they were not.
    """

    bad: np.ndarray
    p_bad: dict[str, np.ndarray]
    policies: dict[str, Policy]
    baselines: dict[str, Evaluation]
    weight: np.ndarray | None
    group: np.ndarray | None
    source: Callable[[], Dataset]
    dataset_sha256: str
    positions: np.ndarray
    words: str
    notes: tuple[str, ...] = ()
    left_out: int = 0
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    inside: str = ""

    @cached_property
    def _read(self) -> tuple[pd.DataFrame, pd.Series | None, Dataset]:
        source = self.source()
        date = None if source.date is None else source.date.iloc[self.positions].reset_index(drop=True)
        return rows_of(source).iloc[self.positions].reset_index(drop=True), date, source

    @property
    def date(self) -> pd.Series | None:
        """Dates of the same rows, read when they are asked for; None where the portfolio has none."""
        return self._read[1]

    @property
    def portfolio(self) -> Portfolio:
        """The portfolio of the data the rows are in."""
        return self._read[2].portfolio

    @property
    def frame(self) -> pd.DataFrame:
        """What a segment of the same rows can name, read when it is asked for; see `rows_of`."""
        return self._read[0]

    @cached_property
    def positions_sha256(self) -> str:
        """Digest of the positions: with the data set's it says which rows these are."""
        return hashlib.sha256(np.ascontiguousarray(self.positions, dtype="<i8").tobytes()).hexdigest()

    def segment(self, words: str) -> Segment:
        """Return the segment of these rows that `words` describe; see `segment_words.parse`."""
        return parse(words, known(self._read[2].portfolio, self.frame), self.frame)

    def narrowed(self, segment: Segment) -> SameRows:
        """Return those of the rows that are in a segment.

        Raises
        ------
        InputError
            ``SEGMENT`` where they do not hold goods and bads.
        """
        if not segment:
            return self
        at = np.flatnonzero(segment.mask(self.frame))
        bad = self.bad[at]
        if not 0 < bad.sum() < len(bad):
            raise wrong(
                f"{segment} holds {len(bad):,} of these rows, {int(bad.sum()):,} of them bad, and models are "
                "compared on goods and bads",
                "Loosen a rule, or look at all rows.",
            )
        weight = None if self.weight is None else self.weight[at]
        group = None if self.group is None else self.group[at]
        return replace(
            self, bad=bad, p_bad={model: p[at] for model, p in self.p_bad.items()},
            baselines=same_pd(bad, weight, group), weight=weight, group=group, positions=self.positions[at],
            words=f"{self.words}, where {segment}", evaluations={}, inside=str(segment),
        )  # fmt: skip


def same_pd(
    bad: np.ndarray, weight: np.ndarray | None, group: np.ndarray | None = None
) -> dict[str, Evaluation]:
    """Return the evaluation of giving everyone the same PD."""
    level = float(np.average(bad, weights=weight))
    return {SAME_PD: evaluate(bad, np.full(len(bad), level), weight=weight, group=group)}
