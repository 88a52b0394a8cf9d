"""Registered models on the same rows: those their studies kept, or those of a labelled file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.dataset import BAD, Dataset, build
from workbench.dataset.segment import Segment
from workbench.desk.origins import dataset_of
from workbench.desk.same_rows import SameRows, same_pd
from workbench.desk.sample_rows import require_rules
from workbench.desk.seen import Overlap, developed, overlap
from workbench.desk.stopwatch import one_row_seconds
from workbench.errors import ArtifactError, InputError, MissingError
from workbench.evaluation import Comparison, Evaluation, compare
from workbench.intake import ReadOptions
from workbench.policy import Policy
from workbench.registry import ModelRow
from workbench.run import Run
from workbench.study import Study, StudyModel

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

SEED = 42


@dataclass(frozen=True, eq=False)
class Compared:
    """Models compared, with what else a choice needs.

    Attributes
    ----------
    comparison : Comparison
        Its names are what `label` made of the models' rows.
    models : dict of str to ModelRow
        By the name used in `comparison`.
    sizes : dict of str to int
        Bytes of a version's files.
    one_row : dict of str to float
        Seconds to score one applicant, median; empty where it was not asked for.
    fit : dict of str to float
        Seconds the fit on development took; without those of studies that did not keep it.
    """

    comparison: Comparison
    rows: SameRows
    models: dict[str, ModelRow]
    sizes: dict[str, int]
    one_row: dict[str, float]
    fit: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values, with which rows it rests on."""
        values = self.comparison.to_json()
        for line in values["models"]:
            row = self.models.get(line["model"])
            if row is not None:
                line |= {"model_id": row.model_id, "family": row.family, "stage": row.stage}
                line |= {
                    "bytes": self.sizes[line["model"]],
                    "one_row_seconds": self.one_row.get(line["model"]),
                    "fit_seconds": self.fit.get(line["model"]),
                }
        return values | {
            "rows": self.rows.words,
            "dataset_sha256": self.rows.dataset_sha256,
            "positions_sha256": self.rows.positions_sha256,
            "segment": self.rows.inside,
            "notes": list(self.rows.notes),
        }


def compare_models(
    desk: Desk,
    references: Sequence[str],
    on: Path | None,
    options: ReadOptions | None,
    run: Run,
    *,
    label: Callable[[ModelRow], str] | None = None,
    approval: float = 0.70,
    timed: bool = True,
    segment: str = "",
) -> Compared:
    """Compare registered models; see `Desk.compare`."""
    rows = list({row.model_id: row for row in map(desk.registry.resolve, references)}.values())
    _refuse(rows)
    require_rules(desk, rows[0].model_id, segment)
    run.step("collecting the scores", 0.1)
    same = kept_rows(desk, rows) if on is None else rows_of_file(desk, rows, on, options)
    same = same.narrowed(same.segment(segment)) if segment else same
    run.step("comparing", 0.4)
    names = {row.model_id: label(row) if label else row.model_id for row in rows}
    champion = next((row for row in rows if row.stage == "champion"), None)
    reference = champion or min(rows, key=lambda row: row.version)
    judged = judge(
        same, names, names[reference.model_id], "champion" if champion else "first trained", approval, run
    )
    run.step("timing one applicant", 0.9)
    named = {names[row.model_id]: row for row in rows}
    return Compared(
        judged, same, named, {name: _size(desk, row) for name, row in named.items()},
        {name: _one_row(desk, row) for name, row in named.items()} if timed else {},
        {name: kept for name, row in named.items() if (kept := _kept(desk, row, "fit_seconds")) is not None},
    )  # fmt: skip


def judge(
    same: SameRows, names: dict[str, str], reference: str, role: str, approval: float, run: Run
) -> Comparison:
    """Return how the models did on the rows; `names` is what each model id is called."""
    return compare(
        same.bad, {names[k]: p for k, p in same.p_bad.items()}, reference=reference, role=role,
        weight=same.weight, group=same.group, policies={names[k]: p for k, p in same.policies.items()},
        baselines=same.baselines, evaluations={names[k]: e for k, e in same.evaluations.items()},
        approval=approval, seed=SEED, threads=run.threads,
    )  # fmt: skip


def narrowed(found: Compared, segment: Segment, run: Run) -> Compared:
    """Return a comparison on those of its rows that are in a segment."""
    same, was = found.rows.narrowed(segment), found.comparison
    names = {row.model_id: name for name, row in found.models.items()}
    run.step(str(segment), 0.2)
    return replace(
        found, comparison=judge(same, names, was.reference, was.role, was.approval.approval, run), rows=same
    )


def _refuse(rows: list[ModelRow]) -> None:
    if len(rows) < 2:
        raise InputError("COMPARE", "fewer than two different models were named", remedy="Name two to six.")
    portfolios = sorted({row.portfolio for row in rows})
    if len(portfolios) > 1:
        raise InputError(
            "COMPARE", f"the models are of different portfolios: {', '.join(portfolios)}",
            remedy="Compare models of one portfolio.",
        )  # fmt: skip


