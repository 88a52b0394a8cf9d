"""Findings about the rows: how many, how complete, how often the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from workbench.checks.values import Finding, counted, held, in_the_file
from workbench.dataset import BAD, GOOD, Dataset, masked
from workbench.evaluation import format_percent

FEW_REFUSED = 0.01
UNIQUE_SHARE = 0.95
LEAST_FOR_ID = 100


def rows_and_outcome(dataset: Dataset) -> Iterator[Finding]:
    """Find too few rows, bads or goods, and data without dates."""
    needs = dataset.portfolio.requirements
    known = int(dataset.known.sum())
    if known < needs.rows:
        yield Finding(
            "block",
            "TOO_FEW_ROWS",
            rows=known,
            message=f"{counted(known)} with a known outcome; the portfolio asks for {needs.rows:,}.",
            why="A model of few rows looks better on them than it will be on new applicants.",
            remedy=f"Bring a longer period, or lower requirements.rows {in_the_file(dataset.portfolio)}.",
        )
    for value, word in ((BAD, "bad"), (GOOD, "good")):
        n = int((dataset.outcome == value).sum())
        if n < needs.bads:
            yield Finding(
                "block",
                "TOO_FEW_BADS" if value == BAD else "TOO_FEW_GOODS",
                rows=n,
                message=f"{counted(n, word, word + 's')}; the portfolio asks for {needs.bads:,} of each.",
                why="What separates goods from bads is learnt from the rarer of the two.",
                remedy="Bring a longer period or a longer horizon, or lower requirements.bads "
                f"{in_the_file(dataset.portfolio)}.",
            )
    if dataset.date is None:
        yield Finding(
            "note",
            "NO_DATE",
            message="The portfolio names no date.",
            why="Without dates a model cannot be tried on applicants later than those it was fitted on.",
            remedy="Give the column with the application date the role date, if there is one.",
        )


def refused_rows(dataset: Dataset) -> Iterator[Finding]:
    """Find rows that could not be used, and columns where text stands among numbers."""
    copies = dataset.refused["code"] == "DUPLICATE_ROWS"
    if copies.any():
        n = int(dataset.refused["record"][copies].nunique())
        yield Finding(
            "note", "COPIES_DROPPED", rows=n,
            message=f"{counted(n, 'copy was', 'copies were')} dropped by choice.",
            why="They would count twice.",
            remedy="To keep them, bring the file again.",
        )  # fmt: skip
    refused = dataset.refused[~copies]
    if not len(refused):
        return
    infinite = refused["code"] == "NON_FINITE"
    for column, lines in refused[infinite].groupby("column", sort=False):
        n = int(lines["record"].nunique())
        yield Finding(
            "block",
            "NON_FINITE",
            str(column),
            n,
            f"{held(n, column)} an infinite number or one too large to be a quantity.",
            "It comes from a division by zero or an overflow upstream; every engine treats it differently.",
            "Correct them at the source, or acknowledge that those rows are left out.",
            _where(lines),
            acknowledgeable=True,
            fix="acknowledge",
        )
    others = refused[~infinite]
    yield from _text_in_numbers(others)
    n = int(others["record"].nunique())
    if n:
        share = n / max(1, dataset.rows_in)
        few = share <= FEW_REFUSED
        yield Finding(
            "warn" if few else "block",
            "REFUSED_ROWS",
            rows=n,
            message=f"{n:,} of {counted(dataset.rows_in)} ({format_percent(share)}) refused; "
            f"mostly: {_most(others)}.",
            why="Refused rows are rarely refused at random, so what is left may not be the portfolio.",
            remedy="Take the list of refused rows and correct them at the source"
            + ("." if few else ", or acknowledge that they are left out."),
            example=_where(others),
            acknowledgeable=not few,
            fix="" if few else "acknowledge",
        )


def _text_in_numbers(refused: pd.DataFrame) -> Iterator[Finding]:
    text = refused[refused["code"] == "NOT_A_NUMBER"]
    for column, lines in text.groupby("column", sort=False):
        n = int(lines["record"].nunique())
        yield Finding(
            "warn",
            "TEXT_IN_NUMBERS",
            str(column),
            n,
            f"{held(n, column)} text where a number belongs.",
            "Text often stands for something: unknown, not applicable, a unit.",
            "Declare the text as a special code, or set how the number is written.",
            _where(lines),
        )


def duplicates(dataset: Dataset) -> Iterator[Finding]:
    """Find row keys used twice, and rows that are copies apart from the row key."""
    if dataset.portfolio.row_key:
        again = dataset.row_key.duplicated().to_numpy()
        n = int(again.sum())
        if n:
            first = int(np.flatnonzero(again)[0])
            yield Finding(
                "warn",
                "DUPLICATE_KEYS",
                dataset.portfolio.row_key,
                n,
                f"{counted(n)} {'repeats' if n == 1 else 'repeat'} a row key that came before.",
                "One applicant may be counted twice, or two applicants share a key.",
                "Keep one row an applicant, or choose a column that is unique.",
                f"record {int(dataset.record[first]):,}: {masked(str(dataset.row_key.iloc[first]))}",
            )
    copies = _copies(dataset)
    n = int(copies.sum())
    if n:
        first = int(np.flatnonzero(copies)[0])
        yield Finding(
            "warn",
            "DUPLICATE_ROWS",
            rows=n,
            message=f"{counted(n, 'row is a copy', 'rows are copies')} of another but for the row key.",
            why="A copy on both sides of a split makes a model look better than it is.",
            remedy="Drop the copies, unless different applicants can truly be alike in every column.",
            example=f"record {int(dataset.record[first]):,}",
            fix="drop_duplicates",
        )


def _copies(dataset: Dataset) -> np.ndarray:
    """Return which rows repeat an earlier one in every column but the row key, by a 64-bit hash.

    Protected columns count too: applicants who differ in them are different people, not copies.
    """
    total = np.zeros(dataset.n, dtype=np.uint64)
    columns = [dataset.frame[name] for name in dataset.frame.columns]
    columns += [dataset.protected[name] for name in dataset.protected.columns]
    columns.append(pd.Series(dataset.outcome))
    columns += [s for s in (dataset.date, dataset.group) if s is not None]
    columns += [pd.Series(dataset.weight)] if dataset.weight is not None else []
    for column in columns:
        if isinstance(column.dtype, pd.CategoricalDtype):
            values = column.cat.codes.to_numpy().astype(np.int64)
        elif column.dtype.kind == "M":
            values = column.to_numpy("datetime64[s]").astype(np.int64)
        else:
            values = column.to_numpy()
        if values.dtype.kind == "f":
            values = values + 0.0  # -0.0 is 0.0
        total = total * np.uint64(1_000_003) + pd.util.hash_array(values)
    return pd.Series(total).duplicated().to_numpy()


def unreadable_protected(dataset: Dataset) -> Iterator[Finding]:
    """Count the protected cells that could not be read; they refuse nobody."""
    for column, n in dataset.source.unreadable.items():
        yield Finding(
            "note",
            "PROTECTED_UNREADABLE",
            column,
            n,
            f"{counted(n)} of {column} cannot be read as declared; the value counts as missing there.",
            "The column is kept apart, so what it holds must not decide who is used to fit a model.",
            "Correct the values, or how the column is declared, before groups are compared.",
        )


def completeness(dataset: Dataset, missing: dict[str, np.ndarray]) -> Iterator[Finding]:
    """Find characteristics with one value, none at all, or hardly any."""
    most = dataset.portfolio.requirements.missing
    for name, absent in missing.items():
        n = int(absent.sum())
        values = dataset.frame[name]
        if n == dataset.n:
            yield _useless("ALL_MISSING", name, n, "has no value at all")
        elif _one_value(values, n):
            if n == 0:
                yield _useless("CONSTANT", name, dataset.n, "has the same value in every row")
            else:
                yield _sparse("CONSTANT", name, n, dataset.n, "has one value or none")
        elif n > most * dataset.n:
            yield _sparse("MOSTLY_MISSING", name, n, dataset.n, "is mostly missing")


def _one_value(values: pd.Series, n_missing: int) -> bool:
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        codes = codes[codes >= 0] if n_missing else codes
        return bool(len(codes)) and bool((codes == codes[0]).all())
    return bool(values.min() == values.max())


def _useless(code: str, name: str, rows: int, what: str) -> Finding:
    return Finding(
        "block",
        code,
        name,
        rows,
        f"{name} {what}.",
        "It cannot tell goods from bads, and often means that an extract went wrong.",
        "Leave the column out, mend the extract, or acknowledge with a reason that it stays.",
        acknowledgeable=True,
        fix="leave_out",
    )


def _sparse(code: str, name: str, n: int, total: int, what: str) -> Finding:
    return Finding(
        "warn",
        code,
        name,
        n,
        f"{name} {what}: missing in {counted(n)} of {total:,} ({format_percent(n / total)}).",
        "What is learnt from so few values is not stable.",
        "Leave the column out, or find out why it is empty.",
        fix="leave_out",
    )


def identifiers(dataset: Dataset, missing: dict[str, np.ndarray]) -> Iterator[Finding]:
    """Find characteristics that number or name the rows instead of describing them."""
    for about in dataset.portfolio.characteristics:
        values = dataset.frame[about.name]
        present = dataset.n - int(missing[about.name].sum())
        if present < LEAST_FOR_ID or about.kind == "date":
            continue
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes = values.cat.codes.to_numpy()
            distinct = int((np.bincount(codes[codes >= 0]) > 0).sum())
            what = "" if distinct <= UNIQUE_SHARE * present else "nearly every row has a value of its own"
        else:
            what = _numbering(values.to_numpy()[~missing[about.name]], "amount" in about.tags)
        if what:
            yield Finding(
                "warn",
                "ID_LIKE",
                about.name,
                present,
                f"{about.name} looks like an identifier: {what}.",
                "A model learns identifiers by heart, and new applicants have new ones.",
                "Give the column the role row key or group, or leave it out.",
                fix="leave_out",
            )


def _numbering(x: np.ndarray, is_amount: bool) -> str:
    """Say why a number looks like an identifier; empty where it does not."""
    part = x[:: max(1, len(x) // 5000)]
    if len(np.unique(part)) <= 0.5 * len(part):
        return ""
    steps = np.diff(x)
    if (steps >= 0).all() or (steps <= 0).all():
        return "it only rises, or only falls, from row to row"
    if is_amount or not (np.mod(part, 1) == 0).all() or len(np.unique(part)) <= UNIQUE_SHARE * len(part):
        return ""
    if not (np.mod(x, 1) == 0).all() or len(pd.unique(x)) <= UNIQUE_SHARE * len(x):
        return ""
    return "whole numbers, and nearly every row has one of its own"


def _where(refused: pd.DataFrame) -> str:
    line = refused.iloc[0]
    return f"record {int(line['record']):,}, {line['column']}: {line['text']}"


def _most(refused: pd.DataFrame) -> str:
    counts = (
        refused.groupby(["column", "code"], sort=False).size().sort_values(ascending=False, kind="stable")
    )
    column, code = counts.index[0]
    reason = refused.loc[(refused["column"] == column) & (refused["code"] == code), "reason"].iloc[0]
    return f"{column}, {str(reason).rstrip('.')}" if column else str(reason).rstrip(".")
