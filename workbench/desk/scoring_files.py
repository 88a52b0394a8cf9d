"""Score and measure whole files with a registered model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.checks import customers_of
from workbench.dataset import BAD, Dataset, Table, applicants, build
from workbench.desk import reasoned, sourced, tables
from workbench.desk.lines import Counts, scored_frame
from workbench.desk.reasoned import Reasoning
from workbench.errors import InputError
from workbench.evaluation import Evaluation, evaluate
from workbench.features import FLAG_WORDS
from workbench.intake import ReadOptions
from workbench.policy import DECISIONS
from workbench.portfolio import Characteristic, Portfolio
from workbench.registry import ModelRow
from workbench.run import Run, seed_for
from workbench.scoring import Scorer, points

if TYPE_CHECKING:
    from workbench.desk.desk import Desk

LARGE = 16 * 2**20
"""Bytes from which a file is scored part by part."""


def score_file(
    desk: Desk,
    reference: str,
    path: Path,
    out: Path,
    options: ReadOptions | None,
    run: Run,
    name: str = "",
    rename: Mapping[str, str] | None = None,
    reasons: int = 0,
) -> dict[str, Any]:
    """Score a file; see `Desk.score_file`."""
    with sourced.to_hand(desk, out) as (target, replaced):
        tables.check_target(target, source=path)
        row = desk.registry.resolve(reference)
        reasoning = reasoned.reasoning(desk, row.model_id, reasons)
        scorer = desk.scorer(row.model_id)
        with sourced.at_hand(desk, path, run) as file:
            given = _Given(file, name or file.name, options or ReadOptions(), dict(rename or {}))
            _require_names(given, scorer.model.portfolio)
            counts = _in_parts(desk, row, scorer, given, target, run, reasoning)
            if counts is None:
                counts = _as_a_whole(desk, scorer, given, target, reasoning)
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
        "notes": [*counts.notes, *(reasoning.notes if reasoning else ())],
    } | ({"row": dict(counts.row)} if counts.row else {})


@dataclass(frozen=True)
class _Given:
    """A file to be scored; `rename` says which of its columns stands for a name of the portfolio."""

    path: Path
    name: str
    options: ReadOptions
    rename: dict[str, str]

    def in_words_of(self, portfolio: Portfolio) -> Portfolio:
        """Return the portfolio under the names that the file has."""
        if not self.rename:
            return portfolio
        known = tuple(
            one.model_copy(update={"name": self.rename.get(one.name, one.name)})
            for one in portfolio.characteristics
        )
        single = {key: getattr(portfolio, key) for key in ("row_key", "date")}
        named = {key: self.rename.get(name, name) for key, name in single.items()}
        return portfolio.model_copy(update={"characteristics": known, **named})

    def renamed(self, table: Table) -> Table:
        """Return a part of the file under the names of the portfolio."""
        if not self.rename:
            return table
        names = {column: name for name, column in self.rename.items()}
        # another column may have the name by now
        frame = table.frame.drop(columns=[name for name in self.rename if name in table.frame])
        return replace(table, frame=frame.rename(columns=names))


def _require_names(given: _Given, portfolio: Portfolio) -> None:
    """Raise where a column stands for two names, is protected, or has a name the model does not ask for."""
    asked = {*(one.name for one in portfolio.characteristics), portfolio.row_key, portfolio.date} - {""}
    unknown = [name for name in given.rename if name not in asked]
    columns = list(given.rename.values())
    twice = sorted({column for column in columns if columns.count(column) > 1 or column in asked})
    shielded = {one.name for one in portfolio.protected} - asked
    taken = next((column for column in columns if column in shielded), None)
    if taken is not None:
        what = f"{taken!r} is protected, and the portfolio gives it to no model"
        raise InputError("RENAME", what, given.name, "Choose a column that is not protected.")
    if unknown:
        what = f"the model asks for no column {unknown[0]!r}"
        raise InputError("RENAME", what, given.name, "Rename only to names that the model asks for.")
    if twice:
        what = f"the column {twice[0]!r} would stand for more than one name"
        raise InputError("RENAME", what, given.name, "Choose another column for one of them.")


def _in_parts(
    desk: Desk, row: ModelRow, scorer: Scorer, file: _Given, out: Path, run: Run, reasoning: Reasoning | None
) -> Counts | None:
    """Score a large file part by part; None where it is small, or has to be read as a whole."""
    from workbench.desk.batches import batch_key, score_parts
    from workbench.intake.in_parts import ReadWhole, in_parts

    path, parts = file.path, (".csv", ".parquet")
    if not path.is_file() or path.stat().st_size < LARGE or out.suffix.lower() not in parts:
        return None
    given = in_parts(path, file.in_words_of(scorer.model.portfolio), file.options, file.name)
    if given is None:
        return None
    if file.rename:
        read = given.tables
        given = replace(given, tables=lambda start: map(file.renamed, read(start)))
    most = reasoning.most if reasoning else 0
    key = batch_key(given.source.sha256, row.manifest_sha256, file.options, file.rename, most)
    try:
        counts = score_parts(given, scorer, desk.settings.home / "batches" / key, out, run, reasoning)
    except ReadWhole:
        return None
    portfolio, back = scorer.model.portfolio, {column: name for name, column in file.rename.items()}
    empty = [one for one in portfolio.characteristics if counts.on_all & set(_missing(one.name))]
    names = [back.get(name, name) for name in given.names]
    return replace(counts, notes=_to_mind(empty, counts.scored, names, portfolio))


def _missing(name: str) -> tuple[str, ...]:
    """Return the flags of a value that is not there."""
    return tuple(f"{word}: {name}" for word in FLAG_WORDS if "missing" in word)


def _as_a_whole(desk: Desk, scorer: Scorer, given: _Given, out: Path, reasoning: Reasoning | None) -> Counts:
    table = desk.read(given.path, given.in_words_of(scorer.model.portfolio), given.options, given.name)
    absent = sorted(set(given.rename.values()) - set(table.frame.columns))
    if absent:
        remedy = f"It has: {', '.join(map(str, table.frame.columns[:12]))}."
        raise InputError("RENAME", f"there is no column {absent[0]!r}", given.name, remedy)
    renamed = given.renamed(table)
    frame = scored_frame(scorer, renamed, reasoning)
    tables.write(frame, out, keys=[str(frame.columns[0])])
    decided, portfolio = frame["decision"].value_counts(), scorer.model.portfolio
    empty = [one for one in portfolio.characteristics if _is_empty(renamed.frame[one.name])]
    scored, names = int(frame["p_bad"].notna().sum()), [str(name) for name in renamed.frame.columns]
    return Counts(
        len(frame), scored, int((frame["flags"] != "").sum()),
        {decision: int(decided.get(decision, 0)) for decision in DECISIONS}, 0,
        _only_row(frame, renamed, scorer, reasoning) if len(frame) == 1 else {},
        _to_mind(empty, scored, names, portfolio) if len(frame) > 1 else (),
    )  # fmt: skip


def _is_empty(values: pd.Series) -> bool:
    return bool((values.isna() | (values.astype(object) == "")).all())


def _to_mind(empty: list[Characteristic], n: int, names: list[str], portfolio: Portfolio) -> tuple[str, ...]:
    """Return what a file as a whole makes one doubt: columns without a value, columns that are not used."""
    notes = [f"None of the {n:,} scored rows has a value of {one.shown}." for one in empty if n]
    extra = [name for name in names if not portfolio.role(name)]
    if extra:
        listed = ", ".join(extra[:5]) + (f" and {len(extra) - 5} more" if len(extra) > 5 else "")
        them = "it" if len(extra) == 1 else "them"
        notes.append(f"Not used, as the portfolio does not know {them}: {listed}.")
    return tuple(notes)


def _only_row(
    frame: pd.DataFrame, table: Table, scorer: Scorer, reasoning: Reasoning | None
) -> dict[str, Any]:
    """Return what came out of a file of one row, with all that is known of its reasons."""
    row = {name: None if pd.isna(value) else value for name, value in frame.iloc[0].to_dict().items()}
    if reasoning is None or row["error"]:
        return row
    return row | {"reasons": reasoning.first(applicants(table, scorer.model.portfolio))}


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
