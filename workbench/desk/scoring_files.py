"""Score and measure whole files with a registered model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.checks import customers_of
from workbench.dataset import BAD, Dataset, build
from workbench.desk import tables
from workbench.desk.lines import Counts, scored_frame
from workbench.errors import InputError
from workbench.evaluation import Evaluation, evaluate
from workbench.intake import ReadOptions
from workbench.policy import DECISIONS
from workbench.registry import ModelRow
from workbench.run import Run, seed_for
from workbench.scoring import Scorer, points

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

LARGE = 16 * 2**20
"""Bytes from which a file is scored part by part."""


def score_file(
    desk: Desk, reference: str, path: Path, out: Path, options: ReadOptions | None, run: Run
) -> dict[str, Any]:
    """Score a file; see `Desk.score_file`."""
    tables.check_target(out, source=path)
    row = desk.registry.resolve(reference)
    scorer = desk.scorer(row.model_id)
    replaced = out.exists()
    counts = _in_parts(desk, row, scorer, path, out, options or ReadOptions(), run)
    if counts is None:
        counts = _as_a_whole(desk, scorer, path, out, options)
    return {
        "model_id": row.model_id,
        "rows": counts.rows,
        "scored": counts.scored,
        "refused": counts.rows - counts.scored,
        "flagged": counts.flagged,
        "decisions": counts.decisions,
        "out": str(out),
        "replaced": replaced,
        "resumed": counts.resumed,
        "engine": scorer.engine.name,
    }


def _in_parts(
    desk: Desk, row: ModelRow, scorer: Scorer, path: Path, out: Path, options: ReadOptions, run: Run
) -> Counts | None:
    """Score a large file part by part; None where it is small, or has to be read as a whole."""
    from workbench.desk.batches import batch_key, score_parts
    from workbench.intake.in_parts import ReadWhole, in_parts

    if not path.is_file() or path.stat().st_size < LARGE or out.suffix.lower() not in (".csv", ".parquet"):
        return None
    given = in_parts(path, scorer.model.portfolio, options)
    if given is None:
        return None
    folder = desk.settings.home / "batches" / batch_key(given.source.sha256, row.manifest_sha256, options)
    try:
        return score_parts(given, scorer, folder, out, run)
    except ReadWhole:
        return None


def _as_a_whole(desk: Desk, scorer: Scorer, path: Path, out: Path, options: ReadOptions | None) -> Counts:
    frame = scored_frame(scorer, desk.read(path, scorer.model.portfolio, options))
    tables.write(frame, out, keys=[str(frame.columns[0])])
    decided = frame["decision"].value_counts()
    return Counts(
        len(frame), int(frame["p_bad"].notna().sum()), int((frame["flags"] != "").sum()),
        {decision: int(decided.get(decision, 0)) for decision in DECISIONS}, 0,
    )  # fmt: skip


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
