"""Hold an extract against the development sample of a registered model."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench import drift as room
from workbench.dataset import Dataset, arrived, impossible, months
from workbench.desk import monitored, origins, seen
from workbench.desk.monitored import Monitored
from workbench.drift import DEFAULT, LEAST_ROWS, Rows, Triggers
from workbench.errors import InputError, WorkbenchError
from workbench.evaluation import format_percent
from workbench.explanation.attributions import LOG_ODDS
from workbench.explanation.by_row import ByRow
from workbench.explanation.explainer import method_of
from workbench.extract.known import whose
from workbench.registry.artifacts import make_folder
from workbench.registry.sealed import publish_once, seal, unseal
from workbench.run import Run
from workbench.scoring import Scorer

if TYPE_CHECKING:
    from workbench.desk.desk import Desk
    from workbench.desk.requests import DriftRequest
    from workbench.registry import ModelRow

LOOKED = "looked at drift"
"""What the trail calls it."""


def drift(desk: Desk, request: DriftRequest, key: str, run: Run) -> Monitored:
    """Look at an extract; see `Desk.drift`.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH`` where columns of the portfolio are missing, ``OTHER_PORTFOLIO`` where a kept data
        set is of another one, ``TOO_FEW_ROWS``.
    MissingError, ArtifactError
        Where the data the model was developed on are gone.
    """
    began = time.monotonic()
    row = desk.registry.resolve(request.model)
    scorer = desk.scorer(row.model_id)
    extract = _extract(desk, request, scorer)
    _require_rows(extract)
    run.step("Loading the development sample", 0.1)
    dataset, samples = origins.samples_of(desk, row, scorer.model.portfolio)
    development = samples.mask("development")
    known = room.know(
        _frame(dataset, development), scorer.model.portfolio.characteristics,
        None if dataset.weight is None else dataset.weight[development], whose(dataset, development),
        run.part(0.1, 0.3),
    )  # fmt: skip
    run.step("Scoring", 0.3)
    reference = _rows(dataset, scorer, samples.mask(row.reported), f"{row.reported} sample")
    held = room.hold(reference, scorer.policy, scorer.model.portfolio.points)
    now = _rows(extract, scorer, np.ones(extract.n, bool), extract.source.name)
    now, notes = _unseen(desk, row, extract, now)
    attributions, said = _attributions(desk, row, dataset, development, extract, run)
    importance = scorer.model.importance
    found = room.compare(
        known, held, now,
        importance=dict(zip(importance["characteristic"], importance["share"], strict=True)),
        attributions=attributions, triggers=triggers(desk, row.portfolio), notes=(*notes, *said),
        run=run.part(0.5, 0.95),
    )  # fmt: skip
    looked = Monitored(
        key=key or _key(row, request, extract, found.triggers), model_id=row.model_id,
        portfolio=scorer.model.portfolio.identity, name=request.name or extract.source.name,
        path=request.path, source_sha256=extract.source.sha256,
        dataset_sha256=request.dataset_sha256, who=desk.who, at=desk.now().isoformat(),
        seconds=time.monotonic() - began, rows=extract.rows_in, refused=extract.rows_in - extract.n,
        drift=found,
    )  # fmt: skip
    run.step("Keeping what came out", 0.95)
    monitored.keep(desk.settings.home, looked)
    _tell(desk, looked)
    return looked


def _extract(desk: Desk, request: DriftRequest, scorer: Scorer) -> Dataset:
    """Return the extract's rows, typed as the model's portfolio declares."""
    portfolio = scorer.model.portfolio
    if not request.dataset_sha256:
        table = desk.read(Path(request.path), portfolio, request.options, request.name)
        return arrived(table, portfolio)
    kept = next((r for r in desk.registry.datasets() if r.sha256 == request.dataset_sha256), None)
    if kept is not None and kept.portfolio != portfolio.name:
        raise InputError(
            "OTHER_PORTFOLIO", f"it is of the portfolio {kept.portfolio}, the model of {portfolio.name}",
            kept.name, f"Take an extract of {portfolio.name}, or a model of {kept.portfolio}.",
        )  # fmt: skip
    return desk.dataset(request.dataset_sha256, portfolio)


def _require_rows(extract: Dataset) -> None:
    if extract.n >= LEAST_ROWS:
        return
    what = f"{extract.n} of {extract.rows_in:,} row{'' if extract.rows_in == 1 else 's'} can be used"
    why = extract.refused["reason"].value_counts() if len(extract.refused) else []
    if len(why):
        times = int(why.iloc[0])
        what += f": {why.index[0]} ({times:,} time{'' if times == 1 else 's'})"
    remedy = f"Drift needs at least {LEAST_ROWS} rows, such as those of a month."
    raise InputError("TOO_FEW_ROWS", what, extract.source.name, remedy)


def _frame(dataset: Dataset, rows: np.ndarray) -> pd.DataFrame:
    """Return characteristics as drift takes them: dates as months before the application."""
    found = dataset.frame if rows.all() else dataset.frame[rows]
    date = dataset.date if dataset.date is None or rows.all() else dataset.date[rows]
    dates = [c.name for c in dataset.portfolio.characteristics if c.kind == "date"]
    return found.assign(**{name: months(found[name], date) for name in dates}) if dates else found


def _rows(dataset: Dataset, scorer: Scorer, mask: np.ndarray, words: str) -> Rows:
    frame = dataset.frame if mask.all() else dataset.frame[mask]
    date = dataset.date if dataset.date is None or mask.all() else dataset.date[mask]
    month = None
    if date is not None and date.notna().any():
        month = date.to_numpy("datetime64[s]").astype("datetime64[M]")
    return Rows(
        frame=_frame(dataset, mask), p_bad=scorer.p_bad_of(frame, date), bad=dataset.outcome[mask],
        weight=None if dataset.weight is None else dataset.weight[mask], code=whose(dataset, mask),
        month=month, words=words, impossible=impossible(scorer.model.portfolio, frame, date),
    )  # fmt: skip


def _unseen(desk: Desk, row: ModelRow, extract: Dataset, now: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Return the rows without outcomes of those the model was developed on, and what to mind."""
    notes = [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in extract.source.notes]
    refused = extract.rows_in - extract.n
    if refused:
        notes.append(f"{refused:,} of {extract.rows_in:,} rows could not be used and are left out.")
    try:
        held = seen.overlap(desk, row, extract)
    except WorkbenchError as error:
        what = error.problems[0].what
        return now, (*notes, f"Whether the model was developed on some of the rows is not known: {what}.")
    count = int(held.rows.sum())
    if count:
        share = format_percent(count / extract.n)
        how = "have the key of" if held.sure else "hold the values of"
        notes.append(
            f"{count:,} rows ({share}) {how} an applicant {row.model_id} was developed on: they hide drift, "
            "and performance is measured without them."
        )
        bad = np.where(held.rows, -1, now.bad).astype(np.int8)
        now = replace(now, bad=bad)
    return now, tuple(notes)


