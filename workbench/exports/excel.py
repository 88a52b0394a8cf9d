"""A scorecard as an Excel file that scores what is typed into it: formulas, not values.

Few functions are used, and none that needs an array or a new Excel: IF, OR, EXACT, TRIM, ABS, INT, INDEX,
MATCH, SUM, MIN, MAX, LN, EXP, COUNTA, NA. Attributes are compared by EXACT, since MATCH takes capitals
for small letters and ``*`` for anything.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workbench.dataset import DAYS_A_MONTH
from workbench.errors import InputError
from workbench.exports.card_plan import Plan, Question, plan
from workbench.features import NumberColumn
from workbench.portfolio import P_HIGH, P_LOW
from workbench.training import TrainedModel

ROWS = 1_000
READ_ME, CARD, ATTRIBUTES, APPLICANTS, SCORE = "Read me", "Card", "Attributes", "Applicants", "Score"
LARGEST = 3.4e38
DAY_OF_2000 = 36_526
LONGEST_FORMULA = 8_000
MOST_CHARACTERS = 30_000_000
SCALE_ROW = 9
"""Where the lines of `_scale` start on the first sheet."""
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
CARD_HEADINGS = ("characteristic", "bin", "from", "points", "n", "bads", "bad rate", "WoE")


def content(model: TrainedModel, rows: int = ROWS) -> bytes:
    """Return the file: the card, examples of applicants, and formulas that score `rows` of them.

    There are fewer formulas where long lists of attributes would make the file too large.

    Raises
    ------
    InputError
        ``EXPORT`` where the model is no scorecard, or Excel cannot tell or hold its attributes.
    """
    from openpyxl import Workbook

    card = plan(model, "excel")
    book = Workbook()
    _read_me(book.active, card)
    places = _card(book.create_sheet(CARD), model, card)
    attributes = _attributes(book.create_sheet(ATTRIBUTES), card)
    _applicants(book.create_sheet(APPLICANTS), card, _examples(model, card))
    _score(book.create_sheet(SCORE), card, places, attributes, rows)
    for sheet in book.worksheets[1:]:
        sheet.freeze_panes = "B2"
    book.active = book.sheetnames.index(APPLICANTS)
    out = io.BytesIO()
    book.save(out)
    return _recalculated(out.getvalue())


def notes() -> tuple[str, ...]:
    """Return what who uses the file has to know."""
    return (
        f"type applicants into the sheet {APPLICANTS}; the sheet {SCORE} scores as many as it has rows for, "
        "and its last row filled down scores more",
        "the rows in it are made examples, one for each bin",
        "a value that must be there and is missing, or is of the wrong kind, gives an error in its row",
    )


def _recalculated(made: bytes) -> bytes:
    """Return the file with results beside the formulas, for programs that only show files."""
    from formualizer import recalculate_xlsx_bytes

    return recalculate_xlsx_bytes(made)["bytes"]


@dataclass(frozen=True)
class _Places:
    """Cells of one question on the card: points, and what ranges start at; as addresses."""

    ranges: tuple[str, str] = ("", "")
    codes: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    other: str = ""
    missing: str = "NA()"


def _put(cell: Any, value: Any) -> None:
    """Put a value; text stays text, whatever it starts with."""
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = ILLEGAL.sub(" ", value)
    cell.data_type = "s"
    cell.quotePrefix = True


def _head(sheet: Any, headings: Sequence[str], widths: Sequence[int] = ()) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for at, heading in enumerate(headings, 1):
        _put(sheet.cell(1, at), heading)
        sheet.cell(1, at).font = Font(bold=True)
        wide = widths[at - 1] if widths else min(max(len(heading) + 2, 12), 40)
        sheet.column_dimensions[get_column_letter(at)].width = wide


def _read_me(sheet: Any, card: Plan) -> None:
    sheet.title = READ_ME
    sheet.column_dimensions["A"].width = 100
    lines = (
        f"Scorecard: {card.title}",
        f"Digest of the model: {card.digest}",
        f"{APPLICANTS}: type or paste applicants under the headings; blank is missing, dates are dates, "
        "a share of 10% is 0.1. The rows there are made examples.",
        f"{SCORE}: points (whole, higher is safer) and p_bad (probability of bad) of each row, by formulas; "
        "fill its last row down where there are more applicants.",
        f"{CARD}: points of each bin. A bin holds what it starts from, up to where the next one starts. "
        "Changing points there changes every score.",
        f"{ATTRIBUTES}: which attributes are in which bin; capitals count.",
        "An error in a row says that a value is missing that must be there, or is of the wrong kind.",
    )
    for at, line in enumerate(lines, 1):
        _put(sheet.cell(at, 1), line)
    for at, (name, formula) in enumerate(_scale(card), SCALE_ROW):
        _put(sheet.cell(at, 1), name)
        sheet.cell(at, 2, formula)


def _scale(card: Plan) -> tuple[tuple[str, Any], ...]:
    """Return the lines of the scale."""
    scale, span = card.scale, f"B12*LN({P_HIGH}/{P_LOW})"
    return (
        ("Points to double the odds", scale.pdo),
        ("Points at these odds", scale.base),
        ("Odds, goods to one bad", scale.odds),
        ("Points per unit of log-odds", "=B9/LN(2)"),
        ("Points at even odds", "=B10-B12*LN(B11)"),
        ("Fewest points there are", f"=INT(B13-{span}+0.5)"),
        ("Most points there are", f"=INT(B13+{span}+0.5)"),
    )


def _card(sheet: Any, model: TrainedModel, card: Plan) -> list[_Places]:
    _head(sheet, CARD_HEADINGS, (28, 40, 14, 10, 10, 10, 10, 10))
    counted = {(r.characteristic, r.label): r for r in model.card.itertuples()}
    at, places = 2, []
    for q in card.questions:

        def line(label: str, low: Any, points: int | None, q: Question = q) -> str:
            nonlocal at
            told = counted.get((q.name, label))
            tail = (told.n, told.n_bad, told.bad_rate, told.woe) if told else ()
            for column, value in enumerate((q.title, label, low, points, *tail), 1):
                _put(sheet.cell(at, column), None if value != value else value)
            sheet.cell(at, 7).number_format, sheet.cell(at, 8).number_format = "0.0%", "0.000"
            at += 1
            return f"{CARD}!$D${at - 1}"

        first = at
        for r in q.ranges:
            line(r.label, -LARGEST if r.low == -math.inf else r.low, r.points)
        ranges = tuple(f"{CARD}!${c}${first}:${c}${at - 1}" for c in "CD")
        codes = tuple((line(c.label, c.low, c.points).replace("$D$", "$C$"), f"{CARD}!$D${at - 1}")
                      for c in q.codes)  # fmt: skip
        groups = tuple(line(g.label, None, g.points) for g in q.groups)
        other = line("any other", None, q.other) if q.kind == "level" else ""
        missing = "NA()" if q.missing is None else line("missing", None, q.missing)
        places.append(_Places((ranges[0], ranges[1]), codes, groups, other, missing))
    return places


def _attributes(sheet: Any, card: Plan) -> list[tuple[tuple[str, ...], ...]]:
    """Write every spelling and return its cell by question and group."""
    _head(sheet, ("characteristic", "bin", "attribute"), (28, 40, 30))
    at, cells = 2, []
    for q in card.questions:
        seen: dict[str, int] = {}
        of_groups = []
        for k, group in enumerate(q.groups):
            where = []
            for spelling in dict.fromkeys(map(_trimmed, group.spellings)):
                if seen.setdefault(spelling, k) != k or ILLEGAL.search(spelling):
                    raise InputError(
                        "EXPORT", f"Excel cannot tell attributes of {q.name} from one another",
                        remedy="Take another form.",
                    )  # fmt: skip
                for column, value in enumerate((q.title, group.label, spelling), 1):
                    _put(sheet.cell(at, column), value)
                where.append(f"{ATTRIBUTES}!$C${at}")
                at += 1
            of_groups.append(tuple(where))
        cells.append(tuple(of_groups))
    return cells


def _trimmed(text: str) -> str:
    """Return text as Excel's TRIM leaves it."""
    return re.sub(" +", " ", text.strip(" "))


