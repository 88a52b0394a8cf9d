"""What the training report says, chapter by chapter; its notebook calls one of these a cell."""

from __future__ import annotations

import json

from workbench.evaluation import format_figure
from workbench.reports.block import Block, listing, prose, tiles
from workbench.reports.data_chapters import characteristics, data, samples
from workbench.reports.error_chapters import errors
from workbench.reports.fairness_chapters import fairness
from workbench.reports.model_chapters import (
    calibration,
    deciles,
    decisions,
    discrimination,
    drivers,
    limits,
    models,
    quoted,
)
from workbench.reports.packages import packages
from workbench.reports.shown import Shown, chapter

__all__ = [
    "calibration",
    "characteristics",
    "data",
    "deciles",
    "decisions",
    "discrimination",
    "drivers",
    "errors",
    "fairness",
    "limits",
    "made",
    "models",
    "opening",
    "samples",
]


def opening(shown: Shown | None) -> Block:
    """Tell what was asked, the answer, and four figures; or what to give where there is no study."""
    if shown is None:
        return Block(
            (
                prose(
                    "There is nothing to report yet: no study was named, none is kept, no data were given.",
                    "Name one with -p study=NAME, or run one first with -p data=FILE -p portfolio=NAME.",
                    kind="notice",
                ),
            )
        )
    study, chosen = shown.study, shown.chosen
    required = study.portfolio.requirements.auc
    asked = prose(
        f"Asked: which model tells bad from good best in {study.portfolio.shown} "
        f"({study.portfolio.identity}) on {study.source.name}, and is it good enough? "
        f"The portfolio requires an AUC of at least {format_figure('auc', required)}."
    )
    answer = prose(study.sentence(), kind="lede")
    if chosen is None:
        return Block((asked, answer))
    row = shown.registered.get(chosen.family)
    name = f"{chosen.title}, {row.model_id} ({row.stage})" if row else chosen.title
    caption = prose(
        f"{name}: on the {chosen.reported} sample, each with its 95% interval.",
        f"Mean PD stands against a bad rate of {chosen.evaluation.shown('bad_rate')}.",
        kind="caption",
    )
    return Block((asked, answer, tiles(quoted(chosen, study.portfolio.kind)), caption))


@chapter
def made(shown: Shown) -> Block:
    """Tell how the study was made, so that it can be made again."""
    study = shown.study
    told = {
        "study": f"{shown.study_id}, kept {shown.made_at:%Y-%m-%d %H:%M:%S} UTC",
        "data": f"{study.source.name}, sha256 of the file {study.source.sha256}",
        "data set": study.dataset_sha256,
        "portfolio": study.portfolio.identity,
        "asked": json.dumps(study.spec.to_json(), sort_keys=True, ensure_ascii=False),
        "seed": str(study.spec.seed),
    }
    for model in study.models:
        row = shown.registered.get(model.family)
        if row is not None:
            told[row.model_id] = f"{model.family}, digest {row.digest}, manifest {row.manifest_sha256}"
    return Block((listing(told | {"report drawn with": packages()}),))
