"""Who a model treats differently: on rows held out from it, or on those of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.dataset import BAD, GOOD, Dataset, impossible
from workbench.dataset.customers import customers
from workbench.dataset.judged import judged
from workbench.dataset.segment_words import known, parse, rows_of
from workbench.desk.origins import dataset_of
from workbench.desk.sample_rows import require_rules
from workbench.desk.seen import seen
from workbench.errors import InputError
from workbench.fairness import (
    MOST_ATTRIBUTES,
    PROFILES,
    Elderly,
    Fairness,
    Grouping,
    elderly,
    judge,
)
from workbench.fairness.attributes import groupable, grouped, protected
from workbench.fairness.proxies import proxies
from workbench.intake import ReadOptions
from workbench.portfolio import Characteristic, Portfolio
from workbench.registry import ModelRow
from workbench.run import Run
from workbench.scoring import points

if TYPE_CHECKING:
    from workbench.desk.comparing import Compared
    from workbench.desk.desk import Desk
    from workbench.evaluation import AtApproval
    from workbench.training import TrainedModel

ALL = "all"
AGE = "age"
"""The tag of the column that holds the applicant's own age in years."""
OWN_AGE = ("applicant_age", "customer_age", "borrower_age", "age_years", "age_in_years")
NAMED_AGE = re.compile(r"(^|_)age($|_)|^age(?!n)", re.IGNORECASE)
"""Not what begins like agency or agent."""


@dataclass(frozen=True)
class FairnessRequest:
    """What is asked: whose decisions, on which rows, by which attributes.

    Attributes
    ----------
    model : str
        A model id, ``portfolio@champion`` or ``portfolio@latest``.
    by : tuple of str
        Protected columns; all that can be grouped where empty.
    path : str
        A file to score; the rows the study held out where empty.
    sample : str
        Sample of the study; the one that is reported where empty, "all" for every row.
    cut_off : float, optional
        PD below which an applicant is approved; the policy's where None.
    profile : str
        A name in `fairness.PROFILES`.
    against : {"declared", "highest"}
        As in `fairness.judge`.
    segment : str
        Narrows the rows: "income > 50000".
    """

    model: str
    by: tuple[str, ...] = ()
    path: str = ""
    sample: str = ""
    cut_off: float | None = None
    profile: str = "none"
    against: str = "declared"
    segment: str = ""
    options: ReadOptions = ReadOptions()


@dataclass(frozen=True, eq=False)
class Treated:
    """Who a model treats differently, on which rows.

    Attributes
    ----------
    fairness : Fairness
    row : ModelRow
    portfolio : Portfolio
    words : str
        Which rows: "hold-out sample of taiwan.csv".
    dataset_sha256 : str
        Of the kept data set the rows are in; empty for a file.
    notes : tuple of str
        What to mind.
    frame : DataFrame
        What is known of the same rows: characteristics, date, protected; as `segment_words.rows_of`.
    outcome : array, shape (n,)
        1 bad, 0 good, -1 not known.
    """

    fairness: Fairness
    row: ModelRow
    portfolio: Portfolio
    words: str
    dataset_sha256: str
    notes: tuple[str, ...]
    frame: pd.DataFrame
    outcome: np.ndarray

    @cached_property
    def proxies(self) -> pd.DataFrame:
        """What of the model's characteristics tells the group; as `fairness.proxies`, with title."""
        columns = {c.name: self.frame[c.name] for c in self.portfolio.characteristics if c.name in self.frame}
        found = [proxies(columns, self.fairness.grouping(by)) for by in self.fairness.by]
        told = pd.concat(found, ignore_index=True)
        told.insert(2, "title", told["characteristic"].map(lambda n: self.portfolio.characteristic(n).shown))
        return told

    def at(self, cut_off: float) -> Treated:
        """Return the same at another cut-off."""
        return replace(self, fairness=self.fairness.at(cut_off))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        told = {"model_id": self.row.model_id, "rows": self.words, "dataset_sha256": self.dataset_sha256}
        return told | {"notes": list(self.notes)} | self.fairness.to_json()


