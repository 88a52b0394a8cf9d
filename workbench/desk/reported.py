"""The study that a report is about: a kept one, or one that is run first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.reports.shown import Shown
from workbench.run import Run
from workbench.study import StudySpec

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

EXAMPLE = ("german_credit", "german_labelled.csv")


def study_shown(
    desk: Desk, *, study: str = "", data: str = "", portfolio: str = "", family: str = "", seed: int = 42
) -> Shown | None:
    """Return the study a report is asked to show, run first where data are given.

    Where neither a study nor data are named it is the newest study kept; where none is kept, one
    run on the German credit data of the folder that ``WORKBENCH_PUBLIC_DATA`` names.

    Returns
    -------
    Shown or None
        None where there is nothing to show.

    Raises
    ------
    InputError
        ``PARAMETER`` where both a study and data are named, or data without their portfolio.
    """
    if study and data:
        raise InputError("PARAMETER", "a study and data were both named", remedy="Name one of the two.")
    if bool(data) != bool(portfolio):
        missing = "data" if portfolio else "portfolio"
        raise InputError("PARAMETER", f"{missing} was not named", remedy="Name data and portfolio together.")
    chosen = study or (_run(desk, data, portfolio, seed) if data else _newest(desk) or _example(desk, seed))
    if not chosen:
        return None
    shown = desk.study(chosen)
    row = desk.registry.study(chosen)
    # a study that came to a model known already has that older version, so it is found by what it learned
    models = {m.digest: m for m in reversed(desk.models(shown.portfolio.name))}
    registered = {m.family: models[m.digest] for m in shown.models if m.digest in models}
    return Shown(chosen, shown, row.created_at, registered, family)


def _run(desk: Desk, data: str, portfolio: str, seed: int) -> str:
    from dataclasses import replace

    from workbench import sampling

    declared = desk.portfolio(portfolio)
    dataset = desk.build(Path(data), declared)
    spec = StudySpec(declared.families, replace(sampling.suggest(dataset), seed=seed), seed=seed)
    return desk.train(desk.request(dataset, spec), Run(desk.settings.threads)).study_id


def _newest(desk: Desk) -> str:
    kept = desk.registry.studies()
    return max(kept, key=lambda row: (row.created_at, row.study_id)).study_id if kept else ""


def _example(desk: Desk, seed: int) -> str:
    folder = desk.settings.public_data
    file = folder.joinpath(*EXAMPLE) if folder else None
    return _run(desk, str(file), EXAMPLE[0], seed) if file and file.exists() else ""
