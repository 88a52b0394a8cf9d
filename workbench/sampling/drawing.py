"""Which applicants a model is fitted on, and which it is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset import BAD, GOOD, Dataset
from workbench.dataset.customers import customers, deal
from workbench.errors import InputError, Problem
from workbench.evaluation.rates import customer_codes, rates
from workbench.run import seed_for
from workbench.sampling.spec import SamplingSpec

SAMPLES = ("development", "validation", "calibration", "hold-out", "out-of-time", "indeterminate")
_CODE = {name: code for code, name in enumerate(SAMPLES)}
_EARLIER = SAMPLES[:4]


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
        from the effective number of rows where there are weights or several rows a customer),
        `weight` (their sum).
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
    one row; grouped, to within about the largest customer. A row without a customer counts as one
    of its own.

    Raises
    ------
    InputError
        ``NO_DATE`` where an out-of-time sample is asked for and a date is missing; ``NO_GROUP``
        where grouped samples are asked for and no column says who is who;
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
    if spec.kind == "grouped":
        _deal_customers(dataset, codes, wanted, rng)
    else:
        for outcome in (BAD, GOOD):
            rows = np.flatnonzero(earlier & (dataset.outcome == outcome))
            counts = _apportion(len(rows), [share for _, share in wanted])
            codes[rng.permutation(rows)] = np.repeat([_CODE[name] for name, _ in wanted], counts)
    expected = [name for name, share in wanted if share > 0]
    expected += ["out-of-time"] if spec.kind == "out-of-time" else []
    _refuse_one_sided(dataset, codes, expected)
    assignment = np.array(SAMPLES, dtype=object)[codes]
    return Samples(spec, assignment, _sizes(dataset, codes), _by_month(dataset, codes), start)


def _deal_customers(
    dataset: Dataset, codes: np.ndarray, wanted: list[tuple[str, float]], rng: np.random.Generator
) -> None:
    """Give whole customers to samples; a customer's indeterminate rows are in no sample."""
    if dataset.group is None:
        raise InputError(
            "NO_GROUP",
            "grouped samples need to know whose row each is, and the portfolio names no such column",
            remedy="On the page Data, step Roles, give a column the role group (in the portfolio's file: "
            'group = "COLUMN"), or take random sampling.',
        )
    rows = np.flatnonzero(dataset.known)
    customer = customers(dataset.group)[rows]
    part = deal(customer, dataset.outcome[rows] == BAD, [share for _, share in wanted], rng)
    codes[rows] = np.array([_CODE[name] for name, _ in wanted], dtype=np.int8)[part]


def suggest(dataset: Dataset) -> SamplingSpec:
    """Return the sampling to offer first: the portfolio's split, out-of-time where that is possible.

    Out-of-time is judged harder and closer to use, so it comes first wherever the rows are dated
    and both its sides have goods and bads, unless the portfolio asks for another kind. Elsewhere
    grouped sampling is taken where a column says whose row each is, and random where none does.
    """
    default = dataset.portfolio.sampling
    if dataset.date is not None and default.kind in ("", "out-of-time"):
        spec = SamplingSpec.from_split(default.split, "out-of-time", default.seed, default.out_of_time)
        try:
            draw(dataset, spec)
        except InputError:
            pass
        else:
            return spec
    by_customer = dataset.group is not None and default.kind != "random"
    return SamplingSpec.from_split(default.split, "grouped" if by_customer else "random", default.seed)


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
    code = None if dataset.group is None else customer_codes(customers(dataset.group))
    if rows is not None:
        cell, outcome, weight = cell[rows], outcome[rows], weight[rows]
        code = None if code is None else code[rows]
    known = outcome >= 0
    bad = outcome == BAD
    own = None if dataset.weight is None else weight[known]
    rate, low, high = rates(bad[known], cell[known], n_cells, own, None if code is None else code[known])
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
