"""Special codes of a number, as they stand among its values."""

from __future__ import annotations

import math
import re

from workbench.portfolio.values import Characteristic

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def as_number(text: str) -> float | None:
    """Return the number that a text is, such as -9 or 1e3; None where it is none or not finite.

    Examples
    --------
    >>> as_number("-9"), as_number("unknown"), as_number("1e999")
    (-9.0, None, None)
    """
    if not _NUMBER.fullmatch(text):
        return None
    return number if math.isfinite(number := float(text)) else None


def word_codes(characteristic: Characteristic) -> tuple[str, ...]:
    """Return the special codes of a number that are words: each is read as a missing value.

    Examples
    --------
    >>> from workbench.portfolio import Characteristic, Special
    >>> word_codes(Characteristic(name="bureau", special=(Special(value="-9"), Special(value="unknown"))))
    ('unknown',)
    """
    if characteristic.kind != "number":
        return ()
    return tuple(s.value for s in characteristic.special if as_number(s.value) is None)


def numeric_codes(characteristic: Characteristic) -> dict[float, str]:
    """Return the special codes that stand among a number's values, each once, with what it is called.

    A code that is a word, such as ``unknown``, is read as a missing value and so stands nowhere. A
    date has none: its values are months by the time a code could be looked for.

    Examples
    --------
    >>> from workbench.portfolio import Characteristic, Special
    >>> codes = (Special(value="-9", label="no record"), Special(value="999"), Special(value="unknown"))
    >>> numeric_codes(Characteristic(name="bureau", special=codes))
    {-9.0: 'no record', 999.0: 'code 999'}
    """
    codes: dict[float, str] = {}
    if characteristic.kind != "number":
        return codes
    for special in characteristic.special:
        if (number := as_number(special.value)) is not None:
            codes.setdefault(number, special.label or f"code {special.value}")
    return codes
