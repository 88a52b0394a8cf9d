"""How a file is to be read, and how much of it at most."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ROWS = 5_000_000
MAX_COLUMNS = 2_000
MAX_CELL = 32 * 1024
MAX_EXPANDED = 2**30
MAX_RATIO = 100
RATIO_FROM = 64 * 2**20


@dataclass(frozen=True)
class ReadOptions:
    r"""What the user declares about a file; empty means found out from the file, and said in a note.

    Parameters
    ----------
    delimiter : {"", ",", ";", "\t", "|"}
    decimal : {"", ".", ","}
        Never guessed: where the values do not prove it, it is asked for.
    encoding : str
        Name of a code page such as ``cp1252``; UTF-8 where empty.
    missing : tuple of str
        Texts that mean "not known"; a blank always does.
    sheet : str
        Sheet of an Excel file; needed only where several hold data.
    """

    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    missing: tuple[str, ...] = ("",)
    sheet: str = ""


AS_FOUND = ReadOptions()
