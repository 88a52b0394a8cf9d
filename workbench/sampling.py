"""Which applicants a model is fitted on, and which it is judged on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.dataset import BAD, GOOD, Dataset
from workbench.errors import InputError, Problem
from workbench.evaluation import wilson
from workbench.portfolio import shares
from workbench.run import seed_for

SAMPLES = ("development", "validation", "calibration", "hold-out", "out-of-time", "indeterminate")
_CODE = {name: code for code, name in enumerate(SAMPLES)}
_EARLIER = SAMPLES[:4]


@dataclass(frozen=True)
class SamplingSpec:
    """How a data set is divided into samples.

    Parameters
    ----------
    kind : {"random", "out-of-time"}
        Random: every sample is drawn at random, stratified by outcome. Out-of-time: the latest
        applicants, by whole dates, are the out-of-time sample, and only the earlier ones are
        divided at random.
    hold_out, validation, calibration : float
        Shares of the rows that are divided at random: all rows with a known outcome, or those
        before the out-of-time sample. What is left is development. Together below 1. A hold-out
        beside an out-of-time sample gives both kinds of evidence.
    out_of_time_from : str
        ISO date; applicants of that day and later are out-of-time.
    out_of_time_share : float
        Share of the latest rows that are out-of-time, where no date is given. The cut falls
        between two dates, at the one that comes nearest to the share.
    seed : int
        Same seed and data, same samples.
    """

    kind: Literal["random", "out-of-time"] = "random"
    hold_out: float = 0.0
    validation: float = 0.0
    calibration: float = 0.0
    out_of_time_from: str = ""
    out_of_time_share: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InputError.of([Problem("SAMPLING", what, "", remedy) for what, remedy in problems])

    def _problems(self) -> list[tuple[str, str]]:
        numbers = (self.hold_out, self.validation, self.calibration, self.out_of_time_share)
        found = []
        if self.kind not in ("random", "out-of-time"):
            found.append((f"there is no sampling {self.kind!r}", "Take random or out-of-time."))
        if not all(math.isfinite(share) and 0 <= share < 1 for share in numbers):
            found.append(("a share is not a number from 0 to below 1", "Give shares such as 0.3."))
        elif sum(numbers[:3]) >= 1:
            found.append(("nothing is left for development", "Give shares that add to less than 1."))
        if self.out_of_time_from and not _is_iso_date(self.out_of_time_from):
            what = f"the start of the out-of-time sample, {self.out_of_time_from!r}, is no date"
            found.append((what, "Write it as 2011-07-01."))
        if self.kind == "out-of-time" and not (self.out_of_time_from or self.out_of_time_share):
            found.append(("out-of-time sampling needs a first date or a share", "Give one of them."))
        if self.kind == "random" and (self.out_of_time_from or self.out_of_time_share):
            found.append(("random sampling has no out-of-time sample", "Take out-of-time sampling."))
        return found

    @classmethod
    def from_split(
        cls,
        split: str,
        kind: Literal["random", "out-of-time"] = "random",
        seed: int = 42,
        out_of_time_from: str = "",
        out_of_time_share: float = 0.0,
    ) -> SamplingSpec:
        """Return the specification that a split such as ``70/15/15`` stands for.

        Parameters
        ----------
        split : str
            ``70/30`` is development and the last sample; ``70/15/15`` has validation between them;
            ``55/15/15/15`` validation and calibration.
        kind : {"random", "out-of-time"}
            The last sample is the hold-out of a random split, and the out-of-time sample (the
            latest share of the rows; no hold-out besides) of an out-of-time one.
        out_of_time_from, out_of_time_share
            With out-of-time, they replace the last part of the split; the parts before it keep
            their proportions over the earlier rows.

        Raises
        ------
        InputError
            ``SAMPLING`` where the split is not written like that.

        Examples
        --------
        >>> SamplingSpec.from_split("70/15/15").hold_out
        0.15
        >>> spec = SamplingSpec.from_split("60/20/20", "out-of-time")
        >>> spec.hold_out, round(spec.validation, 6), spec.out_of_time_share
        (0.0, 0.25, 0.2)
        """
        try:
            parts = shares(split)
        except ValueError as error:
            raise InputError("SAMPLING", str(error), remedy="Write it like 70/15/15.") from None
        between = dict(zip(("validation", "calibration"), parts[1:-1], strict=False))
        if kind != "out-of-time":
            return cls(kind, hold_out=parts[-1], seed=seed, **between)
        earlier = sum(parts[:-1])
        share = 0.0 if out_of_time_from else out_of_time_share or parts[-1]
        between = {name: part / earlier for name, part in between.items()}
        return cls(kind, out_of_time_from=out_of_time_from, out_of_time_share=share, seed=seed, **between)

    def to_json(self) -> dict[str, Any]:
        """Return the specification as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SamplingSpec:
        """Return the specification that `to_json` wrote."""
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Samples:
    """Which sample each row is in, with the sizes and bad rates that come out.

    Attributes
    ----------
    spec : SamplingSpec
    assignment : array of str, shape (n,)
        Name of each row's sample, one of `SAMPLES`.
    sizes : DataFrame
        One row a sample that has rows, in the order of `SAMPLES`: `sample`, `n`, `n_bad`,
        `bad_rate` (weighted, 0 to 1; NaN for indeterminates), `low`, `high` (95% Wilson interval,
        from the effective number of rows where there are weights), `weight` (their sum).
    by_month : DataFrame
        The same by calendar `month` ("2011-07"), without `weight`; empty where there is no date.
    out_of_time_from : str
        First date of the out-of-time sample (ISO); empty where there is none.
    """

    spec: SamplingSpec
    assignment: np.ndarray
    sizes: pd.DataFrame
    by_month: pd.DataFrame
    out_of_time_from: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the samples that have rows, in order."""
        return tuple(self.sizes["sample"])

    def mask(self, name: str) -> np.ndarray:
        """Return which rows are in the sample `name`; shape (n,), bool."""
        return self.assignment == name

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames to keep: ``samples`` (row position, sample), ``sizes``, ``by_month``."""
        rows = pd.DataFrame({"row": np.arange(len(self.assignment)), "sample": self.assignment})
        return {"samples": rows, "sizes": self.sizes, "by_month": self.by_month}

    @classmethod
    def from_frames(
        cls, frames: Mapping[str, pd.DataFrame], spec: SamplingSpec, out_of_time_from: str = ""
    ) -> Samples:
        """Return the samples that `to_frames` gave."""
        assignment = frames["samples"]["sample"].to_numpy(object)
        return cls(spec, assignment, frames["sizes"], frames["by_month"], out_of_time_from)


