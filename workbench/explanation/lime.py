"""LIME, beside the exact values: how far it agrees with itself over seeds, and with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from workbench.explanation.attributions import PROBABILITY, Attributions
from workbench.explanation.wording import typical_raw
from workbench.features.columns import LevelColumn
from workbench.training import TrainedModel

Margin = Callable[[np.ndarray], np.ndarray]
TOP = 5
SAMPLES = 2_000
SEEDS = (1, 2, 3, 4, 5)
BACKGROUND = 5_000
"""Rows at the most that tell LIME how characteristics are spread."""
SAME_TOP, STABLE = 0.5, 0.6


@dataclass(frozen=True, eq=False)
class Lime:
    """What LIME says of one applicant, seed by seed.

    Attributes
    ----------
    frame : DataFrame
        characteristic, title, weight (mean over seeds), low, high (of the seeds), exact (the attribution),
        top (share of seeds that have it among the five heaviest), sorted by size of the weight. NaN where
        the applicant has no value: LIME has none for what is missing.
    seeds, samples : tuple of int, int
        Seeds, and drawn neighbours a seed.
    agreement : float
        Mean Jaccard index of the five heaviest between seeds, 0 to 1.
    exact_agreement : float
        Jaccard index of the five heaviest of the mean weights and of the exact values.
    heaviest, shared : int
        Characteristics that are compared, five where there are so many, and those of them in both.
    opposed : tuple of str
        Titles among the five heaviest exact values to which LIME gives the other sign.
    unit, reference : str
        Of the exact values; the weights are in the same unit.
    """

    frame: pd.DataFrame
    seeds: tuple[int, ...]
    samples: int
    agreement: float
    exact_agreement: float
    opposed: tuple[str, ...]
    unit: str
    reference: str
    heaviest: int
    shared: int

    @property
    def warning(self) -> str:
        """Why these weights are not to be relied upon; empty where seeds and exact values agree."""
        told = []
        if self.opposed:
            told.append(f"gives {', '.join(self.opposed)} the opposite sign")
        if self.exact_agreement < SAME_TOP:
            few = f"{self.shared} of its {self.heaviest} heaviest characteristics"
            told.append(f"shares only {few} with them")
        unstable = self.agreement < STABLE
        if not told and not unstable:
            return ""
        first = f"LIME disagrees with the exact values: it {' and '.join(told)}." if told else ""
        second = (
            f"Its seeds do not agree on the heaviest (Jaccard index {self.agreement:.2f})."
            if unstable
            else ""
        )
        return " ".join(filter(None, (first, second, "Rely on the exact values; no reason rests on LIME.")))

    def sentence(self) -> str:
        """Return how far it agrees, in one sentence."""
        return (
            f"LIME, {len(self.seeds)} seeds of {self.samples:,} neighbours: {self.shared} of its "
            f"{self.heaviest} heaviest characteristics are among the heaviest by exact values; between seeds "
            f"the Jaccard index of the heaviest is {self.agreement:.2f}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the weights as plain values; one that does not exist is None."""
        plain = (
            "samples", "agreement", "exact_agreement", "heaviest", "shared", "unit", "reference", "warning",
        )  # fmt: skip
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict(orient="records")
        told = {name: getattr(self, name) for name in plain}
        return told | {"seeds": list(self.seeds), "opposed": list(self.opposed), "attributions": rows}