def treat(desk: Desk, asked: FairnessRequest, run: Run) -> Treated:
    """Return who a model treats differently; see `Desk.fairness`."""
    row = desk.registry.resolve(asked.model)
    require_rules(desk, row.model_id, asked.segment)
    model = desk.model(row.model_id)
    portfolio = model.portfolio
    by = _columns(portfolio, asked.by)
    run.step("reading the rows", 0.1)
    dataset, p_bad, words, notes = (
        _of_file(desk, row, model, asked, by) if asked.path else _kept(desk, row, asked.sample)
    )
    inside, rows = np.arange(dataset.n), rows_of(dataset)
    if asked.segment:
        picked = parse(asked.segment, known(portfolio, rows), rows)
        inside, words = np.flatnonzero(picked.mask(rows)), f"{words}, where {picked}"
    if not len(inside):
        raise InputError("SEGMENT", "none of these rows is in the segment", asked.segment, "Loosen a rule.")
    run.step("looking at the groups", 0.5)
    groups = [_grouped(dataset, c, inside) for c in by]
    policy = model.policy
    outcome = dataset.outcome[inside]
    found = judge(
        p_bad[inside], groups, policy.approve_below,
        bad=outcome if ((outcome == BAD) | (outcome == GOOD)).any() else None,
        weight=None if dataset.weight is None else dataset.weight[inside],
        customer=None if dataset.group is None else customers(dataset.group)[inside],
        points=points(portfolio.points, p_bad[inside]),
        impossible=impossible(portfolio, dataset.frame, dataset.date)[inside],
        profile=asked.profile, against=asked.against,
        source=policy.source or "the model's policy",
        elderly=_elderly(model, dataset, inside, asked.profile),
    )  # fmt: skip
    if asked.cut_off is not None:  # comparators stay those of the policy's cut-off
        found = replace(found.at(asked.cut_off), source="given")
    frame = rows.iloc[inside].reset_index(drop=True)
    sha256 = "" if asked.path else row.dataset_sha256
    notes = (*notes, *_scored(portfolio), *unchecked(portfolio, asked.profile))
    return Treated(found, row, portfolio, words, sha256, notes, frame, outcome)


def _columns(portfolio: Portfolio, names: Sequence[str]) -> tuple[Characteristic, ...]:
    """Return the attributes that were asked for; all that can be grouped where none was."""
    offered = groupable(portfolio)
    if not offered:
        said = "protects no column" if not protected(portfolio) else "gives its protected numbers no bands"
        raise InputError(
            "NOTHING_PROTECTED", f"the portfolio {portfolio.identity} {said}, so there are no groups",
            remedy="Give a column the role protected on the page Data, a number bands too, and train again.",
        )  # fmt: skip
    if not names:
        return offered[:MOST_ATTRIBUTES]
    every, found = {c.name: c for c in protected(portfolio)}, {}
    for name in names:
        if name not in every:
            role = portfolio.role(name)
            what = f"{name!r} is not protected in {portfolio.identity}" + (f" but {role}" if role else "")
            listed = ", ".join(c.name for c in offered)
            raise InputError("NOT_PROTECTED", what, remedy=f"Take one of: {listed}.")
        if every[name] not in offered:
            raise InputError(
                "NO_BANDS", f"{name!r} is a {every[name].kind} without bands, so it makes no groups",
                remedy="Declare its bands and the reference band in the portfolio.",
            )  # fmt: skip
        found[name] = every[name]
    return tuple(found.values())


def _kept(desk: Desk, row: ModelRow, sample: str) -> tuple[Dataset, np.ndarray, str, tuple[str, ...]]:
    """Return rows of the data a version was made from, with the PDs it gave them then."""
    if row.study_id is None:
        raise InputError("NO_STUDY", f"no study of {row.model_id} is kept, so nothing says which rows were "
                         "held out from it", remedy="Name a file to score.")  # fmt: skip
    study = desk.study(row.study_id)
    answer = study.model(row.family)
    wanted = sample or answer.reported
    names = (*study.samples.names, ALL)
    if wanted not in names:
        raise InputError(
            "SAMPLE", f"there is no sample {wanted!r}", remedy=f"Take one of: {', '.join(names)}."
        )
    whole = dataset_of(desk, row, study.portfolio)
    at = np.arange(whole.n) if wanted == ALL else np.flatnonzero(study.samples.mask(wanted))
    notes = ()
    if wanted not in ("hold-out", "out-of-time"):
        notes = ("Some of these rows are those the model was made on: its errors on them are too small.",)
    words = f"{wanted} sample of {study.source.name}" if wanted != ALL else f"all rows of {study.source.name}"
    return _rows(whole, at), answer.p_bad[at], words, notes


def _rows(whole: Dataset, at: np.ndarray) -> Dataset:
    """Return some rows of a data set."""
    return replace(
        whole, frame=whole.frame.iloc[at].reset_index(drop=True),
        row_key=whole.row_key.iloc[at].reset_index(drop=True), record=whole.record[at],
        date=None if whole.date is None else whole.date.iloc[at].reset_index(drop=True),
        outcome=whole.outcome[at], weight=None if whole.weight is None else whole.weight[at],
        group=None if whole.group is None else whole.group.iloc[at].reset_index(drop=True),
        protected=whole.protected.iloc[at].reset_index(drop=True), sha256="", protected_sha256="",
    )  # fmt: skip


def _of_file(
    desk: Desk, row: ModelRow, model: TrainedModel, asked: FairnessRequest, by: tuple[Characteristic, ...]
) -> tuple[Dataset, np.ndarray, str, tuple[str, ...]]:
    """Return the rows of a file, scored now; what is protected is read beside them and goes no further."""
    path = Path(asked.path)
    table = desk.read(path, model.portfolio, asked.options)
    apart = {c.name for c in model.portfolio.protected}
    dataset = judged(table, model.portfolio, tuple(c.name for c in by if c.name in apart))
    p_bad = model.p_bad(dataset.frame, dataset.date)
    refused = dataset.rows_in - dataset.n
    notes = (f"{refused:,} of {dataset.rows_in:,} rows could not be scored.",) if refused else ()
    told = seen(desk, row.model_id, dataset)
    return dataset, p_bad, f"rows of {table.source.name}", (*notes, *((told.note,) if told.note else ()))