def kept_rows(desk: Desk, rows: Sequence[ModelRow]) -> SameRows:
    """Return the rows that every model's study kept as its reported sample, with the PDs given then.

    Raises
    ------
    InputError
        ``DIFFERENT_ROWS`` where the models were judged on different data, or on no row in common.
    """
    studies: dict[str, Study] = {}
    found = [_answer(desk, row, studies) for row in rows]
    if len({row.dataset_sha256 for row in rows}) > 1:
        raise _different("they were trained on different data sets")
    first = found[0][0]
    judged = {
        (row.study_id, answer.reported): study for row, (study, answer) in zip(rows, found, strict=True)
    }
    masks = [study.samples.mask(sample) for (_, sample), study in judged.items()]
    outcome = first.rows["outcome"].to_numpy()
    positions = np.flatnonzero(np.logical_and.reduce([*masks, outcome >= 0]))
    bad = (outcome[positions] == BAD).astype(np.int8)
    if not 0 < bad.sum() < len(bad):
        raise _different("no rows with goods and bads were held out from all of them")
    whole = all(int((mask & (outcome >= 0)).sum()) == len(positions) for mask in masks)
    sample = "/".join(sorted({answer.reported for _, answer in found}))
    notes = () if whole else (f"Only the {len(positions):,} rows that no model was fitted on are used.",)
    weight, group = _roles(desk, rows[0], first, positions)
    return SameRows(
        bad=bad, p_bad={r.model_id: a.p_bad[positions] for r, (_, a) in zip(rows, found, strict=True)},
        policies={r.model_id: Policy.from_json(a.policy) for r, (_, a) in zip(rows, found, strict=True)},
        baselines=_baselines(first, found[0][1].reported, bad, weight, group, whole),
        weight=weight, group=group, source=lambda: dataset_of(desk, rows[0], first.portfolio),
        dataset_sha256=first.dataset_sha256, positions=positions,
        words=f"{sample} sample of {first.source.name}", notes=notes,
        evaluations={r.model_id: a.evaluation for r, (_, a) in zip(rows, found, strict=True) if whole},
    )  # fmt: skip


def _different(why: str) -> InputError:
    return InputError(
        "DIFFERENT_ROWS", f"the models cannot be compared on kept rows: {why}",
        remedy="Train them on the same data with the same samples, or name labelled data (on the command "
        "line: --on FILE): rows that one of them was developed on are left out.",
    )  # fmt: skip


def _answer(desk: Desk, row: ModelRow, studies: dict[str, Study] | None = None) -> tuple[Study, StudyModel]:
    """Return a version's study, read once where `studies` holds those read before, and its model."""
    if row.study_id is None:
        raise _different(f"no study of {row.model_id} is kept")
    known = {} if studies is None else studies
    study = known[row.study_id] if row.study_id in known else desk.study(row.study_id)
    known[row.study_id] = study
    return study, study.model(row.family)


