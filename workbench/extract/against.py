"""An extract against the one before it: rows, outcome, columns, and what each characteristic holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.dataset import Dataset
from workbench.drift.stability import MOVED, design_effect, psi
from workbench.evaluation import Measure, benjamini_hochberg
from workbench.evaluation.rates import rates
from workbench.extract.known import known_rows, whose
from workbench.portfolio import Characteristic
from workbench.profile import cut

NO_ROWS = "no rows with a known outcome"
CHANGES = (
    "characteristic", "title", "n", "n_before", "missing", "missing_before", "middle", "middle_before", "psi",
    "psi_chance", "q_value", "apart",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Against:
    """What changed from one extract to the next.

    Attributes
    ----------
    changes : DataFrame
        One line a characteristic of both, the largest PSI first: n, n_before; missing, missing_before
        (shares of rows); middle, middle_before (medians of numbers); psi, psi_chance (95 in 100 stay below it
        where nothing changed), q_value (Benjamini-Hochberg), apart (PSI of 0.1 and more, and q below 5%).
    bad_rate, bad_rate_before : Measure
        Over rows with a known outcome.
    new, gone : tuple of str
        Titles of characteristics that only one of the two has.
    shared : int, optional
        Row keys that both have; None where the portfolio has no row key.
    """

    before: Dataset
    changes: pd.DataFrame
    bad_rate: Measure
    bad_rate_before: Measure
    new: tuple[str, ...]
    gone: tuple[str, ...]
    shared: int | None


def against(dataset: Dataset, before: Dataset) -> Against:
    """Compare a data set with the one before it; values are cut into bins over the rows of both."""
    earlier = {c.name: c for c in before.portfolio.characteristics}
    every = dataset.portfolio.characteristics
    both = [c for c in every if c.name in earlier and earlier[c.name].kind == c.kind]
    names = {c.name for c in both}
    codes = [whose(d, np.ones(d.n, bool)) for d in (dataset, before)]
    changes = pd.DataFrame(
        [_change(dataset.frame[c.name], before.frame[c.name], c, codes) for c in both],
        columns=[*CHANGES[:-2], "p_value"],
    )
    changes["q_value"] = benjamini_hochberg(changes["p_value"].to_numpy(float))
    changes["apart"] = (changes["q_value"] < 0.05) & (changes["psi"] >= MOVED)
    order = np.argsort(-changes["psi"].fillna(-1.0).to_numpy(), kind="stable")
    keyed = dataset.portfolio.row_key and dataset.portfolio.row_key == before.portfolio.row_key
    return Against(
        before=before,
        changes=changes.iloc[order][list(CHANGES)].reset_index(drop=True),
        bad_rate=bad_rate(dataset),
        bad_rate_before=bad_rate(before),
        new=tuple(c.shown for c in every if c.name not in names),
        gone=tuple(c.shown for name, c in earlier.items() if name not in names),
        shared=int(dataset.row_key.isin(set(before.row_key)).sum()) if keyed else None,
    )


def bad_rate(dataset: Dataset) -> Measure:
    """Return the bad rate of the rows with a known outcome, its interval over whole customers."""
    bad, weight, code = known_rows(dataset)
    value, low, high = (float(v[0]) for v in rates(bad, np.zeros(len(bad), int), 1, weight, code))
    return Measure("bad_rate", value, low, high, len(bad), int(bad.sum()), "" if len(bad) else NO_ROWS)


def _change(
    now: pd.Series, before: pd.Series, about: Characteristic, codes: list[np.ndarray | None]
) -> dict[str, object]:
    bins, labels, _ = cut(_together(now, before), about)
    parts = (bins[: len(now)], bins[len(now) :])
    counts = [np.bincount(part, minlength=len(labels)) for part in parts]
    effects = [
        float(design_effect(part, np.zeros(len(part), int), 1, code)[0])
        for part, code in zip(parts, codes, strict=True)
    ]
    index, chance, p_value = map(float, psi(*counts, *effects))
    number = now.dtype.kind == "f"
    return {
        "characteristic": about.name,
        "title": about.shown,
        "n": len(now),
        "n_before": len(before),
        "missing": float(now.isna().mean()),
        "missing_before": float(before.isna().mean()),
        "middle": float(now.median()) if number else np.nan,
        "middle_before": float(before.median()) if number else np.nan,
        "psi": index,
        "psi_chance": chance,
        "p_value": p_value,
    }


def _together(now: pd.Series, before: pd.Series) -> pd.Series:
    if isinstance(now.dtype, pd.CategoricalDtype):
        return pd.Series(pd.api.types.union_categoricals([now, before]))
    return pd.concat([now, before], ignore_index=True)
