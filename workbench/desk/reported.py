"""What a report is about: kept studies and models, or a study that is run first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.desk import comparing, origins, treated
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.evaluation import slices
from workbench.families import FAMILIES
from workbench.reports.card_values import SignedCard
from workbench.reports.rivals import Rivals
from workbench.reports.shown import Shown
from workbench.run import Run
from workbench.study import StudySpec, from_files, overview_from

if TYPE_CHECKING:
    from workbench.dataset import Dataset
    from workbench.desk.desk import Desk
    from workbench.registry import ModelRow, StudyRow
    from workbench.study import Study

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
    chosen = study or (
        _run(desk, data, portfolio, seed) if data else _newest(desk) or run_example(desk, seed)
    )
    if not chosen:
        return None
    files = desk.registry.load_study(chosen)
    shown = from_files(files)
    row = desk.registry.study(chosen)
    # a study that came to a model known already has that older version, so it is found by what it learned
    models = {m.digest: m for m in reversed(desk.models(shown.portfolio.name))}
    registered = {m.family: models[m.digest] for m in shown.models if m.digest in models}
    dataset = _kept(desk, row, shown)
    described = family or shown.best
    overview = overview_from(files, described) if described else None
    return Shown(chosen, shown, row.created_at, registered, family, dataset, overview)


def _kept(desk: Desk, row: StudyRow, study: Study) -> Dataset | None:
    """Return a study's rows; None where somebody removed them: a study outlives its data."""
    try:
        return origins.dataset_of(desk, row, study.portfolio)
    except (MissingError, ArtifactError) as error:
        if isinstance(error, ArtifactError) and error.code != "ARTIFACT_MISSING":
            raise  # rows that are not what was stored
        return None


def rivals_shown(desk: Desk, *, models: str = "", approval: float = 0.7) -> Rivals | None:
    """Return the models a report is asked to compare.

    Parameters
    ----------
    models : str
        Two to six model ids, commas between. Where none is named: the champion and the newest model that
        can be compared with it, of the portfolio that was trained last and has two; where nothing is kept,
        the models of a study run on the German credit data of the folder that ``WORKBENCH_PUBLIC_DATA``
        names.
    approval : float
        Share that each model approves, 0 to 1.

    Returns
    -------
    Rivals or None
        None where there is nothing to compare.
    """
    named = [one.strip() for one in models.split(",") if one.strip()]
    if not named and not desk.models():
        run_example(desk, 42)
    chosen = named or _comparable(desk)
    if not chosen:
        return None
    compared = comparing.compare_models(
        desk, chosen, None, None, Run(desk.settings.threads), label=_name, approval=approval, timed=False
    )
    same, c = compared.rows, compared.comparison
    months = {}
    if same.date is not None:
        months = {
            name: slices.by_month(
                same.bad,
                same.p_bad[row.model_id],
                same.date,
                weight=same.weight,
                group=same.group,
                bads=slices.POOLED_BADS,
            )
            for name, row in compared.models.items()
        }
    newest = max(compared.models.values(), key=lambda row: row.portfolio_version)
    portfolio = desk.portfolio(f"{newest.portfolio}@{newest.portfolio_version}")
    return Rivals(
        portfolio, c, compared.models, same.words, same.notes, same.dataset_sha256, same.positions_sha256,
        same.weight is not None, months, compared.fit, treated.beside(compared, c.approval),
    )  # fmt: skip


def card_shown(desk: Desk, *, model: str = "") -> SignedCard | None:
    """Return the scorecard a report is asked to show.

    Where none is named it is a champion that is a scorecard, else the newest version that is; where
    nothing is kept, one of a study run on the German credit data of the folder that
    ``WORKBENCH_PUBLIC_DATA`` names.

    Raises
    ------
    InputError
        ``PARAMETER`` where the version named is no scorecard, or its study is not kept.
    """
    if not model and not desk.models():
        run_example(desk, 42)
    row = desk.registry.resolve(model) if model else _newest_card(desk)
    if row is None:
        return None
    trained = desk.model(row.model_id)
    if trained.card.empty:
        title = FAMILIES[row.family].title
        raise InputError("PARAMETER", f"it is no scorecard but a {title}", row.model_id, "Name a scorecard.")
    if row.study_id is None:
        raise InputError("PARAMETER", "no study of it is kept", row.model_id, "Train it again.")
    shown = study_shown(desk, study=row.study_id, family=row.family)
    return None if shown is None else SignedCard(row, trained, shown)


def in_use(desk: Desk) -> ModelRow | None:
    """Return the champion of the portfolio trained last, else its newest version; None where none is kept."""
    rows = [row for row in desk.models() if row.stage not in ("rejected", "retired")]
    own = [row for row in rows if row.portfolio == rows[0].portfolio]
    return next((row for row in own if row.stage == "champion"), next(iter(own), None))


def _newest_card(desk: Desk) -> ModelRow | None:
    cards = [row for row in desk.models() if row.family in FAMILIES and FAMILIES[row.family].card]
    kept = [row for row in cards if row.stage not in ("rejected", "retired") and row.study_id]
    return next((row for row in kept if row.stage == "champion"), next(iter(kept), None))


def _name(row: ModelRow) -> str:
    title = FAMILIES[row.family].title if row.family in FAMILIES else row.family
    return f"{title} v{row.version}"


def _comparable(desk: Desk) -> list[str]:
    """Return the champion and the newest that can be compared with it, of the portfolio trained last."""
    rows = desk.models()
    for portfolio in dict.fromkeys(row.portfolio for row in rows):
        own = [row for row in rows if row.portfolio == portfolio and row.stage not in ("rejected", "retired")]
        for first in sorted(own, key=lambda row: row.stage != "champion"):
            for other in own:
                if other is not first and _judged_alike(desk, first, other):
                    pair = (first, other) if first.stage == "champion" else (other, first)
                    return [row.model_id for row in pair]  # the one in use, or the older one, comes first
    return []


def _judged_alike(desk: Desk, first: ModelRow, other: ModelRow) -> bool:
    if first.dataset_sha256 != other.dataset_sha256:
        return False
    try:
        comparing.kept_rows(desk, [first, other])
    except InputError as error:
        if error.code != "DIFFERENT_ROWS":
            raise
        return False
    return True


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


def run_example(desk: Desk, seed: int) -> str:
    """Run a study on the German credit data where they are at hand; return its id, or nothing."""
    folder = desk.settings.public_data
    file = folder.joinpath(*EXAMPLE) if folder else None
    return _run(desk, str(file), EXAMPLE[0], seed) if file and file.exists() else ""