def _roles(
    desk: Desk, row: ModelRow, study: Study, positions: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return weight and group of kept rows, read only where the portfolio has them."""
    portfolio = study.portfolio
    if not (portfolio.weight or portfolio.group):
        return None, None
    return _taken(dataset_of(desk, row, portfolio), positions)


def _taken(dataset: Dataset, positions: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    from workbench.dataset.customers import customers

    return (
        None if dataset.weight is None else dataset.weight[positions],
        None if dataset.group is None else customers(dataset.group)[positions],
    )


def _baselines(
    study: Study, sample: str, bad: np.ndarray, weight: np.ndarray | None, group: np.ndarray | None,
    whole: bool,
) -> dict[str, Evaluation]:  # fmt: skip
    """Return what any model must beat: as the study measured it where the rows are its sample."""
    if whole:
        return {name: by[sample] for name, by in study.baselines.items()}
    return same_pd(bad, weight, group)


def rows_of_file(desk: Desk, rows: Sequence[ModelRow], path: Path, options: ReadOptions | None) -> SameRows:
    """Return the labelled rows of a file that no model was developed on, scored by every model.

    Raises
    ------
    InputError
        ``DIFFERENT_ROWS`` where versions of the portfolio keep different rows of the file, or no row is
        left; ``NOT_COMPARED`` where nobody can tell which rows a model was developed on.
    """
    models = {row.model_id: desk.model(row.model_id) for row in rows}
    tables: dict[str, Dataset] = {}
    for model in models.values():
        if model.portfolio.identity not in tables:
            table = desk.read(path, model.portfolio, options)
            tables[model.portfolio.identity] = build(table, model.portfolio)
    first, *others = tables.values()
    for other in others:
        if not (np.array_equal(first.record, other.record) and np.array_equal(first.outcome, other.outcome)):
            raise _different("versions of the portfolio keep different rows of the file")
    if not 0 < (first.outcome[first.known] == BAD).sum() < first.known.sum():
        raise InputError("TARGET", "the file does not hold goods and bads", str(path), "Bring labelled rows.")
    free, notes = first.known.copy(), []
    for row in rows:
        developed, note = _developed(desk, row, tables[models[row.model_id].portfolio.identity], first.known)
        free &= ~developed
        notes += [f"{note}."] if note else []
    positions = np.flatnonzero(free)
    bad = (first.outcome[positions] == BAD).astype(np.int8)
    if not 0 < bad.sum() < len(bad):
        raise _different(f"no goods and bads are left of the file ({'; '.join(n[:-1] for n in notes)})")
    p_bad = {}
    for model_id, model in models.items():
        dataset = tables[model.portfolio.identity]
        p_bad[model_id] = model.p_bad(dataset.frame, dataset.date)[positions]
    weight, group = _taken(first, positions)
    return SameRows(
        bad=bad, p_bad=p_bad, policies={k: model.policy for k, model in models.items()},
        baselines=same_pd(bad, weight, group), weight=weight, group=group,
        source=lambda: first,
        dataset_sha256=first.sha256, positions=positions,
        words=f"labelled rows of {first.source.name}", notes=tuple(notes),
        left_out=int(first.known.sum()) - len(positions),
    )  # fmt: skip


def _developed(desk: Desk, row: ModelRow, dataset: Dataset, among: np.ndarray) -> tuple[np.ndarray, str]:
    """Return which rows a version was developed on, and what to mind of it; none where its data are gone."""
    try:
        found = overlap(desk, row, dataset)
    except (MissingError, ArtifactError) as error:
        if isinstance(error, ArtifactError) and error.code != "ARTIFACT_MISSING":
            raise  # rows that are not what was stored
        note = f"the data {row.model_id} was developed on are gone: rows of them among these flatter it"
        return np.zeros(dataset.n, bool), note
    return found.rows & among, left_out(row.model_id, int((found.rows & among).sum()), found.sure)


def left_out(model_id: str, rows: int, sure: bool) -> str:
    """Return that rows a version was developed on were left out, without a full stop; empty for none."""
    verb = "row that {} was developed on was" if rows == 1 else "rows that {} was developed on were"
    said = [f"{rows:,} {verb.format(model_id)} left out of the comparison"] if rows else []
    if not sure:
        said.append(
            "rows have no key in common, so they were matched by the values they hold, and rows changed "
            f"since {model_id} was trained would be missed"
        )
    return "; ".join(said)


def challenge_rows(desk: Desk, challenger: ModelRow, champion: ModelRow) -> SameRows:
    """Return the challenger's reported rows that the champion was not developed on either, with both PDs.

    Raises
    ------
    WorkbenchError
        Where the champion cannot score them: gone, or of other characteristics; ``NOT_COMPARED`` where
        nobody can tell which of them the champion was developed on.
    """
    study, answer = _answer(desk, challenger)
    outcome = study.rows["outcome"].to_numpy()
    mine = study.samples.mask(answer.reported) & (outcome >= 0)
    if champion.dataset_sha256 == challenger.dataset_sha256 and champion.study_id is not None:
        other, theirs = _answer(desk, champion)
        found, p_champion = Overlap(developed(other), True), theirs.p_bad
    else:
        model = desk.model(champion.model_id)
        dataset = dataset_of(desk, challenger, model.portfolio)
        p_champion = model.p_bad(dataset.frame, dataset.date)
        found = overlap(desk, champion, dataset_of(desk, challenger, study.portfolio))
    positions = np.flatnonzero(mine & ~found.rows)
    gone = int(mine.sum()) - len(positions)
    note = left_out(champion.model_id, gone, found.sure)
    if not len(positions):
        raise _different(f"no row was held out from both; {note}")
    weight, group = _roles(desk, challenger, study, positions)
    return SameRows(
        bad=(outcome[positions] == BAD).astype(np.int8),
        p_bad={champion.model_id: p_champion[positions], challenger.model_id: answer.p_bad[positions]},
        policies={}, baselines={}, weight=weight, group=group,
        source=lambda: dataset_of(desk, challenger, study.portfolio),
        dataset_sha256=study.dataset_sha256, positions=positions,
        words=f"{answer.reported} sample of {study.source.name}", notes=(f"{note}.",) if note else (),
        left_out=gone,
    )  # fmt: skip


def _size(desk: Desk, row: ModelRow) -> int:
    folder = desk.registry.store.folder("models") / row.model_id
    return sum(file.stat().st_size for file in folder.iterdir()) if folder.is_dir() else 0


def _kept(desk: Desk, row: ModelRow, name: str) -> float | None:
    """Return the seconds kept beside a version's study; None where they were not."""
    kept = desk.registry.study(row.study_id).summary.get(name, {}) if row.study_id else {}
    return kept.get(row.family)


def _one_row(desk: Desk, row: ModelRow) -> float:
    """Return the median seconds of scoring one applicant: as kept, or else measured now."""
    kept = _kept(desk, row, "one_row_seconds")
    return one_row_seconds(desk.scorer(row.model_id)) if kept is None else kept
