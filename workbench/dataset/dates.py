"""Dates as people write them; a date that can be read in two ways is never read."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

ISO = "%Y-%m-%d"
EXCEL = "excel"
ENOUGH = 0.95
OK, MISSING, NOT_A_DATE = 0, 1, 2
DAYS_A_MONTH = 365.25 / 12
EPOCH = np.datetime64("2000-01-01", "s")

# shape of the text -> the formats it can be; the first is named first when asked
SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d", "%Y-%d-%m")),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d", "%Y/%d/%m")),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d", "%Y.%d.%m")),
    (r"\d{4}-\d{1,2}", ("%Y-%m",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d")),
    (r"\d{1,2}-\d{1,2}-\d{2}", ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d")),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y", "%m.%d.%y", "%y.%m.%d")),
    (r"\d{1,2}/\d{4}", ("%m/%Y",)),
    (r"(19|20)\d{6}", ("%Y%m%d",)),
    (r"[A-Za-z]{3}-\d{2}", ("%b-%y",)),
    (r"[A-Za-z]{3}-\d{4}", ("%b-%Y",)),
    (r"[A-Za-z]{3} \d{4}", ("%b %Y",)),
    (r"[A-Za-z]{4,9}[ -]\d{4}", ("%B %Y", "%B-%Y")),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", ("%d-%b-%Y",)),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", ("%d %b %Y",)),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", ("%d-%b-%y", "%y-%b-%d")),
    (r"\d{1,2}[A-Za-z]{3}\d{4}", ("%d%b%Y",)),
    (r"\d{1,2}[A-Za-z]{3}\d{2}", ("%d%b%y",)),
    (r"[A-Za-z]{3} \d{1,2}, \d{4}", ("%b %d, %Y",)),
)
# the second reading of these is never written in practice; it counts only where the first fails
RARE = frozenset({"%Y-%d-%m", "%Y/%d/%m", "%Y.%d.%m"})
CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"


WRITTEN = (
    ("%Y", "YYYY"), ("%m", "MM"), ("%d", "DD"), ("%y", "YY"), ("%b", "Mon"), ("%B", "Month"),
    ("%H", "hh"), ("%M", "mm"), ("%S", "ss"),
)  # fmt: skip


def form_words(form: str) -> str:
    """Return a form of dates as people write it.

    Examples
    --------
    >>> form_words("%Y-%m-%d"), form_words("%b-%y"), form_words("excel")
    ('YYYY-MM-DD', 'Mon-YY', 'Excel serial day number')
    """
    if form == EXCEL:
        return "Excel serial day number"
    for code, words in WRITTEN:
        form = form.replace(code, words)
    return form


@dataclass(frozen=True)
class DateForm:
    """What the texts of a date column prove.

    Attributes
    ----------
    format : str
        The one format they can have; empty where there is none or more than one.
    candidates : tuple of str
        Formats between which the texts do not decide.
    share : float
        Share of the rows that `format` reads.
    """

    format: str
    candidates: tuple[str, ...] = ()
    share: float = 0.0


def without_clock(texts: pd.Series) -> pd.Series:
    """Return texts without a time of day behind the date."""
    return texts.str.strip().str.replace(CLOCK, "", regex=True)


def infer(texts: pd.Series, counts: np.ndarray | None = None, enough: float = ENOUGH) -> DateForm:
    """Return which format the distinct, non-blank `texts` prove.

    A format is proved when it reads at least the share `enough` of the rows and no other format of the
    same shape reads as many.

    Parameters
    ----------
    counts : array, shape (n,), optional
        Rows that hold each text; one where not given.

    Examples
    --------
    >>> infer(pd.Series(["13/02/2024", "01/02/2024"])).format
    '%d/%m/%Y'
    >>> infer(pd.Series(["01/02/2024"])).candidates
    ('%d/%m/%Y', '%m/%d/%Y')
    """
    if texts.empty:
        return DateForm("")
    texts = without_clock(texts)
    rows = np.ones(len(texts), dtype=np.int64) if counts is None else counts
    shape = _shape(texts, rows, enough)
    if not shape:
        return DateForm("")
    read = {form: pd.to_datetime(texts, format=form, errors="coerce").notna() for form in shape}
    fits = {form: int(rows[mask.to_numpy()].sum()) for form, mask in read.items()}
    best = max(fits.values())
    if best < enough * rows.sum():
        several = tuple(form for form, count in fits.items() if count)
        return DateForm("", several if len(several) > 1 else ())
    first = [form for form, count in fits.items() if count == best]
    common = [form for form in first if form not in RARE] or first
    rivals = [form for form in fits if form not in RARE and form not in common and fits[form]]
    contradicted = any((read[rival] & ~read[common[0]]).any() for rival in rivals)
    if len(common) > 1 or contradicted:
        return DateForm("", tuple(dict.fromkeys((*common, *(rivals if contradicted else ())))))
    return DateForm(common[0], (), best / int(rows.sum()))


def _shape(texts: pd.Series, rows: np.ndarray, enough: float) -> tuple[str, ...]:
    """Return the formats of the shape that the texts of nearly all rows have."""
    step = max(1, len(texts) // 500)
    sample, weight = texts.iloc[::step], rows[::step]
    for pattern, formats in SHAPES:
        if np.average(sample.str.fullmatch(pattern).to_numpy(dtype=bool), weights=weight) >= enough:
            return formats
    return ()


def serial(texts: pd.Series) -> pd.Series:
    """Return a mask of texts that look like Excel serial day numbers of 1954 to 2119."""
    return texts.str.fullmatch(r"[2-7]\d{4}(\.\d+)?")


def parse(texts: pd.Series, form: str) -> pd.Series:
    """Return the days that distinct `texts` name under `form` (``"excel"``: serial day numbers); NaT else."""
    texts = texts.str.strip()
    if form == EXCEL:
        days = pd.to_numeric(texts.where(serial(texts), None), errors="coerce")
        found = pd.Timestamp("1899-12-30") + pd.to_timedelta(np.floor(days), unit="D")
        return found.astype("datetime64[s]")
    if not re.search("%[HIMSp]", form):
        texts = without_clock(texts)
    return pd.to_datetime(texts, format=form, errors="coerce").dt.floor("D").astype("datetime64[s]")


def unwrap_century(dates: pd.Series, applied: pd.Series | None) -> pd.Series:
    """Return dates of a two-digit year with the century that the application dates imply.

    ``Jan-62`` on an application of 2011 is 1962. Where most of a column lies before the application,
    a date more than ten years after it is moved back a century; elsewhere only one more than 31 years
    after it, so that last payments and maturities stay where they are.
    """
    if applied is None or not (known := dates.notna() & applied.notna()).any():
        return dates
    ahead = (dates - applied).dt.days / 365.25
    limit = 10.0 if ahead[known].median() <= 0 else 31.0
    return dates.mask(ahead > limit, dates - pd.DateOffset(years=100)).astype("datetime64[s]")


def months(values: pd.Series, date: pd.Series | None) -> np.ndarray:
    """Return dates as months before the application date, or months since 2000 without one; shape (n,)."""
    stamps = values.to_numpy(dtype="datetime64[s]")
    reference = EPOCH if date is None else date.to_numpy(dtype="datetime64[s]")
    span = (stamps - EPOCH) if date is None else (reference - stamps)
    days = span.astype("timedelta64[s]").astype(float) / 86400.0
    days[np.isnat(span)] = np.nan
    return days / DAYS_A_MONTH
