"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal


def number_words(value: float, share: bool = False, digits: int = 4) -> str:
    """Return a number as it is read aloud: thousands separated, never a power of ten; a share as percentage.

    Parameters
    ----------
    digits : int
        Figures that are told; what has more before its decimal sign is told whole.

    Examples
    --------
    >>> number_words(75000.4), number_words(0.12345), number_words(-3.0), number_words(1234.5)
    ('75,000', '0.1235', '-3', '1,234')
    >>> number_words(0.125, share=True), number_words(1234.56, digits=6), number_words(0.00001234)
    ('12.5%', '1,234.56', '0.00001234')
    """
    if share:
        return f"{number_words(round(100 * value, 10), digits=digits)}%"
    if abs(value) >= 10 ** (digits - 1) or float(value).is_integer():
        return f"{round(value):,}"
    return f"{Decimal(f'{value:.{digits}g}'):,f}"
