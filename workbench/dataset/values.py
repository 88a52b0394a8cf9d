"""Data that have been read (Table) and data that have been checked (Dataset, Applicants)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from workbench.portfolio import Portfolio

BAD, GOOD, INDETERMINATE = 1, 0, -1
REFUSED_COLUMNS = ("record", "column", "code", "reason", "text")


@dataclass(frozen=True)
class Source:
    """Where a table came from and how it was read.

    Attributes
    ----------
    name : str
        The file's name as the user knows it; a label, never used as a path.
    sha256 : str
        Digest of the bytes that were read.
    size : int
        Bytes.
    form : {"csv", "parquet", "excel"}
    delimiter, decimal, encoding : str
        As found or declared; empty where they do not apply.
    notes : tuple of str
        What was found out rather than declared, in words that are shown.
    unreadable : dict
        Protected column -> cells that could not be read as declared, which count as missing.
    sheet : str
        Sheet of an Excel file that was asked for; empty where one alone holds data.
    """

    name: str
    sha256: str
    size: int
    form: str
    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    notes: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict, hash=False)
    sheet: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A file as it was read: rows in = rows kept + rows refused.

    Attributes
    ----------
    frame : DataFrame
        Kept rows. Columns read from text hold str with "" as missing (NA never means "NA");
        columns of a Parquet file, and plain numbers read with a confirmed portfolio, keep their
        own types. Index 0..n-1.
    record : array of int, shape (n,)
        Position of each kept row in the file, 1 for the first row of data.
    refused : DataFrame
        One line a refused row: `record`, `column`, `code`, `reason`, `text` (values masked).
    """

    frame: pd.DataFrame
    record: np.ndarray
    refused: pd.DataFrame
    source: Source

    @property
    def rows_in(self) -> int:
        """Rows the file held."""
        return len(self.frame) + int(self.refused["record"].nunique())


@dataclass(frozen=True, eq=False)
class Applicants:
    """Checked rows to score: typed characteristics in portfolio order.

    Attributes
    ----------
    frame : DataFrame
        number -> float64 (NaN missing); category and flag -> category of str; date -> datetime64[s].
    row_key : Series of str, shape (n,)
        The portfolio's row key, or the record number where it has none.
    date : Series of datetime64[s], optional
    record : array of int, shape (n,)
    refused : DataFrame
        As in `Table`, with the rows that could not be typed added.
    """

    portfolio: Portfolio
    frame: pd.DataFrame
    row_key: pd.Series
    date: pd.Series | None
    record: np.ndarray
    refused: pd.DataFrame
    source: Source

    @property
    def n(self) -> int:
        """Rows kept."""
        return len(self.frame)

    @property
    def rows_in(self) -> int:
        """Rows the file held."""
        return self.n + int(self.refused["record"].nunique())


@dataclass(frozen=True, eq=False)
class Dataset(Applicants):
    """Checked rows with their outcome; having one is the proof that it was checked.

    Attributes
    ----------
    outcome : array of int8, shape (n,)
        1 bad, 0 good, -1 indeterminate.
    weight : array of float, shape (n,), optional
        Sampling weights, all positive; None where every row counts once.
    group : Series of str, optional
    protected : DataFrame
        Protected characteristics of the same rows, typed; stored apart. What they hold, or whether it
        can be read, has no say in which rows are kept.
    sha256, protected_sha256 : str
        Fingerprints: schema and typed kept rows in order, columns in portfolio order.
    """

    outcome: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))
    weight: np.ndarray | None = None
    group: pd.Series | None = None
    protected: pd.DataFrame = field(default_factory=pd.DataFrame)
    sha256: str = ""
    protected_sha256: str = ""

    @property
    def known(self) -> np.ndarray:
        """Mask of rows whose outcome is good or bad; shape (n,)."""
        return self.outcome != INDETERMINATE

    @property
    def n_bad(self) -> int:
        """Rows that ended bad."""
        return int((self.outcome == BAD).sum())

    @property
    def bad_rate(self) -> float:
        """Weighted share of bads among rows with a known outcome; NaN without any."""
        known = self.known
        if not known.any():
            return float("nan")
        weight = None if self.weight is None else self.weight[known]
        return float(np.average(self.outcome[known] == BAD, weights=weight))


Acknowledged = Mapping[tuple[str, str], str]
"""Acknowledged findings: (code, column) -> the reason given."""


def from_frame(frame: pd.DataFrame, name: str = "table") -> Table:
    """Return a frame made in memory as a table, for scoring and for examples."""
    plain = frame.reset_index(drop=True)
    record = np.arange(1, len(plain) + 1)
    return Table(plain, record, empty_refused(), Source(name, "", 0, "csv"))


def empty_refused() -> pd.DataFrame:
    """Return a frame of refused rows without any."""
    kinds = {"record": np.int64, "column": "str", "code": "str", "reason": "str", "text": "str"}
    return pd.DataFrame({column: pd.Series(dtype=kinds[column]) for column in REFUSED_COLUMNS})
