"""What drift says of an extract, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.drift.performance import Performance
from workbench.drift.score import ScoreDrift
from workbench.drift.triggers import Triggers
from workbench.drift.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Drift:
    """An extract against the development sample.

    Attributes
    ----------
    n, n_development : int
    characteristics, bins : DataFrame
        As from `characteristics.compare`, the line with the largest effect first; characteristics has
        importance (share of the model's) and, where attributions were given, points (how many the
        characteristic moved the mean score, up is safer).
    months, month_bins : DataFrame
        As from `months.by_month`; empty without dates.
    plain : DataFrame
        As from `plain.rules`.
    notes : tuple of str
        What to mind, in sentences.
    """

    n: int
    n_development: int
    characteristics: pd.DataFrame
    bins: pd.DataFrame
    months: pd.DataFrame
    month_bins: pd.DataFrame
    score: ScoreDrift
    performance: Performance
    plain: pd.DataFrame
    verdict: Verdict
    triggers: Triggers
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the verdict in words."""
        return self.verdict.sentence()

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without distributions, as plain values; NaN stands for not defined."""
        return {
            "n": self.n,
            "n_development": self.n_development,
            "characteristics": self.characteristics.to_dict("records"),
            "score": {
                "psi": self.score.psi,
                **{
                    name: float(self.score.stability[name].iloc[0])
                    for name in ("psi_expected", "psi_95", "psi_99", "ks", "p_value", "wasserstein")
                },
                "reference": self.score.reference,
                "measures": self.score.measures.to_dict("records"),
                "months": self.score.months.to_dict("records"),
            },
            "performance": self._performance(),
            "plain_rules": self.plain.to_dict("records"),
            "months": self.months.to_dict("records"),
            "verdict": self.verdict.to_json(),
            "triggers": self.triggers.to_json(),
            "notes": list(self.notes),
        }

    def _performance(self) -> dict[str, Any]:
        told = self.performance
        if told.reason:
            return {"measures": None, "reason": told.reason}
        return {
            "reference": told.reference,
            "n": told.n,
            "n_bad": told.n_bad,
            "n_reference": told.n_reference,
            "n_bad_reference": told.n_bad_reference,
            "measures": told.measures.to_dict("records"),
            "grades": told.grades.to_dict("records"),
        }

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return all frames by name, to keep them; `from_frames` reads them back."""
        return {
            "characteristics": self.characteristics, "bins": self.bins, "months": self.months,
            "month_bins": self.month_bins, "plain": self.plain, "findings": self.verdict.findings,
            "score stability": self.score.stability, "score bins": self.score.bins,
            "score measures": self.score.measures, "score months": self.score.months,
            "measures": self.performance.measures, "grades": self.performance.grades,
        }  # fmt: skip

    def to_values(self) -> dict[str, Any]:
        """Return everything that is no frame, as plain values."""
        v, p = self.verdict, self.performance
        return {
            "n": self.n, "n_development": self.n_development, "notes": list(self.notes),
            "triggers": self.triggers.to_json(), "score_reference": self.score.reference,
            "verdict": [v.colour, v.first_cause, v.characteristic, v.looked_at],
            "performance": {
                "counts": [p.n, p.n_bad, p.n_reference, p.n_bad_reference], "reason": p.reason,
                "auc_error": None if p.auc_error != p.auc_error else p.auc_error, "reference": p.reference,
            },
        }  # fmt: skip

    @classmethod
    def of(cls, values: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> Drift:
        """Return the value that `to_values` and `to_frames` told."""
        told = values["performance"]
        error = float("nan") if told["auc_error"] is None else told["auc_error"]
        score = (frames[f"score {name}"] for name in ("stability", "bins", "measures", "months"))
        colour, cause, characteristic, looked_at = values["verdict"]
        return cls(
            values["n"], values["n_development"], frames["characteristics"], frames["bins"],
            frames["months"], frames["month_bins"], ScoreDrift(*score, values["score_reference"]),
            Performance(*told["counts"], frames["measures"], frames["grades"], error, told["reason"],
                        told["reference"]),
            frames["plain"], Verdict(colour, cause, characteristic, frames["findings"], looked_at),
            Triggers.from_json(values["triggers"]), tuple(values["notes"]),
        )  # fmt: skip
