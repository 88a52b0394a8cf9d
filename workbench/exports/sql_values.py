"""Values of a table in SQL that SQLite and PostgreSQL run unchanged: what is no number or date is told apart.

SQLite takes text for a number as far as it goes (``abc`` is 0, ``1,234.50`` is 1) and PostgreSQL stops at
it, so that text is looked at before it is cast. What may or may not be one is taken for none.
"""

from __future__ import annotations

NO_NUMBER = "1e39"
"""Stands for what is no number: beyond every number that is scored."""
NO_DATE = -1_000_000
"""Stands for text that is no date, in days since 2000."""
DAYS_TO_2000 = 730_425
"""From 1 March of the year 0 to 1 January 2000."""
DIGITS = "'0123456789'"


def number_steps(i: int) -> tuple[str, str]:
    """Return two steps that take the text ``t`` of column `i` apart.

    The first gives ``u``, the text without its sign; the second ``r``, what stands behind the digits
    and the decimals of ``u``.
    """
    whole = f"LTRIM(u{i}, {DIGITS})"
    unsigned = f"CASE WHEN SUBSTR(t{i}, 1, 1) IN ('+', '-') THEN SUBSTR(t{i}, 2) ELSE t{i} END AS u{i}"
    rest = (
        f"CASE WHEN SUBSTR({whole}, 1, 1) = '.' THEN LTRIM(SUBSTR({whole}, 2), {DIGITS}) "
        f"ELSE {whole} END AS r{i}"
    )
    return unsigned, rest


def number(i: int, words: tuple[str, ...] = ()) -> str:
    """Return column `i` as a number, `NO_NUMBER` where it is none, from ``c``, ``t``, ``u`` and ``r``.

    A number is written like -1.5 or 2e-05, in 100 characters at most. Exponents of three digits go to
    280 and belong to 24 characters at most: PostgreSQL stops at what a number cannot hold. `words` are
    quoted texts that stand for missing.
    """
    power = f"CASE WHEN SUBSTR(r{i}, 2, 1) IN ('+', '-') THEN SUBSTR(r{i}, 3) ELSE SUBSTR(r{i}, 2) END"
    # 5, 5. and .5 have a digit among their first two characters, with or without the point
    digit = f"SUBSTR(REPLACE(SUBSTR(u{i}, 1, 2), '.', ''), 1, 1)"
    known = (
        f"{_digits(digit, 1)} AND LENGTH(t{i}) <= 100 AND (r{i} = ''\n"
        f"        OR SUBSTR(r{i}, 1, 1) IN ('e', 'E') AND ({_digits(power, 1)} OR {_digits(power, 2)}\n"
        f"        OR {_digits(power, 3)} AND {power} <= '280' AND LENGTH(t{i}) <= 24))"
    )
    # text and not-a-number are what some programs write for missing
    missing = ", ".join(("''", "'NaN'", *words))
    return (
        f"CASE WHEN c{i} IS NULL OR t{i} IN ({missing}) THEN NULL\n"
        f"      WHEN {known}\n      THEN CAST(c{i} AS DOUBLE PRECISION) ELSE {NO_NUMBER} END"
    )


def days(text: str) -> str:
    """Return days since 1 January 2000 of the date in the column `text`, `NO_DATE` where it is none.

    A date is written like 2020-03-31, and may have a time of day behind it.
    """
    year, month, day = (f"CAST(SUBSTR({text}, {a}, {n}) AS INTEGER)" for a, n in ((1, 4), (6, 2), (9, 2)))
    # a year that starts in March, so that the day that comes and goes is its last
    m = f"(({month} + 9) % 12)"
    y = f"({year} - {m} / 10)"
    since = f"365 * {y} + {y} / 4 - {y} / 100 + {y} / 400 + (153 * {m} + 2) / 5 + {day} - 1 - {DAYS_TO_2000}"
    leap = f"{year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0)"
    longest = (
        f"CASE WHEN {month} = 2 AND {leap} THEN 29 WHEN {month} = 2 THEN 28 "
        f"WHEN {month} IN (4, 6, 9, 11) THEN 30 ELSE 31 END"
    )
    return (
        f"CASE WHEN {text} IS NULL OR {text} = '' THEN NULL\n"
        f"      WHEN NOT ({_dated(text)}) THEN {NO_DATE}\n"
        f"      WHEN {year} < 1 OR {month} < 1 OR {month} > 12 OR {day} < 1 THEN {NO_DATE}\n"
        f"      WHEN {day} > {longest} THEN {NO_DATE}\n      ELSE {since} END"
    )


def _digits(text: str, n: int) -> str:
    """Return whether a text is `n` digits and nothing else."""
    return f"LENGTH({text}) = {n} AND TRIM({text}, {DIGITS}) = ''"


def _dated(text: str) -> str:
    """Return whether a text has the form of a date, with or without a time of day."""
    date = f"SUBSTR({text}, 1, 4) || SUBSTR({text}, 6, 2) || SUBSTR({text}, 9, 2)"
    hyphens = f"SUBSTR({text}, 5, 1) || SUBSTR({text}, 8, 1) = '--'"
    clock = f"SUBSTR({text}, 12, 2) || SUBSTR({text}, 15, 2)"
    clocked = (
        f"SUBSTR({text}, 11, 1) IN ('T', ' ') AND SUBSTR({text}, 14, 1) = ':' AND {_digits(f'({clock})', 4)}"
    )
    seconds = f"SUBSTR({text}, 17, 1) = ':' AND {_digits(f'SUBSTR({text}, 18, 2)', 2)}"
    after = f"SUBSTR({text}, 20)"
    zone = f"CASE WHEN SUBSTR({after}, 1, 1) = '.' THEN LTRIM(SUBSTR({after}, 2), {DIGITS}) ELSE {after} END"
    hours = f"REPLACE(SUBSTR({zone}, 2), ':', '')"
    zoned = (
        f"{zone} IN ('', 'Z') OR SUBSTR({zone}, 1, 1) IN ('+', '-') "
        f"AND ({_digits(hours, 2)} OR {_digits(hours, 4)})"
    )
    behind = f"SUBSTR({text}, 17) = '' OR {seconds} AND ({zoned})"
    return (
        f"{_digits(f'({date})', 8)} AND {hyphens}\n"
        f"        AND (SUBSTR({text}, 11) = '' OR {clocked}\n        AND ({behind}))"
    )
