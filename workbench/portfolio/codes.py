"""Special codes of a number, as they stand among its values."""

from __future__ import annotations

import math
import re

from workbench.portfolio.values import Characteristic

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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
        if _NUMBER.fullmatch(special.value) and math.isfinite(number := float(special.value)):
            codes.setdefault(number, special.label or f"code {special.value}")
    return codes
