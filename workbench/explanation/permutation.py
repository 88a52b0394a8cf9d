"""How much of the AUC is lost when a characteristic's values are dealt anew among the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation.discrimination import delong
from workbench.evaluation.measure import Z95
from workbench.explanation.effects import pd_of, records
from workbench.explanation.rows import Rows
from workbench.run import Run, seed_for
from workbench.training import TrainedModel

REPEATS, MOST = 5, 20_000
LOSS = ("characteristic", "title", "loss", "low", "high", "n", "n_bad", "reason")
UNKNOWN = "not defined: no outcome is known"
ONE_SIDED = "not defined: the rows are all good or all bad"


@dataclass(frozen=True, eq=False)
class Permutation:
    """Permutation importance of the AUC.

    Attributes
    ----------
    auc, low, high : float
        Of the rows as they are, with its 95% interval by DeLong; NaN where not defined.
    n, n_bad, n_all : int
        Rows it rests on, bads among them, and rows with a known outcome that there were.
    repeats, seed : int
        How often each characteristic was dealt anew, and from which seed.
    loss : DataFrame
        characteristic, title, loss (of AUC, mean over the repeats), low, high (95%: other applicants and
        other deals), n, n_bad, reason; the largest first.

    References
    ----------
    Fisher, Rudin and Dominici (2019), "All models are wrong, but many are useful", JMLR 20.
    """

    auc: float
    low: float
    high: float
    n: int
    n_bad: int
    n_all: int
    repeats: int
    seed: int
    loss: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """Return the importance as plain values; what is not defined is None."""
        plain = {name: getattr(self, name) for name in ("n", "n_bad", "n_all", "repeats", "seed")}
        auc = {name: getattr(self, name) for name in ("auc", "low", "high")}
        auc = {name: None if np.isnan(value) else value for name, value in auc.items()}
        return plain | auc | {"loss": records(self.loss)}

    def sentence(self) -> str:
        """Return what matters most to the ranking."""
        if np.isnan(self.auc):
            return f"What a characteristic does for the AUC is {self.loss['reason'].iloc[0]}."
        first = self.loss.iloc[0]
        return (
            f"Without {first['title']} in its place the AUC falls by {first['loss']:.3f} "
            f"({first['low']:.3f} to {first['high']:.3f}), the most of all."
        )


def permutation(
    model: TrainedModel, rows: Rows, run: Run, *, repeats: int = REPEATS, seed: int = 0, most: int = MOST
) -> Permutation:
    """Return what each characteristic is worth to the AUC on these rows.

    Parameters
    ----------
    most : int
        Rows that it is measured on at most, evenly taken from those with a known outcome.
    """
    known = rows.take(rows.known)
    part = known.take(known.spread(most))
    n_bad, columns = int(part.bad.sum()), model.encoder.columns
    titles = {c.name: model.portfolio.characteristic(c.name).shown for c in columns}
    if n_bad in (0, len(part)):
        reason = UNKNOWN if not len(part) else ONE_SIDED
        told = [
            (name, title, np.nan, np.nan, np.nan, len(part), n_bad, reason) for name, title in titles.items()
        ]
        lost = pd.DataFrame(told, columns=list(LOSS))
        return Permutation(np.nan, np.nan, np.nan, len(part), n_bad, len(known), repeats, seed, lost)
    p_bad = pd_of(model, len(part) * (repeats * len(columns) + 1), run.threads)
    own, lines, auc, wide = p_bad(part.raw), [], np.nan, np.nan
    for j, (name, title) in enumerate(titles.items()):
        run.step(f"dealing {title} anew", j / len(titles))
        scores = [own]
        for repeat in range(repeats):
            dealt = part.raw.copy()
            dealt[:, j] = part.raw[_order(len(part), seed, name, repeat), j]
            scores.append(p_bad(dealt))
        aucs, covariance = delong(part.bad, np.stack(scores), part.weight, part.code, run.threads)
        auc, wide = float(aucs[0]), Z95 * float(np.sqrt(max(covariance[0, 0], 0.0)))
        lines.append((name, title, *_loss(aucs, covariance), len(part), n_bad, ""))
    loss = pd.DataFrame(lines, columns=list(LOSS)).sort_values("loss", ascending=False, kind="stable")
    low, high = np.clip((auc - wide, auc + wide), 0.0, 1.0).tolist()
    loss = loss.reset_index(drop=True)
    return Permutation(auc, low, high, len(part), n_bad, len(known), repeats, seed, loss)


def _order(n: int, seed: int, name: str, repeat: int) -> np.ndarray:
    """Return the rows in an order of chance, of its own for each characteristic and repeat."""
    return np.random.default_rng(seed_for(seed, "permutation", name, str(repeat))).permutation(n)


def _loss(aucs: np.ndarray, covariance: np.ndarray) -> tuple[float, float, float]:
    """Return the mean loss with its interval: the rows' part by DeLong, the deals' part by their spread."""
    repeats = len(aucs) - 1
    contrast = np.array([1.0, *[-1 / repeats] * repeats])
    dealt = float(np.var(aucs[1:], ddof=1)) / repeats if repeats > 1 else 0.0
    value = float(contrast @ aucs)
    wide = Z95 * float(np.sqrt(max(contrast @ covariance @ contrast, 0.0) + dealt))
    return value, value - wide, value + wide
