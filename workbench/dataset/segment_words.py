"""Segments as people write them: ``home = rent and income > 50000``, read against what is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

import pandas as pd

from workbench.dataset.casting import cast_one
from workbench.dataset.segment import ALL_ROWS, IS_MISSING, NOT_MISSING, ORDERED, Rule, Segment, quoted, wrong
from workbench.dataset.values import Applicants
from workbench.errors import InputError
from workbench.portfolio import Characteristic, Portfolio

TOKEN = re.compile(
    r"""\s*(?: "(?P<double>(?:[^"]|"")*)" | '(?P<single>(?:[^']|'')*)' | [“„](?P<curly>[^“”]*)[“”]
    | (?P<sign><=|>=|!=|<>|==|[=<>≤≥≠(),]) | (?P<bare>[^\s"'“”„=<>!≤≥≠(),]+) | (?P<else>\S) )""",
    re.VERBOSE,
)
SIGNS = {"==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}
STRAIGHT = str.maketrans("“”„‘’", '"""\'\'')
SPOKEN = (
    (("is", "not", "missing"), NOT_MISSING), (("is", "missing"), IS_MISSING),
    (("not", "in"), "not in"), (("in",), "in"),
)  # fmt: skip
RULES = "home_ownership = RENT and annual_inc > 50000"
"""Rules that can be asked for of a portfolio that is shipped."""
EXAMPLE = f"Write rules such as: {RULES}."
SHOWN = 8


class _Token(str):
    """A word of a segment as it reads, with where it stands and whether it was in quotes."""

    start: int
    end: int
    literal: bool


def rows_of(dataset: Applicants) -> pd.DataFrame:
    """Return what a segment of a data set can name: its characteristics, its date, what is protected."""
    date = dataset.portfolio.date
    more = {} if dataset.date is None or date in dataset.frame else {date: dataset.date}
    protected = getattr(dataset, "protected", None)
    if protected is not None and len(protected.columns):
        more |= {name: protected[name] for name in protected}
    return dataset.frame.assign(**more)


def known(portfolio: Portfolio, frame: pd.DataFrame) -> tuple[Characteristic, ...]:
    """Return the characteristics a segment of these rows can name: those the frame holds, and the date."""
    return tuple(c for c in nameable(portfolio) if c.name in frame)


def nameable(portfolio: Portfolio) -> tuple[Characteristic, ...]:
    """Return what a segment can name where rows hold all that the portfolio declares."""
    declared = [*portfolio.characteristics, *portfolio.protected]
    if portfolio.date and portfolio.date not in {c.name for c in declared}:
        declared.append(Characteristic(name=portfolio.date, kind="date", date_format=portfolio.date_format))
    return tuple(declared)


def parse(
    words: str, characteristics: Sequence[Characteristic], frame: pd.DataFrame | None = None
) -> Segment:
    """Return the segment that `words` describe.

    Rules are joined by ``and``: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in (A, B)``,
    ``not in (A, B)``, ``is missing``, ``is not missing``. A characteristic is named by its column or its
    title, a level by its value or its label; quotes (``"`` or ``'``) go around what holds ``and``, commas
    or signs. Dates are ISO. Nothing, or ``all rows``, is the segment without rules.

    Parameters
    ----------
    characteristics : sequence of Characteristic
        What may be named, as from `known`.
    frame : DataFrame, optional
        Rows whose levels count as known too, beside those the portfolio declares.

    Raises
    ------
    InputError
        ``SEGMENT``, which says which rule cannot be read and what could stand there.

    Examples
    --------
    >>> home = Characteristic(name="home", title="Home", kind="category")
    >>> term = Characteristic(name="term", unit="months")
    >>> str(parse("Home in ('own', rent) and term ≥ 36", (home, term)))
    'home in (own, rent) and term >= 36'
    """
    tokens = _tokens(words)
    if not tokens or words.strip().lower() == ALL_ROWS:
        return Segment()
    rules, at = [], 0
    for i, token in enumerate([*tokens, None]):
        if token is None or (token.lower() == "and" and not token.literal):
            rules.append(_rule(words, tokens[at:i], characteristics, frame))
            at = i + 1
    return Segment(tuple(dict.fromkeys(rules)))


def _tokens(words: str) -> list[_Token]:
    found = []
    for match in TOKEN.finditer(words):
        kind, text = match.lastgroup, match[match.lastgroup or 0]
        if kind == "else":
            raise wrong(
                f"the sign {text} at place {match.start(kind) + 1} has no meaning here",
                "Put names and values that hold it in quotes that are closed.",
            )
        quote = {"double": '"', "single": "'"}.get(str(kind), "")
        token = _Token(text.replace(quote * 2, quote) if quote else SIGNS.get(text, text))
        token.start, token.end = match.start(kind or 0), match.end(kind or 0)
        token.literal = bool(quote) or kind == "curly"
        found.append(token)
    return found


def _rule(
    words: str, tokens: list[_Token], characteristics: Sequence[Characteristic], frame: pd.DataFrame | None
) -> Rule:
    if not tokens:
        raise wrong("a rule is missing beside “and”", EXAMPLE)
    said = words[tokens[0].start - tokens[0].literal : tokens[-1].end + tokens[-1].literal]
    where = f"segment, “{said}”"
    if any(token.lower() == "or" and not token.literal for token in tokens):
        raise wrong(
            "rules are joined by “and” alone",
            "For one of several values write: region in (North, West).",
            where,
        )
    places = [(i, *_relation(tokens, i)) for i in range(1, len(tokens))]
    places = [place for place in places if place[1]]
    if not places:
        raise wrong("it compares nothing", EXAMPLE, where)
    named = [(_named(tokens[:i], characteristics), *rest) for i, *rest in places]
    found = next((place for place in named if place[0] is not None), None)
    if found is None:
        raise _unknown(" ".join(tokens[: places[0][0]]), characteristics, where)
    declared, relation, after = found
    return _checked(declared, relation, _values(words, tokens[after:], relation, where), frame, where)


def _relation(tokens: list[_Token], i: int) -> tuple[str, int]:
    """Return the relation that begins at a token and where it ends; "" where none does."""
    if tokens[i].literal:
        return "", i
    if tokens[i] in ORDERED or tokens[i] in ("=", "!="):
        return str(tokens[i]), i + 1
    for spoken, relation in SPOKEN:
        if tuple(t.lower() for t in tokens[i : i + len(spoken)]) == spoken:
            return relation, i + len(spoken)
    return "", i


def _named(tokens: list[_Token], characteristics: Sequence[Characteristic]) -> Characteristic | None:
    text = " ".join(tokens)
    for name in (lambda c: c.name, lambda c: c.name.casefold(), lambda c: c.title.casefold()):
        found = [c for c in characteristics if name(c) == text or name(c) == text.casefold()]
        if len(found) == 1:
            return found[0]
    return None


def _unknown(name: str, characteristics: Sequence[Characteristic], where: str) -> InputError:
    near = get_close_matches(name, [c.name for c in characteristics], SHOWN, 0.6)
    listed = near or [c.name for c in characteristics]
    remedy = f"Take one of: {', '.join(map(quoted, listed))}." if listed else "Look at all rows."
    return wrong(f"there is no characteristic {quoted(name)}", remedy, where)


def _values(words: str, tokens: list[_Token], relation: str, where: str) -> list[str]:
    """Return what stands behind a relation, each value as it was written."""
    if relation.endswith("missing"):
        if tokens:
            raise wrong(
                f"something stands behind “{relation}”",
                f"End the rule there, or write “and”. {EXAMPLE}",
                where,
            )
        return []
    if not relation.endswith("in"):
        if not tokens:
            raise wrong(f"nothing stands behind “{relation}”", EXAMPLE, where)
        whole = len(tokens) == 1
        return [str(tokens[0]) if whole else words[tokens[0].start - tokens[0].literal : tokens[-1].end]]
    if len(tokens) < 3 or tokens[0] != "(" or tokens[-1] != ")":
        raise wrong(
            f"“{relation}” needs a list in brackets",
            f"Write it like: region {relation} (North, West).",
            where,
        )
    parts: list[list[str]] = [[]]
    for token in tokens[1:-1]:
        if token == "," and not token.literal:
            parts.append([])
        else:
            parts[-1].append(str(token))
    if not all(parts):
        raise wrong(
            "a value is missing between two commas", f"Write it like: region {relation} (North, West).", where
        )
    return [" ".join(part) for part in parts]


def _checked(
    declared: Characteristic, relation: str, values: list[str], frame: pd.DataFrame | None, where: str
) -> Rule:
    read = {"number": _number, "date": _date}.get(declared.kind)
    if read is None and relation in ORDERED:
        raise wrong(
            f"{quoted(declared.name)} is a {declared.kind}, which has no order",
            f"Write it like: {quoted(declared.name)} in (A, B).", where,
        )  # fmt: skip
    typed = [read(v, declared, where) if read else _level(v, declared, frame, where) for v in values]
    special = _codes(declared) if relation in ORDERED and declared.kind == "number" else ()
    return Rule(declared.name, relation, tuple(dict.fromkeys(typed)), special)


def _codes(declared: Characteristic) -> tuple[float, ...]:
    plain = Characteristic(name=declared.name)
    found = [cast_one(special.value, plain)[0] for special in declared.special]
    return tuple(code for code in found if code is not None)


def _number(text: str, declared: Characteristic, where: str) -> float:
    labels = {s.label.casefold(): s.value for s in declared.special if s.label}
    written = labels.get(text.casefold(), text)
    for form in (
        Characteristic(name=declared.name),
        declared,
        declared.model_copy(update={"format": "amount"}),
    ):
        value, _ = cast_one(written, form)
        if value is not None:
            return float(value)
    raise wrong(
        f"{quoted(text)} is not a number, which {quoted(declared.name)} is",
        "Write a number such as 36.",
        where,
    )


def _date(text: str, declared: Characteristic, where: str) -> str:
    for form in (Characteristic(name=declared.name, kind="date", date_format="%Y-%m-%d"), declared):
        value, _ = cast_one(text, form)
        if isinstance(value, date):
            return value.isoformat()
    raise wrong(
        f"{quoted(text)} is not a date, which {quoted(declared.name)} is", "Write it as 2024-01-31.", where
    )


def _level(text: str, declared: Characteristic, frame: pd.DataFrame | None, where: str) -> str:
    values = [a.value for a in declared.attributes]
    column: Any = frame[declared.name] if frame is not None and declared.name in frame else None
    if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
        values = list(dict.fromkeys([*values, *map(str, column.cat.categories)]))
    spelled = {name.casefold(): v for v in reversed(values) for name in (declared.label(v), v)}
    if text in values or text.casefold() in spelled:
        return text if text in values else spelled[text.casefold()]
    if column is None:
        return text
    near = get_close_matches(text, values, SHOWN, 0.5) or values[:SHOWN]
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN and len(near) == SHOWN else ""
    remedy = f"Take one of: {', '.join(map(quoted, near))}{more}." if values else "It is missing in all rows."
    raise wrong(f"{quoted(declared.name)} has no value {quoted(text)}", remedy, where)
