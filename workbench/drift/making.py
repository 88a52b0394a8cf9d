"""From development and an extract to what drift says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.drift import characteristics, performance, plain, score
from workbench.drift.characteristics import Known
from workbench.drift.months import by_month
from workbench.drift.performance import Judged
from workbench.drift.rows import Rows
from workbench.drift.score import Scored, scored
from workbench.drift.triggers import DEFAULT, Triggers
from workbench.drift.values import Drift
from workbench.drift.verdict import judge
from workbench.errors import InputError
from workbench.policy import Policy
from workbench.portfolio import Points
from workbench.run import Run

LEAST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Reference:
    """Scored rows the model was not fitted on, measured once for all extracts that are held against them.

    Attributes
    ----------
    policy, scale
        The model's cut-offs and bands, and the portfolio's points.
    scores : Scored
    judged : Judged
    """

    policy: Policy
    scale: Points
    scores: Scored
    judged: Judged


def hold(reference: Rows, policy: Policy, scale: Points) -> Reference:
    """Return what is measured of reference rows by themselves."""
    return Reference(policy, scale, scored(reference, policy, scale), performance.alone(reference, policy))


def compare(
    development: Sequence[Known],
    reference: Reference,
    extract: Rows,
    *,
    importance: Mapping[str, float] | None = None,
    attributions: pd.DataFrame | None = None,
    triggers: Triggers = DEFAULT,
    notes: tuple[str, ...] = (),
    run: Run | None = None,
) -> Drift:
    """Hold an extract against the development sample of a model.

    Parameters
    ----------
    development : sequence of Known
        What development holds of each characteristic, from `characteristics.know`.
    reference : Reference
        What scores and performance are held against, from `hold`.
    extract : Rows
    importance : mapping, optional
        Characteristic -> its share of the model's importance; one that is missing there is not used.
    attributions : DataFrame, optional
        Indexed by characteristic: development and extract, the mean attributions on the model's margin in
        log-odds of bad.
    notes : tuple of str
        What to mind, in sentences.

    Raises
    ------
    InputError
        ``TOO_FEW_ROWS`` where the extract has fewer than `LEAST_ROWS`.
    """
    _require_rows(extract)
    run = run or Run()
    own = (extract.weight, extract.code)
    lines, bins = characteristics.compare(development, extract.frame, *own, run.part(0.0, 0.4))
    lines = _weighed(lines, importance, attributions, reference.scale)
    months, month_bins = pd.DataFrame(), pd.DataFrame()
    if extract.month is not None:
        months, month_bins = by_month(development, extract.frame, extract.month, *own, run.part(0.4, 0.7))
    run.step("Scores", 0.7)
    scores = score.compare(scored(extract, reference.policy, reference.scale), reference.scores)
    run.step("Performance", 0.8)
    measured = performance.measure(extract, reference.judged, reference.policy)
    return Drift(
        n=extract.n,
        n_development=development[0].n if development else 0,
        characteristics=_most_first(lines),
        bins=bins,
        months=months,
        month_bins=month_bins,
        score=scores,
        performance=measured,
        plain=plain.rules(lines, scores, measured),
        verdict=judge(lines, scores, measured, triggers),
        triggers=triggers,
        notes=notes,
    )


def _require_rows(extract: Rows) -> None:
    if extract.n < LEAST_ROWS:
        what = f"has {extract.n} usable row{'' if extract.n == 1 else 's'}; drift needs at least {LEAST_ROWS}"
        raise InputError("TOO_FEW_ROWS", what, extract.words, "Give more rows, such as a whole month.")


def _weighed(
    lines: pd.DataFrame, importance: Mapping[str, float] | None, attributions: pd.DataFrame | None,
    scale: Points,
) -> pd.DataFrame:  # fmt: skip
    """Return the lines with what each weighs for the model, and how many points it moved the score."""
    names = lines["characteristic"].tolist()
    shares = [np.nan if importance is None else float(importance.get(name, 0.0)) for name in names]
    lines = lines.assign(importance=shares)
    if attributions is not None:
        change = (attributions["extract"] - attributions["development"]).reindex(names).to_numpy(float)
        lines["points"] = -scale.factor * change
    return lines


def _most_first(lines: pd.DataFrame) -> pd.DataFrame:
    by = lines["points"].abs() if "points" in lines else lines["psi"]
    order = np.argsort(-by.fillna(-1.0).to_numpy(float), kind="stable")
    return lines.iloc[order].reset_index(drop=True)
