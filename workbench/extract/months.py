"""Whether the months of an extract are alike: their outcome, what is missing, how values are spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.evaluation import benjamini_hochberg, wilson
from workbench.evaluation.rates import rates
from workbench.extract.holding import special_rows
from workbench.extract.known import known_rows
from workbench.extract.spread import MOVED, elsewhere, psi, reference
from workbench.portfolio import Characteristic
from workbench.profile import cut
from workbench.run import Run

Q_LEVEL = 0.05
OUTCOME = ("month", "n", "known", "n_bad", "bad_rate", "low", "high")
CELLS = (
    "characteristic", "title", "month", "n", "missing", "missing_share", "special", "special_share", "psi",
    "psi_chance",
)  # fmt: skip
APART = ("characteristic", "title", "month", "what", "n", "value", "low", "high", "elsewhere", "q_value")


@dataclass(frozen=True, eq=False)
class Months:
    """The months of an extract.

    Attributes
    ----------
    outcome : DataFrame
        month ("2011-07"), n (rows), known (with a known outcome), n_bad, bad_rate with low and high (95%
        Wilson, over whole customers where there are). Months without a row in between are there, with 0.
    cells : DataFrame
        One line a characteristic and month that has rows: n, missing, missing_share, special, special_share,
        psi (of the values that are neither) and psi_chance (what 95 in 100 months stay below by chance). A
        month is held against the other months that are alike: those apart from them do not count.
    apart : DataFrame
        The cells that stand out beyond chance, the largest first: what ("missing", "special codes",
        "values"), n, value (a share, or a PSI of 0.1 and more) with low and high (95%, of shares), elsewhere
        (the share in the months that are alike, or the PSI by chance), q_value
        (Benjamini-Hochberg over all cells).
    undated : int
        Rows without a date.
    """

    outcome: pd.DataFrame
    cells: pd.DataFrame
    apart: pd.DataFrame
    undated: int


def by_month(dataset: Dataset, run: Run) -> Months | None:
    """Describe the months of a data set; None where its portfolio names no date, or no row has one."""
    if dataset.date is None or dataset.date.isna().all():
        return None
    month = dataset.date.to_numpy("datetime64[s]").astype("datetime64[M]")
    dated = ~np.isnat(month)
    first = month[dated].min()
    place = np.where(dated, (month - first).astype(np.int64), -1)
    names = np.datetime_as_string(first + np.arange(place.max() + 1)).tolist()
    outcome = _outcome(dataset, place, names)
    parts = []
    every = dataset.portfolio.characteristics
    for i, about in enumerate(every):
        run.step(f"Months of {about.shown}", i / max(len(every), 1))
        cells = _cells(dataset.frame[about.name][dated], about, place[dated], names)
        parts.append(cells.assign(characteristic=about.name, title=about.shown))
    cells = pd.concat(parts, ignore_index=True)
    return Months(outcome, cells[list(CELLS)], _apart(cells), int((~dated).sum()))


def _outcome(dataset: Dataset, place: np.ndarray, names: list[str]) -> pd.DataFrame:
    k, dated = len(names), place >= 0
    bad, weight, code = known_rows(dataset)
    kept = dated[dataset.known]
    bad, cell = bad[kept], place[dataset.known & dated]
    weight, code = (None if v is None else v[kept] for v in (weight, code))
    rate, low, high = rates(bad, cell, k, weight, code)
    counts = {
        "n": np.bincount(place[dated], minlength=k),
        "known": np.bincount(cell, minlength=k),
        "n_bad": np.bincount(cell[bad], minlength=k),
    }
    told = {"month": names} | counts | {"bad_rate": rate, "low": low, "high": high}
    return pd.DataFrame(told, columns=list(OUTCOME))


def _cells(values: pd.Series, about: Characteristic, place: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return one line a month with rows, and the p values that it is like the others."""
    k = len(names)
    missing = values.isna().to_numpy()
    special = np.logical_or.reduce([*special_rows(values, about).values(), np.zeros(len(values), bool)])
    n = np.bincount(place, minlength=k)
    found = pd.DataFrame({"month": names, "n": n})
    for name, rows in (("missing", missing), ("special", special)):
        part = np.bincount(place[rows], minlength=k)
        counts = np.stack([part, n - part], axis=1)
        others = elsewhere(counts, reference(counts))
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name], found[f"{name}_share"] = part, part / n
            found[f"{name}_elsewhere"] = others[:, 0] / others.sum(axis=1)
        found[f"{name}_p"] = _unlike(counts, others)
    bins, labels, _ = cut(values, about)
    plain = ~(missing | special)
    cell = place[plain] * len(labels) + bins[plain]
    counts = np.bincount(cell, minlength=k * len(labels)).reshape(k, len(labels))
    moved = psi(counts, elsewhere(counts, reference(counts)))
    found["psi"], found["psi_chance"], found["psi_p"] = moved
    return found[found["n"] > 0]


def _unlike(counts: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the exact two-sided p value that a month's share is that of the others; NaN without any."""
    from scipy.stats import hypergeom

    part, n = counts[:, 0], counts.sum(axis=1)
    total, whole = part + others[:, 0], n + others.sum(axis=1)
    asked = hypergeom(whole, total, n)
    p_value = np.minimum(1.0, 2 * np.minimum(asked.cdf(part), asked.sf(part - 1)))
    return np.where((total == 0) | (total == whole), np.nan, p_value)


def _apart(cells: pd.DataFrame) -> pd.DataFrame:
    kinds = (
        ("missing", "missing_share", "missing_elsewhere", "missing_p"),
        ("special codes", "special_share", "special_elsewhere", "special_p"),
        ("values", "psi", "psi_chance", "psi_p"),
    )
    parts = []
    for what, value, usual, p_value in kinds:
        part = cells[["characteristic", "title", "month", "n"]].assign(
            what=what, value=cells[value], elsewhere=cells[usual], p_value=cells[p_value]
        )
        share = np.full(len(part), np.nan) if what == "values" else part["value"] * part["n"]
        part["low"], part["high"] = wilson(share, part["n"])
        part["size"] = part["value"] if what == "values" else (part["value"] - part["elsewhere"]).abs()
        parts.append(part)
    every = pd.concat(parts, ignore_index=True)
    every["q_value"] = benjamini_hochberg(every["p_value"].to_numpy(float))
    found = every[(every["q_value"] < Q_LEVEL) & ((every["what"] != "values") | (every["value"] >= MOVED))]
    order = np.argsort(-found["size"].to_numpy(), kind="stable")
    return found.iloc[order][list(APART)].reset_index(drop=True)
