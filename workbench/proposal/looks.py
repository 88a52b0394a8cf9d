"""What the values of one column look like: kind, way of writing, suspected special codes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from workbench.dataset import as_numbers, dates, distinct, numbers, unit_of
from workbench.proposal.values import HISTOGRAM_BINS

ENOUGH = 0.95
ENOUGH_DATES = 0.90
FEW = 15
UNITS = {"month", "mth", "mo", "year", "yr", "day", "week", "hour", "km", "kg", "m", "sqm", "time"}
COUNT_NAME = re.compile(
    r"(^|_)(n|num|number|count|cnt|times|inq|inquiries|acc|accts|delinq|months|mths|mons|years|yrs|days|age|amt|amount"
    r"|balance|bal|dependents|lines)(_|\d|$)|^(n|num|no)_of",
    re.IGNORECASE,
)
FORMS = {
    "percent": "written as percentages, such as 10.65%",
    "amount": "written as amounts, such as $1,234.50",
    "with_unit": "written with a unit behind",
}


@dataclass(frozen=True, eq=False)
class Look:
    """What one column's values look like; `values` and `counts` belong to its distinct texts.

    `infinite` counts rows with a number that is none, such as inf or 1e400.
    """

    column: str
    rows: int
    texts: pd.Series
    counts: np.ndarray
    kind: str
    format: str = "plain"
    date_format: str = ""
    special: tuple[str, ...] = ()
    unit: str = ""
    reasons: tuple[str, ...] = ()
    question: str = ""
    infinite: int = 0
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def plain(self) -> str:
        """The column's name with _ for all that is no letter or digit, as name patterns read it."""
        return re.sub(r"\W+", "_", self.column.strip())

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())

    @property
    def missing(self) -> float:
        """Share of blank values."""
        return 1.0 - self.filled / self.rows if self.rows else 0.0

    @property
    def distinct(self) -> int:
        """Different values, blanks not counted."""
        return len(self.texts)

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        known = self.values[np.isfinite(self.values)]
        return self.kind != "date" and bool(len(known)) and bool((known == np.floor(known)).all())

    def examples(self) -> tuple[str, ...]:
        """Return the first three different values, shortened."""
        return tuple(text if len(text) <= 30 else text[:29] + "…" for text in self.texts.iloc[:3])

    def histogram(self) -> tuple[int, ...]:
        """Return rows by twelve bins, as in `Guess`."""
        known = np.isfinite(self.values)
        if self.kind in ("number", "date") and known.any():
            values, counts = self.values[known], self.counts[known]
            order = np.argsort(values)
            share = np.cumsum(counts[order]) / counts.sum()
            low, high = (values[order][np.searchsorted(share, q)] for q in (0.005, 0.995))
            if low < high:
                kept = np.clip(values, low, high)
                return tuple(
                    np.histogram(kept, HISTOGRAM_BINS, (low, high), weights=counts)[0].astype(int).tolist()
                )
        return tuple(int(count) for count in np.sort(self.counts)[::-1][:HISTOGRAM_BINS])


def look(column: pd.Series, decimal: str) -> Look:
    """Return what a column looks like; `decimal` is the file's decimal sign."""
    texts, counts = distinct(column)
    name, rows = str(column.name), len(column)
    if not len(texts):
        return Look(name, rows, texts, counts, "category", reasons=("has no values",))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = dates.parse(dates.without_clock(texts), dates.ISO)
        return Look(name, rows, texts, counts, "date", reasons=("holds dates",), values=_seconds(days))
    if pd.api.types.is_bool_dtype(column.dtype):
        return Look(name, rows, texts, counts, "flag", reasons=("holds true and false",))
    for attempt in (_as_date, _as_number, _as_written_number):
        found = attempt(Look(name, rows, texts, counts, "category"), decimal)
        if found is not None:
            return found
    return _as_category(Look(name, rows, texts, counts, "category"), np.full(len(texts), np.nan))


def _seconds(days: pd.Series) -> np.ndarray:
    seconds = days.to_numpy().astype("datetime64[s]").astype(np.int64).astype(float)
    return np.where(days.isna(), np.nan, seconds)


def _with(seen: Look, **changes: object) -> Look:
    return Look(**{**seen.__dict__, **changes})  # type: ignore[arg-type]


def _as_date(seen: Look, decimal: str) -> Look | None:
    found = dates.infer(seen.texts, seen.counts, ENOUGH_DATES)
    if found.format == "%Y%m%d" and not re.search(r"date|day|_d$|_dt$|dat$", seen.column, re.IGNORECASE):
        return None
    if found.format:
        days = dates.parse(seen.texts, found.format)
        wrong = int(seen.counts[days.isna().to_numpy()].sum())
        if wrong > (1 - ENOUGH_DATES) * seen.filled:
            return None
        form = "" if found.format == dates.ISO else found.format
        refused = (f"{_rows(wrong)} something else and would be refused",) if wrong else ()
        reasons = (f"holds dates written {dates.form_words(found.format)}", *refused)
        return _with(seen, kind="date", date_format=form, reasons=reasons, values=_seconds(days))
    if not found.candidates:
        return None
    ways = " or ".join(found.candidates)
    question = f"How are the dates of {seen.column} written: {ways}? The file does not prove it."
    return _with(seen, kind="date", reasons=(f"holds dates that can be read as {ways}",), question=question)