def draw(dataset: Dataset, spec: SamplingSpec) -> Samples:
    """Divide the rows of a data set into samples.

    Each row is in exactly one sample. Rows with an indeterminate outcome are the sample
    "indeterminate". Within each outcome the rows divided at random meet their shares to within
    one row.

    Raises
    ------
    InputError
        ``NO_DATE`` where an out-of-time sample is asked for and a date is missing;
        ``TOO_FEW_ROWS`` where a sample would have no rows, no bads or no goods.
    """
    codes = np.full(dataset.n, _CODE["indeterminate"], dtype=np.int8)
    earlier = dataset.known
    start = ""
    if spec.kind == "out-of-time":
        later, start = _latest(dataset, spec)
        codes[later] = _CODE["out-of-time"]
        earlier = earlier & ~later
    wanted = _wanted(spec)
    rng = np.random.default_rng(seed_for(spec.seed, "sampling"))
    for outcome in (BAD, GOOD):
        rows = np.flatnonzero(earlier & (dataset.outcome == outcome))
        counts = _apportion(len(rows), [share for _, share in wanted])
        codes[rng.permutation(rows)] = np.repeat([_CODE[name] for name, _ in wanted], counts)
    expected = [name for name, share in wanted if share > 0]
    expected += ["out-of-time"] if spec.kind == "out-of-time" else []
    _refuse_one_sided(dataset, codes, expected)
    assignment = np.array(SAMPLES, dtype=object)[codes]
    return Samples(spec, assignment, _sizes(dataset, codes), _by_month(dataset, codes), start)


def suggest(dataset: Dataset) -> SamplingSpec:
    """Return the sampling to offer first: the portfolio's split, out-of-time where that is possible.

    Out-of-time is judged harder and closer to use, so it comes first wherever the rows are dated
    and both its sides have goods and bads, unless the portfolio asks for random sampling.
    """
    default = dataset.portfolio.sampling
    if dataset.date is not None and default.kind != "random":
        spec = SamplingSpec.from_split(default.split, "out-of-time", default.seed, default.out_of_time)
        try:
            draw(dataset, spec)
        except InputError:
            pass
        else:
            return spec
    return SamplingSpec.from_split(default.split, seed=default.seed)


def _is_iso_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        np.datetime64(text)
    except ValueError:
        return False
    return True


def _wanted(spec: SamplingSpec) -> list[tuple[str, float]]:
    given = {"validation": spec.validation, "calibration": spec.calibration, "hold-out": spec.hold_out}
    return [(name, given.get(name, 1 - sum(given.values()))) for name in _EARLIER]


def _apportion(n: int, parts: list[float]) -> np.ndarray:
    """Divide `n` rows by largest remainder, so that no part is a whole row off its share."""
    exact = n * np.asarray(parts)
    counts = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: n - counts.sum()]] += 1
    return counts