def lime(
    model: TrainedModel, found: Attributions, raw: np.ndarray, background: np.ndarray, *,
    seeds: Sequence[int] = SEEDS, samples: int = SAMPLES, i: int = 0,
) -> Lime:  # fmt: skip
    """Return LIME's weights of one applicant beside the exact values.

    Parameters
    ----------
    found : Attributions
        The exact values of `raw`, shape (n, characteristics), of which the row at position `i` is explained.
    background : array, shape (m, characteristics)
        Raw development rows, which tell LIME how values are spread; 5,000 evenly spaced ones are used.
    """
    row, typical = np.asarray(raw, dtype=float)[i], typical_raw(model)
    absent = np.isnan(row)
    spread = background[:: max(1, -(-len(background) // BACKGROUND))]
    spread = np.where(np.isnan(spread), typical, spread)
    spread[:, absent] = typical[absent]
    asked = _margin(model, absent, found.unit)
    weights = np.stack([_weights(model, asked, row, typical, absent, spread, s, samples) for s in seeds])
    return _told(model, found, i, weights, tuple(seeds), samples)


def _weights(
    model: TrainedModel, margin: Margin, row: np.ndarray, typical: np.ndarray, absent: np.ndarray,
    spread: np.ndarray, seed: int, samples: int,
) -> np.ndarray:  # fmt: skip
    """Return one seed's weights; shape (characteristics,), NaN where the applicant has no value."""
    from lime.lime_tabular import LimeTabularExplainer

    columns = model.encoder.columns
    explainer = LimeTabularExplainer(
        spread, mode="regression", random_state=seed, feature_names=[c.name for c in columns],
        categorical_features=[j for j, c in enumerate(columns) if isinstance(c, LevelColumn)],
    )  # fmt: skip
    told = explainer.explain_instance(
        np.where(absent, typical, row), margin, num_features=len(columns), num_samples=samples
    )
    weights = np.full(len(columns), np.nan)
    for j, weight in told.local_exp[1]:  # 0 holds the same with the sign turned round
        weights[j] = weight
    weights[absent] = np.nan
    return weights


def _margin(model: TrainedModel, absent: np.ndarray, unit: str) -> Margin:
    """Return the margin of LIME's neighbours in a unit; what the applicant lacks is missing in them too."""

    def margin(rows: np.ndarray) -> np.ndarray:
        found = model.margin(np.where(absent[None, :], np.nan, np.asarray(rows, dtype=float)))
        return 1 / (1 + np.exp(-found)) if unit == PROBABILITY else found

    return margin


def _told(
    model: TrainedModel,
    found: Attributions,
    i: int,
    weights: np.ndarray,
    seeds: tuple[int, ...],
    samples: int,
) -> Lime:
    exact, mean = found.values[i], weights.mean(axis=0)
    tops = [_top(one) for one in weights]
    pairs = [_jaccard(a, b) for a, b in combinations(tops, 2)]
    titles = np.array([model.portfolio.characteristic(n).shown for n in found.characteristics], dtype=object)
    heaviest = [j for j in np.argsort(-np.abs(exact), kind="stable")[:TOP] if not np.isnan(mean[j])]
    opposed = [j for j in heaviest if exact[j] * mean[j] < 0 and abs(exact[j]) > 0.05 * np.abs(exact).max()]
    frame = pd.DataFrame(
        {
            "characteristic": list(found.characteristics), "title": titles, "weight": mean,
            "low": weights.min(axis=0), "high": weights.max(axis=0), "exact": exact,
            "top": [float(np.mean([j in top for top in tops])) for j in range(len(mean))],
        }
    )  # fmt: skip
    order = np.argsort(-np.nan_to_num(np.abs(mean), nan=-1.0), kind="stable")
    own, true = _top(mean), _top(np.where(np.isnan(mean), np.nan, exact))
    return Lime(
        frame=frame.iloc[order].reset_index(drop=True), seeds=seeds, samples=samples,
        agreement=float(np.mean(pairs)) if pairs else float("nan"),
        exact_agreement=_jaccard(own, true), opposed=tuple(titles[opposed]), unit=found.unit,
        reference=found.reference, heaviest=len(own), shared=len(own & true),
    )  # fmt: skip


def _top(values: np.ndarray) -> frozenset[int]:
    size = np.nan_to_num(np.abs(values), nan=-1.0)
    return frozenset(int(j) for j in np.argsort(-size, kind="stable")[:TOP] if size[j] > 0)


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b) if a | b else 1.0
