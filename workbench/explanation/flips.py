"""Are the reasons the right ones? What happens to the PD where the first reason is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.evaluation import wilson
from workbench.explanation.reasons import SCORE, ReasonRows
from workbench.explanation.wording import typical_raw
from workbench.training import TrainedModel

FIRST, FIRST_ONE, RANDOM, RANDOM_ONE = (
    "first reason",
    "characteristic that the first reason is named by",
    "reason drawn at random",
    "characteristic drawn at random",
)


@dataclass(frozen=True, eq=False)
class Flips:
    """What setting characteristics to those of the typical development applicant does to declined ones.

    Attributes
    ----------
    frame : DataFrame
        flipped (what was set), n (declined rows), lowered (rows whose PD fell), share with Wilson's 95%
        interval low and high, mean_fall (of the PD, 0 to 1).
    seed : int
        Of what was drawn; the reasons themselves rest on no draw.
    """

    frame: pd.DataFrame
    seed: int

    def share(self, flipped: str) -> float:
        """Return the share of rows whose PD fell."""
        return float(self.frame.set_index("flipped")["share"][flipped])

    @property
    def passed(self) -> bool:
        """Whether the first reason lowers the PD more often than one drawn at random, and so by name."""
        return self.share(FIRST) > self.share(RANDOM) and self.share(FIRST_ONE) > self.share(RANDOM_ONE)

    def sentence(self) -> str:
        """Return the finding in one sentence."""
        n = int(self.frame["n"].iloc[0])
        if not n:
            return "No applicant was declined by the score, so that no reason could be taken away."
        return (
            f"Of {n:,} declined applicants, taking away the first reason lowers the PD of "
            f"{self.share(FIRST):.1%}, one drawn at random that of {self.share(RANDOM):.1%}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain values; a share of no rows is None."""
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict(orient="records")
        return {"flips": rows, "seed": self.seed}


def flips(model: TrainedModel, raw: np.ndarray, found: ReasonRows, seed: int) -> Flips:
    """Take away the first reason of each declined row, and one drawn at random, and compare.

    Parameters
    ----------
    raw : array, shape (n, characteristics)
        The rows that `found` gives reasons for.
    """
    rows = np.flatnonzero((found.decisions == 2) & (found.sources == SCORE))
    rng = np.random.default_rng(seed)
    n, k = len(rows), raw.shape[1]
    group_of, first = found.words.group_of, found.groups[rows, 0]
    drawn, one = rng.integers(0, len(found.words.groups), n), rng.integers(0, k, n)
    each = np.arange(k)[None, :]
    sets = {
        FIRST: group_of[None, :] == first[:, None],
        FIRST_ONE: each == found.named[rows, 0][:, None],
        RANDOM: group_of[None, :] == drawn[:, None],
        RANDOM_ONE: each == one[:, None],
    }
    before, typical = model.calibrator.p_bad(model.margin(raw[rows])), typical_raw(model)
    lines = []
    for name, chosen in sets.items():
        after = model.calibrator.p_bad(model.margin(np.where(chosen, typical, raw[rows])))
        lowered = int((after < before).sum())
        low, high = wilson(lowered, n) if n else (np.nan, np.nan)
        lines.append(
            {
                "flipped": name, "n": n, "lowered": lowered, "share": lowered / n if n else np.nan,
                "low": low, "high": high, "mean_fall": float(np.mean(before - after)) if n else np.nan,
            }
        )  # fmt: skip
    return Flips(pd.DataFrame(lines), seed)
