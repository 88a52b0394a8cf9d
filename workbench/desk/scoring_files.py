"""Score and measure whole files with a registered model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.checks import customers_of
from workbench.dataset import BAD, Applicants, Dataset, Table, applicants, build
from workbench.desk import tables
from workbench.errors import InputError
from workbench.evaluation import Evaluation, evaluate
from workbench.intake import ReadOptions
from workbench.policy import DECISIONS
from workbench.run import seed_for
from workbench.scoring import Scorer, points

if TYPE_CHECKING:
    from workbench.desk.desk import Desk


def score_file(
    desk: Desk, reference: str, path: Path, out: Path, options: ReadOptions | None
) -> dict[str, Any]:
    """Score a file; see `Desk.score_file`."""
    tables.check_target(out, source=path)
    row = desk.registry.resolve(reference)
    scorer = desk.scorer(row.model_id)
    table = desk.read(path, None, options)
    checked = applicants(table, scorer.model.portfolio)
    frame = scored_frame(scorer, table, checked)
    replaced = out.exists()
    tables.write(frame, out, keys=[str(frame.columns[0])])
    decided = frame["decision"].value_counts()
    return {
        "model_id": row.model_id,
        "rows": checked.rows_in,
        "scored": int(frame["p_bad"].notna().sum()),
        "refused": checked.rows_in - checked.n,
        "flagged": int((frame["flags"] != "").sum()),
        "decisions": {decision: int(decided.get(decision, 0)) for decision in DECISIONS},
        "out": str(out),
        "replaced": replaced,
    }


def scored_frame(scorer: Scorer, table: Table, checked: Applicants) -> pd.DataFrame:
    """Return one line for each row of `table`, in order; a refused row has its reason and no score."""
    scored = scorer.score_table(checked)
    key = str(scored.columns[0])
    scored.index = pd.Index(checked.record)
    refused = checked.refused.drop_duplicates("record").set_index("record")
    together = scored.reindex(table.record)
    together["error"] = pd.Series(refused["reason"]).reindex(table.record).fillna("").to_numpy()
    if key in table.frame:
        together[key] = table.frame[key].to_numpy()
    else:
        together[key] = table.record
    together["points"] = together["points"].astype("Int64")
    for column in ("band", "decision", "flags"):
        together[column] = together[column].astype(object).where(together[column].notna(), "")
    return together.reset_index(drop=True)


def evaluate_file(
    desk: Desk, reference: str, path: Path, options: ReadOptions | None
) -> tuple[Evaluation, Dataset]:
    """Measure a model on a labelled file; see `Desk.evaluate`."""
    model = desk.model(reference)
    dataset = build(desk.read(path, model.portfolio, options), model.portfolio)
    known = dataset.known
    bad = (dataset.outcome[known] == BAD).astype(np.int8)
    if not known.any():
        raise InputError(
            "TARGET", "no row has a known outcome", str(path), "Bring rows whose outcome is known."
        )
    p_bad = model.p_bad(dataset.frame, dataset.date)[known]
    measured = evaluate(
        bad, p_bad, weight=None if dataset.weight is None else dataset.weight[known], policy=model.policy,
        points=points(model.portfolio.points, p_bad),
        group=customers_of(dataset, np.flatnonzero(known)), seed=seed_for(model.spec.seed, "evaluate"),
    )  # fmt: skip
    return measured, dataset