def _applicants(sheet: Any, card: Plan, rows: list[dict[str, Any]]) -> None:
    names = (card.key, *card.columns)
    _head(sheet, names)
    dates = {card.date, *(q.name for q in card.questions if q.kind == "date")}
    for at, row in enumerate(rows, 2):
        for column, name in enumerate(names, 1):
            cell = sheet.cell(at, column)
            _put(cell, row[name])
            if name in dates:
                cell.number_format = "yyyy-mm-dd"


def _score(
    sheet: Any, card: Plan, places: list[_Places], attributes: list[tuple[tuple[str, ...], ...]], rows: int
) -> None:
    from openpyxl.utils import get_column_letter as letter

    _head(sheet, (card.key, *(q.title for q in card.questions), "points", "p_bad"))
    letters = {name: letter(at) for at, name in enumerate((card.key, *card.columns), 1)}
    last = letter(len(letters))
    k = len(card.questions)
    patterns = [
        _formula(q, places[i], attributes[i], letters[q.name], letters.get(card.date, ""))
        for i, q in enumerate(card.questions)
    ]
    for name, pattern in zip((q.name for q in card.questions), patterns, strict=True):
        if len(pattern) > LONGEST_FORMULA:
            raise InputError(
                "EXPORT", f"the attributes of {name} are too many for one Excel formula",
                remedy="Take --to sql.",
            )  # fmt: skip
    rows = max(1, min(rows, MOST_CHARACTERS // sum(map(len, patterns))))
    names = ("factor", "even", "low", "high")
    scale = {name: f"'{READ_ME}'!$B${at}" for at, name in enumerate(names, SCALE_ROW + 3)}
    end, points = letter(k + 1), letter(k + 2)
    for r in range(2, rows + 2):
        key = f"{APPLICANTS}!A{r}"
        sheet.cell(r, 1, f'=IF(COUNTA(\'{APPLICANTS}\'!A{r}:{last}{r})=0,"",IF({key}="","?",{key}))')
        for at, pattern in enumerate(patterns, 2):
            sheet.cell(r, at, f'=IF($A{r}="","",{pattern.replace("#", str(r))})')
        total = f"MAX({scale['low']},MIN({scale['high']},SUM(B{r}:{end}{r})))"
        sheet.cell(r, k + 2, f'=IF($A{r}="","",{total})')
        odds = f"EXP(({points}{r}-{scale['even']})/{scale['factor']})"
        sheet.cell(r, k + 3, f'=IF($A{r}="","",1/(1+{odds}))').number_format = "0.0000%"


def _formula(q: Question, at: _Places, attributes: tuple[tuple[str, ...], ...], x: str, date_of: str) -> str:
    """Return the points of one question; ``#`` stands for the row."""
    x = f"{APPLICANTS}!${x}#"
    if q.kind == "level":
        made = at.other
        for where, points in reversed(list(zip(attributes, at.groups, strict=True))):
            if where:
                made = f"IF(OR({','.join(f'EXACT(TRIM({x}),{cell})' for cell in where)}),{points},{made})"
        return f'IF(TRIM({x})="",{at.missing},{made})'
    lows, points = at.ranges
    if q.kind == "date":
        applied = f"{APPLICANTS}!${date_of}#"
        days = f"INT({applied})-INT({x})" if date_of else f"INT({x})-{DAY_OF_2000}"
        absent = f'OR({x}="",{applied}="")' if date_of else f'{x}=""'
        return f"IF({absent},{at.missing},INDEX({points},MATCH({days},{lows},1)))"
    made = f"INDEX({points},MATCH({x},{lows},1))"
    for code, its_points in reversed(at.codes):
        made = f"IF({x}={code},{its_points},{made})"
    words = (_trimmed(word).replace('"', '""') for word in q.words)
    said = "".join(f',EXACT(TRIM({x}),"{word}")' for word in words)
    absent = f'OR({x}=""{said})' if said else f'{x}=""'
    return f"IF({absent},{at.missing},IF(ABS({x})>{LARGEST:.1E},NA(),{made}))"


def _examples(model: TrainedModel, card: Plan) -> list[dict[str, Any]]:
    """Return made applicants: the typical one, then one a bin."""
    columns = {c.name: c for c in model.encoder.columns}
    applied = date.fromisoformat(model.encoder.date_last) if card.date else date(2000, 1, 1)

    def shown(q: Question, value: Any) -> Any:
        if q.kind != "date" or value is None:
            return value
        return applied + timedelta(days=-int(value) if card.date else int(value))

    typical: dict[str, Any] = {card.date: applied} if card.date else {}
    for q in card.questions:
        value = columns[q.name].typical
        typical[q.name] = shown(q, round(value * DAYS_A_MONTH) if q.kind == "date" else value)
    rows = [typical]
    for q in card.questions:
        column = columns[q.name]
        values: list[Any] = [c.low for c in q.codes] + [g.spellings[0] for g in q.groups if g.spellings]
        values += [r.low for r in q.ranges[1:]]
        if len(q.ranges) > 1:
            lowest = q.ranges[1].low - 1
            if q.kind == "number" and isinstance(column, NumberColumn) and column.seen_low < q.ranges[1].low:
                lowest = column.seen_low
            values.append(lowest)
        if q.missing is not None:
            values.append(None)
        rows += [typical | {q.name: shown(q, value)} for value in values]
    return [{card.key: f"example {i}"} | row for i, row in enumerate(rows, 1)]
