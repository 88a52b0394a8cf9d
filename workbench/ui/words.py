"""How numbers, dates and sizes are written on every screen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.evaluation.words import TITLES, format_metric, format_p
from workbench.portfolio import number_words

UNDEFINED = "not defined"


def count(n: float) -> str:
    """Return a count with thousands separators.

    Examples
    --------
    >>> count(30000)
    '30,000'
    """
    return f"{int(n):,}"


def counted(n: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share of 0 to 1 as a percentage.

    Examples
    --------
    >>> percent(0.2212), percent(float("nan"))
    ('22.1%', 'not defined')
    """
    return UNDEFINED if share is None or math.isnan(share) else f"{100 * share:.{digits}f}%"


def measure(value: float | None, digits: int = 3) -> str:
    """Return an AUC, a Gini or the like without its leading zero.

    Examples
    --------
    >>> measure(0.7812), measure(-0.05), measure(1.0), measure(None)
    ('.781', '-.050', '1.000', 'not defined')
    """
    if value is None or math.isnan(value):
        return UNDEFINED
    text = f"{value:.{digits}f}"
    if not float(text):
        text = text.lstrip("-")
    return text.replace("0.", ".", 1) if abs(value) < 1 and not text.lstrip("-").startswith("1") else text


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return an interval in brackets, or "" where it is not defined.

    Examples
    --------
    >>> interval(0.769, 0.793)
    '(.769 to .793)'
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"({measure(low, digits)} to {measure(high, digits)})"


def chance(p_value: float | None) -> str:
    """Return a p or q value; one too small to be told is below a bound, never 0.

    Examples
    --------
    >>> chance(0.00003), chance(0.013), chance(float("nan"))
    ('< .0001', '.013', 'not defined')
    """
    return UNDEFINED if p_value is None else format_p(p_value).removeprefix("p ")


def percent_interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Return an interval of shares in brackets, or "" where it is not defined.

    Examples
    --------
    >>> percent_interval(0.439, 0.496)
    '(43.9 to 49.6%)'
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"({100 * low:.{digits}f} to {100 * high:.{digits}f}%)"


def quantity(value: float | None, unit: str = "") -> str:
    """Return a quantity as short as it can be told apart, with its unit.

    Examples
    --------
    >>> quantity(120000.0, "NT$"), quantity(0.1065), quantity(12.5, "months")
    ('120,000 NT$', '0.1065', '12.5 months')
    """
    if value is None or math.isnan(value):
        return "missing"
    return f"{number_words(value)} {unit}".rstrip()


def size(n: int) -> str:
    """Return bytes as kB or MB.

    Examples
    --------
    >>> size(2867208)
    '2.9 MB'
    """
    return f"{n / 1e6:,.1f} MB" if n >= 1e6 else f"{max(n, 1) / 1e3:,.1f} kB"


def when(at: datetime, zone: str | None) -> str:
    """Return a moment in the reader's zone, labelled.

    Examples
    --------
    >>> when(datetime(2026, 3, 1, 12, 30, tzinfo=UTC), "Europe/Berlin")
    '1 Mar 2026 13:30 CET'
    """
    try:
        local = _aware(at).astimezone(ZoneInfo(zone) if zone else UTC)
    except (ZoneInfoNotFoundError, ValueError):
        local = _aware(at).astimezone(UTC)
    return f"{local.day} {local:%b %Y %H:%M %Z}"


def month(date: str) -> str:
    """Return the month of an ISO date.

    Examples
    --------
    >>> month("2011-12-01")
    'Dec 2011'
    """
    return f"{datetime.fromisoformat(date):%b %Y}"


def age(at: datetime, now: datetime) -> str:
    """Return how long ago something was, in the largest unit that fits.

    Examples
    --------
    >>> age(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    '3 days ago'
    """
    seconds = max((_aware(now) - _aware(at)).total_seconds(), 0)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return counted(int(seconds // length), unit) + " ago"
    return "just now"


def duration(seconds: float) -> str:
    """Return a length of time, rounded to what can be meant.

    Examples
    --------
    >>> duration(0.4), duration(12.3), duration(200)
    ('1 s', '12 s', '3 min 20 s')
    """
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def listed(names: tuple[str, ...] | list[str], at_most: int = 5) -> str:
    """Return names in one line; beyond `at_most` the rest is counted.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = list(names[:at_most])
    if len(names) > at_most:
        return ", ".join(shown) + f" and {len(names) - at_most} more"
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)


def metric(values: Mapping[str, Any], name: str) -> str:
    """Return a measure of a flat mapping of measures, with its interval, as every screen shows it.

    Examples
    --------
    >>> metric({"ks": 0.4315, "ks_low": 0.4062, "ks_high": 0.4548}, "ks")
    '43.1 (40.6 to 45.5)'
    >>> metric({"auc": None, "auc_reason": "no bads in this group"}, "auc")
    'not defined: no bads in this group'
    """
    value, low, high = (math.nan if v is None else v for v in map(values.get, _three(name)))
    return format_metric(name, value, low, high, values.get(f"{name}_reason") or "")


def _three(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def measure_title(name: str) -> str:
    """Return what a measure is called; KS says that it is in hundredths.

    Examples
    --------
    >>> measure_title("ks"), measure_title("calibration_slope")
    ('KS x 100', 'Calibration slope')
    """
    return "KS x 100" if name == "ks" else TITLES[name]


def sentence(said: str) -> str:
    """Return a kept sentence with its shares written as everywhere: .65, not 0.65.

    Examples
    --------
    >>> sentence("AUC .776 (.764 to .788), 0.65 required.")
    'AUC .776 (.764 to .788), .65 required.'
    """
    return re.sub(r"(?<![\w.,])0\.(\d)", r".\1", said)


def text(value: object) -> str:
    r"""Return `value` so that markdown shows it as it is written.

    Examples
    --------
    >>> text("PAY_0 $5")
    'PAY\\_0 \\$5'
    """
    return "".join("\\" + c if c in "\\`*_[]{}#|$~<>:" else c for c in str(value))


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
