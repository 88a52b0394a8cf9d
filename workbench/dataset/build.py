"""From a table as it was read to checked rows: every row is kept or refused, none is lost."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as cp

from workbench.dataset import casting
from workbench.dataset.casting import CODES, Cast
from workbench.dataset.fingerprint import fingerprint
from workbench.dataset.text import as_text, canonical, canonical_value, masked
from workbench.dataset.values import BAD, GOOD, INDETERMINATE, REFUSED_COLUMNS, Applicants, Dataset, Table
from workbench.errors import InputError, Problem
from workbench.portfolio import Characteristic, Outcome, Portfolio

REASONS = {
    "NON_FINITE": "is not finite (inf, nan, or beyond 3.4e38)",
    "MISSING_REFUSED": "is missing, which the portfolio refuses",
    "OUTCOME_UNKNOWN": "is blank, so how it ended is not known",
}


@dataclass(frozen=True, eq=False)
class _Typed:
    """Columns of one table, typed, before rows are refused."""

    characteristics: dict[str, Cast]
    protected: dict[str, Cast]
    date: Cast | None
    weight: Cast | None
    outcome: np.ndarray | None

    def casts(self, portfolio: Portfolio) -> dict[str, Cast]:
        """Return every cast that may refuse a row, by column; a protected one never does."""
        single = {portfolio.date: self.date, portfolio.weight: self.weight}
        found = {name: cast for name, cast in single.items() if cast is not None}
        if self.outcome is not None:
            state = np.where(self.outcome == _UNKNOWN, casting.OUTCOME_UNKNOWN, casting.OK)
            found = {portfolio.outcome.column: Cast(pd.Series(dtype=float), state)} | found
        return found | self.characteristics


_UNKNOWN = -2


def build(table: Table, portfolio: Portfolio) -> Dataset:
    """Return the rows of `table` checked and typed as `portfolio` declares, with their outcome.

    A cell that cannot be typed refuses its row, with record, column, code, reason and masked text in
    ``refused``; rows in = rows kept + rows refused. A protected cell that cannot be typed is missing,
    and counted in ``source.unreadable``: who trains must not hang on a protected column.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH`` (columns missing), ``TARGET`` (no outcome column, one class, values that are
        neither good nor bad), ``DATE_FORMAT`` (dates that can be read in two ways), ``TOO_FEW_ROWS``.

    Examples
    --------
    >>> from workbench.dataset import from_frame
    >>> from workbench.portfolio import from_values
    >>> values = {"name": "p", "outcome": {"column": "bad", "bad": ["1"]}}
    >>> values["characteristics"] = [{"name": "age"}]
    >>> made = build(from_frame(pd.DataFrame({"age": ["30", "x", "50"], "bad": ["0", "1", "1"]})),
    ...              from_values(values, "example"))
    >>> made.n, made.n_bad, made.refused["code"].tolist()
    (2, 1, ['NOT_A_NUMBER'])
    """
    _require_columns(table, portfolio, _needed(portfolio, tuple(c.name for c in portfolio.characteristics)))
    if len(table.frame) < 2:
        raise InputError(
            "TOO_FEW_ROWS",
            f"has {len(table.frame) or 'no'} row{'s' * table.frame.empty} of data",
            table.source.name,
            _MORE,
        )
    outcome = outcomes(table, portfolio.outcome)
    typed = _typed(table, portfolio, portfolio.characteristics, with_outcome=True, outcome=outcome)
    keep, refused = _refuse(table, portfolio, typed)
    _enough(table, refused, int(keep.sum()))
    _two_classes(outcome[keep], portfolio.outcome, table.source.name)
    group = None
    if portfolio.group:
        group = _text_series(table.frame[portfolio.group], keep)
    made = Dataset(
        portfolio=portfolio,
        frame=_frame(typed.characteristics, keep),
        row_key=_row_key(table, portfolio, keep),
        date=None if typed.date is None else _kept(typed.date.values, keep),
        record=table.record[keep],
        refused=refused,
        source=_noted(table, portfolio, typed),
        outcome=outcome[keep].astype(np.int8),
        weight=None if typed.weight is None else typed.weight.values.to_numpy()[keep],
        group=group,
        protected=_frame(typed.protected, keep),
    )
    digest, protected = fingerprint(made)
    return replace(made, sha256=digest, protected_sha256=protected)


def applicants(
    table: Table, portfolio: Portfolio, *, characteristics: tuple[str, ...] | None = None
) -> Applicants:
    """Return the rows of `table` checked and typed for scoring; no outcome is needed.

    Parameters
    ----------
    characteristics : tuple of str, optional
        The characteristics that are needed; all of the portfolio's where None. Where one of them is a
        date, the portfolio's application date is needed too, and a row without it is refused.

    Raises
    ------
    InputError
        ``SCHEMA_MISMATCH``, ``DATE_FORMAT``, ``TOO_FEW_ROWS`` as in `build`.
    """
    wanted = portfolio.characteristics
    if characteristics is not None:
        wanted = tuple(portfolio.characteristic(name) for name in characteristics)
    # dates are counted back from the application date, so without it they would all be missing
    dated = bool(portfolio.date) and any(c.kind == "date" for c in wanted)
    needed = tuple(c.name for c in wanted)
    _require_columns(table, portfolio, (*needed, portfolio.date) if dated else needed, scoring=True)
    if table.frame.empty:
        raise InputError("TOO_FEW_ROWS", "has no rows of data", table.source.name, "Give at least one row.")
    typed = _typed(table, portfolio, wanted, with_outcome=False, dated=dated)
    keep, refused = _refuse(table, portfolio, typed)
    return Applicants(
        portfolio=portfolio,
        frame=_frame(typed.characteristics, keep),
        row_key=_row_key(table, portfolio, keep),
        date=None if typed.date is None else _kept(typed.date.values, keep),
        record=table.record[keep],
        refused=refused,
        source=_noted(table, portfolio, typed),
    )


def _needed(portfolio: Portfolio, characteristics: tuple[str, ...]) -> tuple[str, ...]:
    single = (portfolio.row_key, portfolio.date, portfolio.weight, portfolio.group)
    protected = tuple(c.name for c in portfolio.protected)
    return (*characteristics, *protected, *(name for name in single if name), portfolio.outcome.column)


OTHER_FILE, FEW_NAMED = 0.5, 3
"""Share of missing columns from which a file is of another portfolio, and how many are named then."""


def _require_columns(
    table: Table, portfolio: Portfolio, needed: tuple[str, ...], *, scoring: bool = False
) -> None:
    """Raise where a needed column is not in the table; order does not matter, extra columns do no harm."""
    present = list(table.frame.columns)
    missing = [name for name in needed if name not in set(present)]
    problems = []
    others = [name for name in missing if name != portfolio.outcome.column]
    if others:
        problems.append(_schema_problem(table, portfolio, others, present, scoring, len(needed)))
    if len(others) < len(missing):
        column = portfolio.outcome.column
        what = f"has no column {column}, the outcome that the portfolio {portfolio.identity} names"
        remedy = "Give a file with the outcome, or name its column in the portfolio."
        problems.append(Problem("TARGET", what, table.source.name, remedy))
    if problems:
        raise InputError.of(problems)


def _schema_problem(
    table: Table, portfolio: Portfolio, missing: list[str], present: list[str], scoring: bool, needed: int
) -> Problem:
    if len(missing) > OTHER_FILE * needed and len(missing) > FEW_NAMED:
        what = f"has {needed - len(missing)} of the {needed} columns of the portfolio {portfolio.identity}"
        what += f", without {_listed(missing, 'column', FEW_NAMED)}: it looks like another portfolio's file"
        remedy = "Give a file of this portfolio"
        remedy += ", or take a model of the file's own." if scoring else "."
        return Problem("SCHEMA_MISMATCH", what, table.source.name, remedy)
    unknown = [name for name in present if not portfolio.role(name)]
    lowered = {name.strip().casefold(): name for name in unknown}
    pairs = []
    for name in missing:
        near = difflib.get_close_matches(name.casefold(), list(lowered), n=1, cutoff=0.75)
        pairs.append(f"{name} (is it {lowered[near[0]]}?)" if near else name)
    what = f"lacks {_listed(pairs, 'column')} of the portfolio {portfolio.identity}"
    if unknown:
        what += f"; it also has {_listed(unknown, 'column')} that the portfolio does not know"
    # a model keeps the portfolio it was made with, so another version of that would not help it
    remedy = "Name the columns as the portfolio does"
    remedy += "." if scoring else ", or edit the portfolio and save a new version."
    return Problem("SCHEMA_MISMATCH", what, table.source.name, remedy)


def _listed(names: list[str], noun: str, limit: int = 12) -> str:
    shown = ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}"


def _typed(
    table: Table,
    portfolio: Portfolio,
    wanted: tuple[Characteristic, ...],
    *,
    with_outcome: bool,
    dated: bool = True,
    outcome: np.ndarray | None = None,
) -> _Typed:
    # a table's rows are counted from 0, as those of what is cast
    frame = table.frame
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        frame = frame.reset_index(drop=True)
    decimal = table.source.decimal or portfolio.reading.decimal or "."
    date = weight = None
    problems: list[Problem] = []

    def attempt(column: str, work: Any) -> Cast | None:
        try:
            return work(frame[column])
        except InputError as error:
            problems.extend(error.problems)
            return None

    if portfolio.date and portfolio.date in frame:
        date = attempt(portfolio.date, lambda c: casting.cast_date(c, portfolio.date_format, portfolio.date))
        if date is not None and dated:
            state = np.where(date.state == casting.MISSING, casting.MISSING_REFUSED, date.state)
            date = replace(date, state=state)
    applied = None if date is None else date.values
    if portfolio.weight and with_outcome:
        weight = attempt(portfolio.weight, lambda c: casting.cast_weight(c, decimal))
    found: list[dict[str, Cast]] = []
    # a protected value that is missing refuses nobody, whatever is declared
    may = {"missing": "model"}
    apart = tuple(c.model_copy(update=may) if c.missing == "refuse" else c for c in portfolio.protected)
    for declared in (wanted, apart if with_outcome else ()):
        casts = {
            c.name: attempt(c.name, lambda s, c=c: casting.cast(s, c, decimal, applied)) for c in declared
        }
        found.append({name: cast for name, cast in casts.items() if cast is not None})
    if problems:
        raise InputError.of([replace(p, where=f"{table.source.name}, {p.where}") for p in problems])
    return _Typed(found[0], found[1], date, weight, outcome)


def outcomes(table: Table, declared: Outcome) -> np.ndarray:
    """Return 1 bad, 0 good, -1 indeterminate, -2 unknown (blank) for each row.

    Raises
    ------
    InputError
        ``TARGET`` where a value is none of them, or good is not declared and there are not two values.
    """
    coded = cp.dictionary_encode(as_text(table.frame[declared.column].reset_index(drop=True)))
    names = canonical(coded.dictionary).to_pylist()
    index = coded.indices.to_numpy(zero_copy_only=False)
    counts: dict[str, int] = {}
    for name, count in zip(names, np.bincount(index, minlength=len(names)), strict=True):
        counts[name] = counts.get(name, 0) + int(count)
    counts.pop("", None)
    if not counts and len(index):
        where, remedy = (
            f"{table.source.name}, outcome {declared.column}",
            "Give a file whose outcomes are known.",
        )
        raise InputError("TARGET", f"is blank in all of {len(index):,} rows", where, remedy)
    meaning = {canonical_value(v): BAD for v in declared.bad}
    meaning |= {canonical_value(v): GOOD for v in declared.good}
    meaning |= {canonical_value(v): INDETERMINATE for v in declared.indeterminate}
    unknown = [name for name in counts if name not in meaning]
    if not declared.good and len(unknown) == 1:
        meaning[unknown[0]] = GOOD
    elif unknown:
        raise _undeclared(table.source.name, declared, counts, unknown)
    lookup = np.array([meaning.get(name, _UNKNOWN) for name in names] or [_UNKNOWN], dtype=np.int8)
    return lookup[index] if len(index) else np.zeros(0, np.int8)


def _undeclared(file: str, declared: Outcome, counts: dict[str, int], unknown: list[str]) -> InputError:
    if len(counts) > 20:
        what = f"has {len(counts):,} different values, so it does not say who ended bad"
        remedy = "Name the column that holds the outcome in the portfolio."
    else:
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        seen = ", ".join(
            f"{name[:40]!r} ({count:,} row{'' if count == 1 else 's'})" for name, count in ordered[:8]
        )
        more = f" and {len(ordered) - 8} more" if len(ordered) > 8 else ""
        what = f"holds {seen}{more}; {_listed([repr(u[:40]) for u in unknown], 'value', 6)} "
        what += f"{'is' if len(unknown) == 1 else 'are'} neither good, bad nor indeterminate in the portfolio"
        remedy = f"Say in the portfolio which values of {declared.column} are bad, good and indeterminate."
    return InputError("TARGET", what, f"{file}, outcome {declared.column}", remedy)


def _two_classes(outcome: np.ndarray, declared: Outcome, file: str) -> None:
    bads, goods = int((outcome == BAD).sum()), int((outcome == GOOD).sum())
    if bads and goods:
        return
    kind = "no bads and no goods" if not bads and not goods else ("no bads" if not bads else "no goods")
    bad_values = ", ".join(repr(v) for v in declared.bad)
    raise InputError(
        "TARGET",
        f"there are {kind} among {len(outcome):,} rows (bad is {bad_values})",
        f"{file}, outcome {declared.column}",
        "Give a file with goods and bads, or say in the portfolio which value is bad.",
    )


def _refuse(table: Table, portfolio: Portfolio, typed: _Typed) -> tuple[np.ndarray, pd.DataFrame]:
    """Return which rows are kept, and every cell for which a row is refused, by record."""
    keep = np.ones(len(table.frame), bool)
    parts = []
    for column, cast in typed.casts(portfolio).items():
        if not cast.state.max(initial=casting.OK) > casting.MISSING:
            continue
        wrong = np.flatnonzero(cast.state > casting.MISSING)
        keep[wrong] = False
        text = as_text(table.frame[column].iloc[wrong]).to_pylist()
        codes = [CODES[s] for s in cast.state[wrong]]
        reasons = [f"{column} {REASONS.get(code, cast.reason)}" for code in codes]
        values = (table.record[wrong], column, codes, reasons, [masked(t) for t in text])
        parts.append(pd.DataFrame(dict(zip(REFUSED_COLUMNS, values, strict=True))))
    if not parts:
        return keep, table.refused.reset_index(drop=True)
    refused = pd.concat([*([table.refused] if len(table.refused) else []), *parts], ignore_index=True)
    return keep, refused.sort_values("record", kind="stable", ignore_index=True)


_MORE = "Give a file with at least two rows, a good one and a bad one among them."


def _enough(table: Table, refused: pd.DataFrame, kept: int) -> None:
    if kept >= 2:
        return
    by = (
        refused.groupby(["column", "code", "reason"])["record"].nunique().sort_values(ascending=False).head(3)
    )
    why = "; ".join(
        f"{count:,} row{'' if count == 1 else 's'}: {reason} ({code})"
        for (_, code, reason), count in by.items()
    )
    what = f"{kept} of {len(table.frame):,} rows can be used; {why}"
    raise InputError(
        "TOO_FEW_ROWS", what, table.source.name, "Correct the columns, or how they are declared."
    )


def _kept(values: pd.Series, keep: np.ndarray) -> pd.Series:
    if keep.all():
        return values
    found = values[keep].reset_index(drop=True)
    return found.cat.remove_unused_categories() if isinstance(found.dtype, pd.CategoricalDtype) else found


def _frame(casts: dict[str, Cast], keep: np.ndarray) -> pd.DataFrame:
    # arrays, which unlike series need not be aligned
    kept = {name: _kept(cast.values, keep).array for name, cast in casts.items()}
    return pd.DataFrame(kept, index=pd.RangeIndex(int(keep.sum())), copy=False)


def _text_series(column: pd.Series, keep: np.ndarray) -> pd.Series:
    text = as_text(column.reset_index(drop=True))
    if not keep.all():
        text = text.filter(pa.array(keep))
    return pd.Series(text.to_pandas(), dtype="str", name=column.name)


def _row_key(table: Table, portfolio: Portfolio, keep: np.ndarray) -> pd.Series:
    if portfolio.row_key and portfolio.row_key in table.frame:
        return _text_series(table.frame[portfolio.row_key], keep)
    text = cp.cast(pa.array(table.record[keep]), pa.large_string())
    return pd.Series(text.to_pandas(), dtype="str", name="record")


def _noted(table: Table, portfolio: Portfolio, typed: _Typed) -> Any:
    notes = [c.note for c in (*typed.casts(portfolio).values(), *typed.protected.values()) if c.note]
    wrong = {name: int((cast.state > casting.MISSING).sum()) for name, cast in typed.protected.items()}
    unreadable = {name: n for name, n in wrong.items() if n}
    extra = [str(name) for name in table.frame.columns if not portfolio.role(name)]
    if extra:
        notes.append(f"not used, as the portfolio does not know it: {_listed(extra, 'column')}")
    if not notes and not unreadable:
        return table.source
    return replace(table.source, notes=(*table.source.notes, *notes), unreadable=unreadable)
