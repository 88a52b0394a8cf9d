"""What all characteristics say together: a quick booster, and what it would be without each suspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.checks.single import Known, Measured, as_numbers, auc_of, customers_of, folds, mean_over_folds
from workbench.checks.values import JOINT_COLUMNS, WARN_AUC
from workbench.dataset import Dataset
from workbench.run import Cancelled, Run, seed_for

MAX_ROWS = 30_000
MAX_ROWS_AGAIN = 15_000
MAX_TAKEN_AWAY = 20
LEAST_OF_EACH = 30
N_FOLDS = 3
TREES = 60
ROWS_FOR_THREADS = 20_000
_LEVEL_ROWS = 20


@dataclass(frozen=True, eq=False)
class Joint:
    """How well a quick booster ranks, and which characteristics it owes that to.

    Attributes
    ----------
    removal : DataFrame
        `without`, `auc` (cross-validated), `low`, `high` (95%), `n`, `n_bad`: all characteristics
        first, then with one after the other taken away, all on the same rows. Empty with too few goods,
        bads or customers to tell.
    guilty : tuple of str
        Those taken away that, given back alone, lift the AUC of the rest over the limit again, or
        that lowered it when taken away; in the order in which they were taken away.
    """

    removal: pd.DataFrame
    guilty: tuple[str, ...] = ()

    @property
    def auc(self) -> float | None:
        """AUC of all characteristics together; None with too few goods or bads to tell."""
        return float(self.removal["auc"].iloc[0]) if len(self.removal) else None


@dataclass(frozen=True, eq=False)
class _Rows:
    columns: dict[str, np.ndarray]
    levels: dict[str, int]
    bad: np.ndarray
    weight: np.ndarray
    fold: np.ndarray
    customer: np.ndarray | None

    def part(self, n: int, seed: int) -> _Rows:
        if len(self.bad) <= n:
            return self
        keep = np.sort(np.random.default_rng(seed).permutation(len(self.bad))[:n])
        columns = {name: x[keep] for name, x in self.columns.items()}
        customer = None if self.customer is None else self.customer[keep]
        return _Rows(columns, self.levels, self.bad[keep], self.weight[keep], self.fold[keep], customer)


def look_together(dataset: Dataset, known: Known, run: Run, seed: int) -> Joint:
    """Fit a quick booster in `N_FOLDS` folds; where it ranks too well, find out by what.

    The characteristic with the largest split gain is taken away, and the booster fitted again,
    until its AUC falls below the limit. Each one taken away is then given back alone: only those
    that bring the AUC up again are to blame. A search takes `MAX_ROWS_AGAIN` rows, and what it starts
    from is measured on these rows too.
    """
    if min(int(known.bad.sum()), int((known.bad == 0).sum())) < LEAST_OF_EACH or not len(
        dataset.frame.columns
    ):
        return Joint(_removal([]))
    customer = customers_of(dataset, known.rows)
    if customer is not None and len(np.unique(customer)) < LEAST_OF_EACH:
        return Joint(_removal([]))
    run.step("All characteristics together", 0.0)
    rows = _rows(dataset, known, seed)
    names = list(rows.columns)
    whole, gain = _cross_validate(rows, names, run, seed)
    part = rows.part(MAX_ROWS_AGAIN, seed_for(seed, "checks", "again"))
    if part is not rows and whole[0] > WARN_AUC:
        again, gain = _cross_validate(part, names, run, seed)
        # so close to the limit that fewer rows do not reach it: there is nothing to search for
        rows, whole = (part, again) if again[0] > WARN_AUC else (rows, whole)
    removal = [("", *whole, len(rows.bad), int(rows.bad.sum()))]
    if not removal[0][1] > WARN_AUC or rows is not part:
        return Joint(_removal(removal))
    guilty = _search(rows, gain, removal, run, seed)
    return Joint(_removal(removal), tuple(guilty))


def _removal(lines: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=list(JOINT_COLUMNS))
    return frame.astype({"without": object, "auc": float, "low": float, "high": float})


def _search(rows: _Rows, gain: np.ndarray, removal: list[tuple[Any, ...]], run: Run, seed: int) -> list[str]:
    names = list(rows.columns)
    before = removal[0][1]
    drops: dict[str, float] = {}
    while before > WARN_AUC and len(names) > 1 and len(drops) < MAX_TAKEN_AWAY:
        suspect = names[int(np.argmax(gain))]
        names.remove(suspect)
        run.step(f"Together without {suspect}", 0.1 + 0.6 * len(drops) / MAX_TAKEN_AWAY)
        measured, gain = _cross_validate(rows, names, run, seed)
        drops[suspect] = before - measured[0]
        removal.append((suspect, *measured, *removal[0][-2:]))
        before = measured[0]
    guilty = []
    for i, suspect in enumerate(drops):
        run.step(f"Together with {suspect} given back", 0.7 + 0.3 * i / len(drops))
        back, _ = _cross_validate(rows, [*names, suspect], run, seed)
        if back[0] > max(WARN_AUC, before + 0.01):
            guilty.append(suspect)
    # several that need each other: name those that lowered it
    return guilty or [suspect for suspect in drops if drops[suspect] > 0.005]


def _rows(dataset: Dataset, known: Known, seed: int) -> _Rows:
    """Return at most `MAX_ROWS` known rows as arrays: numbers, days since the application, codes."""
    n = len(known.bad)
    keep = np.arange(n)
    if n > MAX_ROWS:
        keep = np.sort(np.random.default_rng(seed_for(seed, "checks", "rows")).permutation(n)[:MAX_ROWS])
    at = known.rows[keep]
    applied = None if dataset.date is None else as_numbers(dataset.date.iloc[at])
    columns: dict[str, np.ndarray] = {}
    levels: dict[str, int] = {}
    for name in dataset.frame.columns:
        values = dataset.frame[name].iloc[at]
        if isinstance(values.dtype, pd.CategoricalDtype):
            columns[name] = values.cat.codes.to_numpy().astype(np.int64)
            levels[name] = len(values.cat.categories)
        else:
            x = as_numbers(values)
            columns[name] = x - applied if values.dtype.kind == "M" and applied is not None else x
    bad = known.bad[keep]
    customer = customers_of(dataset, at)
    fold = folds(bad, N_FOLDS, seed_for(seed, "checks", "joint"), customer)
    return _Rows(columns, levels, bad, known.weight[keep], fold, customer)


def _cross_validate(rows: _Rows, names: list[str], run: Run, seed: int) -> tuple[Measured, np.ndarray]:
    """Return the mean AUC on the folds left out with its interval, and the split gain of each name."""
    aucs = []
    gain = np.zeros(len(names))
    for fold in range(N_FOLDS):
        out = rows.fold == fold
        matrix = np.column_stack([_coded(rows, name, ~out) for name in names])
        own = None if rows.customer is None else rows.customer[out]
        booster = _fit(matrix[~out], rows.bad[~out], rows.weight[~out], run, seed)
        margin = booster.predict(matrix[out], raw_score=True, num_threads=1)
        aucs.append(auc_of(rows.bad[out], margin, rows.weight[out], own))
        gain += booster.feature_importance("gain")
    return mean_over_folds(aucs), gain


def _coded(rows: _Rows, name: str, learn: np.ndarray) -> np.ndarray:
    """Return a column as numbers: a category as the bad rate of its level where `learn` is true.

    Levels with few rows share one code, or the booster would learn single rows by heart.
    """
    x = rows.columns[name]
    if name not in rows.levels:
        return x
    n = rows.levels[name] + 1
    level = np.where(x < 0, n - 1, x)
    count = np.bincount(level[learn], minlength=n)
    bads = np.bincount(level[learn], rows.bad[learn], n)
    overall = rows.bad[learn].mean()
    rate = (bads + _LEVEL_ROWS * overall) / (count + _LEVEL_ROWS)
    rate[count < _LEVEL_ROWS] = overall
    return rate[level]


def _fit(matrix: np.ndarray, bad: np.ndarray, weight: np.ndarray, run: Run, seed: int) -> Any:
    import lightgbm

    def stop_if_asked(_: object) -> None:
        if run.cancelled():
            raise Cancelled

    settings = {
        "objective": "binary",
        "num_leaves": 8,
        "max_depth": 4,
        "learning_rate": 0.15,
        "min_data_in_leaf": int(min(50, max(5, len(bad) // 200))),
        "max_bin": 63,
        # waking threads costs more than so few rows are worth; the result is the same
        "num_threads": run.threads if len(bad) >= ROWS_FOR_THREADS else 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(matrix, bad, weight=weight, params=settings, free_raw_data=True)
    return lightgbm.train(settings, data, num_boost_round=TREES, callbacks=[stop_if_asked])
