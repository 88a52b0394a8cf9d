"""Whether the months of an extract are alike: their outcome, what is missing, how values are spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.drift.stability import MOVED, design_effect, elsewhere, psi, reference, unlike
from workbench.evaluation import benjamini_hochberg, wilson
from workbench.evaluation.rates import rates
from workbench.extract.holding import special_rows
from workbench.extract.known import known_rows, whose
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
        The cells that stand out beyond chance, customers as wholes, the largest first: what ("missing",
        "special codes", "values"), n, value (a share, or a PSI of 0.1 and more) with low and high (95%, of
        shares), elsewhere (the share in the months that are alike, or the PSI by chance), q_value
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
    every, code = dataset.portfolio.characteristics, whose(dataset, dated)
    for i, about in enumerate(every):
        run.step(f"Months of {about.shown}", i / max(len(every), 1))
        cells = _cells(dataset.frame[about.name][dated], about, place[dated], names, code)
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


def _cells(
    values: pd.Series, about: Characteristic, place: np.ndarray, names: list[str], code: np.ndarray | None
) -> pd.DataFrame:
    """Return one line a month with rows, and the p values that it is like the others."""
    k = len(names)
    missing = values.isna().to_numpy()
    special = np.logical_or.reduce([*special_rows(values, about).values(), np.zeros(len(values), bool)])
    n = np.bincount(place, minlength=k)
    found = pd.DataFrame({"month": names, "n": n})
    for name, rows in (("missing", missing), ("special", special)):
        part = np.bincount(place[rows], minlength=k)
        counts = np.stack([n - part, part], axis=1)
        effects = _effects(rows, place, k, code)
        others = elsewhere(counts, reference(counts, *effects))
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name], found[f"{name}_share"] = part, part / n
            found[f"{name}_elsewhere"] = others[:, 1] / others.sum(axis=1)
        found[f"{name}_trials"] = n / effects[0]
        one = ((counts + others) == 0).any(axis=1)
        p_value = unlike(counts / effects[0][:, None], others / effects[1])
        found[f"{name}_p"] = np.where(one, np.nan, p_value)
    bins, labels, _ = cut(values, about)
    plain = ~(missing | special)
    cell = place[plain] * len(labels) + bins[plain]
    counts = np.bincount(cell, minlength=k * len(labels)).reshape(k, len(labels))
    own = None if code is None else code[plain]
    effects = _effects(bins[plain], place[plain], k, own)
    moved = psi(counts, elsewhere(counts, reference(counts, *effects)), *effects)
    found["psi"], found["psi_chance"], found["psi_p"] = moved
    return found[found["n"] > 0]


def _effects(
    bins: np.ndarray, place: np.ndarray, k: int, code: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Return the design effect of each month, and that of all rows: customers may be in several months."""
    whole = design_effect(bins, np.zeros(len(bins), int), 1, code)
    return design_effect(bins, place, k, code), float(whole[0])


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
        trials = np.full(len(part), np.nan) if what == "values" else cells[value.replace("share", "trials")]
        part["low"], part["high"] = wilson(part["value"] * trials, trials)
        part["size"] = part["value"] if what == "values" else (part["value"] - part["elsewhere"]).abs()
        parts.append(part)
    every = pd.concat(parts, ignore_index=True)
    every["q_value"] = benjamini_hochberg(every["p_value"].to_numpy(float))
    found = every[(every["q_value"] < Q_LEVEL) & ((every["what"] != "values") | (every["value"] >= MOVED))]
    order = np.argsort(-found["size"].to_numpy(), kind="stable")
    return found.iloc[order][list(APART)].reset_index(drop=True)