def _as_number(seen: Look, decimal: str) -> Look | None:
    found = as_numbers(seen.texts, "plain", decimal)
    accepted = _accepted(seen, found)
    if accepted is None:
        return None
    values, texts, infinite = accepted
    if seen.texts.str.fullmatch(r"[+-]?0\d+").any():
        return _with(
            _as_category(seen, np.full(len(values), np.nan)), reasons=("its codes start with zeros",)
        )
    if seen.texts.str.fullmatch(r"[+-]?\d{16,}").any():
        return _with(
            _as_category(seen, np.full(len(values), np.nan)),
            reasons=("its digits are too long for a number",),
        )
    seen = _with(seen, values=values, special=texts, format="plain", infinite=infinite)
    return _number_or_category(seen)


def _as_written_number(seen: Look, decimal: str) -> Look | None:
    for form, words in FORMS.items():
        found = as_numbers(seen.texts, form, decimal)
        accepted = _accepted(seen, found)
        if accepted is None:
            continue
        unit = unit_of(seen.texts) if form == "with_unit" else ""
        zeros = seen.texts.str.fullmatch(r"0\d.*").any()
        if form == "with_unit" and (unit not in UNITS or zeros):
            continue
        values, texts, infinite = accepted
        said = words if not unit else f"{words} ({unit}s)"
        reasons = (said, *_said_texts(texts), *_said_infinite(infinite))
        shown = {"time": "times"}.get(unit, f"{unit}s" if unit else "")
        return _with(
            seen, kind="number", format=form, values=values, special=texts, unit=shown, reasons=reasons
        )
    return None


def _accepted(seen: Look, found: numbers.Numbers) -> tuple[np.ndarray, tuple[str, ...], int] | None:
    """Return the numbers, the few texts between them and the rows with an infinite number.

    None where the column is not one of numbers.
    """
    good = found.state == numbers.OK
    # nan says that there is no number; inf and 1e400 say one, though it can be no quantity
    word = seen.texts.str.lstrip("+-").str.lower() == "nan"
    endless = (found.state == numbers.NON_FINITE) & ~word.to_numpy(dtype=bool)
    infinite = int(seen.counts[endless].sum())
    finite = int(seen.counts[good].sum())
    texts = tuple(seen.texts[~good & ~endless])
    if finite + infinite < ENOUGH * seen.filled or infinite > finite:
        return None
    if len(texts) > 5 or (texts and good.sum() < FEW):
        return None
    return found.value, texts, infinite


def _said_infinite(rows: int) -> tuple[str, ...]:
    return (f"{_rows(rows)} an infinite number and would be refused",) if rows else ()


def _rows(n: int) -> str:
    return "1 row holds" if n == 1 else f"{n:,} rows hold"


def _said_texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        return ()
    listed = ", ".join(repr(text[:20]) for text in texts)
    return (f"{listed} between the numbers looks like a code for missing",)


def _number_or_category(seen: Look) -> Look:
    """Decide between a quantity and a code where there are few whole numbers."""
    known = seen.values[np.isfinite(seen.values)]
    # what a calculation left behind is no code
    if seen.distinct < FEW and seen.whole and not seen.infinite:
        if seen.distinct <= 2:
            return _as_category(seen, seen.values)
        signs = (known < 0).any() and (known >= 0).any()
        count = not signs and (COUNT_NAME.search(seen.plain) or _falls(seen))
        if not count:
            why = (
                "few whole numbers on both sides of zero: codes"
                if signs
                else "few whole numbers: codes or classes"
            )
            return _with(_as_category(seen, seen.values), reasons=(why,))
        return _with(
            seen,
            kind="number",
            reasons=("few whole numbers, most of them small: a count", *_said_texts(seen.special)),
        )
    codes = special_codes(seen)
    said = (f"{', '.join(codes)} looks like a code, not a quantity",) if codes else ()
    reasons = ("holds numbers", *_said_texts(seen.special), *said, *_said_infinite(seen.infinite))
    return _with(seen, kind="number", special=(*seen.special, *codes), reasons=reasons)


def _falls(seen: Look) -> bool:
    """Return whether whole numbers start at zero and get rarer, as counts do."""
    order = np.argsort(seen.values)
    values, counts = seen.values[order], seen.counts[order]
    falling = counts[1:] <= counts[:-1]
    return bool(values[0] == 0 and counts[0] == counts.max() and falling.mean() >= 0.6 and len(values) >= 3)


def special_codes(seen: Look) -> tuple[str, ...]:
    """Return suspected special codes of a number: repeated nines far above, lone negatives below zero."""
    known = np.isfinite(seen.values)
    values, counts, texts = seen.values[known], seen.counts[known], seen.texts[known].to_numpy()
    if len(values) < 5 or not seen.whole:
        return ()
    found = []
    negative = values < 0
    if 0 < negative.sum() <= 3 and (~negative).sum() >= FEW - 5 and counts[negative].min() >= 2:
        found += list(
            texts[negative & np.isin(values, [-1, -2, -3, -6, -7, -8, -9, -99, -999, -9999, -99999])]
        )
    rest = values[~negative]
    nines = np.isin(
        values, [96, 97, 98, 99, 996, 997, 998, 999, 9998, 9999, 99999, 999999, 9999999, 99999999]
    )
    usual = rest[~np.isin(rest, values[nines])]
    if nines.any() and len(usual):
        far = nines & (values > 1.5 * usual.max() + 5) & (counts >= 2)
        found += list(texts[far])
    return tuple(dict.fromkeys(found))


def _as_category(seen: Look, values: np.ndarray) -> Look:
    few = seen.distinct == 2
    reason = "has two values" if few else f"holds words or codes, {seen.distinct:,} different ones"
    return _with(
        seen, kind="flag" if few else "category", format="plain", special=(), values=values, reasons=(reason,)
    )