def _latest(dataset: Dataset, spec: SamplingSpec) -> tuple[np.ndarray, str]:
    """Return which rows are out-of-time, and the first date of that sample."""
    if dataset.date is None:
        raise InputError(
            "NO_DATE",
            "an out-of-time sample needs a date, and the portfolio names none",
            remedy="Give a column the role date, or take random sampling.",
        )
    dates = dataset.date.to_numpy("datetime64[s]").astype("datetime64[D]")
    undated = int((np.isnat(dates) & dataset.known).sum())
    if undated:
        raise InputError(
            "NO_DATE",
            f"{undated:,} rows have no date, so it is not known on which side of the cut they belong",
            dataset.portfolio.date,
            "Complete the dates, leave those rows out, or take random sampling.",
        )
    if spec.out_of_time_from:
        start = np.datetime64(spec.out_of_time_from)
    else:
        start = _cut(dates[dataset.known], spec.out_of_time_share)
    return dataset.known & (dates >= start), str(start)


def _cut(dates: np.ndarray, share: float) -> np.datetime64:
    """Return the date from which the latest rows come nearest to `share`, leaving some on each side."""
    days, counts = np.unique(dates, return_counts=True)
    if len(days) < 2:
        raise InputError(
            "TOO_FEW_ROWS",
            "all rows have the same date" if len(days) else "no row has a known outcome",
            remedy="Take random sampling.",
        )
    from_day_on = counts[::-1].cumsum()[::-1]
    return days[1 + np.argmin(np.abs(from_day_on[1:] - share * len(dates)))]


def _refuse_one_sided(dataset: Dataset, codes: np.ndarray, expected: list[str]) -> None:
    problems = []
    for name in expected:
        outcome = dataset.outcome[codes == _CODE[name]]
        lacking = [word for value, word in ((BAD, "bads"), (GOOD, "goods")) if not (outcome == value).any()]
        if lacking:
            what = f"the {name} sample would have {len(outcome):,} rows and no {' and no '.join(lacking)}"
            remedy = "Give it a larger share, move the date, or bring more rows."
            problems.append(Problem("TOO_FEW_ROWS", what, "", remedy))
    if problems:
        raise InputError.of(problems)


def _sizes(dataset: Dataset, codes: np.ndarray) -> pd.DataFrame:
    table = _rates(dataset, codes.astype(np.int64), len(SAMPLES))
    table.insert(0, "sample", np.array(SAMPLES, dtype=object))
    return table[table["n"] > 0].reset_index(drop=True)


def _by_month(dataset: Dataset, codes: np.ndarray) -> pd.DataFrame:
    columns = ["month", "sample", "n", "n_bad", "bad_rate", "low", "high"]
    if dataset.date is None or dataset.date.isna().all():
        text = dict.fromkeys(columns[:2], object)
        return pd.DataFrame({name: np.array([], dtype=text.get(name, float)) for name in columns})
    month = dataset.date.to_numpy("datetime64[s]").astype("datetime64[M]")
    dated = ~np.isnat(month)
    first = month[dated].min()
    cell = np.where(dated, (month - first).astype(np.int64), 0) * len(SAMPLES) + codes
    n_months = int((month[dated].max() - first).astype(np.int64)) + 1
    table = _rates(dataset, cell, n_months * len(SAMPLES), dated)
    months = np.datetime_as_string(first + np.arange(n_months)).astype(object)
    table["month"] = np.repeat(months, len(SAMPLES))
    table["sample"] = np.tile(np.array(SAMPLES, dtype=object), n_months)
    return table.loc[table["n"] > 0, columns].reset_index(drop=True)


def _rates(dataset: Dataset, cell: np.ndarray, n_cells: int, rows: np.ndarray | None = None) -> pd.DataFrame:
    """Count rows, bads and weights in each cell, with the bad rate and its interval."""
    outcome = dataset.outcome
    weight = np.ones(dataset.n) if dataset.weight is None else dataset.weight
    if rows is not None:
        cell, outcome, weight = cell[rows], outcome[rows], weight[rows]
    known = outcome >= 0
    bad = outcome == BAD
    known_weight = np.bincount(cell[known], weight[known], n_cells)
    squares = np.bincount(cell[known], weight[known] ** 2, n_cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.bincount(cell[bad], weight[bad], n_cells) / known_weight
        effective = known_weight**2 / squares
    intervals = [
        wilson(r * n, n) if n > 0 else (np.nan, np.nan)
        for r, n in zip(rate.tolist(), np.nan_to_num(effective).tolist(), strict=True)
    ]
    low, high = np.array(intervals, dtype=float).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "n": np.bincount(cell, minlength=n_cells),
            "n_bad": np.bincount(cell[bad], minlength=n_cells),
            "bad_rate": rate,
            "low": low,
            "high": high,
            "weight": np.bincount(cell, weight, n_cells),
        }
    )
