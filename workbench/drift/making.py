"""From development and an extract to what drift says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.drift import characteristics, performance, plain, score
from workbench.drift.characteristics import Known
from workbench.drift.months import by_month
from workbench.drift.rows import Rows
from workbench.drift.triggers import DEFAULT, Triggers
from workbench.drift.values import Drift
from workbench.drift.verdict import judge
from workbench.errors import InputError
from workbench.policy import Policy
from workbench.portfolio import Points
from workbench.run import Run

LEAST_ROWS = 20


def compare(
    development: Sequence[Known],
    reference: Rows,
    extract: Rows,
    policy: Policy,
    scale: Points,
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
    reference : Rows
        Scored rows the model was not fitted on: what scores and performance are held against.
    extract : Rows
    policy, scale
        The model's cut-offs and bands, and the portfolio's points.
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
    if extract.n < LEAST_ROWS:
        what = f"has {extract.n} usable row{'' if extract.n == 1 else 's'}; drift needs at least {LEAST_ROWS}"
        raise InputError("TOO_FEW_ROWS", what, extract.words, "Give more rows, such as a whole month.")
    run = run or Run()
    own = (extract.weight, extract.code)
    lines, bins = characteristics.compare(development, extract.frame, *own, run.part(0.0, 0.4))
    lines["importance"] = np.nan
    if importance is not None:
        lines["importance"] = lines["characteristic"].map(importance).fillna(0.0).astype(float)
    if attributions is not None:
        change = attributions["extract"] - attributions["development"]
        lines["points"] = -scale.factor * lines["characteristic"].map(change)
    months, month_bins = pd.DataFrame(), pd.DataFrame()
    if extract.month is not None:
        months, month_bins = by_month(development, extract.frame, extract.month, *own, run.part(0.4, 0.7))
    run.step("Scores", 0.7)
    scores = score.compare(extract, reference, policy, scale)
    run.step("Performance", 0.8)
    measured = performance.measure(extract, reference, policy)
    verdict = judge(lines, scores, measured, triggers)
    by = lines["points"].abs() if "points" in lines else lines["psi"]
    order = np.argsort(-by.fillna(-1.0).to_numpy(float), kind="stable")
    return Drift(
        n=extract.n,
        n_development=development[0].n if development else 0,
        characteristics=lines.iloc[order].reset_index(drop=True),
        bins=bins,
        months=months,
        month_bins=month_bins,
        score=scores,
        performance=measured,
        plain=plain.rules(lines, scores, measured),
        verdict=verdict,
        triggers=triggers,
        notes=notes,
    )