def _attributions(
    desk: Desk, row: ModelRow, dataset: Dataset, development: np.ndarray, extract: Dataset, run: Run
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Return mean attributions of development and extract in log-odds of the PD, and what to mind."""
    run.step("Why the score moved", 0.4)
    untold = "How many points each characteristic moved is not told: "
    try:
        way = method_of(desk.model(row.model_id))
        if way.unit != LOG_ODDS:  # asked first: learning such a model's tables may take minutes
            return None, (f"{untold}attributions of this family are in {way.unit}, not in points.",)
        if isinstance(way, ByRow):  # means of the few hundred rows that could be are mostly chance
            return None, (f"{untold}the model's trees are too deep to explain every row.",)
        explainer = desk.explainer(row.model_id)
    except InputError as error:
        if error.code != "NO_EXPLANATION":
            raise
        return None, (f"{untold}the model is not explained.",)
    means = {}
    for name, rows, mask in (("development", dataset, development), ("extract", extract, None)):
        run.step(f"Why the score moved: {name}", 0.4)
        at = slice(None) if mask is None else mask
        date = None if rows.date is None else rows.date[at]
        told = explainer.attributions(explainer.model.encoder.raw(rows.frame[at], date))
        weight = None if rows.weight is None else rows.weight[at]
        means[name] = np.average(told.values, axis=0, weights=weight)
    calibrator = explainer.model.calibrator
    found = pd.DataFrame(means, index=list(explainer.characteristics)) * calibrator.slope
    bent = "The points a characteristic moved are told before the isotonic calibration."
    return found, (bent,) if calibrator.method == "isotonic" else ()


def _key(row: ModelRow, request: DriftRequest, extract: Dataset, table: Triggers) -> str:
    """Return a name for a look: the same model, extract and triggers are the same look."""
    of = request.dataset_sha256 or extract.source.sha256
    parts = (row.manifest_sha256, of, str(table.version), repr(request.options))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _tell(desk: Desk, looked: Monitored) -> None:
    verdict = looked.drift.verdict
    cause = f", {verdict.first_cause.rstrip('.')}" if verdict.first_cause else ""
    desk.registry.tell(
        looked.model_id, LOOKED, who=desk.who, when=desk.now(),
        sentence=f"{desk.who} held {looked.name} against {looked.model_id}: {verdict.colour}{cause}.",
        detail={
            "key": looked.key, "name": looked.name, "colour": verdict.colour,
            "first_cause": verdict.first_cause, "characteristic": verdict.characteristic,
            "rows": looked.drift.n, "triggers": looked.drift.triggers.version,
        },
    )  # fmt: skip


def triggers(desk: Desk, portfolio: str) -> Triggers:
    """Return from when a change of a portfolio's extracts counts: as saved last, or as shipped.

    Raises
    ------
    ArtifactError
        ``ARTIFACT_DIGEST`` where the newest version is not what was saved.
    """
    name = portfolio.split("@")[0]
    saved = sorted((int(p.stem), p) for p in _folder(desk, name).glob("*.json") if p.stem.isdecimal())
    remedy = "Restore it from a backup, or take it away: the version before it then holds."
    return Triggers.from_json(unseal(saved[-1][1], remedy)) if saved else DEFAULT


def set_triggers(desk: Desk, portfolio: str, edits: Mapping[str, Mapping[str, Any]], why: str) -> Triggers:
    """Save changed limits as the next version, for a reason kept in the trail.

    Raises
    ------
    InputError
        ``TRIGGERS`` where a limit cannot be, or nothing changes; ``NO_REASON``.
    """
    name = portfolio.split("@")[0]
    if not why.strip():
        raise InputError("NO_REASON", "triggers are changed with a reason", remedy="Say why; it is kept.")
    make_folder(folder := _folder(desk, name))
    while True:
        before = triggers(desk, name)
        after = before.changed(edits)
        if after.rows == before.rows:
            raise InputError("TRIGGERS", "nothing was changed", remedy="Change a limit, or leave them.")
        # who was second to save changes what the first saved
        if publish_once(folder / f"{after.version}.json", seal(after.to_json())):
            break
    row = next(iter(desk.registry.models(name)), None)
    desk.registry.tell(
        row.model_id if row else None, "triggers changed", portfolio=name, who=desk.who, when=desk.now(),
        sentence=f"{desk.who} changed the triggers of {name}, because: {why.strip().rstrip('.')}.",
        detail={
            "version": after.version, "why": why.strip(), "edits": {k: dict(v) for k, v in edits.items()},
        },
    )  # fmt: skip
    return after


def _folder(desk: Desk, portfolio: str) -> Path:
    return desk.settings.store / "triggers" / portfolio
