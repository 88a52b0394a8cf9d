"""A scorecard as one SQL statement that SQLite and PostgreSQL run unchanged.

It needs nothing but CASE, CAST, SUBSTR, REPLACE, LENGTH, TRIM and VALUES: no mathematical function
(SQLite may be built without them) and no date function (the two have none in common). PDs are looked up
by points. Steps are MATERIALIZED (SQLite 3.35, PostgreSQL 12), or each would be worked out again wherever
the next one names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from workbench.errors import InputError
from workbench.exports import sql_values
from workbench.exports.card_plan import Line, Plan, Question, plan
from workbench.training import TrainedModel

TABLE = "applicants"
LARGEST = "3.4e38"
IDENTIFIER_BYTES = 63
EXACT_DIGITS = 15
"""Decimal digits that every reader of numbers reads to the last bit."""


def statement(model: TrainedModel) -> str:
    """Return the statement: row key, points and p_bad of each row of the table ``applicants``.

    Raises
    ------
    InputError
        ``EXPORT`` where the model is no scorecard, or its columns would be one and the same in a database.
    """
    card = plan(model, "sql")
    _require_apart((card.key, *card.columns))
    parts = [
        *_steps(card),
        "answer AS (\n  SELECT\n" + ",\n".join(_answers(card)) + "\n  FROM applicant\n)",
        _total(card),
        "pd (points, p_bad) AS (\n  VALUES\n" + ",\n".join(_pds(model, card)) + "\n)",
    ]
    select = (
        f"SELECT\n  total.applicant_key AS {_name(_told_key(card))},\n  total.points AS points,\n"
        "  CAST(pd.p_bad AS DOUBLE PRECISION) AS p_bad\n"
        "FROM total\nLEFT JOIN pd ON pd.points = total.points;\n"
    )
    return _heading(card) + "WITH " + ",\n".join(parts) + "\n" + select


def notes() -> tuple[str, ...]:
    """Return what who runs the statement has to know."""
    return (
        f"it reads a table {TABLE} with the columns named at its top: numbers as numbers (a share of 10% "
        "is 0.1), dates as dates or ISO text, NULL where missing",
        "points and p_bad are NULL where a value that must be there is missing, or is no number or date",
        "it runs in SQLite 3.35 or later and in PostgreSQL 12 or later",
    )


def _told_key(card: Plan) -> str:
    """Return what the row key is called in the answer, where points and p_bad stand beside it."""
    return "row_key" if card.key.lower() in ("points", "p_bad") else card.key


def _require_apart(names: tuple[str, ...]) -> None:
    seen: dict[bytes, str] = {}
    for name in names:
        short = name.lower().encode()[:IDENTIFIER_BYTES]
        if short in seen or not name.isprintable():
            raise InputError(
                "EXPORT",
                f"a database cannot tell the column {name!r} from {seen.get(short, 'others')!r}",
                remedy="Rename it, or take another form.",
            )
        seen[short] = name


def _heading(card: Plan) -> str:
    kinds = {"number": "number", "date": "date", "level": "text"}
    key = _name(_told_key(card))
    lines = [
        f"Scorecard of {card.title}; digest {card.digest}",
        f"Reads the table {TABLE} with the columns:",
        f"  {_name(card.key)}: row key",
        *([f"  {_name(card.date)}: application date"] if card.date else []),
        *(f"  {_name(q.name)}: {kinds[q.kind]}, {q.title}" for q in card.questions),
        f"Gives one line a row: {key}, points (whole, higher is safer) and p_bad (0 to 1).",
        "NULL is missing. Points and p_bad are NULL where a row cannot be scored.",
    ]
    return "".join(f"-- {_comment(line)}\n" for line in lines)


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float) -> str:
    """Return a number so that it is read to the last bit: long ones as a quotient of whole numbers."""
    plain = repr(float(value))
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    digits, _, exponent = plain.lower().partition("e")
    if len(digits.strip("-").replace(".", "").strip("0")) <= EXACT_DIGITS and abs(int(exponent or 0)) <= 15:
        return plain
    exact = Fraction(value)
    top, bottom = exact.numerator, exact.denominator
    if abs(top) >= 2**63 or bottom >= 2**63:
        return plain
    return f"CAST({top} AS DOUBLE PRECISION) / CAST({bottom} AS DOUBLE PRECISION)"


def _steps(card: Plan) -> list[str]:
    """Return the steps from columns as they come to values: v1, v2, ..., and the application date."""
    written, unsigned, rest, values = [f"    a.{_name(card.key)} AS applicant_key"], [], [], []
    for i, q in enumerate(card.questions, 1):
        text = f"TRIM(CAST(a.{_name(q.name)} AS TEXT))"
        written.append(f"    a.{_name(q.name)} AS c{i}, {text} AS t{i}")
        if q.kind == "number":
            first, second = sql_values.number_steps(i)
            unsigned.append(f"    {first}")
            rest.append(f"    {second}")
            values.append(f"    {sql_values.number(i, tuple(map(_text, q.words)))} AS v{i}")
        elif q.kind == "date":
            values.append(f"    {sql_values.days(f't{i}')} AS v{i}")
        else:
            values.append(f"    NULLIF(t{i}, '') AS v{i}")
    if card.date:
        written.append(f"    TRIM(CAST(a.{_name(card.date)} AS TEXT)) AS dated")
        values.append(f"    {sql_values.days('dated')} AS applied")
    return [
        _step("written", written, f"{TABLE} AS a"),
        _step("unsigned", ["    written.*", *unsigned], "written"),
        _step("rest", ["    unsigned.*", *rest], "unsigned"),
        _step("applicant", ["    applicant_key", *values], "rest"),
    ]


def _step(name: str, columns: list[str], table: str) -> str:
    return f"{name} AS MATERIALIZED (\n  SELECT\n" + ",\n".join(columns) + f"\n  FROM {table}\n)"


def _answers(card: Plan) -> list[str]:
    lines = ["    applicant_key"]
    for i, q in enumerate(card.questions, 1):
        whens = {"number": _number_whens, "date": _date_whens, "level": _level_whens}[q.kind]
        cases = "\n".join(f"      {when}" for when in whens(q, f"v{i}", card.date))
        lines.append(f"    -- {_comment(q.title)}\n    CASE\n{cases}\n    END AS p{i}")
    return lines


def _missing(q: Question, value: str) -> str:
    points = "NULL" if q.missing is None else str(q.missing)
    return f"WHEN {value} IS NULL THEN {points} -- missing"


def _number_whens(q: Question, value: str, date: str) -> list[str]:
    return [
        _missing(q, value),
        f"WHEN {value} < -{LARGEST} OR {value} > {LARGEST} THEN NULL",
        *(f"WHEN {value} = {_number(c.low)} THEN {_told(c)}" for c in q.codes),
        *_ranges(q, value),
    ]


def _date_whens(q: Question, value: str, date: str) -> list[str]:
    missing = f"{value} IS NULL OR applied IS NULL" if date else f"{value} IS NULL"
    wrong = " OR ".join(
        f"{name} = {sql_values.NO_DATE}" for name in ([value, "applied"] if date else [value])
    )
    days = f"applied - {value}" if date else value
    points = "NULL" if q.missing is None else str(q.missing)
    return [
        f"WHEN {wrong} THEN NULL",
        f"WHEN {missing} THEN {points} -- missing",
        *_ranges(q, days),
    ]


def _ranges(q: Question, value: str) -> list[str]:
    *lower, last = q.ranges
    uppers = [line.low for line in q.ranges[1:]]
    whens = [
        f"WHEN {value} < {_number(upper)} THEN {_told(line)}"
        for line, upper in zip(lower, uppers, strict=True)
    ]
    return [*whens, f"ELSE {_told(last)}"]


def _level_whens(q: Question, value: str, date: str) -> list[str]:
    whens = [
        f"WHEN {value} IN ({', '.join(map(_text, line.spellings))}) THEN {line.points}"
        for line in q.groups
        if line.spellings
    ]
    return [_missing(q, value), *whens, f"ELSE {q.other} -- any other"]


def _told(line: Line) -> str:
    return f"{line.points} -- {_comment(line.label)}"


def _total(card: Plan) -> str:
    low, high = card.scale.ends
    total = " + ".join(f"p{i}" for i in range(1, len(card.questions) + 1))
    return (
        f"total AS (\n  SELECT\n    applicant_key,\n    CASE WHEN {total} < {low} THEN {low}\n"
        f"      WHEN {total} > {high} THEN {high}\n      ELSE {total}\n    END AS points\n  FROM answer\n)"
    )


def _pds(model: TrainedModel, card: Plan) -> Iterable[str]:
    """Return the PD of every sum of points there can be."""
    low, high = card.scale.ends
    worst = sum(min(_all_points(q)) for q in card.questions)
    best = sum(max(_all_points(q)) for q in card.questions)
    points = np.arange(min(max(worst, low), high), max(min(best, high), low) + 1)
    p_bad = model.calibrator.p_bad((card.scale.offset - points) / card.scale.factor)
    return [f"    ({s}, {p!r})" for s, p in zip(points.tolist(), p_bad.tolist(), strict=True)]


def _all_points(q: Question) -> list[int]:
    lines = [line.points for line in (*q.ranges, *q.codes, *q.groups)]
    return [*lines, *([q.other] if q.kind == "level" else []), *([] if q.missing is None else [q.missing])]
