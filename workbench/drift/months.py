"""Each month of an extract against development, characteristic by characteristic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.drift import stability
from workbench.drift.characteristics import Known
from workbench.evaluation import benjamini_hochberg
from workbench.run import Run

CELLS = (
    "characteristic", "title", "month", "n", "psi", "psi_expected", "psi_95", "psi_99", "missing", "p_value",
    "q_value",
)  # fmt: skip
BINS = ("characteristic", "month", "bin", "label", "n", "share")


def places(month: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the place of each row's month, -1 without a date, and the months that have rows, in order."""
    dated = ~np.isnat(month)
    names, at = np.unique(month[dated], return_inverse=True)
    place = np.full(len(month), -1)
    place[dated] = at
    return place, np.datetime_as_string(names).tolist()


def by_month(
    known: Sequence[Known],
    frame: pd.DataFrame,
    month: np.ndarray,
    weight: np.ndarray | None = None,
    code: np.ndarray | None = None,
    run: Run | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare each month of later rows with development.

    Parameters
    ----------
    month : array of datetime64[M], shape (n,)
        NaT where a row has no date.
    frame, weight, code
        As in `characteristics.know`.

    Returns
    -------
    cells : DataFrame
        One line a characteristic and month that has rows: n, psi, psi_expected, psi_95, psi_99, missing,
        p_value (Pearson's chi-squared over the bins), q_value (Benjamini-Hochberg over all lines).
    bins : DataFrame
        characteristic, month, bin, label, n, share: what each month holds on the frozen bins.
    """
    run = run or Run()
    place, names = places(month)
    rows = place >= 0
    at = place[rows]
    own = [None if v is None else v[rows] for v in (weight, code)]
    cells, parts = [], []
    for i, item in enumerate(known if names else ()):
        run.step(f"Months of {item.about.shown}", i / len(known))
        values = frame[item.about.name]
        where = item.bins.place(values if rows.all() else values[rows])
        found, shares = _of_one(item, where, at, names, own[0], own[1])
        cells.append(found)
        parts.append(shares)
    if not cells:
        return pd.DataFrame(columns=list(CELLS)), pd.DataFrame(columns=list(BINS))
    every = pd.concat(cells, ignore_index=True)
    every["q_value"] = benjamini_hochberg(every["p_value"].to_numpy(float))
    return every[list(CELLS)], pd.concat(parts, ignore_index=True)[list(BINS)]


def _of_one(
    item: Known, where: np.ndarray, at: np.ndarray, names: list[str], weight: np.ndarray | None,
    code: np.ndarray | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    k, size = len(names), item.bins.size
    n = np.bincount(at, minlength=k)
    counts = np.bincount(at * size + where, weight, k * size).reshape(k, size).astype(float)
    if weight is not None:
        counts *= (n / counts.sum(axis=1))[:, None]
    effect = stability.design_effect(where, at, k, code, weight)
    levels = stability.by_chance(counts, item.counts, effect, item.effect)
    cells = pd.DataFrame(
        {
            "characteristic": item.about.name,
            "title": item.about.shown,
            "month": names,
            "n": n,
            "psi": stability.index(counts, item.counts),
            "psi_expected": stability.expected(counts, item.counts, effect, item.effect),
            "psi_95": levels[0],
            "psi_99": levels[1],
            "missing": counts[:, item.bins.missing] / n,
            "p_value": stability.unlike(counts / effect[:, None], item.counts / item.effect),
        }
    )
    held = (counts.sum(axis=0) + item.counts) > 0
    held[: item.bins.missing] = True
    bins = np.flatnonzero(held)
    shares = pd.DataFrame(
        {
            "characteristic": item.about.name,
            "month": np.repeat(names, len(bins)),
            "bin": np.tile(bins, k),
            "label": np.tile(np.array(item.bins.labels, dtype=object)[bins], k),
            "n": np.rint(counts[:, bins]).astype(np.int64).ravel(),
            "share": (counts[:, bins] / n[:, None]).ravel(),
        }
    )
    return cells, shares
