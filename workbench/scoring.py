"""The one way from rows to PD, points, band, decision and flags."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset import DAYS_A_MONTH, EPOCH, Applicants
from workbench.families.many_rows import Engine, ManyRows
from workbench.features import FLAG_WORDS, LevelColumn
from workbench.features.columns import (
    IMPOSSIBLE,
    MISSING,
    OUT_OF_RANGE,
    UNEXPECTED_MISSING,
    UNSEEN,
)
from workbench.policy import DECISIONS
from workbench.portfolio import Points, number_words
from workbench.training import TrainedModel


@dataclass(frozen=True)
class Flag:
    """Something about an applicant's value that a person should know.

    Attributes
    ----------
    kind : {"missing", "unexpected missing", "unseen", "out of range", "unusual"}
    """

    kind: str
    characteristic: str
    title: str
    message: str


@dataclass(frozen=True)
class Score:
    """One applicant's answer.

    Attributes
    ----------
    p_bad : float
        Calibrated PD.
    low, high : float
        95% interval from calibration uncertainty only; NaN where there is none.
    points : int
        Higher is safer.
    band, decision : str
        By the model's policy; where a value lies outside the range the portfolio declares, what would
        be approved is referred to a person.
    """

    p_bad: float
    low: float
    high: float
    points: int
    band: str
    decision: str
    flags: tuple[Flag, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the score as plain values; an undefined interval is None."""
        values = asdict(self)
        for name in ("low", "high"):
            values[name] = None if math.isnan(values[name]) else values[name]
        return values


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of many rows.

    Attributes
    ----------
    p_bad : array, shape (n,)
    points : array of int, shape (n,)
    bands, decisions : array of int, shape (n,)
        Positions in the policy's bands and in ``DECISIONS``.
    flags : array of int, shape (n,)
        Positions in `flag_texts`.
    flag_texts : list of str
        "kind: column; ...", each once; the first is empty.
    """

    p_bad: np.ndarray
    points: np.ndarray
    bands: np.ndarray
    decisions: np.ndarray
    flags: np.ndarray
    flag_texts: list[str]


@dataclass(frozen=True)
class Field:
    """What a form needs to ask for one characteristic."""

    name: str
    title: str
    group: str
    unit: str
    kind: str
    low: float | None
    high: float | None
    usual_low: float | None
    usual_high: float | None
    choices: tuple[tuple[str, str], ...]
    typical: float | str | None
    missing_allowed: bool
    note: str = ""


def points(scale: Points, p_bad: np.ndarray) -> np.ndarray:
    """Return whole points, half up, of PDs clipped to [.0001, .9999]; shape as `p_bad`, int64.

    Examples
    --------
    >>> points(Points(), np.array([1 / 51])).tolist()
    [600]
    """
    return np.floor(scale.exact(p_bad) + 0.5).astype(np.int64)


class Scorer:
    """Scores one applicant or a table with a model; everything is prepared at construction.

    Parameters
    ----------
    model : TrainedModel
        A model that was verified when it was loaded.
    threads : int
        Threads that scoring a table may use; they change no score.
    golden : callable, optional
        Returns typed characteristics of rows, on which compiled trees are compared too before they are used.
    """

    def __init__(
        self, model: TrainedModel, *, threads: int = 1, golden: Callable[[], pd.DataFrame] | None = None
    ) -> None:
        self.model = model
        self.threads = threads
        self.policy = model.policy
        self._program = model.program()
        self._fitted = model.fitted
        self._calibrator = model.calibrator
        self._many = ManyRows(model.fitted, None if golden is None else lambda: self._encoded(golden()))
        self._titles = {c.name: c.shown for c in model.portfolio.characteristics}

    @property
    def engine(self) -> Engine:
        """What computes the margins of tables, and why; see `prepare`."""
        return self._many.engine

    def prepare(self, rows: int) -> None:
        """Choose what computes the margins of `rows` rows, which may come in several tables.

        For many rows trees are compiled, which takes a moment and changes no bit of any score.
        """
        self._many.prepare(rows)

    def _encoded(self, frame: pd.DataFrame) -> np.ndarray:
        encoder = self.model.encoder
        return encoder.encode(encoder.raw(frame, frame.get(encoder.date)))

    def p_bad(self, row: Mapping[str, Any]) -> float:
        """Return the calibrated PD of one applicant; see `score` for errors."""
        x, _ = self._program.row(row)
        return float(self._calibrator.p_bad(self._fitted.margin_of_one(x)))

    def score(self, row: Mapping[str, Any]) -> Score:
        """Score one applicant.

        Parameters
        ----------
        row : mapping
            Values by column name; None is missing, other names are ignored.

        Raises
        ------
        InputError
            ``SCHEMA_MISMATCH``, ``NOT_A_NUMBER``, ``NON_FINITE``, ``NOT_A_DATE``, ``MISSING_REFUSED``.
        """
        x, codes = self._program.row(row)
        margin = self._fitted.margin_of_one(x)
        p_bad = float(self._calibrator.p_bad(margin))
        low, high = self._calibrator.interval(margin)
        flags = tuple(
            self._flag(name, code, row.get(name))
            for name, code in zip(self._program.names, codes, strict=True)
            if code
        )
        return Score(
            p_bad=p_bad, low=low, high=high,
            points=int(points(self.model.portfolio.points, np.array([p_bad]))[0]),
            band=self.policy.band(p_bad), decision=_referred(self.policy.decide(p_bad), codes), flags=flags,
        )  # fmt: skip

    def score_table(self, applicants: Applicants) -> pd.DataFrame:
        """Score checked rows, in order.

        Returns
        -------
        DataFrame
            The row key's column, then ``p_bad, points, band, decision, flags``; flags are
            "kind: column; ..." or empty. One line for each row kept.
        """
        return self.tabled(applicants, self.scored(applicants))

    def tabled(self, applicants: Applicants, scored: Scored) -> pd.DataFrame:
        """Return the scores of checked rows as `score_table` does."""
        return pd.DataFrame(
            {
                str(applicants.row_key.name or "record"): applicants.row_key.to_numpy(),
                "p_bad": scored.p_bad,
                "points": scored.points,
                "band": np.asarray(self.policy.bands, dtype=object)[scored.bands],
                "decision": np.asarray(DECISIONS, dtype=object)[scored.decisions],
                "flags": np.asarray(scored.flag_texts, dtype=object)[scored.flags],
            }
        )

    def p_bad_of(self, frame: pd.DataFrame, date: pd.Series | None) -> np.ndarray:
        """Return the calibrated PD of each typed row, in order; shape (n,)."""
        self.prepare(len(frame))
        x, _ = self.model.encoder.seen(frame, date)
        return self._calibrator.p_bad(self._many.margin(x, self.threads))

    def scored(self, applicants: Applicants) -> Scored:
        """Score checked rows, in order, with bands and decisions as positions."""
        x, flags = self.model.encoder.seen(applicants.frame, applicants.date)
        p_bad = self._calibrator.p_bad(self._many.margin(x, self.threads))
        decided = np.maximum(self.policy.decision_codes(p_bad), (flags == IMPOSSIBLE).any(axis=1))
        return Scored(
            p_bad, points(self.model.portfolio.points, p_bad), self.policy.band_codes(p_bad), decided,
            *flag_texts(flags, self._program.names),
        )  # fmt: skip

    def typical(self) -> dict[str, Any]:
        """Return the typical development applicant: medians and most common attributes."""
        return {field.name: field.typical for field in self.fields()}

    def fields(self) -> tuple[Field, ...]:
        """Return what a form asks, in portfolio order."""
        fields = tuple(self._field(name) for name in self._program.names)
        if self.model.encoder.date and any(field.kind == "date" for field in fields):
            # dates are counted back from the application date, so the form has to ask for that too
            name, last = self.model.encoder.date, self.model.encoder.date_last
            when = Field(name, "Application date", "", "", "date", None, None, None, None, (), last, False)
            fields = (when, *fields)
        return fields

    def _field(self, name: str) -> Field:
        characteristic = self.model.portfolio.characteristic(name)
        column = next(c for c in self.model.encoder.columns if c.name == name)
        common: dict[str, Any] = {
            "name": name, "title": characteristic.shown, "group": characteristic.group,
            "unit": characteristic.unit, "kind": characteristic.kind, "note": characteristic.note,
            "missing_allowed": characteristic.missing != "refuse",
        }  # fmt: skip
        if isinstance(column, LevelColumn):
            declared = [a.value for a in characteristic.attributes]
            values = declared + [v for v in column.levels if v not in declared]
            choices = tuple((value, characteristic.label(value)) for value in values)
            return Field(
                **common, low=None, high=None, usual_low=None, usual_high=None, choices=choices,
                typical=column.typical,
            )  # fmt: skip
        if column.date:
            typical = self._date_of(column.typical)
            return Field(
                **common, low=None, high=None, usual_low=None, usual_high=None, choices=(), typical=typical
            )
        return Field(
            **common, low=column.low, high=column.high, usual_low=column.usual_low,
            usual_high=column.usual_high, choices=(), typical=column.typical,
        )  # fmt: skip

    def _date_of(self, months: float) -> str:
        last = self.model.encoder.date_last
        origin = np.datetime64(last, "s") if last else EPOCH
        days = np.timedelta64(round(months * DAYS_A_MONTH * 86400), "s")
        return str((origin - days if last else origin + days).astype("datetime64[D]"))

    def _flag(self, name: str, code: int, value: Any) -> Flag:
        title = self._titles[name]
        column = next(c for c in self.model.encoder.columns if c.name == name)
        if code == MISSING:
            message = f"{title} is missing, as for {column.missing_share:.1%} of development applicants"
        elif code == UNEXPECTED_MISSING:
            message = f"{title} is missing; no development applicant lacked it"
        elif code == UNSEEN:
            message = f"{title}: no development applicant had this attribute; scored as a rare one"
        elif isinstance(column, LevelColumn):
            message = f"{title}: fewer than 0.5% of development applicants had this attribute"
        elif code == IMPOSSIBLE:
            message = f"{title} lies {_beyond(*column.declared)} the portfolio declares"
        elif code == OUT_OF_RANGE:
            message = f"{title} lies outside {_span(*column.bounds)}, the range seen in development"
        else:
            span = _span(column.usual_low, column.usual_high)
            message = f"{title} is unusual: 99% of development applicants lie from {span}"
        return Flag(FLAG_WORDS[code], name, title, message)


def _span(*bounds: float) -> str:
    return " to ".join(number_words(b, digits=6) for b in bounds)


def _beyond(low: float, high: float) -> str:
    """Return what lies beyond declared bounds, of which one may be open."""
    if math.isinf(high):
        return f"below {_span(low)}, the least"
    return f"above {_span(high)}, the most" if math.isinf(low) else f"outside {_span(low, high)}, the range"


def _referred(decision: str, flags: list[int]) -> str:
    """Refer to a person what would be approved on a value that the portfolio says cannot be."""
    return "refer" if decision == "approve" and IMPOSSIBLE in flags else decision


def flag_texts(codes: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """Return each row's position among the texts of its flags, and the texts, "" first.

    A text, "kind: column; kind: column", is made once however many rows have those flags.
    """
    at, texts = np.zeros(len(codes), np.int32), [""]
    for j, name in enumerate(names):
        flagged = np.flatnonzero(codes[:, j])
        if not len(flagged):
            continue
        found = at[flagged].astype(np.int64) * len(FLAG_WORDS) + codes[flagged, j]
        distinct, place = np.unique(found, return_inverse=True)
        at[flagged] = np.arange(len(texts), len(texts) + len(distinct), dtype=np.int32)[place]
        for before, code in zip(*divmod(distinct, len(FLAG_WORDS)), strict=True):
            held = texts[before]
            texts.append(f"{held}{'; ' if held else ''}{FLAG_WORDS[code]}: {name}")
    return at, texts