def _grouped(dataset: Dataset, one: Characteristic, inside: np.ndarray) -> Grouping:
    """Return the groups of a protected attribute, in the portfolio's words and order."""
    source = dataset.protected if one.name in dataset.protected else dataset.frame
    if one.name not in source:
        raise InputError(
            "NOT_KEPT", f"{one.name!r} is not kept with these rows", dataset.source.name,
            "Check the file again under the portfolio, so that its protected columns are kept beside it.",
        )  # fmt: skip
    values = source[one.name].iloc[inside].reset_index(drop=True)
    return grouped(values, one)


def beside(compared: Compared, at: AtApproval) -> dict[str, Fairness]:
    """Return who each of several models treats differently where all approve the same share.

    By the names of the comparison; empty where nothing that is protected makes groups of these rows.
    """
    same, groups = compared.rows, []
    never = impossible(same.portfolio, same.frame, same.date)
    apart = ", less those whose values lie outside their range" if never.any() else ""
    for one in groupable(same.portfolio):
        # a column that was not kept, or holds one group, has nothing to compare
        with suppress(InputError, KeyError):
            groups.append(grouped(same.frame[one.name], one))
    if not groups:
        return {}
    cut_offs = at.models.set_index("model")["cut_off"]
    return {
        name: judge(
            same.p_bad[row.model_id], groups[:MOST_ATTRIBUTES],
            float(np.nextafter(cut_offs[name], 1.0)) if np.isfinite(cut_offs[name]) else 0.0,
            bad=same.bad, weight=same.weight, customer=same.group, impossible=never,
            source=f"the PD below which {at.approval:.0%} are approved{apart}",
        )
        for name, row in compared.models.items()
    }  # fmt: skip


def _elderly(model: TrainedModel, dataset: Dataset, inside: np.ndarray, profile: str) -> tuple[Elderly, ...]:
    """Look whether a scored age counts against the elderly, where the profile's law asks."""
    if profile not in PROFILES or not PROFILES[profile].elderly_from:
        return ()
    frame = dataset.frame.iloc[inside].reset_index(drop=True)
    date = None if dataset.date is None else dataset.date.iloc[inside].reset_index(drop=True)
    found = []
    for one in own_ages(model.portfolio):

        def p_bad_at(rows: np.ndarray, age: float | None, name: str = one.name) -> np.ndarray:
            some = frame.iloc[rows]
            if age is not None:
                some = some.assign(**{name: age})
            days = None if date is None else date.iloc[rows].reset_index(drop=True)
            return model.p_bad(some.reset_index(drop=True), days)

        age = frame[one.name].to_numpy(dtype=float)
        found.append(elderly(one.shown, age, p_bad_at, since=PROFILES[profile].elderly_from))
    return tuple(found)


def own_ages(portfolio: Portfolio) -> tuple[Characteristic, ...]:
    """Return the characteristics that are the applicant's own age in years.

    Those tagged age; where none is, a number in years that is named age, or applicant_age and the like. The
    age of a vehicle or a company is none. A tagged column without a unit is in years.
    """
    numbers = [one for one in portfolio.characteristics if one.kind == "number" and one.unit in ("", "years")]
    return tuple(one for one in numbers if AGE in one.tags) or tuple(
        one
        for one in numbers
        if one.name.lower() == "age" or (one.name.lower() in OWN_AGE and one.unit == "years")
    )


def unchecked(portfolio: Portfolio, profile: str) -> tuple[str, ...]:
    """Say which columns named like an age are not looked at where the profile's law asks, and why."""
    if profile not in PROFILES or not PROFILES[profile].elderly_from:
        return ()
    checked = {one.name for one in own_ages(portfolio)}
    return tuple(
        f"{one.shown} was not checked for counting against the elderly, because {_why_not(one)}. The tag "
        "age, on a number in years, says that a column is the applicant's own age."
        for one in portfolio.characteristics
        if _like_an_age(one) and one.name not in checked
    )


def _like_an_age(one: Characteristic) -> bool:
    begins = one.unit == "years" and one.name.lower().startswith("age")
    return begins or AGE in one.tags or bool(NAMED_AGE.search(one.name))


def _why_not(one: Characteristic) -> str:
    if one.kind != "number":
        return f"it is a {one.kind}"
    if one.unit not in ("", "years"):
        return f"its unit is {one.unit}"
    return "it is not said to be the applicant's own age"


def _scored(portfolio: Portfolio) -> tuple[str, ...]:
    """Say which protected characteristics the model is given, and why the portfolio says so."""
    return tuple(
        f"{c.shown} is protected and given to the model. The portfolio says why: {c.reason}"
        for c in portfolio.characteristics
        if "protected" in c.tags
    )
